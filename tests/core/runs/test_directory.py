"""A run's directory: complete or not there at all, and readable whatever else lies around it."""

import hashlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from core.architectures import build_model
from core.config import GPTConfig, TrainConfig
from core.optim import make_optimizer
from core.pretrained.weights import optimizer_tensors
from core.runs.config import STATES, ResumeState, RunConfig, Status, tokenizer_to_json
from core.runs.directory import RunDir, being_made, host_mark
from core.runs.listing import list_runs, sweep
from core.runs.naming import number_runs
from core.runs.store import RunStore
from core.tokenizers import CharTokenizer
from tests.tiny_runs import refusal

TEXT = "one two\r\nthree \U0001f600 four\n" * 3
TOKENIZER = CharTokenizer.from_text(TEXT)
MODEL = GPTConfig(block_size=8, vocab_size=TOKENIZER.vocab_size, n_layer=1, n_head=2, n_embd=8)
CONFIG = RunConfig("own", tokenizer_to_json(TOKENIZER), MODEL, TrainConfig(steps=5))


@pytest.fixture
def run(tmp_path) -> RunDir:
    return RunDir.create(tmp_path / "runs", CONFIG, TEXT, "a-run")


@pytest.fixture
def model():
    torch.manual_seed(1)
    return build_model(MODEL)


def left_over(run: RunDir) -> list[str]:
    """Return what is half-made in a run's directory, or beside it."""
    return [path.name for place in (run.path, run.path.parent) for path in place.iterdir() if path.name[0] == "."]


# -- made, opened, refused --------------------------------------------------------------------------------------------


def test_a_new_run_is_queued_and_comes_back_as_it_was_made(run):
    sha256 = hashlib.sha256(TEXT.encode()).hexdigest()
    assert run.config() == replace(CONFIG, text_sha256=sha256) and run.text() == TEXT
    assert (run.status().state, run.status().step) == ("queued", 0)
    assert (run.rows("metrics"), run.baselines(), run.snapshots()) == (([], 0), None, [])
    assert {path.name for path in run.path.iterdir()} == {"run.json", "corpus.txt", "status.json"}
    assert left_over(run) == []


def test_every_field_of_a_config_survives_the_disk(tmp_path):
    for changes in ({"entropy": 0.6, "owner": "me", "prompt": "two"}, {"created": 5}):
        config = replace(CONFIG, text_sha256=hashlib.sha256(TEXT.encode()).hexdigest(), **changes)
        assert RunDir.create(tmp_path, config, TEXT).config() == config


def test_runs_without_a_name_get_different_ones(tmp_path):
    assert len({RunDir.create(tmp_path, CONFIG, TEXT).id for _ in range(5)}) == 5


ODD_NAMES = [
    "..", ".", "", "../runs/a-run", "a-run/", "a-run/../a-run", "/etc", "a\x00b", "a-run\n", ".hidden", "-flag",
    "x" * 65, "x" * 100_000, "caf\u00e9", "a b", "\ud800", "con:", "a\\b", "\u0661",
]  # fmt: skip


def test_a_name_that_is_no_plain_name_is_refused_and_nothing_is_made(tmp_path):
    for name in ODD_NAMES:
        said = refusal(RunDir.create, tmp_path / "runs", CONFIG, TEXT, name)
        expected = r"A run cannot be called .*; use letters, digits, - and _ \(at most 64\)"
        assert re.fullmatch(expected, said), (name[:12], said)
        assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_not_there_is_refused_in_the_same_words_whatever_its_name(run):
    for name in ["no-such-run", *ODD_NAMES]:
        said = refusal(RunDir.open, run.path.parent, name)
        assert re.fullmatch(r"There is no run called '.{0,80}'; choose one from the list", said), (name[:12], said)


def test_what_is_no_name_at_all_is_refused_in_the_same_words(run):
    for name in (None, 5, 10**5000, math.nan, True, b"a-run", ["a-run"], {"id": "a-run"}, [[[]]] * 9999):
        said = refusal(RunDir.open, run.path.parent, name)
        expected = f"There is no run called '{type(name).__name__}'; choose one from the list"
        assert said == expected


def test_a_name_that_is_taken_is_refused_and_the_first_run_stays(run):
    with pytest.raises(ValueError, match="^There is already a run called 'a-run'; choose another name$"):
        RunDir.create(run.path.parent, replace(CONFIG, corpus="plays"), "other text", "a-run")
    assert run.config().corpus == "own" and run.text() == TEXT and left_over(run) == []


@pytest.mark.parametrize("failing", ["corpus.txt", "run.json", ".status.json", "the folder", "its name"])
def test_a_full_disk_while_creating_leaves_nothing_half_made(tmp_path, monkeypatch, failing):
    met = []

    def full_at(place: str, real: Callable) -> Callable:
        def act(path, *arguments, **options):
            if Path(path).name.startswith(place):
                met.append(place)
                raise OSError(28, "No space left on device")
            return real(path, *arguments, **options)

        return act

    if failing == "the folder":
        monkeypatch.setattr(Path, "mkdir", full_at(".new-", Path.mkdir))
    elif failing == "its name":
        monkeypatch.setattr("os.rename", full_at(".new-", os.rename))
    else:
        monkeypatch.setattr("core.runs.durable.open", full_at(failing, open), raising=False)
    with pytest.raises(ValueError, match=r"^The run could not be written \(No space left on device\); free some disk"):
        RunDir.create(tmp_path, CONFIG, TEXT, "a-run")
    assert list(tmp_path.iterdir()) == [] and len(met) == 1


def test_a_text_that_cannot_be_stored_leaves_nothing_half_made(tmp_path):
    with pytest.raises(ValueError):
        RunDir.create(tmp_path, CONFIG, "half a character: \ud800", "a-run")
    assert list(tmp_path.iterdir()) == []


def test_of_two_that_create_the_same_run_at_once_one_is_refused(tmp_path):
    outcomes = []

    def create() -> None:
        try:
            outcomes.append(RunDir.create(tmp_path, CONFIG, TEXT, "a-run").id)
        except ValueError as error:
            outcomes.append(str(error)[:28])

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["There is already a run calle"] * 3 + ["a-run"]


# -- status -----------------------------------------------------------------------------------------------------------


def test_a_status_comes_back_with_the_time_of_its_writing(run):
    for state in STATES:
        run.write_status(Status(state, 7, "a message\nof \u00fc", os.getpid()))
        assert asdict(run.status()) | {"updated": 0} == asdict(Status(state, 7, "a message\nof \u00fc", os.getpid()))
        assert run.status().updated > 1e9


def test_a_damaged_status_is_refused_in_one_sentence(run):
    for content in (
        "", "{", "[]", "null", "5", '"running"', "{}", '{"step": 5}', '{"state": "flying"}', '{"state": ["done"]}',
        '{"state": "done", "step": -1}', '{"state": "done", "step": "5"}', '{"state": "done", "step": null}',
        '{"state": "done", "step": NaN}', '{"state": "done", "step": 1e999}', '{"state": "done", "pid": "self"}',
        '{"state": "running", "pid": -1}', '{"state": "running", "pid": 99999999999999}', '{"state": "done", "x": 1}',
        '{"state": "done", "message": 5}', '{"state": "done", "updated": "now"}', "[" * 100_000, "9" * 5000,
    ):  # fmt: skip
        (run.path / "status.json").write_text(content)
        said = refusal(run.status)
        expected = r"status.json (cannot be read|does not say where a run stands) \(.+\)"
        assert re.fullmatch(expected, said), (content[:40], said)


def test_a_status_is_whole_at_any_moment_whoever_writes_it(run):
    """Several threads of a server may write the same status while others read it."""
    problems = []

    def write(letter: str) -> None:
        try:
            for _ in range(40):
                run.write_status(Status("queued", message=letter * 5000))
        except OSError as error:
            problems.append(error)

    threads = [threading.Thread(target=write, args=letter) for letter in "abc"]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert len(set(run.status().message or "-")) == 1
    assert problems == [] and left_over(run) == []


# -- rows -------------------------------------------------------------------------------------------------------------


def test_rows_are_read_by_cursor(run):
    run.append("metrics", [{"step": 1, "loss": 4.17}, {"step": 2, "loss": None}])
    rows, cursor = run.rows("metrics")
    assert rows == [{"step": 1, "loss": 4.17}, {"step": 2, "loss": None}]
    assert run.rows("metrics", cursor) == ([], cursor)
    run.append("metrics", [])
    run.append("metrics", [{"step": 3, "text": "\n\r\u2028 \u00fc"}])
    assert run.rows("metrics", cursor)[0] == [{"step": 3, "text": "\n\r\u2028 \u00fc"}]


def test_floats_come_back_to_the_last_bit(run):
    values = [math.pi, 1e-320, 0.1 + 0.2, 4.174387269895637]
    run.append("metrics", [{"loss": value} for value in values])
    assert [row["loss"] for row in run.rows("metrics")[0]] == values


def test_a_line_cut_short_by_a_crash_is_skipped_and_the_next_stays_alone(run):
    for cut in range(1, 18):
        path = run.path / f"cut-by-{cut}.jsonl"
        run.append(path.stem, [{"step": 1}])
        _, cursor = run.rows(path.stem)
        run.append(path.stem, [{"step": 2, "x": 3}])
        os.truncate(path, path.stat().st_size - cut)
        whole = cut == 17  # nothing of the line is left
        assert run.rows(path.stem, cursor) == ([], cursor), cut
        run.append(path.stem, [{"step": 2, "x": 3}, {"step": 3}])
        expected = [{"step": 2, "x": 3}, {"step": 3}]
        again, _ = run.rows(path.stem, cursor)
        assert again == (expected if cut > 1 else [{"step": 2, "x": 3}, *expected]), cut  # cut by 1: the line end
        assert len(path.read_bytes().splitlines()) == (3 if whole else 4), cut


def test_a_line_that_is_still_being_written_waits_for_its_end(run):
    with open(run.path / "samples.jsonl", "wb") as file:
        file.write(b'{"step": 1}\n{"st')
        file.flush()
        rows, cursor = run.rows("samples")
        assert rows == [{"step": 1}]
        file.write(b'ep": 2}\n')
    assert run.rows("samples", cursor)[0] == [{"step": 2}]


def test_lines_that_are_no_rows_are_skipped(run):
    damaged = [b"", b"5", b"null", b"[1]", b"\xff\xfe{", b'{"a":', b"[" * 100_000, b"9" * 5000]
    (run.path / "metrics.jsonl").write_bytes(b"\n".join([b'{"step":1}', *damaged, b'{"step":2}\n']))
    assert run.rows("metrics")[0] == [{"step": 1}, {"step": 2}]


# -- snapshots --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tied", [True, False])
def test_a_snapshot_gives_the_same_logits_in_eval_mode_and_stays_tied(tmp_path, tied):
    shape = MODEL.model_copy(update={"tie_weights": tied, "dropout": 0.5})
    run = RunDir.create(tmp_path, replace(CONFIG, model=shape), TEXT)
    model = build_model(shape)
    run.write_snapshot(model, 3, {"train": 1.0, "val": None})
    loaded = run.load_snapshot(3)
    idx = torch.tensor([TOKENIZER.encode("one two")])
    assert torch.equal(loaded(idx)[0], model.eval()(idx)[0])
    assert not any(module.training for module in loaded.modules())
    assert (loaded.lm_head.weight is loaded.transformer["wte"].weight) is tied
    assert all(parameter.device.type == "cpu" for parameter in loaded.parameters())
    meta = json.loads((run.path / "snapshots" / "step-0000003" / "meta.json").read_text())
    assert meta == {"train": 1.0, "val": None, "step": 3}


def test_the_last_snapshot_is_the_default_and_a_missing_one_is_refused_with_those_there_are(run, model):
    with pytest.raises(ValueError, match="^The run has no snapshot of step None; it has none yet$"):
        run.load_snapshot()
    for step in (0, 10, 2):
        with torch.no_grad():
            model.transformer["ln_f"].bias.fill_(step)
        run.write_snapshot(model, step, {})
    assert run.snapshots() == [0, 2, 10]
    assert run.load_snapshot().transformer["ln_f"].bias[0] == 10
    with pytest.raises(ValueError, match="^The run has no snapshot of step 5; it has 0, 2, 10$"):
        run.load_snapshot(5)


def test_a_snapshot_that_fails_half_way_is_not_there_at_all(run, model, monkeypatch):
    def full(tensors, path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.pretrained.weights.save_tensors", full)
    with pytest.raises(OSError):
        run.write_snapshot(model, 1, {})
    assert run.snapshots() == [] and left_over(run) == []


def test_odd_things_among_the_snapshots_are_passed_over(run, model):
    run.write_snapshot(model, 4, {})
    for name in ("step-", "step-\u00b2", "step-x", "step--1", "step-1.5", "other"):
        (run.path / "snapshots" / name).mkdir()
    (run.path / "snapshots" / "step-9").write_text("a file")
    (run.path / "snapshots" / "step-10").symlink_to(run.path / "snapshots" / "step-0000004")
    (run.path / "snapshots" / "step-11").mkdir()
    assert run.snapshots() == [4, 11] and run.load_snapshot(4)
    with pytest.raises(ValueError, match="^step-0000011/model.safetensors cannot be read"):
        run.load_snapshot()


def test_the_last_two_states_to_go_on_from_are_kept_and_an_older_one_goes_once_the_next_is_whole(
    run, model, monkeypatch
):
    optimizer = make_optimizer(model, CONFIG.train)
    model(torch.zeros(1, 2, dtype=torch.long), torch.ones(1, 2, dtype=torch.long))[1].backward()
    optimizer.step()
    for step, kept in ((2, [2]), (5, [2, 5]), (9, [5, 9]), (9, [5, 9])):
        run.write_resume(model, optimizer, step, {"elapsed": float(step)})
        assert run.saved_steps() == kept and left_over(run) == []

    def full(*arguments) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.pretrained.weights.save_tensors", full)
    with pytest.raises(OSError):
        run.write_resume(model, optimizer, 12, {"elapsed": 12.0})
    other = build_model(MODEL)
    assert run.read_resume(other, make_optimizer(other, CONFIG.train)) == ResumeState(step=9, elapsed=9.0)
    assert all(map(torch.equal, other.parameters(), model.parameters()))


DAMAGES = {
    "pickle": lambda folder: (folder / "model.safetensors").write_bytes(b"\x80\x04cposix\nsystem\n"),
    "no weights": lambda folder: (folder / "model.safetensors").unlink(),
    "cut weights": lambda folder: os.truncate(folder / "model.safetensors", 700),
    "cut memory": lambda folder: os.truncate(folder / "optimizer.safetensors", 700),
    "weights for memory": lambda f: shutil.copy(f / "model.safetensors", f / "optimizer.safetensors"),
    "memory for weights": lambda f: shutil.copy(f / "optimizer.safetensors", f / "model.safetensors"),
    "no state": lambda folder: (folder / "state.json").unlink(),
    "cut state": lambda folder: (folder / "state.json").write_text("{"),
    "no elapsed": lambda folder: (folder / "state.json").write_text('{"step": 9}'),
    "other step": lambda folder: (folder / "state.json").write_text('{"step": 3, "elapsed": 1.0}'),
    "NaN": lambda folder: (folder / "state.json").write_text('{"step": 9, "elapsed": NaN}'),
    "list": lambda folder: (folder / "state.json").write_text("[9]"),
    "deep": lambda folder: (folder / "state.json").write_text("[" * 100_000),
}


@pytest.mark.parametrize("older", [True, False], ids=["an older one", "the start"])
def test_a_damaged_state_leaves_nothing_of_itself_behind(run, model, older):
    """Neither weights nor the optimizer's memory: the start must be the start."""
    optimizer = make_optimizer(model, CONFIG.train)
    model(torch.zeros(1, 2, dtype=torch.long), torch.ones(1, 2, dtype=torch.long))[1].backward()
    optimizer.step()
    for name, damage in DAMAGES.items():
        shutil.rmtree(run.path / "resume", ignore_errors=True)
        run.write_resume(model, optimizer, 9, {"elapsed": 9.0})
        newest = run.path / "resume" / "step-0000009"
        if older:
            shutil.copytree(newest, run.path / "resume" / "step-0000005")
            (run.path / "resume" / "step-0000005" / "state.json").write_text('{"step": 5, "elapsed": 5.0}')
        damage(newest)
        other = build_model(MODEL)
        start = [parameter.clone() for parameter in other.parameters()]
        memory = make_optimizer(other, CONFIG.train)
        assert run.read_resume(other, memory) == (ResumeState(step=5, elapsed=5.0) if older else None), name
        assert all(map(torch.equal, other.parameters(), model.parameters() if older else start)), name
        assert any(value.any() for value in optimizer_tensors(memory).values()) is older, name


# -- many runs --------------------------------------------------------------------------------------------------------


def test_runs_are_listed_newest_first(tmp_path):
    for name, created in (("middle", 2.0), ("old", 1.0), ("new", 3.0)):
        RunDir.create(tmp_path, replace(CONFIG, created=created), TEXT, name)
    assert ([run.id for run in list_runs(tmp_path)[0]], list_runs(tmp_path)[1]) == (["new", "middle", "old"], [])
    assert list_runs(tmp_path / "not there") == ([], [])


def changed(**fields) -> str:
    return json.dumps(CONFIG.to_json() | fields)


DAMAGED_CONFIGS = {
    "empty": "", "cut": changed()[:200], "list": "[1, 2]", "pairs": '["ab"]', "null": "null", "number": "5",
    "deep": "[" * 100_000, "digits": "9" * 5000, "no fields": "{}", "unknown field": changed(colour="red"),
    "no architecture": changed(architecture=None), "odd architecture": changed(architecture=["gpt"]),
    "other architecture": changed(architecture="bigram"), "no model": changed(model=None),
    "NaN": changed(model=MODEL.model_dump() | {"dropout": math.nan}),
    "huge": changed(model=MODEL.model_dump() | {"n_layer": 10**30}), "train": changed(train={"steps": -1}),
    "created text": changed(created="yesterday"), "created NaN": changed(created=math.nan),
    "created null": changed(created=None), "created huge": changed(created=10**400),
    "corpus": changed(corpus=["plays"]), "device": changed(device=5), "entropy": changed(floor="low"),
    "prompt": changed(prompt=None), "no prompt": changed(prompt=""), "unknown prompt": changed(prompt="\u0416"),
    "half a character": changed(prompt="\ud800"), "sample": changed(sample_tokens=10**9), "owner": changed(owner=5),
    "tokenizer": changed(tokenizer={"kind": "pickle"}), "tokens": changed(tokenizer={"kind": "char", "chars": "ba"}),
    "vocabulary": changed(tokenizer={"kind": "char", "chars": "\nab"}), "gpt2": changed(tokenizer={"kind": "gpt2"}),
}  # fmt: skip


def test_damaged_directories_are_left_out_with_a_sentence_each_and_the_others_load(run):
    root = run.path.parent
    for name, content in DAMAGED_CONFIGS.items():
        copy = shutil.copytree(run.path, root / name.replace(" ", "_"))
        (copy / "run.json").write_text(content)
    (root / "nothing_in_it").mkdir()
    shutil.copytree(run.path, root / "an odd name")
    shutil.copytree(run.path, root / "bytes\udcff")
    shutil.copytree(run.path, root / "no_status")
    (root / "no_status" / "status.json").unlink()
    (root / "a_folder").mkdir()
    (root / "a_folder" / "run.json").mkdir()
    (root / "to_the_root").symlink_to("/")
    shutil.copytree(run.path, root / ".hidden")
    (root / "a_file").write_text("not a run")
    (root / "to_nowhere").symlink_to(root / "gone")
    (root / "to_itself").symlink_to(root / "to_itself")
    (root / "to_a_run").symlink_to(run.path)
    runs, problems = list_runs(root)
    assert sorted(run.id for run in runs) == ["a-run"]
    assert len(problems) == len(DAMAGED_CONFIGS) + 7
    for problem in problems:
        assert problem.startswith("The run in '") and "is damaged and left out: " in problem
        assert "\n" not in problem and len(problem) < 400


FILES = [
    "run.json", "status.json", "metrics.jsonl", "samples.jsonl", "baselines.json", "name.json", "corpus.txt",
    "snapshots", "resume",
]  # fmt: skip
MISPLACED = {
    "folder": lambda path: path.mkdir(),
    "broken link": lambda path: path.symlink_to("nowhere"),
    "endless link": lambda path: path.symlink_to(path.name),
    "file": lambda path: path.write_bytes(b"\xff"),
}


def misplaced(run: RunDir, name: str, kind: str) -> RunDir:
    """Put something else where a file or folder of a copy of the run should be."""
    copy = RunDir(shutil.copytree(run.path, run.path.parent / f"{name.split('.')[0]}-{kind.replace(' ', '-')}"))
    path = copy.path / name
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    MISPLACED[kind](path)
    return copy


def test_whatever_stands_in_place_of_a_file_a_run_is_read_or_told_and_the_others_stay(run, monkeypatch):
    root = run.path.parent
    for name in FILES:
        for kind in MISPLACED:
            odd = misplaced(run, name, kind)
            runs, problems = list_runs(root)
            known = {each.id for each in runs}
            assert run.id in known and (odd.id in known) != any(odd.id in problem for problem in problems)
            number_runs(root, runs)
            assert odd.rows("metrics") == odd.rows("samples") == ([], 0)
            assert odd.baselines() is None and odd.snapshots() == odd.saved_steps() == []
    RunStore(root, workers=1).recover()

    def closed(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", closed)
    monkeypatch.setattr("os.lstat", closed)
    assert run.rows("metrics", 5) == ([], 5)
    assert "There is no run called" in refusal(RunDir.open, root, run.id)


@pytest.mark.parametrize("content", ["", "{", '{"state": "flying"}', None])
def test_a_run_whose_status_is_damaged_stands_in_pause_where_its_rows_and_states_say(run, content):
    run.append("metrics", [{"step": 0}, {"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.5}])
    (run.path / "status.json").unlink() if content is None else (run.path / "status.json").write_text(content)
    RunStore(run.path.parent, workers=1).recover()
    status = run.status()
    assert (status.state, status.step) == ("paused", 2)
    assert re.fullmatch(r"Where this run stood was lost \(status.json .*\); press Play to go on\.", status.message)


def test_where_nobody_may_write_the_other_runs_are_recovered(tmp_path, monkeypatch):
    first, second = (RunDir.create(tmp_path, CONFIG, TEXT, name) for name in ("first", "second"))
    write = RunDir.write_status

    def refusing(run: RunDir, status: Status) -> None:
        if run.id == "second":
            raise PermissionError(13, "Permission denied")
        write(run, status)

    monkeypatch.setattr(RunDir, "write_status", refusing)
    RunStore(tmp_path, workers=1).recover()
    assert (first.status().state, second.status().state) == ("paused", "queued")


def test_runs_on_word_pieces_are_listed_without_the_word_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("core.tokenizers.find_file", lambda *_: pytest.fail("GPT-2's merges were looked for"))
    model = MODEL.model_copy(update={"vocab_size": 50_257})
    RunDir.create(tmp_path, replace(CONFIG, tokenizer={"kind": "gpt2"}, model=model), TEXT, "pieces")
    runs, problems = list_runs(tmp_path)
    assert [run.id for run in runs] == ["pieces"] and problems == []


def test_what_a_crash_left_half_made_is_swept_away_and_nothing_else(run, model):
    run.write_snapshot(model, 1, {})
    before = sorted(run.path.rglob("*"))
    root = run.path.parent
    (root / ".new-1234").mkdir()  # of an earlier version, and old
    os.utime(root / ".new-1234", (1e9, 1e9))
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (root / f".new-{dead.pid}-{host_mark()}-0").mkdir()
    (root / f".new-{dead.pid}-{host_mark()}-0-gone").mkdir()
    others = [root / being_made(), root / ".new-1234-0badcafe-0", root / ".new-abcd"]  # alive, elsewhere, unknown
    for other in others:
        other.mkdir()
    (run.path / ".snapshots-5-99").mkdir()
    (run.path / ".resume-5-99").mkdir()
    (run.path / ".status.json.99.tmp").write_text("{")
    sweep(root)
    assert sorted(run.path.rglob("*")) == before
    assert sorted(left_over(run)) == sorted(other.name for other in others)


@pytest.mark.parametrize("name", ["run.json", "status.json", "corpus.txt", "metrics.jsonl", "samples.jsonl"])
def test_a_file_without_end_is_refused_before_it_is_read(run, name):
    with (run.path / name).open("ab") as sparse:
        sparse.truncate(2**40)
    reads = {"run.json": run.config, "status.json": run.status, "corpus.txt": run.text}
    if name in reads:
        assert refusal(reads[name]) == f"{name} cannot be read (OSError)"
    else:
        assert run.rows(name.removesuffix(".jsonl")) == ([], 0) and run.last_row() == -1


def test_weights_without_end_are_refused_before_they_are_mapped(run, model, monkeypatch):
    run.write_snapshot(model, 1, {})
    file = run.weights_file(1)
    content = file.read_bytes()
    monkeypatch.setattr("core.pretrained.weights.load_file", lambda path: pytest.fail("mapped"))
    for header in (b"", b"\0" * 8, b"\xff" * 8, len(content).to_bytes(8, "little")):
        file.write_bytes(header)
        os.truncate(file, 2**40 if header == b"\0" * 8 else len(header))
        assert "its header cannot be" in refusal(run.load_snapshot)
