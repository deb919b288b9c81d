"""The class password in a browser: a form that needs no script, and behind it the whole page."""

import pytest
from playwright.sync_api import expect

from tests.served import curve_moves, served

WORDS = {
    "en": ("Class password", "Enter", "not the class password"),
    "vi": ("Mật khẩu của lớp", "Vào trang", "Mật khẩu chưa đúng"),
}


@pytest.mark.parametrize("lang", [pytest.param("en", marks=pytest.mark.slow), "vi"])
def test_who_knows_the_password_trains_behind_it(browser, tmp_path, lang):
    label, enter, wrong = WORDS[lang]
    secret, locale = {"GPT_PLAYGROUND_CLASS_PASSWORD": "Hoa sen & 7"}, {"en": "en-GB", "vi": "vi-VN"}[lang]
    arguments = ("--no-welcome", "--profile", "classroom", "--host", "127.0.0.1")
    with served(tmp_path / "runs", *arguments, env=secret) as address:
        plain = browser.new_context(java_script_enabled=False, locale=locale)
        page = plain.new_page()
        page.goto(address)
        for typed in ("hoa sen & 7", "Hoa sen & 7"):
            page.get_by_label(label).fill(typed)
            page.get_by_role("button", name=enter).click()
            if typed != "Hoa sen & 7":
                expect(page.get_by_role("alert")).to_contain_text(wrong)
        page.wait_for_url(address)
        expect(page.get_by_label(label)).to_have_count(0)
        # The same cookie, where scripts run.
        inside = browser.new_context(
            locale=locale, storage_state=plain.storage_state()
        )  # the same cookie, with scripts
        page = inside.new_page()
        page.goto(address)
        page.locator("#machine", has_text="·").wait_for(timeout=60_000)
        page.locator("#preset").get_by_text("tiny").click()
        page.locator("#train-button").click()
        curve_moves(page)
        page.locator("#invite-button").click()
        expect(page.locator("#invite dialog")).not_to_contain_text("Hoa sen")
        inside.close()
        plain.close()
    assert "Hoa sen" not in (tmp_path / "runs.log").read_text()
