"""Who wishes no motion, who reads another language, who translates the page, who tells few colours apart."""

import re
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import expect

from benchmarks.visiting import SECTIONS, TABS, open_section, open_tab, visit, write
from tests.served import served
from tests.tiny_runs import tiny_plan, undisturbed

CHART = Path(__file__).parents[2] / "playground" / "train" / "loss_chart.css"
# What moves by itself, or would if it were used.
MOVING = """() => {
  const seconds = (list) => Math.max(...list.split(',').map(parseFloat));
  return [...document.querySelectorAll('*')].flatMap((node) => ['', '::before', '::after'].map((part) => [node, part]))
    .filter(([node, part]) => { const style = getComputedStyle(node, part || null);
      return (style.animationName !== 'none' && seconds(style.animationDuration) > 0.01)
        || (style.transitionProperty !== 'none' && seconds(style.transitionDuration) > 0.01); })
    .map(([node, part]) => node.outerHTML.slice(0, 80) + part);
}"""
# Machado and others, 2009: what who lacks one kind of cone sees, of linear RGB.
LACKING = {
    "red": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "green": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    root = tmp_path_factory.mktemp("everyone") / "runs"
    root.mkdir()
    undisturbed(root, tiny_plan(20))
    with served(root, "--no-welcome") as address:
        yield address


@pytest.mark.slow
def test_nothing_moves_for_who_wishes_no_motion_and_something_does_for_others(address, browser):
    with visit(browser, address, "en", "light", 1280) as page:
        assert page.evaluate(MOVING) != []
        page.emulate_media(reduced_motion="reduce")
        for tab in TABS:
            open_tab(page, tab)
            assert page.evaluate(MOVING) == []


def test_the_document_s_language_is_that_of_the_page(address, browser):
    lang = lambda page: page.evaluate("document.documentElement.lang")  # noqa: E731
    with visit(browser, address, "vi", "light", 390) as page:
        expect(page.locator("html")).to_have_attribute("lang", "vi")
        page.get_by_text("English").click()
        expect(page.locator("html")).to_have_attribute("lang", "en")
    with visit(browser, address, "en", "light", 390) as page:
        assert lang(page) == "en"


@pytest.mark.parametrize("lang", ["en", pytest.param("vi", marks=pytest.mark.slow)])
def test_a_page_that_opens_asks_each_thing_twice_at_most_and_then_rests(address, browser, lang):
    asked = Counter()
    context = browser.new_context()
    page = context.new_page()

    def note(request) -> None:
        if '"fn_index"' in (request.post_data or ""):
            asked[request.post_data_json["fn_index"]] += 1

    page.on("request", note)
    page.goto(f"{address}?lang={lang}")
    page.wait_for_function("() => document.body && !document.body.inert && window.playground?.isOpened")
    page.wait_for_timeout(2500)
    before = asked.copy()
    page.wait_for_timeout(1500)
    context.close()
    assert before and max(before.values()) <= 2, "two handlers that call each other would go on and on"
    assert (asked - before).total() <= 1, "the clock that waits for the machine's speed, and nothing else"


@pytest.mark.slow
def test_a_translator_leaves_alone_what_a_model_wrote_tokens_code_and_names(address, browser):
    with visit(browser, address, "en", "light", 1280) as page:
        seen = set()
        for tab, kinds in {
            "train": ("#samples .body", "#code-view code", "#field-n_layer [data-testid=block-info]",
                      "#run-picker .field"),
            "generate": ("#written .tokens", "#written .prompt"),
            "attention": ("#attention-view .tokens", "#attention-view .next ol", "#attention-detail th.query",
                          "#attention-examples"),
            "compare": ("#beside-mine .tokens", "#beside-mine .next", "#count-list tbody"),
        }.items():  # fmt: skip
            open_tab(page, tab)
            if tab == "generate":
                write(page)
            for kind in kinds:
                expect(page.locator(kind).first).to_be_attached()
                if page.locator(kind).first.evaluate("(node) => node.translate"):
                    seen.add(kind)
        assert seen == set()


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "vi"])
def test_on_a_phone_all_tabs_stand_in_sight_and_nothing_is_wider_than_the_screen(address, browser, lang):
    with visit(browser, address, lang, "light", 390, 844) as page:
        for tab in TABS:
            button = page.locator(f'#tabs [data-tab-id="{tab}"]')
            expect(button).to_be_in_viewport(ratio=1)
            open_tab(page, tab)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), tab
        for section in SECTIONS:
            open_section(page, section)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), section
        assert page.locator("#tabs .overflow-menu button:visible").count() == 0


@pytest.mark.slow
def test_on_a_projector_all_cards_grow_and_the_pointer_reads_where_it_stands(address, browser):
    with visit(browser, address, "en", "light", 1920, 1080) as page:
        for tab, cards in {
            "train": ("#loss-chart", "#transport", "#samples"), "generate": ("#written",),
            "attention": ("#attention-view", "#attention-detail", "#head-map", "#head-lines"),
            "compare": ("#count-chart", "#count-scaling", "#count-list", "#beside-mine", "#beside-table"),
        }.items():  # fmt: skip
            open_tab(page, tab)
            for card in cards:
                assert page.locator(card).evaluate("(node) => getComputedStyle(node).zoom") == "1.25", card
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), tab
        open_tab(page, "attention")
        canvas = page.locator("#attention-view .heat canvas")
        box = canvas.bounding_box()
        canvas.hover(position={"x": box["width"] * 0.25, "y": box["height"] * 0.75})
        query, key = map(int, re.findall(r"(\d+) '", page.locator("#attention-view .heat .tip").inner_text())[:2])
        assert (query, key) == (5, 1)  # of eight; read in the page's pixels, it would be 7 and 2
        open_tab(page, "train")
        chart = page.locator("#loss-chart canvas")
        chart.hover(position={"x": chart.bounding_box()["width"] * 0.5, "y": 100})
        assert (
            10 <= int(page.locator("#loss-chart .tip b").first.inner_text()) <= 15
        )  # of 20: the lines' names need room


def test_the_curves_colours_can_be_told_apart_and_from_their_ground_by_who_lacks_a_cone():
    """Neighbours differ in dash too; but where two have the same dash, their colours must do."""
    css = CHART.read_text(encoding="utf-8")
    light, dark = css.split(".dark & .loss-chart")
    for part, ground in ((light, "#ffffff"), (dark, "#1e293b")):
        colours = dict(re.findall(r"--(train|val|ghost-\d): (#\w{6})", part))
        assert len(colours) == 8
        for name, colour in colours.items():
            least = 4.5 if name.startswith("ghost") else 3.0  # their numbers are written in it
            assert contrast(colour, ground) >= least, (name, colour)
        for sight in (None, *LACKING):
            assert distance(colours["train"], colours["val"], sight) > 25, sight


def linear(colour: str) -> list[float]:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def contrast(one: str, other: str) -> float:
    light = sorted(sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear(c), strict=True)) for c in (one, other))
    return (light[1] + 0.05) / (light[0] + 0.05)


def distance(one: str, other: str, lacking: str | None) -> float:
    """Return how far two colours are apart in CIE L*a*b*, as who lacks a kind of cone sees them."""
    a, b = (lab(linear(colour), lacking) for colour in (one, other))
    return sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5


def lab(rgb: list[float], lacking: str | None) -> tuple[float, float, float]:
    if lacking:
        rgb = [sum(w * part for w, part in zip(row, rgb, strict=True)) for row in LACKING[lacking]]
    to_xyz = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    xyz = [sum(w * part for w, part in zip(row, rgb, strict=True)) for row in to_xyz]
    x, y, z = (max(part / white, 0) ** (1 / 3) for part, white in zip(xyz, (0.9505, 1.0, 1.089), strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)
