"""What only screen readers are told, on the real page: every name is in the page's language, and every id is one."""

import pytest
from playwright.sync_api import Page, expect

from playground.train.form import NAMES as FIELDS
from tests.served import confined, served
from tests.tiny_runs import tiny_plan, undisturbed
from tests.vietnamese import foreign_words

PATIENCE = 60_000
TABS = ("Huấn luyện", "Sinh văn bản", "Attention", "So sánh")


@pytest.mark.slow
def test_every_name_is_vietnamese_on_the_vietnamese_page_and_every_id_stands_once(tmp_path, browser):
    root = tmp_path / "runs"
    root.mkdir()
    undisturbed(root, tiny_plan(20))
    with served(root, "--no-welcome") as address, confined(browser, address, "?lang=vi") as page:
        page.set_default_timeout(PATIENCE)
        expect(page.locator("#train-button")).to_have_text("Huấn luyện", timeout=PATIENCE)
        expect(page.locator("#samples .rows .row")).not_to_have_count(0, timeout=PATIENCE)
        page.locator("#advanced > button").click()
        page.locator("#code button").first.click()
        page.locator("#corpus input").click()
        page.get_by_role("option", name="Văn bản của bạn").click()
        expect(page.locator("#own-file input[type=file]")).to_be_attached()
        told, english = names(page), {}
        page.set_input_files("#own-file input[type=file]",
                             {"name": "a.txt", "mimeType": "text/plain", "buffer": b"abc def\n" * 900})  # fmt: skip
        expect(page.locator("#own-said")).to_contain_text("7.200 ký tự")
        for tab in TABS:
            page.get_by_role("tab", name=tab).click()
            expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
            for _ in range(20):  # what the tab draws when it is opened comes by and by
                page.wait_for_timeout(1000)
                told |= names(page)
                english = {
                    name: words for name in told - set(FIELDS) if (words := set(foreign_words(name)) - set(FIELDS))
                }
                if not (english or doubled(page)):
                    break
                told = set()
            assert not english, english
            assert not doubled(page)
        assert {"Đặt lại giá trị ban đầu", "ô nhập số: độ dài"} <= names(page)
        page.get_by_label("English").check()
        expect(page.get_by_label("number input for length")).to_have_count(1)
        assert not names(page) & {"Đặt lại giá trị ban đầu", "Sao chép"}


def names(page: Page) -> set[str]:
    """Return what attributes say anywhere on the page, seen or not, but for what is marked as no words."""
    return set(
        page.evaluate("""() => ['aria-label', 'title', 'placeholder', 'alt'].flatMap((name) =>
      [...document.querySelectorAll('[' + name + ']')]
        .filter((node) => node.translate && !node.closest('#language, script, style, .tokens'))
        .map((node) => node.getAttribute(name)))""")
    )


def doubled(page: Page) -> list[str]:
    """Return the ids that more than one node has."""
    return page.evaluate("""() => [...document.querySelectorAll('[id]')].map((node) => node.id)
      .filter((id, i, all) => id && all.indexOf(id) !== i)""")
