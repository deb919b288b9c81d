"""A worker process, as the server sees it: its start, its pipe, and its last commands.

`app.py` imports this first of all and calls `prepare`, so nothing heavy is imported here.
"""

import gc
import multiprocessing
import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

from core.runs.memory import anonymous_bytes
from core.runs.pulse import Pulse, Shares, Told, lives
from core.runs.waiting import can_look, set_waiting

MAX_PENDING = 100  # commands; a pipe holds a few more, and writing to a full one would block the page
# Where forking is safe, workers are forked from a process that has imported torch already, so that they start at once.
# Like spawned ones, they inherit nothing of the server.
START = "forkserver" if sys.platform == "linux" else "spawn"
ORPHANED = 255  # what multiprocessing tells as the exit code of a process whose fork server ended; it may still live


def prepare() -> None:
    """Begin to import torch for the workers, in a process of its own, while this one builds the page.

    Otherwise the first worker imports it. That also happens if the server runs in another folder than the project's.
    How threads wait is said in an environment. Workers that can look for themselves are not told: they start before.
    """
    if not can_look():
        set_waiting()
    if START == "forkserver":
        multiprocessing.set_forkserver_preload(["core.runs.worker"])
        forkserver.ensure_running()
    set_waiting()


@dataclass(frozen=True)
class Command:
    """The last command about a run that a worker was sent."""

    number: int  # of commands that the worker had been sent by then, this one included
    command: str
    steps: int | None = None

    @property
    def is_to_the_end(self) -> bool:
        """Tell whether the command is to train until the run's last step."""
        return self.command == "train" and self.steps is None


class Process:
    """A worker process, its pipe, and what it tells of itself."""

    def __init__(self, root: Path, shares: Shares | None = None, place: int = 0, measure: bool = False):
        """Start the process. measure: it also measures the speed of this machine.

        shares, place: what the processes that share the cores know of each other, and which of them this one is.
        """
        context = multiprocessing.get_context(START)
        self.told = Told(context, shares, place)
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs, str(root), self.told, measure), daemon=True)
        self.started = time.monotonic()
        self.process.start()
        theirs.close()
        self.pulse, self.least = Pulse(self.told, self.process.pid), anonymous_bytes(self.process.pid)
        self.sent = 0
        self.commands: dict[str, Command] = {}  # by run, for every run that the worker has or may have

    def held(self) -> int:
        """Return the bytes that the process holds for its runs: what it has beside the least that it ever had."""
        now = anonymous_bytes(self.process.pid)
        self.least = min(self.least, now)
        return now - self.least

    def end(self) -> None:
        """End the process at once, whatever it does, also where the process that started it is gone and knows not."""
        if self.process.exitcode is None:
            self.process.kill()
        elif self.process.exitcode == ORPHANED and self.process.pid:
            with suppress(OSError):
                os.kill(self.process.pid, signal.SIGKILL)
            while lives(self.process.pid):
                time.sleep(0.01)
        self.process.join()

    @property
    def reason(self) -> str:
        """Return why the process ended, in words."""
        if self.pulse.is_hung:
            return f"it showed no sign of life for {self.pulse.silent:.0f} seconds"
        match self.process.exitcode:
            case -9:
                return "killed, perhaps for want of memory"
            case code if code == ORPHANED:
                return "the process that starts others ended"
            case code:
                return f"exit code {code}"

    def send(self, command: str, run_id: str, steps: int | None = None) -> None:
        """Send a command; if the worker has just died, the store sends it again to the successor."""
        self.check_room()
        self.commands[run_id] = Command(self.sent + 1, command, steps)
        self._write((command, run_id, steps))

    def check_room(self) -> None:
        """Refuse a command that the worker would not come to for long."""
        if self.sent - self.told.acknowledged.value >= MAX_PENDING:
            raise ValueError("The training process is busy and has many commands waiting; try again in a moment")

    def warm_up(self) -> None:
        """Let the worker pay for torch's first uses while it has no command to handle."""
        self._write(("warm_up",))

    def _write(self, command: tuple) -> None:
        self.sent += 1
        try:
            self.pipe.send(command)
        except OSError:
            pass

    def has_handled(self, run_id: str) -> bool:
        """Tell whether the worker has handled all commands about a run."""
        return self.commands[run_id].number <= self.told.acknowledged.value


def work(*arguments: Any) -> None:
    """Run a worker, in its own process: only there its module, and with it torch, is imported."""
    from core.runs import worker

    gc.freeze()  # inherited memory is shared until it is written to, and the garbage collector would write to it
    worker.work(*arguments)
