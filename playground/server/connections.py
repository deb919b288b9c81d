"""Connections that ask for little and hold much: bounded in number, and closed when they are too slow.

uvicorn waits for ever for the head and the body of a request, and takes connections until no files are left to it;
then it logs an error a thousand times a second. Here its own protocol gets clocks and counts. A request whose answer is
under way has no clock: a feed or a download may take as long as it takes.
"""

import asyncio
import logging
from collections import Counter
from typing import Any

from playground.server.profiles import Profile

SPARE = 200  # files for everything else: runs, assets, the pipes of workers
PIECE = 65_536  # bytes of a body that have to come within `body_seconds`


class Connections:
    """The connections of a server at the moment."""

    def __init__(self, profile: Profile):
        self.profile = profile
        self.most = min(profile.connections, raise_file_limit() - SPARE)
        self.of_address: Counter[str] = Counter()
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

    def enter(self, address: str) -> bool:
        """Count a connection; tell whether there is room for it."""
        each = self.profile.connections_of_address
        if self.number >= self.most or (each is not None and self.of_address[address] >= each):
            self.refused += 1
            return False
        self.number += 1
        self.of_address[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Count a connection out."""
        self.number -= 1
        self.of_address[address] -= 1
        if self.of_address[address] <= 0:
            del self.of_address[address]


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
    address: str | None = None  # while it is counted
    arrived = 0  # bytes of the present piece of a body

    def connection_made(self, transport: Any) -> None:
        """Count a new connection, or drop it; its first head has to come soon."""
        super().connection_made(transport)
        address = (transport.get_extra_info("peername") or ("?",))[0]
        if not self.bounds.enter(address):
            transport.abort()
            return
        self.address = address
        self._wait(self.bounds.profile.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count a connection out."""
        self._stop()
        if self.address is not None:
            self.bounds.leave(self.address)
            self.address = None
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
