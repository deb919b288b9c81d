"""A class of thirty: as many small runs, each followed by a viewer as the page follows it, for a minute.

python -m benchmarks.viewers --viewers 30 --seconds 60
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.machine import watched
from core.runs.plan import plan_run
from core.runs.presets import PRESETS
from core.runs.store import RunStore
from core.text.corpora import load_corpus
from playground.build import build_app
from playground.server.settings import Settings


def main(arguments: list[str] | None = None) -> None:
    """Print failed requests, latencies, and how far the slowest run came."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.viewers", description=__doc__.split("\n\n")[0])
    parser.add_argument("--viewers", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=60)
    asked = parser.parse_args(arguments)
    with watched(quick=True, computes_here=False):
        measure(asked)


def measure(asked: argparse.Namespace) -> None:
    """Start the runs, let everybody watch, and print what came of it."""
    preset = PRESETS["small"]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        store = RunStore(root)
        _, address, _ = build_app(store, Settings(runs=root, welcome=False)).launch(prevent_thread_lock=True)
        store.open()
        corpus, began = load_corpus("plays"), time.monotonic()
        runs = [
            store.start(plan_run(corpus, {"preset": "small"}, preset.model, {**preset.train, "seed": seed}))
            for seed in range(asked.viewers)
        ]
        print(f"{len(runs)} runs started in {time.monotonic() - began:.1f} s")
        seen = asyncio.run(_watch_all(address, [run.id for run in runs], asked.seconds))
        steps = [run.status().step for run in runs]
        store.close()
    latencies = sorted(latency for latency, _, _ in seen)
    failed = sum(not good for _, good, _ in seen)
    waits = [wait for _, _, wait in seen if wait is not None]
    places = {"p50": len(latencies) // 2, "p95": int(0.95 * len(latencies)), "max": -1}
    said = ", ".join(f"{name} {1000 * latencies[place]:.0f} ms" for name, place in places.items())
    print(f"{len(seen)} requests, {failed} failed; latency {said}")
    middle = statistics.median(steps)
    print(f"steps after {asked.seconds:.0f} s: fewest {min(steps)}, median {middle}, most {max(steps)}")
    print(f"longest time that a viewer saw no new step: {max(waits, default=0):.1f} s")


async def _watch_all(address: str, runs: list[str], seconds: float) -> list[tuple[float, bool, float | None]]:
    async with httpx.AsyncClient(base_url=address, timeout=30) as client:
        parts = await asyncio.gather(*(_watch(client, run, seconds, i / len(runs)) for i, run in enumerate(runs)))
    return [entry for part in parts for entry in part]


async def _watch(client: httpx.AsyncClient, run: str, seconds: float, offset: float) -> list:
    """Poll as feed.js does, at the pace that the server tells.

    Each answer is noted as (latency, whether it went well, seconds between two new steps where one came).
    """
    await asyncio.sleep(offset * 0.5)
    until, cursor, step, moved, seen = time.monotonic() + seconds, {}, 0, None, []
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            answer = await client.get(f"playground/feed/{run}", params={**cursor, "viewer": run})
            good = answer.status_code == 200
        except httpx.HTTPError:
            good = False
        now, wait, pause = time.monotonic(), None, 0.5
        if good:
            body = answer.json()
            cursor, pause = body["next"], body["pause"]
            if body["step"] > step:
                wait = now - moved if moved else None
                step, moved = body["step"], now
        seen.append((now - began, good, wait))
        await asyncio.sleep(pause)
    return seen


if __name__ == "__main__":
    main()
