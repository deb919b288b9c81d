"""The section beside GPT-2 in a real browser, without the weights and with them."""

import re
import time
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from benchmarks.visiting import open_section
from core.pretrained import loader as gpt2
from core.runs.directory import RunDir
from core.runs.store import RunStore
from playground.compare import contenders, pretrained_words
from playground.compare.pretrained_section import PretrainedSection
from tests.hub import Hub
from tests.playground.compare.test_pretrained import TEXT, Bytes, take_merges_away, write_runs
from tests.served import served_section, visited

HOSTILE = "<img src=x onerror='window.hacked=1'> ${window.hacked=2} `{{x}}`"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_runs(tmp_path_factory.mktemp("pretrained"))


@pytest.fixture(autouse=True)
def no_merges(monkeypatch):
    take_merges_away(monkeypatch)


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with Hub() as hub, pytest.MonkeyPatch.context() as patch:
        for name, value in hub.environment(tmp_path_factory.mktemp("cache")).items():
            patch.setenv(name, value)
        yield hub
    gpt2.unload("gpt2")


@pytest.fixture(scope="module")
def site(root):
    """Serve a page with the section alone, beside a picker of runs."""
    runs = ["mine", "begun", "none"]
    with served_section(RunStore(root, 1), runs, PretrainedSection, RunDir(root / "mine")) as url:
        yield url


def use_bytes(patch):
    """Let GPT-2's tokens be bytes: the Hub of the tests has no merges that would pass."""
    patch.setattr(gpt2, "gpt2_tokenizer", lambda name: Bytes())
    patch.setattr(contenders, "byte_pairs_here", Bytes)


@pytest.fixture
def byte_tokens(monkeypatch):
    use_bytes(monkeypatch)


@contextmanager
def opened(browser, url, width=1280):
    with visited(browser, url, width) as page:
        page.get_by_role("tab", name="Compare").click()
        open_section(page, "text")
        expect(page.locator("#beside-mine .tok").first).to_be_visible(timeout=30_000)
        expect(page.locator("#gpt2-loader .what")).not_to_be_empty(timeout=30_000)
        yield page


@pytest.fixture(scope="module")
def shared_page(hub, site, browser):
    gpt2.load_gpt2()
    with pytest.MonkeyPatch.context() as patch:
        use_bytes(patch)
        with opened(browser, site) as page:
            yield page


@pytest.fixture
def page(shared_page, byte_tokens):
    """The page with GPT-2 in memory, and a text that both have read: a visit costs seconds, so the tests share one."""
    page = shared_page
    page.locator('#compare-section [data-section="text"]').click()
    page.locator("#lang input").nth(0).check()
    choose_run(page, "mine")
    for text, size in (("1", "1 character"), (TEXT, f"{len(TEXT)} characters")):
        write_text(page, text)
        for who in ("mine", "theirs"):
            expect(page.locator(f"#beside-{who} .sum")).to_have_text(re.compile(f" for {size}$"))
    return page


def choose_run(page, name):
    page.locator("#run input").click()
    page.get_by_role("option", name=name).click()


def write_text(page, text):
    page.locator("#beside-text textarea").fill(text)


def read_by(page, who):
    return "".join(page.locator(f"#beside-{who} .tok b").all_text_contents())


def test_gpt2_is_loaded_with_progress_the_same_for_all_and_a_failure_can_be_retried(hub, site, browser, byte_tokens):
    gpt2.unload("gpt2")
    loader = "#gpt2-loader"
    with opened(browser, site) as mine:
        expect(mine.locator(loader)).to_contain_text("548 MB")
        expect(mine.locator("#beside-theirs")).to_contain_text("press “Load GPT-2” above")
        hub.behave("cut")
        mine.locator(f"{loader} .go").click()
        expect(mine.locator(f"{loader} .message")).to_contain_text("connection was cut", timeout=30_000)
        expect(mine.locator(f"{loader} .go")).to_have_text("Try again")
        expect(mine.locator("#beside-mine .score b")).to_be_visible()
        hub.behave("slow", rate=150_000)  # slower than a busy machine opens a page
        mine.locator(f"{loader} .go").click()
        expect(mine.locator(f"{loader} .how")).to_have_text(re.compile(r"MB of [\d.]+ MB.* a second .* left"))
        with opened(browser, site) as theirs:
            expect(theirs.locator(f"{loader} .what")).to_have_text("Downloading GPT-2")
            expect(theirs.locator(f"{loader} .bar")).to_have_attribute("aria-valuenow", re.compile(r"\d+"))
            hub.behave("well")
            for each in (mine, theirs):
                expect(each.locator(f"{loader} .what")).to_have_text(re.compile("GPT-2 small is here"), timeout=60_000)
                expect(each.locator("#beside-theirs .score b")).to_be_visible()
                open_section(each, "weights")
                expect(each.locator("#beside-weights .keys span")).to_have_count(2)
                expect(each.locator("#beside-positions canvas")).to_have_count(4)


def test_a_typed_text_is_read_by_both(page):
    write_text(page, "12 times")
    page.locator("#beside-text textarea").press_sequentially(" 3 is é", delay=5)
    expect(page.locator("#beside-mine .count")).to_have_text("15 tokens")
    expect(page.locator("#beside-theirs .count")).to_have_text("15 tokens")
    expect(page.locator("#beside-theirs .note")).to_contain_text("GPT-2 knows every character of your text")
    assert read_by(page, "mine") == read_by(page, "theirs") and read_by(page, "mine").startswith("12␣times␣3␣is␣")
    expect(page.locator("#beside-mine .next li")).to_have_count(10)
    expect(page.locator("#beside-theirs .next li")).to_have_count(10)
    page.locator("#beside-examples button", has_text="capital of France").click()
    expect(page.locator("#beside-mine .sum")).to_contain_text("24 characters")


def test_both_write_into_six_boxes(page):
    open_section(page, "write")
    page.locator("#beside-write").click()
    expect(page.locator("#beside-written .what")).to_have_text("Done", timeout=60_000)
    boxes = page.locator("#beside-written .words").all_text_contents()
    assert len(boxes) == 6 and all(len(box) > 20 for box in boxes)


def test_writing_can_be_stopped(page, monkeypatch):
    generate = contenders.generate

    def slowly(*arguments, **options):
        for token in generate(*arguments, **options):
            time.sleep(0.05)
            yield token

    monkeypatch.setattr(contenders, "generate", slowly)
    open_section(page, "write")
    page.locator("#beside-write").click()
    expect(page.locator("#beside-written .words").first).not_to_be_empty()
    expect(page.locator("#beside-written .what")).to_have_text("Writing ...")
    page.locator("#beside-stop").click()
    expect(page.locator("#beside-written .what")).to_have_text("Stopped")
    assert len(page.locator("#beside-written .words").first.text_content()) < 160


def test_the_proof_is_a_number_on_the_page(page):
    open_section(page, "proof")
    page.locator("#beside-prove").click()
    said = page.locator("#beside-proof strong")
    expect(said).to_be_visible(timeout=60_000)
    assert float(said.text_content()) < 1e-4


def test_a_parameter_and_a_layer_can_be_chosen(page):
    open_section(page, "weights")
    card = page.locator("#beside-weights")
    expect(card.locator(".keys span")).to_have_count(2)
    card.locator(".part").select_option("mlp.c_fc.weight")
    card.locator(".layer").select_option("1")
    expect(card.locator(".facts li").nth(0)).to_contain_text("has no layer 1")  # the tiny run has one layer
    expect(card.locator(".facts li").nth(1)).to_contain_text("1,024 values")
    expect(card.locator(".spread path")).to_have_count(1)
    card.locator(".part").select_option("wpe.weight")
    expect(card.locator(".layer")).to_be_disabled()
    expect(card.locator(".depth figcaption")).to_contain_text("only one of it")
    expect(card.locator(".spread path")).to_have_count(2)
    page.locator("#beside-positions canvas").first.hover()
    expect(page.locator("#beside-positions .tip")).to_contain_text(re.compile(r"position \d+, channel \d+: about"))


def test_hostile_texts_are_shown_literally_and_nothing_runs(page, monkeypatch):
    class Evil(Bytes):
        def decode(self, ids):
            return HOSTILE * len(list(ids))

        def token_bytes(self, token_id):
            return HOSTILE.encode()

    monkeypatch.setattr(gpt2, "gpt2_tokenizer", lambda name: Evil())
    write_text(page, "3")
    expect(page.locator("#beside-theirs .tok b").first).to_contain_text("${window.hacked=2}")
    open_section(page, "write")
    page.locator("#beside-write").click()
    expect(page.locator("#beside-written .words").nth(1)).to_contain_text(HOSTILE)
    page.locator("#beside-stop").click()
    write_text(page, HOSTILE)
    page.wait_for_timeout(500)
    assert page.evaluate("window.hacked") is None and page.locator("[id^=beside-] img").count() == 0


def test_without_a_run_the_section_says_so(page):
    choose_run(page, "none")
    expect(page.locator("#beside-mine .empty")).to_contain_text("There is no run yet")
    expect(page.locator("#beside-theirs .score b")).to_be_visible()


def test_the_section_speaks_vietnamese(page):
    page.locator("#lang input").nth(1).check()
    expect(page.locator("#beside-mine .unit")).to_have_text("bit trên mỗi ký tự")
    expect(page.locator("#beside-theirs .unit")).to_have_text("bit trên mỗi ký tự")
    expect(page.locator("#gpt2-loader .what")).to_contain_text("đã sẵn sàng")
    open_section(page, "weights")
    expect(page.locator("#beside-weights h3")).to_have_text(pretrained_words.WORDS["beside_view_title"][1])
    expect(page.locator("#beside-table h3")).to_have_text(pretrained_words.WORDS["beside_table_title"][1])


def test_on_a_phone_nothing_is_wider_than_the_screen(hub, site, browser, byte_tokens):
    gpt2.load_gpt2()
    with opened(browser, site, width=390) as page:
        expect(page.locator("#beside-theirs .score b")).to_be_visible(timeout=30_000)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        open_section(page, "weights")
        expect(page.locator("#beside-positions canvas")).to_have_count(4)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
