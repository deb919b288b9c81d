"""A disk that becomes full while a run trains: how soon the run says so, what is lost, and whether it goes on after.

python -m benchmarks.full_disk --times 10

The runs lie on a small file system of their own. At a random moment all that is left of it is filled up; then the run
has to say so and stand or go on, every command has to answer with a sentence, and with space again it goes on.
"""

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

from benchmarks import report
from benchmarks.disks import NoDisk, disk
from core.optim import make_optimizer
from core.runs.built import model_of
from core.runs.directory import RunDir
from core.runs.plan import plan_run
from core.runs.presets import PRESETS
from core.runs.store import RunStore
from core.text.corpora import load_corpus

SOON = 5.0  # seconds in which the run has to say that the disk is full
PATIENCE = 60.0  # seconds until a run moves on
ROOM = 2**20  # bytes of one piece of what fills the disk


def main(arguments: list[str] | None = None) -> None:
    """Print what became of the runs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.full_disk", description=__doc__.split("\n\n")[0])
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--preset", default="tiny")
    asked = parser.parse_args(arguments)
    try:
        with disk(200) as (_, place):
            told, waits, said = measure(place / "runs", asked)
    except NoDisk as error:
        sys.exit(str(error))
    report.head("times full", "told late", "longest (s)", "states lost", "did not go on", "commands without a sentence")
    names = ("late", "states lost", "stands", "bare")
    late, lost, stands, bare = (told[name] for name in names)
    report.row(asked.times, late, f"{max(waits, default=0):.1f}", lost, stands, bare)
    for sentence, count in said.most_common():
        print(f"{count} x {sentence}")


def measure(root: Path, asked: argparse.Namespace) -> tuple[Counter, list[float], Counter]:
    """Fill the disk again and again while one run trains."""
    told, waits, said, chance = Counter(), [], Counter(), random.Random(1)
    preset = PRESETS[asked.preset]
    plan = plan_run(load_corpus("plays"), {"preset": asked.preset}, preset.model, {**preset.train, "steps": 1_000_000})
    store = RunStore(root, workers=1).open()
    filler = root.parent / "filler"
    try:
        run = store.start(plan)
        for _ in range(asked.times):
            _moves_on(run)
            time.sleep(chance.uniform(0.0, 6.0))
            _fill(filler)
            began, saved = time.monotonic(), max(run.saved_steps(), default=0)
            while not (message := run.status().message or "").startswith("The disk is full"):
                if time.monotonic() - began > SOON:
                    told["late"] += 1
                    break
                time.sleep(0.02)
            waits.append(time.monotonic() - began)
            said[" ".join("N" if word.rstrip(";:,.").isdigit() else word for word in message.split())] += 1
            for command in (store.pause, store.resume, store.step, store.stop):
                told["bare"] += not _answers(command, run)
            time.sleep(1.0)
            told["states lost"] += _resumed(run) < saved
            filler.unlink()
            store.resume(run.id)
            told["stands"] += not _moves_on(run)
    finally:
        store.close()
    return told, waits, said


def _fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        for size in (ROOM, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def _answers(command, run: RunDir) -> bool:
    try:
        command(run.id)
    except ValueError:
        return True
    except OSError:
        return False
    return True


def _resumed(run: RunDir) -> int:
    model = model_of(run.config())
    state = run.read_resume(model, make_optimizer(model, run.config().train))
    return state.step if state else 0


def _moves_on(run: RunDir) -> bool:
    began, first = time.monotonic(), max(run.saved_steps(), default=0)
    while max(run.saved_steps(), default=0) <= first:
        if time.monotonic() - began > PATIENCE:
            return False
        time.sleep(0.05)
    return True


if __name__ == "__main__":
    main()
