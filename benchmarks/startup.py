"""How long somebody waits: for the server, for the page, and from Train to the first point on the chart.

    python -m benchmarks.startup --rounds 3 [--beside ../another-checkout]

Each round starts `python app.py` anew, on an empty folder of runs and with no welcome run, and opens it in a fresh
profile of a browser that already runs. Train is pressed twice: at once, when the page's workers are still warming up,
and again when that run has been stopped and all is warm. The disk's cache is warm from the second round on. Another
checkout of the project (`git worktree add`) can take turns with this one, so that a slow minute is slow for both.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.machine import watched
from benchmarks.report import head, row
from benchmarks.served import end, free_port

PROJECT = Path(__file__).parents[1]
PATIENCE = 60_000  # milliseconds
POLLING = 30  # milliseconds: a look at every frame would ask for sixty frames a second
FIRST, SECOND = 701, 702  # steps of the two runs: by them their charts are told apart
USABLE = """() => {
  const button = document.querySelector('#train-button');
  return button && !button.disabled && /\\d+ parameters/.test(document.querySelector('#count-line')?.innerText ?? '');
}"""
HAS_A_POINT = """(steps) => {
  const told = document.querySelector('#loss-chart canvas')?.getAttribute('aria-label') ?? '';
  return told.startsWith('Loss after') && told.includes(` of ${steps} steps`);
}"""
COLUMNS = ("server answers", "page usable", "Train at once: first point", "Train again: first point")


def main(arguments: list[str] | None = None) -> None:
    """Print a row a round, and the medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--preset", default=None, help="press Train with this preset; without, with the page's own")
    parser.add_argument("--beside", type=Path, help="another checkout, to be started by turns with this one")
    parser.add_argument("--quick", action="store_true", help="measure the machine's peaks in passing")
    asked = parser.parse_args(arguments)
    with watched(quick=asked.quick, computes_here=False), sync_playwright() as player:
        path = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = player.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        head("seconds", *COLUMNS)
        projects = {"": PROJECT} | ({"beside": asked.beside.resolve()} if asked.beside else {})
        rounds: dict[str, list[tuple]] = {name: [] for name in projects}
        for number in range(1, asked.rounds + 1):
            for name, project in projects.items():
                rounds[name].append(_round(browser, project, asked.preset))
                row(f"round {number} {name}", *(f"{seconds:.2f}" for seconds in rounds[name][-1]))
        for summary in (statistics.median, min):
            figures = {name: [summary(each) for each in zip(*rounds[name], strict=True)] for name in projects}
            for name, seconds in figures.items():
                row(f"{summary.__name__} {name}", *(f"{each:.2f}" for each in seconds))
            if asked.beside:
                pairs = zip(figures[""], figures["beside"], strict=True)
                row(f"{summary.__name__}: ratio", *(f"{ours / theirs:.2f}" for ours, theirs in pairs))


def _round(browser: Browser, project: Path, preset: str | None) -> tuple[float, float, float, float]:
    """Return seconds: from the command to an answer and to a usable page; from Train to a point, cold and warm."""
    with tempfile.TemporaryDirectory() as folder, _started(project, Path(folder) / "runs") as (address, began):
        answered = time.monotonic() - began
        page = browser.new_context(locale="en-US").new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        page.wait_for_function(USABLE, polling=POLLING)
        usable = time.monotonic() - began
        if preset:
            page.locator("#preset label").filter(has_text=preset).first.click()
        cold = _press_train(page, FIRST)
        page.get_by_role("button", name="Stop", exact=True).click()
        page.wait_for_function("() => document.querySelector('#transport .state')?.innerText === 'Stopped'")
        warm = _press_train(page, SECOND)
        page.context.close()
        return answered, usable, cold, warm


def _press_train(page: Page, steps: int) -> float:
    field = page.locator("#field-steps input[type=number]")
    if not field.is_visible():
        page.locator("#advanced > button").click()
    field.fill(str(steps))
    field.press("Tab")
    page.wait_for_timeout(500)  # the page counts anew what was changed; that is not the wait for a point
    began = time.monotonic()
    page.locator("#train-button").click()
    page.wait_for_function(HAS_A_POINT, arg=steps, polling=POLLING)
    return time.monotonic() - began


@contextmanager
def _started(project: Path, root: Path) -> Iterator[tuple[str, float]]:
    """Run a checkout's `python app.py` over root until it answers; yield its address and when the command was given."""
    port = free_port()
    flags = ["--runs", str(root), "--port", str(port), "--no-browser", "--no-welcome"]
    began = time.monotonic()
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "app.py", *flags], cwd=project, **quiet)
    try:
        address = f"http://127.0.0.1:{port}/"
        _wait_for(address, process)
        yield address, began
    finally:
        end(process)


def _wait_for(address: str, process: subprocess.Popen) -> None:
    until = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < until:
        if process.poll() is not None:
            raise OSError("The server ended by itself; run `python app.py` to see why")
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                answer.read()
            return
        except OSError:
            time.sleep(0.01)
    raise OSError("The server did not answer within a minute; run `python app.py` to see why")


if __name__ == "__main__":
    main()
