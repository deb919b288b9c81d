"""The rows that the server holds: bounded, and of any file."""

import json
import random

import pytest

from core.runs.store import RunStore
from playground.server.feed import Feed
from playground.server.rows import History, Rows, _spike
from tests.tiny_runs import tiny_plan


@pytest.fixture
def run(tmp_path):
    return tiny_plan(100).create(tmp_path, "r")


def test_a_history_of_any_length_is_held_in_bounded_places_with_its_spikes_and_its_cursor():
    history = History(100, _spike)
    for step in range(10_000):
        history.append((step, 50.0 if step == 3_000 else None if step == 7_001 else 2.0))
    assert len(history) <= 100 and history.count == 10_000
    kept = history.since()
    assert (3_000, 50.0) in kept and (7_001, None) in kept and kept == sorted(kept, key=lambda row: row[0])
    gaps = {after[0] - before[0] for before, after in zip(kept, kept[1:], strict=False)}
    assert kept[0][0] < 256 and max(gaps) <= 2 * history.stride, "no part of the run is thinner than another"
    assert history.since(9_990) == [(step, 2.0) for step in range(9_990, 10_000)] and history.since(10_000) == []


def test_rows_that_stand_for_others_carry_the_mean_of_all_of_them():
    """Of the older rows the highest stay: without their means a long run would seem much worse in its beginning."""
    history, draw = History(400, _spike, 3, (1,)), random.Random(1)
    losses = [draw.uniform(1.0, 3.0) for _ in range(50_000)]
    for step, loss in enumerate(losses):
        history.append((step, None if step % 1_000 == 7 else loss, step / 10))
    kept = history.since()
    thinned = [row for row in kept if len(row) == 4]
    until = kept[len(thinned)][0]
    counted = [loss for step, loss in enumerate(losses[:until]) if step % 1_000 != 7]
    older = sum(row[3] for row in thinned) / len(thinned)
    assert older == pytest.approx(sum(counted) / len(counted), abs=0.01)
    assert min(row[1] for row in thinned if row[1]) > 2.5, "the rows themselves are the spikes"
    assert all(len(row) == 3 for row in kept[-100:])


@pytest.mark.parametrize(
    "row",
    [
        '{"step": 1, "loss": 2, "seconds": 0.1}',
        '{"step": 1, "loss": "low", "seconds": 0.1, "elapsed": 1}',
        '{"step": 1, "loss": NaN, "seconds": 1e999, "elapsed": 1, "learning_rate": 1, "tokens": 1}',
        '{"step": 1, "val_loss": [1], "train_loss": {}}',
        '{"step": true, "loss": 1.0}',
        '[1, 2]',
    ],
)  # fmt: skip
def test_a_damaged_row_is_left_out_and_the_rest_is_told(tmp_path, run, row):
    (run.path / "metrics.jsonl").write_text(row + '\n{"step": 2, "loss": 1.5}\n{"step": 3, "val_loss": 1.5}\n')
    (run.path / "samples.jsonl").write_text('{"step": 1}\n{"step": 2, "text": "abc"}\n')
    told = Feed(RunStore(tmp_path, 1)).follow(run.id)
    assert (2, 1.5, None) in told["points"] and told["evals"] == [(3, None, 1.5, None)]
    assert [sample["text"] for sample in told["samples"]] == ["abc"] and json.dumps(told, allow_nan=False)


@pytest.mark.parametrize("baselines", ["{}", '{"uniform": "much"}', "[1]", '{"ngram": 1.0}', '{"uniform": NaN}', "{"])
def test_damaged_baselines_are_as_none(tmp_path, run, baselines):
    (run.path / "baselines.json").write_text(baselines)
    (run.path / "metrics.jsonl").write_text('{"step": 3, "train_loss": 1.5, "val_loss": 1.5}\n')
    told = Feed(RunStore(tmp_path, 1)).follow(run.id)
    assert told["baselines"] is None and told["meaning"].startswith("The first estimate is here")


def test_the_time_left_does_not_believe_the_first_slow_steps(tmp_path, run):
    """The first step pays for what is used for the first time: 9 s, and then 30 steps a second."""
    rows = Rows()
    told = [
        {"step": step, "loss": 2.0, "seconds": 9.0 if step == 1 else 1 / 30, "elapsed": 9 + (step - 1) / 30,
         "learning_rate": 1e-3, "tokens": 512}
        for step in range(1, 101)
    ]  # fmt: skip
    run.append("metrics", told)
    rows.read(run)
    assert rows.pace() == pytest.approx(30) and 100 / rows.last["elapsed"] < 9


def test_the_clock_of_a_quick_run_holds_few_places_and_tells_its_pace(tmp_path, run):
    rows = Rows()
    steps = range(1, 9_001)  # 200 a second
    told = {"loss": 2.0, "seconds": 0.005, "learning_rate": 1e-3, "tokens": 512}
    run.append("metrics", [{"step": s, "elapsed": s / 200, "time": 1e9 + s / 200, **told} for s in steps])
    rows.read(run)
    assert rows.progress() == pytest.approx(200, rel=0.01)
    assert 100 < len(rows.clock) < 130 and rows.clock[-1][1] == 9_000


def test_rows_are_told_as_read_only_when_they_are_worked_off(run, monkeypatch):
    """Whoever looks meanwhile goes to a thread to wait, and not onto the event loop."""
    run.append("metrics", [{"step": 1, "loss": 1.0}])
    rows, seen = Rows(), []
    monkeypatch.setattr(Rows, "_tell_pace", lambda self, row: seen.append(self.metrics_at))
    rows.read(run)
    assert seen == [0] and rows.metrics_at > 0
