"""The main job in a real browser: start, watch, pause, step, resume, reload, stop, compare, download."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.config import GPTConfig
from core.formula import count_of
from core.runs.directory import RunDir
from core.runs.presets import PRESETS
from playground.train.form import NAMES as FIELDS
from tests.served import served
from tests.tiny_runs import wait_for, wait_for_state
from tests.vietnamese import foreign_words

PATIENCE = 60_000  # milliseconds: a busy machine is slow, not wrong
TEXT = "the cat sat on the mat and the dog sat on the log. " * 60


@pytest.fixture(scope="module")
def site(tmp_path_factory, browser):
    """Serve a page with its welcome run; Tiny Shakespeare's place is taken by nobody: no data directory is set."""
    root = tmp_path_factory.mktemp("site") / "runs"
    with served(root) as address:
        yield address, root


@pytest.fixture
def page(site, browser):
    """Open the page in a fresh profile, and fail for any request that leaves this machine or any script error."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page, strangers, errors = context.new_page(), [], []
    page.on("request", lambda request: _is_local(request.url) or strangers.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_default_timeout(PATIENCE)
    page.goto(site[0])
    expect(page.locator("#count-line")).to_contain_text("parameters", timeout=PATIENCE)
    yield page
    context.close()
    assert strangers == [] and errors == []


def test_the_first_page_shows_a_welcome_run_that_learns(page, site):
    expect(page.locator("#run-picker input")).to_have_value(re.compile("Welcome run"))
    expect(page.locator("#samples .rows .row")).not_to_have_count(0, timeout=PATIENCE)
    expect(page.locator("#loss-chart canvas")).to_have_attribute("aria-label", re.compile(r"Loss after \d+"))
    run = RunDir(site[1] / "welcome")
    assert run.status().state in ("running", "done")
    if run.status().state == "running":  # its steps would take the cores from the tests that follow
        page.get_by_role("button", name="Stop", exact=True).click()
        wait_for(lambda: run.status().state in ("stopped", "done"))


def test_a_run_is_started_paused_stepped_resumed_found_again_and_stopped(page, site):
    fill_own_text(page)
    set_number(page, "steps", 100_000)
    press_train(page)
    run = newest(site[1])
    wait_for_step(page, 5)

    page.get_by_role("button", name="Pause").click()
    expect(state(page)).to_have_text("Paused")
    step = settled(run, "paused")
    page.wait_for_timeout(600)
    assert run.status().step == step  # it stands

    page.get_by_role("button", name="Step", exact=True).click()
    expect(progress(page)).to_contain_text(f"{step + 1} /")
    assert settled(run, "paused") == step + 1

    page.get_by_role("button", name="Play", exact=True).click()
    expect(state(page)).to_have_text("Training")
    wait_for_step(page, step + 20)

    page.reload()
    expect(state(page)).to_have_text("Training")
    expect(page.locator("#corpus input")).to_have_value("Your own text")
    expect(page.get_by_label("Your text", exact=True)).to_have_value(re.compile("^the cat sat"))
    wait_for_step(page, step + 25)

    page.get_by_role("button", name="Stop", exact=True).click()
    expect(state(page)).to_have_text("Stopped")
    stopped = settled(run, "stopped")
    assert stopped in run.snapshots()
    rows = run.rows("metrics")[0]
    assert [row["step"] for row in rows] == list(range(stopped + 1))


def test_train_pressed_right_after_a_preset_trains_that_preset(page, site):
    before = number_of(site[1])
    page.evaluate("""() => {
      [...document.querySelectorAll('#preset label')].find((label) => /^\\s*express /.test(label.innerText)).click();
      setTimeout(() => document.querySelector('#train-button').click(), 20);
    }""")
    expect(page.locator("#run-picker input")).to_have_value(re.compile(rf"^{before + 1} .*express"), timeout=PATIENCE)
    config = newest(site[1]).config()
    assert (config.preset, config.train.steps, config.model.n_layer) == ("express", 360, 2)
    page.get_by_role("button", name="Stop", exact=True).click()


def test_reset_gives_the_same_losses_and_a_new_seed_others(page, site):
    fill_own_text(page)
    set_number(page, "steps", 12)
    press_train(page)
    first = newest(site[1])
    settled(first, "done")
    number_before = number_of(site[1])
    expect(state(page)).to_have_text("Done")
    page.get_by_role("button", name="Reset", exact=True).click()
    expect(page.locator("#run-picker input")).to_have_value(re.compile(rf"^{number_before + 1} "))
    again = newest(site[1])
    settled(again, "done")
    assert again.id != first.id and losses(again) == losses(first)
    page.get_by_role("button", name="New seed").click()
    expect(page.locator("#run-picker input")).to_have_value(re.compile(rf"^{number_before + 2} "))
    other = newest(site[1])
    settled(other, "done")
    assert other.id != again.id and losses(other) != losses(first)


@pytest.mark.slow
def test_a_finished_run_is_continued_for_as_many_steps_again(page, site):
    fill_own_text(page)
    set_number(page, "steps", 10)
    press_train(page)
    expect(progress(page)).to_contain_text("10 / 10")
    expect(state(page)).to_have_text("Done")
    page.get_by_role("button", name="Continue").click()
    expect(progress(page)).to_contain_text("20 / 20")
    expect(state(page)).to_have_text("Done")


def test_what_is_refused_is_said_beside_its_field_while_one_types_and_nothing_is_made(page, site):
    before = number_of(site[1])
    choose_preset(page, "small")
    open_advanced(page)
    set_number(page, "n_layer", 97)
    set_number(page, "sample_tokens", "")
    set_number(page, "n_embd", 100)
    set_number(page, "n_head", 3)
    said = "n_embd=100 is not divisible by n_head=3; try n_embd=99 or 102"
    expect(refusal_of(page, "n_layer")).to_have_text(
        "n_layer=97 is not possible; it must be a whole number from 1 to 96"
    )
    expect(refusal_of(page, "sample_tokens")).to_contain_text("sample_tokens is empty; it must be a whole number")
    expect(page.locator("#field-n_layer input")).to_have_value("97")  # what is refused stands in the box
    expect(page.locator("#field-n_layer input")).to_have_attribute("aria-invalid", "true")
    set_number(page, "sample_tokens", 9)
    set_number(page, "n_layer", 2)
    expect(refusal_of(page, "n_embd")).to_have_text(said)
    expect(page.locator(".refusal")).to_have_count(1)
    expect(page.locator("#count-line")).to_contain_text(said)
    page.locator("#advanced > button").click()
    page.locator("#train-button").click()
    expect(page.locator(".toast-body")).to_contain_text(said)
    expect(page.locator("#field-n_embd input")).to_be_focused()  # Advanced is open, there
    page.get_by_label("Tiếng Việt").check()
    page.get_by_label("English").check()
    set_number(page, "n_embd", 102)
    expect(page.locator(".refusal")).to_have_count(0)
    expect(page.locator("#count-line")).to_contain_text("small, changed: n_layer 2, n_head 3, n_embd 102")

    rate = page.locator("#field-learning_rate input")
    for value, key, then in (("0.006", "ArrowUp", "0.007"), ("0.00005", "ArrowUp", "0.00006"),
                             ("0.001", "ArrowDown", "0.0009")):  # fmt: skip
        rate.fill(value)
        rate.press(key)
        expect(rate).to_have_value(then)
    page.locator("#field-block_size input").press("ArrowUp")
    expect(page.locator("#field-block_size input")).to_have_value("72")

    page.reload()
    choose(page, "#corpus", "Your own text")
    choose_preset(page, "tiny")
    page.get_by_label("Your text", exact=True).fill("too short")
    page.locator("#train-button").click()
    expect(page.locator(".toast-body")).to_contain_text("9 tokens, but block_size=32 needs at least 330")
    expect(refusal_of(page, "block_size")).to_contain_text("9 tokens")
    assert number_of(site[1]) == before


def test_the_count_follows_a_paste_and_an_upload_and_typing_sends_no_text(page):
    sent = []
    page.on("request", lambda request: sent.append(len(request.post_data or "")))
    choose(page, "#corpus", "Your own text")
    choose_preset(page, "tiny")
    box = page.get_by_label("Your text", exact=True)
    letters = "abcdefghijklmnopqrst"
    box.fill(letters * 5_000)
    expect(page.locator("#count-line")).to_contain_text(f"{parameters(20):,} parameters")
    box.fill((letters + "uvwxyz") * 5_000)
    expect(page.locator("#count-line")).to_contain_text(f"{parameters(26):,} parameters")
    box.press("End")
    box.type("ABC")
    expect(page.locator("#count-line")).to_contain_text(f"{parameters(29):,} parameters")
    open_advanced(page)
    set_number(page, "sample_tokens", 10)
    set_number(page, "prompt", "abc?")
    expect(refusal_of(page, "prompt")).to_contain_text("characters that the text never uses: '?'")
    assert sum(size > 5_000 for size in sent) <= 1  # the text has 130,003: read once, when the box is left
    page.locator("#own-file input[type=file]").set_input_files(
        {"name": "a.txt", "mimeType": "text/plain", "buffer": ("xyz\n" * 9_000).encode()}
    )
    expect(box).to_have_value(re.compile("^xyz"))
    expect(refusal_of(page, "prompt")).to_contain_text("'a' (U+0061), 'b' (U+0062)")


@pytest.mark.slow
def test_play_with_no_run_trains_the_chosen_preset(tmp_path, browser):
    root = tmp_path / "runs"
    page = browser.new_page()
    with served(root, "--no-welcome") as address:
        page.goto(address)
        expect(page.locator("#count-line")).to_contain_text("parameters", timeout=PATIENCE)
        choose_preset(page, "bigram")
        page.get_by_role("button", name="Train", exact=True).last.click()
        expect(page.locator("#run-picker input")).to_have_value(re.compile("bigram"), timeout=PATIENCE)
        assert newest(root).config().preset == "bigram"
        page.locator("#code button").first.click()
        expect(page.locator("#code")).to_contain_text("class Bigram")
        page.close()


def test_train_is_where_the_eye_is_on_a_laptop_a_projector_and_a_phone(site, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900}, has_touch=True)
    page.goto(site[0])
    expect(page.locator("#count-line")).to_contain_text("parameters", timeout=PATIENCE)
    button = page.locator("#train-button")
    expect(button).to_be_in_viewport(ratio=1)
    choose(page, "#corpus", "Your own text")
    expect(button).to_be_in_viewport(ratio=1)
    open_advanced(page)
    page.locator("#field-sample_tokens").scroll_into_view_if_needed()
    expect(button).to_be_in_viewport(ratio=1)
    expect(page.locator("#count-line")).to_be_in_viewport(ratio=1)
    page.locator("#advanced > button").click()

    for term, said in (("#loss-chart .val-label", "never learns"), ("[data-figure=grad_norm]", "gradient")):
        page.locator(term).tap()
        expect(page.locator(".meaning-of")).to_contain_text(said)
        expect(page.locator(".meaning-of")).to_be_visible()
        page.keyboard.press("Escape")
    page.locator("#loss-chart .train-label").press("Enter")
    expect(page.locator(".meaning-of")).to_contain_text("nine tenths")
    page.keyboard.press("Escape")
    expect(page.locator(".meaning-of")).to_be_hidden()

    small = page.locator("#loss-chart .key").first.bounding_box()["height"]
    page.set_viewport_size({"width": 1920, "height": 1080})
    assert page.locator("#tabs").bounding_box()["width"] > 1_780
    assert page.locator("#loss-chart .key").first.bounding_box()["height"] > 1.1 * small
    page.locator("#present-button").click()
    assert page.url.endswith(("?present=", "&present="))
    for selector in ("#loss-chart", "#transport .meaning", "#samples"):
        expect(page.locator(selector)).to_be_in_viewport(ratio=0.9)
    for selector in ("#header", "#train-button", "#tabs [role=tablist]", "#transport .deck", "#downloads"):
        expect(page.locator(selector)).to_be_hidden()
    page.reload()
    expect(page.locator("#loss-chart")).to_be_visible()
    expect(button).to_be_hidden()
    page.keyboard.press("Escape")
    expect(button).to_be_visible()
    assert "present" not in page.url

    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.get_by_label("More tabs")).to_be_hidden()
    for name in ("Generate", "Attention", "Compare", "Train"):
        page.get_by_role("tab", name=name).tap()
        expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
    page.close()


def test_with_no_network_the_missing_text_is_explained(page, site):
    before = number_of(site[1])
    choose(page, "#corpus", "Tiny Shakespeare")
    page.locator("#train-button").click()
    expect(page.locator(".toast-body")).to_contain_text("GPT_PLAYGROUND_DATA")
    assert number_of(site[1]) == before


def test_the_parameter_count_follows_the_settings(page):
    choose(page, "#corpus", "Built-in plays")
    choose_preset(page, "bigram")
    expect(page.locator("#count-line")).to_contain_text("4,900 parameters")
    choose(page, "#corpus", "Tiny Shakespeare")
    choose_preset(page, "lecture")
    expect(page.locator("#count-line")).to_contain_text("10,788,929 parameters")
    expect(page.locator("#count-line")).to_contain_text("8.67 % of GPT-2 small")


def test_downloads_hold_the_run(page, site, tmp_path):
    with page.expect_download() as download:
        page.get_by_role("link", name="curve as CSV").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert lines[0].startswith("step,loss,train_loss,val_loss") and lines[1].startswith("0,,")
    with page.expect_download() as download:
        page.get_by_role("link", name="its settings (JSON)").click()
    settings = newest(site[1]).config().to_json()
    del settings["owner"]  # whose a run is, is nobody's to read
    assert json.loads(Path(download.value.path()).read_text()) == settings
    for name, magic in (("as PNG", b"\x89PNG"), ("as SVG", b"<?xml")):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        assert Path(download.value.path()).read_bytes().startswith(magic)


@pytest.mark.slow
def test_a_second_tab_sees_the_same_run_and_a_hostile_text_runs_nothing(page, site):
    hostile = '<img src=x onerror="window.hacked=1"> ${window.hacked=2} `x` {{value}} </script> ' * 40
    fill_own_text(page, hostile)
    set_number(page, "steps", 30)
    press_train(page)
    settled(newest(site[1]), "done")
    other = page.context.new_page()
    other.goto(site[0])
    expect(state(other)).to_have_text("Done", timeout=PATIENCE)
    expect(progress(other)).to_contain_text("30 / 30")
    for tab in (page, other):
        expect(tab.locator("#samples .rows .row")).not_to_have_count(0)
        assert tab.evaluate("window.hacked") is None


@pytest.mark.slow
def test_the_page_speaks_vietnamese_and_keeps_to_it(page, site):
    page.get_by_label("Tiếng Việt").check()
    expect(page.locator("#train-button")).to_have_text("Huấn luyện")
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    expect(page.get_by_role("tab", name="Sinh văn bản")).to_be_visible()
    expect(page.locator("#transport .meaning")).to_contain_text(re.compile("mô hình|đoán|Overfitting|entropy"))
    expect(page.locator("#samples .rows .row")).not_to_have_count(0)
    open_advanced(page)
    set_number(page, "n_embd", 100)
    set_number(page, "n_head", 3)
    expect(page.locator("#count-line")).to_contain_text("n_embd=100 không chia hết cho n_head=3")
    page.locator("#train-button").click()
    expect(page.locator(".toast-body")).to_contain_text("hãy thử n_embd=99 hoặc 102")
    foreign = {}
    for tab in ("Huấn luyện", "Sinh văn bản", "Attention", "So sánh"):
        page.get_by_role("tab", name=tab).click()
        for _ in range(20):  # what the tab draws when it is opened comes by and by
            page.wait_for_timeout(1500)
            if not (left := _foreign(page)):
                break
        foreign |= left
    assert not foreign, "\n".join(map(str, foreign.items()))
    page.reload()
    expect(page.locator("#train-button")).to_have_text("Huấn luyện")
    expect(page.locator("html")).to_have_attribute("lang", "vi")


def test_on_a_phone_nothing_is_wider_than_the_screen(site, browser):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(site[0])
    expect(page.locator("#count-line")).to_contain_text("parameters", timeout=PATIENCE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    top = {name: page.locator(name).bounding_box()["y"] for name in ("#loss-chart", "#corpus")}
    assert top["#loss-chart"] < top["#corpus"]
    page.close()


@pytest.mark.slow
def test_a_restarted_server_finds_the_run_at_its_step(tmp_path, browser):
    root = tmp_path / "runs"
    page = browser.new_page()
    with served(root, "--no-welcome") as address:
        page.goto(address)
        expect(page.locator("#count-line")).to_contain_text("parameters", timeout=PATIENCE)
        fill_own_text(page)
        set_number(page, "steps", 9_000)
        press_train(page)
        wait_for_step(page, 10)
        port = int(address.rstrip("/").rsplit(":", 1)[1])
    run = newest(root)
    step = run.status().step
    assert run.status().state == "paused" and step >= 10
    with served(root, "--no-welcome", port=port) as address:
        page.goto(address)
        expect(progress(page)).to_contain_text(f"{step:,} / 9,000", timeout=PATIENCE)
        page.get_by_role("button", name="Play", exact=True).click()
        wait_for_step(page, step + 5)
    page.close()


# -- what a user does ---------------------------------------------------------------------------------------------


def fill_own_text(page: Page, text: str = TEXT) -> None:
    choose(page, "#corpus", "Your own text")
    page.get_by_label("Your text", exact=True).fill(text)
    choose_preset(page, "tiny")
    expect(page.locator("#count-line")).to_contain_text("0.08")


def choose(page: Page, box: str, option: str) -> None:
    page.locator(f"{box} input").click()
    page.get_by_role("option", name=option).click()


def choose_preset(page: Page, name: str) -> None:
    page.locator("#preset label").filter(has_text=re.compile(rf"^\s*{name} ")).click()


def open_advanced(page: Page) -> None:
    if not page.locator("#field-steps input").is_visible():
        page.locator("#advanced > button").click()
        expect(page.locator("#field-steps input")).to_be_visible()


def set_number(page: Page, name: str, value: object) -> None:
    open_advanced(page)
    field = page.locator(f"#field-{name}").locator("input, textarea")
    field.fill(str(value))
    field.press("Tab")


def refusal_of(page: Page, name: str):
    return page.locator(f"#field-{name} .refusal")


def parameters(vocab_size: int) -> int:
    return count_of(GPTConfig.parse({**PRESETS["tiny"].model, "vocab_size": vocab_size}))


def press_train(page: Page) -> None:
    number = page.locator("#run-picker input").input_value().split(" ")[0]
    page.locator("#train-button").click()
    other = re.compile(rf"^(?!{number} )\d")
    expect(page.locator("#run-picker input")).to_have_value(other, timeout=PATIENCE)


def wait_for_step(page: Page, step: int) -> None:
    page.wait_for_function(
        """step => Number(document.querySelector('#transport').innerText
            .match(/([\\d,]+) \\/ /)?.[1].replaceAll(',', '')) >= step""",
        arg=step,
        timeout=PATIENCE,
    )


def settled(run: RunDir, state: str) -> int:
    """Wait until the run's directory says so (the page shows at once what was clicked); return its step."""
    return wait_for_state(run, state)


def state(page: Page):
    return page.locator("#transport .state")


def progress(page: Page):
    return page.locator("#transport")


def newest(root: Path) -> RunDir:
    runs = [RunDir(path.parent) for path in root.glob("*/run.json")]
    return max(runs, key=lambda run: run.config().created)


def number_of(root: Path) -> int:
    return len(list(root.glob("*/run.json")))


def losses(run: RunDir) -> list[float]:
    return [row["loss"] for row in run.rows("metrics")[0] if "loss" in row]


def _foreign(page: Page) -> dict[str, set[str]]:
    """Return the words that are seen and are neither Vietnamese nor terms, nor marked as no words."""
    told = page.evaluate("""() => {
      const told = [], walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_ELEMENT);
      for (let node = walker.currentNode; node; node = walker.nextNode()) {
        if (!node.translate || !node.checkVisibility() || node.closest('script, style, #language')) continue;
        if (getComputedStyle(node).fontSize === '0px') continue;
        for (const name of ['title', 'placeholder', 'alt']) told.push(node.getAttribute(name) ?? '');
        for (const part of node.childNodes) if (part.nodeType === Node.TEXT_NODE) told.push(part.data);
      }
      return told;
    }""")
    # A run's name tells of fields.
    return {text: words for text in told if (words := set(foreign_words(text)) - set(FIELDS))}


def _is_local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1", "data:", "blob:"))
