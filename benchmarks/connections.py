"""Half-open and slow connections by the thousand: what a neighbour waits, and what the server logs.

python -m benchmarks.connections --number 2000 --seconds 120

A third sends nothing, a third a head of which a byte comes now and then, a third a body of that kind. What the server
closes comes again at once.
"""

import argparse
import asyncio
import os
import time

from benchmarks.browsing import Failed, Page
from benchmarks.served import Served, served
from playground.server.connections import raise_file_limit

OPENING = 5.0  # seconds in which those who hold connections open them
SLOW = 3.0  # seconds between two bytes
HEAD = b"POST /gradio_api/run/predict HTTP/1.1\r\nHost: localhost\r\n"


def main(arguments: list[str] | None = None) -> None:
    """Print how long a neighbour waits, and how much is logged."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.connections", description=__doc__.split("\n\n")[0])
    parser.add_argument("--number", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--profile", default="classroom")
    asked = parser.parse_args(arguments)
    print(f"Load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    raise_file_limit()
    with served("--no-welcome", "--profile", asked.profile, "--host", "127.0.0.1") as server:
        asyncio.run(measure(server, asked))


async def measure(server: Served, asked: argparse.Namespace) -> None:
    """Hold the connections, and let a neighbour look at the page all the while."""
    host, port = server.address.removeprefix("http://").strip("/").split(":")
    before, until = server.logged(), time.monotonic() + asked.seconds
    holders = [asyncio.create_task(_hold(host, int(port), i % 3, until)) for i in range(asked.number)]
    page, waits, failed = Page(server.address), [], 0
    started, spent, ours = time.monotonic(), server.cpu_seconds(), time.process_time()
    while time.monotonic() < until:
        began = time.monotonic()
        page.wire.close()  # a newcomer's connection each time
        try:
            await page.wire.ask("/playground/runs?lang=en&key=")
        except Failed:
            failed += 1
        waits.append((time.monotonic() - began, began - started))
        await asyncio.sleep(0.25)
    took = time.monotonic() - started
    print(f"cores: the server {(server.cpu_seconds() - spent) / took:.2f}, "
          f"those who hold {(time.process_time() - ours) / took:.2f}")  # fmt: skip
    closed = sum(await asyncio.gather(*holders))
    print(f"{asked.number} held for {asked.seconds:.0f} s, closed by the server {closed} times")
    print(f"a neighbour asked {len(waits)} times, {failed} failed, waited {max(waits)[0]:.2f} s at most "
          f"({max(waits)[1]:.0f} s after the start; after the first {OPENING:.0f} s "
          f"{max((wait for wait, when in waits if when > OPENING), default=0):.2f} s); "
          f"the log grew by {(server.logged() - before) / 1e6:.3f} MB")  # fmt: skip


async def _hold(host: str, port: int, kind: int, until: float) -> int:
    """Hold a connection, again and again; return how often it was closed."""
    closed = 0
    while time.monotonic() < until:
        try:
            reader, writer = await asyncio.open_connection(host, port)
            if kind == 1:
                writer.write(HEAD)
            elif kind == 2:
                writer.write(HEAD + b"Content-Length: 60000\r\nContent-Type: application/json\r\n\r\n")
            while time.monotonic() < until:
                if kind:
                    writer.write(b"x")
                try:
                    if not await asyncio.wait_for(reader.read(1), SLOW):
                        raise ConnectionResetError
                except TimeoutError:
                    pass
            writer.close()
        except OSError:
            closed += 1
            await asyncio.sleep(0.2)
    return closed


if __name__ == "__main__":
    main()
