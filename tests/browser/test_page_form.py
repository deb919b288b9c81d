"""What the form says on the real page: its preset, its seed, an own text that is not there yet or is there again."""

import re

import pytest
from playwright.sync_api import Page, expect

from core.runs.plan import plan_run
from core.runs.training_run import train_run
from core.text.corpora import own_text
from tests.served import served, visited

PATIENCE = 60_000
TEXT = "the cat sat on the mat and the dog sat on the log. " * 60


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with served(tmp_path_factory.mktemp("form") / "runs", "--no-welcome") as address:
        yield address


@pytest.fixture
def page(address, browser):
    with visited(browser, address) as page:
        page.set_default_timeout(PATIENCE)
        expect(page.locator("#count-line")).to_contain_text("parameters", timeout=PATIENCE)
        yield page


def test_the_chosen_preset_clicked_again_fills_the_form_with_it_again(page):
    count = page.locator("#count-line")
    page.locator("#advanced > button").click()
    set_number(page, "n_layer", 7)
    set_number(page, "seed", 85669)
    expect(count).to_contain_text("small, changed: n_layer 7, seed 85669")
    small = page.locator("#preset label").filter(has_text=re.compile(r"^\s*small "))
    expect(small.locator("input")).to_be_checked()
    small.click()
    expect(field(page, "n_layer")).to_have_value("4")
    expect(field(page, "seed")).to_have_value("1337")
    expect(count).not_to_contain_text("changed")
    page.locator("#preset label").filter(has_text=re.compile(r"^\s*tiny ")).click()
    expect(field(page, "n_layer")).to_have_value("2")


def test_what_is_clicked_while_the_page_opens_waits_and_is_kept(page):
    """An answer that comes after it would overwrite it."""
    held = []
    page.route("**/gradio_api/run/**", lambda route: held.append(route))
    page.reload()
    expect(page.locator("html")).to_have_class(re.compile("opening"), timeout=PATIENCE)
    tiny = page.locator("#preset label").filter(has_text=re.compile(r"^\s*tiny "))
    box = tiny.bounding_box()
    page.mouse.click(box["x"] + 9, box["y"] + 9)
    page.wait_for_timeout(300)
    expect(tiny.locator("input")).not_to_be_checked()
    for route in held:
        route.continue_()
    page.unroute("**/gradio_api/run/**")
    tiny.click()  # it waits until the label can be hit
    expect(page.locator("html")).not_to_have_class(re.compile("opening"))
    expect(page.locator("#count-line")).to_contain_text(re.compile("105,[0-9]{3} parameters"))
    expect(tiny.locator("input")).to_be_checked()


def test_an_own_text_that_is_missing_is_asked_for_and_one_that_is_there_is_told_after_a_reload_too(page):
    count, said = page.locator("#count-line"), page.locator("#own-said")
    page.locator("#corpus input").click()
    page.get_by_role("option", name="Your own text").click()
    expect(count).to_contain_text("No text yet. Paste one into the box, or upload a file")
    box = page.get_by_label("Your text", exact=True)
    box.fill(TEXT)
    box.blur()
    expect(count).to_contain_text("parameters")
    expect(said).to_contain_text("3,060 characters")
    page.reload()
    expect(box).to_have_value(TEXT, timeout=PATIENCE)
    expect(said).to_contain_text("3,060 characters", timeout=PATIENCE)
    page.get_by_label("Tiếng Việt").check()
    expect(said).to_contain_text("3.060 ký tự")
    box.fill("")
    expect(count).to_contain_text("Chưa có văn bản")


@pytest.mark.slow
def test_the_form_shows_the_seed_of_a_run_with_a_new_seed_and_the_picker_names_it(page):
    page.locator("#advanced > button").click()
    page.locator("#preset label").filter(has_text=re.compile(r"^\s*tiny ")).click()
    expect(field(page, "n_embd")).to_have_value("64")
    set_number(page, "steps", 100)
    page.locator("#train-button").click()
    picker = page.locator("#run-picker input")
    expect(picker).to_have_value(re.compile("^1 · "), timeout=PATIENCE)
    page.get_by_role("button", name="New seed").click()
    expect(picker).to_have_value(re.compile(r"^2 · .*seed \d+\)"), timeout=PATIENCE)
    seed = re.search(r"seed (\d+)\)", picker.input_value())[1]
    expect(field(page, "seed")).to_have_value(seed)
    expect(page.locator("#count-line")).to_contain_text(f"tiny, changed: steps 100, seed {seed}")
    page.reload()
    expect(page.locator("#count-line")).to_contain_text(f"seed {seed}", timeout=PATIENCE)


@pytest.mark.slow
def test_the_first_run_that_comes_after_the_page_was_opened_is_put_into_view(tmp_path, browser):
    """A page may be there before its server's welcome run is."""
    root = tmp_path / "runs"
    with served(root, "--no-welcome") as address, visited(browser, address) as page:
        expect(page.locator("#count-line")).to_contain_text("parameters", timeout=PATIENCE)
        expect(page.locator("html")).not_to_have_class(re.compile("opening"), timeout=PATIENCE)
        assert page.locator("#run-picker input").input_value() == "No run yet"
        model = {"block_size": 16, "n_layer": 1, "n_head": 2, "n_embd": 16}
        run = plan_run(own_text(TEXT), {"preset": "tiny"}, model, {"steps": 3, "batch_size": 2}).create(root)
        for _ in train_run(run):
            pass
        expect(page.locator("#run-picker input")).to_have_value(re.compile("^1 · "), timeout=PATIENCE)
        expect(page.locator("#loss-chart canvas")).to_have_attribute("aria-label", re.compile("Loss after 3"))


def field(page: Page, name: str):
    return page.locator(f"#field-{name} input")


def set_number(page: Page, name: str, value: int) -> None:
    field(page, name).fill(str(value))
    field(page, name).press("Tab")
