"""Whose turn it is, in a worker and among workers: by time, by owner, and newcomers first."""

import fcntl
import threading
import time
from collections import Counter
from types import SimpleNamespace

import pytest

from core import training
from core.model import GPT
from core.runs import cores, leaving
from core.runs import worker as worker_module
from core.runs.config import RunConfig
from core.runs.cores import CoreLock
from core.runs.cost import Speed
from core.runs.directory import RunDir
from core.runs.pulse import Shares, Told
from core.runs.store import SLOW, RunStore
from core.runs.turns import ScheduledRun, Turns
from core.runs.worker import Worker
from tests.tiny_runs import tiny_plan


def _turn(tmp_path, name: str, owner: str = "", is_new: bool = False) -> ScheduledRun:
    folder = tmp_path / name
    folder.mkdir()
    if not is_new:
        (folder / "metrics.jsonl").touch()
    training = (None for _ in range(1))
    return ScheduledRun(SimpleNamespace(path=folder, id=name), training, False, 100, owner=owner or name)


def _served(turns: Turns, rounds: int, seconds: dict[str, float] | None = None) -> Counter:
    """Return the seconds that each run had, when a turn of it takes so many."""
    had: Counter = Counter()
    for _ in range(rounds):
        turn = turns.next()
        took = (seconds or {}).get(turn.run.id, 1.0)
        turns.charge(turn, took)
        had[turn.run.id] += took
    return had


def test_turns_go_by_the_time_that_they_take(tmp_path):
    turns = Turns()
    for name in ("quick", "slow"):
        turns.add(_turn(tmp_path, name))
    had = _served(turns, 1100, {"slow": 10.0})
    assert had["slow"] == pytest.approx(had["quick"], rel=0.02)


def test_the_ten_runs_of_one_owner_get_no_more_than_the_one_of_another(tmp_path):
    turns = Turns()
    for i in range(10):
        turns.add(_turn(tmp_path, f"many-{i}", "busy"))
    turns.add(_turn(tmp_path, "only", "modest"))
    had = _served(turns, 200)
    assert had["only"] == 100 and {had[f"many-{i}"] for i in range(10)} == {10}


def test_who_comes_later_has_no_claim_on_the_time_before(tmp_path):
    turns = Turns()
    turns.add(_turn(tmp_path, "old"))
    _served(turns, 500)
    turns.add(_turn(tmp_path, "new"))
    assert turns.next().run.id == "new"  # its first turn is the next
    had = _served(turns, 100)
    assert had["old"] == had["new"] == 50


def test_runs_without_a_point_go_first_in_the_order_in_which_they_came(tmp_path):
    turns, came = Turns(), ["old", "first", "second", "third"]
    for name in came:
        turns.add(_turn(tmp_path, name, is_new=name != "old"))
    order = []
    for _ in range(3):
        turn = turns.next()
        order.append(turn.run.id)
        turns.charge(turn, 1.0)
        (turn.run.path / "metrics.jsonl").touch()
    assert order == came[1:] and turns.next().run.id == "old"


def test_a_run_shows_its_first_point_before_another_that_came_with_it_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(worker_module, "HOLD", 0.0)
    monkeypatch.setattr(worker_module, "SHORTEST", 0.0)
    worker = Worker(tmp_path, Told())
    runs = [tiny_plan(1000, seed=seed).create(tmp_path) for seed in range(3)]
    for run in runs:
        worker.handle("train", run.id)
    for shown in range(1, 4):
        worker.take_turn()
        assert [(run.path / "metrics.jsonl").exists() for run in runs] == [i < shown for i in range(3)]
    worker.pause_all()


def test_processes_hold_the_cores_for_as_long_as_they_have_owners():
    shares = Shares()
    shares.tell(0, 3)
    shares.tell(1, 1)
    assert (shares.of(0), shares.of(1), shares.of(2)) == (0.75, 0.25, 0.0)
    Told(shares=shares, place=0)  # another process takes the place
    assert shares.of(1) == 1.0


def test_a_slow_step_lets_others_have_the_cores_between_two_layers(tmp_path, monkeypatch):
    """Otherwise all runs would stand while one takes a step of many seconds."""
    monkeypatch.setattr(leaving, "SLOW", 0.0)
    monkeypatch.setattr(worker_module, "threads_for", lambda *_: 2)  # it wants all cores
    worker, others = Worker(tmp_path, Told()), CoreLock(tmp_path)
    run = tiny_plan(1_000_000).create(tmp_path)
    worker.handle("train", run.id)
    while not worker.turns[0].all_cores:
        worker.take_turn()
    passed: list[bool] = []
    breathe, looks = worker.cores.breathe, []

    def watched(is_called) -> None:
        worker.cores.breath = 0.0
        if not looks:  # another process comes in the middle of this step
            waiting.start()
            while _is_free(tmp_path / ".turnstile.lock"):
                time.sleep(0.001)
        looks.append(len(passed))
        breathe(is_called)

    def wait_and_leave() -> None:
        with others.held(all_cores=True):
            passed.append(True)

    waiting = threading.Thread(target=wait_and_leave)
    monkeypatch.setattr(worker.cores, "breathe", watched)
    before = run.status().step
    with worker.cores.held(all_cores=True):
        worker._one_step(worker.turns[0])
        waiting.join(60)
        assert passed == [True] and looks[1] == 1 and len(looks) > 5  # it passed before the second layer
        assert worker.cores.is_held and run.status().step <= before + 1
    assert _is_free(tmp_path / ".cores.lock")
    worker.pause_all()


def test_the_files_of_a_large_run_are_written_while_others_have_the_cores(tmp_path, monkeypatch):
    monkeypatch.setattr(worker_module, "LARGE", 0)
    monkeypatch.setattr(worker_module, "threads_for", lambda *_: 2)
    worker, run, were_free = Worker(tmp_path, Told()), tiny_plan(3).create(tmp_path), []
    for name in ("write_snapshot", "write_resume"):
        write = getattr(RunDir, name)
        monkeypatch.setattr(RunDir, name, lambda *what, name=name, write=write: were_free.append(
            (name, _is_free(tmp_path / ".cores.lock"))) or write(*what))  # fmt: skip
    worker.handle("train", run.id)
    while worker.turns:
        worker.take_turn()
    assert run.status().state == "done" and run.snapshots() == [0, 1, 2, 3]
    assert {("write_snapshot", True), ("write_resume", True)} == set(were_free), were_free


def test_an_estimate_as_long_as_the_text_does_not_keep_others_from_their_steps(tmp_path, monkeypatch):
    """eval_interval=1 and a text of which every window is read: after each part of that, others have their turn."""
    now = [0.0]
    monkeypatch.setattr(worker_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(training, "tokens_at_once", lambda model: model.block_size)
    forward = GPT.forward

    def second(model, *what):
        now[0] += 1.0  # every pass takes a second
        return forward(model, *what)

    monkeypatch.setattr(GPT, "forward", second)
    worker = Worker(tmp_path, Told())
    heavy = tiny_plan(100, eval_interval=1, eval_tokens=10_000_000).create(tmp_path)
    quick = tiny_plan(100_000, eval_interval=100_000, seed=2).create(tmp_path)
    for run in (heavy, quick):
        worker.handle("train", run.id)
        while not (run.path / "metrics.jsonl").exists():
            worker.take_turn()
    worker.take_turn(), worker.take_turn()
    before, began = quick.status().step, now[0]
    for _ in range(200):
        worker.take_turn()
    assert heavy.status().step < 10  # its text has about a thousand windows
    assert quick.status().step - before >= 0.3 * (now[0] - began)
    worker.pause_all()


def _is_free(path) -> bool:
    with open(path, "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_one_that_waits_for_all_cores_does_not_keep_small_ones_behind_a_long_holder_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(cores, "CLAIM", 0.02)
    monkeypatch.setattr(cores, "STEP_BACK", 0.1)
    long, wide, small = CoreLock(tmp_path), CoreLock(tmp_path), CoreLock(tmp_path)
    over, waits = threading.Event(), threading.Event()

    def want_all() -> None:
        waits.set()
        with wide.held(all_cores=True, is_called=lambda seconds: over.wait(seconds)):
            pass

    with long.held(all_cores=False):  # and it hangs
        thread = threading.Thread(target=want_all)
        thread.start()
        waits.wait(60)
        with small.held(all_cores=False) as is_held:
            assert is_held
        over.set()
        thread.join(60)


class _Process:
    """A worker that is not there."""

    def __init__(self):
        self.commands: dict[str, None] = {}


@pytest.fixture
def store(tmp_path, monkeypatch) -> RunStore:
    store = RunStore(tmp_path, 2)
    store.processes = [_Process(), _Process()]
    monkeypatch.setattr(store, "_process", lambda place: _Process())
    return store


def _place(store: RunStore, owner: str | None, config: RunConfig | None = None) -> int:
    run = tiny_plan(100, owner=owner).create(store.root)  # queued
    process = store._worker_for(config or run.config())
    process.commands[run.id] = None
    return store.processes.index(process)


def test_the_runs_of_one_owner_share_a_worker_and_owners_are_spread(store):
    assert [_place(store, "a" * 64) for _ in range(3)] == [0, 0, 0]
    assert [_place(store, letter * 64) for letter in "bcbca"] == [1, 0, 1, 0, 0]
    assert _place(store, "d" * 64) == 1


def test_the_runs_of_nobody_are_spread(store):
    assert [_place(store, None) for _ in range(4)] == [0, 1, 0, 1]


def test_slow_runs_have_a_worker_of_their_own_which_is_started_for_the_first(store):
    slow = tiny_plan(10).config
    slow = RunConfig(**{**vars(slow), "model": slow.model.model_copy(
        update={"n_embd": 768, "n_layer": 12, "block_size": 1024, "n_head": 12, "vocab_size": 50_257})})  # fmt: skip
    assert Speed(1e-4, SLOW).seconds(slow.model, slow.train.batch_size, 1) > 1.0
    assert _place(store, None) == 0 and len(store.processes) == 2
    assert [_place(store, None, slow) for _ in range(3)] == [2, 2, 2] and len(store.processes) == 3
    assert _place(store, None) == 1


def test_where_no_more_processes_can_be_started_slow_runs_take_turns_with_the_others(store, monkeypatch):
    def none_left(place: int) -> _Process:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(store, "_process", none_left)
    slow = tiny_plan(10).config
    slow = RunConfig(**{**vars(slow), "model": slow.model.model_copy(update={"n_embd": 8192, "n_layer": 12})})
    assert _place(store, None, slow) in (0, 1) and len(store.processes) == 2
