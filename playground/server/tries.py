"""Tries at a password: wrong ones are few, and a right one never waits long behind those of others.

A whole class often stands behind one address, so wrong tries must not shut it out. An address may be wrong some times
at once, and from then on once in a while; who tries then waits for a turn, right or wrong, for only a try that is
looked at can be told to be right. So many may wait that a script with a few tries at once sends no neighbour of its
address away, and an address has at most half of the places that others leave. The clock is the event loop's.
Left out on purpose: telling the people behind an address apart, which a script would feign.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from playground.server.origins import neighbourhood

WRONG, PACE = 10, 2.0  # wrong tries of an address at once, and then so many a second
WRONG_OF_ALL, PACE_OF_ALL = 100, 10.0  # of everybody
PLACES, PLACES_OF_ALL = 60, 400  # of those who wait for their turn
MOST_ADDRESSES = 10_000  # that are remembered


@dataclass
class Allowance:
    """Wrong tries that are left, and a turn for each who looks whether there is one."""

    most: int
    pace: float
    left: float
    at: float = 0.0
    waiting: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def one(self) -> None:
        """Wait until a wrong try is left."""
        while self.count() < 1:
            await asyncio.sleep((1 - self.left) / self.pace + 1e-6)

    def count(self) -> float:
        """Return how many are left by now."""
        now = asyncio.get_running_loop().time()
        self.left, self.at = min(self.most, self.left + (now - self.at) * self.pace), now
        return self.left


class Tries:
    """The tries of everybody at one password."""

    def __init__(self):
        self.all = Allowance(WRONG_OF_ALL, PACE_OF_ALL, WRONG_OF_ALL)
        self.of_addresses: OrderedDict[str, Allowance] = OrderedDict()

    async def is_right(self, address: str, look: Callable[[], bool]) -> bool | None:
        """Tell in its turn whether a try is right; None: too many wait for theirs."""
        mine = self._of(address)
        if mine.waiting >= min(PLACES, PLACES_OF_ALL - self.all.waiting):
            return None
        mine.waiting += 1
        self.all.waiting += 1
        try:
            async with mine.turn:
                await mine.one()
                async with self.all.turn:
                    await self.all.one()
                    if look():
                        return True
                    mine.left -= 1
                    self.all.left -= 1
                    return False
        finally:
            mine.waiting -= 1
            self.all.waiting -= 1

    def _of(self, address: str) -> Allowance:
        name = neighbourhood(address)
        mine = self.of_addresses.pop(name, None) or Allowance(WRONG, PACE, WRONG)
        self.of_addresses[name] = mine
        while len(self.of_addresses) > MOST_ADDRESSES:  # those who wait hold theirs themselves
            self.of_addresses.popitem(last=False)
        return mine
