"""The browser components in a real browser, on a small page over real runs and the real routes."""

import asyncio
import os
import re
from contextlib import contextmanager
from math import log

import gradio as gr
import pytest
from playwright.sync_api import expect
from starlette.middleware import Middleware
from starlette.responses import JSONResponse

from core.runs.config import Status
from core.runs.store import RunStore
from playground.generate.written import WrittenText
from playground.server.rights import HOST
from playground.server.routes import Routes
from playground.server.run_list import RunList
from playground.train.loss_chart import LossChart
from playground.train.samples import SampleTable
from playground.train.transport import REFUSED_JS, Transport
from playground.widgets import theme
from playground.words.verdict import verdict
from tests.served import confined
from tests.tiny_runs import tiny_plan

HOSTILE = '<img src=x onerror="window.hacked=1"> ${window.hacked=1} `{{value}}` </script>\nend'
BASELINES = {"uniform": 4.17, "unigram": 3.3, "bigram": 2.45, "trigram": 2.42, "fivegram": 2.4}
STEPS = 200
SPEED = 35 / 3  # steps a second: 12 seconds from step 60 to the end


def loss(step):
    return 1.5 + 2.7 * 0.99**step


class Runs:
    """Two runs on disk, of which the tests move one by hand; and what stands between the browser and their routes."""

    def __init__(self, root):
        self.store = RunStore(root, 1)
        self.asked, self.created, self.waiting = [], 0, 0
        self.begin("run-0")
        self.become("done")
        self.begin()

    def begin(self, run_id="run-1", step=60):
        """Put another run, at this step, under a name that a run may have had before."""
        self.commands, self.down, self.held = [], False, True
        path = self.store.root / run_id
        if path.exists():
            path.rename(self.store.root / f".gone-{self.created}")
        self.created += 1
        self.run = tiny_plan(STEPS).create(self.store.root, run_id)
        self.run.write_baselines(BASELINES)
        self.step = -1
        self.advance_to(step)
        self.held = False

    def advance_to(self, step, text="first words"):
        """Write what a run writes on its way to a step."""
        new = range(self.step + 1, step + 1)
        self.run.append("metrics", [_row(each) for each in new])
        for each in new:
            if each % 20 == 0:
                self.sample(each, text, loss(each))
        self.step = step
        self.become("running")

    def sample(self, step, text, val=None):
        self.run.append("samples", [{"step": step, "train": loss(step), "val": val, "text": text}])

    def become(self, state, message=None):
        self.run.write_status(Status(state, self.step, message, os.getpid()))


def _row(step):
    row = {"step": step}
    if step:
        row |= {"loss": loss(step), "seconds": 1 / SPEED, "tokens": 1292, "elapsed": 83.0}
        row |= {"learning_rate": 3e-4, "grad_norm": 0.84}
    return row | ({"train_loss": loss(step), "val_loss": loss(step) + 0.1} if step % 10 == 0 else {})


class Between:
    """Notes which runs are asked for; answers with an error while the tests say so, and not at all while they wait."""

    def __init__(self, app, runs):
        self.app, self.runs = app, runs

    async def __call__(self, scope, receive, send):
        _, _, run = scope.get("path", "").partition("/playground/feed/")
        if not run:
            return await self.app(scope, receive, send)
        self.runs.asked.append(run)
        self.runs.waiting += 1
        while self.runs.held:
            await asyncio.sleep(0.01)
        self.runs.waiting -= 1
        answer = JSONResponse({"error": "down"}, 503) if self.runs.down else self.app
        await answer(scope, receive, send)


def token(text, p=0.4):
    alternatives = [(7, text, p, p + 0.1), (8, text, 0.2, 0.1), (9, "\n", 0.1, 0.05)]  # two look alike
    return WrittenText.pack({"id": 7, "t": text, "b": None, "p": p, "q": p + 0.1, "end": False, "alts": alternatives})


def writing(count, state="writing"):
    tokens = "".join([token(c) for c in "To be,\nor not"][:count])
    prompt = [{"t": "R", "seen": False, "unknown": False}, {"t": "é", "seen": True, "unknown": True}]
    return {"text": {}, "prompt": prompt, "tokens": tokens, "speed": 312.5, "state": state, "note": None}


def build_page(runs):
    value = {"run": "run-1", "lang": "en", "text": {}}
    with gr.Blocks(analytics_enabled=False) as demo:
        with gr.Tab("Train"):
            chart = LossChart(value, elem_id="chart")
            transport = Transport(value, elem_id="transport")
            samples = SampleTable(value, elem_id="samples")
        with gr.Tab("Generate"):
            written = WrittenText(elem_id="written")
            begin = gr.Button("Begin")
            more = gr.Button("More")
            evil = gr.Button("Evil")
            one = gr.Button("One")
            waits, stopped, refused = (gr.Button(name) for name in ("Waits", "Stopped", "Refused"))
        gone = gr.Button("Gone")
        none = gr.Button("None")

        def hear(event: gr.EventData):
            runs.commands.append((event.run, event.command))
            if event.command == "reset":
                raise gr.Error("It does not fit", print_exception=False)

        transport.command(hear).failure(None, js=REFUSED_JS)
        begin.click(lambda: writing(3), None, written)
        more.click(lambda: writing(12, "done"), None, written)
        bad = {**writing(0), "tokens": token(HOSTILE) + token("\0\u202e"), "note": HOSTILE}
        evil.click(lambda: bad, None, written)
        one.click(lambda: writing(1, "done"), None, written)
        for button in (waits, stopped, refused):
            button.click(
                lambda name=button.value: {"state": {"Waits": "waiting"}.get(name, name.lower())}, None, written
            )
        everything = [chart, transport, samples]
        gone.click(lambda: [{**value, "run": "gone"}] * 3, None, everything)
        none.click(lambda: [{**value, "run": None}] * 3, None, everything)
    return demo


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    runs = Runs(tmp_path_factory.mktemp("runs"))
    demo = build_page(runs)
    app = {"routes": Routes(runs.store, {}).list(), "middleware": [Middleware(Between, runs=runs)]}
    _, url, _ = demo.launch(
        prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", ssr_mode=False, head=theme.head(),
        app_kwargs=app, footer_links=["settings"],
        theme=gr.themes.Soft(font=["system-ui"], font_mono=["monospace"]),
    )  # fmt: skip
    yield url, runs
    demo.close()


@contextmanager
def opened(browser, url, query="", **how):
    with confined(browser, url, query, **how) as page:
        page.locator("#chart canvas").wait_for()
        yield page


@pytest.fixture(scope="module")
def shared_page(site, browser):
    with opened(browser, site[0]) as page:
        yield page


@pytest.fixture
def page(site, shared_page):
    """The page with the run back at step 60: a visit costs seconds, so the tests share one."""
    site[1].begin()
    shared_page.get_by_role("tab", name="Train").click()
    shared_page.evaluate(
        "runs => { playgroundFeed.runs = runs; dispatchEvent(new Event('playground-listed')); }",
        RunList(site[1].store).entries(HOST, "en"),  # as the picker of runs does, which is not on this page
    )
    shared_page.evaluate("window.playgroundFeed.hurry('run-1')")
    wait_for_label(shared_page, "60")
    state_of(shared_page, "Training")
    return shared_page


def wait_for_label(page, step):
    page.locator(f'#chart canvas[aria-label*="after {step} of 200"]').wait_for()


def wait_until(page, condition, tries=600):
    for _ in range(tries):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError("waited in vain")


def state_of(page, words):
    page.locator("#transport .state", has_text=words).wait_for()


def picture(page):
    return page.locator("#chart canvas").evaluate("canvas => canvas.toDataURL()")


def test_a_growing_curve_arrives_on_the_same_canvas(site, page):
    _, runs = site
    page.evaluate("window.kept = document.querySelector('#chart canvas')")
    before, height = picture(page), page.locator("#chart").bounding_box()["height"]
    runs.advance_to(120)
    wait_for_label(page, "120")
    page.wait_for_timeout(100)
    assert picture(page) != before
    assert page.evaluate("window.kept === document.querySelector('#chart canvas') && window.kept.isConnected")
    assert page.locator("#chart").bounding_box()["height"] == height
    assert "train 2.3" in page.locator("#chart canvas").get_attribute("aria-label")


def test_the_widgets_share_one_poll_loop_and_ask_only_for_new_rows(site, page):
    _, runs = site
    asked = []
    page.on("request", lambda request: "/feed/" in request.url and asked.append(request.url))
    runs.advance_to(70)
    wait_for_label(page, "70")
    wait_until(page, lambda: len(asked) >= 3)
    assert all("run-1" in url for url in asked)
    assert "points=70&evals=8&samples=4&lang=en" in asked[-1]
    assert runs.asked.count("run-0") == 1


def test_a_run_that_begins_anew_is_drawn_from_its_first_row(site, page):
    _, runs = site
    runs.begin(step=-1)
    runs.advance_to(20, text="another life")
    wait_for_label(page, "20")
    page.locator("#samples .body", has_text="another life").first.wait_for()
    assert page.locator("#samples .rows .row").count() == 2


def test_hover_and_arrow_keys_show_the_values_of_a_step(page):
    canvas, tip = page.locator("#chart canvas"), page.locator("#chart .tip")
    canvas.hover(position={"x": 300, "y": 150})
    tip.wait_for()
    assert re.search(
        r"step\d+train\d\.\d{3}validation( @ \d+)?\d\.\d{3}1 · run-0( @ \d+)?\d\.\d{3}", tip.text_content()
    )
    canvas.focus()
    page.keyboard.press("Home")
    assert page.locator("#chart .spoken").text_content().startswith("step 1: train 4.173, validation 4.300")
    page.keyboard.press("Escape")
    tip.wait_for(state="hidden")


def test_a_click_is_heard_at_once_and_shown_as_done_when_the_run_has_obeyed(site, page):
    _, runs = site
    main, state, stop = (page.locator(f"#transport {part}") for part in (".main", ".state", '[data-act="stop"]'))
    assert main.get_attribute("aria-label") == "Pause"
    main.focus()
    page.keyboard.press("Enter")
    assert state.text_content() == "Pausing ..."
    assert main.get_attribute("data-heard") is not None
    wait_until(page, lambda: runs.commands == [("run-1", "pause")])
    asked = len(runs.asked)
    wait_until(page, lambda: len(runs.asked) > asked + 3)  # the step takes its time, and the feed says "running"
    assert state.text_content() == "Pausing ..."
    runs.become("paused")
    state_of(page, "Paused")
    assert main.get_attribute("aria-label") == "Play" and main.get_attribute("data-heard") is None
    page.locator('#transport [data-act="reset"]').click()
    state_of(page, "Starting again ...")
    state_of(page, "Paused")  # as before: it was refused
    page.locator('#transport [data-act="new_seed"]').click()
    wait_until(page, lambda: len(runs.commands) == 3)
    assert [command for _, command in runs.commands] == ["pause", "reset", "new_seed"]
    assert "Play goes on" in stop.get_attribute("title")


def test_buttons_are_offered_by_the_state_of_the_run(site, page):
    _, runs = site
    acts = ("main", "step", "stop", "reset")
    button = {act: page.locator(f'#transport [data-act="{act}"]') for act in acts}
    assert button["step"].is_disabled() and button["stop"].is_enabled()
    runs.become("done")
    state_of(page, "Done")
    assert button["stop"].is_disabled() and button["reset"].is_enabled()
    button["main"].click()
    wait_until(page, lambda: ("run-1", "continue") in runs.commands)
    runs.become("failed", "The disk is full; free some space, and press Play.")
    page.locator("#transport .message[role=alert]", has_text="press Play").wait_for()
    button["main"].click()
    wait_until(page, lambda: ("run-1", "play") in runs.commands)


def test_a_run_that_goes_on_and_ends_between_two_answers_is_shown_as_done(site, page):
    _, runs = site
    runs.become("done")
    state_of(page, "Done")
    runs.held = True
    page.locator('#transport [data-act="main"]').click()
    state_of(page, "Starting ...")
    runs.advance_to(80)
    runs.become("done")
    runs.held = False
    page.locator("#transport .count", has_text="80 / 200").wait_for()
    state_of(page, "Done")


def test_a_loss_that_explodes_leaves_the_chart_and_squashes_nothing(site, page):
    _, runs = site
    guess = log(runs.run.config().model.vocab_size)
    runs.run.append("metrics", [_row(70) | {"val_loss": 5e4, "train_loss": 4e4, "loss": 4e4}])
    page.locator('#chart canvas[aria-label*="validation 50,000"]').wait_for()
    page.wait_for_timeout(100)
    assert guess < float(page.locator("#chart canvas").get_attribute("data-high")) < 2 * guess
    before = picture(page)
    page.locator("#chart .log-y").click()
    page.wait_for_timeout(100)
    assert picture(page) != before
    page.locator("#chart .log-y").click()


def test_a_browser_holds_a_bounded_history_and_every_spike_of_it(site, page):
    _, runs = site
    for start in range(61, 9_000, 1_500):
        rows = [_row(step) | {"loss": 50.0 if step == 100 else 2.0} for step in range(start, start + 1_500)]
        runs.run.append("metrics", rows)
        runs.run.write_status(Status("running", start + 1_499, pid=os.getpid()))
        page.locator(f'#chart canvas[aria-label*="after {rows[-1]["step"]:,} of"]').wait_for()
    held = page.evaluate("""new Promise((tell) => {
      const end = playgroundFeed.subscribe('run-1', 'en', (news) => { tell(news.points); setTimeout(() => end()); });
    })""")
    assert len(held) <= 6_000 and [100, 50.0] in [row[:2] for row in held] and held[-1][0] == 9_060
    assert [row[0] for row in held] == sorted({row[0] for row in held})


def test_figures_and_meaning_are_shown(page):
    text = page.locator("#transport").inner_text()
    for part in ("60 / 200 steps", "1:23 elapsed", "0:12 left", "3.0e-4", "0.84", "15,073", "11.7"):
        assert part in text
    assert verdict([(60, loss(60), loss(60) + 0.1)], BASELINES, "en") in text


def test_a_lost_connection_is_told_and_recovers_by_itself(site, page):
    _, runs = site
    runs.down = True
    page.locator("#transport .offline", has_text="Connection lost").wait_for()
    page.locator("#chart .offline").wait_for()
    wait_for_label(page, "60")
    runs.down = False
    runs.advance_to(80)
    wait_for_label(page, "80")
    page.locator("#transport .offline").wait_for(state="hidden")


def test_an_answer_that_is_slow_is_waited_for_and_not_asked_for_again(site, page):
    _, runs = site
    runs.held = True
    runs.advance_to(90)
    wait_until(page, lambda: runs.waiting)
    page.evaluate("for (let i = 0; i < 20; i += 1) window.playgroundFeed.hurry('run-1')")
    page.wait_for_timeout(600)
    assert runs.waiting == 1
    runs.held = False
    wait_for_label(page, "90")


def test_samples_come_newest_first_and_long_ones_open(site, page):
    _, runs = site
    runs.begin(step=-1)
    runs.advance_to(0, text="short")
    runs.sample(50, "line\n" * 30)
    page.locator("#samples .newest", has_text="line").wait_for()
    rows = page.locator("#samples .rows .row")
    assert [row.locator(".step").text_content() for row in rows.all()] == ["50", "0"]
    assert rows.first.locator(".val").text_content() == "–"
    more, body = rows.first.locator(".more"), rows.first.locator(".body")
    low = body.bounding_box()["height"]
    more.click()
    assert more.get_attribute("aria-expanded") == "true"
    assert body.bounding_box()["height"] > 2 * low
    assert rows.last.locator(".more").is_hidden()


def test_hostile_text_is_shown_and_never_run(site, page):
    _, runs = site
    runs.sample(61, HOSTILE)
    page.locator("#samples .newest .body", has_text="${window.hacked=1}").wait_for()
    assert page.locator("#samples .newest .body").text_content() == HOSTILE
    runs.become("running", HOSTILE)
    page.locator("#transport .message", has_text="onerror").wait_for()
    page.get_by_role("tab", name="Generate").click()
    page.get_by_role("button", name="Evil").click()
    page.locator("#written .tok", has_text="onerror").wait_for()
    page.locator("#written .tok").first.click()
    assert "\u2400<202e>" in page.locator("#written .tok").nth(1).text_content()
    assert page.locator("#written img, #samples img, #transport img").count() == 0
    assert page.evaluate("window.hacked") is None


@pytest.fixture
def written(page):
    """The Generate tab, with three tokens just written and none looked at."""
    page.get_by_role("tab", name="Generate").click()
    page.get_by_role("button", name="Evil").click()
    page.locator("#written .tok", has_text="onerror").wait_for()
    page.get_by_role("button", name="Begin").click()
    page.locator("#written .tok").nth(2).wait_for()
    return page


def test_written_text_grows_without_redrawing_and_shows_candidates(written):
    page, tokens = written, written.locator("#written .tok")
    page.evaluate("window.kept = document.querySelector('#written .tok')")
    page.get_by_role("button", name="More").click()
    tokens.nth(11).wait_for()
    assert page.evaluate("window.kept === document.querySelector('#written .tok')")
    assert page.locator("#written .paper").text_content() == "RéTo be,↵\nor no"
    assert page.locator("#written .spoken").text_content() == "To be,\nor no"
    assert page.locator("#written .unseen").text_content() == "R"
    assert page.locator("#written .unknown").text_content() == "é"
    tokens.nth(1).hover()
    assert "40.0 %" in page.locator("#written .alts .drawn").inner_text()  # one: by its id, not by how it looks
    tokens.nth(1).click()
    tokens.nth(4).hover()
    assert page.locator("#written .place").text_content() == "token 2"


def test_one_token_is_in_the_tab_order_and_the_arrows_walk(written):
    page = written
    page.get_by_role("button", name="More").click()
    page.locator("#written .tok").nth(11).wait_for()
    assert page.locator('#written .tok[tabindex="0"]').count() == 1
    page.locator('#written .tok[tabindex="0"]').focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    # One line down and in the same column: the prompt before the first line is two columns wide.
    assert page.locator("#written .place").text_content() == "token 12"
    page.keyboard.press("Enter")
    assert page.locator('#written .tok[aria-pressed="true"]').count() == 1
    assert page.locator('#written .tok[tabindex="0"]').count() == 1


def test_a_text_that_stands_after_a_refusal_is_told_to_be_of_the_settings_before(written):
    page, press = written, lambda name: written.get_by_role("button", name=name, exact=True).click()
    told = page.locator("#written .state")
    press("Stopped")
    expect(told).to_have_text("Stopped")  # this very text
    for name, words in (("Refused", "Not written"), ("Stopped", "Stopped")):
        press("Waits")
        expect(told).to_have_text(re.compile("^Waiting"))
        press(name)
        expect(told).to_have_text(f"{words}: the text below is of the settings before")
        expect(page.locator("#written .tok")).to_have_count(3)
    press("More")
    expect(told).to_have_text("Done")


def test_one_token_is_one_token(written):
    expect(written.locator("#written .speed")).to_have_text("3 tokens · 313 tokens/s")
    written.get_by_role("button", name="One", exact=True).click()
    expect(written.locator("#written .speed")).to_have_text("1 token · 313 tokens/s")


def test_a_missing_run_and_no_run_are_told_in_words(page):
    page.get_by_role("button", name="Gone").click()
    page.locator("#chart .empty", has_text="There is no run called 'gone'").wait_for()
    state_of(page, "There is no run called 'gone'")
    page.get_by_role("button", name="None", exact=True).click()
    page.locator("#chart .empty", has_text="Press Train").wait_for()
    state_of(page, "No run yet")
    assert page.locator("#transport .main").is_disabled()
    assert page.locator("#samples .rows .row").count() == 0


def test_a_phone_shows_it_all_without_scrolling_sideways(site, browser):
    url, runs = site
    runs.begin()
    with opened(browser, url, "?__theme=dark", viewport={"width": 390, "height": 844}) as page:
        wait_for_label(page, "60")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        for button in page.locator("#transport button").all():
            box = button.bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 390
