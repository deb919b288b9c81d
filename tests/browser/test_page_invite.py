"""The panel that invites others, as a class and a public server show it."""

import pytest
from playwright.sync_api import expect

from tests.served import confined, served


@pytest.fixture(scope="module")
def classroom(tmp_path_factory):
    # It listens to this machine alone, for that is all a test may reach: guests come as through a proxy on it.
    arguments = ("--no-welcome", "--profile", "classroom", "--host", "127.0.0.1", "--allow-host", "class.localhost")
    with served(tmp_path_factory.mktemp("class") / "runs", *arguments) as address:
        yield address


WORDS = {"en": ("Invite", "up to 5,000,000 characters"), "vi": ("Mời vào", "tối đa 5.000.000 ký tự")}


@pytest.mark.parametrize(
    ("lang", "presents"),
    [
        ("en", True),
        ("vi", False),
        *(pytest.param(*each, marks=pytest.mark.slow) for each in (("en", False), ("vi", True))),
    ],
)
def test_a_class_is_shown_where_the_page_is_with_a_code_and_what_it_may_do(browser, classroom, lang, presents):
    address = classroom.replace("127.0.0.1", "class.localhost")
    with confined(browser, address, f"?lang={lang}{'&present' if presents else ''}") as page:
        opener, panel = (
            page.locator("#present-invite" if presents else "#invite-button"),
            page.locator("#invite dialog"),
        )
        expect(opener).to_have_text(WORDS[lang][0], timeout=30_000)
        expect(page.locator("#machine")).to_contain_text("·", timeout=30_000)  # the page has opened
        opener.focus()
        page.keyboard.press("Enter")
        expect(panel.locator("figcaption")).to_have_text(address)
        expect(panel).to_contain_text(WORDS[lang][1])
        code = panel.locator("img")
        assert code.evaluate("image => image.decode().then(() => image.naturalWidth > 20)")  # under the page's policy
        assert code.get_attribute("alt").endswith(address)
        page.keyboard.press("Escape")
        expect(panel).to_be_hidden()
        expect(opener).to_be_focused()
        assert page.evaluate("document.documentElement.classList.contains('presenting')") is presents


def test_a_class_server_that_no_guest_finds_says_what_to_do(browser, classroom):
    with confined(browser, classroom) as page:
        expect(page.locator("#machine")).to_contain_text("·", timeout=30_000)
        page.locator("#invite-button").click()
        expect(page.locator("#invite dialog")).to_contain_text("--host 0.0.0.0")
        expect(page.locator("#invite figure")).to_have_count(0)


@pytest.mark.slow
def test_the_panel_follows_the_language(browser, classroom):
    with confined(browser, classroom) as page:
        expect(page.locator("#machine")).to_contain_text("·", timeout=30_000)  # the page has opened
        page.locator("#language").get_by_text("Tiếng Việt").click()
        expect(page.locator("#invite-button")).to_have_text("Mời vào")
        page.locator("#invite-button").click()
        expect(page.locator("#invite-title")).to_have_text("Mở trang này trên máy của bạn")


@pytest.mark.parametrize(("lang", "lost"), [pytest.param("en", "is gone", marks=pytest.mark.slow), ("vi", "đều mất")])
@pytest.mark.slow
def test_a_public_server_says_what_it_allows_and_what_is_lost_and_a_laptop_has_no_button(browser, tmp_path, lang, lost):
    arguments = ("--no-welcome", "--host", "127.0.0.1")
    with served(tmp_path / "public", *arguments, "--profile", "public") as address:
        with confined(browser, address, f"?lang={lang}") as page:
            expect(page.locator("#machine")).to_contain_text("·", timeout=30_000)
            page.locator("#invite-button").click()
            panel = page.locator("#invite dialog")
            expect(panel).to_contain_text(lost)
            expect(panel.locator("figure")).to_have_count(0)
            expect(panel.locator("li")).to_have_count(4)
    with served(tmp_path / "laptop", *arguments) as address, confined(browser, address) as page:
        expect(page.locator("#delete-run")).to_be_visible()
        expect(page.locator("#invite-button, #present-invite")).to_have_count(0)
