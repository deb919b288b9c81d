"""What a power cut leaves of a run, at random moments: in its first seconds, while it trains, and while it saves.

python -m benchmarks.power_cut --images 20

The runs' folder lies on a file system of its own, whose image is copied while `small` trains. Nothing is flushed
before: the copy holds what has reached the disk by itself, as after a power cut. The trainer stands still while its
image is copied, so that a copy is of one moment. Each copy is mounted, and its runs are opened.
"""

import argparse
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import report
from benchmarks.disks import NoDisk, disk, mounted
from benchmarks.served import PROJECT
from core.optim import make_optimizer
from core.runs.built import model_of
from core.runs.directory import RunDir
from core.runs.listing import list_runs
from core.runs.recovery import recover

TRAINER = """
import sys
from core.runs import recorder
recorder.SAVE_EVERY = float(sys.argv[1])
from core.__main__ import main
sys.exit(main(sys.argv[2:]))
"""
MOMENTS = ("in the first seconds", "while it trains", "while it saves")
FIRST, LATER, SAVING = 3.0, 8.0, 0.1  # seconds: the longest wait for a moment of each kind
COUNTING = ("run.json", "corpus.txt", "status.json", "baselines.json", "[rs]*/step-*/*")


@dataclass
class Found:
    """What the images of one kind of moment held."""

    images: int = 0
    runs_lost: int = 0
    empty: list[str] = field(default_factory=list)  # files of 0 bytes that count
    back: list[int] = field(default_factory=list)  # how many saves before the last one the run goes on from
    wrong: list[str] = field(default_factory=list)  # what could not be opened, or lacks rows


def main(arguments: list[str] | None = None) -> None:
    """Print what was lost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.power_cut", description=__doc__.split("\n\n")[0])
    parser.add_argument("--images", type=int, default=20)
    parser.add_argument("--preset", default="small")
    parser.add_argument("--save-every", type=float, default=5.0, help="seconds between two saves of the trainer")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    try:
        found = measure(asked)
    except NoDisk as error:
        sys.exit(str(error))
    report.head("moment", "images", "runs lost", "empty files", "saves back (most)", "else wrong")
    for moment, each in found.items():
        back = max(each.back, default=0)
        report.row(moment, each.images, each.runs_lost, len(each.empty), back, len(each.wrong))
    for each in found.values():
        for told in (*each.empty, *each.wrong):
            print(told)


def measure(asked: argparse.Namespace) -> dict[str, Found]:
    """Train, and copy the image at as many moments; a new run for each that is to be in its first seconds."""
    chance, found = random.Random(asked.seed), {moment: Found() for moment in MOMENTS}
    trainer = None
    with disk(1024) as (image, place):
        try:
            for i in range(asked.images):
                moment = MOMENTS[i % len(MOMENTS)]
                if trainer is None or moment == MOMENTS[0]:
                    _end(trainer)
                    trainer = _train(asked, place / "runs", f"run-{i}")
                _wait(moment, place / "runs" / f"run-{i - i % len(MOMENTS)}", chance)
                trainer.send_signal(signal.SIGSTOP)
                copy = shutil.copy(image, image.with_name("copy.img"))
                live = {path.name: RunDir(path).saved_steps() for path in (place / "runs").iterdir() if path.is_dir()}
                trainer.send_signal(signal.SIGCONT)
                with mounted(Path(copy)) as after:
                    look(after / "runs", live, found[moment])
        finally:
            _end(trainer)
    return found


def _train(asked: argparse.Namespace, root: Path, name: str) -> subprocess.Popen:
    command = [sys.executable, "-c", TRAINER, str(asked.save_every), "--runs", str(root), "train"]
    command += ["--preset", asked.preset, "--corpus", "plays", "--run", name, "--steps", "1000000"]
    trainer = subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE)
    while f"in {root / name}" not in (line := trainer.stderr.readline().decode()):  # from here on, the run is promised
        if not line:
            raise OSError("The trainer ended by itself")
    return trainer


def _end(trainer: subprocess.Popen | None) -> None:
    if trainer:
        trainer.kill()
        trainer.communicate()


def _wait(moment: str, run: Path, chance: random.Random) -> None:
    if moment == MOMENTS[2]:
        while not [*run.glob(".resume-*")]:
            time.sleep(0.001)
    longest = dict(zip(MOMENTS, (FIRST, LATER, SAVING), strict=True))[moment]
    time.sleep(chance.uniform(0.0, longest))


def look(root: Path, live: dict[str, list[int]], found: Found) -> None:
    """Open all runs below root as the next start does; live: the saved steps of each, as it was known when it ended."""
    found.images += 1
    files = [path for pattern in COUNTING for path in root.glob(f"*/{pattern}")]
    found.empty += [str(path.relative_to(root)) for path in files if path.is_file() and not path.stat().st_size]
    if root.is_dir():
        recover(root)
    runs = {run.id: run for run in list_runs(root)[0]}
    found.runs_lost += len(live.keys() - runs.keys())
    for name in live.keys() & runs.keys():
        run = runs[name]
        try:
            run.text()
            model = model_of(run.config())
            state = run.read_resume(model, make_optimizer(model, run.config().train))
            for step in run.snapshots():
                run.load_snapshot(step)
        except ValueError as error:
            found.wrong.append(f"{name}: {error}")
            continue
        step = state.step if state else 0
        found.back.append(sum(saved > step for saved in live[name]))
        missing = set(range(step + 1)) - {row.get("step") for row in run.rows("metrics")[0]}
        if state and missing:
            found.wrong.append(f"{name}: {len(missing)} rows up to step {step} are missing")


if __name__ == "__main__":
    main()
