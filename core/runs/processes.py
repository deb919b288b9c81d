"""A worker process as the server sees it: how it starts, its pipe, and what it was last asked."""

import gc
import multiprocessing
import sys
import time
from dataclasses import dataclass
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

MOST_WAITING = 100  # orders; a pipe holds some more, and to write to a full one would stop the page
# Where it is safe to fork, workers come from a process that has imported torch for all of them: a new one is there at
# once. They inherit nothing of the server, as with spawn.
START = "forkserver" if sys.platform == "linux" else "spawn"


def prepare() -> None:
    """Let torch be imported for the workers, in a process and on a core of its own, while the page is being made.

    Without it the first worker waits for that; so it does if the server runs in another folder than the project's.
    """
    if START == "forkserver":
        multiprocessing.set_forkserver_preload(["core.runs.worker"])
        forkserver.ensure_running()


@dataclass(frozen=True)
class Command:
    """What a worker was last asked to do with a run, and how many orders it had been given by then."""

    number: int
    command: str
    steps: int | None = None

    @property
    def is_to_the_end(self) -> bool:
        """Tell whether the run trains already, and on; then there is nothing to add."""
        return self.command == "train" and self.steps is None


class Process:
    """A worker process, its pipe, and whose turn it is in there."""

    def __init__(self, root: Path, measure: bool = False):
        """measure: let it tell how fast this machine is."""
        context = multiprocessing.get_context(START)
        # Only the worker writes these, and a lock would stay locked if it were killed while it holds it.
        self.running_run_id, self.acknowledged = context.RawArray("c", 80), context.RawValue("Q", 0)
        self.pipe, theirs = context.Pipe()
        arguments = (theirs, str(root), self.running_run_id, self.acknowledged, measure)
        self.process = context.Process(target=work, args=arguments, daemon=True)
        self.started = time.monotonic()
        self.process.start()
        theirs.close()
        self.sent = 0
        self.commands: dict[str, Command] = {}  # the last one of every run that is in there, or may be

    def send(self, command: str, run_id: str, steps: int | None = None) -> None:
        """Hand over an order; a worker that has just died is replaced by the watch, which hands it over again."""
        if self.sent - self.acknowledged.value >= MOST_WAITING:
            raise ValueError("The training process is busy and has many commands waiting; try again in a moment")
        self.commands[run_id] = Command(self.sent + 1, command, steps)
        self._write((command, run_id, steps))

    def warm_up(self) -> None:
        """Let it make itself ready in its own time: nobody waits for a page just now."""
        self._write(("warm_up",))

    def _write(self, command: tuple) -> None:
        self.sent += 1
        try:
            self.pipe.send(command)
        except OSError:
            pass

    def has_handled(self, run_id: str) -> bool:
        """Tell whether nothing that was asked for a run is still waiting."""
        return self.commands[run_id].number <= self.acknowledged.value


def work(*arguments: Any) -> None:
    """Be a worker, in a process of its own; only there is torch imported for it."""
    from core.runs import worker

    gc.freeze()  # what is inherited is shared until it is touched, and to look for garbage in it is to touch it
    worker.work(*arguments)
