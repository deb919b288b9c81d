"""How the threads of a step wait for each other: long while they have the machine for themselves, else briefly.

Threads that share a step meet after every operation. torch's OpenMP (libgomp) lets whoever is early spin for some
milliseconds, which is quickest while every thread has a core of its own. Beside other work the core that it spins on is
the one that the late thread waits for, and a step takes ten times as long. No way of waiting changes a number: which
thread adds what depends on how many they are, and that stays as it is.
"""

import functools
import os
import threading
import time
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from pathlib import Path

from core.runs.cgroups import cpu_limit

# Turns of libgomp's loop, about a tenth of a millisecond, for a process that does not look how busy the machine is:
# the server, which computes beside its workers. On a quiet machine a step takes up to a fifth longer with them.
WAITING = {"GOMP_SPINCOUNT": "2000"}
MOST_CORES = 16  # with which one looks: a team of more threads, only to be asleep, is too much
EACH = 0.25  # seconds between two looks
WAITED, DID_NOT_WAIT = 0.15, 0.08  # of the time in which threads would have computed, they waited for a core
LEAST = 0.05  # seconds of that time, from which on it says something
CALM = 2  # looks one after the other at a quiet machine, until it is taken for one


def set_waiting(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let threads spin briefly and then sleep, whoever computes beside them; it must be said before torch is loaded."""
    if not is_said(environment):
        environment.update(WAITING)


def is_said(environment: MutableMapping[str, str] = os.environ) -> bool:
    """Tell whether somebody has said how threads are to wait."""
    return "OMP_WAIT_POLICY" in environment or "GOMP_SPINCOUNT" in environment


def can_look() -> bool:
    """Tell whether this machine says how long threads wait for a core, and has few.

    A container with an allowance of time pays for spinning, so there it is brief in any case.
    """
    return waited() is not None and 1 < len(os.sched_getaffinity(0)) <= MOST_CORES and cpu_limit() is None


def use_threads(count: int) -> None:
    """Let torch compute with so many threads, which wait for each other as it is best beside whoever else computes."""
    import torch

    if count > 1:
        _of_this_process().look()
    torch.set_num_threads(count)


@functools.cache
def _of_this_process() -> "Waiting":
    return Waiting()


def waited() -> tuple[float, float] | None:
    """Return the seconds that this process's threads have computed, and those that they waited for a core meanwhile.

    Linux tells both for each thread (Documentation/scheduler/sched-stats.rst). None elsewhere.
    """
    computed = delayed = 0
    try:
        threads = list(os.scandir("/proc/self/task"))
    except OSError:
        return None
    for thread in threads:
        with suppress(OSError, ValueError, IndexError):  # it has ended meanwhile, or nothing of it is told
            fields = [int(field) for field in Path(thread.path, "schedstat").read_text().split()]
            computed, delayed = computed + fields[0], delayed + fields[1]
    return (computed / 1e9, delayed / 1e9) if computed else None


class Team:
    """Threads of OpenMP that only sleep. While they exist, the process has more threads than there are cores.

    libgomp reads once how long to spin, but while a process has more threads than cores (libgomp's
    `gomp_throttled_spin_count_var`) it spins a hundred turns only. That is the one way to change it later.
    """

    def __init__(self, size: int):
        """Start them, and return when they sleep. It sets torch's number of threads for all: set it again."""
        self.size, self.asleep, self.over = size, threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._sleep, name="waiting", daemon=True)
        self.thread.start()
        self.asleep.wait()

    def _sleep(self) -> None:
        import torch

        torch.set_num_threads(self.size)
        torch.ones(self.size << 16).sum()  # enough for each to have a part, so that all are started
        self.asleep.set()
        self.over.wait()

    def end(self) -> None:
        """End them."""
        self.over.set()
        self.thread.join()


class Waiting:
    """Lets this process's threads spin long while they have a core each, and briefly beside others."""

    def __init__(
        self, told: Callable[[], tuple[float, float] | None] = waited, clock: Callable[[], float] = time.monotonic
    ):
        """Until the machine is known to be quiet, threads spin briefly. told: what threads computed, and waited."""
        self.told, self.clock, self.is_on = told, clock, not is_said() and can_look()
        self.team: Team | None = None
        self.before: tuple[float, float] | None = None
        self.looked, self.calm = -EACH, 0

    def look(self) -> None:
        """Look, between two steps, who else computes; once in a while. Set torch's number of threads after it."""
        now = self.clock()
        if not self.is_on or now - self.looked < EACH:
            return
        self.looked = now
        self._count(self.told())
        if self.team is None and self.calm == 0:
            self.team = Team(len(os.sched_getaffinity(0)))
        elif self.team and self.calm >= CALM:
            self.team.end()
            self.team = None

    def _count(self, told: tuple[float, float] | None) -> None:
        """Count the looks at a quiet machine. Between quiet and busy, nothing changes."""
        if told is None or self.before is None:
            self.before = told
            return
        computed, delayed = (new - old for new, old in zip(told, self.before, strict=True))
        if computed + delayed < LEAST:
            return
        self.before = told
        share = delayed / (computed + delayed)
        if share > WAITED:
            self.calm = 0
        elif share < DID_NOT_WAIT:
            self.calm += 1
