"""Connections that ask for little and hold much: bounded in number, and closed when they are too slow.

uvicorn waits for ever for the head and the body of a request, and takes connections until no files are left to it;
then it logs an error a thousand times a second. Here its own protocol gets clocks and counts. A request whose answer is
under way has no clock: a feed or a download may take as long as it takes.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from playground.server.origins import neighbourhood
from playground.server.profiles import Profile

SPARE = 200  # files for everything else: runs, assets, the pipes of workers
PIECE = 65_536  # bytes of a body that have to come within `body_seconds`


class Connections:
    """The connections of a server at the moment; is_proxy: tells of an address whether all come from it."""

    def __init__(self, profile: Profile, is_proxy: Callable[[str], bool] = lambda address: False):
        self.profile, self.is_proxy = profile, is_proxy
        self.most = min(profile.connections, raise_file_limit() - SPARE)
        self.held: dict[str, dict[Any, None]] = {}  # whose -> their connections, the oldest first
        self.number = self.refused = 0
        self.server: Any = None

    def bound(self, server: Any) -> None:
        """Bound the connections of a uvicorn server that runs; its protocol is looked up for each new connection."""
        self.server = server
        server.config.http_protocol_class = type(
            "Bounded", (Clocked, server.config.http_protocol_class), {"bounds": self}
        )
        logger = logging.getLogger("asyncio")
        if not any(isinstance(each, Seldom) for each in logger.filters):
            logger.addFilter(Seldom())

    def enter(self, address: str, connection: Any) -> str | None:
        """Count a connection and return whose it is; None where there is no room for it."""
        whose = neighbourhood(address)
        mine = self.held.get(whose, {})
        most = None if self.is_proxy(address) else self.profile.connections_of_address
        fits = most is None or len(mine) < most or self._drop_idle(whose)
        if not fits or (self.number >= self.most and not self._make_room(len(mine))):
            self.refused += 1
            return None
        self.number += 1
        self.held.setdefault(whose, {})[connection] = None
        return whose

    def leave(self, whose: str, connection: Any) -> None:
        """Count a connection out, once."""
        mine = self.held.get(whose, {})
        if connection in mine:
            del mine[connection]
            self.number -= 1
            if not mine:
                del self.held[whose]

    def _make_room(self, mine: int) -> bool:
        """Close a connection of whoever has most, so that one who holds all of them shuts nobody out."""
        whose = max(self.held, key=lambda each: len(self.held[each]), default=None)
        if whose is None or self._drop_idle(whose):
            return whose is not None
        if len(self.held[whose]) <= mine + 1:
            return False
        self._drop(whose, next(reversed(self.held[whose])))
        return True

    def _drop_idle(self, whose: str) -> bool:
        """Close the oldest connection of theirs that waits for no answer; tell whether there is one."""
        found = next((each for each in self.held[whose] if not each.is_answering), None)
        if found is not None:
            self._drop(whose, found)
        return found is not None

    def _drop(self, whose: str, connection: Any) -> None:
        self.leave(whose, connection)
        connection.transport.abort()


def raise_file_limit() -> int:
    """Let this process open as many files as it may, and return how many."""
    try:
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard == resource.RLIM_INFINITY:
            hard = max(soft, 65_536)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return hard
    except (ImportError, ValueError, OSError):  # Windows, or not allowed: what there was
        return 1_024


class Clocked:
    """What stands before a protocol of uvicorn's: clocks and counts. Both of its protocols have the same methods."""

    bounds: Connections
    clock: asyncio.TimerHandle | None = None
    whose: str | None = None  # while it is counted
    arrived = 0  # bytes of the present piece of a body

    @property
    def is_answering(self) -> bool:
        """Tell whether a request has come whole, and its answer is under way."""
        return self.clock is None and self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: Any) -> None:
        """Count a new connection, or drop it; its first head has to come soon."""
        super().connection_made(transport)
        address = (transport.get_extra_info("peername") or ("?",))[0]
        self.whose = self.bounds.enter(address, self)
        if self.whose is None:
            transport.abort()
            return
        self._wait(self.bounds.profile.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count a connection out."""
        self._stop()
        if self.whose is not None:
            self.bounds.leave(self.whose, self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Handle what came, and set the clock by what has to come next."""
        known = self.cycle
        super().data_received(data)
        if self.transport.is_closing():
            return self._stop()
        begun = self.cycle is not known
        self.arrived = 0 if begun else self.arrived + len(data)
        if self.cycle is None or self.cycle.response_complete:
            if self.clock is None:  # the head of the next request has begun, and is not whole
                self._wait(self.bounds.profile.header_seconds)
        elif not self.cycle.more_body:
            self._stop()  # the request is whole: the answer may take its time
        elif begun or self.arrived >= PIECE:
            self.arrived = 0
            self._wait(self.bounds.profile.body_seconds)

    def on_response_complete(self) -> None:
        """Stop the clock: uvicorn has one of its own between two requests."""
        self._stop()
        super().on_response_complete()

    def _wait(self, seconds: float) -> None:
        self._stop()
        self.clock = self.loop.call_later(seconds, self._too_slow)

    def _stop(self) -> None:
        if self.clock:
            self.clock.cancel()
            self.clock = None

    def _too_slow(self) -> None:
        self.clock = None
        self.transport.abort()


class Seldom(logging.Filter):
    """Let the error of a full table of files through once: asyncio says it a thousand times a second."""

    said = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to log a record."""
        if "out of system resource" not in record.getMessage():
            return True
        first, self.said = not self.said, True
        return first
