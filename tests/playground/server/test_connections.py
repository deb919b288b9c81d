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


class Held:
    """A connection as the counts know it."""

    def __init__(self, is_answering: bool = True):
        self.is_answering, self.transport, self.is_closed = is_answering, self, False

    def abort(self) -> None:
        self.is_closed = True


def entered(connections: Connections, address: str, is_answering: bool = True) -> Held | None:
    held = Held(is_answering)
    return held if connections.enter(address, held) else None


def test_one_address_has_its_share():
    connections = Connections(replace(LAPTOP, connections_of_address=2))
    held = [entered(connections, "a") for _ in range(3)]
    assert [each is not None for each in held] == [True, True, False]
    other = entered(connections, "b")
    connections.leave("a", held[0])
    connections.leave("a", held[0])
    held.append(entered(connections, "a"))
    for whose, each in (("a", held[1]), ("a", held[3]), ("b", other)):
        connections.leave(whose, each)
    assert (connections.number, connections.held) == (0, {})


def test_a_proxy_from_which_all_come_has_no_share_of_its_own():
    connections = Connections(replace(LAPTOP, connections_of_address=2), lambda address: address == "10.0.0.1")
    assert all(entered(connections, "10.0.0.1") for _ in range(9))
    assert [bool(entered(connections, "10.0.0.2")) for _ in range(3)] == [True, True, False]


def test_a_full_server_takes_a_newcomer_in_the_place_of_who_has_most():
    connections = Connections(replace(LAPTOP, connections=4))
    many = [entered(connections, f"2001:db8::{number}") for number in range(4)]  # one customer's
    assert connections.number == 4 and entered(connections, "2001:db8::5") is None
    assert entered(connections, "10.0.0.1") and entered(connections, "10.0.0.2")
    assert [each.is_closed for each in many] == [False, False, True, True]
    assert entered(connections, "10.0.0.1") is None, "nobody has more than they would have then"
    assert connections.number == 4


def test_a_full_server_closes_what_waits_for_no_answer_first_even_for_the_same_address():
    connections = Connections(replace(LAPTOP, connections=3))
    held = [entered(connections, "a", is_answering) for is_answering in (True, False, False)]
    assert entered(connections, "a") and entered(connections, "b")
    assert [each.is_closed for each in held] == [False, True, True]
    assert entered(connections, "a") is None and connections.refused == 1


def test_who_holds_all_connections_of_the_page_shuts_nobody_out(launched):
    app, (host, port) = launched
    app.connections.profile = replace(STRICT, header_seconds=20.0)
    held = [connected((host, port), HEAD) for _ in range(STRICT.connections)]
    while app.connections.number < STRICT.connections:
        time.sleep(0.01)
    asks = b"GET /robots.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    assert connected((host, port), asks).recv(12) == b"HTTP/1.1 200"
    assert is_closed(held[0])


def test_the_bound_leaves_files_for_everything_else():
    connections = Connections(replace(LAPTOP, connections=10**9))
    assert 0 < connections.most < raise_file_limit()


def test_a_full_table_of_files_is_said_once():
    seldom, said = Seldom(), []
    for text in ("socket.accept() out of system resource", "another", "socket.accept() out of system resource"):
        record = logging.LogRecord("asyncio", logging.ERROR, "", 0, text, (), None)
        said.append(bool(seldom.filter(record)))
    assert said == [True, True, False]
