"""Which snapshots of a run are made and kept: most where most happens, and of a large model only a few.

Small models keep them all. Those of a large one (GPT-2: 498 MB each) may take MOST_BYTES together: the first and the
last stay, and between them those that are spread most evenly on a logarithmic scale, as they were made.

At some of these steps all that a run needs to go on exactly is kept too, so that it can be forked there. Such a state
is three times as large, so fewer are kept: at most MOST_STATES, in STATE_BYTES; of a model of which not two fit, none.
"""

import shutil
import time
from pathlib import Path

from core.config import TrainConfig

MOST_BYTES = 2_000_000_000  # of all snapshots of a run together
FEWEST = 3  # that are kept whatever their size: the first, one in between and the last
LARGE = MOST_BYTES // 20  # bytes of one: of smaller ones no run has so many
IN_USE = 600.0  # seconds since somebody read a snapshot, in which it is not deleted
FIRST_STATE = 50  # the first step of which the state is kept: whoever wants an earlier one begins anew
MOST_STATES = 6
STATE_BYTES = 300_000_000  # of all kept states of a run together
MARK = "used"  # a file beside a large snapshot's weights: its time says when they were read last


def is_snapshot_step(step: int) -> bool:
    """Tell whether a step is one of 0, 1, 2, 5, 10, 20, 50, 100 ...: most snapshots where most happens."""
    return step == 0 or str(step).rstrip("0") in {"1", "2", "5"}


def snapshot_bytes(parameters: int, train: TrainConfig) -> int:
    """Return how many bytes the snapshots take that a run keeps: four a parameter and snapshot."""
    made = len({step for step in range(train.steps + 1) if is_snapshot_step(step)} | {train.steps})
    return 4 * parameters * min(made, _most(4 * parameters))


def is_state_step(step: int) -> bool:
    """Tell whether the state of a step is to be kept: 50, 100, 200, 500 ..."""
    return step >= FIRST_STATE and is_snapshot_step(step)


def most_states(parameters: int) -> int:
    """Return how many states a run of so many parameters keeps; each has a weight and AdamW's two numbers of all."""
    fitting = min(MOST_STATES, STATE_BYTES // (3 * 4 * max(1, parameters)))
    return fitting if fitting > 1 else 0


def state_bytes(parameters: int, train: TrainConfig) -> int:
    """Return the most bytes that the kept states take, and the one that is written before another goes."""
    made, most = len([step for step in range(train.steps + 1) if is_state_step(step)]), most_states(parameters)
    return 3 * 4 * parameters * min(made, most + 1) if most else 0


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
