"""Which snapshots are kept of a model so large that not all can be."""

import os
import time

from core.architectures import build_model
from core.runs import snapshots
from core.runs.snapshots import is_snapshot_step, kept, mark_used
from tests.tiny_runs import tiny_plan


def test_first_and_last_stay_and_the_others_are_spread_as_they_were_made():
    made = [step for step in range(1001) if is_snapshot_step(step)]
    assert kept(made, len(made)) == made and kept([], 3) == [] and kept([0, 5], 1) == [0, 5]
    for most in range(3, len(made)):
        left = kept(made, most)
        assert len(left) == most and left[0] == 0 and left[-1] == 1000 and set(left) <= set(made)


def test_a_large_model_keeps_few_snapshots_but_none_that_is_being_looked_at_goes(tmp_path, monkeypatch):
    run = tiny_plan(1).create(tmp_path)
    model = build_model(run.config().model)
    run.write_snapshot(model, 0, {})
    size = (run.path / "snapshots" / "step-0000000" / "model.safetensors").stat().st_size
    monkeypatch.setattr(snapshots, "MOST_BYTES", 4 * size)
    monkeypatch.setattr(snapshots, "LARGE", size)
    for step in (1, 2, 5):
        run.write_snapshot(model, step, {})
    run.load_snapshot(1)  # somebody looks at it
    for step in (10, 20, 50, 100, 200):
        run.write_snapshot(model, step, {})
    steps = run.snapshots()
    assert len(steps) <= 5 and steps[0] == 0 and 1 in steps and steps[-1] == 200
    mark = run.path / "snapshots" / "step-0000001" / snapshots.MARK
    mark_used(mark.parent)
    os.utime(mark, (time.time() - 2 * snapshots.IN_USE,) * 2)
    run.write_snapshot(model, 500, {})
    assert 1 not in run.snapshots() and len(run.snapshots()) == 4


def test_small_models_keep_all(tmp_path):
    run = tiny_plan(1).create(tmp_path)
    model = build_model(run.config().model)
    for step in range(0, 60, 2):
        run.write_snapshot(model, step, {})
    run.load_snapshot(0)
    assert len(run.snapshots()) == 30 and not list(run.path.rglob(snapshots.MARK))
