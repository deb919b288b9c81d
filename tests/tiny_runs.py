"""Runs that are over in a second, and patience, for the tests of runs, workers and feed."""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.runs import chores, processes, recorder, worker
from core.runs.cost import Speed
from core.runs.directory import RunDir
from core.runs.plan import Plan, plan_run
from core.runs.store import RunStore
from core.runs.training_run import train_run
from core.text.corpora import Corpus

PROJECT = Path(__file__).parents[1]

TEXT = "".join(f"{i} times {j} is {i * j}.\n" for i in range(20) for j in range(20))
MODEL = {"block_size": 8, "n_layer": 1, "n_head": 2, "n_embd": 8}
TRAIN = {"batch_size": 2, "eval_interval": 50, "eval_tokens": 64, "warmup_steps": 5}


def tiny_plan(steps: int = 100, owner: str | None = None, preset: str = "custom", **train) -> Plan:
    """Plan a run whose steps take about a millisecond."""
    options = {"sample_tokens": 4, "preset": preset}
    return plan_run(Corpus("own", TEXT), options, MODEL, {**TRAIN, "steps": steps, **train}, owner, memory=10**9)


def undisturbed(root: Path, plan: Plan, upto: int | None = None) -> dict[int, float]:
    """Train a plan in this process, with no break, to its end or up to a step; return the loss of each step."""
    return {stats.step: stats.loss for stats in islice(train_run(plan.create(root)), upto)}


def losses(run: RunDir) -> dict[int, float]:
    """Return the loss of each step of a run; a step that was repeated must have given the very same."""
    found: dict[int, float] = {}
    for row in run.rows("metrics")[0]:
        if "loss" in row:
            assert found.setdefault(row["step"], row["loss"]) == row["loss"], f"step {row['step']} came out differently"
    return found


def refusal(act: Callable, *arguments) -> str:
    """Return the sentence that a call is refused with; "not refused" for one that is not."""
    try:
        act(*arguments)
    except ValueError as error:
        return str(error)
    return "not refused"


def wait_for(condition: Callable[[], object], seconds: float = 90.0) -> object:
    """Wait until a condition holds and return what it gave; a busy machine is slow, not wrong."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return found


def wait_for_state(run: RunDir, state: str) -> int:
    """Wait until a run is in a state, and return its step."""
    wait_for(lambda: run.status().state == state)
    return run.status().step


@contextmanager
def quick_store(root: Path, workers: int, work: Callable | None = None) -> Iterator[RunStore]:
    """Open a store whose workers are there at once, and do what `work` says."""
    multiprocessing.set_forkserver_preload([__name__])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(PROJECT))
        patch.setattr(processes, "work", work or unmeasured_work)
        store = RunStore(root, workers).open()
        try:
            yield store
        finally:
            store.close()


def unmeasured_work(*arguments) -> None:
    """Work as a worker process does, but take the speed of the machine as known."""
    chores.measure_speed = lambda **_: Speed(1e-4, 1e10)
    chores.was_busy = lambda began: False
    worker.SOON = worker.QUIET = 0.0
    worker.work(*arguments)


def seldom_saving_work(*arguments) -> None:
    """Save a run only when it is left: no test depends on how many seconds it takes on a busy machine."""
    recorder.SAVE_EVERY = 3600.0
    unmeasured_work(*arguments)


def impatient_work(*arguments) -> None:
    """Save ten times a second."""
    recorder.SAVE_EVERY = 0.1
    unmeasured_work(*arguments)


def easily_hung_work(*arguments) -> None:
    """Be taken for hanging after two seconds of silence."""
    worker.PATIENCE = 2.0
    worker.BEAT = 0.2
    seldom_saving_work(*arguments)


def asking(**query: str) -> SimpleNamespace:
    """Return what a handler of the page reads of the request that opens it."""
    return SimpleNamespace(query_params=query, headers={}, request=SimpleNamespace(url=SimpleNamespace(scheme="http")))
