"""The watch over worker processes: one that died, or that hangs, is replaced, and its runs go on in the new one."""

import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import wait

from core.runs.processes import Process

EACH = 1.0  # seconds between two looks
SHORT_LIFE = 2.0  # seconds; a worker that ends sooner could not even start


class Watch(threading.Thread):
    """Looks at the processes of a list once a second, and replaces them in it.

    Only this thread replaces workers; it waits and starts processes without a lock, so no button waits for it. Nothing
    ends it but `closed`: what goes wrong at one look is tried again at the next.
    """

    def __init__(
        self,
        processes: Callable[[], list[Process]],
        successor: Callable[[int], Process],
        replace: Callable[[int, Process], None],
        closed: threading.Event,
        each: Callable[[], None] = lambda: None,
    ):
        """successor: starts another process for a place of the list; replace: puts it there and hands the runs over.

        each: is called at each look.
        """
        super().__init__(name="worker-watch", daemon=True)
        self.processes, self.successor, self.replace, self.closed, self.each = (
            processes,
            successor,
            replace,
            closed,
            each,
        )

    def run(self) -> None:
        """Look until the store is closed."""
        while not self.closed.is_set():
            try:
                self.look()
            except Exception:
                traceback.print_exc()
                self.closed.wait(EACH)

    def look(self) -> None:
        """Wait a while for a process to end, end those that hang, and replace both."""
        processes = self.processes()
        ended = wait([process.process.sentinel for process in processes], timeout=EACH)
        for place, process in enumerate(processes):
            process.pulse.look()
            if process.process.sentinel in ended or process.pulse.is_hung:
                if self.closed.is_set():
                    return
                process.end()
                self._replace(place, process)
        self.each()

    def _replace(self, place: int, dead: Process) -> None:
        try:
            successor = self.successor(place)
        except (OSError, EOFError):  # no memory for a new process at the moment, or the fork server was just killed
            self.closed.wait(EACH)
            return
        self.replace(place, successor)
        if successor.started - dead.started < SHORT_LIFE:  # it cannot even start: try again, but not at once
            self.closed.wait(EACH)
