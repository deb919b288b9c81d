"""One slider for every step of a run, and the next token by hand, in a real browser."""

import json
import re
import shutil

import pytest
from playwright.sync_api import expect

from benchmarks.visiting import open_section
from core.runs.plan import plan_run
from core.runs.training_run import train_run
from core.text.corpora import Corpus
from tests.served import served, visited
from tests.tiny_runs import TEXT, tiny_plan

PATIENCE = 60_000
STEPS = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 1200]
FRAMES = """() => {  // what stands when the slider goes on
    let shown = null;
    window.frames = [];
    window.least = Infinity;
    window.take = (next) => {
        window.frames.push([shown, document.querySelector('#written .tokens').innerText,
            [...document.querySelectorAll('#by-hand .is-now .choice')].map((row) => row.dataset.share).join()]);
        shown = next;
    };
    document.addEventListener('playground-moment', (event) => window.take(event.detail.step));
    (function look() {
        window.least = Math.min(window.least, document.querySelectorAll('#written .tok').length,
            document.querySelectorAll('#by-hand .is-now .choice').length);
        requestAnimationFrame(look);
    })();
}"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("moments") / "runs"
    pairs = plan_run(Corpus("own", TEXT), {"architecture": "bigram"}, {"block_size": 8}, {"steps": 20, "batch_size": 4})
    for plan, name in ((pairs, "pairs"), (tiny_plan(STEPS[-1], eval_interval=400), "letters")):
        for _ in train_run(plan.create(root, name)):
            pass
    return root


@pytest.fixture(scope="module")
def shared(root, browser):
    """Open the page once, at the Generate tab, with the run of twelve snapshots in view."""
    with served(root, "--no-welcome") as address, visited(browser, address) as page:
        page.set_default_timeout(PATIENCE)
        expect(page.locator("#count-line")).to_contain_text("parameters", timeout=PATIENCE)
        page.get_by_role("tab", name="Generate").click()
        expect(bars(page)).to_have_count(18, timeout=PATIENCE)  # the whole vocabulary
        page.locator("#length input[type=number]").fill("20")
        page.locator("#length input[type=number]").press("Tab")
        yield page


@pytest.fixture
def page(shared):
    """The Generate tab, a prompt, and the newest step."""
    open_tab(shared, "Generate")
    if shared.locator("#step-slider .pin").get_attribute("aria-pressed") == "true":
        shared.locator("#step-slider .pin").click()
    shared.locator("#prompt textarea").fill("2 times 3 is")
    expect(shared.locator("#by-hand .end")).to_have_text("2␣times␣3␣is")
    slider(shared).press("End")
    expect(shared.locator("#by-hand .of")).to_contain_text("step 1,200")
    return shared


def test_the_sliders_reshape_the_bars_and_cut_without_a_request_and_what_is_cut_stays_as_a_ghost(page):
    asked = []
    page.on("request", lambda request: asked.append(request))
    before = bars(page).first.get_attribute("data-share")
    for field, value in (("temperature", "2"), ("top-k", "3"), ("top-p", "0.9")):
        page.locator(f"#{field} input[type=number]").fill(value)
        expect(bars(page).first).not_to_have_attribute("data-share", before)
        before = bars(page).first.get_attribute("data-share")
    page.locator("#temperature input[type=number]").fill("1")
    page.locator("#top-p input[type=number]").fill("1")
    expect(page.locator("#by-hand .cut")).to_have_count(15)
    now = shares(page)
    assert sum(share > 0 for share in now) == 3 and sum(now) == pytest.approx(1)
    ghosts = page.locator("#by-hand .cut .ghost").evaluate_all("(all) => all.map((ghost) => ghost.offsetWidth)")
    assert max(ghosts) > 0 and ghosts == sorted(ghosts, reverse=True)
    page.wait_for_timeout(300)
    assert [request.post_data for request in asked if is_a_call(request)] == []
    page.locator("#temperature input[type=number]").fill("500")
    expect(page.locator("#temperature .refusal")).to_contain_text("temperature=500")
    page.locator("#temperature input[type=number]").fill("1")
    expect(page.locator("#temperature .refusal")).to_have_count(0)
    page.locator("#top-k input").fill("")
    expect(page.locator("#by-hand .cut")).to_have_count(0)


def test_a_bar_that_is_clicked_is_written_and_can_be_taken_back(page):
    token = bars(page).nth(1).locator(".text").inner_text().replace("␣", " ").replace("↵", "\n")
    bars(page).nth(1).click()
    expect(page.locator("#prompt textarea")).to_have_value("2 times 3 is" + token)
    expect(page.locator("#by-hand .end")).to_have_text(("2 times 3 is" + token).replace(" ", "␣").replace("\n", "↵"))
    page.locator("#by-hand .back").click()
    expect(page.locator("#prompt textarea")).to_have_value("2 times 3 is")
    expect(page.locator("#by-hand .back")).to_be_disabled()


def test_draws_fall_on_their_token_and_write_what_generate_writes_with_the_same_seed(page):
    page.locator("#sample-seed input").fill("7")
    expect(page.locator("#keep-seed input")).to_be_checked()
    prompt = "2 times 3 is"
    for count in range(1, 6):
        page.locator("#by-hand .draw").click()
        said = page.locator("#by-hand .said")
        expect(said).to_contain_text(f"Number {count} of seed 7")
        told = said.evaluate("(node) => ({ ...node.dataset })")
        assert float(told["low"]) <= float(told["number"]) < float(told["high"])
        expect(page.locator("#prompt textarea")).not_to_have_value(prompt)
        prompt = page.locator("#prompt textarea").input_value()
        expect(page.locator("#by-hand .end")).to_have_text(prompt.replace(" ", "␣").replace("\n", "↵"))
    page.locator("#prompt textarea").fill("2 times 3 is")
    page.locator("#generate-button").click()
    expect(page.locator("#written .state")).to_have_text("Done")
    expect(page.locator("#written .seed")).to_have_text("seed 7")
    text = page.locator("#written .paper").evaluate(PLAIN)
    assert text.startswith(prompt), (text, prompt)


PLAIN = """(paper) => {
    const copy = paper.cloneNode(true);
    copy.querySelectorAll('.break, .bytes, .end').forEach((sign) => sign.remove());
    return copy.textContent;
}"""


def test_five_draws_stand_side_by_side_and_are_not_the_same_each_time(page):
    page.locator("#keep-seed input").uncheck()
    seen = set()
    for _ in range(2):
        page.locator("#by-hand .five").click()
        expect(page.locator("#by-hand .draws li")).to_have_count(5)
        seen.add(tuple(page.locator("#by-hand .draws .number").all_inner_texts()))
    assert len(seen) == 2 and page.locator("#prompt textarea").input_value() == "2 times 3 is"
    for item in page.locator("#by-hand .draws li").all():
        needle, hit = (item.locator(part).bounding_box() for part in (".needle", ".part.hit"))
        assert hit["x"] - 2 <= needle["x"] + needle["width"] / 2 <= hit["x"] + hit["width"] + 2
    token = page.locator("#by-hand .fell").first
    token.click()
    expect(page.locator("#prompt textarea")).not_to_have_value("2 times 3 is")


def test_another_step_changes_text_and_bars_and_says_the_loss_of_its_own_step(page, root):
    losses = {}
    for line in (root / "letters" / "metrics.jsonl").read_text().splitlines():
        row = json.loads(line)
        losses.setdefault(row["step"], {}).update(row)
    seen = set()
    for key, step in (("Home", 0), ("ArrowRight", 1), ("End", 1200), ("ArrowLeft", 1000)):
        slider(page).press(key)
        expect(page.locator("#by-hand .of")).to_contain_text(f"step {step:,}")
        expect(page.locator("#written .by")).to_contain_text(f"step {step:,}")
        expect(page.locator("#written .state")).to_have_text("Done")
        loss = losses[step].get("val_loss", losses[step].get("loss"))
        expect(page.locator("#step-slider .now")).to_contain_text(f"step {step:,}")
        expect(page.locator("#step-slider .now")).to_contain_text(f"{loss:.3f}")
        seen.add((page.locator("#written .tokens").inner_text(), *shares(page)))
    assert len(seen) == 4


def test_playing_twelve_snapshots_shows_twelve_frames_without_a_gap_and_ends(page):
    for key, step in (("Home", "0"), ("End", "1,200")):
        slider(page).press(key)
        expect(page.locator("#written .by")).to_contain_text(f"step {step}")
        expect(page.locator("#written .state")).to_have_text("Done")
    page.wait_for_timeout(500)  # the page has heard that it is drawn
    page.evaluate(FRAMES)
    play = page.locator("#step-slider .play")
    play.click()
    expect(play).to_have_attribute("aria-label", "Stop playing")
    expect(play).to_have_attribute("aria-label", "Play the snapshots", timeout=PATIENCE)
    _, *frames = page.evaluate("() => { window.take(); return window.frames; }")
    assert [step for step, *_ in frames] == STEPS
    assert len({bars for *_, bars in frames}) == 12  # of a text this short, two steps may write the same
    assert len({text for _, text, _ in frames}) >= 8
    assert page.evaluate("window.least") == 18, "neither text nor bars were gone in between"


def test_two_steps_stand_side_by_side_as_a_and_b(page):
    slider(page).press("Home")
    expect(page.locator("#by-hand .of")).to_contain_text("step 0")
    page.locator("#step-slider .pin").click()
    slider(page).press("End")
    expect(page.locator("#by-hand .is-beside h3")).to_contain_text(re.compile("^A: .*step 0$"))
    expect(page.locator("#by-hand .is-now h3")).to_contain_text(re.compile("^B: .*step 1,200$"))
    expect(page.locator("#written-beside .by")).to_contain_text(re.compile("^A: .*step 0$"))
    expect(page.locator("#written .by")).to_contain_text(re.compile("^B: .*step 1,200$"))
    expect(page.locator("#written-beside .state")).to_have_text("Done")
    a, b = (page.locator(card).bounding_box() for card in ("#written-beside", "#written"))
    assert a["y"] == b["y"] and a["x"] < b["x"]
    assert page.locator("#written-beside .seed").inner_text() == page.locator("#written .seed").inner_text()
    page.locator("#step-slider .pin").click()
    expect(page.locator("#written-beside")).to_be_hidden()
    expect(page.locator("#by-hand .is-beside")).to_be_hidden()


@pytest.mark.slow
def test_the_step_stays_where_it_was_put_in_every_tab(page):
    slider(page).press("Home")
    open_tab(page, "Attention")
    expect(page.locator("#attention-view .of")).to_contain_text("step 0")
    slider(page).press("ArrowRight")
    expect(page.locator("#attention-view .of")).to_contain_text("step 1")
    open_tab(page, "Compare")
    open_section(page, "text")
    expect(page.locator("#beside-mine")).to_contain_text("step 1")
    open_section(page, "weights")
    expect(page.locator("#beside-weights .keys")).to_contain_text("step 1")
    slider(page).press("End")
    expect(page.locator("#beside-weights .keys")).to_contain_text("step 1,200")
    open_tab(page, "Attention")
    expect(page.locator("#attention-view .of")).to_contain_text("step 1,200")


def test_far_down_the_slider_is_still_in_reach(page):
    open_tab(page, "Attention")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    expect(page.locator("#step-slider .deck")).to_have_class(re.compile("afloat"))
    expect(slider(page)).to_be_in_viewport()
    page.evaluate("window.scrollTo(0, 0)")
    expect(page.locator("#step-slider .deck")).not_to_have_class(re.compile("afloat"))


@pytest.mark.slow
def test_a_damaged_snapshot_gets_a_sentence_and_the_nearest_one(page, root):
    shutil.copytree(root / "letters" / "snapshots" / "step-0000050", root.parent / "kept")
    shutil.rmtree(root / "letters" / "snapshots" / "step-0000050")
    (root / "letters" / "snapshots" / "step-0000050").mkdir()
    slider(page).press("Home")
    for _ in range(6):
        slider(page).press("ArrowRight")
    said = "The snapshot of step 50 cannot be read: shown is the nearest one that can, of step 20."
    expect(page.locator("#by-hand .note")).to_have_text(said)
    expect(page.locator("#written .note")).to_contain_text(said)
    expect(page.locator("#written .by")).to_contain_text("step 20")


def test_a_bigram_has_its_steps_too(page):
    page.locator("#run-picker").get_by_role("combobox").click()
    page.locator("#run-picker").get_by_role("option").last.click()
    expect(page.locator("#by-hand .of")).to_contain_text("step 20")
    before = shares(page)
    slider(page).press("Home")
    expect(page.locator("#by-hand .of")).to_contain_text("step 0")
    expect(page.locator("#written .by")).to_contain_text("step 0")
    assert shares(page) != before


def is_a_call(request) -> bool:
    """Tell a call of a handler from what the page asks by the clock: news of runs, and how far GPT-2 is loaded."""
    return "gradio_api" in request.url and request.method == "POST" and '"data":["en"]' not in request.post_data


def bars(page):
    return page.locator("#by-hand .is-now .choice")


def shares(page) -> list[float]:
    return bars(page).evaluate_all("(rows) => rows.map((row) => Number(row.dataset.share))")


def slider(page):
    return page.locator("#step-slider .steps")


def open_tab(page, name: str) -> None:
    page.get_by_role("tab", name=name).click()
    page.evaluate("window.scrollTo(0, 0)")
