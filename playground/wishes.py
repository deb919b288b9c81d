"""What each page wants written just now, so that Stop reaches it in the queue, while its model loads, and as it writes.

A click on a button that writes is a wish with a ticket of its own; a writing goes on only while its ticket is the one
that its page holds. So Stop takes the ticket away, wherever the writing is, and a later click is not stopped by it.
"""

import secrets
import threading

MOST = 1_000  # pages; one that was closed while it waited never takes its wish back


class Wishes:
    """The wish of each page; at most one a page."""

    def __init__(self):
        self._tickets: dict[str, str] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many pages want something written."""
        return len(self._tickets)

    def ask(self, page: str) -> str:
        """Return the ticket of a new wish, which takes the place of the page's earlier one."""
        ticket = secrets.token_hex(8)
        with self._lock:
            self._tickets.pop(page, None)
            self._tickets[page] = ticket
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
