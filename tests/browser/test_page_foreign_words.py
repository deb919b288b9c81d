"""Hostile words wherever a user's, a file's or a model's are shown: they stand as they are, and nothing comes of it."""

import json
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from benchmarks.visiting import SECTIONS, open_section
from core.runs.plan import plan_run
from core.runs.training_run import train_run
from core.text.corpora import own_text
from playground.server.refusal import Refusal, answer
from tests.loops import in_loop
from tests.served import served

WAIT = {"timeout": 60_000}
TABS = {
    "train": "loss-chart",
    "generate": "written",
    "attention": "attention-view",
    "compare": "compare-section",
}  # and what shows it is there
MODEL = {"block_size": 8, "n_layer": 1, "n_head": 1, "n_embd": 8}
# What would be alive if words were drawn: a node that asks the canary or carries a script, a link, a formula.
ALIVE = """(canary) => [...document.querySelectorAll('*')].filter((node) => [...node.attributes].some(
    ({ name, value }) => (['src', 'href', 'srcset', 'action', 'data'].includes(name)
        && (value.startsWith('http://' + canary) || value.startsWith('javascript:')))
    || (name.startsWith('on') && value.includes('alert')))
  || (node.matches('script:not([src])') && node.textContent.trim().startsWith('alert(')) || node.matches('.katex'))
  .map((node) => node.outerHTML.slice(0, 200))"""
# Texts that can turn a line round, but for what somebody types.
TURNED = r"""() => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  while (walk.nextNode()) {
    const node = walk.currentNode;
    if (/[\u202a-\u202e\u2066-\u2069]/.test(node.data) && !node.parentElement.closest('textarea, script')) {
      found.push(node.parentElement.outerHTML.slice(0, 200));
    }
  }
  return found;
}"""
# Every field that takes words and can be seen; those of numbers and choices are no texts, but a search in a choice is.
FIELDS = """() => [...document.querySelectorAll('textarea, input')].filter((field) => field.offsetParent
    && !field.disabled && !field.readOnly && !['number', 'range', 'radio', 'checkbox', 'file'].includes(field.type))
  .map((field, i) => { field.dataset.foreign ??= Math.random().toString(36).slice(2);
    return [field.dataset.foreign, field.closest('[id]')?.id ?? '']; })"""


class Canary:
    """A server that nobody should ask, and words that would ask it if they were drawn."""

    def __init__(self, port: int):
        self.asked: list[str] = []
        self.at = f"127.0.0.1:{port}"
        at = f"http://{self.at}"
        self.pieces = [
            f"<img src={at}/i onerror=alert(1)>",
            f"![x]({at}/m)",
            f'<a href="{at}/a">b</a>',
            "[a](javascript:alert(2))",
            "<script>alert(3)</script>",
            "${alert(4)}",
            "{{7*7}}",
            "$$x^2$$",
            "&lt;b&gt; **b** `c`",
            "a\u202eb\u2066c",
        ]
        self.all = " ".join(self.pieces)


def seen(text: str) -> str:
    """Return a text as the page shows it: what would turn a line round, by its number."""
    return text.replace("\u202e", "<202e>").replace("\u2066", "<2066>")


@pytest.fixture(scope="module")
def canary() -> Iterator[Canary]:
    class Count(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Count)
    told = Canary(server.server_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield told
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def root(tmp_path_factory, canary) -> Path:
    """Make runs from elsewhere: every text of their files, one after the other, is one of the canary's."""
    root = tmp_path_factory.mktemp("foreign") / "runs"
    first = plan_run(own_text(f"{canary.all}\n" * 20), {"preset": "tiny"}, MODEL, {"steps": 4}).create(root, "0" * 32)
    for _ in train_run(first):
        pass
    for number, piece in enumerate(canary.pieces, start=1):
        path = root / f"{number:032x}"
        shutil.copytree(first.path, path)
        config = json.loads((path / "run.json").read_text())
        named = number % 2  # a name stands before preset and text
        foreign = {"corpus_title": piece, "prompt": f"{piece} ", "preset": piece, "created": config["created"] + number}
        if number > 2:  # what is no text of ours has no title
            foreign |= {"corpus": piece if number % 3 == 0 else "own"}
        (path / "run.json").write_text(json.dumps(config | foreign))
        (path / "name.json").write_text(json.dumps({"number": number, "name": piece if named else None}))
        status = {"state": "failed", "step": 4, "message": f"It broke: {piece}", "host": piece}
        (path / "status.json").write_text(json.dumps(status))
        rows = [{"step": step, "train": 2.5, "val": 2.5, "text": canary.all} for step in (0, 4)]
        (path / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return root


@pytest.fixture(scope="module")
def site(root) -> Iterator[str]:
    with served(root, "--no-welcome") as address:
        yield address


@contextmanager
def watched(browser: Any, address: str, canary: Canary) -> Iterator[Page]:
    """Open a page; at the end, no dialog came, nobody but the page's own server was asked, and nothing is alive."""
    page, strangers, dialogs, errors = browser.new_page(viewport={"width": 1280, "height": 900}), [], [], []
    own = address.split("?")[0]
    page.on("request", lambda request: request.url.startswith((own, "data:", "blob:"))
            or strangers.append(request.url))  # fmt: skip
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_default_timeout(60_000)
    page.goto(address)
    expect(page.locator("#count-line")).not_to_have_text("", **WAIT)
    try:
        yield page
        assert (page.evaluate(ALIVE, canary.at), page.evaluate(TURNED)) == ([], [])
    finally:
        page.close()
    assert (strangers, dialogs, errors, canary.asked) == ([], [], [], [])


def tab(page: Page, name: str) -> None:
    """Open a tab and all that is folded in it."""
    page.locator(f'#tabs [data-tab-id="{name}"]').click()
    for folded in page.locator("#tabs button.label-wrap:not(.open)").all():
        if folded.is_visible():
            folded.click()


def view(page: Page, number: int) -> None:
    """Put a run into view by its number."""
    page.locator("#run-picker .field").click()
    page.locator(f"#run-option-{number:032x}").click()


@pytest.mark.parametrize("lang", ["en", pytest.param("vi", marks=pytest.mark.slow)])
def test_what_a_run_from_elsewhere_says_is_text_wherever_it_stands(browser, site, canary, lang):
    with watched(browser, f"{site}?lang={lang}", canary) as page:
        page.locator("#run-picker .field").click()
        listed = page.locator("#run-picker-list .what")
        expect(listed).to_have_count(1 + len(canary.pieces))
        names = " ".join(listed.all_text_contents())
        assert all(seen(piece) in names for piece in canary.pieces)
        page.keyboard.press("Escape")
        for number, piece in enumerate(canary.pieces, start=1):
            view(page, number)
            expect(page.locator("#run-picker .field")).to_have_value(re.compile(re.escape(seen(piece))), **WAIT)
            expect(page.locator("#transport")).to_contain_text(f"It broke: {seen(piece)}", **WAIT)
            expect(page.locator("#samples .newest .body")).to_have_text(seen(canary.all), **WAIT)
        for name in TABS:
            tab(page, name)
            expect(page.locator(f"#{TABS[name]}")).to_be_visible()
        for name in SECTIONS:
            open_section(page, name)


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", pytest.param("vi", marks=pytest.mark.slow)])
def test_what_is_typed_into_any_field_is_text_wherever_it_comes_back(browser, site, canary, lang):
    filled = set()
    with watched(browser, f"{site}?lang={lang}", canary) as page:
        view(page, 1)
        page.locator("#corpus input").click()
        page.get_by_role("option", name=re.compile("Your own text|Văn bản của bạn")).click()
        expect(page.locator("#own-text textarea")).to_be_visible()
        for name in TABS:
            tab(page, name)
            expect(page.locator(f"#{TABS[name]}")).to_be_visible()
            if name == "compare":
                open_section(page, "text")
            for mark, near in page.evaluate(FIELDS):
                field = page.locator(f'[data-foreign="{mark}"]')
                field.fill(f"{canary.all} {near}")
                field.blur()
                filled.add(near)
            assert (page.evaluate(ALIVE, canary.at), page.evaluate(TURNED)) == ([], [])
        assert filled >= {"own-text", "field-prompt", "prompt", "attention-text", "beside-text", "run-picker-field"}
        tab(page, "generate")
        page.locator("#generate-button").click()  # a model whose letters are those of the canary
        expect(page.locator("#written .spoken")).not_to_have_text("", **WAIT)  # it is said when all is written
        tab(page, "train")
        name = f"{canary.pieces[0].replace('/', '')}.txt"
        page.set_input_files("#own-file input[type=file]", {"name": name, "mimeType": "text/plain", "buffer": b"\x00"})
        expect(page.locator("#own-said")).to_contain_text("onerror", **WAIT)


@pytest.mark.parametrize("lang", ["en", pytest.param("vi", marks=pytest.mark.slow)])
@pytest.mark.slow
def test_what_the_guard_refuses_is_text_in_the_toast_that_quotes_it(browser, site, canary, lang):
    sent = []

    async def send(message: dict) -> None:
        sent.append(message)

    in_loop(answer(Refusal(400, f"{canary.all!s} is refused"), {"method": "POST"}, None, send, lang))
    with watched(browser, f"{site}?lang={lang}", canary) as page:
        page.route("**/queue/join*", lambda route: route.fulfill(
            status=sent[0]["status"], content_type="application/json", body=sent[1]["body"]))  # fmt: skip
        page.locator("#train-button").click()
        expect(page.get_by_test_id("toast-text").first).to_contain_text(seen(canary.all), **WAIT)
