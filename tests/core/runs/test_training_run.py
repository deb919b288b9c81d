"""A run on disk while it trains: whatever interrupts it, its losses are those that it would have had."""

import itertools
import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core.optim import AdamW
from core.runs import leaving, recorder, training_run
from core.runs.claim import LOCK_FILE
from core.runs.config import Status
from core.runs.directory import RunDir
from core.runs.plan import extend, plan_run
from core.runs.training_run import Stopped, end, is_snapshot_step, run_by_turns, train_run
from core.text.corpora import own_text
from core.training import evaluate
from tests.tiny_runs import PROJECT, refusal

TEXT = "".join(f"{a} and {b} went up the hill, {a * b} times.\n" for a in range(12) for b in range(9))
STEPS = 16
KINDS = {
    "gpt": ({}, {"block_size": 8, "n_layer": 1, "n_head": 2, "n_embd": 8}),
    "dropout": ({}, {"block_size": 8, "n_layer": 1, "n_head": 2, "n_embd": 8, "dropout": 0.3}),
    "bigram": ({"architecture": "bigram"}, {"block_size": 8}),
}
TIMES = ("seconds", "elapsed", "time")


def new_run(root: Path, kind: str = "gpt", name: str | None = None, **train) -> RunDir:
    options, model = KINDS[kind]
    settings = {"steps": STEPS, "batch_size": 4, "eval_interval": 7, "eval_tokens": 64, "warmup_steps": 2} | train
    return plan_run(own_text(TEXT), {"sample_tokens": 5, **options}, model, settings).create(root, name)


def unchecked(run: RunDir, text: str) -> None:
    """Give a run another text, and no checksum to tell that by, as runs of earlier versions have none."""
    run.write_config(replace(run.config(), text_sha256=None))
    (run.path / "corpus.txt").write_text(text, encoding="utf-8")


def steps(run: RunDir, upto: int | None = None) -> None:
    """Train a run to its end, or pause it once `upto` steps are done."""
    turns = train_run(run)
    for stats in turns:
        if stats.step == upto:
            turns.close()


def losses(run: RunDir) -> dict[int, dict]:
    """Return what was written of each step but how long it took; a step written twice must be the same twice."""
    found: dict[int, dict] = {}
    for row in run.rows("metrics")[0]:
        row = {key: value for key, value in row.items() if key not in TIMES}
        assert found.setdefault(row["step"], row) == row
    return found


def wait_for_counts() -> None:
    """Wait for the threads that count what is worth what on the texts of the runs so far."""
    for thread in threading.enumerate():
        if thread.name == "baselines":
            thread.join()


def photo_of(run: RunDir, path: Path) -> RunDir:
    """Copy a run as it stands, once no thread writes what is counted any more."""
    wait_for_counts()
    return RunDir(shutil.copytree(run.path, path))


def samples(run: RunDir) -> dict[int, dict]:
    return {row["step"]: row for row in run.rows("samples")[0]}


def assert_equal(run: RunDir, undisturbed: RunDir) -> None:
    """Compare all that two runs left, to the last bit."""
    assert losses(run) == losses(undisturbed)
    assert samples(run) == samples(undisturbed)
    assert run.snapshots() == undisturbed.snapshots()
    for step in run.snapshots():
        ours, theirs = (r.load_snapshot(step).state_dict() for r in (run, undisturbed))
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def trained(root: Path, kind: str) -> RunDir:
    torch.set_num_threads(1)
    run = new_run(root, kind, name=kind)
    steps(run)
    return run


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> RunDir:
    """A run with dropout that nothing happened to."""
    return trained(tmp_path_factory.mktemp("undisturbed"), "dropout")


@pytest.fixture(scope="module", params=KINDS)
def of_each_kind(request, tmp_path_factory) -> RunDir:
    """A run of each kind that nothing happened to."""
    return trained(tmp_path_factory.mktemp("undisturbed"), request.param)


# -- what is written --------------------------------------------------------------------------------------------------


def test_snapshots_are_taken_where_most_happens():
    taken = [step for step in range(10_001) if is_snapshot_step(step)]
    assert taken == [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]


def test_a_run_writes_down_all_that_happens(of_each_kind):
    undisturbed = of_each_kind
    rows = losses(undisturbed)
    assert list(rows) == list(range(STEPS + 1))
    assert [step for step in rows if "val_loss" in rows[step]] == [0, 7, 14, STEPS]
    assert rows[0]["val_loss"] == pytest.approx(math.log(len(set(TEXT))), abs=0.2)
    assert undisturbed.snapshots() == [0, 1, 2, 5, 10, STEPS]
    assert list(samples(undisturbed)) == [0, 7, 14, STEPS]
    assert {len(row["text"]) for row in samples(undisturbed).values()} == {5}
    assert undisturbed.status().state == "done" and undisturbed.status().step == STEPS
    assert undisturbed.status().pid == os.getpid()
    assert undisturbed.baselines().keys() == {"unseen", "uniform", "unigram", "bigram", "trigram", "ngram", "order"}


def test_elapsed_time_only_grows(undisturbed):
    elapsed = [row["elapsed"] for row in undisturbed.rows("metrics")[0]]
    assert elapsed == sorted(elapsed)


# -- the same losses, whatever happens -------------------------------------------------------------------------------


def test_pausing_and_going_on_changes_nothing(of_each_kind, tmp_path):
    run = new_run(tmp_path, of_each_kind.id)
    for pause in (1, 3, 7, STEPS):
        steps(run, upto=pause)
        assert (run.status().state, run.status().step) == ("paused", pause)
        torch.rand(3)  # the world's randomness goes on meanwhile
    steps(run)
    assert_equal(run, of_each_kind)


def test_a_run_that_is_left_wherever_it_can_be_gives_the_very_losses_of_one_that_is_not(of_each_kind, tmp_path):
    """It is paused while it loads, between two batches of an estimate, between two letters of a sample, at a step."""
    run, dice, left_in = new_run(tmp_path, of_each_kind.id), random.Random(4), set()
    while run.status().state != "done":
        turns = run_by_turns(run)
        for _ in range(dice.randrange(1, 30)):
            stats = next(turns, "done")
            if stats == "done":
                break
        turns.close()
        assert run.status().state in ("paused", "done")
        left_in |= {"unfinished" in state.read_text() for state in run.path.glob("resume/*/state.json")}
        assert max(losses(run), default=0) == run.status().step  # the curve ends where the run stands
    assert left_in == {True, False}
    assert [row["step"] for row in run.rows("metrics")[0]] == list(range(STEPS + 1))  # each once
    assert_equal(run, of_each_kind)


def test_a_run_paused_in_a_sample_then_after_that_step_and_resumed_writes_the_step_once(
    undisturbed, tmp_path, monkeypatch
):
    run, began = new_run(tmp_path, undisturbed.id), []
    steps(run, upto=6)
    generate = training_run.generate
    monkeypatch.setattr(training_run, "generate", lambda *a, **k: began.append(1) or generate(*a, **k))
    turns = run_by_turns(run)
    while not began:
        next(turns)
    turns.close()
    assert (run.status().state, run.status().step) == ("paused", 6)  # step 7 has no row yet
    steps(run, upto=7)  # the button Step
    assert (run.status().state, run.status().step) == ("paused", 7)
    steps(run)
    assert [row["step"] for row in run.rows("metrics")[0]] == list(range(STEPS + 1))
    assert_equal(run, undisturbed)


def test_a_snapshot_says_the_losses_of_its_own_step_or_none(undisturbed):
    rows = losses(undisturbed)
    for step in undisturbed.snapshots():
        meta = json.loads((undisturbed.path / "snapshots" / f"step-{step:07d}" / "meta.json").read_text())
        if "val_loss" in rows[step] and step != STEPS:
            assert meta == {"step": step, "train": rows[step]["train_loss"], "val": rows[step]["val_loss"]}
        else:
            assert meta == {"step": step}


def test_looking_at_a_run_between_its_steps_changes_nothing(undisturbed, tmp_path):
    run = new_run(tmp_path, undisturbed.id)
    for stats in train_run(run):
        if is_snapshot_step(stats.step):
            evaluate(run.load_snapshot(), torch.arange(40) % 9)
        torch.manual_seed(stats.step)
    assert_equal(run, undisturbed)


def test_how_often_a_run_is_evaluated_does_not_change_its_losses(undisturbed, tmp_path):
    run = new_run(tmp_path, undisturbed.id, eval_interval=5)
    steps(run)
    ours, theirs = ({step: row.get("loss") for step, row in losses(r).items()} for r in (run, undisturbed))
    assert ours == theirs


def test_runs_that_take_turns_do_not_notice_each_other(undisturbed, tmp_path):
    runs = [new_run(tmp_path, undisturbed.id) for _ in range(2)]
    for _ in zip(*map(train_run, runs), strict=True):
        pass
    for run in runs:
        assert_equal(run, undisturbed)


def test_what_a_crash_between_two_steps_leaves_goes_on_to_the_same_end(of_each_kind, tmp_path, monkeypatch):
    monkeypatch.setattr(recorder, "SAVE_EVERY", 0.0)
    run = new_run(tmp_path, of_each_kind.id)
    photos = []
    for stats in train_run(run):
        if stats.step in (6, 12):
            photos.append(photo_of(run, tmp_path / f"at-{stats.step}"))
    for photo in photos:
        assert photo.status().state == "running"
        with open(photo.path / "metrics.jsonl", "ab") as file:
            file.write(b'{"step":99,"lo')  # cut short by the crash
        steps(photo)
        assert_equal(photo, of_each_kind)


NURSERY = """
import os, signal, sys
from core.runs import recorder, training_run
from core.__main__ import main
recorder.SAVE_EVERY = recorder.WRITE_EVERY = 0.0
train = training_run.train
def watched_train(*arguments, **options):
    for turn, stats in enumerate(train(*arguments, **options)):
        if turn == 1:
            os.write(1, b"trains\\n")
        if turn == last:
            signal.pause()  # who is to be killed never comes to the end, however quick it is
        yield stats
training_run.train = watched_train
for line in sys.stdin:
    last, path = line.split(maxsplit=1)
    last = int(last)
    pid = os.fork()
    if pid == 0:
        os.write(1, b"%d\\n" % os.getpid())
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os._exit(main(["train", "--resume", path.strip()]))
    os.waitpid(pid, 0)
    print("gone", flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows kills differently")
def test_a_run_that_is_killed_again_and_again_gives_the_very_losses_of_one_that_is_not(tmp_path):
    """Each try is a process of its own, killed where it stands: as it loads, in a step, in a write, in a rename."""
    settings = {"steps": 200, "eval_interval": 25}
    undisturbed, run = (new_run(tmp_path, "dropout", name, **settings) for name in ("undisturbed", "killed"))
    steps(undisturbed)
    dice = random.Random(1)
    command = [sys.executable, "-c", NURSERY]
    with subprocess.Popen(command, cwd=PROJECT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as nursery:

        def hear() -> str:
            return nursery.stdout.readline().strip()

        for killing in (0, 1, 2, 3, 4, None):
            print(10**9 if killing is None else 30, run.path, file=nursery.stdin, flush=True)
            child = int(hear())
            if killing is not None:
                assert killing == 0 or hear() == "trains"
                time.sleep(dice.uniform(0.0, 0.1))
                os.kill(child, signal.SIGKILL)
            while hear() != "gone":  # the child may have begun to train just before it was killed
                pass
            assert (run.status().state == "done") == (killing is None)
            assert all(run.load_snapshot(step) for step in run.snapshots())
        nursery.stdin.close()
    assert_equal(run, undisturbed)


def test_with_a_damaged_state_a_run_goes_on_from_an_older_one_or_the_start_to_the_same_end(undisturbed, tmp_path):
    run = new_run(tmp_path, undisturbed.id)
    steps(run, upto=6)
    steps(run, upto=9)
    os.truncate(run.path / "resume" / "step-0000009" / "optimizer.safetensors", 700)
    photo = photo_of(run, tmp_path / "with-an-older-one")
    os.truncate(run.path / "resume" / "step-0000006" / "state.json", 0)
    for resumed, first in ((run, 1), (photo, 7)):
        turns = train_run(resumed)
        assert next(turns).step == first
        said = resumed.status().message
        assert said == (
            f"The saved state of step 9 was damaged. The run goes on from step {first - 1} and repeats what it did up "
            "to step 9, with the same losses."
        )
        for stats in turns:
            if stats.step == 14:  # which is written at once
                assert resumed.status().message is None  # what is new needs no excuse
        assert_equal(resumed, undisturbed)


def test_a_run_without_any_state_begins_again_and_says_so(undisturbed, tmp_path):
    run = new_run(tmp_path, undisturbed.id)
    steps(run, upto=9)
    shutil.rmtree(run.path / "resume")
    turns = train_run(run)
    assert next(turns).step == 1
    assert run.status().message == (
        "No state of this run was saved, or it is gone. The run begins again and repeats what it did up to step 9, "
        "with the same losses."
    )
    list(turns)
    assert_equal(run, undisturbed)


@pytest.mark.parametrize("left", [[], ["status.json"], ["status.json", "metrics.jsonl", "snapshots"]])
def test_a_run_whose_folder_is_deleted_by_hand_ends_once_and_for_all(tmp_path, left):
    """left: what the trainer writes anew while another program deletes file by file."""
    run = new_run(tmp_path)
    turns = train_run(run)
    for stats in turns:
        if stats.step == 4:
            for path in run.path.iterdir():
                if path.name not in left:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            if not left:
                run.path.rmdir()
    assert stats.step < STEPS and not run.path.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_lost_its_run_json_alone_ends_and_keeps_the_rest(tmp_path):
    run = new_run(tmp_path)
    turns, kept = train_run(run), None
    for stats in turns:
        if stats.step == 4:
            config = (run.path / "run.json").read_bytes()
            (run.path / "run.json").unlink()
            kept = run.snapshots()
    assert stats.step < STEPS and run.snapshots() == kept and (run.path / "corpus.txt").exists()
    (run.path / "run.json").write_bytes(config)
    steps(run)
    assert run.status().state == "done"


def test_ctrl_c_in_the_middle_of_a_step_leaves_a_run_that_goes_on_to_the_same_end(undisturbed, tmp_path, monkeypatch):
    run = new_run(tmp_path, undisturbed.id)
    steps(run, upto=4)
    turns = train_run(run)
    next(turns)

    def interrupted(*arguments) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("core.optim.AdamW.step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        next(turns)
    monkeypatch.undo()
    assert (run.status().state, run.status().step) == ("paused", 4)
    steps(run)
    assert_equal(run, undisturbed)


# -- ends -------------------------------------------------------------------------------------------------------------


def test_a_stopped_run_can_be_looked_at_where_it_stands_and_gone_on_with(undisturbed, tmp_path):
    run = new_run(tmp_path, undisturbed.id)
    turns = train_run(run)
    while next(turns).step < 8:
        pass
    with pytest.raises(StopIteration):
        turns.throw(Stopped())
    assert (run.status().state, run.status().step, run.snapshots()) == ("stopped", 8, [0, 1, 2, 5, 8])
    steps(run)
    assert losses(run) == losses(undisturbed)


def test_a_run_that_is_stopped_in_an_estimate_ends_with_its_step(undisturbed, tmp_path):
    run = new_run(tmp_path, undisturbed.id)
    turns = run_by_turns(run)
    last = None
    for stats in turns:
        if stats is None and last and last.step == 6:  # in the estimate that step 7 brings
            break
        last = stats or last
    with pytest.raises(StopIteration):
        turns.throw(Stopped())
    assert (run.status().state, run.status().step, run.snapshots()[-1]) == ("stopped", 7, 7)
    assert losses(run)[7]["loss"] == losses(undisturbed)[7]["loss"] and 8 not in losses(run)
    steps(run)
    ours, theirs = ({step: row.get("loss") for step, row in losses(r).items()} for r in (run, undisturbed))
    assert ours == theirs


@pytest.mark.parametrize("done", [0, 3])
def test_a_run_that_nobody_trains_is_ended_where_it_stands(tmp_path, done):
    run = new_run(tmp_path)
    if done:
        steps(run, upto=done)
    end(run)
    assert (run.status().state, run.status().step) == ("stopped", done)
    assert run.snapshots()[-1] == done
    before = run.status()
    end(run)  # once more is harmless
    assert run.status() == before


def test_a_run_that_is_not_at_its_end_gets_more_steps_and_its_schedule_is_stretched(tmp_path):
    run = new_run(tmp_path, schedule="linear", steps=10)
    steps(run, upto=5)
    before = losses(run)
    steps(extend(run, 30))
    after = losses(run)
    assert list(after) == list(range(31)) and run.status().state == "done" and run.snapshots()[-1] == 30
    assert {step: after[step] for step in before} == before
    assert after[11]["learning_rate"] == pytest.approx(6e-3 * (1 - 8 / 27))  # what a run of 30 steps has there
    assert run.config().train.continued_at == []


def test_a_finished_run_goes_on_at_a_low_rate_and_keeps_what_it_has_learned(tmp_path):
    run = new_run(tmp_path, name="whole", steps=120, eval_interval=20, eval_tokens=10_000)
    steps(run)
    end = losses(run)[120]["val_loss"]
    assert losses(run)[120]["learning_rate"] == 0.0  # the last step is the schedule's last
    photo = RunDir(shutil.copytree(run.path, tmp_path / "photo"))
    steps(extend(run, 240))
    rows = losses(run)
    assert run.config().train.continued_at == [120] and list(rows) == list(range(241))
    after = [rows[step]["val_loss"] for step in range(140, 241, 20)]
    assert all(loss < end + 0.02 for loss in after[:5]), (end, after)
    rates = [rows[step]["learning_rate"] for step in range(121, 241)]
    assert max(rates) == pytest.approx(6e-4) and rates[0] == pytest.approx(6e-4 / 3) and rates[-1] == 0.0
    # Begun anew, it takes the same way again; so does one that is paused on the second lap.
    steps(extend(photo, 240), upto=150)
    steps(photo)
    assert losses(photo) == rows
    again_from_the_start = RunDir(shutil.copytree(photo.path, tmp_path / "again"))
    shutil.rmtree(again_from_the_start.path / "resume")
    (again_from_the_start.path / "metrics.jsonl").unlink()
    again_from_the_start.write_status(Status("paused"))
    steps(again_from_the_start)
    assert losses(again_from_the_start) == rows


def test_a_constant_rate_stays_what_it_was_when_a_run_is_continued(tmp_path):
    run = new_run(tmp_path, schedule="constant", steps=4)
    steps(run)
    steps(extend(run, 8))
    assert [losses(run)[step]["learning_rate"] for step in range(3, 9)] == [6e-3] * 6


def test_going_on_for_no_more_or_impossible_steps_is_refused(undisturbed):
    written = (undisturbed.path / "run.json").read_bytes()
    for asked in (None, 1, 15, STEPS, 0, -5, 2_000_000, 30.5, math.nan, "30", [30], True):
        said = refusal(extend, undisturbed, asked)
        assert "already; ask for more" in said or "must be a whole number" in said, (asked, said)
        assert (undisturbed.path / "run.json").read_bytes() == written, asked


def test_a_run_paused_after_its_last_step_can_be_finished(tmp_path):
    run = new_run(tmp_path, steps=3)
    steps(run, upto=3)
    assert run.status().state == "paused"
    steps(extend(run, None))
    assert run.status().state == "done" and run.snapshots()[-1] == 3


def test_a_loss_that_is_no_number_ends_the_run_with_a_sentence_and_finite_weights(tmp_path, monkeypatch):
    class Breaking(AdamW):
        def step(self):
            super().step()
            if self.state["0.step"] == 10:
                with torch.no_grad():
                    self.param_groups[0]["params"][0].fill_(math.nan)

    monkeypatch.setattr("core.optim.AdamW", Breaking)
    monkeypatch.setattr(recorder, "SAVE_EVERY", 0.0)
    run = new_run(tmp_path)
    steps(run)
    status = run.status()
    assert (status.state, status.step) == ("failed", 7)
    assert "stopped being a number at step 11; the weights of step 7 are kept" in status.message
    assert "\n" not in status.message
    assert run.snapshots() == [0, 1, 2, 5, 7]  # none of step 10: it could not be loaded
    for step in (None, *run.snapshots()):
        assert all(torch.isfinite(value).all() for value in run.load_snapshot(step).state_dict().values())
    assert run.rows("metrics")[0][-1]["step"] == 11 and "NaN" not in (run.path / "metrics.jsonl").read_text()
    wait_for_counts()
    assert run.baselines() is not None  # so that the page can say what the loss was worth


@pytest.mark.parametrize("every", [1, 2, 5, 11])
def test_a_run_whose_steps_are_left_between_two_layers_ends_as_if_they_were_not(
    undisturbed, tmp_path, monkeypatch, every
):
    """In forward and backward, by turns; some runs are paused then and go on from the disk."""
    monkeypatch.setattr(leaving, "SLOW", 0.0)
    looks, left, paused = itertools.count(1), 0, 0
    run = new_run(tmp_path, undisturbed.id)
    while run.status().state != "done":
        turns = run_by_turns(run, lambda seconds: next(looks) % every == 0)
        for stats in turns:
            left += stats is None
            if stats is None and left % 7 == 0 and paused < 5:  # pausing before any step is whole, for ever, is no run
                paused += 1
                turns.close()
    assert_equal(run, undisturbed)


def test_a_run_that_is_paused_in_its_first_look_writes_step_0_once(undisturbed, tmp_path):
    run = new_run(tmp_path, undisturbed.id)
    for turns in range(1, 60):
        training = run_by_turns(run)
        for _ in zip(range(turns), training, strict=False):
            pass
        training.close()
        if run.status().step > 0:
            break
        assert [row["step"] for row in run.rows("metrics")[0]] in ([], [0])
    steps(run)
    assert_equal(run, undisturbed)


def test_a_snapshot_or_a_state_that_does_not_fit_ends_no_run_and_is_told(undisturbed, tmp_path, monkeypatch):
    run = new_run(tmp_path, undisturbed.id)
    steps(run, upto=3)
    wait_for_counts()  # which are written into the run's directory too, beside whatever the test does

    def full(*arguments) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.pretrained.weights.save_tensors", full)
    monkeypatch.setattr(recorder, "SAVE_EVERY", 0.0)
    monkeypatch.setattr(recorder, "WRITE_EVERY", 0.0)
    told = []
    for stats in train_run(run):
        told.append((stats.step, run.status().message))
    full = "The disk is full (No space left on device): the "
    assert [step for step, _ in told] == list(range(4, STEPS + 1))  # it trains to its end
    assert all(message.startswith(full) for step, message in told if step > 4)
    status = run.status()  # and is not done, for its weights are nowhere
    assert (status.state, status.step) == ("paused", STEPS) and status.message.startswith("The disk is full (No space")
    assert run.snapshots() == [0, 1, 2] and run.saved_steps()[-1] == 3
    assert not [path for path in run.path.iterdir() if path.name.startswith(".") and path.name != LOCK_FILE]
    monkeypatch.undo()
    steps(run)
    assert_equal(run, undisturbed)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda run: (run.path / "corpus.txt").unlink(), "corpus.txt cannot be read"),
        (lambda run: (run.path / "corpus.txt").write_bytes(b"\xff\xfe"), "corpus.txt cannot be read"),
        (lambda run: (run.path / "corpus.txt").write_text(TEXT.replace("up", "on")), "corpus.txt is not the text that"),
        (lambda run: unchecked(run, "\u0416" * 999), "never seen"),
        (lambda run: unchecked(run, "1 and 2"), "The text has 7 tokens"),
        (lambda run: (run.path / "run.json").write_text("{}"), "run.json does not describe a run"),
    ],
    ids=["no text", "bytes", "other text", "other letters", "short text", "no config"],
)
def test_what_stands_in_the_way_of_training_is_the_runs_status(tmp_path, spoil, reason):
    for act in (lambda run: next(train_run(run)), end):
        run = new_run(tmp_path)
        spoil(run)
        assert reason in refusal(act, run)
        assert run.status().state == "failed" and reason in run.status().message


def test_a_bigram_that_is_to_start_from_gpt2s_weights_is_refused(tmp_path):
    run = new_run(tmp_path, "bigram")
    run.write_config(replace(run.config(), weights="gpt2"))
    said = refusal(next, train_run(run))
    assert said == "weights='gpt2' fits no other architecture than 'gpt'; choose weights='new'"
    assert (run.status().state, run.status().message) == ("failed", said)


def test_want_of_memory_at_the_start_is_the_runs_status_too(tmp_path, monkeypatch):
    def too_large(*arguments) -> None:
        raise RuntimeError("not enough memory: you tried to allocate 9 bytes")

    monkeypatch.setattr(training_run, "model_of", too_large)
    run = new_run(tmp_path)
    with pytest.raises(RuntimeError):
        next(train_run(run))
    assert run.status().state == "failed" and "not enough memory" in run.status().message


def test_damaged_baselines_are_counted_again(undisturbed, tmp_path):
    for damaged in ("", "[1]", '{"uniform": "x"}'):
        run = new_run(tmp_path, undisturbed.id, steps=2)
        (run.path / "baselines.json").write_text(damaged)
        steps(run)
        assert run.baselines() == undisturbed.baselines(), damaged


def test_an_entropy_that_is_known_stands_among_the_baselines(tmp_path):
    plan = plan_run(own_text(TEXT), {}, KINDS["gpt"][1], {"steps": 1})
    run = replace(plan, config=replace(plan.config, entropy=0.25)).create(tmp_path)
    steps(run)
    assert run.baselines()["entropy"] == 0.25
