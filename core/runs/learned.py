"""What this machine learned from the runs that it finished: how long a step and an estimate really take."""

from dataclasses import replace
from pathlib import Path

from core.runs.config import RunConfig
from core.runs.cost import SPEED_FILE, Speed, shape_key
from core.runs.machine import Load, was_busy

FEWEST_STEPS = 20  # that tell how long a step takes
LAST_STEPS = 500
SLOWER = 1.2  # times as long as before: more is rather the machine's load than its speed
MOST_SHAPES = 200  # that are remembered


def times_of(rows: list[dict]) -> tuple[float, float] | None:
    """Return the seconds of a step and those of an estimate, with sample and snapshot; None when the rows are too few.

    A step: the quarter of them that was least disturbed took no longer. An estimate: what the run took beside.
    """
    rows = [row for row in rows if row.get("seconds") is not None and row.get("elapsed") is not None]
    seconds = sorted(row["seconds"] for row in rows[-LAST_STEPS:])
    if len(rows) < FEWEST_STEPS:
        return None
    estimates = sum("val_loss" in row for row in rows)
    rest = rows[-1]["elapsed"] - rows[0]["elapsed"] - sum(row["seconds"] for row in rows[1:])
    return seconds[len(seconds) // 4], max(0.0, rest) / max(1, estimates)


def learn(root: Path, config: RunConfig, rows: list[dict], began: Load | None) -> None:
    """Remember, beside the runs, how long a finished run took, unless others were computing meanwhile."""
    own = [row for row in rows if row.get("step", 0) > (config.parent_step or 0)]  # before: what a fork took over
    speed, times = Speed.load(root / SPEED_FILE), times_of(own)
    if speed is None or times is None or config.device != "auto" or was_busy(began):
        return
    key = shape_key(config.model, config.train)
    if key in speed.learned:
        times = tuple(min(new, SLOWER * old) for new, old in zip(times, speed.learned[key], strict=True))
    kept = list({**speed.learned, key: list(times)}.items())[-MOST_SHAPES:]
    try:
        replace(speed, learned=dict(kept)).save(root / SPEED_FILE)
    except OSError:  # no disk space: the next run tells it again
        pass
