"""The picker of runs on the real page: told apart, live, searched by keys, renamed, compared and deleted."""

import re

import pytest
from playwright.sync_api import Page, expect

from core.runs.config import Status
from core.runs.directory import RunDir
from core.runs.listing import delete
from core.runs.naming import LONGEST_NAME
from core.runs.plan import plan_run
from core.runs.presets import PRESETS
from core.runs.training_run import train_run
from core.text.corpora import Corpus
from tests.served import served, visited
from tests.tiny_runs import TEXT

PATIENCE = 60_000
NAME = "<b>mạng sâu</b> ${1+1}"


def make(root, run_id=None, text=TEXT, **changed) -> RunDir:
    """Train the tiny preset for some steps, with some of its fields changed."""
    preset = PRESETS["tiny"]
    model = preset.model | {key: value for key, value in changed.items() if key in preset.model}
    train = {"steps": 6, "batch_size": 2, "eval_interval": 2, "eval_tokens": 64}
    train |= {key: value for key, value in changed.items() if key not in preset.model}
    run = plan_run(Corpus("own", text), {"preset": "tiny", "sample_tokens": 4}, model, train).create(root, run_id)
    for _ in train_run(run):
        pass
    return run


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> list[RunDir]:
    root = tmp_path_factory.mktemp("picker") / "runs"
    root.mkdir()
    other_text = "Anna sang to Otto, and Otto sang to Anna. " * 60
    return [make(root), make(root, n_layer=3), make(root, "from-the-shell", seed=7), make(root, text=other_text)]


@pytest.fixture(scope="module")
def page(runs, browser):
    with served(runs[0].path.parent, "--no-welcome") as address, visited(browser, address) as page:
        page.set_default_timeout(PATIENCE)
        expect(field(page)).to_have_value(re.compile("^4 · tiny .*Anna sang to Otto.*done"), timeout=PATIENCE)
        expect(page.locator("#transport .state")).to_have_text("Done", timeout=PATIENCE)
        yield page


def test_every_run_is_told_apart_by_number_name_change_seed_and_loss(page, runs):
    field(page).click()
    told = options(page).all_inner_texts()
    assert [text.split(" ·")[0].strip("✓ \n") for text in told] == ["4", "3", "2", "1"]
    assert "from-the-shell" in told[1] and "seed 7" in told[1] and "n_layer 3" in told[2]
    assert all(re.search(r"validation \d\.\d{3}", text) and "done" in text and " ago" in text for text in told)
    expect(page.locator("#run-picker").get_by_role("option", selected=True)).to_contain_text("Anna sang")
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox", name="Runs, newest first")).to_be_hidden()


def test_the_closed_box_follows_the_run_without_being_touched(page, runs):
    runs[3].write_status(Status("failed", 3, "The disk was full; press Play to try again."))
    expect(field(page)).to_have_value(re.compile(r"\(failed\)$"), timeout=PATIENCE)
    expect(page.locator("#transport .main")).to_be_enabled()
    runs[3].write_status(Status("done", 6))
    expect(field(page)).to_have_value(re.compile(r"\(done\)$"), timeout=PATIENCE)


def test_search_and_keys_choose_a_run_and_escape_leaves_it(page, runs):
    before = field(page).input_value()
    field(page).click()
    page.keyboard.type("zebra")
    expect(page.locator("#run-picker .nothing")).to_have_text("No run like this")
    page.keyboard.press("Escape")
    expect(field(page)).to_have_value(before)
    field(page).focus()
    for key, number in (("ArrowDown", "4"), ("End", "1"), ("ArrowUp", "2"), ("Home", "4"), ("ArrowDown", "3")):
        page.keyboard.press(key)
        expect(page.locator("#run-picker .active")).to_have_text(re.compile(rf"^✓?{number} · "))
    page.keyboard.press("Escape")
    expect(field(page)).to_have_value(before)
    field(page).click()
    page.keyboard.type("TINY n_layer")
    expect(options(page)).to_have_count(1)
    page.keyboard.press("Enter")
    expect(field(page)).to_have_value(re.compile("^2 · tiny .*n_layer 3"))
    expect(page.locator("#samples .rows .row")).not_to_have_count(0)


def test_the_curves_beside_it_are_of_the_same_text_and_are_chosen_in_the_table(page, runs):
    """Earlier runs on the same text are drawn, a later one and one on another text are not until they are chosen."""
    legend, chart = page.locator("#loss-chart .legend .drawn"), page.locator("#loss-chart")
    expect(legend).to_have_text([re.compile("^1 · tiny")])
    chart.locator(".runs summary").click()
    best = chart.locator(".runs tbody td:nth-child(3)")
    expect(best.filter(has_text=re.compile(r"^\d\.\d{3}$"))).to_have_count(4)
    boxes = chart.locator(".runs tbody input")
    expect(boxes).to_have_count(4)
    assert [box.is_checked() for box in boxes.all()] == [False, False, True, True]  # 4, 3, the one in view, 1
    expect(boxes.nth(2)).to_be_disabled()
    boxes.nth(1).click()
    boxes.nth(0).click()
    others = [re.compile("^3 · from-the-shell$"), re.compile("^1 · tiny")]
    expect(legend).to_have_text([re.compile(r"^4 · tiny .*, “Anna sang to Otto, and Otto.*”$"), *others])
    for style in ("stroke", "stroke-dasharray"):
        assert len({path.get_attribute(style) for path in legend.locator("path").all()}) == 3
    expect(chart.locator(".unlike")).to_have_text(re.compile("^4: another text, so a lower loss may only mean"))
    boxes.nth(0).click()
    expect(chart.locator(".unlike")).to_be_hidden()
    page.reload()
    expect(legend).to_have_text(others, timeout=PATIENCE)


def test_a_run_is_renamed_in_place_and_its_name_is_text(page, runs):
    page.get_by_role("button", name="Rename this run").click()
    page.get_by_label("Name of the run").fill("not this")
    page.keyboard.press("Escape")
    expect(field(page)).to_have_value(re.compile("^2 · tiny"))
    page.get_by_role("button", name="Rename this run").click()
    box, note = page.get_by_label("Name of the run"), page.locator("#run-picker .notice")
    box.fill("ă" * LONGEST_NAME + "b")
    expect(note).to_contain_text(f"has {LONGEST_NAME + 1} characters, more than the {LONGEST_NAME}")
    for leave in ("Enter", "Tab"):
        box.press(leave)
        expect(box).to_have_value("ă" * LONGEST_NAME + "b")  # not cut, and not lost
    box.fill("ă" * LONGEST_NAME)
    expect(note).to_be_hidden()
    box.fill(NAME)
    page.keyboard.press("Enter")
    expect(field(page)).to_have_value(f"2 · {NAME} (done)")
    field(page).click()
    page.keyboard.type("mang sau")
    page.keyboard.press("Enter")
    page.reload()
    expect(field(page)).to_have_value(f"2 · {NAME} (done)", timeout=PATIENCE)
    expect(page.locator("#run-picker b", has_text="mạng")).to_have_count(0)


def test_the_question_names_the_run_and_numbers_stay_when_one_is_deleted(page, runs):
    asked, requests = [], []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.locator("#delete-run").click()
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    page.evaluate("run => playgroundFeed.hurry(run)", runs[1].id)  # so that it asks often
    with page.expect_response(re.compile(runs[1].id)):
        pass
    page.locator("#delete-run").click()
    page.on("request", lambda request: requests.append(request.url))
    expect(field(page)).to_have_value(re.compile("^4 · "))
    assert [f"Delete run 2 · {NAME} with" in question for question in asked] == [True, True]
    field(page).click()
    expect(options(page)).to_have_count(3)
    assert [text.split(" ·")[0].strip("✓ \n") for text in options(page).all_inner_texts()] == ["4", "3", "1"]
    page.keyboard.press("Escape")
    expect(page.locator("#run-picker .notice")).to_be_hidden()
    expect(page.locator("#transport .state")).to_have_text("Done")
    # Gradio's own carry the page's address along, and the list is told what was in view until the answer came.
    asked_of_us = [url for url in requests if "/gradio_api/" not in url and "/playground/runs?" not in url]
    assert asked_of_us and not [url for url in asked_of_us if runs[1].id in url]


def test_a_run_deleted_elsewhere_is_told_once_and_the_picker_moves_on(page, runs):
    delete(runs[3])
    expect(page.locator("#run-picker .notice")).to_contain_text("4 · tiny", timeout=PATIENCE)
    expect(field(page)).to_have_value(re.compile("^3 · from-the-shell"))
    expect(page.locator("#transport .state")).to_have_text("Done")
    expect(page.locator(".toast-body")).to_have_count(0)


def field(page: Page):
    return page.get_by_role("combobox", name="Run in view")


def options(page: Page):
    return page.locator("#run-picker").get_by_role("option")
