"""What a worker does while nobody trains: it pays for torch's first uses, and measures how fast this machine trains."""

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from core.runs.cost import SPEED_FILE, Speed, measure_speed
from core.runs.machine import Load, was_busy

ROUGH_AFTER = 30.0  # seconds without a quiet moment, after which a rough speed is better than none


class Cores(Protocol):
    """What is needed here of the lock by which processes share the cores."""

    def are_busy(self) -> bool:
        """Tell whether any process computes at this moment."""

    def held(self, all_cores: bool) -> AbstractContextManager:
        """Wait for one core, or for all of them, and hold them for a while."""


def warm_up(root: Path, cores: Cores, waited: float) -> None:
    """Pay for torch's first uses on one core, so that the first run need not."""
    with cores.held(all_cores=False):
        measure_speed(probe_steps=1, threads=1)


def measure(root: Path, cores: Cores, waited: float) -> bool:
    """Measure how fast this machine trains; return whether that is to be tried again, later.

    What was measured beside other work, a run in another process or another program, is thrown away; but for the
    first number of a machine that had no quiet moment in the `waited` seconds: it is kept, and marked as rough.
    """
    known = Speed.load(root / SPEED_FILE)
    hasty = known is None and waited >= ROUGH_AFTER
    busy = cores.are_busy()
    if busy and not hasty:
        return True
    with cores.held(all_cores=not hasty):
        began = Load.now()
        speed = measure_speed(guess=hasty)
        busy = busy or was_busy(began)
    if speed is None or (busy and not hasty):
        return True
    try:
        replace(speed, learned=known.learned if known else {}, rough=speed.rough or busy).save(root / SPEED_FILE)
    except OSError:  # no disk space: then the page does not say how long a run will take
        return False
    return speed.rough or busy
