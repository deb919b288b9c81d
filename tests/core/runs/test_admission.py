"""Memory is promised to a run until it ends: who fits, who waits for others, and who is refused."""

import re
import threading
from types import SimpleNamespace

import pytest

from core.runs import admission, memory
from core.runs.config import Status
from core.runs.cost import bytes_needed, check_fits, disk_needed
from core.runs.directory import RunDir
from core.runs.listing import list_runs
from core.runs.plan import Plan, plan_run
from core.runs.processes import Command
from core.runs.store import RunStore
from core.text.corpora import Corpus
from tests.tiny_runs import MODEL, TEXT, TRAIN, quick_store, tiny_plan, wait_for, wait_for_state


class Unheard:
    """A worker that has not handled any command yet."""

    def __init__(self, place: int = 0):
        self.commands: dict[str, Command] = {}
        self.process, self.pulse = SimpleNamespace(pid=0), SimpleNamespace(silent=0.0)

    def send(self, command: str, run_id: str, steps: int | None = None) -> None:
        self.commands[run_id] = Command(1, command, steps)

    def check_room(self) -> None:
        """Take any number of commands."""

    def has_handled(self, run_id: str) -> bool:
        return False

    def held(self) -> int:
        return 0


@pytest.fixture
def plan() -> Plan:
    return tiny_plan(1000)


@pytest.fixture
def store(tmp_path, monkeypatch, plan) -> RunStore:
    """A store whose memory is enough for one run and a half."""
    monkeypatch.setattr(admission, "memory_available", lambda: int(1.5 * plan.bytes_needed))
    store = RunStore(tmp_path, 1)
    store.processes = [Unheard()]
    monkeypatch.setattr(store, "_process", Unheard)
    return store


def _begun(store: RunStore) -> set[str]:
    return {run_id for process in store.processes for run_id in process.commands}


def test_what_does_not_fit_now_waits_with_its_place_and_begins_when_others_end(store, plan):
    first, second, third = (store.start(plan) for _ in range(3))
    assert _begun(store) == {first.id}
    assert [run.status().state for run in (second, third)] == ["queued", "queued"]
    assert "at place 1: it needs about" in second.status().message and "at place 2" in third.status().message
    first.write_status(Status("running", 500))  # long after its first step: the promise holds
    store._let_in()
    assert _begun(store) == {first.id}
    first.write_status(Status("done", 1000))
    store._let_in()
    assert _begun(store) == {first.id, second.id} and second.status().message is None
    assert "at place 1" in third.status().message


def test_two_plans_at_once_are_not_promised_the_same_memory(store, plan):
    together, started = threading.Barrier(8), []

    def press() -> None:
        together.wait()
        started.append(store.start(plan))

    threads = [threading.Thread(target=press) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(_begun(store)) == 1 and len(started) == 8
    places = [re.search(r"place (\d)", run.status().message or "") for run in started]
    assert sorted(int(found[1]) for found in places if found) == list(range(1, 8))


def test_three_models_of_gpt2s_size_are_not_let_in_together(store, monkeypatch):
    shape = {"block_size": 1024, "n_layer": 12, "n_head": 12, "n_embd": 768}
    text = Corpus("own", TEXT * 5)
    large = plan_run(text, {}, shape, {"batch_size": 1}, memory=10**11)
    monkeypatch.setattr(admission, "memory_available", lambda: int(2.9 * large.bytes_needed))
    assert large.parameters > 85e6
    runs = [store.start(large) for _ in range(3)]
    assert len(_begun(store)) == 2 and "place 1" in runs[2].status().message


def test_what_active_runs_will_still_write_is_kept_free_for_them(store, plan, monkeypatch):
    needed = disk_needed(plan.config.model, plan.config.train)
    monkeypatch.setattr(admission, "memory_available", lambda: 10**12)
    monkeypatch.setattr(admission, "disk_free", lambda root: int(1.5 * needed))
    first = store.start(plan)
    with pytest.raises(
        ValueError, match=r"This run takes up to 0\.0 GB of the disk, .*; delete runs, or lower n_layer"
    ):
        store.start(plan)
    assert [run.id for run in list_runs(store.root)[0]] == [first.id]  # no ghost
    (first.path / "snapshots").mkdir(exist_ok=True)
    (first.path / "snapshots" / "most").write_bytes(bytes(needed // 2))  # and the disk has as much less
    monkeypatch.setattr(admission, "disk_free", lambda root: int(1.0 * needed))
    with pytest.raises(ValueError, match="This run takes up to"):
        store.start(plan)
    first.write_status(Status("done", 1000))  # it writes no more
    store.start(plan)


def test_what_would_not_fit_after_all_others_have_ended_is_refused_with_what_would(store, plan):
    first = store.start(plan)
    large = plan_run(Corpus("own", TEXT), {}, {**MODEL, "n_embd": 128}, {**TRAIN, "batch_size": 1024}, memory=10**9)
    with pytest.raises(ValueError, match=r"may be used here; .*"):
        store.start(large)
    assert [run.id for run in list_runs(store.root)[0]] == [first.id]  # no ghost


def test_the_nearest_options_that_would_fit_are_told_and_do_fit(plan):
    config = plan_run(Corpus("own", TEXT), {}, {**MODEL, "n_embd": 64, "n_layer": 8}, {**TRAIN, "batch_size": 1024},
                      memory=10**11).config  # fmt: skip
    available = bytes_needed(config.model, 1024) // 3
    with pytest.raises(ValueError, match="each of these alone would fit: ") as refusal:
        check_fits(config.model, 1024, available)
    options = dict(re.findall(r"(\w+)=(\d+)", str(refusal.value)))
    assert "batch_size" in options
    for name, value in options.items():
        smaller = config.model if name == "batch_size" else config.model.model_copy(update={name: int(value)})
        check_fits(smaller, int(value) if name == "batch_size" else 1024, available)
    check_fits(config.model, 1024, bytes_needed(config.model, 1024))


@pytest.mark.parametrize("command", ["pause", "delete", "stop"])
def test_who_waits_may_leave_and_others_move_up(store, plan, command):
    first, second, third = (store.start(plan) for _ in range(3))
    getattr(store, command)(second.id)
    store._let_in()
    assert "place 1" in third.status().message and second.id not in store.admission.waiting
    if command == "pause":
        store.resume(second.id)
        store.resume(second.id)
        assert "place 2" in second.status().message and list(store.admission.waiting) == [third.id, second.id]
    first.write_status(Status("failed", 5, "broken"))
    store._let_in()
    assert third.id in _begun(store)


def test_a_step_that_was_asked_of_a_waiting_run_is_all_that_it_takes(store, plan):
    first, second = store.start(plan), store.start(plan, paused=True)
    store.step(second.id)
    assert second.status().state == "queued"
    first.write_status(Status("stopped", 5))
    store._let_in()
    assert store.processes[0].commands[second.id].steps == 1


def test_a_waiting_run_for_which_others_programs_left_no_memory_is_told_so(store, plan, monkeypatch):
    first, second = store.start(plan), store.start(plan)
    monkeypatch.setattr(admission, "memory_available", lambda: 0)
    first.write_status(Status("done", 1000))
    store._let_in()
    assert second.status().state == "failed" and "0.0 GB may be used here" in second.status().message


def test_a_start_that_fails_gives_its_memory_back(store, plan, monkeypatch):
    def full(*what) -> RunDir:
        raise ValueError("The run could not be written")

    with monkeypatch.context() as patch:
        patch.setattr(Plan, "create", full)
        with pytest.raises(ValueError, match="could not be written"):
            store.start(plan)
    assert store.admission.promised == {}
    assert store.start(plan).id in _begun(store)


def test_a_run_that_waits_is_paused_by_the_next_start_of_the_server(store, plan):
    store.start(plan)
    waiting = store.start(plan)
    RunStore(store.root).recover()
    assert waiting.status().state == "paused"


@pytest.mark.skipif(memory._libc() is None, reason="another C library than glibc")
def test_the_memory_of_a_large_run_is_given_back_when_it_ends(tmp_path):
    with quick_store(tmp_path, workers=1) as store:
        wait_for_state(store.start(tiny_plan(3)), "done")  # torch's first uses
        before, most = store.processes[0].held(), [0]
        large = plan_run(Corpus("own", TEXT), {"sample_tokens": 1}, {**MODEL, "n_embd": 256, "n_layer": 4},
                         {**TRAIN, "steps": 2, "batch_size": 512, "optimizer": "adamw"}, memory=10**10)  # fmt: skip
        run = store.start(large)

        def is_done() -> bool:
            most.append(store.processes[0].held())
            return run.status().state == "done"

        wait_for(is_done)
        taken = max(most) - before
        assert taken > 0.4 * large.bytes_needed > 100e6
        wait_for(lambda: store.processes[0].held() - before < 0.1 * taken)
        assert store.admission.room() > 0 and store.admission.promised.keys() == set()
