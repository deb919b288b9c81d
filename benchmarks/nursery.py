"""Command lines that begin at once: they are forked from a process that has imported all that they need."""

import subprocess
import sys
from typing import Any

from benchmarks.served import PROJECT

SCRIPT = """
import os, sys
from core.__main__ import main
{prelude}
print("ready", flush=True)
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        os._exit(main(line.split()))
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Nursery:
    """Runs one command line at a time."""

    def __init__(self, prelude: str = ""):
        """Import everything. prelude: Python that each of them finds done."""
        script = SCRIPT.format(prelude=prelude)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen([sys.executable, "-c", script], cwd=PROJECT, text=True, **pipes)
        self.process.stdout.readline()

    def begin(self, *words: Any) -> int:
        """Begin `python -m core` with these words, and return its process id."""
        print(*words, file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())

    def exit_code(self) -> int:
        """Wait for its end, and return how it ended; a signal is below zero."""
        return int(self.process.stdout.readline())

    def close(self) -> None:
        """End the nursery."""
        self.process.stdin.close()
        self.process.wait()
