"""Files that survive a power cut: complete on the disk before they count, and no later file counts before an earlier.

The system keeps in memory what a program writes, and writes it to the disk later, in an order of its own. A folder that
was renamed at once may hold files of 0 bytes after a power cut. So whatever counts is written under another name,
synced, and renamed; then the folder that it stands in is synced, and only then what it replaces may go.
"""

import errno
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from core.runs.plain import is_plain, plain, read_plain

NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES, errno.EISDIR}  # of systems that sync no folders
MOST_JSON = 2**24  # bytes of a file that is JSON
FULL = {errno.ENOSPC, errno.EDQUOT}


def write_file(path: Path, content: bytes, synced: bool = True) -> None:
    """Write a file, and wait until it is on the disk, if it is to be synced."""
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        if synced:
            os.fsync(file.fileno())


def sync_file(path: Path) -> None:
    """Wait until what was written to a file is on the disk; a file that is not there needs no waiting."""
    try:
        with open(plain(path), "rb") as file:
            os.fsync(file.fileno())
    except FileNotFoundError:
        pass


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk, where a system can do that (Windows syncs none)."""
    if os.name == "nt":
        return
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in NO_SYNC:
            raise
    finally:
        os.close(folder)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, so that they are there after a power cut; one that is there already stays."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    if missing:
        path.mkdir(parents=True, exist_ok=True)
    for folder in reversed(missing):
        sync_folder(folder.parent)


def publish(making: Path, final: Path) -> None:
    """Give a folder whose files are synced its name: from then on it counts, and it survives a power cut."""
    sync_folder(making)
    os.rename(making, final)
    sync_folder(final.parent)


def discard(folder: Path, hidden: Path) -> None:
    """Delete a folder that counts, all of it or nothing: under a hidden name, so that `sweep` can delete the rest."""
    try:
        os.rename(folder, hidden)
    except OSError:  # gone, or where nobody may delete
        return
    shutil.rmtree(hidden, ignore_errors=True)


def read_json(path: Path) -> Any:
    """Read a JSON file; ValueError, one sentence, when that is not possible."""
    try:
        return json.loads(read_plain(path, MOST_JSON).decode())
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} cannot be read ({type(error).__name__})") from None


def write_json(path: Path, content: Any, synced: bool = True) -> None:
    """Replace a JSON file, complete or not at all; after a power cut, what is not synced may be empty."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")  # threads of one server write here too
    try:
        write_file(temporary, json.dumps(content).encode(), synced)
        os.replace(temporary, path)
        if synced:
            sync_folder(path.parent)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def write_over_if_full(path: Path, content: Any, synced: bool = True) -> None:
    """Replace a JSON file as `write_json` does; on a full disk, write over the one that is there, in one go."""
    try:
        write_json(path, content, synced)
    except OSError as error:
        if error.errno not in FULL or not is_plain(path):
            raise
        _write_over(path, json.dumps(content).encode())


def disk_trouble(error: OSError) -> str:
    """Return why something could not be written, as the beginning of a sentence."""
    if error.errno in FULL:
        return f"The disk is full ({error.strerror})"
    return f"The disk cannot be used ({error.strerror or error!s:.100})"


def remedy(error: OSError) -> str:
    """Return what helps, as the end of a sentence."""
    return "free some disk space" if error.errno in FULL else "see to it that the folder of runs can be written to"


def _write_over(path: Path, content: bytes) -> None:
    file = os.open(path, os.O_WRONLY)
    try:
        content = content.ljust(os.fstat(file).st_size)  # with spaces: what is read meanwhile is JSON, and none cut off
        if os.pwrite(file, content, 0) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(file)
