"""A class on one server: everybody presses Train and follows a run, as pages do, for some minutes.

    python -m benchmarks.classroom --clients 30 --minutes 5

What is told: requests that failed and what each waited, seconds from Train to the first point, and how fairly the steps
fell to the runs (Jain's index of the steps that each took in the same time: 1 where all took as many). Before the class
begins, one run trains alone; the first of the class has its seed, and has to have its losses beside all the others.
"""

import argparse
import asyncio
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.browsing import Failed, Page, Wire
from benchmarks.report import head, number, row
from benchmarks.served import Served, served
from core.runs.directory import RunDir

SEED = 1337
LIST_EACH = 4.0  # seconds between two looks at the list of runs
AFTER_ALL = 5.0  # seconds after the last first point, from which on the steps of all are counted
LATEST = 180.0  # seconds that anybody waits for a first point


@dataclass
class Client:
    """One of the class: its page, its run, and what it waited."""

    page: Page
    seed: int
    run_id: str | None = None
    first_point: float | None = None  # seconds after Train was pressed
    taken: float | None = None  # until the page knew of the run
    waits: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def main(arguments: list[str] | None = None) -> None:
    """Print what the class waited for, and how its runs shared the machine."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.classroom", description=__doc__.split("\n\n")[0])
    parser.add_argument("--clients", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--preset", default="small")
    parser.add_argument("--within", type=float, default=10.0, help="seconds in which all press Train")
    parser.add_argument("--alone", type=int, default=60, help="steps of the run that trains alone first")
    asked = parser.parse_args(arguments)
    print(f"Load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with served("--no-welcome", "--profile", "classroom", "--host", "127.0.0.1") as server:
        asyncio.run(measure(server, asked))


async def measure(server: Served, asked: argparse.Namespace) -> None:
    """Let one run train alone, then the whole class."""
    first = Page(server.address)
    await first.open()
    runs = server.log.parent / "runs"
    alone = await _alone(first, runs, asked)
    clients = [Client(Page(server.address, first.config), SEED + i) for i in range(asked.clients)]
    for client in clients:
        await client.page.open()
    following = [asyncio.create_task(_be_in_class(client, i * asked.within / len(clients), asked))
                 for i, client in enumerate(clients)]  # fmt: skip
    began, until = time.monotonic(), time.monotonic() + min(LATEST, 60 * asked.minutes)
    while time.monotonic() < until and any(client.first_point is None and not client.failed for client in clients):
        await asyncio.sleep(0.2)
    await asyncio.sleep(AFTER_ALL)
    before = _steps(runs, clients)
    await asyncio.sleep(max(10.0, 60 * asked.minutes - (time.monotonic() - began)))
    taken = [after - then for after, then in zip(_steps(runs, clients), before, strict=True)]
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    _tell(clients, taken)
    _compare(alone, RunDir(runs / str(clients[0].run_id)))
    for client in clients:
        client.page.close()


async def _press(page: Page, seed: int, preset: str) -> str:
    call = page.named("train")
    return (await page.call(call, page.values(call, **{"preset": preset, "field-seed": seed})))[0]


async def _alone(page: Page, runs: Path, asked: argparse.Namespace) -> RunDir:
    """Train a run with nobody beside it for some steps, and stop it."""
    run = RunDir(runs / await _press(page, SEED, asked.preset))
    while run.status().step < asked.alone and run.status().state in ("queued", "running"):
        await asyncio.sleep(0.1)
    call = next(each for each in page.config["dependencies"] if _is_command(each, page.config))
    body = {"data": page.values(call), "fn_index": call["id"], "session_hash": page.session, "trigger_id": None,
            "event_data": {"run": run.id, "command": "stop"}}  # fmt: skip
    await page.wire.ask("/gradio_api/run/predict", body)
    while run.status().state in ("queued", "running"):
        await asyncio.sleep(0.1)
    return run


def _is_command(call: dict, config: dict) -> bool:
    transport = next(each["id"] for each in config["components"] if each["props"].get("elem_id") == "transport")
    return any(target[0] == transport and target[1] == "command" for target in call["targets"])


async def _be_in_class(client: Client, delay: float, asked: argparse.Namespace) -> None:
    """Press Train after a while, and then follow the run and the list of runs as a page does."""
    await asyncio.sleep(delay)
    began = time.monotonic()
    try:
        client.run_id = await _press(client.page, client.seed, asked.preset)
    except Failed as error:
        client.failed.append(f"Train: {error}")
        return
    client.taken = time.monotonic() - began
    await asyncio.gather(_follow(client, began), _look_at_list(client))


async def _follow(client: Client, began: float) -> None:
    wire, cursor, pause = Wire(client.page.address), {"points": 0, "evals": 0, "samples": 0}, 0.5
    while True:
        body = await _asked(client, wire, f"/playground/feed/{client.run_id}?{urlencode(cursor)}&lang=en")
        if body:
            cursor, pause = body["next"], body["pause"]
            if client.first_point is None and (body["evals"] or body["points"]):
                client.first_point = time.monotonic() - began
        await asyncio.sleep(pause)


async def _look_at_list(client: Client) -> None:
    wire, key = Wire(client.page.address), ""
    while True:
        body = await _asked(client, wire, f"/playground/runs?lang=en&key={key}")
        key = body["key"] if body else key
        await asyncio.sleep(LIST_EACH)


async def _asked(client: Client, wire: Wire, path: str) -> dict | None:
    began = time.monotonic()
    try:
        return json.loads(await wire.ask(path))
    except Failed as error:
        client.failed.append(str(error))
        return None
    finally:
        client.waits.append(time.monotonic() - began)


def _steps(runs: Path, clients: list[Client]) -> list[int]:
    return [RunDir(runs / client.run_id).status().step for client in clients if client.run_id]


def jain(shares: list[float]) -> float:
    """Return Jain's index of fairness (Jain, Chiu and Hawe, 1984): 1 where all are equal, 1/n where one has all."""
    return sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares)) if any(shares) else 0.0


def at(values: list[float], share: float) -> float | None:
    """Return the value that so large a share of the values do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else None


def _tell(clients: list[Client], taken: list[int]) -> None:
    waits = [wait for client in clients for wait in client.waits]
    points = [client.first_point for client in clients if client.first_point is not None]
    pressed = [client.taken for client in clients if client.taken is not None]
    failed = [each for client in clients for each in client.failed]
    head("", "median", "p95", "slowest", "bar")
    row("a request, s", *(number(at(waits, share), 3) for share in (0.5, 0.95, 1.0)), "p95 1.0")
    row("Train to its answer, s", *(number(at(pressed, share)) for share in (0.5, 0.95, 1.0)), "")
    row("Train to the first point, s", *(number(at(points, share)) for share in (0.5, 0.95, 1.0)), "p95 8.0")
    print(f"\n{len(waits)} requests and {len(clients)} presses, {len(failed)} failed (bar: 0); "
          f"{len(points)} of {len(clients)} runs showed a point")  # fmt: skip
    for each in failed[:3]:
        print(f"    {each:.150}")
    print(f"Jain's index of the steps: {jain(taken):.3f} (bar: 0.9), {min(taken, default=0)} to "
          f"{max(taken, default=0)} steps a run")  # fmt: skip


def _compare(alone: RunDir, beside: RunDir) -> None:
    """Tell whether a run beside others has the losses of one with the same seed that was alone."""
    mine, theirs = ({row["step"]: [row.get(name) for name in ("loss", "train_loss", "val_loss")]
                     for row in run.rows("metrics")[0]} for run in (alone, beside))  # fmt: skip
    last = max(mine, default=0)
    both = [step for step in mine if step in theirs and step < last]  # the last step of a run has more estimates
    differ = [step for step in both if mine[step] != theirs[step]]
    print(f"The same seed alone and beside the others: {len(both)} steps compared, {len(differ)} differ (bar: 0)")


if __name__ == "__main__":
    main()
