"""The command line. It uses the same functions and the same run directories as the page.

    python -m core train --corpus plays --preset small --run my-run
    python -m core train --resume my-run [--steps 2000]
    python -m core generate my-run --prompt "Enter " --temperature 0.8

`core/__main__.py` calls `main`.
"""

import argparse
import errno
import io
import os
import re
import shlex
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from tqdm import tqdm

from core.architectures import EDITABLE_FIELDS
from core.config import GPTConfig, SampleConfig, TrainConfig
from core.device import choose_device
from core.options import Options
from core.runs.claim import Claim
from core.runs.config import tokenizer_from_json
from core.runs.directory import RunDir
from core.runs.listing import list_runs
from core.runs.memory import keep_freed_memory
from core.runs.plan import RunOptions, extend, plan_run
from core.runs.presets import DEFAULT_PRESET, PRESETS
from core.runs.recovery import mend_status
from core.runs.training_run import train_run
from core.sampling import Token, generate
from core.text.characters import fitted
from core.text.corpora import CORPUS_NAMES, DEFAULT_CORPUS, Corpus, clean_text, load_corpus, own_text
from core.text.decoding import decode_text
from core.text.reading import read_text
from core.tokenizers import Tokenizer, named

INTERRUPTED = 130  # the exit status of a program that Ctrl-C ended, by the shells' custom
CLOSED_PIPE = 141  # and of one whose reader has gone, as in `... | head -1`
NAMED = 5  # runs that a refusal names
NEW_LINE = re.compile(r"(\\?)\\n")
TYPED = r"\n in it is a new line, and \\n a backslash and an n"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status: 0, or 1 after one sentence on what was wrong."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # not every terminal can write every letter
    try:
        try:
            options = _parser().parse_args(arguments)
            return options.command(options)
        finally:
            sys.stdout.flush()  # now, for at Python's end a pipe that is closed could not be caught
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python writes what is left at its end
        return CLOSED_PIPE
    except (ValueError, OSError) as error:
        print(f"error: {_sentence(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def _sentence(error: ValueError | OSError) -> str:
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    if error.errno == errno.ENOSPC:
        return f"The disk is full ({error.strerror}); free some space, and go on with --resume"
    what = "A file" if error.filename is None else repr(str(error.filename))
    return f"{what} could not be read or written ({error.strerror}); check that it is there and may be used"


def _train(options: argparse.Namespace) -> int:
    run = _new_run(options) if options.resume is None else _found(options)
    with Claim(run) as claim:
        if options.resume is not None:
            extend(run, _given(options, TrainConfig).get("steps"))
        return _train_claimed(run, claim)


def _train_claimed(run: RunDir, claim: Claim) -> int:
    config = run.config()
    keep_freed_memory()
    print(f"{config.preset} on {config.corpus}, in {run.path}", file=sys.stderr)
    training = train_run(run, claim)
    last = "nothing yet"
    bar = tqdm(total=config.train.steps, initial=run.status().step, unit="step", file=sys.stderr, disable=None)
    with bar, _ctrl_c() as asked_to_pause:
        for stats in training:
            bar.update(stats.step - bar.n)
            if stats.val_loss is not None:
                last = f"train {stats.train_loss:.4f}, validation {stats.val_loss:.4f}"
                bar.write(f"step {stats.step}: {last}", file=sys.stderr)
            bar.set_postfix(loss=f"{stats.loss:.3f}", refresh=False)
            if asked_to_pause.is_set():
                training.close()
    if not run.is_there():
        raise ValueError("The run was deleted while it was trained; nothing of it is left")
    status = run.status()
    if status.state == "paused" and status.message:  # not asked for, as on a full disk
        raise ValueError(status.message)
    if status.state == "paused":
        print(f"paused; go on with: python -m core train --resume {shlex.quote(str(run.path))}", file=sys.stderr)
        return INTERRUPTED
    print(f"{status.state} at step {status.step}: {status.message or last}")
    return 0 if status.state == "done" else 1


@contextmanager
def _ctrl_c() -> Iterator[threading.Event]:
    """Let the first Ctrl-C ask for a pause after the current step, and the second end the program at once."""
    asked = threading.Event()

    def ask(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, before)
        asked.set()

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def _new_run(options: argparse.Namespace) -> RunDir:
    preset = PRESETS[options.preset]
    train = {**preset.train, **_given(options, TrainConfig)}
    asked = {"weights": preset.weights, "tokenizer": preset.tokenizer, "architecture": preset.architecture}
    asked |= _given(options, RunOptions)
    free = EDITABLE_FIELDS.get(asked["architecture"], GPTConfig.model_fields)
    fitting = {name: value for name, value in preset.model.items() if name in free}
    model = {**fitting, **_given(options, GPTConfig)}
    corpus, notes = _corpus(options)
    plan = plan_run(corpus, {**asked, "preset": options.preset}, model, train)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    path = None if options.run is None else Path(options.run)
    root = path.parent if path and path.parent != Path() else options.runs
    return plan.create(root, path.name if path else None)


def _found(options: argparse.Namespace) -> RunDir:
    """Return the run that is to go on; ValueError when there is none, or what is asked cannot change any more."""
    asked = {**_given(options, RunOptions), **_given(options, GPTConfig), **_given(options, TrainConfig)}
    fixed = sorted(asked.keys() - {"steps", "preset"})
    fixed += [name for name in ("run", "text") if getattr(options, name) is not None]
    if fixed:
        raise ValueError(f"{', '.join(fixed)} cannot change when a run goes on; leave that out, or start a new run")
    run = _opened(options.resume, options.runs)
    mend_status(run)
    return run


def _generate(options: argparse.Namespace) -> int:
    sampling = SampleConfig.parse({"max_new_tokens": 200, **_given(options, SampleConfig)}).model_dump()
    run = _opened(options.run, options.runs)
    tokenizer = tokenizer_from_json(run.config().tokenizer)
    model = run.load_snapshot(options.step).to(choose_device(options.device))
    prompt = _fitted(clean_text(options.prompt)[0], tokenizer) or run.config().prompt
    ids = tokenizer.encode(prompt)
    tokens = generate(model, torch.tensor([ids]), **sampling)
    # On a screen the text itself shows how far it is. Where a bar does, the text waits until the bar is gone: both may
    # come to one screen, as with `| tee`.
    has_bar = sys.stderr.isatty() and not sys.stdout.isatty() and not options.quiet
    total, held = sampling["max_new_tokens"], []
    try:
        with tqdm(tokens, total=total, unit="token", file=sys.stderr, leave=False, disable=not has_bar) as bar:
            for piece in _pieces(bar, tokenizer, ids, prompt):
                if has_bar:
                    held.append(piece)
                else:
                    sys.stdout.write(piece)
                    sys.stdout.flush()
    finally:
        sys.stdout.write("".join(held))
    return 0


def _pieces(tokens: Iterable[Token], tokenizer: Tokenizer, ids: list[int], prompt: str) -> Iterator[str]:
    """Yield a prompt, and then the text that each token adds to it as soon as its last character is whole."""
    yield prompt
    shown = len(prompt)
    for token in tokens:
        ids.append(token.id)
        text = tokenizer.decode(ids)
        if not text.endswith("\ufffd"):  # a character may be spread over several word pieces
            yield text[shown:]
            shown = len(text)
    yield tokenizer.decode(ids)[shown:] + "\n"


def _fitted(text: str, tokenizer: Tokenizer) -> str:
    """Return a prompt in the characters that the model knows, and say on stderr what became of the others."""
    letters = fitted(text, lambda letter: not tokenizer.unknown(letter))
    replaced = [letter for letter in letters if letter.how == "replaced"]
    if replaced:
        print(f"replaced: {', '.join(f'{x.text!r} by {x.becomes!r}' for x in replaced[:10])}", file=sys.stderr)
    if unknown := [letter.text for letter in letters if letter.how == "unknown"]:
        print(f"left out, for the model has never seen them: {named(dict.fromkeys(''.join(unknown)))}", file=sys.stderr)
    return "".join(letter.becomes for letter in letters if letter.how != "unknown")


def _opened(name: str, runs: Path) -> RunDir:
    """Open a run by its name below `runs`, or by the path of its directory; ValueError names the runs there are."""
    path = Path(name).resolve()
    try:
        return RunDir.open(path.parent, path.name) if (path / "run.json").is_file() else RunDir.open(runs, name)
    except (ValueError, OSError):  # OSError: the name is too long for a path
        there = [run.id for run in list_runs(runs)[0]]
    missing = f"There is no run called {name[:40]!r} in {str(runs)!r}"
    if not there:
        raise ValueError(f"{missing}, nor any other; train one with: python -m core train --run NAME")
    more = f" and {len(there) - NAMED:,} more" if len(there) > NAMED else ""
    raise ValueError(f"{missing}; there are, newest first: {', '.join(there[:NAMED])}{more}")


def _file(name: str) -> bytes:
    """Read the file that --text names."""
    remedy = "give --text the path of a text file"
    try:
        if not name:
            raise FileNotFoundError
        return Path(name).read_bytes()
    except FileNotFoundError:
        raise ValueError(f"There is no file {name!r}; {remedy}") from None
    except IsADirectoryError:
        raise ValueError(f"{name!r} is a folder, not a file; {remedy}") from None
    except OSError as error:
        raise ValueError(f"{name!r} cannot be read ({error.strerror}); {remedy}") from None


def _corpus(options: argparse.Namespace) -> tuple[Corpus, list[str]]:
    """Return the text to train on, and what is to be said about it."""
    if options.text is not None:
        text, note = decode_text(_file(options.text))
        reading = read_text(text)
        return own_text(reading.text, options.text), [*filter(None, (note, *reading.notes))]
    with tqdm(unit="B", unit_scale=True, desc="download", file=sys.stderr, disable=None, leave=False) as bar:

        def progress(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return load_corpus(options.corpus, progress), []


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core", description="Train a small GPT, and write with it.")
    parser.add_argument(
        "--runs", type=Path, default=Path(os.environ.get("GPT_PLAYGROUND_RUNS", "runs")), help="where runs are kept"
    )
    commands = parser.add_subparsers(required=True)
    training = commands.add_parser("train", help="train a new run, or go on with one")
    training.set_defaults(command=_train)
    training.add_argument("--corpus", choices=[name for name in CORPUS_NAMES if name != "own"], default=DEFAULT_CORPUS)
    training.add_argument("--text", metavar="FILE", help="train on this text file instead")
    training.add_argument("--preset", choices=PRESETS, default=DEFAULT_PRESET)
    training.add_argument("--run", metavar="NAME", help="the new run's name, or the path of its directory")
    training.add_argument("--resume", metavar="RUN", help="go on with this run; with --steps, for longer")
    _add_options(training, RunOptions, leave_out="preset")
    _add_options(training, GPTConfig, leave_out="vocab_size")
    _add_options(training, TrainConfig, leave_out="continued_at")
    writing = commands.add_parser("generate", help="write with a run")
    writing.set_defaults(command=_generate)
    writing.add_argument("run", help="its name, or the path of its directory")
    writing.add_argument("--prompt", type=_typed, default="", help=f"what to go on from; {TYPED}")
    writing.add_argument("--step", type=int, help="which snapshot; by default the last")
    writing.add_argument("--device", default="auto")
    writing.add_argument("--quiet", action="store_true", help="no progress bar")
    _add_options(writing, SampleConfig)
    return parser


def _add_options(parser: argparse.ArgumentParser, model: type[Options], leave_out: str = "") -> None:
    """Give the parser a flag for every field; the options themselves check the values later."""
    for name, field in model.model_fields.items():
        if name != leave_out:
            kind = _typed if name == "prompt" else str if field.annotation is str else _value  # a prompt of 5 is text
            told = f"{field.description or ''} {TYPED if kind is _typed else ''}".strip()
            parser.add_argument(f"--{name}", type=kind, help=told.replace("%", "%%"))


def _given(options: argparse.Namespace, model: type[Options]) -> dict:
    return {name: value for name in model.model_fields if (value := getattr(options, name, None)) is not None}


def _typed(text: str) -> str:
    """Read a prompt as it can be typed into a shell: \\n is a new line, and \\\\n the two characters."""
    return NEW_LINE.sub(lambda found: r"\n" if found[1] else "\n", text)


def _value(text: str) -> int | float | bool | str:
    """Read 4 as int, 0.1 as float, true as bool, and anything else as text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)
