"""The folder that holds many runs: list them, delete one, and clean up after a crash."""

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

from core.runs.claim import A_DAY, is_alive, is_claimed, is_trained
from core.runs.config import HOST, NewerVersion, Status
from core.runs.directory import VALID_ID, RunDir, being_made, host_mark
from core.runs.plain import is_plain

A_WHILE = 600.0  # seconds after which what nobody can be asked about is taken for left behind


def list_runs(root: Path) -> tuple[list[RunDir], list[str]]:
    """Return the readable runs below root, newest first, and a sentence for each directory that cannot be read."""
    runs, problems = [], []
    for path in root.iterdir() if root.is_dir() else ():
        if path.name.startswith(".") or not path.is_dir():
            continue
        run = RunDir(path)
        try:
            if path.is_symlink():
                raise ValueError("a run is a folder of its own, and no link to one")
            if not VALID_ID.fullmatch(run.id):
                raise ValueError("a run's name has only letters, digits, - and _ (at most 64)")
            created = run.config().created
            run.status()
        except ValueError as error:
            problems.append(problem_of(run.id, error))
        else:
            runs.append((created, run))
    return [run for _, run in sorted(runs, key=lambda entry: -entry[0])], problems


def problem_of(run_id: str, error: ValueError) -> str:
    """Return why a run is not among the others, as a sentence."""
    how = "left out" if isinstance(error, NewerVersion) else "damaged and left out"
    return f"The run in {run_id[:64]!r} is {how}: {error}"


def delete(run: RunDir) -> None:
    """Delete a run: hide it at once, then delete file by file. After a crash in between, `sweep` deletes the rest."""
    gone = run.path.with_name(f"{being_made()}-gone")
    try:
        os.rename(run.path, gone)
    except FileNotFoundError:
        return
    shutil.rmtree(gone, ignore_errors=True)


def sweep(root: Path) -> None:
    """Delete what a crash left half-made, but nothing that a process which is alive may be making."""
    leftovers = [path for path in root.glob(".new-*") if not _is_being_made(path)]
    for run in (RunDir(path.parent) for path in root.glob("*/status.json")):
        if not is_plain(run.path, folder=True):
            continue
        try:
            busy = is_claimed(run) or is_trained(run, run.status())
        except ValueError:
            busy = False
        if not busy:
            patterns = (".snapshots-*", ".resume-*", ".kept-*", ".*.tmp")
            leftovers += [path for pattern in patterns for path in run.path.glob(pattern)]
    for leftover in leftovers:
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            with suppress(OSError):  # gone, or where nobody may delete
                leftover.unlink()


def _is_being_made(path: Path) -> bool:
    """Tell whether the process that a folder is named after (`being_made`) may still be at work on it."""
    _, pid, host, *_ = [*path.name[1:].split("-"), "", ""]
    try:
        written = path.stat().st_mtime
    except OSError:
        return True  # it is done by now
    if not host:  # of an earlier version, which named no process
        return time.time() - written < A_WHILE
    if host != host_mark():  # another machine's: nobody here knows
        return time.time() - written < A_DAY
    return is_alive(Status("running", pid=int(pid), host=HOST, updated=written))
