"""A process that trains: it takes turns over its runs' recordings, a slice of time each.

It hears commands through a pipe from `runs.py` and answers through the run directories alone. When the pipe closes,
because the server ended or died, it pauses what it trains and ends too.
"""

import os
import shutil
import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from core.device import threads_for
from core.recording import Stopped, end, record
from core.run_dir import RunDir, Status
from core.speed import measure_speed
from core.training import StepStats

try:
    import fcntl
except ImportError:  # Windows has no such locks: there the processes share the cores as the system sees fit
    fcntl = None

SPEED_FILE = "machine.json"
ROUND = 4.0  # seconds in which every run has had its turn, when steps are quick
SHORTEST, LONGEST = 0.1, 0.25  # seconds of a turn


@dataclass
class Turn:
    """A run that takes turns here."""

    run: RunDir
    recording: Iterator[StepStats]
    all_cores: bool
    steps_left: int | None  # then it pauses; None: to its end


class Worker:
    """The runs of one process."""

    def __init__(self, root: Path, current):
        """root is where the runs are; current is shared memory that tells the server whose turn it is."""
        self.root, self.current = root, current
        self.turns: deque[Turn] = deque()
        self.cores = Cores(root)

    def obey(self, command: str, run_id: str, steps: int | None = None) -> None:
        """Do what the server asks: train, pause, stop or forget a run."""
        run = RunDir(self.root / run_id)
        turn = next((turn for turn in self.turns if turn.run.id == run_id), None)
        if command == "train":
            if turn:
                turn.steps_left = steps
            else:
                config = run.config()
                all_cores = threads_for(config.model, config.train.batch_size) > 1
                self.turns.appendleft(Turn(run, record(run), all_cores, steps))  # a new run's first turn is the next
            return
        if turn:
            self.turns.remove(turn)
        if command == "pause":
            self._leave(turn, run, "paused")
        elif command == "stop":
            self._stop(turn, run)
        elif command == "forget":
            if turn:
                turn.recording.close()
            shutil.rmtree(run.path, ignore_errors=True)

    def take_turn(self) -> None:
        """Give the next run its slice of time."""
        turn = self.turns.popleft()
        self.current.value = turn.run.id.encode()
        finished = False
        with self.cores.held(turn.all_cores):
            until = time.monotonic() + min(LONGEST, max(SHORTEST, ROUND / (len(self.turns) + 1)))
            while not finished and time.monotonic() < until:
                finished = self._one_step(turn)
        self.current.value = b""
        if not finished:
            self.turns.append(turn)

    def leave_all(self) -> None:
        """Pause everything: the server is gone."""
        for turn in self.turns:
            self._leave(turn, turn.run, "paused")
        self.turns.clear()

    def _one_step(self, turn: Turn) -> bool:
        """Take a step; return whether the run leaves this process."""
        try:
            next(turn.recording)
        except StopIteration:
            return True
        except Exception as error:  # the run's status has the reason; the other runs go on
            print(f"run {turn.run.id[:8]}: {type(error).__name__}: {error!s:.200}", flush=True)
            return True
        if turn.steps_left is not None:
            turn.steps_left -= 1
            if turn.steps_left <= 0:
                turn.recording.close()
                return True
        return False

    def _leave(self, turn: Turn | None, run: RunDir, state: str) -> None:
        if turn:
            turn.recording.close()
        if run.status().state in ("queued", "running"):  # it had not had its first turn yet
            run.write_status(Status(state, run.status().step))

    def _stop(self, turn: Turn | None, run: RunDir) -> None:
        try:
            if turn and run.status().state == "running":
                turn.recording.throw(Stopped())
            else:
                end(run)
        except StopIteration:
            pass


class Cores:
    """Who may compute now: one run on all cores, or several runs on one each, over all worker processes.

    Two processes that each use all cores slow each other down far more than twofold. The kernel frees a lock when its
    process dies, however it dies. The turnstile keeps the many small from starving the one large.
    """

    def __init__(self, root: Path):
        self.turnstile = open(root / ".turnstile.lock", "wb")  # noqa: SIM115 (held for the life of the process)
        self.lock = open(root / ".cores.lock", "wb")  # noqa: SIM115

    @contextmanager
    def held(self, all_cores: bool) -> Iterator[None]:
        """Wait for one core, or for all of them, and hold them for a while."""
        if fcntl is None:
            yield
            return
        fcntl.flock(self.turnstile, fcntl.LOCK_EX)
        fcntl.flock(self.lock, fcntl.LOCK_EX if all_cores else fcntl.LOCK_SH)
        fcntl.flock(self.turnstile, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(self.lock, fcntl.LOCK_UN)


def work(commands: Connection, root: str, current, measure: bool = False) -> None:
    """Train what the commands ask for until the pipe closes; measure: first tell how fast this machine is.

    The entry point of the process.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then closes the pipe
    _be_humble()
    worker = Worker(Path(root), current)
    _warm_up(Path(root), worker.cores, measure)
    try:
        while True:
            while commands.poll(None if not worker.turns else 0):
                worker.obey(*commands.recv())
            worker.take_turn()
    except EOFError:
        worker.leave_all()


def _warm_up(root: Path, cores: Cores, measure: bool) -> None:
    """Pay for torch's first uses before the first run does; by the way, learn how fast this machine is."""
    with cores.held(all_cores=True):
        if measure:
            measure_speed().save(root / SPEED_FILE)
        else:
            measure_speed(probe_steps=1)


def _be_humble() -> None:
    """Let the page go first, and be the one that the system ends when memory runs out."""
    if hasattr(os, "nice"):
        os.nice(10)
    try:
        Path("/proc/self/oom_score_adj").write_text("1000")
    except OSError:
        pass
