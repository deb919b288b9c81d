"""What following a run on the page costs it: steps/s in the page's worker with nobody watching, with a browser and
with a class of thirty, beside the command line's, by turns.

    python -m benchmarks.page_cost --rounds 3

The browser computes on the very cores that train. The thirty are the requests that `feed.js` sends, at the pace that
the server tells, over plain sockets in a process of their own: thirty browsers would be on other machines.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, sync_playwright

from benchmarks.machine import watched
from benchmarks.report import head, number, row
from core.runs.directory import RunDir
from core.runs.plan import plan_run
from core.runs.presets import PRESETS
from core.runs.store import RunStore
from core.text.corpora import load_corpus
from playground.build import build_app
from playground.server.settings import Settings

STEPS = 100_000  # more than anybody waits for, and as many between estimates: all sides only train
SETTLE = 4.0  # seconds that every side trains before it is timed
VIEWERS = 30


def main(arguments: list[str] | None = None) -> None:
    """Print steps/s of each round, the medians, and what share of the command line's they are."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page_cost", description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="that each side is timed for in a round")
    parser.add_argument("--preset", choices=PRESETS, default="small")
    asked = parser.parse_args(arguments)
    with watched(quick=True, computes_here=False):
        measure(asked)


def measure(asked: argparse.Namespace) -> None:
    """Let all sides train by turns, and print how fast."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as player:
        root = Path(folder) / "runs"
        store = RunStore(root).open()
        _, address, _ = build_app(store, Settings(runs=root, welcome=False)).launch(prevent_thread_lock=True)
        store.warm_up()  # what the workers do once, after the page is there, is no part of what is measured
        while store.speed() is None:
            time.sleep(0.1)
        path = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = player.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        sides: dict[str, Callable] = {
            "command line": lambda: _command_line(root, asked.preset),
            "nobody": lambda: _on_the_page(store, asked.preset, lambda run: nullcontext()),
            "a browser": lambda: _on_the_page(store, asked.preset, lambda run: _seen(browser, address)),
            f"{VIEWERS} viewers": lambda: _on_the_page(store, asked.preset, lambda run: _followed(address, run)),
        }
        head("steps/s", *sides)
        rounds = []
        for number_of in range(1, asked.rounds + 1):
            rounds.append([])
            for side in sides.values():
                with side() as run:
                    rounds[-1].append(_speed(run, asked.seconds))
            row(f"round {number_of}", *map(number, rounds[-1]))
        browser.close()
        store.close()
    row("median", *map(number, map(statistics.median, zip(*rounds, strict=True))))
    for other, name in ((1, "of nobody's"), (0, "of the command line's")):
        # Within a round, for what else the machine does changes from minute to minute.
        shares = zip(*([speed / speeds[other] for speed in speeds] for speeds in rounds), strict=True)
        row(name, *(f"{statistics.median(share):.3f}" for share in shares))


@contextmanager
def _on_the_page(store: RunStore, name: str, watching: Callable) -> Iterator[RunDir]:
    preset = PRESETS[name]
    options = {"preset": name, "architecture": preset.architecture, "tokenizer": preset.tokenizer}
    train = {**preset.train, "steps": STEPS, "eval_interval": STEPS}
    run = store.start(plan_run(load_corpus("plays"), options, preset.model, train))
    with watching(run):
        yield run
    store.stop(run.id)
    while run.status().state != "stopped":
        time.sleep(0.05)


@contextmanager
def _command_line(root: Path, preset: str) -> Iterator[RunDir]:
    run = RunDir(root / f"cli-{time.time_ns()}")
    flags = ["--preset", preset, "--steps", str(STEPS), "--eval_interval", str(STEPS), "--run", run.id]
    command = [sys.executable, "-m", "core", "--runs", str(root), "train", *flags]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        while not (run.path / "status.json").exists():
            time.sleep(0.05)
        yield run
        program.terminate()


@contextmanager
def _seen(browser: Browser, address: str) -> Iterator[None]:
    page = browser.new_page()
    page.goto(address)
    page.wait_for_selector("#loss-chart canvas[aria-label^='Loss after']")
    yield
    page.close()


@contextmanager
def _followed(address: str, run: RunDir) -> Iterator[None]:
    watching = multiprocessing.get_context("spawn").Process(target=_follow, args=(address, run.id), daemon=True)
    watching.start()
    yield
    watching.kill()
    watching.join()


def _follow(address: str, run_id: str) -> None:
    async def follow_all() -> None:
        await asyncio.gather(*(_poll(address, run_id, number / VIEWERS) for number in range(VIEWERS)))

    asyncio.run(follow_all())


async def _poll(address: str, run_id: str, offset: float) -> None:
    """Ask for the rows after those that are known, until this process is killed."""
    host, port = address.removeprefix("http://").strip("/").split(":")
    await asyncio.sleep(offset)
    reader, writer = await asyncio.open_connection(host, int(port))
    cursor = {"points": 0, "evals": 0, "samples": 0}
    while True:
        path = f"/playground/feed/{run_id}?{urlencode(cursor)}&lang=en"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        heading = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        body = await reader.readexactly(int(heading.split("content-length:")[1].split()[0]))
        told = json.loads(body)
        cursor = told["next"]
        await asyncio.sleep(told["pause"])


def _speed(run: RunDir, seconds: float) -> float:
    """Follow a run for some seconds; return its steps a second by the clock on the wall, once it has settled.

    What it costs a browser to open the page is not what it costs to follow a run, and is left out of all sides.
    """
    while run.status().step < 1:
        time.sleep(0.05)
    time.sleep(SETTLE)
    stamps: list[tuple[float, int]] = []  # (when a step was first seen, which)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        step = run.status().step
        if not stamps or step > stamps[-1][1]:
            stamps.append((time.monotonic(), step))
        time.sleep(0.05)
    return (stamps[-1][1] - stamps[0][1]) / (stamps[-1][0] - stamps[0][0])


if __name__ == "__main__":
    main()
