"""Run folders and checkpoints that are damaged or hostile: each is read or refused in a sentence, and runs nothing.

python -m benchmarks.damaged --folders 200

Each folder is a copy of a trained run, in which chance spoils one file: cut, emptied, filled with noise, one bit
turned, a pickle that would run a program, another file's content, a header that lies, broken numbers, a link, a pipe,
a folder, a file without end. A process of its own opens, shows, loads and trains it, as the page does, so that whatever
it ends in is seen; each look is timed. Another run lies beside, and has to stay as it is.
"""

import argparse
import hashlib
import json
import os
import pickle
import random
import resource
import shutil
import struct
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from benchmarks import report
from core.optim import make_optimizer
from core.runs.built import model_of
from core.runs.directory import RunDir
from core.runs.listing import list_runs
from core.runs.plan import plan_run
from core.runs.recovery import recover
from core.runs.store import RunStore
from core.runs.training_run import end, train_run
from core.text.corpora import Corpus
from playground.server.feed import Feed
from playground.server.rights import HOST
from playground.server.run_list import RunList

TEXT = "".join(f"{i} times {j} is {i * j}.\n" for i in range(20) for j in range(20))
MODEL = {"block_size": 8, "n_layer": 1, "n_head": 2, "n_embd": 8}
TRAIN = {"steps": 40, "batch_size": 2, "eval_interval": 10, "eval_tokens": 64, "warmup_steps": 5}
SOON = 1.0  # seconds in which a look has to be over
MEMORY = 4 * 2**30  # bytes of addresses that a look may take beyond what the process has


class Program:
    """What a pickle would run."""

    def __init__(self, canary: Path):
        self.canary = canary

    def __reduce__(self):
        return os.mkdir, (str(self.canary),)


def main(arguments: list[str] | None = None) -> None:
    """Print how the folders were met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.damaged", description=__doc__.split("\n\n")[0])
    parser.add_argument("--folders", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        told, slowest, faults = measure(Path(folder), asked.folders, asked.seed)
    report.head("folders", "crashes", "executions", "no sentence", "slow", "slowest look (s)", "neighbours harmed")
    names = ("folders", "crashes", "executions", "no sentence", "slow")
    report.row(*(told[name] for name in names), f"{slowest:.2f}", told["harmed"])
    print("\n".join(faults))


def measure(root: Path, folders: int, seed: int) -> tuple[Counter, float, list[str]]:
    """Spoil so many copies of a run, and meet each; return counts, the seconds of the slowest look, and what failed."""
    told, faults, slowest = Counter(), [], 0.0
    chance, canary = random.Random(seed), root / "canary"
    whole = _trained(root / "whole", "whole")
    for i in range(folders):
        runs = root / f"runs-{i}"
        neighbour = Path(shutil.copytree(whole.path, runs / "neighbour"))
        before = _digest(neighbour)
        copy = Path(shutil.copytree(whole.path, runs / "damaged"))
        name, spoil = chance.choice(sorted(SPOILS.items()))
        files = sorted(path for path in copy.rglob("*") if path.is_file() and not path.name.startswith("."))
        file = chance.choice([path for path in files if name not in TENSORS or path.suffix == ".safetensors"])
        spoil(file, chance, canary)
        outcome = _in_a_process(runs)
        told["folders"] += 1
        what = f"{file.relative_to(copy)}, {name}"
        if outcome is None:
            told["crashes"] += 1
            faults.append(f"{what}: the process crashed")
            outcome = []
        for look, seconds, error in outcome:
            slowest = max(slowest, seconds)
            if seconds > SOON:
                told["slow"] += 1
                faults.append(f"{what}: {look} took {seconds:.1f} s")
            if error:
                told["no sentence"] += 1
                faults.append(f"{what}: {look}: {error}")
        told["executions"] += canary.exists()
        told["harmed"] += _digest(neighbour) != before
        if canary.exists():
            canary.rmdir()
        shutil.rmtree(runs, ignore_errors=True)
    return told, slowest, faults


def _trained(root: Path, name: str) -> RunDir:
    run = plan_run(Corpus("own", TEXT), {"sample_tokens": 4}, MODEL, TRAIN).create(root, name)
    run.write_baselines({"uniform": 3.0})  # or a thread would count and write them while the folder is copied
    for upto in (20, 10):  # so that it has two states to go on from, and stands in the middle
        turns = train_run(run)
        for _ in islice(turns, upto):
            pass
        turns.close()
    return run


def _digest(folder: Path) -> str:
    """Return what a run's files hold, but for its number, which the list gives."""
    files = sorted(
        path for path in folder.rglob("*") if path.is_file() and path.name not in ("name.json", "status.json")
    )
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()


def _in_a_process(root: Path) -> list | None:
    """Take all looks in a process of its own; return each with its seconds and its fault, None when that died."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ours)
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.write(theirs, json.dumps([*_looks(root)]).encode())
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        content = pipe.read()
    return json.loads(content) if os.waitpid(pid, 0)[1] == 0 and content else None


def _looks(root: Path) -> Iterator[tuple[str, float, str | None]]:
    run = RunDir(root / "damaged")
    store = RunStore(root, workers=1)
    for name, look in {
        "listing": lambda: list_runs(root),
        "the page's list": lambda: RunList(store).entries(HOST, "en"),
        "opening": lambda: RunDir.open(root, "damaged"),
        "its settings": run.config,
        "its text": run.text,
        "its state": run.status,
        "its chart": lambda: Feed(store).follow("damaged"),
        "its newest snapshot": run.load_snapshot,
        "its first snapshot": lambda: run.load_snapshot(0),
        "its saved state": lambda: _resume(run),
        "a new start": lambda: recover(root),
        "Play": lambda: _play(run),
        "Stop": lambda: end(run),
        "the neighbour": lambda: RunDir(root / "neighbour").load_snapshot(),
    }.items():
        began, fault = time.monotonic(), None
        try:
            look()
        except (ValueError, OSError) as error:
            words = str(error)
            bad = "\n" in words or not words.strip() or len(words) > 600 or name == "the neighbour"
            fault = f"{type(error).__name__}: {words[:200]!r}" if bad else None
        except BaseException as error:
            fault = f"{type(error).__name__}: {str(error)[:200]!r}"
        yield name, time.monotonic() - began, fault


def _resume(run: RunDir) -> None:
    model = model_of(run.config())
    run.read_resume(model, make_optimizer(model, run.config().train))


def _play(run: RunDir) -> None:
    turns = train_run(run)
    next(turns, None)
    turns.close()


# -- damages: each gets the file, chance, and the canary of a program --------------------------------------------------


def _cut(file: Path, chance: random.Random, canary: Path) -> None:
    os.truncate(file, chance.randrange(file.stat().st_size + 1))


def _noise(file: Path, chance: random.Random, canary: Path) -> None:
    file.write_bytes(chance.randbytes(chance.choice((1, 8, 100, 10_000))))


def _one_bit(file: Path, chance: random.Random, canary: Path) -> None:
    content = bytearray(file.read_bytes() or b"\0")
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content)


def _pickle(file: Path, chance: random.Random, canary: Path) -> None:
    file.write_bytes(pickle.dumps(Program(canary)))


def _torch_file(file: Path, chance: random.Random, canary: Path) -> None:
    torch.save({"model": Program(canary)}, file)


def _other_file(file: Path, chance: random.Random, canary: Path) -> None:
    others = [path for path in file.parents[0].parent.rglob("*") if path.is_file() and path != file]
    shutil.copy(chance.choice(sorted(others)), file)


def _lying_header(file: Path, chance: random.Random, canary: Path) -> None:
    content = bytearray(file.read_bytes())
    content[:8] = struct.pack("<Q", chance.choice((0, 1, 2**20, 2**40, 2**63, 2**64 - 1)))
    file.write_bytes(content)


def _odd_header(file: Path, chance: random.Random, canary: Path) -> None:
    entry = {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 4]}
    headers = (b"{}", b"[" * 50_000, b'{"a": 1}', json.dumps({"a": entry}).encode(), b'{"__metadata__": 5}')
    header = chance.choice(headers)
    file.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))


def _broken_numbers(file: Path, chance: random.Random, canary: Path) -> None:
    tensors = load_file(file)
    name = chance.choice(sorted(tensors))
    changed = (
        lambda: torch.full_like(tensors[name], float("nan")), lambda: torch.full_like(tensors[name], float("inf")),
        lambda: tensors[name].to(torch.float64), lambda: tensors[name].reshape(-1)[:1].clone(),
        lambda: torch.zeros(0), lambda: tensors[name].to(torch.int64),
    )  # fmt: skip
    save_file({**tensors, name: chance.choice(changed)()}, file)


def _values(file: Path, chance: random.Random, canary: Path) -> None:
    """Change a value within a JSON file, or in the lines of one."""
    try:
        lines = [json.loads(line) for line in file.read_text().splitlines()]
    except ValueError:
        return _cut(file, chance, canary)
    odd = [None, -1, 10**30, 1e308, float("nan"), "x" * 100_000, [], {}, {"a": [1]}, True, "../../etc/passwd"]
    for line in lines:
        if isinstance(line, dict) and line:
            line[chance.choice(sorted(line))] = chance.choice(odd)
    return file.write_text("\n".join(map(json.dumps, lines)) + "\n")


def _in_its_place(make: Callable[[Path], object]) -> Callable[[Path, random.Random, Path], None]:
    def spoil(file: Path, chance: random.Random, canary: Path) -> None:
        file.unlink()
        make(file)

    return spoil


def _endless(file: Path) -> None:
    with file.open("wb") as sparse:
        sparse.truncate(2**40)


TENSORS = ("lying header", "odd header", "broken numbers")
SPOILS = {
    "cut": _cut, "noise": _noise, "one bit": _one_bit, "pickle": _pickle, "torch file": _torch_file,
    "other file": _other_file, "lying header": _lying_header, "odd header": _odd_header,
    "broken numbers": _broken_numbers, "values": _values, "gone": _in_its_place(lambda file: None),
    "empty": _in_its_place(Path.touch), "folder": _in_its_place(Path.mkdir), "pipe": _in_its_place(os.mkfifo),
    "link to a device": _in_its_place(lambda file: file.symlink_to("/dev/zero")),
    "link to a secret": _in_its_place(lambda file: file.symlink_to("/etc/passwd")),
    "link to itself": _in_its_place(lambda file: file.symlink_to(file)), "file without end": _in_its_place(_endless),
    "deep": _in_its_place(lambda file: file.write_text("[" * 100_000)),
    "digits": _in_its_place(lambda file: file.write_text("9" * 100_000)),
}  # fmt: skip

if __name__ == "__main__":
    main()
