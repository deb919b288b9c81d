"""The real page, served for tests: a process of its own, as a user starts it, on a free port."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).parents[1]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served(root: Path, *arguments: str, port: int | None = None, data: Path | None = None) -> Iterator[str]:
    """Run `python app.py` over the runs in root; yield the page's address; end it as Ctrl-C does."""
    port = port or free_port()
    env = os.environ | {"PYTHONUNBUFFERED": "1", "GPT_PLAYGROUND_CACHE": str(root / "no-cache")}
    if data is not None:
        env["GPT_PLAYGROUND_DATA"] = str(data)
    command = [sys.executable, "app.py", "--runs", str(root), "--port", str(port), "--no-browser", *arguments]
    log = (root.parent / f"{root.name}.log").open("ab")
    process = subprocess.Popen(command, cwd=PROJECT, env=env, stdout=log, stderr=log)
    try:
        _wait_for(f"http://127.0.0.1:{port}/", process)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


def _wait_for(address: str, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended by itself"
        try:
            urllib.request.urlopen(address, timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the page did not come within a minute")
