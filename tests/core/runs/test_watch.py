"""The watch over the workers: one that hangs is ended and replaced, and nothing ends the watch itself."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from multiprocessing import forkserver
from types import SimpleNamespace

import pytest

from core import training
from core.config import GPTConfig, TrainConfig
from core.runs import leaving
from core.runs import store as runs_module
from core.runs.cost import Speed, longest_piece
from core.runs.directory import RunDir
from core.runs.presets import PRESETS
from core.runs.pulse import MOST_BETWEEN, PATIENCE, Pulse, Told, lives
from core.runs.store import RunStore
from core.runs.training_run import run_by_turns
from core.runs.watch import Watch
from tests.tiny_runs import easily_hung_work, losses, quick_store, tiny_plan, undisturbed, wait_for, wait_for_state

ENDLESS, ENDS_NEVER = 1_000_000, 666


@pytest.fixture
def store(tmp_path) -> Iterator[RunStore]:
    with quick_store(tmp_path / "runs", workers=2, work=hanging_work) as store:
        yield store


def hanging_work(*arguments) -> None:
    """Work as a worker does, but never come back from the fifth step of a run of the seed ENDS_NEVER."""
    step = training._optimizer_step

    def take(compute, optimizer, batch, number, config):
        while config.seed == ENDS_NEVER and number == 4:
            time.sleep(1.0)
        return step(compute, optimizer, batch, number, config)

    training._optimizer_step = take
    easily_hung_work(*arguments)


def _stop_in_its_turn(store: RunStore, run: RunDir) -> int:
    """Stop the worker of a run while it has the cores for it; return which process it is."""

    def caught() -> int | None:
        process = next(process for process in store.processes if run.id in process.commands)
        os.kill(process.process.pid, signal.SIGSTOP)
        time.sleep(0.01)
        if process.told.running_run_id.value.decode() == run.id:
            return process.process.pid
        os.kill(process.process.pid, signal.SIGCONT)
        return None

    wait_for(lambda: run.status().state == "running")
    return wait_for(caught)


def _moves_on(run: RunDir, by: int = 20) -> bool:
    now = run.status().step
    return bool(wait_for(lambda: run.status().step >= now + by))


def test_a_worker_that_was_stopped_is_replaced_and_its_run_gives_the_losses_of_an_undisturbed_one(store, tmp_path):
    run, other = store.start(tiny_plan(ENDLESS)), store.start(tiny_plan(ENDLESS, seed=2))
    wait_for(lambda: min(run.status().step, other.status().step) > 20)
    stopped = _stop_in_its_turn(store, run)
    done = max(losses(run))
    assert _moves_on(other)  # nobody stands behind the one that hangs
    wait_for(lambda: not lives(stopped))
    wait_for(lambda: run.status().step > done)
    found = losses(run)
    assert found == undisturbed(tmp_path, tiny_plan(ENDLESS), upto=max(found))


def test_what_is_pressed_while_a_worker_hangs_is_obeyed_by_the_next_and_the_page_says_why(store, monkeypatch):
    monkeypatch.setattr(runs_module, "LATE", 0.5)
    run = store.start(tiny_plan(ENDLESS))
    wait_for(lambda: run.status().step > 5)
    assert store.trouble(run.id) is None
    _stop_in_its_turn(store, run)
    store.pause(run.id)
    said = wait_for(lambda: store.trouble(run.id))
    assert "no sign of life" in said and "does what you press now" in said
    step = wait_for_state(run, "paused")
    wait_for(lambda: store.trouble(run.id) is None)
    assert run.status().step == step


def test_a_step_that_never_returns_ends_its_run_in_words_and_the_others_go_on(store):
    run, other = store.start(tiny_plan(ENDLESS, seed=ENDS_NEVER)), store.start(tiny_plan(ENDLESS, seed=2))
    wait_for_state(run, "failed")
    assert "ended twice" in run.status().message and "no sign of life for" in run.status().message
    assert _moves_on(other)


def test_a_worker_with_nothing_to_do_shows_life(store):
    pids = [process.process.pid for process in store.processes]
    beats = [process.told.beats.value for process in store.processes]
    wait_for(lambda: all(p.told.beats.value > 3 + b for p, b in zip(store.processes, beats, strict=True)))
    assert [process.process.pid for process in store.processes] == pids


def test_when_the_fork_server_is_killed_its_workers_are_replaced_and_do_not_train_on(store):
    run, other = store.start(tiny_plan(ENDLESS)), store.start(tiny_plan(ENDLESS, seed=2))
    wait_for(lambda: min(run.status().step, other.status().step) > 5)
    before = [process.process.pid for process in store.processes]
    os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)
    wait_for(lambda: not any(process.process.pid in before for process in store.processes))
    assert not any(map(lives, before))
    assert _moves_on(run) and _moves_on(other)
    losses(run), losses(other)  # what was repeated came out the same


def test_nothing_ends_the_watch(capfd):
    """Whatever goes wrong at a look, or when a successor is started, there is a next look."""
    told, looks = Told(), []
    dead = SimpleNamespace(process=SimpleNamespace(sentinel=os.open(os.devnull, os.O_RDONLY)), started=0.0,
                           pulse=Pulse(told, None), end=lambda: None)  # fmt: skip
    troubles = iter([EOFError, ConnectionResetError, RuntimeError("boom"), MemoryError])
    closed = threading.Event()

    def successor(place: int) -> SimpleNamespace:
        looks.append(place)
        if trouble := next(troubles, None):
            raise trouble
        return SimpleNamespace(started=1e9)

    watch = Watch(lambda: [dead], successor, lambda place, new: closed.set(), closed)
    closed.wait = lambda seconds: None  # try again at once
    watch.start()
    watch.join(60)
    assert closed.is_set() and len(looks) == 5
    assert "boom" in capfd.readouterr().err
    os.close(dead.process.sentinel)


def test_silence_is_counted_by_looks_and_one_that_gets_no_cores_is_not_silent():
    now, computed, told = [0.0], [0.0], Told()
    pulse = Pulse(told, None, lambda: now[0], lambda pid: computed[0])

    def look(seconds: float, worked: float = 0.0) -> float:
        now[0] += seconds
        computed[0] += worked
        return pulse.look()

    told.beat(PATIENCE)
    assert look(1.0) == 0.0 and look(1.0) == 1.0 and look(1.0) == 2.0
    assert look(1.0, worked=0.1) == pytest.approx(2.1)  # it computes, but others have the cores
    assert look(1.0, worked=5.0) == pytest.approx(3.1)
    assert look(3600.0) == pytest.approx(3.1 + MOST_BETWEEN)  # the whole machine slept
    told.beat()
    assert look(1.0) == 0.0 and not pulse.is_hung
    for _ in range(21):
        look(1.0)
    assert pulse.is_hung
    told.beat(60.0)  # a large piece of work
    look(1.0)
    for _ in range(59):
        look(1.0)
    assert not pulse.is_hung


def test_a_large_run_may_be_silent_for_longer_and_a_small_one_not():
    gpt2, small = (GPTConfig(vocab_size=50_257 if name == "gpt2" else 65, **PRESETS[name].model)
                   for name in ("gpt2", "small"))  # fmt: skip
    machine = Speed(1e-3, 5e10)
    batch = TrainConfig().batch_size
    assert PATIENCE + longest_piece(small, batch, machine) < 25  # so that a hang is noticed within thirty seconds
    step = machine.seconds(gpt2, 1, 1)
    assert 3 * step < longest_piece(gpt2, 1, machine) < 10 * step + 60
    assert longest_piece(gpt2, 1, None) > longest_piece(gpt2, 1, machine)


def test_a_slow_step_shows_life_between_its_layers(tmp_path, monkeypatch):
    monkeypatch.setattr(leaving, "SLOW", 0.0)
    asked: list[float] = []
    turns = run_by_turns(tiny_plan(5).create(tmp_path), lambda seconds: bool(asked.append(seconds)))
    counts = []
    for stats in turns:
        if stats:
            counts.append(len(asked))
    turns.close()
    assert all(later - earlier >= 5 for earlier, later in zip(counts, counts[1:], strict=False))
