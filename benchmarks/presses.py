"""Many people press Train within seconds: who is answered, how soon, and how soon the page is as quick as before.

python -m benchmarks.presses --people 300 --seconds 10

Each has the page open, joins the queue as a browser does, and counts as answered by the first word of what became of
the press: a run, a place in the queue, or a refusal.
"""

import argparse
import asyncio
import os
import re
import statistics
import time

from benchmarks.browsing import Failed, Page
from benchmarks.served import Served, served

AT_ONCE = 1  # a place in the line that is told to who is next
NUMBER = re.compile(r"\d[\d.]*")
NORMAL = 1.0  # seconds in which a look at the page is answered when all is well


def main(arguments: list[str] | None = None) -> None:
    """Print what became of the presses, and what a neighbour waited meanwhile and afterwards."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.presses", description=__doc__.split("\n\n")[0])
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--profile", default="laptop")
    asked = parser.parse_args(arguments)
    print(f"Load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with served("--no-welcome", "--profile", asked.profile) as server:
        asyncio.run(measure(server, asked))


async def measure(server: Served, asked: argparse.Namespace) -> None:
    """Let everybody press, and a neighbour look at the page all the while."""
    first = Page(server.address)
    await first.open()
    pages = [Page(server.address, first.config) for _ in range(asked.people)]
    told: list[tuple[str, float, float]] = []
    waits: list[tuple[float, float]] = []
    began = time.monotonic()
    neighbour = asyncio.create_task(_look(server.address, waits, began))
    await asyncio.gather(*(_press(page, i * asked.seconds / len(pages), told) for i, page in enumerate(pages)))
    pressed = time.monotonic() - began
    await asyncio.sleep(10.0)
    neighbour.cancel()
    _tell(told)
    slow = [when for when, wait in waits if wait > NORMAL]
    print(f"all done after {pressed:.1f} s; a neighbour waits {max(wait for _, wait in waits):.2f} s at most")
    print(f"normal again {max(slow, default=0):.1f} s after the first press (bar: 60 s after the last, "
          f"at {asked.seconds:.0f} s)")  # fmt: skip


def _tell(told: list) -> None:
    """Print how many presses ended in which way, and how soon the first word of it came."""
    for kind in sorted({kind for kind, _, _ in told}):
        answers, ends = zip(*((answer, end) for what, answer, end in told if what == kind), strict=True)
        print(f"{len(answers)} ({len(answers) / len(told):.0%}) {kind}")
        print(f"    answered after {statistics.median(answers):.2f} s, slowest {max(answers):.2f} s; "
              f"at the end after {max(ends):.2f} s")  # fmt: skip
    print(f"slowest answer {max(answer for _, answer, _ in told):.2f} s (bar: 2 s)")


async def _press(page: Page, delay: float, told: list) -> None:
    await asyncio.sleep(delay)
    call, began, answered, place = page.named("train"), time.monotonic(), None, "taken at once"
    try:
        async for message in page.call_and_hear(call, page.values(call)):
            answered = answered or time.monotonic() - began
            if message["msg"] == "estimation" and message["rank"] >= AT_ONCE:
                place = "told a place in the line"
            if message["msg"] == "process_completed":
                said = (
                    ""
                    if message["success"]
                    else f", refused: {NUMBER.sub('N', str(message['output'].get('error')))[:70]}"
                )
                told.append((place + said, answered, time.monotonic() - began))
    except Failed as error:
        waited = time.monotonic() - began
        told.append((f"refused at once: {NUMBER.sub('N', str(error))[:90]}", waited, waited))
    page.close()


async def _look(address: str, waits: list, began: float) -> None:
    page = Page(address)
    while True:
        asked = time.monotonic()
        await page.wire.ask("/playground/runs?lang=en&key=")
        waits.append((time.monotonic() - began, time.monotonic() - asked))
        await asyncio.sleep(0.25)


if __name__ == "__main__":
    main()
