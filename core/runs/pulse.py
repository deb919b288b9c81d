"""The signs of life of a worker process: it moves a count in shared memory with every piece of work.

A process that hangs, stopped by somebody or in a step that never returns, holds the cores that it has locked, and all
runs behind it stand. So whoever started it looks at the count, and ends a process that was silent for longer than the
piece of work that it has in hand may take.
"""

import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.context import BaseContext
from pathlib import Path

STARTING = 120.0  # seconds in which a process has imported torch, wherever it has to do so itself
PATIENCE = 20.0  # seconds that any piece of work may take; a large one is given more (`cost.longest_piece`)
MOST_BETWEEN = 2.0  # seconds between two looks, of which more count as none: then the one who looks stood still too
PLACES = 64  # processes that may share the cores


class Told:
    """What a worker process tells those who started it, in shared memory.

    Without locks: only the worker writes it, and if it were killed it would not release a lock.
    """

    def __init__(self, context: BaseContext | None = None, shares: "Shares | None" = None, place: int = 0):
        """shares: what all processes that share the cores know of each other, and which of them this one is."""
        context = context or multiprocessing.get_context()
        self.running_run_id = context.RawArray("c", 80)  # whose turn it is
        self.acknowledged = context.RawValue("Q", 0)  # commands that it has handled
        self.beats, self.patience = context.RawValue("Q", 0), context.RawValue("d", STARTING)
        self.shares, self.place = shares or Shares(context), place
        self.shares.tell(place, 0)

    def beat(self, patience: float | None = None) -> None:
        """Show life. patience: the seconds that a piece of work may take from now on."""
        if patience is not None:
            self.patience.value = patience
        self.beats.value += 1


class Shares:
    """How many owners of runs each process works for: it holds the cores for that share of a round."""

    def __init__(self, context: BaseContext | None = None):
        self.owners = (context or multiprocessing.get_context()).RawArray("d", PLACES)

    def tell(self, place: int, owners: int) -> None:
        """Say for how many owners a process works now."""
        self.owners[place % PLACES] = owners

    def of(self, place: int) -> float:
        """Return the share of the cores that a process is due: of all owners that any process works for, its own."""
        return self.owners[place % PLACES] / max(1.0, sum(self.owners))


class Pulse:
    """How long a process has been silent, as who looks at it now and then counts it."""

    def __init__(
        self, told: Told, pid: int | None, clock: Callable[[], float] = time.monotonic,
        computed: Callable[[int | None], float | None] | None = None,
    ):  # fmt: skip
        """computed: the seconds of a core that a process has taken, by its id; None where nobody knows."""
        self.told, self.pid, self.clock, self.computed = told, pid, clock, computed or cpu_seconds
        self.beats, self.silent = -1, 0.0
        self.looked, self.had_computed = clock(), self.computed(pid)

    def look(self) -> float:
        """Return the seconds of silence.

        A process that computes, but is given little of the machine, is silent only as long as it computes.
        """
        now, computed = self.clock(), self.computed(self.pid)
        passed = min(MOST_BETWEEN, now - self.looked)
        if computed is not None and self.had_computed is not None and computed > self.had_computed:
            passed = min(passed, computed - self.had_computed)
        self.looked, self.had_computed = now, computed
        beats = self.told.beats.value
        self.silent = self.silent + passed if beats == self.beats else 0.0
        self.beats = beats
        return self.silent

    @property
    def is_hung(self) -> bool:
        """Tell whether the process was silent for longer than its piece of work may take."""
        return self.silent > self.told.patience.value


def cpu_seconds(pid: int | None) -> float | None:
    """Return the seconds of a core that a process has taken; None where nobody tells (not Linux)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return None


def lives(pid: int) -> bool:
    """Tell whether a process is there, and has not ended but for somebody who asks how; Linux only."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (OSError, IndexError):
        return False
