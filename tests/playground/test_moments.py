"""Which step is in view: what was chosen, what may be sent, and the nearest snapshot where that one is not there."""

import json
import shutil
from types import SimpleNamespace

import pytest

from core.runs.config import Status
from core.runs.directory import RunDir
from core.runs.training_run import train_run
from playground import models
from playground.models import nearest
from playground.moments import chosen_step, held_step, step_beside, with_step
from playground.widgets.step_slider import StepSlider
from tests.tiny_runs import refusal, tiny_plan

RUN = SimpleNamespace(id="a")


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> RunDir:
    run = tiny_plan(20).create(tmp_path_factory.mktemp("runs"))
    for _ in train_run(run):
        pass
    return run


@pytest.fixture
def run(trained, tmp_path) -> RunDir:
    shutil.copytree(trained.path, tmp_path / "copy")
    return RunDir(tmp_path / "copy")


def test_a_run_follows_its_newest_snapshot_until_a_step_is_chosen():
    for moments in (None, {}, {"at": {}}, {"at": None}, {"at": {"b": 5}}, {"beside": {"a": 5}}):
        assert chosen_step(RUN, moments) is None
    moments = {"at": {"a": 0, "b": 7}, "beside": {"a": 500}}
    assert (chosen_step(RUN, moments), step_beside(RUN, moments), chosen_step(None, moments)) == (0, 500, None)
    assert with_step(moments, RUN, 3) == {"at": {"a": 3, "b": 7}, "beside": {"a": 500}}
    assert with_step(None, RUN, 3) == with_step({"at": 5}, RUN, 3) == {"at": {"a": 3}}


@pytest.mark.parametrize("step", ["5", 5.0, True, -1, 10**9, [5], {"a": 5}, float("nan")])
def test_what_is_no_step_is_refused_in_one_sentence(step):
    for moments in ({"at": {"a": step}}, {"at": step} if step is not True else {"at": True}):
        if moments == {"at": {"a": 5}}:
            continue
        assert refusal(chosen_step, RUN, moments).startswith("A step is a whole number, not ")


def test_only_a_run_that_goes_on_is_held_at_its_step(run):
    moments = {"at": {run.id: 5}}
    assert held_step(run, "run", moments) is None, "it is done, and has all it can"
    run.write_status(Status("paused", 20))
    assert held_step(run, "run", moments) == 5 and held_step(run, "gpt2", moments) is held_step(run, "run", {}) is None


def test_a_snapshot_that_is_there_is_shown_without_a_word_and_loaded_once(run, monkeypatch):
    loaded, load = [], RunDir.load_snapshot
    monkeypatch.setattr(RunDir, "load_snapshot", lambda self, step=None: loaded.append(step) or load(self, step))
    shown = [nearest(run, step)[1:] for step in (*run.snapshots(), None)]
    assert shown == [(step, None) for step in (0, 1, 2, 5, 10, 20, 20)]
    for step in reversed(run.snapshots()):  # going back is instant
        nearest(run, step)
    assert loaded == [0, 1, 2, 5, 10, 20] and models._writers.held() <= models.MOST_WEIGHTS


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "There is no snapshot of step 6"), ("vi", "Không có bản chụp của bước 6")]
)
def test_in_the_place_of_one_that_is_gone_the_nearest_is_shown_and_said(run, lang, words):
    _, step, said = nearest(run, 6, lang)
    assert step == 5 and said.startswith(words)
    shutil.rmtree(run.path / "snapshots" / "step-0000005")
    assert nearest(run, 5)[1:] == (2, "There is no snapshot of step 5: shown is the nearest one, of step 2.")
    assert nearest(run, 10**8)[1] == 20


def test_in_the_place_of_a_damaged_one_the_nearest_that_can_be_read_is_shown_and_said(run):
    for step in (10, 20):
        (run.path / "snapshots" / f"step-{step:07d}" / "model.safetensors").write_bytes(b"\0" * 9)
    said = "The snapshot of step {}: shown is the nearest one that can, of step 5.".format
    assert nearest(run, 10)[1:] == (5, said("10 cannot be read"))
    assert nearest(run)[1:] == (5, said("20 cannot be read")), "the newest too"
    for folder in (run.path / "snapshots").iterdir():
        (folder / "model.safetensors").write_bytes(b"\0" * 9)
    models._writers.clear()
    assert "cannot be read" in refusal(nearest, run, 10)


def test_one_that_is_being_written_is_not_there_yet(run):
    whole = run.path / "snapshots" / "step-0000020"
    whole.rename(run.path / ".snapshots-20-1")  # as it is called until it is complete
    assert nearest(run)[1:] == (10, None) and nearest(run, 20)[1] == 10
    shutil.rmtree(run.path / "snapshots")
    assert "no snapshot yet" in refusal(nearest, run, None) and "no snapshot yet" in refusal(nearest, run, 5)


def test_the_slider_speaks_both_languages():
    english, vietnamese = (StepSlider.told_to("a", lang)["text"] for lang in ("en", "vi"))
    assert english.keys() == vietnamese.keys() and all(map(str.__ne__, english.values(), vietnamese.values()))
    assert json.dumps(StepSlider.told_to(None, "en"))
