"""What a run is called: a number that it keeps for good, and a name that its owner may give it.

Both stand in the run's name.json. The number follows the order in which the runs were made; it stays when others are
deleted, and is not given a second time. A run from the command line is called as its directory is.
"""

import re
import threading
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from core.runs.config import checked
from core.runs.directory import RunDir
from core.runs.durable import read_json, write_json
from core.text.characters import without_invisible

LONGEST_NAME = 60
NAME_FILE = "name.json"
NUMBERS_FILE = "numbers.json"  # beside the runs: the last number that was given
_MADE_UP = re.compile(r"[0-9a-f]{32}")  # what `RunDir.create` calls a run that nobody named
_lock = threading.Lock()


@dataclass(frozen=True)
class RunName:
    """What name.json says of a run."""

    number: Annotated[int, Field(ge=1, le=10**9)] | None = None
    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)] | None = None


@dataclass(frozen=True)
class _LastNumber:
    last: Annotated[int, Field(ge=0, le=10**9)] = 0


def name_of(run: RunDir) -> RunName:
    """Read a run's number and name; nothing of a file that is not there or damaged."""
    return _read(run.path / NAME_FILE, RunName)


def given_name(run_id: str) -> str | None:
    """Return the name by which somebody made a run on the command line; None for an id that was made up."""
    return None if _MADE_UP.fullmatch(run_id) or run_id == "welcome" else run_id


def rename(run: RunDir, name: object) -> str | None:
    """Give a run a name and return it; an empty one takes the name away. ValueError for what is no name."""
    if not isinstance(name, str):
        raise ValueError(f"A run's name must be a text, but got {type(name).__name__}; write some letters")
    seen = without_invisible(name)  # what is left of joiners and tags holds a sign together
    kinds = map(unicodedata.category, seen)
    plain = "".join(" " if kind[0] in "CZ" and kind != "Cf" else c for c, kind in zip(seen, kinds, strict=True))
    plain = unicodedata.normalize("NFC", " ".join(plain.split()))
    if len(plain) > LONGEST_NAME:
        raise ValueError(
            f"The name has {len(plain):,} characters, more than the {LONGEST_NAME} of a run's name; shorten it"
        )
    with _lock:
        _write(run, RunName(name_of(run).number, plain or None))
    return plain or None


def number_runs(root: Path, runs: Iterable[RunDir], others: Iterable[int] = ()) -> dict[RunDir, RunName]:
    """Give a number to each of `runs` that has none, in their order, and return what they are called.

    others: the numbers of the runs below root that are not among them, which are not read again. Where nothing can be
    written, the numbers hold for this time alone.
    """
    with _lock:
        names = {run: name_of(run) for run in runs}
        new = [run for run, name in names.items() if name.number is None]
        known = [name.number for name in names.values() if name.number is not None]
        last = max([*known, *others, _read(root / NUMBERS_FILE, _LastNumber).last])
        names |= {run: RunName(number, names[run].name) for number, run in enumerate(new, start=last + 1)}
        for run in new:
            with suppress(OSError):  # not synced, for 300 may press Train at once: after a power cut it is given anew
                _write(run, names[run], synced=False)
        with suppress(OSError):
            if new:
                write_json(root / NUMBERS_FILE, {"last": last + len(new)}, synced=False)
        return names


def _read(path: Path, cls: type):
    try:
        return checked(cls, read_json(path))
    except ValueError:
        return cls()


def _write(run: RunDir, name: RunName, synced: bool = True) -> None:
    try:
        write_json(run.path / NAME_FILE, {"number": name.number, "name": name.name}, synced)
    except FileNotFoundError:
        pass  # deleted just now
