"""The counting section in a real browser: its chart, its tables and its list."""

import re
from contextlib import contextmanager
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from benchmarks.visiting import open_section
from core.runs.store import RunStore
from playground.compare import counting_words
from playground.compare.counting_section import CountingSection
from tests.playground.compare.test_counting import bigram_plan
from tests.served import served_section, visited
from tests.tiny_runs import tiny_plan

IN_SECTION = (("numbers", "numbers"), ("parts", "parts"), ("formula", "formula"), ("family", "configs"),
              ("family", "scaling"))  # fmt: skip
HOSTILE = "<img src=x onerror='window.hacked=1'> ${window.hacked=2} `{{x}}`"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Serve a page with the section alone, beside a picker of runs."""
    root = tmp_path_factory.mktemp("counting")
    store = RunStore(root, 1)
    tiny_plan().create(root, "mine")
    bigram_plan().create(root, "pairs")
    plan = tiny_plan()
    replace(plan, config=replace(plan.config, preset=HOSTILE)).create(root, "hostile")
    with served_section(store, ["mine", "pairs", "hostile", "none"], CountingSection) as url:
        yield url


@contextmanager
def opened(browser, url, width=1280):
    with visited(browser, url, width) as page:
        page.get_by_role("tab", name="Compare").click()
        expect(page.locator("#count-chart .bar").first).to_be_visible(timeout=30_000)
        yield page


@pytest.fixture(scope="module")
def shared_page(site, browser):
    with opened(browser, site) as page:
        yield page


@pytest.fixture
def page(shared_page):
    """The page with the tiny run beside GPT-2 small, counted once: a visit costs seconds, so the tests share one."""
    open_section(shared_page, "parts")
    choose(shared_page, "run", "mine")
    choose(shared_page, "count-family", "GPT-2 small")
    rule(shared_page, 0)
    expect(shared_page.locator("#count-chart")).to_contain_text("124,439,808")
    return shared_page


@pytest.fixture
def listed(page):
    """The page with its list of parameters in view."""
    open_section(page, "list")
    expect(page.locator("#count-list .models button")).to_have_text([re.compile("."), "GPT-2 small"])
    return page


def choose(page, elem_id, name):
    page.locator(f"#{elem_id} input").click()
    page.get_by_role("option", name=name).click()


def rule(page, index):
    page.locator("#count-rule input").nth(index).check()


def test_the_run_stands_beside_gpt2_in_chart_and_tables(page):
    expect(page.locator("#count-chart .bar")).to_have_count(2)
    expect(page.locator("#count-chart .row .mark.is-1")).not_to_have_count(0)
    for section, name in IN_SECTION:
        open_section(page, section)
        expect(page.locator(f"#count-{name} table")).to_contain_text("124,439,808")


def test_the_switch_reproduces_each_number(page):
    for index, number in ((1, "163,037,184"), (2, "85,056,000"), (0, "124,439,808")):
        rule(page, index)
        for name in ("chart", "parts"):
            expect(page.locator(f"#count-{name}")).to_contain_text(number)
        open_section(page, "numbers")
        expect(page.locator("#count-numbers tr.chosen")).to_contain_text(number)
        open_section(page, "formula")
        expect(page.locator("#count-formula")).to_contain_text(number)
        open_section(page, "parts")


def test_another_model_of_the_family_can_stand_beside_the_run(page):
    choose(page, "count-family", "GPT-3")
    expect(page.locator("#count-chart")).to_contain_text("174,604,259,328")
    open_section(page, "list")
    expect(page.locator("#count-list .models button")).to_have_text([re.compile("."), "GPT-3"])


def test_the_list_is_searched_in_the_browser(listed):
    page = listed
    card = page.locator("#count-list")
    card.locator(".models button").nth(1).click()
    card.locator(".views button").nth(1).click()
    card.locator(".query").fill("h.3.attn.C_ATTN")
    expect(card.locator("tbody tr")).to_have_count(2 + 6)  # weight and bias, each with its q, k and v
    expect(card.locator(".found")).to_contain_text("2")
    expect(card.locator(".found")).to_contain_text("1,771,776")
    expect(card.locator("tbody tr").first).to_contain_text("2,304 × 768")
    expect(card.locator("tbody tr").first).to_contain_text("768 × 2,304")
    card.locator(".query").fill("lm_head")
    expect(card.locator("tbody tr.shared")).to_contain_text("transformer.wte.weight")
    card.locator(".query").fill(HOSTILE[:80])
    expect(card.locator("tbody tr")).to_have_count(0)
    card.locator(".query").fill("")


def test_a_long_list_grows_as_it_is_scrolled(listed):
    page = listed
    card = page.locator("#count-list")
    choose(page, "count-family", "GPT-3")
    expect(card.locator(".models button").nth(1)).to_have_text("GPT-3")
    card.locator(".models button").nth(1).click()
    card.locator(".views button").nth(1).click()
    built = card.locator("tbody tr").count()
    assert 100 < built < 400
    card.locator(".frame").evaluate("node => { node.scrollTop = node.scrollHeight; }")
    page.wait_for_function("built => document.querySelectorAll('#count-list tbody tr').length > built", arg=built)


def test_blocks_unfold_in_the_summary_by_module(listed):
    card = listed.locator("#count-list")
    card.locator(".models button").nth(1).click()
    card.locator(".views button").first.click()
    before = card.locator("tbody tr").count()
    card.locator(".fold").nth(1).click()
    expect(card.locator("tbody tr")).to_have_count(before + 12)
    expect(card.locator(".fold").nth(1)).to_be_focused()
    card.locator(".fold").nth(1).press("Enter")
    expect(card.locator("tbody tr")).to_have_count(before)
    expect(card.locator("tbody")).to_contain_text("1 × 1,024 × 2,304")


def test_a_bigram_has_no_blocks_and_is_shown_all_the_same(page):
    choose(page, "run", "pairs")
    open_section(page, "formula")
    expect(page.locator("#count-formula")).to_contain_text("V²")
    rule(page, 2)
    open_section(page, "parts")
    expect(page.locator("#count-chart .bar .empty")).to_be_visible()


def test_without_a_run_gpt2_stands_alone_and_the_page_says_why(page):
    choose(page, "run", "none")
    expect(page.locator("#count-chart .bar")).to_have_count(1)
    expect(page.locator("#count-hint")).to_be_visible()
    choose(page, "run", "mine")
    expect(page.locator("#count-chart .bar")).to_have_count(2)
    expect(page.locator("#count-hint")).to_be_hidden()


def test_hostile_names_are_shown_literally_and_nothing_runs(page):
    choose(page, "run", "hostile")
    open_section(page, "family")
    expect(page.locator("#count-configs thead")).to_contain_text(HOSTILE)
    page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None and page.locator("[id^=count-] img").count() == 0


def test_the_section_speaks_vietnamese(page):
    page.locator("#lang input").nth(1).check()
    expect(page.locator("#count-parts h3")).to_have_text(counting_words.WORDS["count_parts_title"][1])
    open_section(page, "list")
    expect(page.locator("#count-list .query")).to_have_attribute("placeholder", re.compile("Tìm"))
    page.locator("#lang input").nth(0).check()
    expect(page.locator("#count-list .query")).to_have_attribute("placeholder", re.compile("Search"))


def test_on_a_phone_tables_scroll_in_their_own_boxes_and_the_page_does_not(site, browser):
    with opened(browser, site, width=390) as page:
        for section, name in (("parts", "parts"), ("family", "scaling")):
            open_section(page, section)
            box = page.locator(f"#count-{name} .frame")
            expect(box.locator("td").first).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            assert box.evaluate("box => box.scrollWidth > box.clientWidth")


def test_one_section_is_in_view_and_what_is_not_computes_nothing(page):
    """A click shows a section and asks for it alone; arrows walk the row; a reload comes back to where one was."""
    row = page.locator("#compare-section")
    expect(page.locator("#count-chart")).to_be_visible()
    expect(page.locator("#count-scaling")).to_be_hidden()
    row.locator("button").first.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(row.locator("[data-section=family]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(row.locator("[aria-current=true]")).to_have_text("Family and cost")
    expect(page.locator("#count-scaling td").first).to_be_visible()
    expect(page.locator("#count-chart")).to_be_hidden()
    expect(page.locator("#count-family")).to_be_visible()
    expect(page.locator("#count-rule")).to_be_hidden()  # nothing here follows it
    page.reload()
    page.get_by_role("tab", name="Compare").click()
    expect(page.locator("#count-scaling td").first).to_be_visible()
    assert page.locator("#count-chart .bar").count() == 0, "what nobody looked at since was not drawn"
