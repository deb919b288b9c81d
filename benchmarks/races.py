"""Two servers and two command lines reach for one run at the same moment, again and again: is any step trained twice?

python -m benchmarks.races --races 50

Half of the races begin with a run in pause, half with a finished one that each of the four wants to go on for longer,
the command lines with another number of steps than the servers.
"""

import argparse
import random
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from benchmarks import report
from benchmarks.nursery import Nursery
from core.runs.directory import RunDir
from core.runs.plan import Plan, plan_run
from core.runs.store import RunStore
from core.text.corpora import Corpus

TEXT = "".join(f"{i} times {j} is {i * j}.\n" for i in range(20) for j in range(20))
MODEL = {"block_size": 8, "n_layer": 1, "n_head": 2, "n_embd": 8}
TRAIN = {"steps": 40, "batch_size": 2, "eval_interval": 50, "eval_tokens": 64, "warmup_steps": 5}
LONGER = (60, 70)  # steps that the two command lines ask for; the servers ask for twice as many as there were
PATIENCE = 60.0  # seconds for a race


def main(arguments: list[str] | None = None) -> None:
    """Print how many steps were trained twice, and who won."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.races", description=__doc__.split("\n\n")[0])
    parser.add_argument("--races", type=int, default=50)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as root:
        told = measure(Path(root), asked.races)
    report.head(
        "race", "races", "steps trained twice", "steps missing", "runs that are not done", "won by a command line"
    )
    for kind, each in told.items():
        report.row(kind, *(each[name] for name in ("races", "twice", "missing", "not done", "command lines")))


def measure(root: Path, races: int) -> dict[str, Counter]:
    """Run the races, by turns of both kinds."""
    lines = [Nursery() for _ in range(2)]
    stores = [RunStore(root, workers=1).open() for _ in range(2)]
    told = {"a run in pause": Counter(), "a finished run": Counter()}
    chance = random.Random(1)
    try:
        for i in range(races):
            kind = list(told)[i % 2]
            told[kind] += race(root, kind == "a finished run", stores, lines, chance)
    finally:
        for store in stores:
            store.close()
        for line in lines:
            line.close()
    return told


def race(root: Path, finished: bool, stores: list[RunStore], lines: list[Nursery], chance: random.Random) -> Counter:
    """Let all four reach for a new run, in an order that chance makes; return what became of it."""
    run = stores[0].start(_plan(), paused=True)
    if finished:
        stores[0].resume(run.id)
        _wait(lambda: run.status().state == "done")
    start = threading.Barrier(4)

    def press(store: RunStore) -> None:
        start.wait()
        with suppress(ValueError):
            (store.extend if finished else store.resume)(run.id)

    def type_in(line: Nursery, steps: int) -> None:
        start.wait()
        more = f"--steps {steps}" if finished else ""
        line.begin("--runs", root, "train --resume", run.id, more)

    tries = [threading.Thread(target=press, args=[store]) for store in stores]
    tries += [threading.Thread(target=type_in, args=pair) for pair in zip(lines, LONGER, strict=True)]
    chance.shuffle(tries)
    for each in tries:
        each.start()
    for each in tries:
        each.join()
    codes = [line.exit_code() for line in lines]
    with suppress(TimeoutError):
        _wait(lambda: run.status().state == "done")
    return _outcome(run, codes)


def _outcome(run: RunDir, codes: list[int]) -> Counter:
    rows = Counter(row["step"] for row in run.rows("metrics")[0])
    steps = run.config().train.steps
    return Counter({
        "races": 1, "twice": sum(count - 1 for count in rows.values()),
        "missing": sum(step not in rows for step in range(steps + 1)), "not done": run.status().state != "done",
        "command lines": codes.count(0),
    })  # fmt: skip


def _plan() -> Plan:
    return plan_run(Corpus("own", TEXT), {"sample_tokens": 4}, MODEL, TRAIN)


def _wait(condition) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.02)


if __name__ == "__main__":
    main()
