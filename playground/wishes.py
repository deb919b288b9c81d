"""What each page wants written just now, so that Stop reaches it in the queue, while its model loads, and as it writes.

A click on a button that writes is a wish with a ticket of its own; a writing goes on only while its ticket is the one
that its page holds. So Stop takes the ticket away, wherever the writing is, and a later click is not stopped by it.
"""

import secrets
import threading
import time
from collections.abc import Callable

MOST = 1_000  # pages; one that was closed while it waited never takes its wish back
LANES = 2  # that write at once
MOST_WAIT = 60.0  # seconds that anybody shall wait for those before
FIRST, WEIGHT = 2.0, 0.2  # seconds that a writing is taken to need before one was seen; the weight of the newest
FORGOTTEN = 600.0  # seconds after which a wish that nobody ended stands before nobody


class Wishes:
    """The wish of each page; at most one a page."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._tickets: dict[str, str] = {}
        self._lock = threading.Lock()
        self._clock, self._since, self._seconds = clock, {}, FIRST

    def check_wait(self, page: str) -> None:
        """Refuse a wish that would wait for too long behind those of others (ValueError)."""
        now = self._clock()
        since = [self._since.get(ticket, 0.0) for other, ticket in list(self._tickets.items()) if other != page]
        before = sum(now - began < FORGOTTEN for began in since)
        wait = before / LANES * self._seconds
        if before > LANES and wait > MOST_WAIT:
            raise ValueError(f"{before} people are writing or wait for it; try again in about {wait - MOST_WAIT:.0f} s")

    def took(self, seconds: float) -> None:
        """Note how long a writing took, for those who wait."""
        self._seconds += WEIGHT * (seconds - self._seconds)

    def __len__(self) -> int:
        """Return how many pages want something written."""
        return len(self._tickets)

    def ask(self, page: str) -> str:
        """Return the ticket of a new wish, which takes the place of the page's earlier one."""
        ticket = secrets.token_hex(8)
        with self._lock:
            self._tickets.pop(page, None)
            self._tickets[page] = ticket
            self._since = {each: self._since.get(each, self._clock()) for each in self._tickets.values()}
            if len(self._tickets) > MOST:
                del self._tickets[next(iter(self._tickets))]
        return ticket

    def stop(self, page: str) -> bool:
        """Take a page's wish back; return whether there was one."""
        return self._tickets.pop(page, None) is not None

    def end(self, page: str, ticket: str) -> None:
        """Forget a wish that is fulfilled."""
        with self._lock:
            if self._tickets.get(page) == ticket:
                del self._tickets[page]

    def holds(self, page: str, ticket: str) -> bool:
        """Return whether a wish still stands."""
        return self._tickets.get(page) == ticket

    def is_stopped(self, page: str) -> bool:
        """Return whether a page wants nothing now; where it wants something else, a newer wish has taken the place."""
        return page not in self._tickets
