"""Who trains a run: one process at a time, whoever asks, and whether the one that says so still does.

Whoever writes down what happens in a run holds a lock in its folder, `Claim`: a worker of a page, of a second page on
the same folder, or the command line. The kernel frees it when its process ends, however that ends. Where a folder has
no locks, as on some network disks, what status.json says has to do: the process, its machine and since when that is
up, and for another machine's process a lease, after which it is taken for gone.
"""

import os
import time
from pathlib import Path
from types import TracebackType

from core.runs.config import BOOT, HOST, Status
from core.runs.directory import RunDir
from core.runs.plain import is_plain

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None

LOCK_FILE = ".trainer.lock"
PATIENCE = 1.0  # seconds to wait for a lock: somebody may only be asking, or a process may just be ending
WAIT = 0.005  # seconds between two tries
A_DAY = 86_400.0  # seconds; the lease of who named none, as earlier versions
INTERRUPTED = "What trained this run has ended or cannot write here any more; press Play to go on from the last state."


class Taken(ValueError):
    """Another process trains the run."""

    def __init__(self, status: Status):
        where = f"process {status.pid}" if status.host in (None, HOST) else f"process {status.pid} on {status.host}"
        super().__init__(f"This run is trained by another program ({where}); stop it there")


class Claim:
    """The right to train a run and to write down what happens, for as long as a `with` block lasts."""

    def __init__(self, run: RunDir):
        self.run = run
        self.file: int | None = None  # None: not locked, or this folder has no locks

    def __enter__(self) -> "Claim":
        """Get the lock; Taken, a ValueError, when another process has it, or trains the run without one.

        Who has it already keeps it, and lets it go at the end of the inner block.
        """
        if self.file is not None:
            return self
        until = time.monotonic() + PATIENCE
        while not self._try():
            if time.monotonic() > until:
                raise Taken(self.run.status())
            time.sleep(WAIT)
        try:
            status = self.run.status()
        except ValueError:  # damaged: who has the lock trains it
            return self
        unlocked = self.file is None or status.lease is None  # who trains it may have no lock
        if unlocked and status.state == "running" and status.pid != os.getpid() and is_alive(status):
            self.release()
            raise Taken(status)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()

    def release(self) -> None:
        """Let others train the run."""
        if self.file is not None:
            os.close(self.file)
            self.file = None

    def _try(self) -> bool:
        """Try to lock the run; tell whether that came to pass, or there are no locks here."""
        path = self.run.path / LOCK_FILE
        try:
            self.file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
        except OSError:  # deleted, full, only to be read: what is written next tells it
            return True
        try:
            if fcntl:
                fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not os.path.samestat(os.fstat(self.file), os.lstat(path)):  # of a folder that was deleted meanwhile
                    self.release()
            return self.file is not None
        except BlockingIOError:
            self.release()
            return False
        except OSError:
            self.release()
            return True


def _is_locked(run: RunDir) -> bool | None:
    """Tell whether a process holds the lock of a run; None where nobody can know."""
    if fcntl is None or not is_plain(run.path / LOCK_FILE):
        return None
    try:
        file = os.open(run.path / LOCK_FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(file)


def is_trained(run: RunDir, status: Status) -> bool:
    """Tell whether a process really trains the run whose status this is."""
    if status.state != "running":
        return False
    locked = None if status.lease is None else _is_locked(run)
    if locked or (locked is False and status.host == HOST):
        return locked
    return is_alive(status)


def status_now(run: RunDir, status: Status | None = None) -> Status:
    """Return where a run stands (`status`, where that was read already): one that nobody trains does not run."""
    status = status or run.status()
    if status.state == "running" and not is_trained(run, status):
        return Status("paused", status.step, INTERRUPTED, updated=status.updated)
    return status


def is_alive(status: Status) -> bool:
    """Tell whether the process that wrote a status still runs, and is not another one with the same number.

    Of another machine's process that cannot be known: it is alive as long as it has written something lately.
    """
    if not isinstance(status.pid, int) or status.pid <= 0:
        return False
    if status.host not in (None, HOST):
        return time.time() - status.updated < (A_DAY if status.lease is None else status.lease)
    if os.name == "nt":  # os.kill would end it there
        return False
    if None not in (status.boot, BOOT) and status.boot != BOOT:  # this machine was started anew since then
        return False
    try:
        os.kill(status.pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    started = _start_time(status.pid)
    return started is None or started <= (status.updated or 0.0) + 2.0


def _start_time(pid: int) -> float | None:
    """Return when a process started, in seconds since 1970; None where that cannot be read (not Linux)."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = next(line.split()[1] for line in Path("/proc/stat").read_text().splitlines() if line[:5] == "btime")
        return int(boot) + int(after_name[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, StopIteration):
        return None
