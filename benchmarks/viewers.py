"""A run that many follow, as a page follows it: what each waits, and what the run on the same cores loses by it.

python -m benchmarks.viewers --viewers 300 --rounds 3 --seconds 10

The run trains in the page's worker. By turns nobody looks, and everybody does, at the pace that the server tells. Those
who look are plain sockets in this process: their browsers would be on other machines, and not on these cores.
"""

import argparse
import asyncio
import json
import os
import statistics
import time
from urllib.parse import urlencode

from benchmarks.browsing import Failed, Page, Wire
from benchmarks.report import head, number, row
from benchmarks.served import Served, served
from core.runs.directory import RunDir

STEPS = 100_000  # more than anybody waits for
SETTLE = 5.0  # seconds in which a pace settles, and a run that has begun


def main(arguments: list[str] | None = None) -> None:
    """Print failed requests, latencies, and the run's steps/s with and without those who look."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.viewers", description=__doc__.split("\n\n")[0])
    parser.add_argument("--viewers", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="that each side is timed for in a round")
    asked = parser.parse_args(arguments)
    print(f"Load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with served("--no-welcome", "--profile", "classroom", "--host", "127.0.0.1") as server:
        asyncio.run(measure(server, asked))


async def measure(server: Served, asked: argparse.Namespace) -> None:
    """Let a run train, and everybody look at it by turns."""
    page = Page(server.address)
    await page.open()
    call = page.named("train")
    asked_for = {"field-steps": STEPS, "field-eval_interval": STEPS, "field-batch_size": 4}  # many short steps
    run_id = (await page.call(call, page.values(call, **asked_for)))[0]
    run = RunDir(server.log.parent / "runs" / run_id)
    while run.status().step < 1:
        await asyncio.sleep(0.1)
    seen: list[tuple[float, bool, float]] = []
    head("steps/s", "nobody", f"{asked.viewers} viewers", "share", "cores: server", "cores: viewers")
    shares = []
    for turn in range(1, asked.rounds + 1):
        alone, *_ = await _speed(run, server, asked.seconds)
        watching = [asyncio.create_task(_watch(server.address, run_id, i / asked.viewers, seen))
                    for i in range(asked.viewers)]  # fmt: skip
        watched, *cores = await _speed(run, server, asked.seconds)
        for task in watching:
            task.cancel()
        shares.append(watched / max(alone, 1e-9))
        row(f"round {turn}", *map(number, (alone, watched, shares[-1], *cores)))
    latencies = sorted(latency for latency, _, _ in seen)
    places = {"p50": len(latencies) // 2, "p95": int(0.95 * len(latencies)), "max": -1}
    said = ", ".join(f"{name} {1000 * latencies[place]:.0f} ms" for name, place in places.items())
    print(f"the run keeps {statistics.median(shares):.2f} of its steps/s (bar: 0.80)")
    print(f"{len(seen)} requests, {sum(not good for _, good, _ in seen)} failed; latency {said} (bar: p95 1000 ms); "
          f"told to wait up to {max(pause for _, _, pause in seen):.1f} s")  # fmt: skip
    page.close()


async def _speed(run: RunDir, server: Served, seconds: float) -> tuple[float, float, float]:
    """Return steps a second, and the cores that the server and this process took."""
    await asyncio.sleep(SETTLE)
    began, spent, ours, first = time.monotonic(), server.cpu_seconds(), time.process_time(), run.status().step
    await asyncio.sleep(seconds)
    took = time.monotonic() - began
    cores = ((server.cpu_seconds() - spent) / took, (time.process_time() - ours) / took)
    return (run.status().step - first) / took, *cores


async def _watch(address: str, run_id: str, offset: float, seen: list) -> None:
    """Ask as `feed.js` does; each answer is noted as (latency, whether it went well, the pause that it told)."""
    await asyncio.sleep(offset)
    wire, cursor, pause = Wire(address), {"points": 0, "evals": 0, "samples": 0}, 1.0
    try:
        while True:
            began = time.monotonic()
            try:
                body = json.loads(await wire.ask(f"/playground/feed/{run_id}?{urlencode(cursor)}&lang=en"))
                cursor, pause = body["next"], body["pause"]
                seen.append((time.monotonic() - began, True, pause))
            except Failed:
                seen.append((time.monotonic() - began, False, pause))
            await asyncio.sleep(pause)
    finally:
        wire.close()


if __name__ == "__main__":
    main()
