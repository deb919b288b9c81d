"""The page's server as a user starts it, in a process of its own: its address, its memory and its log."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[1]
PATIENCE = 60.0  # seconds until it has to answer


@dataclass
class Served:
    """A server that runs."""

    address: str
    pid: int
    log: Path

    def megabytes(self) -> float:
        """Return the memory that the server's own process holds, without its workers."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def own_megabytes(self) -> float:
        """Return the memory that the process would give back if it ended: without what it shares with its workers."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_")) / 1024

    def cpu_seconds(self) -> float:
        """Return the seconds of a core that the server's own process has taken, without its workers."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def logged(self) -> int:
        """Return the bytes that it has logged."""
        return self.log.stat().st_size


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end(process: subprocess.Popen) -> None:
    """End a server as Ctrl-C does, and by force when it does not end."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def served(*flags: str) -> Iterator[Served]:
    """Run `python app.py` over an empty folder of runs until the block ends."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        command = [sys.executable, "app.py", "--runs", f"{folder}/runs", "--port", str(port), "--no-browser", *flags]
        with log.open("wb") as written:
            process = subprocess.Popen(command, cwd=PROJECT, stdout=written, stderr=written, env=os.environ.copy())
        try:
            address = f"http://127.0.0.1:{port}/"
            _wait_for(address, process, log)
            yield Served(address, process.pid, log)
        finally:
            end(process)
            print(f"The server logged {log.stat().st_size:,} bytes; {log.read_text().count('Traceback')} tracebacks")


def _wait_for(address: str, process: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise OSError(f"The server ended by itself: {log.read_text()[-500:]}")
        try:
            urllib.request.urlopen(address, timeout=10).close()
            return
        except OSError:
            time.sleep(0.05)
    raise OSError("The server did not answer within a minute")
