"""Some hundred odd calls and hostile bodies to the served page; `python -m benchmarks.fuzz` sends thousands."""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import suppress

import pytest

from benchmarks import hostile
from benchmarks.browsing import Page
from benchmarks.fuzz import fuzz
from benchmarks.odd_calls import Call, Odd
from benchmarks.sending import Sender, Tally
from benchmarks.served import Served, served
from tests.loops import in_loop

CALLS = 200
pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/smaps_rollup"), reason="memory is told on Linux alone")


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served("--no-welcome", "--workers", "1") as server:
        yield server


def tracebacks(server: Served) -> list[str]:
    return server.log.read_text(errors="replace").split("Traceback")[1:]


def test_odd_calls_find_no_fault_and_leave_little(server):
    in_loop(fuzz(server, CALLS, seed=1))  # by then all is imported
    before, logged = server.own_megabytes(), server.logged()
    tally = in_loop(fuzz(server, CALLS, seed=2))
    assert tally.sent == CALLS
    assert tally.told == [] and tracebacks(server) == []
    assert all(status < 500 for status in tally.statuses) and len(tally.statuses) >= 4
    assert tally.statuses[200] > CALLS / 10, "most calls never reach a handler"
    assert server.own_megabytes() - before < 400 and server.logged() - logged < 10_000  # torch may come meanwhile


def test_hostile_bodies_are_refused_and_leave_little(server):
    before, logged = server.own_megabytes(), server.logged()
    bodies = hostile.bodies()
    for name in ("31 MB of brackets", "100,000 keys", "nesting of 100,000", "nesting of 100,000 objects"):
        for path in hostile.PATHS.values():
            outcomes, _ = hostile.send(server.address, path, bodies[name], 2)
            assert all(400 <= (each.status or 0) < 500 for each in outcomes), f"{name} to {path}: {outcomes}"
    assert tracebacks(server) == []
    assert server.own_megabytes() - before < 400 and server.logged() - logged < 2_000  # torch may come meanwhile


def test_the_same_seed_makes_the_same_calls_and_every_handler_has_its_turn(server):
    async def config() -> dict:
        page = Page(server.address)
        await page.open()
        page.close()
        return page.config

    found = in_loop(config())
    first, second = ([call for call in Odd(found, {}, "run", "1").calls(500)] for _ in range(2))
    assert [(call.path, len(call.body)) for call in first[:20]] == [(call.path, len(call.body)) for call in second[:20]]
    handlers = {each["id"] for each in found["dependencies"] if each["backend_fn"]}
    called = set()
    for call in first:
        with suppress(ValueError, AttributeError, TypeError):  # spoiled, or no call of a handler
            called.add(json.loads(call.body).get("fn_index"))
    assert handlers <= called and len({call.path for call in first}) > 40


def test_every_kind_of_fault_is_counted():
    """By a server that makes them all."""
    answers = {"/a": (b"500 X", b"{}"), "/b": (b"200 OK", b'{"error": null}'), "/c": (b"", b"")}

    async def answer(reader, writer):
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        status, body = answers[path]
        if status:
            writer.write(
                b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (status, len(body), body)
            )
        writer.close()

    async def all_of_them() -> Tally:
        tally = Tally()
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with Sender(f"http://127.0.0.1:{port}", tally) as sender:
                await sender.send_and_hear(Call("plain", "GET", path) for path in answers)
        return tally

    tally = in_loop(all_of_them())
    assert tally.faults() == [1, 1, 0, 1] and len(tally.told) == 3
