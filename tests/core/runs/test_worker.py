"""A worker process from inside: turns, commands, and what one run's trouble does to the others."""

import fcntl
import multiprocessing
import signal
import threading
from pathlib import Path

import pytest
import torch

from core import optim, training
from core.once import Once
from core.runs import baseline_count, chores, leaving
from core.runs import worker as worker_module
from core.runs.config import Status
from core.runs.cores import CoreLock
from core.runs.cost import Speed
from core.runs.directory import RunDir
from core.runs.listing import delete
from core.runs.pulse import Told
from core.runs.training_run import run_by_turns
from core.runs.worker import Worker, work
from tests.tiny_runs import losses, tiny_plan


@pytest.fixture
def worker(tmp_path) -> Worker:
    return Worker(tmp_path, Told())


@pytest.fixture
def make(tmp_path):
    def one(steps: int = 1_000_000, **train) -> RunDir:
        return tiny_plan(steps, **train).create(tmp_path)

    return one


@pytest.mark.parametrize(("command", "state"), [("pause", "paused"), ("stop", "stopped"), ("delete", None)])
@pytest.mark.parametrize("called_in", ["forward", "backward", "Muon"])
def test_a_command_during_a_slow_step_is_obeyed_at_the_next_layer(tmp_path, monkeypatch, command, state, called_in):
    """The step is thrown away: no more than the layer under way is done, and the run stays at the step before."""
    monkeypatch.setattr(leaving, "SLOW", 0.0)
    done, called, steps = [], [], []
    linear, step, orthogonal = torch.nn.Linear.forward, training._optimizer_step, optim.orthogonal

    def layer(way: str) -> None:
        done.append(way)
        if done.count(called_in) > 20 and way == called_in and not called:
            called.append(len(done))

    def forward(module, x):
        y = linear(module, x)
        if module.training and y.requires_grad:
            layer("forward")
            y.register_hook(lambda _: layer("backward"))
        return y

    def one_matrix(*given):
        layer("Muon")
        return orthogonal(*given)

    monkeypatch.setattr(torch.nn.Linear, "forward", forward)
    monkeypatch.setattr(optim, "orthogonal", one_matrix)
    monkeypatch.setattr(training, "_optimizer_step", lambda *given: steps.append(step(*given)) or steps[-1])
    run = tiny_plan(1000).create(tmp_path)
    worker = Worker(tmp_path, Told(), lambda seconds: bool(called))
    worker.handle("train", run.id)
    while not called:
        worker._one_step(worker.turns[0])
    assert len(done) == called[0]
    worker.handle(command, run.id)
    assert not worker.turns and run.path.exists() == (state is not None)
    if state:
        assert (run.status().state, run.status().step) == (state, len(steps)) and len(steps) > 3


def test_a_step_that_is_left_again_and_again_is_taken_whole_in_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(leaving, "SLOW", 0.0)
    run = tiny_plan(3).create(tmp_path)
    turns = list(run_by_turns(run, lambda seconds: True))
    assert run.status().state == "done" and list(losses(run)) == [1, 2, 3]
    assert turns.count(None) >= 3 * leaving.PATIENCE


def _work_until_nothing_is_left(worker: Worker) -> None:
    while worker.turns:
        worker.take_turn()


def test_runs_take_turns(worker, make):
    runs = [make(seed=seed) for seed in range(3)]
    for run in runs:
        worker.handle("train", run.id)
    for _ in range(3):
        worker.take_turn()
    assert all(run.status().step > 0 and run.status().state == "running" for run in runs)
    assert worker.told.running_run_id.value == b""


def test_a_new_run_has_the_next_turn(worker, make):
    old, new = make(), make(seed=2)
    worker.handle("train", old.id)
    worker.take_turn()
    worker.handle("train", new.id)
    worker.take_turn()
    assert new.status().state == "running"


def test_a_number_of_steps_is_taken_exactly_and_more_can_be_asked_for(worker, make):
    run = make()
    worker.handle("train", run.id, 2)
    worker.handle("train", run.id, 1)
    _work_until_nothing_is_left(worker)
    assert (run.status().state, run.status().step, list(losses(run))) == ("paused", 3, [1, 2, 3])


def test_play_during_a_single_step_goes_on(worker, make):
    run = make(steps=30)
    worker.handle("train", run.id, 1)
    worker.handle("train", run.id)
    _work_until_nothing_is_left(worker)
    assert (run.status().state, run.status().step) == ("done", 30)


def test_the_last_step_ends_a_run_whoever_asked_for_it(worker, make):
    run = make(steps=2)
    worker.handle("train", run.id, 2)
    _work_until_nothing_is_left(worker)
    assert (run.status().state, run.status().step) == ("done", 2)


def test_a_run_that_is_done_is_not_trained_again(worker, make):
    run = make(steps=2)
    worker.handle("train", run.id)
    _work_until_nothing_is_left(worker)
    written = (run.path / "status.json").read_bytes()
    for command in ("train", "pause", "stop"):
        worker.handle(command, run.id)
    assert not worker.turns and (run.path / "status.json").read_bytes() == written


@pytest.mark.parametrize(("command", "state"), [("pause", "paused"), ("stop", "stopped")])
@pytest.mark.parametrize("has_begun", [False, True])
def test_a_run_is_left_before_and_after_its_first_turn(worker, make, command, state, has_begun):
    run = make()
    worker.handle("train", run.id)
    if has_begun:
        worker.take_turn()
    for _ in range(2):
        worker.handle(command, run.id)
    assert run.status().state == state and not worker.turns
    assert (run.status().step > 0) == has_begun
    assert max(losses(run), default=0) == run.status().step


def test_a_paused_run_can_be_stopped(worker, make):
    run = make()
    run.write_status(Status("paused"))
    worker.handle("stop", run.id)
    assert run.status().state == "stopped" and run.snapshots() == [0]


def test_a_run_of_a_process_that_died_is_paused(worker, make):
    run = make()
    run.write_status(Status("running", 3, pid=1))
    worker.handle("pause", run.id)
    assert (run.status().state, run.status().step) == ("paused", 3)


@pytest.mark.parametrize("has_begun", [False, True])
def test_a_deleted_run_leaves_nothing(worker, make, tmp_path, has_begun):
    run = make()
    worker.handle("train", run.id)
    if has_begun:
        worker.take_turn()
    worker.handle("delete", run.id)
    assert not worker.turns and not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_nothing_is_saved_of_a_run_that_is_deleted_next(worker, make, monkeypatch):
    run, saved = make(), []
    worker.handle("train", run.id)
    worker.take_turn()
    for write in ("write_resume", "write_snapshot", "write_status"):
        monkeypatch.setattr(RunDir, write, lambda *content: saved.append(content))
    worker.handle("delete", run.id)
    assert saved == [] and not run.path.exists()


def test_a_command_is_handled_while_a_run_waits_for_the_cores(tmp_path, make):
    asked = []

    def is_called(seconds: float) -> bool:
        asked.append(seconds)
        return len(asked) == 3

    worker, others = Worker(tmp_path, Told(), is_called), CoreLock(tmp_path)
    run = make()
    worker.handle("train", run.id)
    with others.held(all_cores=True):
        worker.take_turn()
        assert len(asked) == 3 and len(worker.turns) == 1 and run.status().state == "queued"
        worker.handle("pause", run.id)
        assert run.status().state == "paused" and not worker.turns


def test_a_folder_without_locks_trains(worker, make, monkeypatch):
    def no_locks(*arguments) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    run = make(steps=3)
    worker.handle("train", run.id)
    _work_until_nothing_is_left(worker)
    assert run.status().state == "done" and not worker.cores.are_busy()


def test_a_worker_is_not_deaf_while_it_counts_or_estimates(tmp_path, make, monkeypatch):
    """The count is held up for ever, and the estimate has a batch for every window: a turn ends nevertheless."""
    may_end = threading.Event()
    monkeypatch.setattr(baseline_count, "baselines", lambda *_: may_end.wait(60))
    monkeypatch.setattr(baseline_count, "_counts", Once())
    monkeypatch.setattr(training, "tokens_at_once", lambda model: model.block_size)
    asked: list[float] = []
    worker = Worker(tmp_path, Told(), lambda seconds: bool(asked.append(seconds)))
    run, other = make(steps=2), make(seed=2)
    worker.handle("train", run.id)
    while run.status().step < 1:
        worker.take_turn()
    assert len(asked) > 20  # the first look alone has sixteen windows, and each was a place to obey at
    worker.handle("train", other.id)
    while any(turn.run.id == run.id for turn in worker.turns):
        worker.take_turn()
    assert run.status().state == "done" and run.baselines() is None
    worker.handle("delete", run.id)
    assert not run.path.exists()
    may_end.set()


def test_deleting_twice_is_harmless(make, tmp_path):
    run = make()
    delete(run)
    delete(run)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["train", "pause", "stop", "delete"])
def test_a_command_for_a_run_that_is_gone_changes_nothing(worker, make, command):
    other = make()
    worker.handle("train", other.id)
    worker.handle(command, "gone")
    worker.take_turn()
    assert other.status().step > 0 and not (worker.root / "gone").exists()


@pytest.mark.parametrize("lost", ["corpus.txt", "run.json"])
def test_a_broken_run_fails_in_words_and_the_others_go_on(worker, make, lost):
    broken, other = make(), make(seed=2)
    (broken.path / lost).unlink()
    worker.handle("train", broken.id)
    worker.handle("train", other.id)
    for _ in range(4):
        worker.take_turn()
    assert broken.status().state == "failed" and broken.status().message
    assert other.status().step > 0 and [turn.run.id for turn in worker.turns] == [other.id]


def test_a_full_disk_costs_one_run_what_was_not_saved_and_the_others_nothing(worker, make, monkeypatch):
    full, other = make(), make(seed=2)
    worker.handle("train", full.id)
    worker.handle("train", other.id)
    for _ in range(2):
        worker.take_turn()
    write_resume = RunDir.write_resume

    def refuse(run, *content):
        if run.id == full.id:
            raise OSError(28, "No space left on device")
        write_resume(run, *content)

    monkeypatch.setattr(RunDir, "write_resume", refuse)
    worker.handle("pause", full.id)
    assert full.status().state == "paused" and "No space left" in full.status().message
    full_again = make(seed=3)
    worker.handle("train", full_again.id)
    worker.pause_all()
    assert (other.status().state, full_again.status().state) == ("paused", "paused")


def test_when_the_server_is_gone_every_run_is_paused(worker, make):
    begun, waiting = make(), make(seed=2)
    worker.handle("train", begun.id)
    worker.take_turn()
    worker.handle("train", waiting.id)
    worker.pause_all()
    assert [run.status().state for run in (begun, waiting)] == ["paused", "paused"]


def test_one_run_on_all_cores_or_several_on_one_each(tmp_path):
    mine, theirs = CoreLock(tmp_path), CoreLock(tmp_path)

    def is_free(kind: int) -> bool:
        try:
            fcntl.flock(theirs.lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        fcntl.flock(theirs.lock, fcntl.LOCK_UN)
        return True

    with mine.held(all_cores=False):
        assert is_free(fcntl.LOCK_SH) and not is_free(fcntl.LOCK_EX)
    with mine.held(all_cores=True):
        assert not is_free(fcntl.LOCK_SH)
    with pytest.raises(RuntimeError), mine.held(all_cores=True):
        raise RuntimeError
    assert is_free(fcntl.LOCK_EX)
    fcntl.flock(theirs.turnstile, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.fixture
def in_this_process(monkeypatch):
    monkeypatch.setattr(worker_module, "_lower_priority", lambda: None)
    monkeypatch.setattr(worker_module, "SOON", 0.0)
    monkeypatch.setattr(worker_module, "warm_up", lambda *_: None)
    monkeypatch.setattr(signal, "signal", lambda *_: None)


def test_work_handles_all_commands_counts_them_and_ends_with_the_pipe(in_this_process, make, tmp_path):
    run, gone = make(), make(seed=2)
    ours, theirs = multiprocessing.Pipe()
    for command in (("train", run.id, None), ("train", "nothing", None), ("delete", gone.id, None)):
        ours.send(command)
    ours.close()
    told = Told()
    work(theirs, str(tmp_path), told)
    assert told.acknowledged.value == 3 and run.status().state == "paused" and not gone.path.exists()


def test_a_quiet_worker_tells_how_fast_the_machine_is_once(in_this_process, monkeypatch, tmp_path):
    ours, theirs = multiprocessing.Pipe()
    measured = []

    def measure(guess: bool) -> Speed:
        measured.append(ours.close() if measured else ours.send(("pause", "nothing", None)))
        threading.Timer(0.5, ours.close).start()  # long enough for a second time, if there were one
        return Speed(1e-3, 1e9 * len(measured))

    monkeypatch.setattr(chores, "measure_speed", measure)
    monkeypatch.setattr(chores, "was_busy", lambda began: False)
    monkeypatch.setattr(worker_module, "QUIET", 0.05)
    ours.send(("warm_up",))
    work(theirs, str(tmp_path), Told(), measures=True)
    assert len(measured) == 1 and Speed.load(tmp_path / chores.SPEED_FILE) == Speed(1e-3, 1e9)


def test_a_speed_is_never_measured_beside_a_run_and_one_of_a_busy_machine_is_thrown_away(monkeypatch, tmp_path):
    path, mine, theirs = tmp_path / chores.SPEED_FILE, CoreLock(tmp_path), CoreLock(tmp_path)
    speed, busy = Speed(1e-3, 2e9), True
    monkeypatch.setattr(chores, "measure_speed", lambda guess: speed)
    monkeypatch.setattr(chores, "was_busy", lambda began: busy)
    with theirs.held(all_cores=False):  # beside a run, also when nothing is known yet
        assert mine.are_busy() and chores.measure(tmp_path, mine, 0) and not path.exists()
    assert chores.measure(tmp_path, mine, 0) and not path.exists()  # beside another program
    speed, busy = None, False
    assert chores.measure(tmp_path, mine, 0) and not path.exists()  # a failed measurement
    speed = Speed(1e-3, 2e9)
    Speed(1e-3, 1e9, {"shape": [1.0, 2.0]}).save(path)
    assert not chores.measure(tmp_path, mine, 0)
    assert Speed.load(path) == Speed(1e-3, 2e9, {"shape": [1.0, 2.0]})  # what was learned stays


def test_a_machine_that_is_never_quiet_gets_a_rough_speed_until_a_quiet_moment_comes(monkeypatch, tmp_path):
    path, mine, theirs = tmp_path / chores.SPEED_FILE, CoreLock(tmp_path), CoreLock(tmp_path)
    rate, busy, guesses = 2e9, True, []
    monkeypatch.setattr(chores, "measure_speed", lambda guess: guesses.append(guess) or Speed(1e-3, rate))
    monkeypatch.setattr(chores, "was_busy", lambda began: busy)
    with theirs.held(all_cores=False):  # beside a run
        assert chores.measure(tmp_path, mine, chores.ROUGH_AFTER)  # and shall be measured again
    assert Speed.load(path) == Speed(1e-3, 2e9, rough=True)
    rate = 7e9
    assert chores.measure(tmp_path, mine, 1e6) and Speed.load(path).flops_per_second == 2e9  # no better than the first
    busy = False
    assert not chores.measure(tmp_path, mine, 1e6) and Speed.load(path) == Speed(1e-3, 7e9)
    assert guesses == [True, False, False]


def test_a_worker_that_trains_all_the_time_measures_between_two_turns(in_this_process, make, monkeypatch, tmp_path):
    ours, theirs = multiprocessing.Pipe()
    monkeypatch.setattr(worker_module, "warm_up", lambda root, cores, waited: None)
    monkeypatch.setattr(worker_module, "ROUGH_AFTER", 0.0)
    run, steps = make(), []

    def measure(root, cores, waited) -> bool:
        steps.append(run.status().step)
        Speed(1e-3, 1e9, rough=True).save(root / chores.SPEED_FILE)
        threading.Timer(0.5, ours.close).start()  # long enough for a second time, if there were one
        return True

    monkeypatch.setattr(worker_module, "measure", measure)
    monkeypatch.setattr(worker_module, "LATER", 0.0)
    ours.send(("warm_up",))
    ours.send(("train", run.id, None))
    work(theirs, str(tmp_path), Told(), measures=True)
    assert len(steps) == 1 and run.status().state == "paused"


def test_what_could_not_be_measured_is_measured_again_later(in_this_process, monkeypatch, tmp_path):
    ours, theirs = multiprocessing.Pipe()
    tries = []

    def measure(root, cores, waited) -> bool:
        tries.append(len(tries))
        if len(tries) == 3:
            ours.close()
        return True

    monkeypatch.setattr(worker_module, "measure", measure)
    monkeypatch.setattr(worker_module, "warm_up", lambda root, cores, waited: None)
    for name in ("SOON", "QUIET", "LATER"):
        monkeypatch.setattr(worker_module, name, 0.01)
    ours.send(("warm_up",))
    work(theirs, str(tmp_path), Told(), measures=True)
    assert len(tries) == 3


def test_a_full_disk_does_not_keep_a_worker_from_starting(monkeypatch, tmp_path):
    def full(speed: Speed, path: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(chores, "measure_speed", lambda guess: Speed(1e-3, 1e9))
    monkeypatch.setattr(chores, "was_busy", lambda began: False)
    monkeypatch.setattr(Speed, "save", full)
    chores.measure(tmp_path, CoreLock(tmp_path), 0)
    assert not (tmp_path / chores.SPEED_FILE).exists()
