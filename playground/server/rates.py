"""How often somebody may ask: token buckets, which fill up with time. There are never more of them than MOST.

A name that somebody invents makes no bucket of its own: a person is an open page that the server knows, and whoever is
not known yet is counted by address.
"""

import time
from collections import OrderedDict
from collections.abc import Callable

from playground.server.origins import neighbourhood
from playground.server.profiles import Profile
from playground.server.refusal import Refusal

MOST = 10_000  # buckets; the ones that were not asked for longest go first
NEWCOMERS = 10  # times as much as a person may ask, all of an address together whose pages are not known yet


class Buckets:
    """One bucket a name. It holds at most `most` and fills up by as much in `seconds`; most None: no limit."""

    def __init__(self, most: int | None, seconds: float, clock: Callable[[], float] = time.monotonic):
        self.most, self.seconds, self.clock = most, seconds, clock
        self.left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # name -> what was left, and when

    def wait(self, name: str, count: float = 1) -> float:
        """Take from the bucket of a name; return 0, or the seconds after which there will be enough."""
        if self.most is None:
            return 0.0
        now = self.clock()
        left, when = self.left.pop(name, (float(self.most), now))
        left = min(self.most, left + (now - when) * self.most / self.seconds)
        wait = max(0.0, (count - left) * self.seconds / self.most)
        self.left[name] = (left if wait else left - count, now)
        if len(self.left) > MOST:
            self.left.popitem(last=False)
        return wait


class Rates:
    """The rates of a profile."""

    def __init__(self, profile: Profile, clock: Callable[[], float] = time.monotonic):
        calls, uploads = profile.calls_a_minute, profile.uploads_an_hour
        self.persons = Buckets(calls, 60.0, clock)
        self.newcomers = Buckets(calls and calls * NEWCOMERS, 60.0, clock)
        self.addresses = Buckets(profile.calls_a_minute_of_address, 60.0, clock)
        self.bytes = Buckets(uploads, 3_600.0, clock)

    def call_of_address(self, address: str) -> None:
        """Count a call; Refusal when an address asks too often."""
        _may(self.addresses.wait(neighbourhood(address)))

    def call_of_person(self, session: str | None, address: str) -> None:
        """Count a call by its person. session: of an open page that the server knows; None: it knows none."""
        _may(self.persons.wait(session) if session else self.newcomers.wait(neighbourhood(address)))

    def upload(self, address: str, count: int) -> None:
        """Count bytes that are uploaded; Refusal when they are too many for an hour."""
        if wait := self.bytes.wait(neighbourhood(address), count):
            raise Refusal(429, "You have uploaded as much as is possible in an hour; try again later", wait=wait)


def _may(wait: float) -> None:
    if wait:
        raise Refusal(429, "You ask more often than this server can answer; wait a moment and try again", wait=wait)
