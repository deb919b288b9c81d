"""Which runs may train now: those whose memory and disk, as predicted, fit beside all that were let in before.

What a run is promised is its own until it ends, however little of it the run has taken by now: what a machine has free
tells nothing of that. So the room is what is free, and what the workers hold, less all promises. A run that has to wait
for others to end gets a place; one that would not fit into all of it is refused. So is a new run that the disk has no
room for, beside what the others will still write: none of that comes back when they end.
"""

import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.runs.config import RunConfig, State, Status
from core.runs.cost import bytes_needed, check_fits, disk_needed
from core.runs.directory import RunDir
from core.runs.memory import memory_available
from core.runs.processes import Process
from core.runs.seen import Seen


@dataclass
class Waiting:
    """A run that waits for memory."""

    config: RunConfig
    steps: int | None  # before it pauses; None: it is to train to its end
    place: int = 0  # as it was told last

    @property
    def message(self) -> str:
        """Say what it waits for."""
        needed = _memory(self.config) / 1e9
        return (
            f"Waiting for memory, at place {self.place}: it needs about {needed:,.1f} GB, which other runs have now; "
            f"it begins when enough of them end"
        )


class Admission:
    """The promises of memory, and those who wait for one, in their order. The store's lock guards it."""

    def __init__(self, seen: Seen, processes: Callable[[], Iterable[Process]]):
        """processes: those that hold memory for runs."""
        self.seen, self.processes = seen, processes
        self.promised: dict[str, int] = {}  # bytes of memory, by run
        self.disk: dict[str, int] = {}  # bytes that its directory will have in the end, likewise
        self.made: set[str] = set()  # runs of which there is a directory; what becomes of them, it says
        self.waiting: dict[str, Waiting] = {}

    def asks(self, run_id: str, config: RunConfig) -> bool:
        """Promise a run its memory; return False when it has to wait for others, ValueError when that would not help.

        Until `is_made`, the promise holds without the run's directory.
        """
        self.promised.pop(run_id, None)
        if _memory(config) > self.room():
            self.check(config)
        else:
            self.promised[run_id] = _memory(config)
            self.waiting.pop(run_id, None)
        self.disk[run_id] = disk_needed(config.model, config.train)
        return run_id in self.promised

    def check(self, config: RunConfig) -> None:
        """Refuse what would not fit even after all others have ended (ValueError)."""
        check_fits(config.model, config.train.batch_size, self.room() + sum(self.promised.values()))

    def check_disk(self, config: RunConfig) -> None:
        """Refuse a new run that does not fit on the disk beside what the active ones will still write (ValueError)."""
        needed, free = disk_needed(config.model, config.train), disk_free(self.seen.root)
        if needed <= free - sum(self.disk.values()):  # beside all that they may take: no folder need be looked into
            return
        self._end_promises()
        others = sum(max(0, most - _written(self.seen.root / run_id)) for run_id, most in self.disk.items())
        if needed > free - others:
            raise ValueError(
                f"This run takes up to {needed / 1e9:,.1f} GB of the disk, but only {max(0, free - others) / 1e9:,.1f} "
                f"GB are free beside what the runs that train will still write; delete runs, or lower n_layer or n_embd"
            )

    def is_made(self, run_id: str) -> None:
        """From now on the run's directory tells when its promise ends."""
        self.made.add(run_id)

    def forget(self, run_id: str) -> None:
        """End a promise, or the waiting for one."""
        for kept in (self.promised, self.disk, self.waiting):
            kept.pop(run_id, None)
        self.made.discard(run_id)

    def room(self) -> int:
        """Return the bytes that no run was promised."""
        self._end_promises()
        held = sum(process.held() for process in self.processes())
        return memory_available() + held - sum(self.promised.values())

    def _end_promises(self) -> None:
        for run_id in self.made & {*self.promised, *self.disk}:
            if not self.seen.is_active(run_id):
                self.forget(run_id)

    def wait(self, run_id: str, waiting: Waiting) -> None:
        """Let a run wait behind those who wait already, and say so in its status."""
        self.waiting[run_id] = waiting
        self._tell_places()

    def let_in(self, begin: Callable[[str, Waiting], None]) -> None:
        """Begin each of those who wait, in their order, for which there is room by now."""
        for run_id, waiting in list(self.waiting.items()):
            try:
                if not self.seen.is_active(run_id):  # paused or deleted, by somebody else
                    self.forget(run_id)
                elif self.asks(run_id, waiting.config):
                    begin(run_id, waiting)
            except (ValueError, OSError) as error:  # others' programs took the memory, or the run is damaged
                self.forget(run_id)
                self._write(run_id, "failed", str(error))
        self._tell_places()

    def _tell_places(self) -> None:
        for place, (run_id, waiting) in enumerate(self.waiting.items(), start=1):
            if waiting.place != place:
                waiting.place = place
                self._write(run_id, "queued", waiting.message)

    def _write(self, run_id: str, state: State, message: str) -> None:
        run = RunDir(self.seen.root / run_id)
        with suppress(OSError, ValueError):  # deleted just now, or no disk space for it
            run.write_status(Status(state, run.status().step, message))


def disk_free(root: Path) -> int:
    """Return the bytes that may still be written where the runs are."""
    there = next(path for path in (root, *root.absolute().parents) if path.exists())  # the first run makes its folder
    return shutil.disk_usage(there).free


def _memory(config: RunConfig) -> int:
    return bytes_needed(config.model, config.train.batch_size)


def _written(folder: Path) -> int:
    """Return the bytes that a run's directory has by now."""
    sizes = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # replaced just now
            sizes += path.stat().st_size
    return sizes
