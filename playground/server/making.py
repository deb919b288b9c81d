"""Files that are made for each who asks: few at a time, and the places to wait for them shared out among addresses.

A picture takes a tenth of a second in which no other Python gets on, and a zip takes a copy of the weights on the disk
until it is sent. A hundred of them at once would fill the threads in which every handler runs. Left out on purpose:
who may have which file (`rights.py`).
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playground.server.origins import neighbourhood
from playground.server.refusal import Refusal

AT_ONCE = 2  # files that are made at the same time
PLACES = 80  # for those who wait, or whose file is still on the disk
AGAIN = 5.0  # seconds after which who found no place may ask again


class Making:
    """The places of those whose file is being made."""

    def __init__(self):
        self.turns = asyncio.Semaphore(AT_ONCE)
        self.taken: Counter[str] = Counter()  # address -> its places

    def enter(self, address: str) -> str:
        """Take a place, and return whose it is; Refusal when there is none.

        An address has at most half of the places that the others leave, so that one alone never shuts them out.
        """
        name = neighbourhood(address)
        if self.taken[name] >= PLACES - self.taken.total():
            raise Refusal(429, "Many files are being made here at the moment; try again in a moment", wait=AGAIN)
        self.taken[name] += 1
        return name

    def leave(self, name: str) -> None:
        """Give a place back."""
        self.taken[name] -= 1
        if self.taken[name] <= 0:
            del self.taken[name]

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until few others are made."""
        async with self.turns:
            yield
