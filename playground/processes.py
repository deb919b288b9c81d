"""A worker process as the server sees it: how it starts, its pipe, and what it was last asked."""

import gc
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from playground import worker

MOST_WAITING = 100  # orders; a pipe holds some more, and to write to a full one would stop the page


def start_method(alone: bool) -> str:
    """Return how a worker comes to be: spawned, or forked where that is safe and saves it the import of torch.

    alone: this process has only one thread yet. Once others run, a fork may inherit a lock that nobody opens.
    """
    return "fork" if alone and sys.platform == "linux" else "spawn"


@dataclass(frozen=True)
class Order:
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

    def __init__(
        self, root: Path, measure: bool = False, alone: bool = False, siblings: Iterable["Process"] = ()
    ):
        """measure: let it tell how fast this machine is; alone: see start_method; siblings: workers that there are."""
        context = multiprocessing.get_context(start_method(alone))
        # Only the worker writes these, and a lock would stay locked if it were killed while it holds it.
        self.current, self.obeyed = context.RawArray("c", 80), context.RawValue("Q", 0)
        self.pipe, theirs = context.Pipe()
        inherited = [process.pipe for process in (self, *siblings)] if context.get_start_method() == "fork" else []
        shared = (worker.work, inherited, theirs, str(root), self.current, self.obeyed, measure)
        self.process = context.Process(target=_work, args=shared, daemon=True)
        self.started = time.monotonic()
        self.process.start()
        theirs.close()
        self.sent = 0
        self.orders: dict[str, Order] = {}  # the last one of every run that is in there, or may be

    def send(self, command: str, run_id: str, steps: int | None = None) -> None:
        """Hand over an order; a worker that has just died is replaced by the watch, which hands it over again."""
        if self.sent - self.obeyed.value >= MOST_WAITING:
            raise ValueError("The training process is busy and has many commands waiting; try again in a moment")
        self.sent += 1
        self.orders[run_id] = Order(self.sent, command, steps)
        try:
            self.pipe.send((command, run_id, steps))
        except OSError:
            pass

    def has_obeyed(self, run_id: str) -> bool:
        """Tell whether nothing that was asked for a run is still waiting."""
        return self.orders[run_id].number <= self.obeyed.value


def _work(work: Callable, inherited: list[Connection], *arguments: Any) -> None:
    """Be a worker. It notices the server's end by its pipe, which nobody else may hold open: not another worker."""
    for pipe in inherited:
        pipe.close()
    gc.freeze()  # what is inherited is shared until it is touched, and to look for garbage in it is to touch it
    gc.enable()
    work(*arguments)
