"""Which snapshots of a run are made and kept: most where most happens, and of a large model only a few.

Small models keep them all. Those of a large one (GPT-2: 498 MB each) may take MOST_BYTES together: the first and the
last stay, and between them those that are spread most evenly on a logarithmic scale, as they were made.
"""

import shutil
import time
from pathlib import Path

from core.config import TrainConfig

MOST_BYTES = 2_000_000_000  # of all snapshots of a run together
FEWEST = 3  # that are kept whatever their size: the first, one in between and the last
LARGE = MOST_BYTES // 20  # bytes of one: of smaller ones no run has so many
IN_USE = 600.0  # seconds since somebody read a snapshot, in which it is not deleted
MARK = "used"  # a file beside a large snapshot's weights: its time says when they were read last


def is_snapshot_step(step: int) -> bool:
    """Tell whether a step is one of 0, 1, 2, 5, 10, 20, 50, 100 ...: most snapshots where most happens."""
    return step == 0 or str(step).rstrip("0") in {"1", "2", "5"}


def snapshot_bytes(parameters: int, train: TrainConfig) -> int:
    """Return how many bytes the snapshots take that a run keeps: four a parameter and snapshot."""
    made = len({step for step in range(train.steps + 1) if is_snapshot_step(step)} | {train.steps})
    return 4 * parameters * min(made, _most(4 * parameters))


def kept(steps: list[int], most: int) -> list[int]:
    """Return which of the steps (in order) stay when only so many may: first and last, the others spread evenly.

    One after another, the step goes whose neighbours are closest to each other on a logarithmic scale.
    """
    left = list(steps)
    while len(left) > max(2, most):
        place = min(range(1, len(left) - 1), key=lambda i: (left[i + 1] + 1) / (left[i - 1] + 1))
        del left[place]
    return left


def mark_used(folder: Path) -> None:
    """Note that a snapshot is being looked at, if it is so large that it might be deleted."""
    try:
        if (folder / "model.safetensors").stat().st_size >= LARGE:
            (folder / MARK).touch()
    except OSError:  # deleted just now, or a disk that nobody may write to, where nothing is deleted either
        pass


def thin(folders: dict[int, Path]) -> None:
    """Delete snapshots, given by step, that take more than a run's share of the disk, but none that is in use."""
    try:
        size = max((folder / "model.safetensors").stat().st_size for folder in folders.values())
    except (OSError, ValueError):  # none, or a damaged one
        return
    staying = kept(sorted(folders), _most(size))
    for step in folders.keys() - set(staying):
        if not _is_in_use(folders[step]):
            shutil.rmtree(folders[step], ignore_errors=True)


def _most(size: int) -> int:
    return max(FEWEST, MOST_BYTES // max(1, size))


def _is_in_use(folder: Path) -> bool:
    try:
        return time.time() - (folder / MARK).stat().st_mtime < IN_USE
    except OSError:
        return False
