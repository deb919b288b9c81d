"""Where things are blocked: a proxy that refuses everything, and a browser that lets pages keep nothing."""

import re

import pytest
from playwright.sync_api import expect

from tests.served import served

PATIENCE = 60_000  # milliseconds: a busy machine is slow, not wrong
PROXY = {"http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "no_proxy": "", "NO_PROXY": ""}
BLOCKED = """for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, {
  configurable: true, get() { throw new DOMException('Access is denied for this document.', 'SecurityError'); },
});"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Serve a page with its welcome run from behind a proxy that nobody can reach."""
    with served(tmp_path_factory.mktemp("blocked") / "runs", env=PROXY) as address:
        yield address


@pytest.mark.parametrize("kept", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_page_that_may_keep_nothing_draws_its_chart_and_says_once_that_it_forgets(address, browser, kept):
    """The page answers here behind a proxy that refuses: Gradio asks its own address before it opens."""
    context, errors = browser.new_context(locale="en-GB"), []
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_default_timeout(PATIENCE)
    if not kept:
        page.add_init_script(BLOCKED)
    page.goto(address)
    chart, line = page.locator("#loss-chart canvas"), page.locator("#forgetful")
    expect(chart).to_have_attribute("aria-label", re.compile(r"Loss after \d+"), timeout=PATIENCE)
    if kept:
        expect(line).to_be_hidden()
    else:
        expect(line).to_contain_text("lets pages keep nothing")
        page.get_by_text("Tiếng Việt").click()
        expect(line).to_contain_text("không cho trang lưu gì", timeout=PATIENCE)
        page.get_by_role("button", name="Sáng / tối").click()
        expect(page.locator("body")).to_have_class(re.compile("dark"))
        assert page.get_by_text("không cho trang lưu gì").count() == 1
    context.close()
    assert errors == []
