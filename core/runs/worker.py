"""A process that trains: it takes turns over its runs' recordings, a slice of time each.

It hears commands through a pipe from `runs.py` and answers through the run directories alone. When the pipe closes,
because the server ended or died, it pauses what it trains and ends too.
"""

import inspect
import os
import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from core.device import threads_for
from core.runs.config import Status
from core.runs.cost import SPEED_FILE, Speed, measure_speed
from core.runs.directory import RunDir, delete
from core.runs.training_run import Stopped, end, train_run
from core.training import StepStats

try:
    import fcntl
except ImportError:  # Windows has no such locks: there the processes share the cores as the system sees fit
    fcntl = None

ROUND = 4.0  # seconds in which every run has had its turn, when steps are quick
SHORTEST, LONGEST = 0.1, 0.25  # seconds of a turn
SOON, QUIET = 1.0, 3.0  # seconds without a command: the page has been drawn; the machine is likely to be quiet


@dataclass
class Turn:
    """A run that takes turns here."""

    run: RunDir
    recording: Iterator[StepStats]
    all_cores: bool
    last_step: int
    steps_left: int | None  # then it pauses; None: to its end

    @property
    def has_begun(self) -> bool:
        """Tell whether it has had its first turn: before that there is nothing to close."""
        return inspect.getgeneratorstate(self.recording) != inspect.GEN_CREATED


class Worker:
    """The runs of one process."""

    def __init__(self, root: Path, current):
        """root is where the runs are; current is shared memory that tells the server whose turn it is."""
        self.root, self.running_run_id = root, current
        self.turns: deque[Turn] = deque()
        self.cores = Cores(root)

    def handle(self, command: str, run_id: str, steps: int | None = None) -> None:
        """Do what the server asks: train, pause, stop or forget a run. Whatever goes wrong ends that run alone."""
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
                self._leave(turn, run)
            elif command == "stop":
                self._stop(turn, run)
            elif command == "delete":
                if turn:
                    turn.recording.close()
                delete(run)
        except Exception as error:
            _say_failed(run, error)
        finally:
            self.running_run_id.value = b""

    def take_turn(self) -> None:
        """Give the next run its slice of time."""
        turn = self.turns.popleft()
        self.running_run_id.value = turn.run.id.encode()
        finished = False
        with self.cores.held(turn.all_cores):
            until = time.monotonic() + min(LONGEST, max(SHORTEST, ROUND / (len(self.turns) + 1)))
            while not finished and time.monotonic() < until:
                finished = self._one_step(turn)
        self.running_run_id.value = b""
        if not finished:
            self.turns.append(turn)

    def pause_all(self) -> None:
        """Pause everything: the server is gone."""
        for turn in self.turns:
            try:
                self._leave(turn, turn.run)
            except Exception as error:
                _say_failed(turn.run, error)
        self.turns.clear()

    def _train(self, turn: Turn | None, run: RunDir, steps: int | None) -> None:
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
        self.turns.appendleft(Turn(run, train_run(run), all_cores, config.train.steps, steps))

    def _one_step(self, turn: Turn) -> bool:
        """Take a step; return whether the run leaves this process."""
        try:
            stats = next(turn.recording)
            if stats.step >= turn.last_step:
                next(turn.recording)  # ends it: a run does not rest at its last step, whoever asked for that one
            if turn.steps_left is not None:
                turn.steps_left -= 1
                if turn.steps_left <= 0:
                    turn.recording.close()
                    return True
        except StopIteration:
            return True
        except Exception as error:
            _say_failed(turn.run, error)
            return True
        return False

    def _leave(self, turn: Turn | None, run: RunDir) -> None:
        if turn and turn.has_begun:
            turn.recording.close()
        elif run.status().state in ("queued", "running"):  # not begun here yet, or of a process that died
            run.write_status(Status("paused", run.status().step))

    def _stop(self, turn: Turn | None, run: RunDir) -> None:
        try:
            if turn and turn.has_begun:
                turn.recording.throw(Stopped())
            else:
                end(run)
        except StopIteration:
            pass


def _say_failed(run: RunDir, error: Exception) -> None:
    """Write down why a run cannot go on here; the other runs go on."""
    print(f"run {run.id[:8]}: {type(error).__name__}: {error!s:.200}", flush=True)
    try:
        status = run.status()
        if status.state in ("queued", "running"):
            run.write_status(Status("failed", status.step, f"Training ended with an error: {error!s:.300}"))
    except (ValueError, OSError):  # deleted, or no disk space even for that
        pass


class Cores:
    """Who may compute now: one run on all cores, or several runs on one each, over all worker processes.

    Two processes that each use all cores slow each other down far more than twofold. The kernel frees a lock when its
    process dies, however it dies. The turnstile keeps the many small from starving the one large.
    """

    def __init__(self, root: Path):
        self.turnstile = open(root / ".turnstile.lock", "wb")  # noqa: SIM115 (held for the life of the process)
        self.lock = open(root / ".cores.lock", "wb")  # noqa: SIM115

    def are_busy(self) -> bool:
        """Tell whether anybody computes at this moment."""
        if fcntl is None:
            return False
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self.lock, fcntl.LOCK_UN)
        return False

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


def work(commands: Connection, root: str, current, acknowledged, measure: bool = False) -> None:
    """Train what the commands ask for until the pipe closes. Told to settle, it makes itself ready while it has nothing
    to do; measure: and tells how fast this machine is.

    The entry point of the process. In shared memory it tells the server whose turn it is (current) and how many
    commands it has carried out (acknowledged).
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then closes the pipe
    _be_humble()
    worker = Worker(Path(root), current)
    chores: list[tuple] = []
    while True:
        try:
            idle = chores and not worker.turns and not commands.poll(chores[0][0])
            command = commands.recv() if not (idle or worker.turns) or commands.poll() else None
        except (EOFError, OSError):
            break
        if command and command[0] == "warm_up":
            chores = [(SOON, _warm_up), (QUIET, _measure)] if measure else [(SOON, _warm_up)]
        elif command:
            worker.handle(*command)
        elif idle:
            _, chore = chores.pop(0)
            chore(Path(root), worker.cores)
        else:
            worker.take_turn()
        acknowledged.value += command is not None
    worker.pause_all()


def _warm_up(root: Path, cores: Cores) -> None:
    """Pay for torch's first uses before the first run does, on one core."""
    with cores.held(all_cores=False):
        measure_speed(probe_steps=1, threads=1)


def _measure(root: Path, cores: Cores) -> None:
    """Write down how fast this machine trains; while somebody trains, what an earlier start wrote will do."""
    if Speed.load(root / SPEED_FILE) and cores.are_busy():
        return
    with cores.held(all_cores=True):
        speed = measure_speed()
    try:
        speed.save(root / SPEED_FILE)
    except OSError:  # no disk space: then nobody is told how long a run will take
        pass


def _be_humble() -> None:
    """Let the page go first, and be the one that the system ends when memory runs out."""
    if hasattr(os, "nice"):
        os.nice(10)
    try:
        Path("/proc/self/oom_score_adj").write_text("1000")
    except OSError:
        pass
