"""Files that are made for each who asks: few at a time, and the places to wait for them shared out among addresses.

A picture takes a tenth of a second in which no other Python gets on, and a zip takes a copy of the weights on the disk
until it is sent. A hundred of them at once would fill the threads in which every handler runs. Left out on purpose:
who may have which file (`rights.py`).
"""

import asyncio

from playground.server.places import Places
from playground.server.refusal import Refusal

AT_ONCE = 2  # files that are made at the same time
PLACES = 80  # for those who wait, or whose file is still on the disk
AGAIN = 5.0  # seconds after which who found no place may ask again


class Making(Places):
    """The places of those whose file is being made."""

    def __init__(self):
        super().__init__()
        self.turns = asyncio.Semaphore(AT_ONCE)

    def enter(self, address: str) -> str:
        """Take a place, and return whose it is; Refusal when there is none."""
        name = self.take(address, PLACES)
        if name is None:
            raise Refusal(429, "Many files are being made here at the moment; try again in a moment", wait=AGAIN)
        return name
