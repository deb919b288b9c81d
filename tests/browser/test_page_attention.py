"""Looking inside in a real browser: hover, heads, snapshots, silencing, downloads, and hostile text."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from core.runs.config import Status
from core.runs.directory import RunDir
from core.runs.plan import plan_run
from core.runs.training_run import train_run
from core.text.corpora import own_text
from tests.served import served, visited

PATIENCE = 60_000
HOSTILE = "<img src=x onerror='window.hacked=1'> ${window.hacked=2} `{{x}}` "
TEXT = f"Anna sang to Otto, and Otto sang to Anna. {HOSTILE}" * 30


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("attention") / "runs"


@pytest.fixture(scope="module")
def site(root):
    """Serve a page with one small run that is done."""
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
        drawn(page)  # the tabs get their words with the same answer, and may lose a click then
        page.get_by_role("tab", name="Attention").click()
        expect(page.locator("#attention-view .tokens > *").first).to_be_visible(timeout=PATIENCE)
        expect(page.locator("#head-lines")).to_contain_text("previous token")  # what comes last
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


def test_the_lens_shows_what_each_layer_would_say_and_ten_of_a_cell_without_the_server(page):
    type_text(page, "Otto sang")
    expect(tokens(page)).to_have_count(9)
    lens = page.locator("#lens")
    lens.locator("summary").click()
    expect(lens.locator(".cell")).to_have_count(3 * 9)  # before the two layers, and after each of them
    expect(lens.locator(".said")).to_be_empty()
    expect(lens.locator(".row-name")).to_have_text(["embedding", "after layer 0", "after layer 1"])
    expect(lens.locator(".ten li")).to_have_count(10)
    asked = []
    page.on("request", lambda request: is_of_the_lens(request) and asked.append(request.url))
    lens.locator('.cell[data-depth="0"][data-position="3"]').click()
    expect(lens.locator(".ten h3")).to_have_text("embedding, 3 'o': the likeliest next tokens")
    page.keyboard.press("ArrowDown")
    expect(lens.locator(".ten h3")).to_contain_text("after layer 0, 3 'o'")
    expect(lens.locator('.cell[aria-pressed="true"]')).to_be_focused()
    assert asked == []
    page.locator("#step-slider .steps").focus()
    with page.expect_request(is_of_the_lens, timeout=PATIENCE):
        page.keyboard.press("Home")  # another snapshot brings its own
    expect(page.locator("#attention-view .of")).to_contain_text("step 0")
    expect(lens.locator(".ten li b").first).not_to_be_empty()
    expect(page.locator("#lens .stale")).to_have_count(0)
    assert len(asked) == 1
    page.keyboard.press("End")
    expect(page.locator("#attention-view .of")).to_contain_text("step 20")
    lens.locator("summary").click()


def test_letters_find_their_neighbours_and_playing_asks_the_server_for_nothing(page, root):
    card, run = page.locator("#neighbours"), RunDir(next(root.glob("*/run.json")).parent)
    near, step = card.locator(".five .text"), card.locator(".step-name")
    card.locator("summary").click()
    expect(card.locator(".point")).to_have_count(len(set(TEXT)))
    expect(step).to_have_text("step 20")
    asked = []
    page.on("request", lambda request: "/queue/join" in request.url and asked.append(request.url))
    click_point(page, card, "t")
    expect(card.locator(".beside h3")).to_have_text("t (consonant): nearest at step 20")
    expect(near).to_have_text(nearest_by_hand(run, 20, "t"))
    card.locator(".play").click()  # at the end: from the start
    expect(step).to_have_text("step 0")
    expect(near).to_have_text(nearest_by_hand(run, 0, "t"))
    expect(card.locator(".history tr")).to_have_count(len(run.snapshots()))
    expect(step).to_have_text("step 1")
    card.locator(".play").click()
    page.wait_for_timeout(1_200)  # longer than a snapshot is shown
    expect(step).to_have_text("step 1")
    card.locator(".history button").nth(3).click()
    expect(step).to_have_text("step 5")
    expect(card.locator(".history button").nth(3)).to_be_focused()
    point_of(card, "t").focus()
    page.keyboard.press("ArrowRight")
    expect(card.locator(".beside h3")).to_have_text("w (consonant): nearest at step 5")
    expect(point_of(card, "w")).to_be_focused()
    assert asked == []
    page.locator("#step-slider .steps").focus()
    page.keyboard.press("Home")  # the header's slider moves the points too
    expect(step).to_have_text("step 0")
    page.keyboard.press("End")
    expect(step).to_have_text("step 20")
    asked.clear()
    card.locator("[data-table=positions]").click()
    expect(card.locator(".point")).to_have_count(32)
    expect(card.locator(".company")).to_contain_text("of the positions")
    card.locator("[data-table=tokens]").click()
    expect(card.locator(".beside h3")).to_have_text("w (consonant): nearest at step 20")
    assert asked == []


def test_the_points_glide_but_for_who_wishes_no_motion(page):
    go = """() => { const slider = document.querySelector('#neighbours .steps');
        slider.value = slider.value === slider.max ? 0 : slider.max;
        slider.dispatchEvent(new Event('input'));
        return [...document.querySelectorAll('#neighbours .point')].map((node) => node.getAttribute('transform')); }"""
    page.emulate_media(reduced_motion="reduce")
    first, second = page.evaluate(go), page.evaluate(go)
    assert first != second and page.evaluate(go) == first
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(go) == first  # on their way
    expect(page.locator("#neighbours .point").first).to_have_attribute("transform", second[0])
    page.locator("#neighbours summary").click()


def test_snapshots_can_be_scrubbed(page):
    slider = page.locator("#step-slider .steps")
    expect(slider).to_have_attribute("max", re.compile("[1-9]"))
    slider.focus()
    slider.press("Home")
    expect(page.locator("#attention-view .of")).to_contain_text("step 0")
    slider.press("End")
    expect(page.locator("#attention-view .of")).to_contain_text("step 20")


def test_heads_are_silenced_with_their_standard_error_and_the_tab_says_what_bright_means(page):
    expect(page.locator("#head-map .empty")).to_contain_text(re.compile("step 20\\..*about .* for a first look"))
    page.locator("#silence-button").click()
    note = page.locator("#head-map .note")
    expect(note).to_contain_text(re.compile("Bright is not important|also costs most"), timeout=PATIENCE)
    expect(note).to_contain_text(re.compile(r"Measured on \d+ tokens of validation text"))
    expect(page.locator("#head-map .cell small").first).to_contain_text("±")
    first = page.locator("#head-map .cell").first.inner_text()
    page.locator("#step-slider .steps").focus()
    page.keyboard.press("Home")
    expect(page.locator("#head-map .empty")).to_contain_text("step 0")  # the numbers of step 20 do not stay
    page.keyboard.press("End")
    expect(page.locator("#head-map .cell").first).to_have_text(first.replace("\n", ""))


def test_text_head_and_map_stay_when_the_language_changes(page):
    type_text(page, "Otto sang")
    expect(tokens(page)).to_have_count(9)
    page.locator('#attention-view .thumb[data-layer="1"][data-head="mean"]').click()
    page.locator("#language label", has_text="Tiếng Việt").click()
    expect(page.locator("#attention-view .of")).to_contain_text("bước 20")
    expect(page.locator("#attention-text textarea")).to_have_value("Otto sang")
    expect(page.locator("#attention-view .heat h2")).to_have_text("Tầng 1, trung bình các đầu")
    expect(page.locator("#head-map .note")).to_contain_text("token của phần validation")
    expect(page.locator("#attention-downloads a").first).to_have_attribute("href", re.compile("head=mean"))
    page.locator("#language label", has_text="English").click()
    expect(page.locator("#attention-view .of")).to_contain_text("step 20")


def test_gpt2_that_is_not_here_leaves_no_other_models_map_under_its_name(page):
    page.locator("#attention-source label").last.click()
    expect(page.locator("#attention-view .empty")).to_contain_text("load them in the Compare tab")
    expect(page.locator("#attention-view .body")).to_be_hidden()
    expect(page.locator("#head-map .cell")).to_have_count(0)
    page.locator("#attention-source label").first.click()
    expect(page.locator("#attention-view .heat h2")).to_have_text("Layer 1, mean of its heads")


def test_scores_over_training_are_drawn(page):
    expect(page.locator("#head-lines")).to_contain_text("previous token")


def test_hostile_text_is_shown_literally_and_nothing_runs(page):
    type_text(page, "<img src=x onerror='window.")
    expect(tokens(page)).to_have_count(27)
    type_text(page, "${window.hacked=2} `{{x}}`")
    expect(tokens(page)).to_have_count(26)
    drawn(page)
    assert page.evaluate("window.hacked") is None
    assert page.locator("#attention-view img").count() == 0


@pytest.mark.slow
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
    drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.slow
def test_a_view_opened_before_the_first_snapshot_follows_the_run(page, root):
    model = {"block_size": 32, "n_layer": 1, "n_head": 2, "n_embd": 16}
    run = plan_run(own_text(TEXT), {"preset": "tiny"}, model, {"steps": 6, "batch_size": 8}).create(root)
    run.write_status(Status("stopped"))
    page.locator("#run-picker").get_by_role("combobox").click()
    expect(page.locator("#run-picker").get_by_role("option")).to_have_count(2, timeout=PATIENCE)
    page.locator("#run-picker").get_by_role("option").first.click()
    expect(page.locator("#attention-view .empty")).to_contain_text("no snapshot yet")
    page.locator("#neighbours summary").click()
    expect(page.locator("#neighbours .said")).to_contain_text("no snapshot yet")
    for _ in train_run(run):
        pass
    expect(page.locator("#attention-view .of")).to_contain_text("step 6", timeout=PATIENCE)
    expect(page.locator("#neighbours .step-name")).to_have_text("step 6", timeout=PATIENCE)


def drawn(page) -> None:
    """Wait until what has changed is on the screen."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def type_text(page, text: str) -> None:
    field = page.locator("#attention-text textarea")
    field.fill(text[:-1])
    field.press_sequentially(text[-1])


def tokens(page):
    return page.locator("#attention-view .tokens [role], #attention-view .tokens button")


def point_of(card, name: str):
    return card.locator(f'.point[aria-label^="{name},"]')


def click_point(page, card, name: str) -> None:
    """Click on a point of the neighbours' card, by where it lies on the screen."""
    mark = point_of(card, name).locator(".mark")
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def nearest_by_hand(run: RunDir, step: int, name: str) -> list[str]:
    """Return the five tokens whose embeddings have the largest cosines with one's, as the page names them."""
    chars, weight = run.config().tokenizer["chars"], run.load_snapshot(step).transformer["wte"].weight
    rows = weight.detach().double().numpy()
    own = rows[chars.index(name)]
    cosines = rows @ own / np.linalg.norm(rows, axis=1) / np.linalg.norm(own)
    return [chars[i].replace(" ", "␣") for i in np.argsort(-cosines)[1:6]]


def is_of_the_lens(request) -> bool:
    """Tell the lens' questions, which wait in the queue, from those of the way to the weights."""
    return "/queue/join" in request.url and '"stamp"' in (request.post_data or "")
