"""Places that are shared out among addresses, so that one alone, or a second beside it, never fills them all."""

from collections import Counter

from playground.server.origins import neighbourhood


class Places:
    """The places that each address has taken; it has at most half of what the others leave."""

    def __init__(self):
        self.taken: Counter[str] = Counter()  # address -> its places

    def take(self, address: str, most: int, mine: int = 0, standing: int = 0) -> str | None:
        """Take one of `most` places and return whose it is; None when none is left for this address.

        mine, standing: places that are taken elsewhere, by this address and by all.
        """
        name = neighbourhood(address)
        if mine + self.taken[name] >= most - standing - self.taken.total():
            return None
        self.taken[name] += 1
        return name

    def leave(self, name: str) -> None:
        """Give a place back."""
        self.taken[name] -= 1
        if not self.taken[name]:
            del self.taken[name]
