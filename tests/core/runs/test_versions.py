"""Directories of an older version are read in today's words; those of a newer one are refused in a sentence."""

import json
from dataclasses import replace

import pytest
import torch

from core.runs.config import VERSION, NewerVersion, RunConfig, tokenizer_from_json
from core.runs.directory import RunDir
from core.runs.listing import list_runs
from core.runs.plan import again, extend
from core.runs.training_run import train_run
from tests.older_runs import BASELINES, METRICS, RUN, STEP, STEPS, version_1_run


@pytest.fixture
def old(tmp_path) -> RunDir:
    return version_1_run(tmp_path)


def _json(run: RunDir) -> dict:
    return json.loads((run.path / "run.json").read_text())


def test_a_run_of_version_1_is_listed_and_shown(old):
    runs, problems = list_runs(old.path.parent)
    assert [run.id for run in runs] == [old.id] and problems == []
    config = old.config()
    assert (config.entropy, config.model.init, config.preset) == (0.5, "sinusoidal", "tiny")
    assert config.train.model_dump() == {**RUN["train"], "continued_at": []}
    assert old.baselines() == {("entropy" if name == "floor" else name): BASELINES[name] for name in BASELINES}
    assert (old.status().state, old.status().step) == ("paused", STEP)
    assert old.rows("metrics")[0] == METRICS and old.snapshots() == [STEP]
    idx = torch.tensor([tokenizer_from_json(config.tokenizer).encode("3 times")])
    assert old.load_snapshot()(idx)[0].shape == (1, 7, 18)


def test_a_run_of_version_1_goes_on_from_its_state(old):
    assert [stats.step for stats in train_run(old)] == list(range(STEP + 1, STEPS + 1))
    assert (old.status().state, old.status().step) == ("done", STEPS)
    assert [row["step"] for row in old.rows("metrics")[0]] == list(range(STEPS + 1))
    assert old.baselines()["entropy"] == 0.5


def test_a_run_of_version_1_becomes_one_of_today_when_it_is_written(old):
    before = old.config()
    extended = extend(old, 9).config()
    assert _json(old)["version"] == VERSION == 3 and "floor" not in _json(old)
    assert extended.model == before.model and (extended.entropy, extended.train.steps) == (0.5, 9)
    copy = again(old).create(old.path.parent)
    assert _json(copy)["model"]["init"] == "sinusoidal" and copy.config().model == before.model


def test_the_names_of_version_1_are_unknown_today(old):
    today = old.config().to_json()
    for changed in ({"floor": 0.5}, {"model": today["model"] | {"init": "sharp"}}):
        with pytest.raises(ValueError, match="^run.json does not describe a run "):
            RunConfig.from_json(today | changed)


def test_a_newer_version_is_refused_in_one_sentence_that_does_not_call_it_damaged(old):
    today = old.config().to_json()
    for version in (VERSION + 1, 10**30):
        (old.path / "run.json").write_text(json.dumps(today | {"version": version, "colour": "red"}))
        sentence = (
            f"run.json is of version {version}, but this program reads versions up to {VERSION}; update the program"
        )
        with pytest.raises(NewerVersion, match=f"^{sentence} to open the run$"):
            old.config()
        runs, (problem,) = list_runs(old.path.parent)
        assert runs == [] and problem == f"The run in 'version-1' is left out: {sentence} to open the run"


def test_the_title_of_an_own_text_is_kept_and_a_run_without_one_is_read(old, tmp_path):
    assert old.config().corpus_title is None
    titled = replace(old.config(), corpus_title="moby dick.md")
    old.write_config(titled)
    assert old.config().corpus_title == again(old).config.corpus_title == "moby dick.md"
    for wrong in (5, "x" * 81, ["a"]):
        with pytest.raises(ValueError, match="corpus_title"):
            RunConfig.from_json(titled.to_json() | {"corpus_title": wrong})


def test_an_impossible_version_is_damage(old):
    for version in (0, -1, 1.0, 2.5, "2", None, True, [2], {}, float("nan")):
        with pytest.raises(
            ValueError, match=r"^run.json does not describe a run \(version=.* from 1 to 3\)$"
        ) as caught:
            RunConfig.from_json(old.config().to_json() | {"version": version})
        assert not isinstance(caught.value, NewerVersion), version
