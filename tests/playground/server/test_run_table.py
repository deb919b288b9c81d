"""The table of runs: settings that differ, and how far each run has come, read once and for those who may see it."""

import json

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.runs.config import Status, owner_of
from core.runs.directory import RunDir
from core.runs.store import RunStore
from playground.server import run_list
from playground.server.profiles import CLASSROOM
from playground.server.rights import HOST, Rights
from playground.server.routes import Routes
from playground.server.run_list import RunList
from playground.server.run_table import RunTable, differing
from tests.tiny_runs import tiny_plan


@pytest.fixture
def store(tmp_path, monkeypatch) -> RunStore:
    monkeypatch.setattr(run_list, "SLOW", float("inf"))  # on a busy machine a look would hold for a second
    return RunStore(tmp_path, workers=1)


def rows(losses: dict[int, float]) -> list[dict]:
    return [{"step": step, "train_loss": 1.0, "val_loss": loss, "elapsed": step / 4} for step, loss in losses.items()]


def test_only_settings_that_differ_are_columns(store):
    for name, steps, seed in (("a", 20, 1), ("b", 20, 2), ("c", 30, 2)):
        tiny_plan(steps, seed=seed).create(store.root, name)
    told = RunTable(RunList(store)).told(HOST)
    assert told["columns"] == ["steps", "seed"]
    assert {name: run["settings"] for name, run in told["runs"].items()} == {"a": [20, 1], "b": [20, 2], "c": [30, 2]}


def test_a_setting_that_a_run_lacks_differs_and_true_is_not_one():
    settings = [{"n_layer": 1, "bias": True}, {"bias": 1}, {"n_layer": 1, "bias": True}]
    assert differing(settings) == ["n_layer", "bias"]
    assert differing([]) == differing(settings[:1]) == []


def test_a_row_tells_the_lowest_loss_the_time_and_the_tokens_as_they_are_now(store):
    run, table = tiny_plan(100).create(store.root, "a"), RunTable(RunList(store))
    known = lambda: table.told(HOST)["runs"]["a"]  # noqa: E731
    assert (known()["best"], known()["seconds"], known()["tokens"]) == (None, None, 0)
    run.append("metrics", rows({0: 4.0, 10: 2.5, 20: 2.75}))
    run.append("metrics", [{"step": 21, "loss": 9.0, "elapsed": 6.5}])
    run.write_status(Status("paused", 21))
    config = run.config()
    tokens = 21 * config.train.batch_size * config.model.block_size
    assert known() == {"best": 2.5, "best_step": 10, "seconds": 6.5, "tokens": tokens, "settings": []}
    run.append("metrics", rows({10: 3.0}))  # a crash: it went on from before step 10
    assert (known()["best"], known()["best_step"]) == (3.0, 10)
    run.append("metrics", rows({20: 1.5}))
    assert (known()["best"], known()["seconds"]) == (1.5, 5.0)


def test_estimates_are_read_once(store, monkeypatch):
    run, table = tiny_plan(100).create(store.root, "a"), RunTable(RunList(store))
    run.append("metrics", rows(dict.fromkeys(range(500), 2.0)))
    table.told(HOST)
    monkeypatch.setattr(RunDir, "rows", lambda *_, **__: pytest.fail("read again"))
    assert table.told(HOST)["runs"]["a"]["best"] == 2.0


def test_damaged_metrics_leave_the_rest_of_the_table(store):
    for name in ("a", "b"):
        tiny_plan(100).create(store.root, name)
    odd = [
        '{"step": "x", "val_loss": 1}',
        '{"step": 1, "val_loss": NaN}',
        '{"step": true, "val_loss": 0}',
        '"val_loss"',
    ]
    (store.root / "a" / "metrics.jsonl").write_text("\n".join(odd) + "\n")
    (store.root / "b" / "metrics.jsonl").mkdir()
    told = RunTable(RunList(store)).told(HOST)
    assert [run["best"] for run in told["runs"].values()] == [None, None] and json.dumps(told, allow_nan=False)


def test_each_is_told_of_the_runs_it_may_see_and_nothing_twice(store):
    runs = [tiny_plan(20, owner=owner_of(token)).create(store.root) for token in ("a" * 32, "b" * 32)]
    routes = Routes(store, {}, RunList(store, shared=True), Rights(CLASSROOM))
    client = TestClient(Starlette(routes=routes.list()))
    mine = {"x-playground-owner": "a" * 32}
    answer = client.get("/playground/table", headers=mine).json()
    assert list(answer["runs"]) == [runs[0].id] and answer["columns"] == []
    assert client.get("/playground/table").json()["runs"] == {}
    again = client.get(f"/playground/table?key={answer['key']}", headers=mine).json()
    assert again["key"] == answer["key"] and "runs" not in again
    linked = client.get(f"/playground/table?view={runs[1].id}", headers=mine).json()
    assert set(linked["runs"]) == {run.id for run in runs}
    for odd in ("view=..%2f", "view=%00", "key=%ff", "view=" + "x" * 5000):
        assert client.get(f"/playground/table?{odd}", headers=mine).status_code == 200
