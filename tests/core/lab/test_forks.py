"""A fork goes on from a kept state of its parent: without a change bit for bit, with one from that step on."""

import json
import os
import shutil
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from core.architectures import build_model
from core.config import TrainConfig
from core.lab import forks
from core.lab.forks import CHANGES, family, fork, forkable_steps, plan_fork
from core.lab.twins import plan_variant
from core.optim import make_optimizer
from core.runs import durable, recorder, snapshots, step_folders
from core.runs.config import RunConfig
from core.runs.cost import SPEED_FILE, Speed, disk_needed, shape_key
from core.runs.directory import RunDir
from core.runs.learned import learn
from core.runs.listing import delete, list_runs, sweep
from core.runs.plan import again, extend, plan_run
from core.runs.snapshots import is_state_step, state_bytes
from core.runs.store import RunStore
from core.runs.training_run import train_run
from core.text.corpora import Corpus
from tests.older_runs import version_1_run
from tests.tiny_runs import MODEL, TEXT, TRAIN, losses, refusal

STEPS = 160
KINDS = {
    "gpt": ({}, MODEL, {}),
    "dropout, by AdamW": ({}, {**MODEL, "dropout": 0.3}, {"optimizer": "adamw"}),
    "modern": ({"architecture": "modern"}, MODEL, {}),
    "bigram": ({"architecture": "bigram"}, {"block_size": 8}, {}),
}


@pytest.fixture(autouse=True, scope="module")
def _seldom_saved():
    """Save a run only where it is left: nothing depends on how many seconds it takes."""
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "SAVE_EVERY", 3600.0)
        yield


def new_run(root: Path, kind: str = "gpt", name: str | None = None, steps: int = STEPS, **train) -> RunDir:
    options, model, settings = KINDS[kind]
    plan = plan_run(
        Corpus("own", TEXT), {"sample_tokens": 4, **options}, model, {**TRAIN, "steps": steps, **settings, **train}
    )
    run = plan.create(root, name)
    run.write_baselines({"uniform": 1.0})  # else a thread writes beside
    return run


def advance(run: RunDir, upto: int | None = None) -> RunDir:
    """Train a run to its end, or pause it once `upto` steps are done."""
    turns = train_run(run)
    for stats in turns:
        if stats.step == upto:
            turns.close()
    return run


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> RunDir:
    """A run that trained to its end; nobody changes it."""
    return advance(new_run(tmp_path_factory.mktemp("whole"), name="whole"))


@pytest.fixture
def parent(whole, tmp_path) -> RunDir:
    return RunDir(shutil.copytree(whole.path, tmp_path / "parent"))


def rows_of(run: RunDir, name: str = "metrics", upto: int = 10**9) -> list[dict]:
    return [row for row in run.rows(name)[0] if row["step"] <= upto]


# -- without a change --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_fork_without_a_change_repeats_its_parent_bit_for_bit(tmp_path, kind):
    run = advance(new_run(tmp_path, kind))
    copy = advance(fork(run, 50, {}))
    assert losses(copy) == losses(run) and len(losses(copy)) == STEPS >= 50 + 100
    assert rows_of(copy, "samples") == rows_of(run, "samples")
    assert copy.snapshots() == run.snapshots()
    for step in run.snapshots():
        ours, theirs = (each.load_snapshot(step).state_dict() for each in (copy, run))
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert copy.status().state == "done"


def test_a_fork_repeats_a_parent_that_was_killed_in_the_middle_and_went_on(tmp_path, whole):
    run = new_run(tmp_path, name="run")
    turns = train_run(run)
    for _ in islice(turns, 120):
        pass
    killed = RunDir(shutil.copytree(run.path, tmp_path / "killed"))  # as a kill leaves it: nothing more is written
    turns.close()
    assert killed.saved_steps() == [] and killed.kept_steps() == [50, 100]
    early = fork(killed, 100, {})  # before it goes on
    advance(killed)  # it begins again, for no state but the kept ones is left
    assert losses(killed) == losses(whole)
    for copy in (early, fork(killed, 50, {}), fork(killed, 100, {})):
        assert losses(advance(copy)) == losses(whole)


def test_a_fork_of_a_run_that_trains_or_rests_in_an_estimate_goes_on_as_it_does(tmp_path, whole):
    run = new_run(tmp_path)
    turns = train_run(run)
    for _ in islice(turns, 60):
        pass
    copies = [fork(run, 50, {})]
    turns.close()
    assert forkable_steps(run) == [0, 50, 60]
    copies.append(fork(run, 60, {}))
    unfinished = next(run.path.glob("resume/step-0000060")) / "state.json"  # as if it had been left in the estimate
    row = rows_of(run)[-1]
    state = {name: row[name] for name in ("loss", "learning_rate", "grad_norm", "tokens", "seconds")}
    unfinished.write_text(json.dumps({**json.loads(unfinished.read_text()), "unfinished": state}))
    metrics = run.path / "metrics.jsonl"
    metrics.write_text("".join(line for line in metrics.read_text().splitlines(True) if '"step":60,' not in line))
    copies.append(fork(run, 60, {}))
    assert [each.last_row() for each in copies] == [50, 60, 59]
    for copy in copies:
        assert losses(advance(copy)) == losses(whole)


def test_a_fork_of_the_start_begins_anew_and_one_of_a_fork_is_a_fork(tmp_path, whole, parent):
    assert losses(advance(fork(parent, 0, {}))) == losses(whole)
    child = fork(parent, 50, {})
    grandchild = fork(advance(child, 110), 100, {})
    assert (grandchild.config().parent, grandchild.config().parent_step) == (child.id, 100)
    assert losses(advance(grandchild)) == losses(whole)


# -- with a change -----------------------------------------------------------------------------------------------------


def test_a_fork_differs_in_nothing_but_its_change_and_where_it_comes_from(parent):
    child = fork(parent, 50, {"learning_rate": 0.02, "batch_size": 4}, owner="a" * 64)
    mine, its = child.config().to_json(), parent.config().to_json()
    assert mine["train"] == {**its["train"], "learning_rate": 0.02, "batch_size": 4}
    assert {name for name in mine if mine[name] != its.get(name)} == {
        "train", "parent", "parent_step", "owner", "created",
    }  # fmt: skip
    assert (mine["parent"], mine["parent_step"], mine["owner"]) == ("parent", 50, "a" * 64)
    assert {run.id for run in list_runs(parent.path.parent)[0]} == {"parent", child.id}
    assert (child.status().state, child.status().step) == ("paused", 50)
    assert fork(parent, 50, {}).config().owner is None


def test_the_branch_leaves_the_parents_curve_at_the_fork(parent):
    child = advance(fork(parent, 50, {"learning_rate": 0.05, "muon_learning_rate": 0.1}))
    ours, theirs = losses(child), losses(parent)
    same = [step for step in theirs if ours[step] == theirs[step]]
    assert same[:51] == list(range(1, 52))  # the loss of step 51 is that before its update
    assert all(ours[step] != theirs[step] for step in range(52, 70))
    assert rows_of(child, upto=50) == rows_of(parent, upto=50)
    assert rows_of(child, "samples", 50) == rows_of(parent, "samples", 50)


@pytest.mark.parametrize(
    "changes",
    [{"dropout": 0.5}, {"batch_size": 5}, {"seed": 7}, {"weight_decay": 3.0}, {"steps": 100}, {"schedule": "constant"},
     {"grad_clip": 0.01}, {"beta1": 0.1}, {"text": TEXT[::-1]}],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
def test_each_change_is_felt_after_the_fork_and_not_before(parent, changes):
    child = fork(parent, 50, {"steps": STEPS, **changes})
    advance(child, 60)
    ours, theirs = losses(child), losses(parent)
    assert [ours[step] for step in range(1, 51)] == [theirs[step] for step in range(1, 51)]
    assert [ours[step] for step in range(51, 61)] != [theirs[step] for step in range(51, 61)]


def test_another_text_is_what_the_fork_learns_from_and_what_is_known_of_the_old_one_goes(parent):
    parent.write_config(replace(parent.config(), entropy=0.5))
    same, other = fork(parent, 50, {"text": TEXT}), fork(parent, 50, {"text": TEXT[::-1]})
    assert (same.text(), same.config().entropy, same.baselines()) == (TEXT, 0.5, {"uniform": 1.0})
    assert (other.text(), other.config().entropy, other.baselines()) == (TEXT[::-1], None, None)
    assert other.config().tokenizer == parent.config().tokenizer


def test_a_fork_of_the_end_goes_on_at_a_low_rate_and_one_with_more_steps_has_one_way_down(parent):
    end = fork(parent, STEPS, {"steps": 200})
    assert end.config().train.continued_at == [STEPS]
    extended = RunDir(shutil.copytree(parent.path, parent.path.parent / "extended"))
    extend(extended, 200)
    assert losses(advance(end)) == losses(advance(extended))
    assert fork(extended, 50, {}).config().train == extended.config().train  # a fork of it repeats it
    assert losses(advance(fork(extended, 100, {}))) == losses(extended)
    assert fork(extended, 100, {"steps": 180}).config().train.continued_at == []
    assert fork(extended, 200, {"steps": 300}).config().train.continued_at == [STEPS, 200]


# -- what is taken over ------------------------------------------------------------------------------------------------


def test_weights_are_second_names_of_the_parents_files_and_either_run_can_go(parent, whole):
    child = fork(parent, 100, {})
    for kind, steps in (("snapshots", parent.snapshots()), ("kept", [50, 100]), ("resume", [100])):
        found = dict(step_folders.step_folders(child.path / kind))
        assert list(found) == [step for step in steps if step <= 100]
        for step, folder in found.items():
            its = parent.path / ("snapshots" if kind == "snapshots" else "kept") / folder.name / "model.safetensors"
            assert os.path.samefile(folder / "model.safetensors", its), (kind, step)
    delete(parent)
    assert losses(advance(child)) == losses(whole)
    assert all(child.load_snapshot(step) for step in child.snapshots())


def test_to_delete_or_train_a_fork_changes_nothing_of_its_parent(parent):
    before = {path: path.read_bytes() for path in parent.path.rglob("*") if path.is_file()}
    delete(advance(fork(parent, 50, {"learning_rate": 0.1})))
    assert {path: path.read_bytes() for path in parent.path.rglob("*") if path.is_file()} == before


def test_on_a_disk_without_second_names_the_files_are_copied(parent, whole, monkeypatch):
    def refuses(*names):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuses)
    child = fork(parent, 50, {})
    ours, its = (run.path / "kept" / "step-0000050" / "model.safetensors" for run in (child, parent))
    assert not os.path.samefile(ours, its) and ours.read_bytes() == its.read_bytes()
    assert losses(advance(child)) == losses(whole)


def test_a_fork_that_does_not_fit_on_the_disk_leaves_nothing(parent, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("core.runs.step_folders.publish", full)
        assert refusal(fork, parent, 50, {}) == (
            "The run could not be written (No space left on device); free some disk space, or choose another place"
        )
    assert [path.name for path in parent.path.parent.iterdir()] == ["parent"]


def test_what_a_fork_took_over_teaches_nobody_how_long_its_steps_take(parent):
    child = advance(fork(parent, 50, {"batch_size": 4}))
    root, config = child.path.parent, child.config()
    rows = [{**row, "seconds": 9.0 if row["step"] <= 50 else 0.001} for row in rows_of(child)]
    Speed(1e-4, 1e10).save(root / SPEED_FILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.runs.learned.was_busy", lambda began: False)
        learn(root, config, rows, None)
        own = Speed.load(root / SPEED_FILE).learned[shape_key(config.model, config.train)]
    only = [row for row in rows if row["step"] > 50]
    expected = only[-1]["elapsed"] - only[0]["elapsed"] - 0.001 * (len(only) - 1)
    assert own[0] == 0.001 and own[1] == pytest.approx(max(0.0, expected) / sum("val_loss" in row for row in only))


def test_the_store_starts_a_fork_as_any_plan_where_it_stands(parent):
    store = RunStore(parent.path.parent)
    store.processes = [SimpleNamespace(held=lambda: 0, commands={})]  # none that trains
    child = store.start(plan_fork(parent, 50, {}, owner="b" * 64), paused=True)
    assert (child.status().state, child.status().step, child.config().owner) == ("paused", 50, "b" * 64)


# -- refusals ----------------------------------------------------------------------------------------------------------

REFUSED = {
    "a step that was not kept": (70, {}, "No state of step 70 was kept; fork the run at one of these: 0, 50, 100, 160"),
    "a step to come": (
        500, {}, "The run is at step 160 and not at step 500 yet; fork it at one of these: 0, 50, 100, 160"
    ),
    "no step": ("50", {}, "No state of step '50' was kept; fork the run at one of these: 0, 50, 100, 160"),
    "a truth": (False, {}, "No state of step False was kept; fork the run at one of these: 0, 50, 100, 160"),
    "nothing left": (
        160, {}, "A fork of step 160 has nothing to train up to steps=160; ask for more steps than that"
    ),
    "too few steps": (
        100, {"steps": 80}, "A fork of step 100 has nothing to train up to steps=80; ask for more steps than that"
    ),
    "a width": (
        50, {"n_embd": 16},
        "n_embd cannot change in a fork, because the kept state belongs to n_embd=8; start a new run for that",
    ),
    "a vocabulary": (
        50, {"vocab_size": 99},
        "vocab_size cannot change in a fork, because the kept state belongs to vocab_size=18; start a new run for that",
    ),
    "a tokenizer": (
        50, {"tokenizer": "gpt2"},
        "tokenizer cannot change in a fork, because the kept state belongs to tokenizer='char'; start a new run for "
        "that",
    ),
    "an optimizer": (
        50, {"optimizer": "adamw"},
        "optimizer cannot change in a fork, because the kept state belongs to optimizer='muon'; start a new run for "
        "that",
    ),
    "an unknown name": (
        50, {"rate": 1}, f"A fork has no setting called 'rate'; what can change is {', '.join(CHANGES)}"
    ),
    "no name": (50, {5: 1}, f"A fork has no setting called 5; what can change is {', '.join(CHANGES)}"),
    "no changes": (50, ["steps"], "The changes of a fork must be named settings, but are of type list"),
    "an impossible value": (
        50, {"learning_rate": -1}, "learning_rate=-1 is not possible; it must be a number above 0 and at most 10.0"
    ),
    "an impossible dropout": (
        50, {"dropout": 2.0}, "dropout=2.0 is not possible; it must be a number from 0.0 to 0.9"
    ),
    "unknown letters": (
        50, {"text": TEXT + "é"},
        "The model has no token for 'é' (U+00E9), which the new text has; leave them out of it, or start a new run on "
        "it",
    ),
    "no text": (50, {"text": 5}, "A fork's text must be a text, but is of type int; write some letters"),
    "an empty text": (
        50, {"text": ""}, "The text is empty; paste or upload some text, or choose a built-in corpus"
    ),
    "a short text": (
        50, {"text": TEXT[:50]},
        "The text has 50 tokens, but block_size=8 needs at least 90 (90 % to train on, 10 % to validate on, each "
        "longer than one block); lower block_size to 4 or add text",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_with_a_remedy_and_leaves_nothing(whole, case):
    step, changes, expected = REFUSED[case]
    before = sorted(whole.path.parent.iterdir())
    assert refusal(fork, whole, step, changes) == expected
    assert sorted(whole.path.parent.iterdir()) == before


def test_a_setting_that_stays_is_no_change(parent):
    settings = {**parent.config().model.model_dump(), **parent.config().train.model_dump(), "weights": "new"}
    assert fork(parent, 50, settings).config().train == parent.config().train


def test_a_bigram_has_no_dropout_to_change(tmp_path):
    run = advance(new_run(tmp_path, "bigram"), 60)
    assert refusal(fork, run, 50, {"dropout": 0.1}).startswith("There is no option called 'dropout'")


@pytest.mark.parametrize("file", ["state.json", "model.safetensors", "optimizer.safetensors"])
@pytest.mark.parametrize("how", ["cut", "of another step", "gone"])
def test_a_damaged_state_is_refused_and_the_other_steps_are_named(parent, file, how):
    path = parent.path / "kept" / "step-0000050" / file
    if how == "cut":
        os.truncate(path, 100 if file != "state.json" else 5)
    elif how == "gone":
        path.unlink()
    elif file == "state.json":
        shutil.copyfile(parent.path / "kept" / "step-0000100" / file, path)
    else:
        path.write_bytes(next(parent.path.glob("kept/step-0000100/*.json")).read_bytes())
    said = refusal(fork, parent, 50, {})
    if how == "gone" and file == "model.safetensors":  # as while it is deleted
        assert said == "No state of step 50 was kept; fork the run at one of these: 0, 50, 100, 160"
    else:
        assert said.startswith("The state of step 50 is damaged (")
        assert said.endswith("); fork the run at another step: 0, 100, 160")
    assert [path.name for path in parent.path.parent.iterdir()] == ["parent"]


def test_a_parent_that_cannot_be_read_is_refused(parent):
    (parent.path / "corpus.txt").write_text("another text")
    assert refusal(fork, parent, 50, {}).startswith("corpus.txt is not the text that this run was made with")
    (parent.path / "run.json").write_text("{")
    assert refusal(fork, parent, 50, {}) == "run.json cannot be read (JSONDecodeError)"


def test_links_in_the_place_of_a_state_are_not_followed(parent, tmp_path):
    elsewhere = shutil.move(parent.path / "kept", tmp_path / "elsewhere")
    (parent.path / "kept").symlink_to(elsewhere)
    assert forkable_steps(parent) == [0, STEPS]


def test_a_fork_that_lost_its_states_says_so_and_does_not_begin_anew(parent):
    child = advance(fork(parent, 50, {"batch_size": 4}), 60)
    shutil.rmtree(child.path / "resume")
    said = refusal(advance, child)
    assert said == (
        "No state of this fork is left, not even that of step 50 which it began with; fork its parent once more"
    )
    assert (child.status().state, child.status().message) == ("failed", said)


@pytest.mark.parametrize(
    "fields",
    [{"parent": "../up", "parent_step": 5}, {"parent": "a b", "parent_step": 5}, {"parent": 7, "parent_step": 5},
     {"parent": "a", "parent_step": -1}, {"parent": "a", "parent_step": 1.5}, {"parent": "a", "parent_step": "5"},
     {"parent": "a" * 65, "parent_step": 5}, {"parent": "a", "parent_step": STEPS + 1}, {"parent": "a"},
     {"parent_step": 5}, {"parent": "a\n", "parent_step": 5}],
    ids=str,
)  # fmt: skip
def test_a_run_json_with_an_odd_parent_is_refused(whole, fields):
    plain = whole.config().to_json()
    assert not {"parent", "parent_step"} & plain.keys()  # so that earlier versions can read it
    assert RunConfig.from_json({**plain, "parent": "a-1", "parent_step": 5}).parent == "a-1"
    assert refusal(RunConfig.from_json, {**plain, **fields}).startswith("run.json does not describe a run (")


def test_a_run_of_version_1_is_forked_where_it_rests(tmp_path):
    child = fork(version_1_run(tmp_path), 3, {})
    assert child.config().parent == "version-1" and child.last_row() == 3
    assert advance(child).status().state == "done"


def test_a_fork_that_is_begun_again_or_broken_begins_with_fresh_weights_and_has_no_parent(parent):
    child = fork(parent, 50, {})
    for plan in (again(child), plan_variant(child, "no_layer_norm")):
        assert (plan.config.parent, plan.config.parent_step) == (None, None)


# -- the states that are kept ------------------------------------------------------------------------------------------


def test_states_are_kept_at_fewer_steps_than_snapshots_and_thinned_likewise(tmp_path, monkeypatch):
    assert [step for step in range(2001) if is_state_step(step)] == [50, 100, 200, 500, 1000, 2000]
    monkeypatch.setattr(snapshots, "FIRST_STATE", 1)
    monkeypatch.setattr(snapshots, "MOST_STATES", 3)
    run = advance(new_run(tmp_path))
    assert len(run.kept_steps()) == 3 and run.kept_steps()[0] == 1 and run.kept_steps()[-1] == 100
    assert not [path for path in run.path.iterdir() if path.name.startswith(".kept")]


def test_kept_states_take_no_more_than_is_predicted(tmp_path, monkeypatch):
    for kind in KINDS:
        run = advance(new_run(tmp_path, kind, steps=200))
        count = sum(parameter.numel() for parameter in build_model(run.config().model).parameters())
        taken = sum(path.stat().st_size for path in run.path.glob("kept/*/*.safetensors"))
        headers = 3 * 2 * 4_000
        train = run.config().train
        assert run.kept_steps() == [50, 100, 200]
        assert 8 * count <= taken / 3 and taken <= state_bytes(count, train) + headers
        assert disk_needed(run.config().model, train) >= state_bytes(count, train) + 3 * 12 * count


def test_a_model_of_which_not_two_states_fit_keeps_none(tmp_path, monkeypatch):
    run = new_run(tmp_path)
    count = sum(parameter.numel() for parameter in build_model(run.config().model).parameters())
    monkeypatch.setattr(snapshots, "STATE_BYTES", 2 * 12 * count - 1)
    assert advance(run).kept_steps() == [] and state_bytes(count, run.config().train) == 0
    assert forkable_steps(run) == [0, STEPS]
    child = fork(run, STEPS, {"steps": STEPS + 5})  # its state is read by whoever trains it
    assert advance(child).status().step == STEPS + 5
    monkeypatch.setattr(snapshots, "STATE_BYTES", 2 * 12 * count)
    assert snapshots.most_states(count) == 2
    assert state_bytes(count, TrainConfig(steps=50)) == 12 * count and state_bytes(count, TrainConfig(steps=49)) == 0
    assert state_bytes(count, TrainConfig(steps=5000)) == 3 * 12 * count  # one more while it is written


def test_recovery_takes_no_kept_state_for_the_last_one(tmp_path, whole):
    run = advance(new_run(tmp_path), 120)
    model, optimizer = build_model(run.config().model), None
    optimizer = make_optimizer(model, run.config().train)
    assert run.read_resume(model, optimizer).step == 120 and run.saved_steps() == [120]
    extended = advance(run, 130)
    assert extended.saved_steps() == [120, 130] and extended.kept_steps() == [50, 100]
    shutil.copytree(run.path / "kept" / "step-0000100", run.path / "kept" / "step-0000150")  # even a later one
    assert run.read_resume(model, optimizer).step == 130
    shutil.rmtree(run.path / "kept" / "step-0000150")
    assert losses(advance(run)) == losses(whole)


def test_a_state_that_does_not_fit_is_told_and_the_run_goes_on(tmp_path, whole, monkeypatch):
    run, publish, told = new_run(tmp_path), durable.publish, []

    def full_once(making: Path, final: Path) -> None:
        if final.parent.name == "kept" and final.name == "step-0000050":
            raise OSError(28, "No space left on device")
        publish(making, final)

    monkeypatch.setattr("core.runs.step_folders.publish", full_once)
    monkeypatch.setattr(recorder.Recorder, "is_time_to_write", True)
    for stats in train_run(run):
        if stats.step == 51:
            told.append(run.status().message)
    assert told == [
        "The disk is full (No space left on device): the state of step 50 could not be kept to fork the run; "
        "free some disk space."
    ]
    assert run.kept_steps() == [100] and run.status().message is None
    assert not [path for path in run.path.iterdir() if path.name.startswith(".kept")]
    assert losses(run) == losses(whole)


def test_no_kept_state_counts_before_the_rows_up_to_it(tmp_path, monkeypatch):
    run, publish, rows = new_run(tmp_path), durable.publish, {}

    def watched(making: Path, final: Path) -> None:
        if final.parent.name == "kept":
            rows[final.name] = run.last_row()
        publish(making, final)

    monkeypatch.setattr("core.runs.step_folders.publish", watched)
    monkeypatch.setattr(recorder, "WRITE_EVERY", 3600.0)
    advance(run, 110)
    assert rows == {"step-0000050": 50, "step-0000100": 100}


def test_what_a_crash_left_of_a_kept_state_is_swept(parent):
    (parent.path / ".kept-50-1").mkdir()
    sweep(parent.path.parent)
    assert not (parent.path / ".kept-50-1").exists() and parent.kept_steps() == [50, 100]


# -- the family --------------------------------------------------------------------------------------------------------


def test_a_family_is_told_from_top_to_bottom_earlier_forks_first(parent):
    late, early = fork(parent, 100, {}), fork(parent, 50, {})
    below, other = fork(late, 50, {}), new_run(parent.path.parent)
    shuffled = [below, late, parent, early]
    assert [(depth, run.id) for depth, run in family(shuffled)] == [
        (0, parent.id), (1, early.id), (1, late.id), (2, below.id),
    ]  # fmt: skip
    assert [depth for depth, _ in family([other, parent])] == [0, 0] and family([]) == []
    alone = family([below, early])  # whose parents are not among them
    assert {(depth, run.id) for depth, run in alone} == {(0, below.id), (0, early.id)}


def test_runs_that_claim_to_descend_from_each_other_are_each_told_once(tmp_path):
    one, two, three = (new_run(tmp_path, name=name) for name in ("one", "two", "three"))
    for run, parent in ((one, "two"), (two, "one"), (three, "three")):
        run.write_config(replace(run.config(), parent=parent, parent_step=5))
    assert [(depth, run.id) for depth, run in family([one, two, three])] == [(0, "one"), (1, "two"), (0, "three")]


def test_what_can_change_is_what_the_state_does_not_depend_on():
    assert {"learning_rate", "batch_size", "dropout", "steps", "text", "seed", "eval_interval"} <= set(CHANGES)
    assert not {"optimizer", "continued_at", "n_embd", "vocab_size"} & set(CHANGES)
    assert set(forks.FIXED) <= set(TrainConfig.model_fields)
