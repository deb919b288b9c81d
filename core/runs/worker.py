"""A worker process: it trains its runs by turns, a slice of time each.

It gets commands from the server's `RunStore` through a pipe, and answers through the run directories alone. When the
pipe closes, because the server ended or died, it pauses its runs and ends too.
"""

import math
import os
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from multiprocessing.connection import Connection
from pathlib import Path

from core.formula import count_of
from core.modern import Model
from core.optim import CombinedOptimizer
from core.runs.chores import ROUGH_AFTER, measure, warm_up
from core.runs.claim import Taken
from core.runs.config import ACTIVE, Status
from core.runs.cores import BREATH, CoreLock, IsCalled
from core.runs.cost import SPEED_FILE, Speed, longest_piece
from core.runs.directory import RunDir
from core.runs.leaving import Deleted, Stopped
from core.runs.listing import delete
from core.runs.machine import threads_for
from core.runs.memory import give_back_memory, keep_freed_memory, told
from core.runs.pulse import PATIENCE, Told
from core.runs.training_run import end, run_by_turns
from core.runs.turns import ScheduledRun, Turns

ROUND = 4.0  # seconds in which every run has had its turn, when steps are quick
SHORTEST, LONGEST = 0.1, 0.25  # seconds of a turn
LATER = 30.0  # quiet seconds until what could not be measured is measured again
LARGE = 10_000_000  # parameters of a run whose files take seconds to write
HOLD = 2.0  # seconds in which every process has had the cores once, for its share of them
BEAT = 2.0  # seconds between two signs of life of a process that has nothing to do
SOON, QUIET = 1.0, 3.0  # seconds without a command: by then the page is drawn; the machine is probably quiet


class Worker:
    """The runs of one process."""

    def __init__(self, root: Path, told: Told, is_called: IsCalled | None = None):
        """root: the folder of runs; told: shared memory that tells the server whose turn it is, and shows life.

        is_called: waits so many seconds for a command and tells whether there is one; then no turn begins.
        """
        self.root, self.told, self.commands = root, told, is_called or (lambda seconds: False)
        self.turns = Turns()
        self.cores = CoreLock(root)

    def is_called(self, seconds: float) -> bool:
        """Show life, and tell whether a command comes within so many seconds."""
        self.told.beat()
        return self.commands(seconds)

    def between_layers(self, seconds: float) -> bool:
        """Let those who wait for the cores have them, in the middle of a slow step; tell whether a command came."""
        if not self.is_called(seconds):
            self.cores.breathe(self.is_called)
        return self.is_called(0.0)

    def handle(self, command: str, run_id: str, steps: int | None = None) -> None:
        """Train, pause, stop or delete a run. An error ends that run alone."""
        run = RunDir(self.root / run_id)
        turn = next((turn for turn in self.turns if turn.run.id == run_id), None)
        holds_memory = turn is not None and turn.has_begun
        self.told.running_run_id.value = run_id.encode()
        self.told.beat(turn.patience if turn else self._patience(run))
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
            self.told.running_run_id.value = b""
            self.told.beat(PATIENCE)
        del turn
        if holds_memory or command == "stop":
            give_back_memory()

    def take_turn(self) -> None:
        """Give the runs whose turn it is their slices of time, for as long as this process is due the cores.

        None of them when a command comes while it waits for the cores, and none after one came.
        """
        turn = self.turns.next()
        shares, place = self.told.shares, self.told.place
        shares.tell(place, self.turns.owners)
        hold = HOLD * shares.of(place)
        self.cores.breath = max(SHORTEST, min(BREATH, hold))
        with self.cores.held(turn.all_cores, self.is_called):
            until = time.monotonic() + hold
            while self.cores.is_held:
                self._slice_of(turn)
                if not self.turns or time.monotonic() >= until or self.is_called(0.0):
                    break
                turn = self.turns.next()
                if turn.all_cores != self.cores.for_all:
                    break
        shares.tell(place, self.turns.owners)

    def _slice_of(self, turn: ScheduledRun) -> None:
        """Give a run its slice of time; a new one until it shows its first point, if that is longer."""
        self.told.running_run_id.value = turn.run.id.encode()
        self.told.beat(turn.patience)
        began, is_new = time.monotonic(), turn.is_new
        until = began + min(LONGEST, max(SHORTEST, ROUND / len(self.turns)))
        finished = False
        while not finished and self.cores.is_held and turn.is_new == is_new:
            finished = self._one_step(turn)
            is_over = time.monotonic() >= until and not is_new
            if is_over or turn.all_cores != self.cores.for_all or self.is_called(0.0):
                break
        self.turns.charge(turn, time.monotonic() - began)
        self.told.beat(PATIENCE)
        self.told.running_run_id.value = b""
        if finished:
            self.turns.remove(turn)
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
        is_wide = threads_for(config.model, config.train.batch_size) > 1
        if count_of(config.model) > LARGE:
            run = LargeRun(run.path, lambda: self.cores.lent(self.is_called))
        training, owner = run_by_turns(run, self.between_layers), config.owner or run.id
        self.turns.add(
            ScheduledRun(run, training, is_wide, config.train.steps, steps, owner, patience=self._patience(run))
        )

    def _patience(self, run: RunDir) -> float:
        try:
            config = run.config()
        except ValueError:  # gone, or damaged
            return PATIENCE
        speed = Speed.load(self.root / SPEED_FILE)
        return PATIENCE + longest_piece(config.model, config.train.batch_size, speed)

    def _one_step(self, turn: ScheduledRun) -> bool:
        """Take a step, or a part of what else takes long; return whether the run has no more turns here."""
        try:
            stats = next(turn.training)
            turn.all_cores = turn.all_cores or (turn.is_wide and stats is not None)
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


class LargeRun(RunDir):
    """A run whose files take seconds to write: meanwhile others have the cores."""

    def __init__(self, path: Path, lend: Callable[[], AbstractContextManager]):
        super().__init__(path)
        self.lend = lend

    def write_snapshot(self, model: Model, step: int, meta: dict) -> None:
        with self.lend():
            super().write_snapshot(model, step, meta)

    def write_resume(self, model: Model, optimizer: CombinedOptimizer, step: int, state: dict) -> None:
        with self.lend():
            super().write_resume(model, optimizer, step, state)

    def write_kept(self, model: Model, optimizer: CombinedOptimizer, step: int, state: dict) -> None:
        with self.lend():
            super().write_kept(model, optimizer, step, state)


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


def work(commands: Connection, root: str, told: Told, measures: bool = False) -> None:
    """Handle commands and train until the pipe closes. This is the entry point of the process.

    told: shared memory that tells the server whose turn it is, how many commands this process has handled, and that it
    lives. measures: after a "warm_up", also measure the speed of this machine.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then closes the pipe
    _lower_priority()
    keep_freed_memory()
    told.beat(PATIENCE)
    worker = Worker(Path(root), told, commands.poll)
    chores: list[tuple[float, Callable[[Path, CoreLock, float], object]]] = []  # and after how many quiet seconds
    began, overdue = time.monotonic(), math.inf  # the moment from which on the chores no longer wait for quiet ones
    while True:
        told.beat()
        try:
            is_late = chores and worker.turns and time.monotonic() > overdue
            idle = is_late or (chores and not worker.turns and not _comes(commands, chores[0][0], told))
            has_command = not idle and _comes(commands, 0.0 if worker.turns else BEAT, told)
            command = commands.recv() if has_command else None
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
        elif worker.turns:
            worker.take_turn()
        told.acknowledged.value += command is not None
    worker.pause_all()


def _comes(commands: Connection, seconds: float, told: Told) -> bool:
    """Wait so many seconds for a command, and show life meanwhile; return whether there is one."""
    until = time.monotonic() + seconds
    while not commands.poll(max(0.0, min(BEAT, until - time.monotonic()))):
        told.beat()
        if time.monotonic() >= until:
            return False
    return True


def _lower_priority() -> None:
    """Let the page go first, and let the system kill this process first when memory runs out."""
    if hasattr(os, "nice"):
        os.nice(10)
    try:
        Path("/proc/self/oom_score_adj").write_text("1000")
    except OSError:
        pass
