"""Which runs may train now: those whose memory, as predicted, fits beside that of all that were let in before.

What a run is promised is its own until it ends, however little of it the run has taken by now: what a machine has free
tells nothing of that. So the room is what is free, and what the workers hold, less all promises. A run that has to wait
for others to end gets a place; one that would not fit into all of it is refused.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from core.config import BigramConfig, GPTConfig
from core.runs.config import State, Status
from core.runs.cost import bytes_needed, check_fits
from core.runs.directory import RunDir
from core.runs.memory import memory_available
from core.runs.processes import Process
from core.runs.seen import Seen


@dataclass
class Waiting:
    """A run that waits for memory."""

    model: GPTConfig | BigramConfig
    batch_size: int
    steps: int | None  # before it pauses; None: it is to train to its end
    place: int = 0  # as it was told last

    @property
    def message(self) -> str:
        """Say what it waits for."""
        needed = bytes_needed(self.model, self.batch_size) / 1e9
        return (
            f"Waiting for memory, at place {self.place}: it needs about {needed:,.1f} GB, which other runs have now; "
            f"it begins when enough of them end"
        )


class Admission:
    """The promises of memory, and those who wait for one, in their order. The store's lock guards it."""

    def __init__(self, seen: Seen, processes: Callable[[], Iterable[Process]]):
        """processes: those that hold memory for runs."""
        self.seen, self.processes = seen, processes
        self.promised: dict[str, int] = {}  # bytes, by run
        self.made: set[str] = set()  # runs of which there is a directory; what becomes of them, it says
        self.waiting: dict[str, Waiting] = {}

    def asks(self, run_id: str, model: GPTConfig | BigramConfig, batch_size: int) -> bool:
        """Promise a run its memory; return False when it has to wait for others, ValueError when that would not help.

        Until `is_made`, the promise holds without the run's directory.
        """
        self.promised.pop(run_id, None)
        needed = bytes_needed(model, batch_size)
        if needed > self.room():
            self.check(model, batch_size)
            return False
        self.promised[run_id] = needed
        self.waiting.pop(run_id, None)
        return True

    def check(self, model: GPTConfig | BigramConfig, batch_size: int) -> None:
        """Refuse what would not fit even after all others have ended (ValueError)."""
        check_fits(model, batch_size, self.room() + sum(self.promised.values()))

    def is_made(self, run_id: str) -> None:
        """From now on the run's directory tells when its promise ends."""
        self.made.add(run_id)

    def forget(self, run_id: str) -> None:
        """End a promise, or the waiting for one."""
        self.promised.pop(run_id, None)
        self.waiting.pop(run_id, None)
        self.made.discard(run_id)

    def room(self) -> int:
        """Return the bytes that no run was promised."""
        for run_id in self.made & self.promised.keys():
            if not self.seen.is_active(run_id):
                self.forget(run_id)
        held = sum(process.held() for process in self.processes())
        return memory_available() + held - sum(self.promised.values())

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
                elif self.asks(run_id, waiting.model, waiting.batch_size):
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
