"""A disk that is full at any write: the last state is kept, the run says so, and goes on when there is more space."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from core.pretrained import weights
from core.runs import directory, durable, recorder
from core.runs.claim import LOCK_FILE, status_now
from core.runs.directory import STATES_KEPT, RunDir
from core.runs.training_run import train_run
from tests.tiny_runs import losses, tiny_plan, undisturbed

STEPS = 6
SENTENCE = re.compile(r"The disk is full \(No space left on device\): [^\n]*; free some disk space[^\n]*")


class FullDisk:
    """A disk on which so many writes succeed; then there is no space until it is cleaned up."""

    def __init__(self, room: float):
        self.room, self.sites = room, set()

    @contextmanager
    def in_use(self) -> Iterator["FullDisk"]:
        """Count, and refuse, whatever takes space."""
        with pytest.MonkeyPatch.context() as patch:
            for module in (durable, directory):
                patch.setattr(module, "open", self._of(open, lambda path, mode="r": mode[0] in "wa"), raising=False)
            patch.setattr(weights, "save_file", self._of(weights.save_file))
            patch.setattr(os, "mkdir", self._of(os.mkdir))
            patch.setattr(os, "rename", self._of(os.rename))
            patch.setattr(os, "replace", self._of(os.replace))
            patch.setattr(os, "fsync", self._of(os.fsync))  # where a system finds a place for a file only now
            yield self

    def _of(self, real: Callable, writes: Callable[..., bool] = lambda *_: True) -> Callable:
        def act(*arguments, **options):
            if writes(*arguments):
                self.sites.add(real.__name__)
                self.room -= 1
                if self.room < 0:
                    raise OSError(28, "No space left on device", str(arguments[0]))
            return real(*arguments, **options)

        return act


def _run(root: Path, name: str | None = None) -> RunDir:
    run = tiny_plan(STEPS, eval_interval=3).create(root, name)
    run.write_baselines({"uniform": 1.0})  # else a thread writes beside
    return run


@pytest.fixture
def _saves_each_step(monkeypatch):
    monkeypatch.setattr(recorder.Recorder, "is_time_to_save", True)
    monkeypatch.setattr(recorder.Recorder, "is_time_to_write", True)


def _train(run: RunDir) -> None:
    with suppress(OSError):  # what a worker or the command line hears
        for _ in train_run(run):
            pass


@pytest.mark.usefixtures("_saves_each_step")
def test_a_disk_that_is_full_at_any_write_keeps_the_last_state_and_the_run_goes_on_with_more_space(tmp_path):
    with FullDisk(room=float("inf")).in_use() as all_writes:
        _train(_run(tmp_path, "counted"))
    assert all_writes.sites == {"open", "save_file", "mkdir", "rename", "replace", "fsync"}
    counted, expected = FullDisk(room=10**6), undisturbed(tmp_path / "alone", tiny_plan(STEPS, eval_interval=3))
    run = _run(tmp_path, "again")
    with counted.in_use():
        _train(run)
    writes = 10**6 - counted.room
    assert writes > 100
    for room in range(0, writes, 8):
        run = _run(tmp_path, f"room-{room}")
        with FullDisk(room).in_use():
            _train(run)
            status, saved = run.status(), run.saved_steps()
            if status.state == "done":  # all that counts was there already
                assert saved[-1] == run.snapshots()[-1] == STEPS
            else:
                assert status.state == "paused" and SENTENCE.fullmatch(status.message), (room, status)
            assert len(saved) <= STATES_KEPT + 1 and status.step <= STEPS  # one more where it could not be renamed
        hidden = [path.name for path in run.path.iterdir() if path.name.startswith(".") and path.name != LOCK_FILE]
        assert hidden == [], room
        _train(run)
        assert (run.status().state, run.status().message) == ("done", None), room
        assert losses(run) == expected, room


@pytest.mark.usefixtures("_saves_each_step")
@pytest.mark.parametrize("lost", ["snapshots", "resume"])
def test_one_snapshot_or_state_that_does_not_fit_is_told_until_the_next_one_fits(tmp_path, monkeypatch, lost):
    run, publish, told = _run(tmp_path), durable.publish, {}

    def full_once(making: Path, final: Path) -> None:
        if final.name == "step-0000002" and final.parent.name == lost:
            raise OSError(28, "No space left on device")
        publish(making, final)

    monkeypatch.setattr("core.runs.step_folders.publish", full_once)
    for stats in train_run(run):
        told[stats.step] = run.status().message
    assert run.status().state == "done" and (told[1], told[4]) == (None, None)
    assert any(message and SENTENCE.fullmatch(message) for message in (told[2], told[3]))
    assert 2 not in (run.snapshots() if lost == "snapshots" else run.saved_steps())


@pytest.mark.usefixtures("_saves_each_step")
def test_a_disk_that_becomes_read_only_ends_the_training_with_an_error_and_holds_nothing(tmp_path, monkeypatch):
    """Nothing can be written down, not even that; who looks sees that nobody trains the run (`claim.py`)."""
    run = _run(tmp_path)
    turns = train_run(run)
    next(turns)

    def refuse(*_, **__) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(durable, "write_file", refuse)
        patch.setattr(directory, "open", refuse, raising=False)
        with pytest.raises(OSError, match="Read-only"):
            list(turns)
        assert run.status().state == "running" and status_now(run).state == "paused"
    _train(run)
    assert run.status().state == "done"
