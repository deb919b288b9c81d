"""The keyboard alone reaches all that a pointer can use, shows where it is, is caught nowhere, and works everything."""

import re

import pytest
from playwright.sync_api import Page, expect

from benchmarks.visiting import TABS, open_tab, visit, write
from tests.served import served
from tests.tiny_runs import tiny_plan, undisturbed, wait_for

MOST = 400  # presses of Tab: more than a page has stops
# What a pointer can use. Of a group that is walked with the arrows (radios, tabs, tokens, cells) one is a stop.
USABLE = """() => {
  const kinds = 'a[href], button, input, select, textarea, summary, [tabindex], [role=button]';
  const GROUPS = '[role=group], [role=tablist], [role=listbox], table, .bars';
  const WALKED = '.tokens, .map, .grid, .points, .bars, .history';
  const groups = new Map();
  const isSeen = (node) => node.checkVisibility({ visibilityProperty: true }) && node.getClientRects().length;
  const isUsable = (node) => !node.disabled && node.type !== 'file' && !node.closest('[inert], .visually-hidden');
  return [...document.querySelectorAll(kinds)].filter((node) => isSeen(node) && isUsable(node))
    .map((node, i) => {
      const group = node.type === 'radio' ? node.name : node.closest(GROUPS);
      if (!groups.has(group)) groups.set(group, 'g' + i);
      // What is walked to with the arrows counts as reached where its group is.
      node.dataset.stop = group && (node.type === 'radio' || node.tabIndex < 0 || node.closest(WALKED))
        ? groups.get(group) : 's' + i;
      return [node.dataset.stop, node.outerHTML.slice(0, 160)];
    });
}"""
# Where the keyboard is, and whether one sees it: something about the node, or about what it is drawn as, is another
# without the focus.
HERE = """() => {
  const node = document.activeElement;
  if (!node || node === document.body) return null;
  const around = ['label', '.block', '.box'].map((kind) => node.closest(kind));
  const drawn = [node, node.parentElement, ...around].filter(Boolean);
  const SEEN = ['outlineStyle', 'outlineWidth', 'boxShadow', 'borderColor', 'backgroundColor'];
  const look = () => JSON.stringify(drawn.map((each) => SEEN.map((name) => getComputedStyle(each)[name])));
  for (const each of drawn) each.style.setProperty('transition', 'none', 'important');
  const focused = look(), silence = (event) => event.stopImmediatePropagation();
  const events = ['blur', 'focusout', 'focus', 'focusin'];
  for (const kind of events) window.addEventListener(kind, silence, true);
  node.blur();
  const left = look();
  node.focus({ preventScroll: true, focusVisible: true });
  for (const kind of events) window.removeEventListener(kind, silence, true);
  return [node.dataset.stop ?? '', node.outerHTML.slice(0, 120), focused !== left];
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    root = tmp_path_factory.mktemp("keyboard") / "runs"
    root.mkdir()
    undisturbed(root, tiny_plan(20))
    with served(root, "--no-welcome") as address:
        yield address


@pytest.fixture(scope="module")
def page(address, browser):
    with visit(browser, address, "en", "light", 1280) as page:
        yield page


def walked(page: Page) -> list[tuple[str, str, bool]]:
    """Press Tab from the beginning of the page until it is left again; return where it stopped."""
    page.evaluate("() => { document.activeElement?.blur(); window.scrollTo(0, 0); }")
    page.mouse.click(2, 2)
    stops = []
    for _ in range(MOST):
        page.keyboard.press("Tab")
        here = page.evaluate(HERE)
        if here is None or (stops and here == stops[0]):
            return stops
        stops.append(tuple(here))
    raise AssertionError(f"the keyboard is caught: {stops[-3:]}")


@pytest.mark.parametrize("tab", TABS)
def test_tab_reaches_all_that_can_be_used_and_shows_where_it_is(page, tab):
    open_tab(page, tab)
    if tab == "generate":
        write(page)
    usable = page.evaluate(USABLE)
    stops = walked(page)
    reached = {stop for stop, *_ in stops}
    assert [words for stop, words in usable if stop not in reached] == []
    assert [words for _, words, is_seen in stops if not is_seen] == []


def focus(page: Page, selector: str) -> None:
    page.locator(selector).first.focus()


@pytest.mark.slow
def test_a_run_is_chosen_trained_and_read_without_a_pointer(page):
    open_tab(page, "train")
    focus(page, "#preset input[value=tiny]")
    page.keyboard.press("Space")
    expect(page.locator("#preset input[value=tiny]")).to_be_checked()
    focus(page, "#field-steps input")
    page.keyboard.press("Control+A")
    page.keyboard.type("30")
    focus(page, "#train-button")
    page.keyboard.press("Enter")
    expect(page.locator("#run-picker .field")).to_have_value(re.compile("^2 "), timeout=60_000)
    expect(page.locator("#transport .transport")).to_have_attribute("data-state", "done", timeout=240_000)
    focus(page, "#loss-chart canvas")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#loss-chart .spoken")).to_have_text(re.compile(r"step \d+: train \d"))
    expect(page.locator("#loss-chart .tip")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#loss-chart .tip")).to_be_hidden()
    focus(page, "#loss-chart .val-label")
    page.keyboard.press("Enter")
    expect(page.locator("#terms .meaning-of")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#terms .meaning-of")).to_be_hidden()
    focus(page, "#run-picker .field")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#run-picker .list")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#run-picker .list")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.locator("#run-picker .field")).to_have_value(re.compile("^1 "))


def test_tabs_are_walked_with_the_arrows_and_a_slider_and_a_download_are_worked(page):
    open_tab(page, "train")
    focus(page, '#tabs [data-tab-id="train"]')
    page.keyboard.press("ArrowRight")
    expect(page.locator('#tabs [data-tab-id="generate"]')).to_have_attribute("aria-selected", "true")
    slider, number = page.locator("#temperature input[type=range]"), page.locator("#temperature input[type=number]")
    before = number.input_value()
    slider.focus()
    page.keyboard.press("ArrowRight")
    wait_for(lambda: number.input_value() != before)
    open_tab(page, "train")
    focus(page, "#downloads a")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith(".csv")


def test_a_panel_that_opens_is_left_with_escape_and_gives_the_focus_back(page):
    open_tab(page, "train")
    focus(page, "#present-button")
    page.keyboard.press("Enter")
    expect(page.locator("#present-leave")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#present-leave")).to_be_hidden()
    expect(page.locator("#present-button")).to_be_focused()
