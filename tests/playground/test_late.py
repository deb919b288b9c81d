"""The page is built, opened and trained on before torch is there; what needs it brings it, with one thread."""

import subprocess
import sys

import pytest

from tests.tiny_runs import PROJECT

BEGIN = """
import sys, time
from pathlib import Path
from core.runs import processes
from playground.server.gradio_patches import quick_import
with quick_import():
    from playground.build import build_app, import_torch
from core.pretrained import loader
from core.runs.store import RunStore
from playground.server.settings import Settings
root = Path(sys.argv[1])
store, settings = RunStore(root), Settings(runs=root)
"""
OPEN = """
import httpx, os
from core.text.corpora import Corpus
from core.runs.plan import plan_run
app = build_app(store, settings)
address = app.launch(prevent_thread_lock=True)[1]
assert "train-button" in httpx.get(address).text
index = next(i for i, each in app.fns.items() if getattr(each.fn, "__qualname__", "") == "Header.open")
asked = {"data": [{}, None], "fn_index": index, "session_hash": "s"}
answer = httpx.post(address + "gradio_api/run/predict", json=asked)
assert any("parameters" in str(value) for value in answer.json()["data"]), answer.text
shape = {"block_size": 8, "n_layer": 1, "n_head": 1, "n_embd": 8}
plan = plan_run(Corpus("own", "to be or not to be " * 99), {}, shape, {})
plan.create(root)
print(store.warm_up_requested.is_set(), loader.loaded(), "torch" in sys.modules, flush=True)
import_torch()
print(sys.modules["torch"].get_num_threads(), loader.loaded(), flush=True)
os._exit(0)
"""
PREPARED = """
from multiprocessing import forkserver
def torch_is_in(process):
    return "libtorch_cpu" in Path(f"/proc/{process}/maps").read_text()
processes.prepare()
nursery, until = forkserver._forkserver._forkserver_pid, time.monotonic() + 60
while not torch_is_in(nursery) and time.monotonic() < until:
    time.sleep(0.05)
process = processes.Process(root)
parent = int(Path(f"/proc/{process.process.pid}/stat").read_text().rpartition(")")[2].split()[1])
print(torch_is_in(nursery), parent == nursery, torch_is_in(process.process.pid), "torch" in sys.modules, flush=True)
process.pipe.close()
process.process.join(20)
print(process.process.exitcode)
"""


def _printed(code: str, root) -> list[str]:
    result = subprocess.run([sys.executable, "-c", BEGIN + code, root], cwd=PROJECT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def test_a_page_is_opened_and_a_run_planned_before_torch_is_there(tmp_path):
    assert _printed(OPEN, tmp_path) == ["True None False", "1 None"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers are spawned")
def test_torch_is_imported_once_for_all_workers_and_while_the_page_is_made(tmp_path):
    assert _printed(PREPARED, tmp_path) == ["True True True False", "0"]
