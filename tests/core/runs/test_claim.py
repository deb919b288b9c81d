"""One process at a time trains a run, and a run that says it is running is believed only while somebody trains it."""

import errno
import os
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from core.__main__ import main
from core.runs import claim
from core.runs.claim import INTERRUPTED, LOCK_FILE, Claim, Taken, is_alive, is_trained, status_now
from core.runs.config import BOOT, HOST, Status
from core.runs.directory import RunDir
from core.runs.pulse import Told
from core.runs.store import RunStore
from core.runs.training_run import end, run_by_turns, train_run
from core.runs.worker import Worker
from tests.tiny_runs import PROJECT, losses, quick_store, refusal, seldom_saving_work, tiny_plan, wait_for

ENDLESS = 1_000_000
TRAINER = """
import sys
from core.runs.directory import RunDir
from core.runs.training_run import train_run
from pathlib import Path
for stats in train_run(RunDir(Path(sys.argv[1]))):
    if stats.step == 3:
        print("trains", flush=True)
        sys.stdin.read()  # until it is killed
"""


@pytest.fixture
def run(tmp_path, monkeypatch) -> RunDir:
    monkeypatch.setattr(claim, "PATIENCE", 0.05)
    return tiny_plan(ENDLESS).create(tmp_path, "a-run")


@pytest.fixture
def other_trainer(run):
    """A process that trains the run, and waits after its third step."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", TRAINER, str(run.path)], cwd=PROJECT, **pipes)
    assert process.stdout.readline() == b"trains\n"
    yield process
    process.kill()
    process.communicate()


def test_whoever_asks_for_a_run_that_is_trained_is_refused_in_a_sentence_and_changes_nothing(
    run, other_trainer, capsys
):
    sentence = f"This run is trained by another program (process {other_trainer.pid}); stop it there"

    def files() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in run.path.rglob("*") if path.is_file()}

    before = files()
    store = RunStore(run.path.parent, workers=1)
    for ask in (store.resume, store.step, store.pause, store.stop, store.extend, store.delete, store.restart):
        assert refusal(ask, run.id) == sentence
    assert refusal(lambda: next(train_run(run))) == refusal(lambda: next(run_by_turns(run))) == sentence
    for steps in ([], ["--steps", "889"]):
        assert main(["train", "--resume", str(run.path), *steps]) == 1
        assert capsys.readouterr().err.splitlines()[-1] == f"error: {sentence}"
    worker = Worker(run.path.parent, Told())
    worker.handle("train", run.id)  # as a second server's, that was asked at the same moment
    worker.take_turn()
    assert not worker.turns
    now = files()
    assert now.keys() == before.keys() and run.status().state == "queued"  # until its trainer writes again
    assert [path for path in now if now[path] != before[path]] == [str(run.path / "status.json")]
    assert "trained by another program" in refusal(end, run)


def test_a_run_whose_trainer_was_killed_is_shown_in_pause_at_once_and_goes_on(run, other_trainer):
    status = run.status()
    assert (status.state, status.pid, status.host, status.boot) == ("running", other_trainer.pid, HOST, BOOT)
    assert status.lease > 0 and is_trained(run, status) and status_now(run) == status
    other_trainer.kill()
    other_trainer.wait()
    assert run.status().state == "running" and not is_trained(run, status)
    now = status_now(run)
    assert (now.state, now.step, now.message) == ("paused", status.step, INTERRUPTED)
    turns = train_run(run)
    next(turns)
    turns.close()
    assert run.status().state == "paused"


def test_a_trainer_whose_number_another_process_has_is_not_taken_for_alive_and_nor_is_one_that_left(run):
    """The lock decides, not the number: the process may live on and not train the run any more."""
    turns = train_run(run)
    next(turns)
    status = run.status()
    assert status.pid == os.getpid() and is_trained(run, status)
    turns.close()
    run.write_status(status)  # as where its last words could not be written
    assert not is_trained(run, run.status()) and is_alive(run.status())


def test_without_locks_the_process_its_machine_and_its_lease_tell_whether_a_run_is_trained(run, monkeypatch):
    now = time.time()
    status = Status("running", 3, None, os.getpid(), HOST, BOOT, 600.0, now)
    for sign in (37, errno.ENOTSUP):

        def refuse(*_, sign=sign) -> None:
            raise OSError(sign, os.strerror(sign))

        monkeypatch.setattr(claim.fcntl, "flock", refuse)
        assert is_trained(run, status)
        for dead in ({"boot": "another"}, {"pid": 2**22 + 1}, {"pid": None}, {"updated": 1.0}):
            assert not is_trained(run, replace(status, **dead)), dead
        elsewhere = replace(status, host="another", boot="another", pid=2**22 + 1)
        assert is_trained(run, elsewhere) and not is_trained(run, replace(elsewhere, updated=now - 601))
        run.write_status(elsewhere)
        with pytest.raises(Taken, match=r"process \d+ on another"):
            Claim(run).__enter__()
        run.write_status(Status("queued"))
        turns = train_run(run)
        assert next(turns).step >= 1
        turns.close()
        assert run.status().state == "paused"


def test_a_lock_of_a_deleted_run_locks_no_new_one_of_its_name(run, tmp_path):
    with Claim(run):
        run.path.rename(tmp_path / "gone")
        again = tiny_plan(ENDLESS).create(tmp_path, "a-run")
        with Claim(again) as second:
            assert second.file is not None
        assert refusal(Claim(RunDir(tmp_path / "gone")).__enter__) != "not refused"


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_whatever_stands_in_place_of_the_lock_is_not_followed_and_nobody_waits_for_it(run, tmp_path, kind):
    path = run.path / LOCK_FILE
    {"link": lambda: path.symlink_to(tmp_path / "elsewhere"), "folder": path.mkdir, "pipe": lambda: os.mkfifo(path)}[
        kind
    ]()
    turns = train_run(run)
    assert next(turns).step == 1
    assert status_now(run).state == "running"
    turns.close()
    assert not (tmp_path / "elsewhere").exists()


def test_two_servers_that_are_asked_at_once_train_each_step_once(tmp_path):
    """Play is pressed on both again and again; whichever worker is first has the run."""
    run = tiny_plan(60).create(tmp_path, "a-run")
    run.write_status(Status("paused"))
    with quick_store(tmp_path, 1, seldom_saving_work) as first, quick_store(tmp_path, 1, seldom_saving_work) as second:

        def press() -> bool:
            for store in (first, second):
                refusal(store.resume, run.id)
            return run.status().state == "done"

        wait_for(press)
    rows = [row["step"] for row in run.rows("metrics")[0]]
    assert rows == sorted(set(rows)) == list(range(61)) and len(losses(run)) == 60
