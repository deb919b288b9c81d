"""What is written of a run while it trains: rows, snapshots, states to go on from, and where it stands.

`training_run.py` trains, and tells a `Recorder` what happened. What does not fit on the disk is not lost without a
word. A snapshot or a state that cannot be written does not end a run: its status says so until the next one is there.
"""

import os
import time
from contextlib import suppress
from dataclasses import asdict

import torch

from core.modern import Model
from core.optim import CombinedOptimizer
from core.runs.config import BOOT, HOST, State, Status
from core.runs.directory import RunDir
from core.runs.durable import disk_trouble, remedy
from core.runs.leaving import Deleted
from core.training import StepStats

SAVE_EVERY = 5.0  # seconds of training between two resume states, or more when saving is slow
WRITE_EVERY = 0.1  # seconds between two writes of metrics
LEASE = 600.0  # seconds in which a process writes again, or ten times as many as it took from one write to the next


class Recorder:
    """Writes down what happens in a run, as long as this process trains it."""

    def __init__(self, run: RunDir):
        self.run = run
        self.unwritten: list[dict] = []  # rows
        self.written_at = self.saved_at = time.monotonic()
        self.saved_step, self.save_took, self.longest = 0, 0.0, 0.0
        self.message: str | None = None  # what is told while steps are repeated that the page knows already,
        self.repeated_to = 0  # up to this one
        self.unsaved: str | None = None  # what did not fit on the disk

    def add(self, stats: StepStats, elapsed: float) -> None:
        """Keep the row of a step, for the next `write`."""
        row = {key: value for key, value in asdict(stats).items() if value is not None}
        self.unwritten.append({**row, "elapsed": round(elapsed, 4), "time": round(time.time(), 3)})

    @property
    def is_time_to_write(self) -> bool:
        """Tell whether who follows the run has waited long enough."""
        return time.monotonic() - self.written_at > WRITE_EVERY

    @property
    def is_time_to_save(self) -> bool:
        """Tell whether a crash would cost too much; saving takes a twentieth of the time at most."""
        return time.monotonic() - self.saved_at > max(SAVE_EVERY, 20 * self.save_took)

    def write(self, step: int) -> None:
        """Write all rows, and that the run is at a step. Deleted when its folder was deleted by hand."""
        self.check()
        self.run.append("metrics", self.unwritten)
        self.unwritten = []
        self.longest = max(self.longest, time.monotonic() - self.written_at)
        self.written_at = time.monotonic()
        self.status("running", step)

    def check(self) -> None:
        """Raise Deleted when the run is no longer there; what this process wrote meanwhile goes too."""
        if not self.run.is_there():
            self.run.clear_away()
            raise Deleted

    def status(self, state: State, step: int, message: str | None = None) -> None:
        """Write where the run stands: so many steps are written down, or about to be."""
        if state == "running":
            message = self.unsaved or (self.message if step < self.repeated_to else None)
        lease = max(LEASE, 10 * self.longest)
        self.run.write_status(Status(state, step, message, os.getpid(), HOST, BOOT, lease))

    def repeat(self, damaged: int | None, step: int, last: int) -> None:
        """Say, until step `last` is reached, why the run goes on from a step before it; damaged: a state's step."""
        self.repeated_to = last
        if damaged is None:
            message = (
                f"No state of this run was saved, or it is gone. The run begins again and repeats "
                f"what it did up to step {last}, with the same losses."
            )
        else:
            message = (
                f"The saved state of step {damaged} was damaged. The run goes on from step {step} and repeats "
                f"what it did up to step {last}, with the same losses."
            )
        self.message = message

    def stall(self, error: OSError) -> None:
        """Pause the run, for nothing more can be written; and say so, where at least that can be."""
        self.check()
        message = (
            f"{disk_trouble(error)}: the run was paused at step {self.saved_step}, its last saved one; "
            f"{remedy(error)}, then press Play to go on."
        )
        with suppress(OSError):  # a disk that became read-only: who looks finds out that nobody trains the run
            self.run.write_status(Status("paused", self.saved_step, message))

    def save(self, model: Model, optimizer: CombinedOptimizer, step: int, state: dict) -> bool:
        """Keep all that is needed to go on from a step; return whether that fitted on the disk."""
        began = time.monotonic()
        try:
            if is_sound(model):
                self.run.write_resume(model, optimizer, step, state)
                self.saved_step, self.unsaved = step, None
        except OSError as error:
            self.check()
            message = (
                f"{disk_trouble(error)}: the state of step {step} could not be saved; "
                f"until one can be, the last one is that of step {self.saved_step}; {remedy(error)}."
            )
            self.unsaved = message
        self.saved_at = time.monotonic()
        self.save_took = self.saved_at - began
        return self.unsaved is None

    def snapshot(self, model: Model, step: int, losses: dict) -> bool:
        """Keep the weights, to look back at; return whether they fitted. losses: those of this very step, if any."""
        self.check()
        try:
            if is_sound(model):
                self.run.write_snapshot(model, step, losses)
            return True
        except OSError as error:
            self.check()
            message = (
                f"{disk_trouble(error)}: the weights of step {step} could not be kept to look back at; {remedy(error)}."
            )
            self.unsaved = message
            return False

    def keep(self, model: Model, optimizer: CombinedOptimizer, step: int, elapsed: float) -> None:
        """Keep all that is needed to fork the run after a step, beside what it goes on from itself."""
        self.write(step)  # a state must not count before the rows up to it
        try:
            if is_sound(model):
                self.run.write_kept(model, optimizer, step, {"elapsed": elapsed})
        except OSError as error:
            self.check()
            self.unsaved = (
                f"{disk_trouble(error)}: the state of step {step} could not be kept to fork the run; {remedy(error)}."
            )


def is_sound(model: Model) -> bool:
    """Tell whether all weights are finite: a step may break them, and only the loss of the next one shows it."""
    return all(torch.isfinite(parameter).all() for parameter in model.parameters())
