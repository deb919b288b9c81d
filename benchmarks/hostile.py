"""Bodies that are far too large, too deep or too slow, eight at once: how soon they are refused, and who waits."""

import json
import socket
import threading
import time
from dataclasses import dataclass

import httpx

from benchmarks.report import head, number, row
from benchmarks.served import Served

AT_ONCE = 8
MB = 10**6
PATIENCE = 60.0
PREPARED = 30.0  # seconds after which the server has imported what it makes ready for later, torch among it
EVERY = 0.02  # seconds between two questions of a neighbour
JOIN = "/gradio_api/queue/join"
UPLOAD = "/gradio_api/upload"
SLOW = b"slow"  # a body of which a byte a second comes


@dataclass
class Outcome:
    """What became of one body."""

    status: int | None
    seconds: float


def bodies() -> dict[str, bytes]:
    """Return the bodies by name."""
    begin = b'{"fn_index":%s,"session_hash":"hostile","data":['
    known, unknown = begin % b"0", begin % b"987654"
    brackets, keys = b"[]," * (31 * MB // 3), json.dumps({f"key {i}": i for i in range(100_000)}).encode()
    return {
        "31 MB of brackets": known + brackets,
        "31 MB of brackets, unknown call": unknown + brackets,
        "31 MB of brackets, no call": brackets,
        "100,000 keys": known + keys + b"]}",
        "100,000 keys, unknown call": unknown + keys + b"]}",
        "nesting of 100,000": known + b"[" * 100_000 + b"]" * 100_000 + b"]}",
        "nesting of 100,000 objects": known + b'{"a":' * 100_000,
        "31 MB of quotes in a text": known + b'"' + b'\\"' * (31 * MB // 2) + b'"]}',
        "a byte a second": SLOW,
    }


PATHS = {"known call": JOIN, "a call by name": "/gradio_api/call/nothing", "upload": UPLOAD,
         "no such path": "/gradio_api/nowhere"}  # fmt: skip


def measure(server: Served, settle: float, at_once: int = AT_ONCE) -> None:
    """Print a row a body and path."""
    head("body", "to", "statuses", "slowest refusal, s", "neighbour's longest wait, s", "MB kept")
    send(server.address, JOIN, b'{"data":[[[[[', 1)  # first uses
    time.sleep(PREPARED)
    first = before = server.own_megabytes()
    for name, body in bodies().items():
        for place, path in PATHS.items():
            outcomes, wait = send(server.address, path, body, at_once)
            statuses = ", ".join(sorted({str(each.status or "cut off") for each in outcomes}))
            after = server.own_megabytes()
            slowest = max(each.seconds for each in outcomes)
            row(name, place, statuses, number(slowest), number(wait), number(after - before, 1))
            before = after
    time.sleep(settle)
    row("all of them", "after a while", "", "", "", number(server.own_megabytes() - first, 1))
    row("bar", "", "4xx", "1 (a byte a second: when its time is over)", 1, 50)


def send(address: str, path: str, body: bytes, at_once: int) -> tuple[list[Outcome], float]:
    """Send a body several times at once; return what became of each, and how long a neighbour waited at most."""
    outcomes: list[Outcome] = []
    senders = [
        threading.Thread(target=lambda: outcomes.append(_send(address, path, body)), daemon=True)
        for _ in range(at_once)
    ]
    longest = 0.0
    with httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False) as neighbour:
        neighbour.get("/playground/runs")
        for sender in senders:
            sender.start()
        while True:
            busy = any(sender.is_alive() for sender in senders)
            began = time.monotonic()
            neighbour.get("/playground/runs").raise_for_status()
            longest = max(longest, time.monotonic() - began)
            if not busy:
                return outcomes, longest
            time.sleep(EVERY)


def _send(address: str, path: str, body: bytes) -> Outcome:
    """Send a body until somebody answers; the seconds run from its first byte to the answer's."""
    host, port = address.removeprefix("http://").strip("/").split(":")
    kind = "multipart/form-data; boundary=mark" if path == UPLOAD else "application/json"
    length = 10_000 if body is SLOW else len(body)
    lines = f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as line:
        began = time.monotonic()
        pushing = threading.Thread(target=_push, args=(line, lines.encode(), body), daemon=True)
        pushing.start()
        try:
            answer = line.recv(4_096)
        except OSError:
            answer = b""
        seconds = time.monotonic() - began
        line.close()
        pushing.join(PATIENCE)
    return Outcome(int(answer.split(b" ", 2)[1]) if answer else None, seconds)


def _push(line: socket.socket, head_of: bytes, body: bytes) -> None:
    try:
        line.sendall(head_of)
        if body is not SLOW:
            return line.sendall(body)
        while True:
            line.sendall(b"[")
            time.sleep(1.0)
    except OSError:  # refused meanwhile
        pass
