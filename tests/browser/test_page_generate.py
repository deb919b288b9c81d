"""Writing in a real browser: tokens stream in, are tinted and explained, and nothing that is typed breaks the page."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.runs.plan import plan_run
from core.runs.training_run import train_run
from core.text.corpora import own_text
from tests.served import served, visited

PATIENCE = 60_000
TEXT = "Anna sang to Otto, and Otto sang to Anna. " * 60


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Serve a page with one small run that is done."""
    root = tmp_path_factory.mktemp("writing") / "runs"
    model = {"block_size": 16, "n_layer": 48, "n_head": 2, "n_embd": 16}  # deep, so that Stop comes before the end
    plan = plan_run(own_text(TEXT), {"preset": "tiny"}, model, {"steps": 4, "batch_size": 8, "warmup_steps": 0})
    run = plan.create(root)
    for _ in train_run(run):
        pass
    with served(root, env={"HF_HUB_CACHE": str(root / "no-gpt2")}) as address:
        yield address


@pytest.fixture(scope="module")
def page(site, browser):
    """Open the tab once: a visit costs seconds, and each test writes anew."""
    with visited(browser, site) as page:
        page.set_default_timeout(PATIENCE)
        expect(page.locator("#count-line")).to_contain_text("parameters", timeout=PATIENCE)
        with page.expect_response(re.compile("/run/predict")):  # its fields are there, and are checked
            page.get_by_role("tab", name="Generate").click()
        expect(page.locator("#length input[type=number]")).to_be_visible()
        yield page


def test_text_streams_in_and_every_token_tells_its_candidates(page):
    write(page, "Anna ", length=40)
    expect(tokens(page)).to_have_count(40)
    expect(page.locator("#written")).to_contain_text("tokens/s")
    tokens(page).nth(3).hover()
    rows = page.locator("#written .panel .rows > *, #written .panel li, #written .panel tr")
    expect(page.locator("#written .panel")).to_be_visible()
    assert rows.count() >= 10


def test_the_same_seed_writes_the_same_text_and_greedy_needs_none(page):
    write(page, "Otto ", length=25)
    expect(tokens(page)).to_have_count(25)
    first, seed = written(page), page.locator("#sample-seed input").input_value()
    expect(page.locator("#written .seed")).to_have_text(f"seed {seed}")
    write(page, "Otto ", length=26)
    expect(tokens(page)).to_have_count(26)
    assert page.locator("#sample-seed input").input_value() != seed, "another click, another seed"
    page.locator("#sample-seed input").fill(seed)
    expect(page.locator("#keep-seed input")).to_be_checked()  # who types a seed wants it
    write(page, "Otto ", length=24)
    expect(tokens(page)).to_have_count(24)
    assert first.startswith(written(page)) and page.locator("#sample-seed input").input_value() == seed


@pytest.mark.slow
def test_the_text_can_be_copied_and_stays_when_the_language_changes(page):
    write(page, "Otto ", length=25)  # not 24 as before: so what is counted is not the earlier text
    expect(tokens(page)).to_have_count(25)
    plain = page.evaluate("""() => {
        const range = document.createRange();
        range.selectNodeContents(document.querySelector('#written .paper'));
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        return getSelection().toString();
    }""")
    assert plain.startswith("Otto ") and len(plain) == 30 and "\u21b5" not in plain
    with page.expect_download() as saved:
        page.locator("#written .save").click()
    assert Path(saved.value.path()).read_text(encoding="utf-8") == plain
    page.locator("#language label").nth(1).click()
    expect(page.locator("#written .state")).to_have_text("Xong")
    expect(page.locator("#written .by")).to_contain_text("bước 30")
    assert tokens(page).count() == 25 and page.locator("#prompt textarea").input_value() == "Otto "
    page.locator("#language label").nth(0).click()
    expect(page.locator("#written .state")).to_have_text("Done")


def test_on_a_phone_generate_brings_its_text_into_view(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(reduced_motion="reduce")
    write(page, "Otto ", length=5)
    box = page.locator("#written .paper").bounding_box()
    assert 0 <= box["y"] < 600, box
    assert 0 <= page.locator("#generate-stop").bounding_box()["y"] < 844, "Stop is in reach of a thumb"
    page.set_viewport_size({"width": 1280, "height": 900})


def test_stop_stops_and_keeps_what_is_written(page):
    write(page, "Anna ", length=1000, wait=False)
    expect(page.locator("#written")).to_contain_text("Writing")  # before, there is what was written the last time
    expect(tokens(page).nth(20)).to_be_attached()
    page.locator("#generate-stop").click()
    expect(page.locator("#written")).to_contain_text("Stopped")
    page.wait_for_timeout(1000)  # Stop answers before the tokens that were on their way
    count = tokens(page).count()
    page.wait_for_timeout(500)
    assert 20 <= tokens(page).count() == count < 1000


@pytest.mark.slow
def test_unknown_characters_are_named_and_the_choice_is_kept(page):
    write(page, "Ánna é", length=5)
    expect(page.locator("#written")).to_contain_text("'é' (U+00E9)")
    expect(page.locator("#written")).to_contain_text("Replaced")
    page.locator("#unknown label").filter(has_text="leave out").click()
    write(page, "Anna é", length=5)
    expect(page.locator("#written")).to_contain_text("Left out")
    page.reload()
    page.get_by_role("tab", name="Generate").click()
    expect(page.locator("#unknown label").filter(has_text="leave out").locator("input")).to_be_checked()


def test_what_the_model_cannot_see_of_a_long_prompt_is_dimmed(page):
    write(page, "Anna sang to Otto, and Otto sang", length=3)
    expect(page.locator("#written")).to_contain_text("only the last 16 of the prompt's 32 tokens")
    expect(page.locator("#written .prompt .unseen")).not_to_have_count(0)


def test_hostile_prompts_run_nothing(page):
    write(page, "<img src=x onerror='window.hacked=1'>${window.hacked=2}`{{value}}`", length=5)
    expect(tokens(page)).to_have_count(5)
    assert page.evaluate("window.hacked") is None


def test_an_earlier_self_can_be_asked(page):
    page.locator("#step-slider .steps").press("Home")
    write(page, "Anna ", length=10)
    expect(tokens(page)).to_have_count(10)
    expect(page.locator("#written .by")).to_contain_text("step 0")


def test_bad_sampling_options_are_refused_beside_their_field_as_they_are_typed(page):
    for field, typed, said in (("top-k", "-3", "top_k=-3 is not possible"), ("temperature", "500", "temperature=500"),
                               ("sample-seed", "-1", "seed=-1 is not possible")):  # fmt: skip
        box = page.locator(f"#{field} input[type=number]")
        before = box.input_value()
        box.fill(typed)
        expect(page.locator(f"#{field} .refusal")).to_contain_text(said)
        box.press("Tab")
        expect(page.locator(f"#{field} .refusal")).to_contain_text(said)
        assert box.input_value() == typed, "what was typed stays, and nobody puts it within the bounds"
        box.fill(before)
        expect(page.locator(f"#{field} .refusal")).to_have_count(0)


@pytest.mark.slow
def test_a_prompt_that_is_too_long_is_refused_beside_its_field(page):
    box, refusal = page.locator("#prompt textarea"), page.locator("#prompt .refusal")
    box.fill("1" * 1_000_001)
    expect(refusal).to_contain_text("The prompt has 1,000,001 characters, more than the 1,000,000 allowed; shorten it")
    box.fill("Anna ")
    expect(refusal).to_have_count(0)


def test_a_model_that_is_not_here_is_refused_beside_its_choice_and_in_the_card_without_a_toast(page):
    choices, refusal = page.locator("#generate-source label"), page.locator("#generate-source .refusal")
    said = "GPT-2's weights are not on this machine yet; load them in the Compare tab"
    choices.nth(1).click()
    expect(refusal).to_have_text(said)
    page.locator("#generate-button").click()
    expect(page.locator("#written .note")).to_have_text(said)
    expect(page.locator("#written .state")).to_contain_text("Not written")
    assert page.get_by_test_id("toast-text").count() == 0
    choices.nth(0).click()
    expect(refusal).to_have_count(0)
    write(page, "Anna ", length=5)
    expect(page.locator("#written .note")).to_be_hidden()


def write(page: Page, prompt: str, length: int, wait: bool = True) -> None:
    page.locator("#prompt textarea").fill(prompt)
    field = page.locator("#length input[type=number]")
    field.fill(str(length))
    field.press("Tab")
    page.locator("#generate-button").click()
    if wait:
        expect(page.locator("#written")).to_contain_text(re.compile("Done"))


def tokens(page: Page):
    return page.locator("#written .tokens > *")


def written(page: Page) -> str:
    return page.locator("#written .tokens").inner_text()
