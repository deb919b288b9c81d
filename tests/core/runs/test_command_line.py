"""The command line: train, go on, write; a refusal is one line on stderr, and Ctrl-C is a pause."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.runs.command_line import main
from core.runs.directory import RunDir
from core.runs.listing import list_runs
from tests.tiny_runs import PROJECT, wait_for

TEXT = "".join(f"{a} and {b} went up the hill, {a * b} times.\n" for a in range(12) for b in range(9))
TINY = "--block_size 8 --n_layer 1 --n_head 2 --n_embd 8 --batch_size 4 --eval_tokens 64 --sample_tokens 5".split()


@pytest.fixture
def runs(tmp_path, monkeypatch) -> Path:
    """Return the folder that runs go to; a text to train on lies beside it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    return tmp_path / "runs"


def train(*more: str) -> int:
    return main(["train", "--text", "text.txt", *TINY, *more])


def refused(capsys, *arguments: str) -> str:
    """Return the one line that a command is refused with; nothing may have been made."""
    before = sorted(Path().rglob("*"))
    capsys.readouterr()
    assert main([str(argument) for argument in arguments]) == 1
    out, err = capsys.readouterr()
    assert sorted(Path().rglob("*")) == before and out == ""
    assert err.startswith("error: ") and err.count("\n") == 1
    return err.removeprefix("error: ").strip()


def written(run: RunDir) -> list[dict]:
    rows = run.rows("metrics")[0]
    return [{key: value for key, value in row.items() if key not in ("seconds", "elapsed", "time")} for row in rows]


# -- train, resume, generate ------------------------------------------------------------------------------------------


def test_train_resume_and_generate_go_round(runs, capsys):
    assert train("--steps", "6", "--run", "mine") == 0
    run = RunDir.open(runs, "mine")
    out, err = capsys.readouterr()
    assert out.startswith("done at step 6: train ") and "step 6: train " in err
    assert (run.config().corpus, run.config().preset, run.config().model.n_embd) == ("own", "small", 8)

    assert main(["train", "--resume", "mine", "--steps", "9"]) == 0
    assert run.status().step == 9 and [row["step"] for row in written(run)] == list(range(10))
    capsys.readouterr()

    texts = set()
    for _ in range(2):
        command = ["generate", "mine", "--prompt", "3 and", "--max_new_tokens", "20", "--seed", "7", "--quiet"]
        assert main(command) == 0
        texts.add(capsys.readouterr().out)
    (text,) = texts
    assert text.startswith("3 and") and len(text) == 5 + 20 + 1
    assert main([*command, "--step", "0", "--temperature", "0"]) == 0
    assert capsys.readouterr().out != text


def test_a_run_is_found_by_name_or_by_the_path_of_its_directory(runs, capsys, monkeypatch):
    assert main(["--runs", "elsewhere", "train", "--text", "text.txt", *TINY, "--steps", "1", "--run", "one"]) == 0
    assert train("--steps", "1", "--run", "some/where/two") == 0
    assert train("--steps", "1") == 0
    assert [len(list_runs(Path(root))[0]) for root in ("elsewhere", "some/where", "runs")] == [1, 1, 1]
    for arguments in (["--runs", "elsewhere", "generate", "one"], ["generate", "elsewhere/one/"]):
        assert main([*arguments, "--max_new_tokens", "1", "--quiet"]) == 0
    monkeypatch.chdir("some/where/two")
    assert main(["generate", ".", "--max_new_tokens", "1", "--quiet"]) == 0


def test_the_command_line_and_a_plan_train_the_same_model(runs):
    assert train("--steps", "3", "--run", "first") == train("--steps", "3", "--run", "second") == 0
    assert written(RunDir(runs / "first")) == written(RunDir(runs / "second"))
    assert train("--steps", "3", "--run", "third", "--seed", "5") == 0
    assert written(RunDir(runs / "third")) != written(RunDir(runs / "first"))


@pytest.mark.parametrize("more", [["--preset", "bigram"], ["--preset", "tiny", "--architecture", "bigram"]], ids=str)
def test_a_bigram_is_trained_by_its_preset_or_with_the_settings_of_another(runs, more):
    arguments = ["train", "--text", "text.txt", "--steps", "2", "--block_size", "8", "--run", "b", *more]
    assert main(arguments) == 0
    assert json.loads((runs / "b" / "run.json").read_text())["architecture"] == "bigram"


def test_every_option_arrives_as_its_own_kind(runs):
    options = "--dropout 0.25 --bias false --activation relu --qkv_bias true --learning_rate 1e-3 --prompt 5"
    assert train("--steps", "1", "--run", "a", *options.split()) == 0
    config = RunDir(runs / "a").config()
    assert (config.model.dropout, config.model.bias, config.model.activation) == (0.25, False, "relu")
    assert (config.model.qkv_bias, config.train.learning_rate, config.prompt) == (True, 1e-3, "5")


def test_characters_that_the_model_has_never_seen_are_left_out_and_named(runs, capsys):
    train("--steps", "1", "--run", "a")
    capsys.readouterr()
    assert main(["generate", "a", "--prompt", "3 \u0416and", "--max_new_tokens", "1", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("3 and") and err == "left out, for the model has never seen them: '\u0416' (U+0416)\n"


def test_a_character_that_cannot_be_shown_at_the_end_is_not_lost(runs, capsys):
    (Path("text.txt")).write_text("\ufffd" * 400 + "ab" * 50, encoding="utf-8")
    train("--steps", "30", "--run", "a", "--prompt", "ab", "--warmup_steps", "0", "--learning_rate", "0.1")
    capsys.readouterr()
    main(["generate", "a", "--prompt", "\ufffd", "--max_new_tokens", "3", "--temperature", "0", "--quiet"])
    assert capsys.readouterr().out == "\ufffd" * 4 + "\n"


def test_a_new_line_can_be_typed_into_a_prompt(runs, capsys):
    train("--steps", "1", "--run", "a", "--prompt", r"1 and\n")
    assert RunDir.open(runs, "a").config().prompt == "1 and\n"
    Path("text.txt").write_text(TEXT + "\\" * 20, encoding="utf-8")
    train("--steps", "1", "--run", "b")
    for run, prompt, begins in (("a", r"3 and\n4", "3 and\n4"), ("b", r"3\\n", r"3\n"), ("b", r"3 \t", r"3 \t")):
        capsys.readouterr()
        assert main(["generate", run, "--prompt", prompt, "--max_new_tokens", "1"]) == 0
        out, err = capsys.readouterr()
        assert len(out) == len(begins) + 2 and out.startswith(begins) and err == "", (run, prompt)
    for command in ("train", "generate"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert r"\n in it is a new line" in " ".join(capsys.readouterr().out.split())


# -- where the words go to --------------------------------------------------------------------------------------------


def program(*arguments: str, **more) -> subprocess.Popen:
    """Start the command line as a program of its own."""
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "PYTHONIOENCODING": more.pop("encoding", "utf-8")}
    return subprocess.Popen([sys.executable, "-m", "core", *arguments], env=environment, **more)


def test_a_pipe_that_is_closed_ends_the_program_without_a_word(runs):
    train("--steps", "1", "--run", "a")
    command = ["generate", "a", "--max_new_tokens", "4000", "--quiet"]
    with program(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writing:
        assert writing.stdout.read(1)
        writing.stdout.close()
        assert writing.stderr.read() == b""
    assert writing.returncode == 141


def test_a_letter_that_the_terminal_cannot_write_is_written_by_its_number(runs):
    Path("text.txt").write_text("\u1ec7" * 900 + "ab" * 50, encoding="utf-8")
    train("--steps", "1", "--run", "a", "--prompt", "ab")
    command = ["generate", "a", "--prompt", "\u1ec7", "--max_new_tokens", "1", "--quiet"]
    with program(*command, encoding="cp1252", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writing:
        out, err = writing.communicate()
    assert (writing.returncode, err) == (0, b"") and out.startswith(rb"\u1ec7")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")
@pytest.mark.parametrize("piped", [False, True])
def test_a_text_and_a_progress_bar_never_share_a_line_of_the_screen(runs, piped):
    """piped: only the bar comes to the screen at first, and the text through a pipe that may end there, as of tee."""
    import pty
    import termios

    train("--steps", "1", "--run", "a")
    screen, end = pty.openpty()
    termios.tcsetwinsize(end, (24, 80))  # a bar is drawn where there is room for it
    command = ["generate", "a", "--prompt", "3 and", "--max_new_tokens", "20", "--seed", "7"]
    with program(*command, stdout=subprocess.PIPE if piped else end, stderr=end) as writing:
        os.close(end)
        out = writing.stdout.read().decode() if piped else ""
        shown = b""
        try:
            while more := os.read(screen, 4096):
                shown += more
        except OSError:  # so Linux says that nobody writes any more
            pass
    os.close(screen)
    assert writing.returncode == 0
    if piped:
        assert b"/20" in shown and shown.endswith(b"\r") and out.startswith("3 and") and len(out) == 5 + 20 + 1
    else:
        assert shown.startswith(b"3 and") and b"token" not in shown


def test_what_is_kept_of_a_training_in_a_file_is_its_sentences_alone(runs, capsys):
    train("--steps", "3", "--run", "a")
    err = capsys.readouterr().err
    assert "\r" not in err and [line.split(":")[0] for line in err.splitlines()[1:]] == ["step 3"]


# -- refusals ---------------------------------------------------------------------------------------------------------


def test_what_cannot_be_trained_is_refused_in_one_line_and_nothing_is_made(runs, capsys):
    for arguments, sentence in (
        (["--n_embd", "9"], "n_embd=9 is not divisible by n_head=2; try n_embd=8 or 10"),
        (["--steps", "0"], "steps=0 is not possible; it must be a whole number from 1 to 1,000,000"),
        (["--steps", "ten"], "steps='ten' is not possible"),
        (["--learning_rate", "nan"], "learning_rate=nan is not possible"),
        (["--learning_rate", "inf"], "learning_rate=inf is not possible"),
        (["--n_layer", "1e3000"], "n_layer=inf is not possible"),
        (["--n_layer", "9" * 5000], "n_layer=inf is not possible"),
        (["--bias", "5"], "bias=5 is not possible; it must be true or false"),
        (["--device", "toaster"], "device='toaster' is not possible"),
        (["--prompt", "\u0416"], "The sample prompt has characters that the text never uses: '\u0416'"),
        (["--n_layer", "90", "--n_embd", "12000"], "This model and batch need about "),
        (["--block_size", "4000"], "The text has 3,"),
        (["--run", "a name"], "A run cannot be called 'a name'; use letters, digits, - and _ (at most 64)"),
        (["--run", ".."], "A run cannot be called '..'"),
        (["--run", "."], "A run cannot be called ''"),
        (["--run", ""], "A run cannot be called ''"),
        (["--run", "text.txt/below"], "The run could not be written (Not a directory)"),
        (["--text", "no-such-file"], "There is no file 'no-such-file'; give --text the path of a text file"),
        (["--text", "."], "'.' is a folder, not a file; give --text the path of a text file"),
        (["--text", ""], "There is no file ''; give --text the path of a text file"),
        (["--text", "text.txt/below"], "'text.txt/below' cannot be read (Not a directory)"),
    ):
        said = refused(capsys, "train", "--text", "text.txt", *TINY, *arguments)
        assert said.startswith(sentence), (arguments, said)


def test_a_text_that_is_none_is_refused_in_one_line(runs, capsys):
    for content, sentence in (
        (b"", "The text is empty"),
        (b"to be or not", "The text has 12 tokens, but block_size=8 needs at least 90"),
        (b"\xff\xfe\x00\xdca\x00", "This begins like a text in UTF-16 but is damaged"),
        (b"PK\x03\x04", "This looks like a zip archive"),
    ):
        Path("text.txt").write_bytes(content)
        said = refused(capsys, "train", "--text", "text.txt", *TINY)
        assert said.startswith(sentence), (content, said)


def test_a_run_that_cannot_be_gone_on_with_is_refused_in_one_line(runs, capsys):
    train("--steps", "4", "--run", "a")
    assert refused(capsys, "train", "--resume", "a") == (
        "The run has done 4 steps already; ask for more than that, such as 8"
    )
    assert refused(capsys, "train", "--resume", "a", "--steps", "3").startswith("The run has done 4 steps already")
    for asked in ("ten", "nan", "-1", "1e9", "true"):
        assert refused(capsys, "train", "--resume", "a", "--steps", asked).startswith("steps=")
    for other in ("n_embd", "batch_size", "prompt", "text", "run"):
        sentence = refused(capsys, "train", "--resume", "a", "--steps", 8, f"--{other}", "16")
        assert sentence.startswith(f"{other} cannot change when a run goes on; leave that out")
    for name in ("b", "..", "", "a/../a", "/", "x" * 400):
        expected = f"There is no run called {name[:40]!r} in 'runs'; there are, newest first: a"
        assert refused(capsys, "train", "--resume", name) == refused(capsys, "generate", name) == expected
    (runs / "a" / "run.json").write_text("{")
    assert refused(capsys, "train", "--resume", "a", "--steps", 8) == "run.json cannot be read (JSONDecodeError)"


def test_who_asks_for_a_run_that_is_not_there_is_told_the_newest_that_are(runs, capsys):
    said = "There is no run called 'gone' in 'runs', nor any other; train one with: python -m core train --run NAME"
    assert refused(capsys, "generate", "gone") == said
    for number in range(7):
        train("--steps", "1", "--run", f"run-{number}")
    said = (
        "There is no run called 'gone' in 'runs'; there are, newest first: run-6, run-5, run-4, run-3, run-2 and 2 more"
    )
    assert refused(capsys, "generate", "gone") == refused(capsys, "train", "--resume", "gone") == said


def test_what_cannot_be_written_is_refused_in_one_line(runs, capsys):
    train("--steps", "2", "--run", "a")
    for arguments, sentence in (
        (["--step", "3"], "The run has no snapshot of step 3; it has 0, 1, 2"),
        (["--temperature", "-1"], "temperature=-1 is not possible"),
        (["--temperature", "hot"], "temperature='hot' is not possible"),
        (["--top_p", "nan"], "top_p=nan is not possible"),
        (["--max_new_tokens", "many"], "max_new_tokens='many' is not possible"),
        (["--max_new_tokens", "0"], "max_new_tokens=0 is not possible"),
        (["--device", "toaster"], "device='toaster' is not on this machine"),
    ):
        said = refused(capsys, "generate", "a", *arguments)
        assert said.startswith(sentence), (arguments, said)


def test_a_damaged_snapshot_is_refused_in_one_line(runs, capsys):
    train("--steps", "2", "--run", "a")
    (runs / "a" / "snapshots" / "step-0000002" / "model.safetensors").write_bytes(b"\x80\x04")
    assert refused(capsys, "generate", "a").startswith("step-0000002/model.safetensors cannot be read")


def test_an_unknown_option_shows_how_to_use_the_command(runs, capsys):
    for arguments in (["train", "--n_heads", "4"], ["fly"], [], ["train", "--preset", "gpt5"], ["generate"]):
        with pytest.raises(SystemExit, match="^2$"):
            main(arguments)
        assert capsys.readouterr().err.startswith("usage: python -m core")


def test_the_help_names_every_option(capsys):
    with pytest.raises(SystemExit, match="^0$"):
        main(["train", "--help"])
    shown = capsys.readouterr().out
    assert all(f"--{name} " in shown for name in ("n_embd", "learning_rate", "prompt", "resume", "preset", "text"))


def test_a_run_that_fails_says_why_and_ends_with_one(runs, capsys, monkeypatch):
    monkeypatch.setattr("core.training.evaluate_by_turns", lambda *_: iter([float("nan")]))
    assert train("--steps", "3", "--run", "a") == 1
    assert capsys.readouterr().out.startswith("failed at step 0: The loss stopped being a number at step 3;")


def test_a_full_disk_is_one_line(runs, capsys, monkeypatch):
    def full(*arguments) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.pretrained.weights.save_tensors", full)
    assert train("--steps", "3", "--run", "a") == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "error: The disk is full (No space left on device): the weights of step 3 could not be kept to look back at; "
        "free some disk space."
    )
    assert RunDir(runs / "a").status().state == "paused"


# -- Ctrl-C -----------------------------------------------------------------------------------------------------------


PROGRAM = """
import runpy, time
from pathlib import Path
from core.runs import training_run
train = training_run.train
def watched_train(*arguments, **options):
    for turn, stats in enumerate(train(*arguments, **options)):
        if turn == 1:
            Path("trains").touch()
        while turn == 60 and not Path("asked").exists():
            time.sleep(0.01)  # no machine is so quick that the run is done before the pause is asked for
        yield stats
training_run.train = watched_train
runpy.run_module("core", run_name="__main__")
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has another way to send Ctrl-C")
def test_ctrl_c_pauses_the_run_and_it_goes_on_to_the_very_losses(runs, capsys):
    """In a program of its own, as it is used: the signal comes in the middle of a step, wherever that is."""
    settings = [*TINY, "--dropout", "0.2", "--steps", "120", "--eval_interval", "40"]
    assert main(["train", "--text", "text.txt", *settings, "--run", "undisturbed"]) == 0
    command = [sys.executable, "-c", PROGRAM, "train", "--text", "text.txt", *settings, "--run", "a"]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as program:
        wait_for(lambda: Path("trains").exists() or program.poll() is not None)
        program.send_signal(signal.SIGINT)
        Path("asked").touch()
        _, err = program.communicate()
    run = RunDir.open(runs, "a")
    assert program.returncode == 130 and "Traceback" not in err
    assert err.splitlines()[-1] == "paused; go on with: python -m core train --resume runs/a"
    assert run.status().state == "paused" and 0 < run.status().step < 120
    assert main(["train", "--resume", "runs/a"]) == 0
    assert written(run) == written(RunDir(runs / "undisturbed"))


def test_ctrl_c_twice_ends_the_program_at_once(runs, monkeypatch):
    def pressed_twice(*arguments) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("The second Ctrl-C was not heard")

    monkeypatch.setattr("core.optim.AdamW.step", pressed_twice)
    assert train("--steps", "3", "--run", "a") == 130
    assert RunDir(runs / "a").status().state == "paused"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
