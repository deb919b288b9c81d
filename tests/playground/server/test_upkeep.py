"""Runs that nobody looks at are paused, and finished ones are deleted in time, the oldest first; the page says so."""

import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest

from core.runs.config import Status, owner_of
from core.runs.directory import RunDir, write_json
from core.runs.store import RunStore
from playground.server import run_list, upkeep
from playground.server.feed import Feed
from playground.server.profiles import CLASSROOM, LAPTOP, PUBLIC
from playground.server.run_list import RunList
from playground.server.upkeep import Upkeep
from tests.tiny_runs import tiny_plan

ME = owner_of("1" * 32)
DAY = 86_400.0


class _Here:
    """Upkeep over runs on the disk, with clocks that the test moves."""

    def __init__(self, root, profile=PUBLIC):
        self.now, self.today = 0.0, 1e9
        self.store = RunStore(root, 1)
        self.upkeep = Upkeep(self.store, RunList(self.store, True), profile, lambda: self.now, lambda: self.today)

    def run(self, state: str, updated: float = 1e9, owner: str | None = ME, run_id: str | None = None) -> RunDir:
        run = tiny_plan(owner=owner).create(self.store.root, run_id)
        run.write_status(Status(state, 7))
        told = vars(Status(state, 7, updated=updated))
        write_json(run.path / "status.json", told)
        return run

    def left(self) -> set[str]:
        self.upkeep.look()
        return {path.name for path in self.store.root.iterdir() if path.is_dir() and path.name[0] != "."}


@pytest.fixture
def here(tmp_path, monkeypatch) -> _Here:
    monkeypatch.setattr(run_list, "SLOW", 1e9)
    monkeypatch.setattr(upkeep.shutil, "disk_usage", lambda path: SimpleNamespace(free=10**15))
    return _Here(tmp_path)


def test_a_run_that_nobody_follows_is_paused_and_says_so_and_one_that_is_followed_is_not(here):
    alone, followed, nobodys = here.run("queued"), here.run("queued"), here.run("queued", owner=None)
    feed = Feed(here.store, here.upkeep)
    for _ in range(11):
        here.now += PUBLIC.abandoned_seconds / 9
        feed.follow(followed.id)
        here.upkeep.look()
    states = [run.status().state for run in (alone, followed, nobodys)]
    assert states == ["paused", "queued", "queued"]
    said = feed.follow(alone.id)["message"]
    assert "nobody had looked at this run for 15 minutes; press Play" in said
    assert "không ai xem" in feed.follow(alone.id, lang="vi")["message"]
    alone.write_status(Status("queued", 7))  # somebody pressed Play
    assert feed.follow(alone.id)["message"] is None
    here.upkeep.look()
    assert alone.status().state == "queued"


def test_finished_runs_are_deleted_when_their_time_is_over_and_say_so_beforehand(here):
    old, young, training = here.run("done", 1e9 - 8 * DAY), here.run("paused", 1e9 - 6 * DAY), here.run("queued", 1.0)
    welcome, cli = here.run("done", 1.0, None, "welcome"), here.run("stopped", 1.0, None)
    message = Feed(here.store, here.upkeep).follow(young.id)["message"]
    assert "kept until 2001-09-10" in message and "download what you want to keep" in message
    assert here.left() == {young.id, training.id, welcome.id, cli.id}
    here.today += 2 * DAY
    assert here.left() == {training.id, welcome.id, cli.id} and old.id not in here.left()


def test_when_the_disk_is_nearly_full_the_oldest_finished_runs_go_until_there_is_room(here, monkeypatch):
    runs = [here.run("done", 1e9 - age) for age in (300.0, 200.0, 100.0)]
    welcome = here.run("done", 1.0, None, "welcome")

    def usage(path) -> SimpleNamespace:
        there = sum(run.path.exists() for run in runs)
        return SimpleNamespace(free=PUBLIC.free_bytes - 1 if there > 1 else 10**15)

    monkeypatch.setattr(upkeep.shutil, "disk_usage", usage)
    assert here.left() == {runs[2].id, welcome.id}


def test_nothing_of_this_happens_on_ones_own_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(upkeep.shutil, "disk_usage", lambda path: SimpleNamespace(free=0))
    here = _Here(tmp_path, LAPTOP)
    runs = [here.run("done", 1.0), here.run("queued", 1.0)]
    here.now = here.today = 1e12
    assert here.left() == {run.id for run in runs} and runs[1].status().state == "queued"
    threads = threading.active_count()
    here.upkeep.begin(threading.Event())
    assert threading.active_count() == threads


def test_a_damaged_look_is_followed_by_another(here, monkeypatch, capfd):
    closed, looks = threading.Event(), []

    def look() -> None:
        looks.append(len(looks))
        if len(looks) == 3:
            closed.set()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(upkeep, "EACH", 0.0)
    here.upkeep.look = look
    here.upkeep.begin(closed)
    assert closed.wait(60) and capfd.readouterr().err.count("No space left") >= 2


def test_what_is_remembered_of_viewers_is_bounded(here, monkeypatch):
    monkeypatch.setattr(upkeep, "MOST_WATCHED", 3)
    for name in "abcad":
        here.upkeep.follow(name)
    assert list(here.upkeep.looked_at) == ["c", "a", "d"]


def test_a_class_keeps_longer_than_a_public_page():
    assert CLASSROOM.abandoned_seconds > PUBLIC.abandoned_seconds and CLASSROOM.kept_seconds > PUBLIC.kept_seconds
    assert replace(PUBLIC, kept_seconds=None).free_bytes == CLASSROOM.free_bytes
