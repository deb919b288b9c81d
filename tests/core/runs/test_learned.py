"""What the machine learns from runs that it finished."""

import pytest

from core.runs import learned
from core.runs.cost import SPEED_FILE, Speed, shape_key
from core.runs.learned import FEWEST_STEPS, learn, times_of
from core.runs.training_run import train_run
from tests.tiny_runs import tiny_plan


def rows(steps: int, step: float, estimate: float, every: int = 10, disturbed: int = 0) -> list[dict]:
    """Make the rows of a run; some steps were disturbed by others."""
    told, elapsed = [], 0.0
    for number in range(1, steps + 1):
        seconds = 10 * step if number % 3 == 0 and number < 3 * disturbed else step
        elapsed += seconds
        told.append({"step": number, "loss": 1.0, "seconds": seconds})
        if number % every == 0:
            elapsed += estimate
            told[-1]["val_loss"] = 1.0
        told[-1]["elapsed"] = elapsed
    return [{"step": 0, "val_loss": 4.0, "elapsed": 0.0}, *told]


def test_a_step_and_an_estimate_are_told_apart_and_disturbed_steps_do_not_count():
    assert times_of(rows(100, 0.1, 2.0)) == pytest.approx((0.1, 2.0))
    assert times_of(rows(100, 0.1, 2.0, disturbed=20)) == pytest.approx((0.1, 2.0))
    assert times_of(rows(FEWEST_STEPS - 1, 0.1, 2.0)) is None and times_of([]) is None


def test_a_quiet_run_is_remembered_and_a_disturbed_one_is_not(tmp_path, monkeypatch):
    config, path = tiny_plan(40).config, tmp_path / SPEED_FILE
    key = shape_key(config.model, config.train)
    learn(tmp_path, config, rows(40, 0.1, 2.0), None)
    assert not path.exists()  # nothing is known of the machine yet
    Speed(1e-3, 1e9).save(path)
    monkeypatch.setattr(learned, "was_busy", lambda began: True)
    learn(tmp_path, config, rows(40, 0.1, 2.0), None)
    assert Speed.load(path) == Speed(1e-3, 1e9)
    monkeypatch.setattr(learned, "was_busy", lambda began: False)
    for step, expected in ((0.1, 0.1), (5.0, 0.12), (0.05, 0.05)):  # suddenly slow: the load, for the most part
        learn(tmp_path, config, rows(40, step, 2.0), None)
        assert Speed.load(path).learned[key] == pytest.approx([expected, 2.0])


def test_a_run_that_is_done_teaches_how_long_it_took_and_its_time_includes_all_it_did(tmp_path, monkeypatch):
    monkeypatch.setattr(learned, "was_busy", lambda began: False)
    Speed(1e-3, 1e9).save(tmp_path / SPEED_FILE)
    run = tiny_plan(FEWEST_STEPS + 5).create(tmp_path)
    for _ in train_run(run):
        pass
    (pair,) = Speed.load(tmp_path / SPEED_FILE).learned.values()
    steps = [row for row in run.rows("metrics")[0] if "seconds" in row]
    assert pair[0] > 0 and steps[-1]["elapsed"] > sum(row["seconds"] for row in steps)
