"""Looking inside in a real browser: hover, heads, snapshots, silencing, downloads, and hostile text."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from core.runs.plan import plan_run
from core.runs.training_run import train_run
from core.text.corpora import own_text
from tests.served import served, visited

PATIENCE = 60_000
HOSTILE = "<img src=x onerror='window.hacked=1'> ${window.hacked=2} `{{x}}` "
TEXT = f"Anna sang to Otto, and Otto sang to Anna. {HOSTILE}" * 30


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Serve a page with one small run that is done."""
    root = tmp_path_factory.mktemp("attention") / "runs"
    model = {"block_size": 32, "n_layer": 2, "n_head": 2, "n_embd": 16}
    run = plan_run(own_text(TEXT), {"preset": "tiny"}, model, {"steps": 20, "batch_size": 8}).create(root)
    for _ in train_run(run):
        pass
    with served(root) as address:
        yield address


@pytest.fixture(scope="module")
def shared_page(site, browser):
    """Open the tab once: a visit costs seconds, and each test types its own text or needs none."""
    with visited(browser, site) as page:
        page.set_default_timeout(PATIENCE)
        expect(page.locator("#count-line")).to_contain_text("parameters", timeout=PATIENCE)
        page.wait_for_timeout(300)  # the tabs get their words with the same answer, and may lose a click then
        page.get_by_role("tab", name="Attention").click()
        expect(page.locator("#attention-view .tokens > *").first).to_be_visible(timeout=PATIENCE)
        page.wait_for_timeout(500)
        yield page


@pytest.fixture
def page(shared_page):
    shared_page.set_viewport_size({"width": 1280, "height": 1000})
    return shared_page


def test_a_typed_text_is_looked_at_and_a_token_tells_what_it_sees(page):
    type_text(page, "Otto sang")
    expect(tokens(page)).to_have_count(9)
    tokens(page).nth(4).hover()
    expect(page.locator("#attention-view .strong")).to_contain_text("attends to")
    expect(page.locator("#attention-view .strong ol > *")).not_to_have_count(0)
    expect(page.locator("#attention-view .next ol > *")).not_to_have_count(0)


def test_the_way_to_the_weights_is_shown_in_real_numbers(page):
    type_text(page, "Otto sang")
    expect(tokens(page)).to_have_count(9)
    page.locator("#attention-detail summary").click()
    table = page.locator("#attention-detail table")
    expect(table).to_contain_text("after softmax")
    expect(page.locator("#attention-detail")).to_contain_text("1.000")


def test_snapshots_can_be_scrubbed(page):
    slider = page.locator("#attention-view .steps")
    expect(slider).to_have_attribute("max", re.compile("[1-9]"))
    slider.focus()
    slider.press("Home")
    expect(page.locator("#attention-view .step-name")).to_have_text("step 0")
    slider.press("End")
    expect(page.locator("#attention-view .step-name")).to_have_text("step 20")


def test_heads_are_silenced_in_turn_and_the_tab_says_that_bright_is_not_important(page):
    page.locator("#silence-button").click()
    expect(page.locator("#head-map")).to_contain_text("nats", timeout=PATIENCE)
    expect(page.locator("#head-map .note")).to_contain_text(re.compile("Bright is not important|also the one"))


def test_scores_over_training_are_drawn(page):
    expect(page.locator("#head-lines")).to_contain_text("previous token")


def test_hostile_text_is_shown_literally_and_nothing_runs(page):
    type_text(page, "<img src=x onerror='window.")
    expect(tokens(page)).to_have_count(27)
    type_text(page, "${window.hacked=2} `{{x}}`")
    expect(tokens(page)).to_have_count(26)
    page.wait_for_timeout(300)
    assert page.evaluate("window.hacked") is None
    assert page.locator("#attention-view img").count() == 0


def test_pictures_and_numbers_can_be_taken_away(page):
    type_text(page, "Otto sang")
    expect(tokens(page)).to_have_count(9)
    links = page.locator("#attention-downloads a")
    expect(links).to_have_count(5)
    expect(links.first).to_have_attribute("href", re.compile("Otto"))
    for i, magic in enumerate((b"\x89PNG", b"<?xml", b"\x89PNG", b"<?xml", b"PK")):
        with page.expect_download() as download:
            links.nth(i).click()
        content = Path(download.value.path()).read_bytes()
        assert content.startswith(magic)
    numbers = np.load(io.BytesIO(content))
    assert numbers["weights"].shape == (2, 2, 9, 9)
    np.testing.assert_allclose(numbers["weights"].sum(-1), 1, atol=1e-5)


def test_on_a_phone_nothing_is_wider_than_the_screen(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def type_text(page, text: str) -> None:
    field = page.locator("#attention-text textarea")
    field.fill(text[:-1])
    field.press_sequentially(text[-1])


def tokens(page):
    return page.locator("#attention-view .tokens [role], #attention-view .tokens button")
