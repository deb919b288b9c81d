"""What a power cut leaves: at any moment, a run that opens, goes on from its last save, and has no empty file."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.architectures import build_model
from core.optim import make_optimizer
from core.runs import durable, recorder
from core.runs.config import Status
from core.runs.directory import RunDir
from core.runs.listing import list_runs
from core.runs.naming import name_of, rename
from core.runs.plan import extend
from core.runs.recovery import recover
from core.runs.training_run import train_run
from tests.tiny_runs import tiny_plan

EVENTS = ("fsync", "rename", "replace", "unlink", "rmdir")


class Disk:
    """The folder `root` as a power cut would leave it: what was synced is there, and of the rest the worst."""

    def __init__(self, root: Path):
        self.root = root
        self.bytes: dict[int, bytes] = {}  # by inode, as of its last sync
        self.names: dict[int, dict[str, tuple[int, bool]]] = {}  # of a folder: its children, and which are folders
        self.is_looked_at = False  # what a look itself does is no event
        self.kept: list[int] = []  # open files, so that no inode comes a second time

    @contextmanager
    def watched(self, look: Callable[[], None]) -> Iterator[None]:
        """Follow what is written within the block, and look after each event."""
        with pytest.MonkeyPatch.context() as patch:
            for name in EVENTS:
                patch.setattr(os, name, self._followed(name, getattr(os, name), look))
            yield

    def _followed(self, name: str, real: Callable, look: Callable[[], None]) -> Callable:
        def act(*arguments, **options):
            result = real(*arguments, **options)
            if name == "fsync":
                self._sync(arguments[0])
            if not self.is_looked_at:
                self.is_looked_at = True
                look()
                self.is_looked_at = False
            return result

        return act

    def _sync(self, file: int) -> None:
        path, inode = Path(os.readlink(f"/proc/self/fd/{file}")), os.fstat(file).st_ino
        if self.is_looked_at:
            return
        self.kept.append(os.dup(file))
        if path.is_dir():
            self.names[inode] = {each.name: (each.inode(), each.is_dir()) for each in os.scandir(path)}
        else:
            self.bytes[inode] = path.read_bytes()

    def close(self) -> None:
        """Let the inodes go."""
        for file in self.kept:
            os.close(file)

    def cut(self, into: Path, names_survive: bool) -> Path:
        """Make what is left, in a new folder. names_survive: all names of now are there, else those synced alone."""
        shutil.rmtree(into, ignore_errors=True)
        self._restore(into, self.root.stat().st_ino, self.root if names_survive else None)
        return into

    def _restore(self, into: Path, inode: int, live: Path | None) -> None:
        into.mkdir()
        names = self.names.get(inode, {})
        if live:
            names = {each.name: (each.inode(), each.is_dir()) for each in os.scandir(live)}
        for name, (child, is_folder) in names.items():
            if is_folder:
                self._restore(into / name, child, live and live / name)
            else:
                (into / name).write_bytes(self.bytes.get(child, b""))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the test asks Linux which file was synced")
@pytest.mark.parametrize("names_survive", [True, False], ids=["names alone", "what was synced alone"])
def test_a_power_cut_at_any_moment_leaves_a_run_that_goes_on_from_its_last_save(tmp_path, monkeypatch, names_survive):
    monkeypatch.setattr(recorder.Recorder, "is_time_to_save", True)
    plan, disk, saved, seen = tiny_plan(4, eval_interval=2), Disk(tmp_path / "runs"), [], []
    made: list[RunDir] = []
    write_resume = RunDir.write_resume
    monkeypatch.setattr(RunDir, "write_resume", lambda run, *all: (write_resume(run, *all), saved.append(all[2])))

    def look() -> None:
        root = disk.cut(tmp_path / "after", names_survive)
        recover(root)
        runs, problems = list_runs(root)
        assert problems == [] and len(runs) == 1 or not made
        for run in runs:
            assert run.text() == plan.text and run.status().state in ("paused", "done")
            model = build_model(run.config().model)
            state = run.read_resume(model, make_optimizer(model, run.config().train))
            assert (state.step if state else 0) >= max(saved, default=0)
            assert not state or {row["step"] for row in run.rows("metrics")[0]} >= set(range(state.step + 1))
            assert [step for step in run.snapshots() if not run.load_snapshot(step)] == []
            counting = [run.path / "run.json", run.path / "status.json", *run.path.glob("[rs]*/step-*/*")]
            assert [path.name for path in counting if not path.stat().st_size] == []
            seen.append(state.step if state else 0)

    with disk.watched(look):
        made.append(plan.create(tmp_path / "runs"))
        made[0].write_baselines({"uniform": 1.0})  # else a thread counts them beside
        for _ in train_run(made[0]):
            pass
        extend(made[0], 8)
        assert rename(made[0], "kept") == "kept"
    left = RunDir(disk.cut(tmp_path / "after", names_survive) / made[0].id)
    assert (name_of(left).name, left.config().train.steps, left.status().state) == ("kept", 8, "done")
    assert saved == list(range(1, 5)) and set(seen) == set(range(5)) and len(seen) > 50
    disk.close()


def test_a_running_status_is_not_synced_ten_times_a_second_and_all_others_are(tmp_path, monkeypatch):
    run = tiny_plan(3).create(tmp_path)
    synced = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(file))
    run.write_status(Status("running", 1))
    assert synced == []
    for state in ("queued", "paused", "done", "stopped", "failed"):
        synced.clear()
        run.write_status(Status(state, 1))
        assert synced, state


def test_a_folder_that_cannot_be_synced_is_written_all_the_same_and_a_broken_disk_is_told(tmp_path, monkeypatch):
    fsync = os.fsync

    def refusing(number: int) -> Callable:
        def refuse(file: int) -> None:
            if os.path.isdir(f"/proc/self/fd/{file}"):
                raise OSError(number, os.strerror(number))
            fsync(file)

        return refuse

    monkeypatch.setattr(os, "fsync", refusing(22))
    durable.write_json(tmp_path / "a.json", [1])
    assert durable.read_json(tmp_path / "a.json") == [1]
    monkeypatch.setattr(os, "fsync", refusing(5))
    with pytest.raises(OSError, match="Input/output error"):
        durable.write_json(tmp_path / "a.json", [2])


def test_where_a_second_file_does_not_fit_the_first_is_written_over(tmp_path, monkeypatch):
    path, writes = tmp_path / "status.json", []

    def full(path: Path, content: bytes, synced: bool = True) -> None:
        writes.append(path)
        path.touch()
        raise OSError(28, "No space left on device")

    durable.write_json(path, {"state": "running", "message": "a long one"})
    monkeypatch.setattr(durable, "write_file", full)
    for content in ({"state": "paused"}, {"state": "failed", "message": "a much longer one than was there before"}):
        durable.write_over_if_full(path, content)
        assert durable.read_json(path) == content
        assert [each.name for each in tmp_path.iterdir()] == ["status.json"]
    assert len(writes) == 2
    with pytest.raises(OSError, match="No space"):  # there is none to write over
        durable.write_over_if_full(tmp_path / "other.json", {})
