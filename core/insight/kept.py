"""The last results of something costly, as many as fit into a bound."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from core.once import Once

Made = TypeVar("Made")


class Kept(Generic[Made]):
    """Keeps what was used last, and always the very last; callers who ask at the same time share one call.

    most: what the sizes of all results may sum to; size: of one result, by default 1, so that `most` is a number.
    """

    def __init__(self, most: float, size: Callable[[Made], float] = lambda made: 1):
        self.most, self.size = most, size
        self._kept: dict[Hashable, Made] = {}  # the one used last stands last
        self._lock = threading.Lock()
        self._making: Once[Made] = Once()

    def __contains__(self, key: Hashable) -> bool:
        """Tell whether a result is kept."""
        return key in self._kept

    def __len__(self) -> int:
        """Return how many results are kept."""
        return len(self._kept)

    def held(self) -> float:
        """Return what the sizes of the results sum to."""
        with self._lock:
            return sum(map(self.size, self._kept.values()))

    def clear(self) -> None:
        """Forget all results."""
        with self._lock:
            self._kept.clear()

    def known(self, key: Hashable) -> Made | None:
        """Return the result of a key if it is kept."""
        return self._kept.get(key)

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return the result of a key, made if it is not kept."""
        with self._lock:
            if key in self._kept:
                self._kept[key] = self._kept.pop(key)
                return self._kept[key]
        made = self._making(key, make)
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = made
            while len(self._kept) > 1 and sum(map(self.size, self._kept.values())) > self.most:
                del self._kept[next(iter(self._kept))]
        return made
