"""The line of those who press Train: who would wait in it for longer than a moment is told so at once.

How long a press takes is measured while presses are worked off, beside whatever else the machine does; nothing is
assumed of how fast it is. The guard asks here before Gradio sees a call. Left out on purpose: how many runs may train
(`limits.py`), which takes longer to look up.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playground.server.places import Places
from playground.server.refusal import Refusal

NAME = "train"  # the `concurrency_id` of the handlers that start a run
MOMENT = 1.5  # seconds of work that may stand in the line
FEWEST, MOST = 8, 100  # presses in the line, however long one takes
FIRST, LONGEST = 0.05, 1.0  # seconds that a press is taken to need before one was seen; the most that one counts for
AGAIN = 5.0  # seconds after which who found no place in the queue may ask again
WEIGHT = 0.1  # of the newest press in the mean


class Shares(Places):
    """The places of Gradio's queue: of those whom the guard lets in, until Gradio has taken them."""

    @contextmanager
    def enter(self, address: str, mine: int, standing: int, most: int) -> Iterator[None]:
        """Let a call in until Gradio has taken it; Refusal where no place is left for its address.

        mine, standing: calls of this address, and of all, that Gradio has taken; most: how many it takes.
        """
        name = self.take(address, most, mine, standing)
        if name is None:
            raise Refusal(429, "As many calls as the server takes are waiting; try again in a moment", wait=AGAIN)
        try:
            yield
        finally:
            self.leave(name)


class Line:
    """The presses that are waited for, and the pace at which they are worked off."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.clock, self.lock = clock, threading.Lock()
        self.entering = 0  # let in by the guard, and not taken by Gradio yet
        self.working, self.since = 0, 0.0
        self.seconds = FIRST  # between two that are worked off, while there are any

    @property
    def bound(self) -> int:
        """The presses that may stand in the line."""
        return int(min(MOST, max(FEWEST, MOMENT / self.seconds)))

    @contextmanager
    def enter(self, standing: int) -> Iterator[None]:
        """Let a press in until Gradio has taken it; Refusal where `standing` of them fill the line."""
        count = standing + self.entering
        if count >= self.bound:
            wait = max(2, math.ceil(count * self.seconds))
            raise Refusal(429, f"{count} people are waiting to train; try again in about {wait} s", wait=wait - 0.5)
        self.entering += 1
        try:
            yield
        finally:
            self.entering -= 1

    @contextmanager
    def worked_off(self) -> Iterator[None]:
        """Measure the work on a press while the block lasts; several may be worked on at once."""
        with self.lock:
            if not self.working:
                self.since = self.clock()
            self.working += 1
        try:
            yield
        finally:
            with self.lock:
                now = self.clock()
                self.seconds += WEIGHT * (min(LONGEST, now - self.since) - self.seconds)
                self.working, self.since = self.working - 1, now
