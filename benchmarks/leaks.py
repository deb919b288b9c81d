"""What the server keeps of those who have gone: abandoned pages, heatmaps, and an hour of coming and going.

python -m benchmarks.leaks --pages 500 --heatmaps 1000 --minutes 6 --times 10

The first pages and heatmaps, before which the server has not imported all that it needs, are not counted. Coming and
going is five pages a minute that arrive, train, look, stop and leave; --times 10 lets an hour pass in six minutes.
"""

import argparse
import asyncio
import os
import random
import statistics
import time
from collections import Counter

from benchmarks.browsing import Failed, Page
from benchmarks.report import head, number, row
from benchmarks.served import Served, served

WARM = 100  # pages and heatmaps before memory is looked at: what is kept for the next look is full by then
A_MINUTE = 5  # pages that arrive
STEPS = 40  # of the run that is looked at
# The run of one who comes and goes: short, and stopped when they go. Else, the quicker they come and the busier the
# machine, the more runs would wait for their turn, until there is no memory for the next.
SHORT = {"field-steps": 40, "field-n_layer": 1, "field-n_head": 2, "field-n_embd": 32, "field-block_size": 32,
         "field-batch_size": 4, "field-eval_interval": 20, "field-eval_tokens": 1024,
         "field-sample_tokens": 8}  # fmt: skip
AGAIN = 70.0  # seconds after which the server has given back what it gives back


def main(arguments: list[str] | None = None) -> None:
    """Print what each kind of visitor leaves in the server's memory."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.leaks", description=__doc__.split("\n\n")[0])
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--heatmaps", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=6.0, help="of coming and going")
    parser.add_argument("--times", type=float, default=10.0, help="how much faster than life they come and go")
    parser.add_argument("--again", type=float, default=AGAIN, help="seconds to wait before memory is looked at")
    asked = parser.parse_args(arguments)
    print(f"Load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with served("--no-welcome") as server:
        head("MB", "before", "at once", "after a while", "kept", "bar")
        asyncio.run(measure(server, asked))


async def measure(server: Served, asked: argparse.Namespace) -> None:
    """Let each kind of visitor come, and print a row of each."""
    first = Page(server.address)
    await first.open()
    config = first.config
    call = first.named("train")
    run = (await first.call(call, first.values(call, **{"field-steps": STEPS})))[0]
    await asyncio.sleep(15.0)  # all steps, so that each look is into one model; and what the server imports for later
    await _look(first, run, WARM)
    if asked.pages:
        await _row(f"{asked.pages} abandoned pages", server, asked, 30, lambda count: _abandon(server, config, count))
    if asked.heatmaps:
        await _row(f"{asked.heatmaps} heatmaps", server, asked, 20, lambda count: _look(first, run, count))
    if asked.minutes:
        await _come_and_go(server, config, asked)
    first.close()


async def _row(name: str, server: Served, asked: argparse.Namespace, bar: float, visit) -> None:
    await visit(WARM)
    await asyncio.sleep(asked.again)
    before = server.megabytes()
    await visit(int(name.split()[0]))
    at_once = server.megabytes()
    await asyncio.sleep(asked.again)
    after = server.megabytes()
    row(name, *map(number, (before, at_once, after, after - before)), f"{bar} MB")


async def _abandon(server: Served, config: dict, count: int) -> None:
    """Open pages, change the language of each, and leave: a heartbeat breaks, and some never had one."""
    for number_of in range(count):
        page = Page(server.address, config)
        await page.open()
        if number_of % 5 == 0:
            page.close()
            page, call = Page(server.address, config), next(c for c in config["dependencies"] if _is_load(c))
            await page.call(call, page.values(call))
        page.close()


def _is_load(call: dict) -> bool:
    return call["backend_fn"] and len(call["outputs"]) > 100


async def _look(page: Page, run: str, count: int) -> None:
    """Look at the attention of texts that differ."""
    call = page.named("draw")
    words = "the and of king love sword night what is it then come my lord".split()
    for number_of in range(count):
        text = " ".join(random.choices(words, k=8))
        values = page.values(call, **{"attention-text": f"{text} {number_of}", "run-picker": run, "language": "en"})
        await page.call(call, values)


async def _come_and_go(server: Served, config: dict, asked: argparse.Namespace) -> None:
    """Print the slope of memory over the second half of coming and going, a minute of life as `times` tell."""
    began, seen, failed, waiting = time.monotonic(), [], Counter(), set()

    async def visit() -> None:
        page = Page(server.address, config)
        try:
            await page.open()
            call = page.named("train")
            run = (await page.call(call, page.values(call, **SHORT)))[0]
            await page.wire.ask(f"/playground/feed/{run}?points=0&evals=0&samples=0&lang=en")
            await asyncio.sleep(60.0 / asked.times)
            call = page.named("command")
            values = page.values(call, **{"run-picker": run})
            await page.call(call, values, event={"run": run, "command": "stop"})
        except Failed as why:
            failed[str(why)[:200]] += 1
        page.close()

    while time.monotonic() - began < 60.0 * asked.minutes:
        waiting.add(task := asyncio.create_task(visit()))
        task.add_done_callback(waiting.discard)
        await asyncio.sleep(60.0 / A_MINUTE / asked.times)
        seen.append((time.monotonic() - began, server.megabytes()))
    await asyncio.gather(*waiting)
    late = [(when * asked.times / 3600, size) for when, size in seen[len(seen) // 2 :]]
    slope = statistics.linear_regression(*zip(*late, strict=True)).slope
    hours = asked.minutes * asked.times / 60
    row(f"{len(seen)} come and go ({hours:.2g} h, {failed.total()} failed)", number(seen[0][1]), number(late[0][1]),
        number(seen[-1][1]), f"{slope:.1f} MB/h", "5 MB/h")  # fmt: skip
    for why, count in failed.most_common(5):
        print(f"  failed {count} times: {why}")


if __name__ == "__main__":
    main()
