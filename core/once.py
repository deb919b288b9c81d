"""One call for all who ask for the same thing at the same time: downloads, tables, and models that are made once."""

from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Once(Generic[Made]):
    """Let callers with the same key share one call, its failure included, and keep the result if told to.

    A failure that is not of the class `shared`, such as Ctrl-C, is the first caller's own: another one calls instead.
    """

    def __init__(self, keep: bool = False, shared: type[Exception] = Exception):
        self.keep, self.shared = keep, shared
        self._calls: dict[Hashable, Future[Made]] = {}  # under way or kept; setdefault and pop are atomic

    def __contains__(self, key: Hashable) -> bool:
        """Tell whether the result is kept, so that a call would answer at once."""
        return key in self._calls and self._calls[key].done()

    def __call__(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what make() returns, or returned to the first caller."""
        mine: Future[Made] = Future()
        while (call := self._calls.setdefault(key, mine)) is not mine:
            wait([call])
            if call.exception() is None or isinstance(call.exception(), self.shared):
                return call.result()
        try:
            mine.set_result(make())
        except BaseException as error:  # whatever it was, those who wait must not wait for ever
            del self._calls[key]
            mine.set_exception(error)
            raise
        if not self.keep:
            del self._calls[key]
        return mine.result()
