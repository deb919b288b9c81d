"""Trainers are killed while they save, servers are told to end, workers are stopped: is anything ever lost?

python -m benchmarks.killing --kills 200 --ends 20 --stops 20

The runs of a killed trainer go on from what it left, to their end; then all their losses are compared with those of the
same runs left in peace. The trainer is the command line, which is killed at a random moment of a save, seen by the
folder that a save is made in. The server is `python app.py`, which gets SIGTERM while two runs train. Workers are
stopped (SIGSTOP) two at a time, each with a run of its own, until their store has replaced them and both runs move on.
"""

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import islice
from pathlib import Path

from benchmarks import report
from benchmarks.nursery import Nursery
from benchmarks.served import PROJECT, free_port
from core.optim import make_optimizer
from core.runs.built import model_of
from core.runs.claim import LOCK_FILE, status_now
from core.runs.directory import RunDir
from core.runs.listing import list_runs
from core.runs.plan import Plan, plan_run
from core.runs.processes import prepare
from core.runs.recovery import recover
from core.runs.store import RunStore
from core.runs.training_run import train_run
from core.text.corpora import Corpus

TEXT = "".join(f"{i} times {j} is {i * j}.\n" for i in range(20) for j in range(20))
MODEL = {"block_size": 8, "n_layer": 2, "n_head": 2, "n_embd": 64}
TRAIN = {"batch_size": 4, "eval_interval": 100, "eval_tokens": 64, "warmup_steps": 5, "schedule": "constant"}
PATIENCE = 120.0  # seconds
ALWAYS_SAVING = """
from core.runs import recorder
recorder.SAVE_EVERY = 0.0
recorder.Recorder.is_time_to_save = True
"""


def main(arguments: list[str] | None = None) -> None:
    """Print what was lost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.killing", description=__doc__.split("\n\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--ends", type=int, default=20)
    parser.add_argument("--stops", type=int, default=20)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        killed = kill_while_saving(Path(folder), asked.kills)
        report.head("kill -9 while saving", "states lost", "unreadable", "stray files", "other losses")
        report.row(asked.kills, *(killed[name] for name in ("lost", "unreadable", "stray", "other losses")))
    with tempfile.TemporaryDirectory() as folder:
        ended, took, orphans = end_servers(Path(folder), asked.ends)
        report.head(
            "SIGTERM", "seconds (median, most)", "steps lost", "not in pause", "stray files", "orphans after 5 s"
        )
        seconds = f"{statistics.median(took):.1f}, {max(took):.1f}" if took else report.NONE
        report.row(asked.ends, seconds, ended["lost"], ended["not in pause"], ended["stray"], orphans)
    with tempfile.TemporaryDirectory() as folder:
        stopped, waited = stop_workers(Path(folder), asked.stops)
        report.head("SIGSTOP of a worker", "seconds until its run moves on (median, most)", "states lost", "unreadable",
                    "stray files", "other losses")  # fmt: skip
        seconds = f"{statistics.median(waited):.1f}, {max(waited):.1f}" if waited else report.NONE
        report.row(asked.stops, seconds, *(stopped[name] for name in ("lost", "unreadable", "stray", "other losses")))


def kill_while_saving(root: Path, kills: int) -> Counter:
    """Kill the trainer of a run at random moments of its saves; return what was lost by that."""
    chance, told = random.Random(1), Counter()
    run = _plan(1_000_000).create(root, "killed")
    nursery = Nursery(ALWAYS_SAVING)
    try:
        for _ in range(kills):
            pid = nursery.begin("--runs", root, "train --resume killed")
            before = max(run.saved_steps(), default=0)
            _wait(lambda before=before: max(run.saved_steps(), default=0) > before and [*run.path.glob(".resume-*")])
            time.sleep(chance.uniform(0.0, 0.01))
            os.kill(pid, signal.SIGKILL)
            nursery.exit_code()
            counted = max(run.saved_steps())  # what was there when it died
            recover(root)
            told += _look(run, counted)
    finally:
        nursery.close()
    told["other losses"] += _differing(run, root, "peace")
    return told


def _differing(run: RunDir, root: Path, name: str) -> int:
    """Count the losses of a run that are not those of the same run left in peace, up to its last state."""
    step = max(run.saved_steps())
    quiet = Plan(run.config(), run.text(), 0, 0).create(root, name)
    quiet.write_baselines({"uniform": 1.0})  # else they are counted while the folder is deleted
    turns = train_run(quiet)
    peace = {stats.step: stats.loss for stats in islice(turns, step)}
    turns.close()
    rows = [row for row in run.rows("metrics")[0] if "loss" in row and row["step"] <= step]
    return sum(row["loss"] != peace[row["step"]] for row in rows)


def _look(run: RunDir, counted: int) -> Counter:
    """Open what a killed trainer left."""
    told = Counter()
    model = model_of(run.config())
    state = run.read_resume(model, make_optimizer(model, run.config().train))
    told["lost"] += state is None or state.step < counted
    for step in run.snapshots():
        try:
            run.load_snapshot(step)
        except ValueError:
            told["unreadable"] += 1
    told["stray"] += _stray(run.path.parent)
    return told


def _stray(root: Path) -> int:
    hidden = [path for path in root.rglob(".*") if path.name not in (LOCK_FILE, ".turnstile.lock", ".cores.lock")]
    return len(hidden)


def end_servers(root: Path, ends: int) -> tuple[Counter, list[float], int]:
    """Start a server and let it train what it finds; tell it to end, or kill it every fifth time."""
    told, took, orphans = Counter(), [], 0
    for i in range(ends):
        for name in ("one", "two"):
            if i == 0:
                _plan(1_000_000).create(root, name)
        ended = _serve(root, is_killed=i % 5 == 4)
        if ended is None:
            orphans += any(status_now(run).state == "running" for run in list_runs(root)[0])
        else:
            took.append(ended)
            for run in list_runs(root)[0]:
                told["not in pause"] += run.status().state != "paused"
                told["lost"] += run.status().step - max(run.saved_steps(), default=0)
        recover(root)
        told["stray"] += _stray(root)
    return told, took, orphans


SERVER = """
import sys, threading
from pathlib import Path
import app
from core.runs.store import RunStore
open_workers = RunStore.start_workers
def start_workers(store):
    open_workers(store)
    for name in ("one", "two"):
        store.resume(name)
    print("trains", flush=True)
RunStore.start_workers = start_workers
if __name__ == "__main__":
    app.main()
"""


def _serve(root: Path, is_killed: bool) -> float | None:
    """Serve until both runs train, then end; return the seconds that took, None for a server that was killed."""
    script = root.parent / f"{root.name}-server.py"
    script.write_text(SERVER)
    command = [
        sys.executable,
        str(script),
        "--runs",
        str(root),
        "--port",
        str(free_port()),
        "--no-browser",
        "--no-welcome",
    ]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    server = subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    runs = [RunDir(root / name) for name in ("one", "two")]
    try:
        before = [run.status().step for run in runs]
        _wait(lambda: all(run.status().step > step + 20 for run, step in zip(runs, before, strict=True)))
        if is_killed:
            server.kill()
            server.wait()
            time.sleep(5.0)
            return None
        began = time.monotonic()
        server.send_signal(signal.SIGTERM)
        server.wait(60)
        return time.monotonic() - began
    finally:
        script.unlink()
        if server.poll() is None:
            server.kill()
            server.wait()


def stop_workers(root: Path, stops: int) -> tuple[Counter, list[float]]:
    """Stop both workers of a store at random moments, until it has replaced them; return what was lost by that."""
    chance, told, waited = random.Random(2), Counter(), []
    prepare()
    store = RunStore(root, workers=2).open()
    try:
        runs = [store.start(_plan(1_000_000), run_id=name) for name in ("one", "two")]
        for _ in range(-(-stops // 2)):
            before = [max(run.saved_steps(), default=0) for run in runs]
            # A run whose worker ends twice without a save in between is given up: it may be what ends it.
            _wait(lambda before=before: all(max(run.saved_steps(), default=0) > step
                                            for run, step in zip(runs, before, strict=True)))  # fmt: skip
            time.sleep(chance.uniform(0.0, 1.0))
            pids = {process.process.pid for process in store.processes}
            counted = [max(run.saved_steps(), default=0) for run in runs]
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            began, reached = time.monotonic(), [run.last_row() for run in runs]
            _wait(lambda pids=pids, reached=reached: all(run.status().pid not in pids and run.last_row() > step
                                                         for run, step in zip(runs, reached, strict=True)))  # fmt: skip
            waited += [time.monotonic() - began] * 2
            told["lost"] += sum(
                max(run.saved_steps(), default=0) < step for run, step in zip(runs, counted, strict=True)
            )
    finally:
        store.close()
    told["stray"] += _stray(root)
    for run in runs:
        told += _look(run, run.status().step)
        told["other losses"] += _differing(run, root, f"{run.id}-in-peace")
    return told, waited


def _plan(steps: int) -> Plan:
    return plan_run(Corpus("own", TEXT), {"sample_tokens": 4}, MODEL, {**TRAIN, "steps": steps})


def _wait(condition) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError("waited in vain")
        time.sleep(0.002)


if __name__ == "__main__":
    main()
