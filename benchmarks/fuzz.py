"""Seeded calls that no page of ours would send, to every route, every handler and the upload of the real page.

    python -m benchmarks.fuzz --calls 5000
    python -m benchmarks.fuzz --hostile

Each call starts from what an untouched page sends, and something in it is then odd: a value, the event, the number of
values, an id, or the bytes themselves. Answers are heard as the page hears them. What counts as a fault: a traceback in
the log, a reply of status 500, an answer that says {"error": null}, a call that is never answered, a connection that
breaks off. --hostile sends few bodies instead, each far too large, too deep or too slow (`hostile.py`).
"""

import argparse
import asyncio
import os
import time

from benchmarks import hostile
from benchmarks.browsing import Page
from benchmarks.odd_calls import Odd
from benchmarks.report import head, number, row
from benchmarks.sending import Sender, Tally
from benchmarks.served import Served, served

WARM = 400  # calls before memory is looked at: by then the server has imported what it needs
SETTLED = 70.0  # seconds after which the server has given back what it gives back
AT_ONCE = 4  # who call at the same time
ROUND = 40  # calls of one session, whose answers are then heard
SMALL = {"corpus": "own", "own-text": "to be or not to be, that is the question\n" * 40, "preset": "custom",
         "field-block_size": 8, "field-n_embd": 8, "field-n_layer": 1, "field-n_head": 2, "field-steps": 20,
         "field-batch_size": 2, "field-eval_tokens": 64}  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Print how many faults so many calls found, and what the server kept of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("--calls", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--settle", type=float, default=SETTLED, help="seconds to wait before memory is looked at")
    parser.add_argument("--hostile", action="store_true", help="bodies that are too large, too deep or too slow")
    parser.add_argument("--show", type=int, default=10, help="how many faults to print")
    asked = parser.parse_args(arguments)
    os.environ["HF_HUB_OFFLINE"] = "1"  # no call makes the server fetch a model
    print(f"Load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with served("--no-welcome", "--workers", "1") as server:
        if asked.hostile:
            hostile.measure(server, asked.settle)
        else:
            measure(server, asked)


def measure(server: Served, asked: argparse.Namespace) -> None:
    """Call, and print the row."""
    asyncio.run(fuzz(server, WARM, asked.seed + 1_000))
    time.sleep(asked.settle)
    logged, before, began = server.log.stat().st_size, server.own_megabytes(), time.monotonic()
    tally = asyncio.run(fuzz(server, asked.calls, asked.seed))
    seconds, at_once = time.monotonic() - began, server.own_megabytes()
    time.sleep(asked.settle)
    log = server.log.read_bytes()[logged:].decode("utf-8", "replace")
    kept = server.own_megabytes() - before
    head("calls", "tracebacks", "status 500", "error: null", "not answered", "broken off", "MB at once", "MB kept", "s")
    faults = (log.count("Traceback"), *tally.faults())
    row(f"{tally.sent:,}", *faults, number(at_once - before, 1), number(kept, 1), number(seconds, 0))
    row("bar", 0, 0, 0, 0, 0, "", 50, "")
    print("\nStatuses:", ", ".join(f"{status}: {count:,}" for status, count in sorted(tally.statuses.items())))
    for each in tally.told[: asked.show]:
        print("-", each[:600])
    print("\n".join(part[-1_500:] for part in log.split("Traceback")[1 : 1 + asked.show]))


async def fuzz(server: Served, calls: int, seed: int) -> Tally:
    """Send so many odd calls, and return what came of them."""
    page = Page(server.address)
    await page.open()
    train = page.named("train")
    run = (await page.call(train, page.values(train, **SMALL)))[0]
    tally, left = Tally(), calls

    async def someone(number_of: int) -> None:
        nonlocal left
        odd = Odd(page.config, {**SMALL, "run-picker": run}, run, f"{seed} {number_of}")
        async with Sender(server.address, tally) as sender:
            while left > 0:
                count = min(ROUND, left)
                left -= count
                await sender.send_and_hear(odd.calls(count))

    await asyncio.gather(*(someone(each) for each in range(AT_ONCE)))
    page.close()
    return tally


if __name__ == "__main__":
    main()
