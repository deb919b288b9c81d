"""The cores of the machine, shared by all processes that train: one run on all cores, or several on one core each.

Two processes that each use all cores slow each other down far more than twofold, so they take turns under a lock on a
file. The kernel frees a lock when its process dies, however it dies.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows has no such locks: there the system shares the cores out
    fcntl = None

WAIT = 0.003  # seconds between two tries to get the cores
BREATH = 0.25  # seconds after which a long piece of work lets others have the cores, if any wait
CLAIM = 1.0  # seconds for which one who waits for all cores keeps others from taking one
STEP_BACK = 0.05  # seconds in which they may, then

IsCalled = Callable[[float], bool]  # waits so many seconds for a command, and tells whether there is one


class CoreLock:
    """The lock on the cores, as one process holds it.

    Who waits stands at the turnstile, and nobody passes it meanwhile, so many small runs do not starve a large one. But
    a holder may be long, or hang, and small ones beside it need not stand for that: the claim ends after a while.
    """

    def __init__(self, root: Path):
        self.turnstile, self.lock = (_opened(root / name) for name in (".turnstile.lock", ".cores.lock"))
        self.is_held, self.for_all, self.since, self.breath = False, False, 0.0, BREATH

    def are_busy(self) -> bool:
        """Tell whether any process computes at this moment."""
        if fcntl is None:
            return False
        is_free = self._try(self.lock, fcntl.LOCK_EX)
        if is_free:
            self._free(self.lock)
        return not is_free

    @contextmanager
    def held(self, all_cores: bool, is_called: IsCalled | None = None) -> Iterator[bool]:
        """Wait for one core, or for all of them, and hold them for a while; yield whether they are held.

        is_called: waits so many seconds, and tells whether to give up waiting.
        """
        self._take(all_cores, is_called)
        try:
            yield self.is_held
        finally:
            self._leave()

    def breathe(self, is_called: IsCalled | None = None) -> None:
        """In the middle of a long piece of work, let those who wait have the cores, and wait for them again.

        After a command came meanwhile the cores may not be held (`is_held`); the next breath waits for them anew.
        """
        if fcntl is None or (self.is_held and time.monotonic() - self.since < self.breath):
            return
        if self.is_held:
            if self._try(self.turnstile, fcntl.LOCK_EX):  # nobody waits
                self._free(self.turnstile)
                self.since = time.monotonic()
                return
            self._leave()
            time.sleep(2 * WAIT)  # so that the one at the turnstile passes first
        self._take(self.for_all, is_called)

    @contextmanager
    def lent(self, is_called: IsCalled | None = None) -> Iterator[None]:
        """Let others have the cores while the block lasts, which only writes files, and wait for them again."""
        was_held = self.is_held
        self._leave()
        try:
            yield
        finally:
            if was_held:
                self._take(self.for_all, is_called)

    def _take(self, all_cores: bool, is_called: IsCalled | None) -> None:
        self.for_all = all_cores
        if fcntl is None:
            self.is_held = True
            return
        kind, called = fcntl.LOCK_EX if all_cores else fcntl.LOCK_SH, False
        while not (called or self.is_held):
            called = not self._wait(self.turnstile, fcntl.LOCK_EX, is_called)
            if not called:
                until = time.monotonic() + CLAIM
                called = not self._wait(self.lock, kind, is_called, until)
                self._free(self.turnstile)
                if self.is_held:
                    self.since = time.monotonic()
                elif not called:
                    called = _rest(STEP_BACK, is_called)

    def _leave(self) -> None:
        if self.is_held and fcntl is not None:
            self._free(self.lock)
        self.is_held = False

    def _wait(self, file: IO, kind: int, is_called: IsCalled | None, until: float | None = None) -> bool:
        """Wait until a lock is held, or the time is over; return False when one is called away."""
        while not (got := self._try(file, kind)) and (until is None or time.monotonic() < until):
            if _rest(WAIT, is_called):
                return False
        self.is_held = got and file is self.lock
        return True

    def _try(self, file: IO, kind: int) -> bool:
        assert fcntl is not None
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # this folder has no locks, as on some network disks: there the system shares the cores out
            pass
        return True

    def _free(self, file: IO) -> None:
        assert fcntl is not None
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_UN)


def _rest(seconds: float, is_called: IsCalled | None) -> bool:
    """Wait; return whether one is called away."""
    if is_called is not None:
        return is_called(seconds)
    time.sleep(seconds)
    return False


def _opened(path: Path) -> IO:
    """Open a file to be locked, for the life of the process; one of this process alone where there can be none."""
    for mode in ("wb", "rb"):  # a lock needs no more than to read, as on a disk that is full or only read
        with suppress(OSError):
            return open(path, mode)
    return tempfile.TemporaryFile()  # noqa: SIM115
