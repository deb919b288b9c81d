"""A worker process: it trains its runs by turns, a slice of time each.

It gets commands from the server's `RunStore` through a pipe, and answers through the run directories alone. When the
pipe closes, because the server ended or died, it pauses its runs and ends too.
"""

import inspect
import math
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

from core.runs.chores import ROUGH_AFTER, measure, warm_up
from core.runs.claim import Taken
from core.runs.config import ACTIVE, Status
from core.runs.cost import SPEED_FILE, Speed
from core.runs.directory import RunDir
from core.runs.leaving import Deleted, Stopped
from core.runs.listing import delete
from core.runs.machine import threads_for
from core.runs.memory import give_back_memory, keep_freed_memory, told
from core.runs.training_run import end, run_by_turns
from core.training import StepStats

try:
    import fcntl
except ImportError:  # Windows has no such locks: there the system shares the cores out
    fcntl = None

ROUND = 4.0  # seconds in which every run has had its turn, when steps are quick
SHORTEST, LONGEST = 0.1, 0.25  # seconds of a turn
LATER = 30.0  # quiet seconds until what could not be measured is measured again
WAIT = 0.003  # seconds between two tries to get the cores
SOON, QUIET = 1.0, 3.0  # seconds without a command: by then the page is drawn; the machine is probably quiet


@dataclass
class ScheduledRun:
    """A run that takes turns in this process."""

    run: RunDir
    training: Generator[StepStats | None, None, None]
    all_cores: bool
    last_step: int
    steps_left: int | None  # before it pauses; None: it trains to its end

    @property
    def has_begun(self) -> bool:
        """Tell whether the run has had its first turn; before that there is nothing to close."""
        return inspect.getgeneratorstate(self.training) != inspect.GEN_CREATED


class Worker:
    """The runs of one process."""

    def __init__(self, root: Path, running_run_id: Any, is_called: Callable[[float], bool] | None = None):
        """root: the folder of runs; running_run_id: shared memory that tells the server whose turn it is.

        is_called: waits so many seconds for a command and tells whether there is one; then no turn begins.
        """
        self.root, self.running_run_id, self.is_called = root, running_run_id, is_called
        self.turns: deque[ScheduledRun] = deque()
        self.cores = CoreLock(root)

    def handle(self, command: str, run_id: str, steps: int | None = None) -> None:
        """Train, pause, stop or delete a run. An error ends that run alone."""
        run = RunDir(self.root / run_id)
        turn = next((turn for turn in self.turns if turn.run.id == run_id), None)
        self.running_run_id.value = run_id.encode()
        try:
            if command == "train":
                self._train(turn, run, steps)
                return
            if turn:
                self.turns.remove(turn)
            if command == "pause":
                self._pause(turn, run)
            elif command == "stop":
                self._stop(turn, run)
            elif command == "delete":
                if turn and turn.has_begun:
                    _throw(turn, Deleted())  # what is deleted next need not be saved
                delete(run)
        except Taken:
            pass
        except Exception as error:
            _write_failure(run, error)
        finally:
            self.running_run_id.value = b""
        if turn:
            del turn
            give_back_memory()

    def take_turn(self) -> None:
        """Give the next run its slice of time, unless a command comes while it waits for the cores."""
        turn = self.turns.popleft()
        with self.cores.held(turn.all_cores, self.is_called) as is_held:
            if not is_held:
                self.turns.appendleft(turn)
                return
            self.running_run_id.value = turn.run.id.encode()
            until = time.monotonic() + min(LONGEST, max(SHORTEST, ROUND / (len(self.turns) + 1)))
            finished = self._one_step(turn)
            while not finished and time.monotonic() < until:
                finished = self._one_step(turn)
        self.running_run_id.value = b""
        if not finished:
            self.turns.append(turn)
            return
        del turn  # and with it model, optimizer and data
        give_back_memory()

    def pause_all(self) -> None:
        """Pause all runs, because the server is gone."""
        for turn in self.turns:
            try:
                self._pause(turn, turn.run)
            except Exception as error:
                _write_failure(turn.run, error)
        self.turns.clear()

    def _train(self, turn: ScheduledRun | None, run: RunDir, steps: int | None) -> None:
        if turn:
            turn.steps_left = None if steps is None or turn.steps_left is None else turn.steps_left + steps
            return
        config, status = run.config(), run.status()
        if status.state == "done":
            return
        if status.state != "queued":
            run.write_status(Status("queued", status.step))
        all_cores = threads_for(config.model, config.train.batch_size) > 1
        # A new run's first turn is the next.
        self.turns.appendleft(
            ScheduledRun(run, run_by_turns(run, self.is_called), all_cores, config.train.steps, steps)
        )

    def _one_step(self, turn: ScheduledRun) -> bool:
        """Take a step, or a part of what else takes long; return whether the run has no more turns here."""
        try:
            stats = next(turn.training)
            if stats and stats.step >= turn.last_step:
                next(turn.training)  # ends the run: it is done after its last step, even if only that one was asked for
                return True  # its text is counted to the end, turn or no turn
            if stats and turn.steps_left is not None:
                turn.steps_left -= 1
                if turn.steps_left <= 0:
                    turn.training.close()
                    return True
        except (StopIteration, Taken):  # Taken: another process was quicker, and writes down what happens
            return True
        except Exception as error:
            _write_failure(turn.run, error)
            return True
        return False

    def _pause(self, turn: ScheduledRun | None, run: RunDir) -> None:
        if turn and turn.has_begun:
            turn.training.close()
        elif run.status().state in ACTIVE:  # it has not begun, or its process died
            run.write_status(Status("paused", run.status().step))

    def _stop(self, turn: ScheduledRun | None, run: RunDir) -> None:
        if turn and turn.has_begun:
            _throw(turn, Stopped())
        else:
            end(run)


def _throw(turn: ScheduledRun, why: Exception) -> None:
    """End a run's turns."""
    with suppress(StopIteration):
        turn.training.throw(why)


def _write_failure(run: RunDir, error: Exception) -> None:
    """Write down why a run cannot go on. The other runs can."""
    print(f"run {run.id[:8]}: {type(error).__name__}: {error!s:.200}", flush=True)
    try:
        status = run.status()
        if status.state in ACTIVE:
            run.write_status(Status("failed", status.step, told(error)))
    except (ValueError, OSError):  # deleted, or no disk space even for that
        pass


class CoreLock:
    """Locks on the cores, shared by all worker processes: for one run on all cores, or several on one core each.

    Two processes that each use all cores slow each other down far more than twofold. The kernel frees a lock when its
    process dies, however it dies. The turnstile keeps many small runs from starving one large run.
    """

    def __init__(self, root: Path):
        self.turnstile = open(root / ".turnstile.lock", "wb")  # noqa: SIM115 (held for the life of the process)
        self.lock = open(root / ".cores.lock", "wb")  # noqa: SIM115

    def are_busy(self) -> bool:
        """Tell whether any process computes at this moment."""
        if fcntl is None:
            return False
        is_free = self._try(self.lock, fcntl.LOCK_EX)
        if is_free:
            self._free(self.lock)
        return not is_free

    @contextmanager
    def held(self, all_cores: bool, is_called: Callable[[float], bool] | None = None) -> Iterator[bool]:
        """Wait for one core, or for all of them, and hold them for a while; yield whether they are held.

        is_called: waits so many seconds, and tells whether to give up waiting.
        """
        if fcntl is None:
            yield True
            return
        is_held = self._wait(self.turnstile, fcntl.LOCK_EX, is_called)
        if is_held:
            is_held = self._wait(self.lock, fcntl.LOCK_EX if all_cores else fcntl.LOCK_SH, is_called)
            self._free(self.turnstile)
        try:
            yield is_held
        finally:
            if is_held:
                self._free(self.lock)

    def _wait(self, file: IO, kind: int, is_called: Callable[[float], bool] | None) -> bool:
        while not self._try(file, kind):
            if is_called is None:
                time.sleep(WAIT)
            elif is_called(WAIT):
                return False
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


def work(commands: Connection, root: str, running_run_id: Any, acknowledged: Any, measures: bool = False) -> None:
    """Handle commands and train until the pipe closes. This is the entry point of the process.

    running_run_id, acknowledged: shared memory that tells the server whose turn it is, and how many commands this
    process has handled. measures: after a "warm_up", also measure the speed of this machine.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then closes the pipe
    _lower_priority()
    keep_freed_memory()
    worker = Worker(Path(root), running_run_id, commands.poll)
    chores: list[tuple[float, Callable[[Path, CoreLock, float], object]]] = []  # and after how many quiet seconds
    began, overdue = time.monotonic(), math.inf  # the moment from which on the chores no longer wait for quiet ones
    while True:
        try:
            is_late = chores and worker.turns and time.monotonic() > overdue
            idle = is_late or (chores and not worker.turns and not commands.poll(chores[0][0]))
            command = commands.recv() if not (idle or worker.turns) or commands.poll() else None
        except (EOFError, OSError):
            break
        if command and command[0] == "warm_up":
            chores = [(SOON, warm_up), (QUIET, measure)] if measures else [(SOON, warm_up)]
            began = time.monotonic()
            overdue = began + ROUGH_AFTER if measures and Speed.load(worker.root / SPEED_FILE) is None else math.inf
        elif command:
            worker.handle(*command)
        elif idle:
            _, chore = chores.pop(0)
            if chore(worker.root, worker.cores, time.monotonic() - began):
                chores.append((LATER, chore))
                overdue = time.monotonic() + LATER if Speed.load(worker.root / SPEED_FILE) is None else math.inf
        else:
            worker.take_turn()
        acknowledged.value += command is not None
    worker.pause_all()


def _lower_priority() -> None:
    """Let the page go first, and let the system kill this process first when memory runs out."""
    if hasattr(os, "nice"):
        os.nice(10)
    try:
        Path("/proc/self/oom_score_adj").write_text("1000")
    except OSError:
        pass
