"""The real page, served for tests: a process of its own, as a user starts it, on a free port; or one section of it."""

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr
from playwright.sync_api import expect

from benchmarks.served import end, free_port
from core.runs.cost import SPEED_FILE, Speed
from core.runs.store import RunStore
from playground.compare.contents import Contents
from playground.page import PageContext
from playground.server import gradio_patches
from playground.server.settings import Settings
from playground.widgets import theme
from playground.widgets.inputs import Dropdown, Radio
from playground.widgets.visibility import VisibilityTrigger

PROJECT = Path(__file__).parents[1]


@contextmanager
def served(
    root: Path, *arguments: str, port: int | None = None, data: Path | None = None, env: dict | None = None
) -> Iterator[str]:
    """Run `python app.py` over the runs in root; yield the page's address; end it as Ctrl-C does."""
    port = port or free_port()
    env = env or {}
    if data is not None:
        env |= {"GPT_PLAYGROUND_DATA": str(data)}
    root.mkdir(parents=True, exist_ok=True)
    Speed(per_layer=5e-4, flops_per_second=2e10).save(root / SPEED_FILE)  # or each server would measure the machine
    command = [sys.executable, "app.py", "--runs", str(root), "--port", str(port), "--no-browser", *arguments]
    with started(command, port, root, PROJECT, env):
        yield f"http://127.0.0.1:{port}/"


@contextmanager
def started(command: list[str], port: int, root: Path, folder: Path, env: dict) -> Iterator[subprocess.Popen]:
    """Run a command in a folder until its page answers on port; yield the process; end it as Ctrl-C does."""
    known = os.environ | {"PYTHONUNBUFFERED": "1", "GPT_PLAYGROUND_CACHE": str(root / "no-cache")}
    known.pop("GPT_PLAYGROUND_DATA", None)  # a developer's texts are not there for the page, unless they are the test's
    log = (root.parent / f"{root.name}.log").open("ab")
    process = subprocess.Popen(command, cwd=folder, env=known | env, stdout=log, stderr=log)
    try:
        _wait_for(f"http://127.0.0.1:{port}/", process)
        yield process
    finally:
        end(process)
        log.close()


def _wait_for(address: str, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended by itself"
        try:
            urllib.request.urlopen(address, timeout=1).close()
            return
        except urllib.error.HTTPError:  # it answers, if only to ask for a password
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the page did not come within a minute")


@contextmanager
def served_section(
    store: RunStore, runs: list[str], make: Callable[[PageContext], Any], run: Any = None
) -> Iterator[str]:
    """Serve one section of the Compare tab alone, beside a picker of runs, from this process; yield the address."""
    with gr.Blocks(analytics_enabled=False) as demo:
        page = PageContext(store, Settings())
        page.run = Dropdown(runs, value=runs[0], elem_id="run")
        page.lang = Radio(["en", "vi"], value="en", elem_id="lang")
        page.moments = gr.State({})
        with gr.Tab("Other"):
            gr.Markdown("")
        with gr.Tab("Compare") as tab:
            place, section, sight = Contents(elem_id="compare-section"), make(page), VisibilityTrigger()
        section.connect(tab, sight, place)
        page.lang.input(lambda lang: [*page.words.updates(lang), *section.translate(lang)], page.lang,
                        [*page.words.outputs, *section.translated])  # fmt: skip
        gr.on([page.run.change, page.lang.input], lambda *now: {"now": now}, [page.run, page.lang], sight)
        demo.load(lambda: section.show(run, "en"), None, section.shown)
    _, url, _ = demo.launch(
        prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", ssr_mode=False, head=theme.head(),
        app_kwargs={"middleware": gradio_patches.middleware()},
    )  # fmt: skip
    try:
        yield url
    finally:
        demo.close()


def curve_moves(page: Any) -> None:
    """Wait for a loss on the Train tab's chart, and then for a later one."""
    chart, drawn = page.locator("#loss-chart canvas"), re.compile(r"Loss (after|sau) \d+")
    wait = {"timeout": 60_000}  # milliseconds: a busy machine is slow, not wrong
    expect(chart).to_have_attribute("aria-label", drawn, **wait)
    expect(chart).not_to_have_attribute("aria-label", chart.get_attribute("aria-label"), **wait)
    expect(chart).to_have_attribute("aria-label", drawn, **wait)


@contextmanager
def visited(browser: Any, url: str, width: int = 1280) -> Iterator[Any]:
    """Open a page in a browser; at the end, it must have asked nothing of strangers and raised no error."""
    page, strangers, errors = browser.new_page(viewport={"width": width, "height": 900}), [], []
    page.on("request", lambda request: request.url.startswith((url, "data:", "blob:"))
            or strangers.append(request.url))  # fmt: skip
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_default_timeout(30_000)
    page.goto(url)
    try:
        yield page
    finally:
        page.close()
    assert (strangers, errors) == ([], []), f"{strangers} {errors}"


@contextmanager
def confined(browser: Any, url: str, query: str = "", **how: Any) -> Iterator[Any]:
    """Open a page that can reach nothing but its own server; at the end, it must have tried nothing else."""
    page = browser.new_page(**{"viewport": {"width": 1280, "height": 900}} | how)
    strangers, errors = [], []

    def pass_on(route):
        inside = route.request.url.startswith((url, "data:", "blob:"))
        if not inside:
            strangers.append(route.request.url)
        (route.continue_ if inside else route.abort)()

    page.route("**/*", pass_on)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url + query)
    try:
        yield page
    finally:
        page.close()
    assert (strangers, errors) == ([], []), f"{strangers} {errors}"
