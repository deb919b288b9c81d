"""Strangers who poke at other people's runs on a class server: commands, ids, and whatever they get to read.

python -m benchmarks.probes --probes 10000

A hit is an answer that lets a stranger change a run or tells it from one that there is not. Found is each answer, log
or file that holds a token of an owner or the teacher's key. Both have to be 0.
"""

import argparse
import hashlib
import itertools
import json
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.served import end, free_port
from core.runs.config import owner_of
from core.runs.directory import RunDir
from core.runs.plan import plan_run
from core.runs.training_run import train_run
from core.text.corpora import Corpus

TEXT = "".join(f"{i} times {j} is {i * j}.\n" for i in range(20) for j in range(20))
MACHINES = 40  # that the class asks from
COMMANDS = ("play", "pause", "step", "stop", "continue", "reset", "new_seed", "rename", "delete")
FILES = ("run.json", "curve.csv", "model.safetensors")


@dataclass
class Class:
    """A page with runs of two persons and one of nobody, and what nobody else may learn."""

    address: str
    root: Path
    key: str
    tokens: tuple[str, str]
    runs: list[str]  # of the first person, of the second, of nobody
    hits: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    def __post_init__(self):
        # From many machines of a class: a single one would soon have asked as often as it may.
        # A connection that rested as long as the server keeps one open may be closed just when it is used again.
        kept = httpx.Limits(keepalive_expiry=1.0)
        addresses = [f"127.0.0.{number}" for number in range(1, MACHINES + 1)]
        wires = [httpx.HTTPTransport(local_address=address, limits=kept) for address in addresses]
        clients = [httpx.Client(base_url=self.address, timeout=60, transport=wire) for wire in wires]
        self.clients = itertools.cycle(enumerate(clients))
        config = clients[0].get("/config").json()
        self.parts = {part["id"]: part["props"] for part in config["components"]}
        self.handlers = {each["api_name"]: each for each in config["dependencies"]}
        self.search("config", json.dumps(config).encode())

    def search(self, where: str, content: bytes) -> None:
        """Note where a secret stands in what was served, logged or written."""
        for secret in (*self.tokens, self.key):
            if secret.encode() in content:
                self.found.append(f"{secret[:4]}... in {where}")

    def get(self, path: str, token: str = "") -> httpx.Response:
        """Ask as the page's scripts do."""
        answer = next(self.clients)[1].get(path, headers={"X-Playground-Owner": token})
        self.search(path, answer.content + repr(answer.headers).encode())
        return answer

    def command(self, command: str, run: str, token: str) -> tuple[int, bytes]:
        """Give a command as the page's widgets do; return status and body."""
        name = {"rename": "rename_run", "delete": "delete_run"}.get(command, "command")
        event = {"run": run, "command": command, "name": "stolen"}
        return self.call(name, run, token, event)

    def call(self, name: str, run: str, token: str, event: dict | None = None) -> tuple[int, bytes]:
        """Call a handler with a run in view; return status and body."""
        handler = self.handlers[name]
        values = {"run-picker": run, "identity": token, "language": "en"}
        props = [self.parts[number] for number in handler["inputs"]]
        data = [values.get(each.get("elem_id"), each.get("value")) for each in props]
        number, client = next(self.clients)
        session = f"{token[:8] or 'nobody'}{number}"  # each machine has pages of its own
        asked = {"data": data, "fn_index": handler["id"], "session_hash": session, "event_data": event}
        answer = client.post("/gradio_api/run/predict", json=asked)
        self.search(name, answer.content + repr(answer.headers).encode())
        return answer.status_code, answer.content

    def state(self) -> str:
        """Return a digest of all runs: by it one sees whether anything was changed."""
        digest = hashlib.sha256()
        for path in sorted(self.root.rglob("*")):
            own = path.parent == self.root  # what the server knows of this machine is no run
            if path.is_file() and not own and not path.name.startswith("."):
                digest.update(str(path).encode() + path.read_bytes())
        return digest.hexdigest()


def make_runs(root: Path, tokens: tuple[str, str]) -> list[str]:
    """Train a run of each person, and one of nobody, for two steps."""
    model = {"block_size": 8, "n_layer": 1, "n_head": 2, "n_embd": 8}
    train = {"steps": 2, "batch_size": 2, "eval_interval": 2, "eval_tokens": 64, "warmup_steps": 1}
    runs = []
    for token in (*tokens, None):
        plan = plan_run(Corpus("own", TEXT), {"sample_tokens": 4}, model, train, owner_of(token))
        run = plan.create(root)
        list(train_run(run))
        runs.append(run.id)
    return runs


def probe(page: Class, probes: int, chance: random.Random) -> None:
    """Let the first person, and somebody without a name, try everything on what is not theirs."""
    page.get("/playground/runs")  # gives the numbers
    before = page.state()
    strangers = (page.tokens[0], secrets.token_hex(16), "", owner_of(page.tokens[1]) or "")
    for _ in range(probes):
        token, kind = chance.choice(strangers), chance.choice(("command", "command", "ids", "list", "read"))
        foreign, missing = chance.choice(page.runs[1:]), f"{chance.getrandbits(128):032x}"
        if kind == "command":
            command = chance.choice(COMMANDS)
            one, other = (page.command(command, run, token) for run in (foreign, missing))
            if one[0] != other[0] or one[1].replace(foreign.encode(), missing.encode()) != other[1]:
                page.hits.append(f"{command}: {one} beside {other}")
            if b"There is no run called" not in one[1]:
                page.hits.append(f"{command} was not refused: {one}")
        elif kind == "ids":
            for path in (f"/playground/feed/{missing}", f"/playground/run/{missing}/{chance.choice(FILES)}"):
                if page.get(path, token).status_code != 404:
                    page.hits.append(path)
        elif kind == "list":
            told = page.get("/playground/runs", token).text
            if page.runs[1] in told:
                page.hits.append("the list names a stranger's run")
        else:  # with the id one may look, and learns no token
            page.get(f"/playground/feed/{foreign}", token)
            page.get(f"/playground/run/{foreign}/{chance.choice(FILES)}", token)
            page.call(chance.choice(("open", "show")), foreign, page.tokens[0])
    if page.state() != before:
        page.hits.append("a run was changed")
    for path in page.root.rglob("*"):
        if path.is_file():
            page.search(str(path), path.read_bytes())


def serve(root: Path, key: str) -> Iterator[tuple[str, Path]]:
    """Start a class server; give its address and its log; end it."""
    port = free_port()
    log = root.parent / "log"
    command = [sys.executable, "app.py", "--profile", "classroom", "--host", "127.0.0.1", "--port", str(port),
               "--runs", str(root), "--no-browser", "--no-welcome", "--workers", "1"]  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, env=os.environ | {"GPT_PLAYGROUND_TEACHER_KEY": key}
        )
        try:
            while b"is open at" not in log.read_bytes() and process.poll() is None:
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}", log
        finally:
            end(process)


def main(arguments: list[str] | None = None) -> None:
    """Print the hits and what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.probes", description=__doc__.split("\n\n")[0])
    parser.add_argument("--probes", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        root, key = Path(folder) / "runs", secrets.token_hex(16)
        root.mkdir()
        tokens = secrets.token_hex(16), secrets.token_hex(16)
        runs, began = make_runs(root, tokens), time.monotonic()
        for address, log in serve(root, key):
            page = Class(address, root, key, tokens, runs)
            page.call("become_host", runs[0], tokens[1], {"key": key})
            page.command("step", runs[1], tokens[1])  # an owner's own doings leave no token either
            page.call("leave_host", runs[0], tokens[1], {})
            probe(page, asked.probes, random.Random(asked.seed))
            changed = RunDir(root / runs[1]).config().owner
            page.search("the log", log.read_bytes())
            log_bytes = log.stat().st_size
    took = time.monotonic() - began
    print(f"{asked.probes} probes in {took:.0f} s; log {log_bytes:,} bytes; the owner is kept: {bool(changed)}")
    print(f"{len(page.hits)} hits, {len(page.found)} secrets found")
    for each in [*page.hits[:10], *page.found[:10]]:
        print("  " + each)


if __name__ == "__main__":
    main()
