"""Connections: too slow ones are closed, too many are not taken, and those that wait for an answer live."""

import logging
import socket
import time
from dataclasses import replace

import pytest

from core.runs.store import RunStore
from playground.build import build_app
from playground.server.connections import Connections, Seldom, raise_file_limit
from playground.server.profiles import LAPTOP
from playground.server.settings import Settings

STRICT = replace(LAPTOP, header_seconds=0.3, body_seconds=0.3, connections=6, session_seconds=0.0)
HEAD = b"POST /gradio_api/run/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


@pytest.fixture
def launched(tmp_path):
    """Serve the real page from this process, as a notebook does; return it with where it listens."""
    app = build_app(RunStore(tmp_path), Settings(runs=tmp_path, profile=STRICT, welcome=False))
    app.launch(prevent_thread_lock=True)
    yield app, (app.server_name, app.server_port)
    app.close()


def connected(place, sent: bytes = b"") -> socket.socket:
    wire = socket.create_connection(place, timeout=20)
    wire.sendall(sent)
    return wire


def is_closed(wire: socket.socket) -> bool:
    """Wait until the other side closes without an answer; the timeout of the socket fails the test."""
    try:
        return wire.recv(100) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP", HEAD, HEAD + b"Content-Length: 10\r\n\r\n["])
def test_what_does_not_come_in_time_is_closed(launched, sent):
    assert is_closed(connected(launched[1], sent))


def test_a_body_that_comes_byte_by_byte_is_closed(launched):
    wire = connected(launched[1], HEAD + b"Content-Length: 100000\r\n\r\n")
    with pytest.raises(OSError):
        for _ in range(10_000):
            wire.sendall(b" ")
            time.sleep(0.02)


def test_an_answer_that_goes_on_has_no_clock(launched):
    wire = connected(launched[1], b"GET /gradio_api/heartbeat/abc HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert wire.recv(15).startswith(b"HTTP/1.1 200")
    slow = connected(launched[1], HEAD)
    assert is_closed(slow)  # by then a clock of the first would have run out, too
    wire.setblocking(False)
    with pytest.raises(BlockingIOError):
        while wire.recv(10_000):
            pass


def test_a_connection_beyond_the_bound_is_not_taken_and_room_comes_back(launched):
    app, place = launched
    long = b"GET /gradio_api/heartbeat/abc HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    held = []
    while app.connections.number < STRICT.connections:
        held.append(connected(place, long))
        held[-1].recv(10)
    assert is_closed(connected(place, long))
    assert app.connections.refused > 0
    for wire in held:
        wire.close()
    while app.connections.number >= STRICT.connections:
        time.sleep(0.01)
    assert connected(place, long).recv(12) == b"HTTP/1.1 200"


def test_one_address_has_its_share():
    connections = Connections(replace(LAPTOP, connections_of_address=2))
    assert [connections.enter("a") for _ in range(3)] == [True, True, False]
    assert connections.enter("b")
    connections.leave("a")
    assert connections.enter("a")
    for address in ("a", "a", "b"):
        connections.leave(address)
    assert (connections.number, dict(connections.of_address)) == (0, {})


def test_the_bound_leaves_files_for_everything_else():
    connections = Connections(replace(LAPTOP, connections=10**9))
    assert 0 < connections.most < raise_file_limit()


def test_a_full_table_of_files_is_said_once():
    seldom, said = Seldom(), []
    for text in ("socket.accept() out of system resource", "another", "socket.accept() out of system resource"):
        record = logging.LogRecord("asyncio", logging.ERROR, "", 0, text, (), None)
        said.append(bool(seldom.filter(record)))
    assert said == [True, True, False]
