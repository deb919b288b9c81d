"""The folders of a run that are named after a step: its snapshots, and its states to go on from and to fork."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from core.runs.durable import discard, publish, sync_file, sync_folder, write_file
from core.runs.plain import is_plain, plain

if TYPE_CHECKING:
    from torch import Tensor


def step_folders(path: Path) -> list[tuple[int, Path]]:
    """Return the steps that have a folder below path, and the folders, in their order."""
    children = path.glob("step-*") if is_plain(path, folder=True) else ()
    steps = [(child.name.removeprefix("step-"), child) for child in children if is_plain(child, folder=True)]
    return sorted((int(step), child) for step, child in steps if step.isdecimal())


def write_step_folder(
    run: Path, kind: str, step: int, tensors: dict[str, dict[str, "Tensor"]], notes: dict[str, dict]
) -> None:
    """Make the folder of a step with a .safetensors file of each name in tensors and a .json of each in notes.

    It counts when all of it is on the disk. One that is there stays: the same step of a run holds the same numbers.
    """
    from core.pretrained.weights import save_tensors

    def fill(making: Path) -> None:
        for name, content in tensors.items():
            save_tensors(content, making / f"{name}.safetensors")
        for name, content in notes.items():
            write_file(making / f"{name}.json", json.dumps(content).encode())

    _make(run, kind, step, fill)


def link_step_folder(folder: Path, run: Path, kind: str, step: int) -> None:
    """Make the folder of a step out of another run's: its weights get a second name, which takes no space.

    Such files are never changed, and each run can be deleted without the other. Where a disk has no second names, they
    are copied. FileNotFoundError when the folder is gone or has no weights, OSError when it cannot be taken over.
    """

    def fill(making: Path) -> None:
        for file in folder.iterdir():
            if file.suffix in (".safetensors", ".json"):  # and not the mark of a snapshot that is looked at
                _link(plain(file), making / file.name)
        plain(making / "model.safetensors")  # every such folder has it, unless it is just being deleted

    _make(run, kind, step, fill)


def _link(file: Path, name: Path) -> None:
    if file.suffix == ".safetensors":
        try:
            return os.link(file, name)
        except OSError:  # no second names here, or too many; or the file is gone, which copying tells
            pass
    shutil.copyfile(file, name)
    sync_file(name)


def _make(run: Path, kind: str, step: int, fill: Callable[[Path], None]) -> None:
    """Let a hidden folder be filled, and then give it its name."""
    final = run / kind / f"step-{step:07d}"
    if final.exists():
        return
    if final.parent.exists() and not is_plain(final.parent, folder=True):
        raise OSError(f"The folder {kind!r} of the run leads elsewhere; put a plain folder in its place")
    making = _hidden(run, kind, step)
    shutil.rmtree(making, ignore_errors=True)
    try:
        making.mkdir()
        fill(making)
        if not final.parent.exists():
            final.parent.mkdir()
            sync_folder(run)
        publish(making, final)
    finally:
        shutil.rmtree(making, ignore_errors=True)  # after the rename there is nothing of that name


def discard_step(run: Path, kind: str, step: int) -> None:
    """Delete the folder of a step."""
    discard(run / kind / f"step-{step:07d}", _hidden(run, kind, step))


def _hidden(run: Path, kind: str, step: int) -> Path:
    return run / f".{kind}-{step}-{os.getpid()}"  # `sweep` knows these names
