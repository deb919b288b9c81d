"""A step beside other work: as torch waits by itself, as our workers wait, and on one core.

    python -m benchmarks.contention --presets express small --spinners 2

Threads that share a step wait for each other. OpenMP lets them spin meanwhile, which is quickest while every thread has
a core; beside other work they spin on the very core that the other thread is waiting for. Each way has a process of its
own (how to wait is read once, when torch is loaded), at a worker's priority, and all of them train the same preset, a
slice of steps each by turns: first on the machine as it is, then beside processes that compute without end.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.machine import watched
from benchmarks.report import head, row
from core.runs.presets import PRESETS
from core.runs.waiting import WAITING, use_threads

WAYS = ("as it is", "as we wait", "one core")
NICENESS = 10  # of a worker
SETTLING = 1.5  # seconds, in which torch is used first
RUNNING = 0.75  # seconds of a slice before its clock starts: a worker that trains has looked who else computes
ENDLESS = "while True: pass"


def main(arguments: list[str] | None = None) -> None:
    """Print a row a preset and state of the machine: milliseconds of a step, and the ratios that matter."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.contention", description=__doc__.split("\n")[0])
    parser.add_argument("--presets", nargs="+", choices=list(PRESETS), default=["express", "small"], metavar="PRESET")
    parser.add_argument("--spinners", type=int, default=os.cpu_count() or 1, help="processes that compute without end")
    parser.add_argument("--rounds", type=int, default=8, help="slices of each way, by turns")
    parser.add_argument("--steps", type=int, default=10, help="steps of a slice")
    parser.add_argument("--quick", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)  # it calls itself
    asked = parser.parse_args(arguments)
    if asked.child:
        take_steps(*asked.child)
        return
    with watched(asked.quick):
        head("preset", "beside", *(f"{way}, ms" for way in WAYS), "ours / as it is", "ours / one core")
        for preset in asked.presets:
            with ExitStack() as stack:
                ways = {way: stack.enter_context(trainer(preset, way)) for way in WAYS}
                _tell(preset, "nobody", _by_turns(ways, asked.rounds, asked.steps))
                for _ in range(asked.spinners):
                    stack.enter_context(spinner())
                _tell(preset, f"{asked.spinners} others", _by_turns(ways, asked.rounds, asked.steps))


def _tell(preset: str, beside: str, seconds: dict[str, float]) -> None:
    usual, ours, alone = (seconds[way] for way in WAYS)
    figures = [f"{1000 * each:,.1f}" for each in (usual, ours, alone)]
    row(preset, beside, *figures, f"{ours / usual:.2f}", f"{ours / alone:.2f}")


def _by_turns(ways: dict[str, subprocess.Popen], rounds: int, steps: int) -> dict[str, float]:
    """Return the median, over all slices, of the seconds of a step, by way."""
    slices: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, process in ways.items():
            slices[way].append(_ask(process, steps) / steps)
    return {way: statistics.median(seconds) for way, seconds in slices.items()}


def _ask(process: subprocess.Popen, steps: int) -> float:
    assert process.stdin and process.stdout
    process.stdin.write(f"{steps}\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


@contextmanager
def trainer(preset: str, way: str) -> Iterator[subprocess.Popen]:
    """Start a process that trains a preset when it is asked to, and waits meanwhile without a core."""
    environment = {name: value for name, value in os.environ.items() if name not in WAITING}
    command = [sys.executable, "-m", "benchmarks.contention", "--child", preset, way]
    here = Path(__file__).parents[1]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, cwd=here, env=environment, **pipes)
    try:
        began = time.monotonic()
        while time.monotonic() - began < SETTLING:
            _ask(process, 3)
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def spinner() -> Iterator[None]:
    """Compute without end in another process."""
    process = subprocess.Popen([sys.executable, "-c", ENDLESS])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def take_steps(name: str, way: str) -> None:
    """Read numbers of steps, one a line; train as many, and print the seconds that they took."""
    import torch

    from benchmarks.memory import CHARACTERS, TOKENS, noise
    from benchmarks.racing import ours

    if hasattr(os, "nice"):
        os.nice(NICENESS)
    preset = replace(PRESETS[name], train={**PRESETS[name].train, "steps": 1_000_000})  # more than any slices need
    racer = ours(name, preset, noise(CHARACTERS, TOKENS), CHARACTERS, seed=1)
    torch.set_num_threads(1 if way == WAYS[2] else racer.threads)

    def step() -> None:
        next(racer.training)
        if way == WAYS[1]:  # as a worker does between two steps
            use_threads(racer.threads)

    for line in sys.stdin:
        until = time.perf_counter() + RUNNING
        while time.perf_counter() < until:
            step()
        began = time.perf_counter()
        for _ in range(int(line)):
            step()
        print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
