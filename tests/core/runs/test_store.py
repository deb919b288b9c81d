"""The store of runs and its worker processes: every command, in any order, and every way in which a process can end."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.runs import admission
from core.runs import store as runs_module
from core.runs.config import Status
from core.runs.directory import RunDir
from core.runs.listing import list_runs
from core.runs.processes import MAX_PENDING, Command, Process
from core.runs.store import RunStore
from core.runs.training_run import train_run
from core.text.corpora import Corpus
from tests.core.runs.test_admission import Unheard
from tests.tiny_runs import (
    PROJECT,
    TEXT,
    impatient_work,
    losses,
    quick_store,
    refusal,
    seldom_saving_work,
    tiny_plan,
    undisturbed,
    wait_for,
    wait_for_state,
)

ENDLESS = 1_000_000
COMMANDS = ("resume", "step", "pause", "stop", "extend", "delete")


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Iterator[RunStore]:
    with quick_store(tmp_path_factory.mktemp("runs"), workers=2, work=seldom_saving_work) as store:
        yield store


@pytest.fixture
def start(store):
    """Start tiny runs, and delete them when the test is over."""
    started = []

    def one(steps: int = ENDLESS, **more) -> RunDir:
        plan_options = {key: more.pop(key) for key in ("seed", "owner") if key in more}
        started.append(store.start(tiny_plan(steps, **plan_options), **more))
        return started[-1]

    yield one
    for run in started:
        if (run.path / "run.json").exists() and not _is_foreign(run):
            store.delete(run.id)
    wait_for(lambda: not any(run.path.exists() and not _is_foreign(run) for run in started))


def _is_foreign(run: RunDir) -> bool:
    try:
        return run.status().pid == os.getpid()
    except ValueError:  # deleted just now
        return False


def _step(run: RunDir) -> int:
    return run.status().step


def _moves_on(run: RunDir, by: int = 5) -> bool:
    now = _step(run)
    return bool(wait_for(lambda: _step(run) >= now + by))


def _process_of(store: RunStore, run: RunDir) -> Process:
    return next(process for process in store.processes if run.id in process.commands)


def _kill_in_its_turn(store: RunStore, run: RunDir) -> int:
    """Kill the worker while it is this run's turn there; return which process it was."""

    def caught() -> int | None:
        process = _process_of(store, run)
        pid = process.process.pid
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.01)
        if process.told.running_run_id.value.decode() == run.id:
            os.kill(pid, signal.SIGKILL)
            return pid
        os.kill(pid, signal.SIGCONT)
        return None

    wait_for(lambda: run.status().state == "running")
    return wait_for(caught)


# -- commands ---------------------------------------------------------------------------------------------------------


def test_a_run_comes_to_its_end_with_the_losses_of_an_undisturbed_one(start, tmp_path):
    run = start(steps=120)
    assert wait_for_state(run, "done") == 120
    assert losses(run) == undisturbed(tmp_path, tiny_plan(120))


def test_two_runs_at_once_both_move(start):
    one, other = start(), start(seed=2)
    assert _moves_on(one) and _moves_on(other)


def test_many_runs_on_two_workers_all_move(store, start):
    many = [start(seed=seed) for seed in range(8)]
    wait_for(lambda: all(_step(run) >= 20 for run in many))
    assert sorted(sum(run.id in process.commands for run in many) for process in store.processes) == [4, 4]


def test_a_run_is_paused_stepped_resumed_and_stopped(store, start):
    run = start()
    _moves_on(run)
    store.pause(run.id)
    paused_at = wait_for_state(run, "paused")
    assert max(losses(run)) == paused_at
    store.step(run.id)
    wait_for(lambda: run.status().state == "paused" and _step(run) > paused_at)
    assert _step(run) == max(losses(run)) == paused_at + 1
    store.resume(run.id)
    wait_for(lambda: _step(run) > paused_at + 10)
    store.stop(run.id)
    stopped_at = wait_for_state(run, "stopped")
    assert stopped_at in run.snapshots() and max(losses(run)) == stopped_at
    store.resume(run.id)
    assert _moves_on(run)


def test_a_run_started_in_pause_waits_and_every_step_counts(store, start):
    run = start(paused=True)
    for _ in range(3):
        store.step(run.id)
    wait_for(lambda: run.status().state == "paused" and _step(run) == 3)
    store.step(run.id)
    wait_for(lambda: run.status().state == "paused" and _step(run) == 4)
    assert list(losses(run)) == [1, 2, 3, 4]


def test_the_last_command_wins_however_quickly_it_follows(store, start):
    run = start()
    for _ in range(3):
        _moves_on(run)
        store.pause(run.id)
        store.resume(run.id)
    assert _moves_on(run, by=20)
    store.pause(run.id)
    store.resume(run.id)
    store.pause(run.id)
    paused_at = wait_for_state(run, "paused")
    wait_for(lambda: _process_of(store, run).has_handled(run.id))
    assert run.status().state == "paused" and _step(run) >= paused_at
    paused_at = _step(run)
    store.resume(run.id)
    store.pause(run.id)
    store.step(run.id)
    store.step(run.id)
    wait_for(lambda: _process_of(store, run).has_handled(run.id) and run.status().state == "paused")
    assert losses(run).keys() == set(range(1, _step(run) + 1))


def test_a_step_on_a_run_that_trains_is_ignored(store, start):
    run = start()
    _moves_on(run)
    store.step(run.id)
    assert _moves_on(run, by=30)


def test_commands_given_twice_do_no_harm(store, start):
    run = start()
    for command, state in (("pause", "paused"), ("resume", "running"), ("stop", "stopped"), ("extend", "running")):
        _moves_on(run) if run.status().state in ("queued", "running") else None
        for _ in range(3):
            getattr(store, command)(run.id)
        wait_for_state(run, state)
    for _ in range(2):
        store.stop(run.id)
    wait_for_state(run, "stopped")
    store.pause(run.id)  # of what is stopped already: nothing
    assert run.status().state == "stopped"


def test_a_run_that_is_stopped_before_its_first_turn_ends_at_step_zero(store, start):
    run = start(paused=True)
    store.stop(run.id)
    assert wait_for_state(run, "stopped") == 0
    assert run.snapshots() == [0]


def test_a_finished_run_is_continued_for_as_many_steps_again(store, start, tmp_path):
    run = start(steps=20)
    wait_for_state(run, "done")
    store.resume(run.id)
    assert run.status().state == "done"
    store.extend(run.id)
    store.extend(run.id)
    wait_for(lambda: run.status() and run.status().state == "done" and _step(run) == 40)
    assert run.config().train.steps == 40 and list(losses(run)) == list(range(1, 41))


def test_stepping_onto_the_last_step_ends_the_run(store, start):
    run = start(steps=2, paused=True)
    store.step(run.id)
    wait_for(lambda: run.status().state == "paused" and _step(run) == 1)
    store.step(run.id)
    assert wait_for_state(run, "done") == 2


def test_a_deleted_run_is_gone_and_the_others_go_on(store, start):
    run, other, asleep = start(), start(seed=2), start(paused=True)
    _moves_on(run)
    store.delete(run.id)
    store.delete(asleep.id)
    wait_for(lambda: not run.path.exists() and not asleep.path.exists())
    assert _moves_on(other)
    wait_for(lambda: not list(store.root.glob(".new-*")))
    for command in COMMANDS:
        with pytest.raises(ValueError, match="There is no run called"):
            getattr(store, command)(run.id)


def test_an_unknown_run_is_refused_in_a_sentence(store):
    for run_id in ("nothing", "", "../runs", "a/b", ".hidden", "x" * 99, "\ud800", None, 5, ["x"], {}):
        for command in COMMANDS:
            said = refusal(getattr(store, command), run_id)
            assert re.fullmatch("There is no run called .*; choose one from the list", said), (command, run_id, said)


def test_a_run_that_another_program_trains_is_left_alone(store, start):
    run = start(paused=True)
    run.write_status(Status("running", 7, pid=os.getpid()))
    before = (run.path / "status.json").read_text()
    for command in COMMANDS:
        said = refusal(getattr(store, command), run.id)
        assert "trained by another program" in said, (command, said)
        assert (run.path / "status.json").read_text() == before, command
    run.write_status(Status("paused", 0))


def test_a_run_whose_program_died_can_be_paused_and_resumed(store, start):
    run = start(paused=True)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    run.write_status(Status("running", 0, pid=ended.pid))
    store.pause(run.id)
    assert run.status().state == "paused"
    run.write_status(Status("running", 0, pid=ended.pid))
    store.resume(run.id)
    assert _moves_on(run)


def test_a_process_that_got_the_number_of_a_dead_one_is_not_taken_for_it(store, start):
    run = start(paused=True)
    status = {"state": "running", "step": 0, "message": None, "pid": os.getpid(), "updated": 1.0}
    (run.path / "status.json").write_text(json.dumps(status))
    store.resume(run.id)
    assert _moves_on(run)


def test_before_the_workers_are_there_a_start_is_refused_and_nothing_is_made(tmp_path):
    closed = RunStore(tmp_path)
    with pytest.raises(ValueError, match="have not started yet; try again"):
        closed.start(tiny_plan())
    assert not list(tmp_path.iterdir())


def test_a_flood_of_commands_is_refused_and_blocks_nobody(store, start):
    run = start()
    _moves_on(run)
    pid = _process_of(store, run).process.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(ValueError, match="many commands waiting; try again"):
            for _ in range(1000):
                store.pause(run.id)
                store.resume(run.id)
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: _process_of(store, run).has_handled(run.id))
    store.resume(run.id)
    assert _moves_on(run)


def test_a_start_that_is_refused_leaves_no_run(store, start):
    run = start()
    _moves_on(run)
    before = {found.id for found in list_runs(store.root)[0]}
    pids = [process.process.pid for process in store.processes]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        for process in store.processes:
            while process.sent - process.told.acknowledged.value < MAX_PENDING:
                process.send("pause", run.id)
        with pytest.raises(ValueError, match="many commands waiting"):
            store.start(tiny_plan(seed=5))
        assert {found.id for found in list_runs(store.root)[0]} == before
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    wait_for(lambda: all(process.sent == process.told.acknowledged.value for process in store.processes))
    wait_for_state(run, "paused")


def test_a_refused_continue_leaves_a_finished_run_as_it_was(store, start, monkeypatch):
    run = start(steps=3)
    wait_for_state(run, "done")
    before = run.config()
    with monkeypatch.context() as patch:
        patch.setattr(admission, "memory_available", lambda: 0)
        patch.setattr(Process, "held", lambda self: 0)
        with pytest.raises(ValueError, match="0.0 GB may be used here"):
            store.extend(run.id)
    assert run.status().state == "done" and run.config() == before


def test_a_reset_that_does_not_fit_leaves_the_old_run_as_it_was(store, start, monkeypatch):
    run = start()
    _moves_on(run)
    before = {found.id for found in list_runs(store.root)[0]}
    with monkeypatch.context() as patch:
        patch.setattr(admission, "memory_available", lambda: 0)
        patch.setattr(Process, "held", lambda self: 0)
        with pytest.raises(ValueError, match="0.0 GB may be used here"):
            store.restart(run.id)
    assert _moves_on(run) and {found.id for found in list_runs(store.root)[0]} == before
    new = store.restart(run.id, new_seed=True)
    wait_for_state(run, "stopped")
    assert _moves_on(new) and new.config().train.seed != run.config().train.seed
    store.delete(new.id)
    wait_for(lambda: not new.path.exists())


def test_a_run_of_another_machine_is_not_taken_for_dead(store, start, tmp_path):
    run = start(paused=True)
    status = Status("running", 7, pid=2**22 + 1, host="another-machine")
    run.write_status(status)
    RunStore(store.root).recover()
    assert run.status().state == "running"
    with pytest.raises(ValueError, match="process 4194305 on another-machine"):
        store.resume(run.id)
    run.write_status(Status("paused", 0))


def test_the_speed_of_the_machine_becomes_known(store):
    assert store.speed() is None  # nobody has opened the page: the cores are for making it
    store.warm_up()
    assert wait_for(store.speed).flops_per_second > 0


def test_an_empty_place_is_welcomed_with_a_run_and_no_other_is(tmp_path, monkeypatch):
    monkeypatch.setattr(runs_module, "load_corpus", lambda name: Corpus(name, TEXT))
    store = RunStore(tmp_path)
    store.processes = [Unheard()]
    assert store.welcome().id == "welcome" and store.processes[0].commands == {"welcome": Command(1, "train", None)}
    assert store.welcome() is None
    (tmp_path / "welcome" / "run.json").write_text("{")
    assert store.welcome() is None


# -- processes that end -----------------------------------------------------------------------------------------------


def test_a_killed_worker_is_replaced_and_its_run_gives_the_losses_of_an_undisturbed_one(store, start, tmp_path):
    run = start()
    wait_for(lambda: _step(run) > 20)
    store.pause(run.id)  # saves
    wait_for_state(run, "paused")
    other = start(seed=2)
    store.resume(run.id)
    wait_for(lambda: run.status().state == "running")
    killed = _kill_in_its_turn(store, run)
    done = max(losses(run))
    wait_for(lambda: killed not in [process.process.pid for process in store.processes])
    assert _moves_on(other)
    wait_for(lambda: _step(run) >= done + 20)  # what it had done and not saved is repeated: losses() compares
    found = losses(run)
    assert found == undisturbed(tmp_path, tiny_plan(ENDLESS), upto=max(found))


def test_a_run_that_kills_its_worker_twice_is_given_up_with_the_reason_and_the_others_go_on(store, start):
    run, other = start(), start(seed=2)
    assert _process_of(store, run) is not _process_of(store, other)
    first = _kill_in_its_turn(store, run)
    wait_for(lambda: any(run.id in each.commands and each.process.pid != first for each in store.processes))
    _kill_in_its_turn(store, run)
    wait_for_state(run, "failed")
    assert "ended twice" in run.status().message and "want of memory" in run.status().message
    assert _moves_on(other)
    store.resume(run.id)
    assert _moves_on(run)


def test_no_button_waits_while_a_worker_is_replaced(tmp_path, monkeypatch):
    with quick_store(tmp_path, workers=1) as store:
        starting, may_start, make = threading.Event(), threading.Event(), runs_module.Process

        def slow_process(*arguments, **named) -> Process:
            starting.set()
            may_start.wait(60)
            return make(*arguments, **named)

        monkeypatch.setattr(runs_module, "Process", slow_process)
        os.kill(store.processes[0].process.pid, signal.SIGKILL)
        assert starting.wait(60)
        try:
            is_free = store.lock.acquire(blocking=False)
            assert is_free
            store.lock.release()
            run = store.start(tiny_plan(20))  # a command for the dead one is repeated to its successor
        finally:
            may_start.set()
        wait_for_state(run, "done")


def test_what_a_killed_worker_was_still_asked_is_done_by_the_next(store, start):
    run, asleep = start(), start(paused=True)
    _moves_on(run)
    pids = [process.process.pid for process in store.processes]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    store.pause(run.id)
    store.step(asleep.id)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_for_state(run, "paused")
    wait_for(lambda: asleep.status().state == "paused" and _step(asleep) == 1)


def test_a_run_that_vanishes_or_breaks_does_not_take_its_worker_along(store, start):
    gone, broken, other = start(), start(paused=True), start(seed=2)
    pids = [process.process.pid for process in store.processes]
    _moves_on(gone)
    (broken.path / "corpus.txt").unlink()
    store.resume(broken.id)
    wait_for_state(broken, "failed")
    shutil.rmtree(gone.path, ignore_errors=True)
    assert _moves_on(other, by=50)
    assert [process.process.pid for process in store.processes] == pids
    shutil.rmtree(gone.path, ignore_errors=True)


def test_a_restarted_server_finds_its_runs_paused_and_goes_on_with_them(tmp_path):
    with quick_store(tmp_path, workers=1) as first:
        runs = [first.start(tiny_plan(ENDLESS, seed=seed)) for seed in (1, 2)]
        wait_for(lambda: all(_step(run) > 10 for run in runs))
        first.close()
        assert not any(process.process.is_alive() for process in first.processes)
    steps = [wait_for_state(run, "paused") for run in runs]
    assert steps == [max(losses(run)) for run in runs]
    runs[1].write_status(Status("running", steps[1], pid=2**22 + 1))  # as if the machine had gone down
    with quick_store(tmp_path, workers=1) as second:
        assert [run.status().state for run in runs] == ["paused", "paused"] and [_step(run) for run in runs] == steps
        assert "started anew" in runs[1].status().message
        second.resume(runs[0].id)
        assert _moves_on(runs[0])
        found = losses(runs[0])  # read once: the run goes on
        assert found.keys() == set(range(1, max(found) + 1))


SERVER = """
import sys, time
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from core.runs import processes
from core.runs.store import RunStore
from tests.tiny_runs import quick_store, tiny_plan
if __name__ == "__main__":
    root = Path(sys.argv[1])
    if sys.argv[2] != "quick":
        processes.START = sys.argv[2]
    with quick_store(root, 2) if sys.argv[2] == "quick" else nullcontext(RunStore(root, 2).open()) as store:
        assert sys.argv[2] == "quick" or store.processes[0].process._start_method == sys.argv[2]
        run = store.start(tiny_plan(1_000_000), run_id="orphan")
        print(*[process.process.pid for process in store.processes], flush=True)
        time.sleep(600)
"""


@pytest.mark.parametrize("workers", ["quick", "forkserver", pytest.param("spawn", marks=pytest.mark.slow)])
def test_workers_of_a_killed_server_pause_their_runs_and_end(tmp_path, workers):
    script, root = tmp_path / "server.py", tmp_path / "runs"
    script.write_text(SERVER)
    env = os.environ | {"PYTHONPATH": str(PROJECT)}
    server = subprocess.Popen([sys.executable, script, root, workers], stdout=subprocess.PIPE, env=env)
    try:
        pids = [int(word) for word in server.stdout.readline().split()]
        run = RunDir(root / "orphan")
        wait_for(lambda: _step(run) > 10)
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    wait_for(lambda: all(map(_has_ended, pids)))
    step = wait_for_state(run, "paused")
    training = train_run(run)
    assert next(training).step == step + 1
    training.close()


def _has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.slow
def test_twenty_kills_at_random_moments_lose_nothing(tmp_path):
    chance = random.Random(1)
    plans = [tiny_plan(12_000, seed=seed) for seed in (1, 2, 3)]
    with quick_store(tmp_path / "runs", workers=2, work=impatient_work) as store:
        runs = [store.start(plan) for plan in plans]
        for _ in range(20):
            wait_for(lambda: sum(run.status().state == "running" for run in runs) >= 2)
            time.sleep(chance.uniform(0.0, 1.5))
            os.kill(chance.choice(store.processes).process.pid, signal.SIGKILL)
            for run in runs:
                for step in run.snapshots():
                    run.load_snapshot(step)
                if run.status().state == "failed":  # two deaths within a tenth of a second of training
                    store.resume(run.id)
        wait_for(lambda: [store.resume(run.id) for run in runs if run.status().state == "failed"] or all(
            run.status().state == "done" for run in runs), seconds=300)  # fmt: skip
    for run, plan in zip(runs, plans, strict=True):
        assert losses(run) == undisturbed(tmp_path / "alone", plan)
        assert not list(run.path.glob("*/*.tmp"))
