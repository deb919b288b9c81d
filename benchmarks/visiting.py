"""A browser on the page, as a visitor uses it: it trains a small run, and opens each tab with all that is folded."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
LANGUAGES, LOOKS = ("en", "vi"), ("light", "dark")
TABS = ("train", "generate", "attention", "compare")
PATIENCE = 60_000  # milliseconds: a busy machine is slow, not wrong
DRAWN = {  # what shows that a tab is there, once there is a trained run: first what is not folded
    "train": ("#loss-chart canvas", "#samples .newest .body"),
    "generate": ("#generate-button",),
    "attention": ("#attention-view .tok", "#head-lines .chart", "#attention-detail td"),
    "compare": ("#compare-section [aria-current]",),
}
SECTIONS = {  # of the Compare tab: what shows that one is drawn, without GPT-2's weights
    "parts": "#count-chart .rows > *",
    "numbers": "#count-numbers td",
    "formula": "#count-formula td",
    "family": "#count-scaling td",
    "list": "#count-list tbody tr",
    "text": "#beside-mine .tok",
    "write": "#beside-write",
    "proof": "#beside-prove",
    "weights": "#beside-table td",
}
UNFOLD = """() => {
  const folded = '#tabs button.label-wrap:not(.open), #tabs details:not([open]) > summary';
  for (const each of document.querySelectorAll(folded)) if (each.offsetParent) each.click();
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Open the Chromium of $CHROMIUM, or the machine's, until the block ends."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@contextmanager
def visit(
    browser: Browser, address: str, lang: str, look: str, width: int, height: int = 900, memory: Any = None
) -> Iterator[Page]:
    """Open the page in a language, light or dark, at a size in pixels; close it at the end.

    memory: what an earlier visit's browser remembers (`context.storage_state`); none: a fresh profile.
    """
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=look, storage_state=memory, accept_downloads=True
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}?lang={lang}")
    page.wait_for_function("() => document.body && !document.body.inert && window.playground?.isOpened")
    yield page
    context.close()


def open_tab(page: Page, name: str) -> None:
    """Open a tab, wait until it is drawn, and unfold all that is folded in it."""
    page.locator(f'#tabs [data-tab-id="{name}"]').click()
    expect(page.locator(DRAWN[name][0]).first).to_be_visible(timeout=PATIENCE)
    until = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < until and not all(page.locator(each).first.is_visible() for each in DRAWN[name]):
        page.evaluate(UNFOLD)  # again and again, for what is folded comes by and by
        page.wait_for_timeout(300)
    for selector in DRAWN[name]:
        expect(page.locator(selector).first).to_be_visible(timeout=PATIENCE)
    page.evaluate(UNFOLD)
    page.wait_for_timeout(400)  # what is unfolded grows


def open_section(page: Page, name: str) -> None:
    """Open a section of the Compare tab, which is in view, and wait until it is drawn."""
    page.locator(f'#compare-section [data-section="{name}"]').click()
    expect(page.locator(SECTIONS[name]).first).to_be_visible(timeout=PATIENCE)


def write(page: Page) -> None:
    """Let the run in view write a text on the Generate tab."""
    page.locator("#generate-button").click()
    expect(page.locator("#written .tok").nth(20)).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#written .spoken")).not_to_have_text("", timeout=PATIENCE)  # it is said when all is written


def train(page: Page, steps: int, preset: str = "tiny") -> None:
    """Train a preset for so many steps from the Train tab, and wait until it is done."""
    page.locator(f"#preset label:has(input[value='{preset}'])").click()
    if not page.locator("#field-steps").is_visible():
        page.locator("#advanced > button").click()
    page.locator("#field-steps input[type=number]").fill(str(steps))
    page.locator("#advanced > button").click()  # folded again: the chart is what one looks at
    before = page.locator("#run-picker .field").input_value()
    page.locator("#train-button").click()
    expect(page.locator("#run-picker .field")).not_to_have_value(before, timeout=PATIENCE)
    expect(page.locator("#transport .transport")).to_have_attribute("data-state", "done", timeout=4 * PATIENCE)
