"""What following a run on the page costs it: steps/s in the page's worker with a browser watching, beside the command
line's, by turns.

    python -m benchmarks.page_cost --rounds 3 --steps 1500
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.machine import watched
from core.corpora import load_corpus
from core.planning import plan_run
from core.presets import PRESETS
from core.run_dir import RunDir
from playground.runs import RunStore
from playground.settings import Settings
from playground.ui import build_app, launch

SETTLE = 4.0  # seconds that both sides train before they are timed
NEVER = 100_000  # steps between estimates: both sides only train


def main(arguments: list[str] | None = None) -> None:
    """Print steps/s of each round and the ratio of the medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page_cost", description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1500, help="enough for some seconds after it settled")
    parser.add_argument("--preset", choices=PRESETS, default="small")
    asked = parser.parse_args(arguments)
    with watched(quick=True, computes_here=False):
        measure(asked)


def measure(asked: argparse.Namespace) -> None:
    """Let both sides train by turns, and print how fast."""
    preset = PRESETS[asked.preset]
    options = {"preset": asked.preset, "architecture": preset.architecture, "tokenizer": preset.tokenizer}
    train = {**preset.train, "steps": asked.steps, "eval_interval": NEVER}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as player:
        root = Path(folder) / "runs"
        store = RunStore(root)
        address = launch(build_app(store, Settings(runs=root)), store, Settings(runs=root), prevent_thread_lock=True)
        store.open()
        path = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = player.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        followed, headless = [], []
        for number in range(asked.rounds):
            run = store.start(plan_run(load_corpus("plays"), options, preset.model, train))
            page = browser.new_page()
            page.goto(address)
            page.wait_for_selector("#loss-chart canvas[aria-label^='Loss after']")
            followed.append(_speed(run))
            page.close()
            headless.append(_command_line(root, f"cli-{number}", asked))
            print(f"round {number + 1}: watched {followed[-1]:.2f} steps/s, command line {headless[-1]:.2f} steps/s")
        browser.close()
        store.close()
    ratio = statistics.median(followed) / statistics.median(headless)
    print(f"watched / command line: {ratio:.3f} (medians of {asked.rounds} rounds by turns, {asked.preset})")


def _command_line(root: Path, name: str, asked: argparse.Namespace) -> float:
    flags = ["--preset", asked.preset, "--steps", str(asked.steps), "--eval_interval", str(NEVER), "--run", name]
    command = [sys.executable, "-m", "core", "--runs", str(root), "train", *flags]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        while not (root / name / "status.json").exists():
            time.sleep(0.05)
        return _speed(RunDir(root / name))


def _speed(run: RunDir) -> float:
    """Follow a run to its end; return its steps a second by the clock on the wall, once it has settled.

    What it costs a browser to open the page is not what it costs to follow a run, and is left out of both sides.
    """
    time.sleep(SETTLE)
    stamps: list[tuple[float, int]] = []
    while run.status().state in ("queued", "running"):
        stamps.append((time.monotonic(), run.status().step))
        time.sleep(0.05)
    (first, begin), (last, end) = stamps[0], next(entry for entry in stamps if entry[1] == stamps[-1][1])
    return (end - begin) / (last - first)


if __name__ == "__main__":
    main()
