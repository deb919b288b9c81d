"""The folders of a run that are named after a step: its snapshots, and its states to go on from."""

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from core.runs.durable import discard, publish, sync_folder, write_file
from core.runs.plain import is_plain

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

    final = run / kind / f"step-{step:07d}"
    if final.exists():
        return
    if final.parent.exists() and not is_plain(final.parent, folder=True):
        raise OSError(f"The folder {kind!r} of the run leads elsewhere; put a plain folder in its place")
    making = _hidden(run, kind, step)
    shutil.rmtree(making, ignore_errors=True)
    try:
        making.mkdir()
        for name, content in tensors.items():
            save_tensors(content, making / f"{name}.safetensors")
        for name, content in notes.items():
            write_file(making / f"{name}.json", json.dumps(content).encode())
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
