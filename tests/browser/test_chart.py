"""The loss chart in a real browser, beside the picker of runs: axes, means, zoom, and the table that chooses curves."""

import random
import re
from contextlib import contextmanager
from statistics import fmean

import gradio as gr
import pytest
from playwright.sync_api import expect

from core.runs.config import Status
from core.runs.directory import RunDir
from core.runs.plan import plan_run
from core.runs.store import RunStore
from core.text.corpora import Corpus
from playground.page import run_value
from playground.server.routes import Routes
from playground.train.loss_chart import LossChart
from playground.widgets import theme
from playground.widgets.run_picker import RunPicker
from tests.served import confined
from tests.tiny_runs import MODEL, TEXT, TRAIN

LONG = 100_000  # steps, whose losses are anything between 1 and 3
DRAW = random.Random(7)


def make(root, name: str, losses: list[float | None], text: str = TEXT, every: int = 10, **train) -> RunDir:
    """Write a run that took half a second a step, with an estimate at every so manieth step."""
    train = {**TRAIN, "steps": len(losses), **train}
    run = plan_run(Corpus("own", text), {"preset": "custom"}, MODEL, train, memory=10**9).create(root, name)
    run.write_baselines({"uniform": 2.77, "bigram": 2.0})
    rows = [{"step": 0, "train_loss": 2.8, "val_loss": 2.8, "elapsed": 0.0}]
    for step, loss in enumerate(losses, start=1):
        row = {"step": step, "loss": loss, "elapsed": step / 2, "seconds": 0.5, "learning_rate": 0.1, "tokens": 16}
        if step % every == 0 and loss is not None:
            row |= {"train_loss": loss, "val_loss": loss + 0.1}
        rows.append(row)
    run.append("metrics", rows)
    run.write_status(Status("done", len(losses)))
    return run


ALPHA = [2.7 - 0.03 * step + DRAW.uniform(-0.4, 0.4) for step in range(1, 41)]


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> RunStore:
    root = tmp_path_factory.mktemp("chart")
    make(root, "long", [DRAW.uniform(1.0, 3.0) for _ in range(LONG)], every=1_000)
    make(root, "three", [2.7, 2.6, 2.4], every=3)
    make(root, "boom", [2.5] * 20 + [2.0, 900.0, 4e7, 9e30, None])
    make(root, "wide", [2.0 - 0.01 * step for step in range(40)], batch_size=4)
    make(root, "other", [0.5] * 40, text="Anna sang to Otto, and Otto sang to Anna. " * 60)
    make(root, "alpha", ALPHA)
    return RunStore(root, 1)


@pytest.fixture(scope="module")
def site(store):
    with gr.Blocks(analytics_enabled=False) as demo:
        picker = RunPicker("alpha", elem_id="run-picker")
        chart = LossChart(run_value("alpha", "en", {}), elem_id="chart")
        picker.change(lambda run: run_value(run, "en", {}), picker, chart)
    _, url, _ = demo.launch(
        prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", ssr_mode=False, head=theme.head(),
        app_kwargs={"routes": Routes(store, {}).list()}, footer_links=["settings"],
    )  # fmt: skip
    yield url
    demo.close()


@contextmanager
def opened(browser, url, **how):
    with confined(browser, url, **how) as page:
        see(page, "alpha", 40)
        yield page


@pytest.fixture(scope="module")
def shared_page(site, browser):
    with opened(browser, site) as page:
        yield page


@pytest.fixture
def page(shared_page):
    """The page as it is for somebody new, with alpha in view: a visit costs seconds, so the tests share one."""
    shared_page.evaluate("localStorage.removeItem('gpt-playground-chart')")
    shared_page.reload()
    see(shared_page, "alpha", 40)
    return shared_page


def see(page, name: str, steps: int) -> None:
    """Wait until a run is drawn, and put it into view where another one is."""
    drawn = page.locator(f'#chart canvas[aria-label*="after {steps:,} of"]')
    field = page.get_by_role("combobox", name="Run in view")
    expect(field).not_to_have_value("")
    if not re.match(rf"\d+ · {name}", field.input_value()):
        field.click()
        page.get_by_role("option", name=re.compile(rf" · {name}")).click()
    drawn.wait_for()


def axis(page) -> tuple[str, float, float]:
    """Return what the x axis counts, and from where to where, once it is drawn."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    told = page.locator("#chart canvas").evaluate("(canvas) => ({ ...canvas.dataset })")
    return told["x"], float(told["from"]), float(told["to"])


def picture(page) -> str:
    axis(page)
    return page.locator("#chart canvas").evaluate("canvas => canvas.toDataURL()")


def tip(page) -> dict[str, str]:
    """Return what the cross-hair says: each curve's name and its value."""
    axis(page)
    return page.locator("#chart .tip").evaluate("""(tip) => Object.fromEntries([...tip.children].map((line) =>
      [line.querySelector('span').textContent, line.querySelector('b').textContent]))""")


def smooth(page, window: int) -> None:
    """Move the slider until it says that means are over so many steps."""
    slider = page.locator("#chart-smooth")
    slider.focus()
    page.keyboard.press("Home")
    while window > 1 and slider.get_attribute("aria-valuetext") != f"mean of {window:,} steps":
        page.keyboard.press("ArrowRight")


def test_axes_and_means_are_redrawn_from_what_is_known_without_a_network(page, store):
    per_step = RunDir(store.root / "alpha").config().tokens_per_step
    posted, pictures = [], [picture(page)]
    page.on("request", lambda request: request.method == "POST" and posted.append(request.url))
    assert axis(page) == ("steps", 0, 40)
    page.context.set_offline(True)
    page.locator("#chart-x").select_option("tokens")
    assert axis(page) == ("tokens", 0, 40 * per_step)
    pictures.append(picture(page))
    page.locator("#chart-x").select_option("seconds")
    assert axis(page) == ("seconds", 0, 20)
    pictures.append(picture(page))
    for change in ("#chart-x-log", "#chart-y"):
        page.locator(change).click()
        expect(page.locator(change)).to_have_attribute("aria-pressed", "true")
        pictures.append(picture(page))
    smooth(page, 5)
    pictures.append(picture(page))
    assert len(set(pictures)) == 6 and posted == []
    page.context.set_offline(False)


def test_choices_survive_a_reload_and_what_is_damaged_is_left_out(page):
    page.locator("#chart-x").select_option("seconds")
    page.locator("#chart-x-log").click()
    page.locator("#chart-y").click()
    smooth(page, 11)
    page.reload()
    see(page, "alpha", 40)
    assert page.locator("#chart-x").input_value() == "seconds"
    for change in ("#chart-x-log", "#chart-y"):
        expect(page.locator(change)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#chart .smooth-value")).to_have_text("11 steps")
    odd = {"x": "parsecs", "logX": "yes", "smooth": 1e9, "shown": [None], "zoom": {"from": 9, "to": 3}, "sort": 5}
    page.evaluate("odd => localStorage.setItem('gpt-playground-chart', JSON.stringify(odd))", odd)
    page.reload()
    see(page, "alpha", 40)
    assert axis(page) == ("steps", 0, 40)
    expect(page.locator("#chart .smooth-value")).to_have_text("off")


def test_a_mean_is_that_of_the_steps_around_and_of_fewer_at_the_ends(page):
    smooth(page, 11)
    canvas, told = page.locator("#chart canvas"), {}
    canvas.focus()
    page.keyboard.press("Home")
    for _ in range(5):
        said = tip(page)
        told[int(said["step"])] = float(said["mean of 11 steps"])
        page.keyboard.press("ArrowRight")
    assert set(told) == {1, 10, 20, 30, 40}  # the batches that are nearest to the estimates
    for step, mean in told.items():
        reach = min(5, step - 1, 40 - step)
        assert mean == pytest.approx(fmean(ALPHA[step - 1 - reach : step + reach]), abs=0.0006), step


def test_a_run_of_a_hundred_thousand_steps_is_no_worse_in_its_beginning_for_being_thinned(page):
    see(page, "long", LONG)
    smooth(page, 5001)
    canvas = page.locator("#chart canvas")
    box = canvas.bounding_box()
    for part in (0.2, 0.45, 0.75):
        canvas.hover(position={"x": 40 + part * (box["width"] - 200), "y": 100})
        said = tip(page)
        assert float(said["mean of 5,001 steps"]) == pytest.approx(2.0, abs=0.1), said
    page.locator("#chart-x").select_option("seconds")
    assert axis(page) == ("seconds", 0, LONG / 2)


def test_runs_of_three_steps_and_such_as_explode_are_drawn_on_every_axis(page):
    for name, steps in (("three", 3), ("boom", 25)):
        see(page, name, steps)
        for unit, end in (("steps", steps), ("tokens", 16 * steps), ("seconds", steps / 2)):
            page.locator("#chart-x").select_option(unit)
            assert axis(page) == (unit, 0, end)
            smooth(page, 1 if unit == "steps" else 51)
            assert float(page.locator("#chart canvas").get_attribute("data-high")) < 5
        page.locator("#chart-x-log").click()
        assert axis(page) == ("seconds", 0, steps / 2)


@pytest.mark.slow
def test_a_part_is_looked_at_closer_by_dragging_and_by_keys_and_all_is_shown_again(page):
    canvas, everything = page.locator("#chart canvas"), page.locator("#chart .zoom-all")
    expect(everything).to_be_disabled()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 150, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 200, steps=4)
    page.mouse.up()
    _, low, high = axis(page)
    assert 0 < low < high < 40
    page.mouse.move(box["x"] + 150, box["y"] + 100)
    assert float(tip(page)["step"]) >= low
    page.locator("#chart-x").select_option("tokens")  # the same part of another axis
    unit, from_, to = axis(page)
    assert unit == "tokens" and from_ == pytest.approx(16 * low, abs=16) and to == pytest.approx(16 * high, abs=16)
    page.reload()
    see(page, "alpha", 40)
    assert axis(page) == (unit, from_, to)
    see(page, "three", 3)
    assert axis(page) == ("tokens", 0, 48)  # a part of another run's axis
    see(page, "alpha", 40)
    everything.click()
    assert axis(page) == ("tokens", 0, 640)
    expect(everything).to_be_disabled()
    canvas.focus()
    page.keyboard.press("Home")
    page.keyboard.press("+")
    _, low, high = axis(page)
    assert low == 0 and high == pytest.approx(0.6 * 640, abs=16)
    page.keyboard.press("Shift+ArrowRight")
    assert axis(page)[1] > 0
    expect(page.locator("#chart .spoken")).to_have_text(re.compile(r"^From [\d.]+( k)? to [\d.]+( k)?$"))
    page.keyboard.press("0")
    assert axis(page) == ("tokens", 0, 640)


@pytest.mark.slow
def test_the_wheel_scrolls_the_page_and_zooms_with_ctrl_and_two_fingers_pinch(page):
    canvas = page.locator("#chart canvas")
    box = canvas.bounding_box()
    canvas.hover(position={"x": box["width"] / 2, "y": 100})
    page.mouse.wheel(0, -200)
    assert axis(page) == ("steps", 0, 40)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    page.wait_for_function("() => Number(document.querySelector('#chart canvas').dataset.to) < 40")
    _, low, high = axis(page)
    assert 0 < low < 20 < high < 40
    canvas.dblclick(position={"x": 100, "y": 100})
    assert axis(page) == ("steps", 0, 40)
    canvas.evaluate("""(canvas) => {
      const box = canvas.getBoundingClientRect();
      const finger = (kind, pointerId, part) => canvas.dispatchEvent(new PointerEvent(kind, { pointerId,
        pointerType: 'touch', clientX: box.left + part * box.width, clientY: box.top + 90, bubbles: true }));
      finger('pointerdown', 11, 0.4); finger('pointerdown', 12, 0.5);
      finger('pointermove', 11, 0.3); finger('pointermove', 12, 0.6);
      finger('pointerup', 11, 0.3); finger('pointerup', 12, 0.6);
    }""")
    _, low, high = axis(page)
    assert high - low == pytest.approx(40 / 3, rel=0.02)


def table(page):
    """Open the table and return the texts of its rows, each by column."""
    if page.locator("#chart .runs[open]").count() == 0:
        page.locator("#chart .runs summary").click()
    page.locator("#chart .runs thead [data-column=':steps']").wait_for()
    return page.locator("#chart .runs table").evaluate("""(table) => {
      const columns = [...table.tHead.rows[0].cells].map((cell) => cell.dataset.column);
      return [...table.tBodies[0].rows].map((row) =>
        Object.fromEntries(columns.map((column, i) => [column, row.cells[i].textContent])));
    }""")


def test_the_table_has_what_each_run_has_come_to_and_only_settings_that_differ(page):
    rows = {row["run"].split(" · ")[1].split(" (")[0]: row for row in table(page)}
    assert list(rows) == ["alpha", "other", "wide", "boom", "three", "long"]  # newest first
    assert [column for column in rows["alpha"] if column.startswith(":")] == [":steps", ":batch_size"]
    best = min(ALPHA[step - 1] + 0.1 for step in (10, 20, 30, 40))
    assert rows["alpha"]["best"] == f"{best:.3f}" and rows["boom"]["best"] == "2.600"
    assert (rows["alpha"]["seconds"], rows["long"]["seconds"]) == ("0:20", "13:53:20")
    assert (rows["wide"]["tokens"], rows["wide"][":batch_size"], rows["long"][":steps"]) == ("1.28 k", "4", "100,000")
    assert "Anna sang" in rows["other"]["text"] and rows["three"]["text"] == rows["alpha"]["text"]


def test_the_table_is_sorted_by_any_column_and_back(page):
    table(page)
    head = page.get_by_role("columnheader", name="best loss")
    names = lambda: [row["run"].split(" · ")[0] for row in table(page)]  # noqa: E731
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    low = names()
    assert low[0] == "5"  # the other text's
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    assert names() == low[::-1]
    page.reload()
    see(page, "alpha", 40)
    assert names() == low[::-1]


def test_a_curve_is_chosen_in_the_table_and_says_where_losses_cannot_be_compared(page):
    legend, before = page.locator("#chart .legend"), picture(page)
    expect(legend.locator(".drawn")).to_have_count(4)  # earlier ones on the same text
    table(page)
    box = page.get_by_role("checkbox", name=re.compile("^Draw 5 · other"))
    expect(box).not_to_be_checked()
    box.focus()
    page.keyboard.press("Space")
    expect(box).to_be_focused()
    expect(legend).to_contain_text(re.compile("5 · other.*“Anna sang to Otto"))
    expect(page.locator("#chart .unlike")).to_have_text(re.compile("^5: another text"))
    page.wait_for_function("before => document.querySelector('#chart canvas').toDataURL() !== before", arg=before)
    expect(page.get_by_role("checkbox", name=re.compile("alpha, which is in view"))).to_be_disabled()
    page.get_by_role("checkbox", name=re.compile("^Draw 1 · long")).click()
    assert axis(page) == ("steps", 0, 40)
    page.get_by_role("checkbox", name=re.compile("^Draw 1 · long")).click()
    assert axis(page) == ("steps", 0, LONG)  # somebody chose it, so it is not cut off
    page.reload()
    see(page, "alpha", 40)
    expect(legend).to_contain_text("5 · other")
    assert axis(page) == ("steps", 0, LONG)


def test_on_a_phone_the_table_scrolls_inside_its_frame(site, browser):
    with opened(browser, site, viewport={"width": 390, "height": 844}, has_touch=True) as page:
        table(page)
        frame = page.locator("#chart .runs .frame")
        assert frame.evaluate("(frame) => frame.scrollWidth > frame.clientWidth + 20")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        name = page.locator("#chart .runs tbody .name").first
        frame.evaluate("(frame) => { frame.scrollLeft = 1000; }")
        expect(name).to_be_in_viewport(ratio=0.9)  # it stays in sight
