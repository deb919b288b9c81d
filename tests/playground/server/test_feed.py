"""What a browser gets by plain HTTP: rows after a cursor, files to take away, and 404 with a sentence for the rest."""

import csv
import io
import json
import os
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load as load_tensors
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.runs.config import Status
from core.runs.directory import RunDir
from core.runs.store import RunStore
from core.runs.training_run import train_run
from playground.build import downloads
from playground.server import feed as feed_module
from playground.server.feed import MOST_POINTS, MOST_SAMPLES, Feed
from playground.server.routes import LONGEST, SHARE, SHORTEST, SHORTEST_NEAR, Pace, Routes
from tests.older_runs import version_1_run
from tests.tiny_runs import tiny_plan

STEPS = 60


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> RunStore:
    return RunStore(tmp_path_factory.mktemp("runs"), workers=1)


@pytest.fixture(scope="module")
def trained(store) -> RunDir:
    run = tiny_plan(STEPS).create(store.root)
    for _ in train_run(run):
        pass
    return run


@pytest.fixture
def run(store) -> RunDir:
    """A run that has written nothing yet."""
    return tiny_plan(STEPS).create(store.root)


@pytest.fixture
def feed(store) -> Feed:
    return Feed(store)


@pytest.fixture
def client(feed) -> TestClient:
    return TestClient(Starlette(routes=Routes(feed.store, downloads()).list()), raise_server_exceptions=False)


def _point(step: int, **more) -> dict:
    return {"step": step, "loss": 4.0 / step, "seconds": 0.5, "tokens": 16, "elapsed": step / 2, "learning_rate": 0.01,
            "grad_norm": 1.0, **more}  # fmt: skip


def test_a_trained_run_is_told_whole(feed, trained):
    told = feed.follow(trained.id)
    assert [row[0] for row in told["points"]] == list(range(1, STEPS + 1))
    assert [row[0] for row in told["evals"]] == [0, 50, STEPS] == [row["step"] for row in told["samples"]]
    assert (told["state"], told["step"], told["steps"], told["message"]) == ("done", STEPS, STEPS, None)
    assert told["next"] == {"points": STEPS, "evals": 3, "samples": 3}
    assert told["tokens_per_step"] == 2 * trained.config().model.block_size == 16
    seconds = [row[2] for row in told["points"]]
    assert seconds == sorted(seconds) and seconds[-1] == told["evals"][-1][3] == round(told["stats"]["elapsed"], 3) > 0
    assert told["evals"][0][3] == 0.0
    assert told["meaning"] and {"uniform", "bigram"} < {line["key"] for line in told["baselines"]}


def test_a_run_of_an_older_version_is_told_with_its_entropy(tmp_path):
    run = version_1_run(tmp_path)
    told = Feed(RunStore(tmp_path, workers=1)).follow(run.id)
    assert (told["step"], told["steps"], len(told["points"])) == (3, 6, 3)
    lines = {line["key"]: (line["label"], line["value"]) for line in told["baselines"]}
    assert lines["entropy"] == ("entropy: nobody can beat this", 0.5)


def test_a_cursor_gives_what_is_new_and_only_that(feed, run):
    run.append("metrics", [_point(1), _point(2, val_loss=1.0, train_loss=0.9)])
    first = feed.follow(run.id)
    assert feed.follow(run.id, **first["next"])["points"] == []
    run.append("metrics", [_point(3)])
    run.append("samples", [{"step": 3, "text": "abc"}])
    second = feed.follow(run.id, **first["next"])
    assert second["points"] == [(3, 4.0 / 3, 1.5)] and second["evals"] == [] and second["samples"][0]["text"] == "abc"
    assert second["next"] == {"points": 3, "evals": 1, "samples": 1}


def test_a_server_that_starts_anew_answers_the_old_cursors(store, feed, run):
    run.append("metrics", [_point(step) for step in range(1, 8)])
    cursor = feed.follow(run.id)["next"]
    run.append("metrics", [_point(8)])
    assert Feed(store).follow(run.id, **cursor)["points"] == [(8, 0.5, 4.0)]


def test_a_long_history_is_thinned_and_what_is_new_is_not(feed, run):
    steps = 3 * MOST_POINTS + 1
    run.append("metrics", [_point(step, val_loss=1.0, train_loss=1.0) for step in range(1, steps)])
    run.append("samples", [{"step": step, "text": ""} for step in range(1, steps)])
    told = feed.follow(run.id)
    for rows in (told["points"], told["evals"]):
        assert MOST_POINTS / 2 < len(rows) <= MOST_POINTS and rows[-1][0] == steps - 1
    assert [row["step"] for row in told["samples"]] == list(range(steps - MOST_SAMPLES, steps))
    assert set(told["next"].values()) == {steps - 1}
    run.append("metrics", [_point(steps), _point(steps + 1)])
    assert [row[0] for row in feed.follow(run.id, **told["next"])["points"]] == [steps, steps + 1]


def test_steps_that_a_crash_repeated_are_told_once(feed, client, run):
    run.append("metrics", [_point(step) for step in (1, 2, 3, 2, 3, 4)])
    run.append("samples", [{"step": step, "text": str(step)} for step in (0, 2, 2, 4)])
    told = feed.follow(run.id)
    assert [row[0] for row in told["points"]] == [1, 2, 3, 4]
    assert [row["step"] for row in told["samples"]] == [0, 2, 4]
    lines = client.get(f"/playground/run/{run.id}/curve.csv").text.splitlines()
    assert [line.split(",")[0] for line in lines] == ["step", "1", "2", "3", "4"]


def test_a_run_that_begins_again_is_told_from_where_it_stands(feed, run):
    """Told as the browser asks: a cursor that goes back makes it drop what it held and ask from the first row."""
    run.append("metrics", [{"step": 0, "train_loss": 4.0, "val_loss": 4.1}, *(_point(step) for step in range(1, 10))])
    run.append("samples", [{"step": 0, "text": "noise"}, {"step": 7, "text": "old"}])
    run.write_status(Status("running", 9, pid=os.getpid()))
    before = feed.follow(run.id)
    assert (before["step"], len(before["points"]), before["stats"]["elapsed"]) == (9, 9, 4.5)
    run.append("metrics", [{"step": 0, "train_loss": 4.0, "val_loss": 4.1}, _point(1), _point(2)])
    run.append("samples", [{"step": 0, "text": "noise"}])
    run.write_status(Status("running", 2, pid=os.getpid()))
    after = feed.follow(run.id, **before["next"])
    assert after["step"] == 2 and after["next"] == {"points": 2, "evals": 1, "samples": 1}
    assert after["stats"]["elapsed"] == 1.0
    for told in (feed.follow(run.id), Feed(feed.store).follow(run.id)):
        assert [row[0] for row in told["points"]] == [1, 2]
        assert ([row[0] for row in told["evals"]], [row["step"] for row in told["samples"]]) == ([0], [0])


@pytest.mark.parametrize("damage", [b'{"step": 2, "los', b"\x00\xff\xfe\n", b"[1, 2]\n", b'{"step": "x"}\n', b"5\n"])
def test_damaged_lines_are_left_out(feed, run, damage):
    run.append("metrics", [_point(1)])
    with open(run.path / "metrics.jsonl", "ab") as file:
        file.write(damage)
    assert [row[0] for row in feed.follow(run.id)["points"]] == [1]
    run.append("metrics", [_point(3)])
    assert [row[0] for row in feed.follow(run.id)["points"]] == [1, 3]


def test_a_loss_that_is_no_number_is_told_as_none(client, run):
    run.append("metrics", [_point(1), {"step": 2, "loss": None, "elapsed": 1.0}])
    run.write_status(Status("failed", 1, "The loss stopped being a number at step 2"))
    told = client.get(f"/playground/feed/{run.id}").json()
    assert told["points"][-1] == [2, None, 1.0] and told["stats"]["elapsed"] == 0.5
    assert client.get(f"/playground/run/{run.id}/curve.png").status_code == 200
    assert client.get(f"/playground/run/{run.id}/curve.csv").text.splitlines()[-1].startswith("2,,")


def test_speed_and_time_left_come_from_the_last_steps(feed, run):
    assert feed.follow(run.id)["stats"]["steps_per_second"] is None
    run.append("metrics", [_point(step) for step in range(1, 11)])
    stats = feed.follow(run.id)["stats"]
    assert stats["steps_per_second"] == 2.0 and stats["tokens_per_second"] == 32.0
    assert stats["eta"] == (STEPS - 10) / 2.0
    run.append("metrics", [_point(11, seconds=4.0, elapsed=22.0)])
    run.write_status(Status("stopped", 11))
    stats = feed.follow(run.id)["stats"]
    assert stats["eta"] is None
    assert (stats["steps_per_second"], stats["tokens_per_second"]) == (0.5, 8.0)  # of the whole run: 11 in 22 s


def test_another_run_under_the_name_of_a_deleted_one_is_told_from_its_first_row(store, feed):
    first = tiny_plan(STEPS).create(store.root, "again")
    first.append("metrics", [_point(step) for step in range(1, 6)])
    assert len(feed.follow("again")["points"]) == 5
    first.path.rename(store.root / ".gone")
    second = tiny_plan(STEPS).create(store.root, "again")
    second.append("metrics", [_point(1, loss=9.0)])
    assert feed.follow("again")["points"] == [(1, 9.0, 0.5)]


def test_the_words_follow_the_language(client, trained):
    english, vietnamese = (client.get(f"/playground/feed/{trained.id}?lang={lang}").json() for lang in ("en", "vi-VN"))
    assert (english["tokens"], vietnamese["tokens"]) == ("characters", "ký tự")
    assert english["meaning"] != vietnamese["meaning"] and english["name"] != vietnamese["name"]


def test_an_unknown_run_is_not_found_and_told_so(client):
    for run_id in ("nothing", "x" * 300, "%00", "%F0%9F%98%80", "..%5c.."):
        for path in (f"/playground/feed/{run_id}", f"/playground/run/{run_id}/curve.csv"):
            answer = client.get(path)
            assert answer.status_code == 404 and "There is no run called" in answer.json()["error"], path
    for run_id in ("%2e%2e", "a%2Fb", "."):  # these are other paths, to which no route leads
        for path in (f"/playground/feed/{run_id}", f"/playground/run/{run_id}/curve.csv"):
            assert client.get(path).status_code == 404, path


def test_only_the_files_that_are_offered_are_given(client, trained):
    hidden = ("", "nothing", "status.json", "corpus.txt", "..%2f..%2fstatus.json", "%2fetc%2fpasswd", "run.json%00")
    for name in hidden:
        answer = client.get(f"/playground/run/{trained.id}/{name}")
        assert answer.status_code == 404 and "has no file called" in answer.json()["error"], name


@pytest.mark.parametrize("broken", ["status.json", "run.json"])
def test_a_damaged_run_is_told_in_a_sentence(client, run, broken):
    (run.path / broken).write_text("{")
    answer = client.get(f"/playground/feed/{run.id}")
    assert answer.status_code == 404 and broken in answer.json()["error"]


@pytest.mark.parametrize("name", ["metrics.jsonl", "samples.jsonl", "baselines.json", "run.json", "status.json"])
@pytest.mark.parametrize("kind", ["folder", "broken link"])
def test_what_is_no_file_breaks_neither_feed_nor_list(client, store, run, trained, name, kind):
    path = run.path / name
    path.unlink(missing_ok=True)
    path.mkdir() if kind == "folder" else path.symlink_to("nowhere")
    assert client.get(f"/playground/feed/{run.id}").status_code == (404 if name in ("run.json", "status.json") else 200)
    assert client.get(f"/playground/run/{run.id}/run.json").status_code == (404 if name == "run.json" else 200)
    assert trained.id in {each["id"] for each in client.get("/playground/runs").json()["runs"]}


@settings(max_examples=30)
@given(st.dictionaries(st.sampled_from(["points", "evals", "samples", "lang", "other"]), st.text(max_size=12)))
def test_no_query_breaks_the_feed(client_of_all, query):
    client, run_id = client_of_all
    answer = client.get(f"/playground/feed/{run_id}", params=query)
    assert answer.status_code == 200 and answer.json()["next"]["points"] == STEPS


@pytest.fixture(scope="module")
def client_of_all(store, trained) -> tuple[TestClient, str]:
    return TestClient(Starlette(routes=Routes(store, downloads()).list()), raise_server_exceptions=False), trained.id


def test_a_hostile_cursor_is_harmless(client, trained):
    for cursor in ("-1", "1e3", "NaN", "²", "9" * 40, "1" * 9, "%00", "true", "[]"):
        answer = client.get(f"/playground/feed/{trained.id}?points={cursor}&evals={cursor}&samples={cursor}")
        assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store", cursor


def test_the_curve_is_taken_away_as_csv(client, trained):
    answer = client.get(f"/playground/run/{trained.id}/curve.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    written = [row for row in trained.rows("metrics")[0]]
    assert [int(row["step"]) for row in rows] == [row["step"] for row in written] == list(range(STEPS + 1))
    assert [float(row["loss"]) for row in rows[1:]] == [row["loss"] for row in written[1:]]
    assert f'filename="custom-{trained.id[:8]}.csv"' in answer.headers["content-disposition"]


@pytest.mark.parametrize(("kind", "begin"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_the_curve_is_taken_away_as_a_picture(client, trained, kind, begin):
    answer = client.get(f"/playground/run/{trained.id}/curve.{kind}?lang=vi")
    assert answer.status_code == 200 and answer.content.startswith(begin)
    assert answer.headers["content-type"].startswith(f"image/{kind}")


def test_a_checkpoint_is_taken_away_of_any_step_that_is_kept(client, trained):
    last = client.get(f"/playground/run/{trained.id}/model.safetensors")
    first = client.get(f"/playground/run/{trained.id}/model.safetensors?step=1")
    assert "transformer.wte.weight" in load_tensors(last.content) and last.content != first.content
    assert f"step-{STEPS}.safetensors" in last.headers["content-disposition"]
    missing = client.get(f"/playground/run/{trained.id}/model.safetensors?step=3")
    assert missing.status_code == 404 and "no snapshot of step 3" in missing.json()["error"]


def test_a_run_without_snapshots_has_no_checkpoint_yet(client, run):
    answer = client.get(f"/playground/run/{run.id}/model.safetensors")
    assert answer.status_code == 404 and "wait for its first one" in answer.json()["error"]


def test_the_settings_are_taken_away_as_json(client, trained):
    answer = client.get(f"/playground/run/{trained.id}/run.json")
    assert {**answer.json(), "owner": None} == json.loads((trained.path / "run.json").read_text())
    assert "owner" not in answer.json()


@pytest.mark.parametrize("preset", ['a"b', "mô hình", "$x^2", "../up", "Ελληνικά"])
def test_an_odd_preset_breaks_no_download(client, store, preset):
    run = tiny_plan(STEPS, preset=preset).create(store.root)
    run.append("metrics", [_point(1)])
    for name in ("curve.csv", "curve.svg", "run.json"):
        answer = client.get(f"/playground/run/{run.id}/{name}")
        assert answer.status_code == 200 and ".." not in answer.headers["content-disposition"].split(".")[0]


# -- the pace ---------------------------------------------------------------------------------------------------------


class Machine:
    """A clock, and what the event loop has spent: so much for each question."""

    now, spent = 100.0, 3.0

    def __init__(self, viewers: int, cost: float):
        self.pace, self.cost = Pace(lambda: self.now, lambda: self.spent), cost
        self.next = [self.now + 0.01 * number for number in range(viewers)]  # when each asks again

    def watch(self, seconds: float) -> tuple[float, float]:
        """Let everybody ask as they are told; return the last pause, and what share of a core was spent."""
        until, before, pause = self.now + seconds, self.spent, 0.0
        while (when := min(self.next)) < until:
            self.now, self.spent = max(self.now, when), self.spent + self.cost
            pause = self.pace.pause(near=False)
            self.next[self.next.index(when)] = self.now + pause
        self.now = until
        return pause, (self.spent - before) / seconds


def test_viewers_are_asked_to_wait_as_long_as_their_looks_cost():
    assert Machine(3, 0.001).watch(30.0)[0] == SHORTEST
    machine = Machine(100, 0.001)
    machine.watch(20.0)
    pause, share = machine.watch(40.0)
    assert pause == pytest.approx(100 * 0.001 / SHARE, rel=0.3) and share == pytest.approx(SHARE, rel=0.3)
    assert Machine(100, 0.0001).watch(30.0)[0] == SHORTEST  # the same class, before a quicker machine
    assert Machine(5_000, 0.001).watch(30.0)[0] == LONGEST


def test_pages_that_have_gone_slow_down_nobody():
    machine = Machine(200, 0.002)
    assert machine.watch(30.0)[0] > 3.0
    machine.next = machine.next[:2]
    assert machine.watch(30.0)[0] == SHORTEST
    machine = Machine(200, 0.002)
    machine.watch(30.0)
    machine.now += 20.0
    assert machine.pace.pause(near=False) == SHORTEST and machine.pace.pause(near=True) == SHORTEST_NEAR


def test_the_feed_and_the_list_of_runs_tell_the_pace(store, trained):
    routes = Routes(store, {})
    routes.pace = SimpleNamespace(pause=lambda near: 2.5)
    client = TestClient(Starlette(routes=routes.list()))
    assert client.get(f"/playground/feed/{trained.id}").json()["pause"] == 2.5
    assert client.get("/playground/runs").json()["pause"] == 2.5


def test_a_long_history_is_read_in_a_thread_of_its_own(client, trained, monkeypatch):
    in_threads = []

    async def run_in_threadpool(answer, *given):
        in_threads.append(given)
        return answer(*given)

    monkeypatch.setattr("playground.server.routes.MUCH", 10)
    monkeypatch.setattr("playground.server.routes.run_in_threadpool", run_in_threadpool)
    for _ in range(3):
        assert client.get(f"/playground/feed/{trained.id}").status_code == 200
    assert len(in_threads) == 1  # the others only read on, which the server does itself


def test_the_rows_in_memory_are_bounded_in_bytes_and_who_is_dropped_is_read_again(tmp_path, monkeypatch):
    runs = [tiny_plan().create(tmp_path) for _ in range(4)]
    for run in runs:
        run.append("metrics", [{"step": step, "loss": 1.0} for step in range(1, 101)])
        run.append("samples", [{"step": 1, "text": "x" * 10_000}])
    feed = Feed(RunStore(tmp_path, workers=1))
    told = [feed.follow(run.id) for run in runs]
    size = feed.rows(runs[0].path, runs[0].config().created).nbytes()
    assert 101 * 100 < size < 101 * 1_000 and sum(rows.nbytes() for rows in feed._rows.values()) == 4 * size
    monkeypatch.setattr(feed_module, "MOST_BYTES", 2 * size)
    feed.follow(tiny_plan().create(tmp_path).id)
    assert sum(rows.nbytes() for rows in feed._rows.values()) <= 2 * size
    assert [feed.follow(run.id) for run in runs] == told


def test_the_rows_of_so_many_runs_are_held_and_the_one_asked_for_last_is_among_them(tmp_path, monkeypatch):
    monkeypatch.setattr(feed_module, "MOST_RUNS", 3)
    feed, paths = Feed(RunStore(tmp_path, 1)), [tmp_path / str(number) for number in range(9)]
    for path in paths:
        feed.rows(path, 1.0)
    assert [path for path, _ in feed._rows] == paths[-3:]
