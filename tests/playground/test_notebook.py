"""The page in a notebook: `build_app().launch()` from any folder, again, with arguments, and how it ends."""

import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from core.runs.directory import RunDir
from core.runs.store import RunStore
from playground.build import Playground, build_app
from playground.server import gradio_patches
from playground.server.settings import Settings
from tests.served import curve_moves, free_port, started, visited
from tests.tiny_runs import PROJECT


@contextmanager
def notebook(folder: Path) -> Iterator[tuple]:
    """Launch the page in a folder that is not the project's, as the README tells; yield the process and the address."""
    port = free_port()
    command = [sys.executable, "-c", f"from app import build_app; build_app().launch(server_port={port})"]
    with started(command, port, folder / "page", folder, {"PYTHONPATH": str(PROJECT)}) as process:
        yield process, f"http://127.0.0.1:{port}/"


def children(pid: int) -> list[int]:
    """Return the processes below one: the fork server and, below that, the workers."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *children(child)]
    return found


def are_gone(pids: list[int]) -> bool:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.1)
    return False


def wait_until_it_trains(run: RunDir) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if run.status().step > 0:
                return
        except ValueError:  # not there yet
            pass
        time.sleep(0.1)
    raise AssertionError("the welcome run did not train within a minute")


needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.mark.slow
@needs_proc
def test_in_a_notebook_the_welcome_run_draws_its_curve_and_ctrl_c_pauses_it(tmp_path, browser):
    run = RunDir(tmp_path / "runs" / "welcome")
    with notebook(tmp_path) as (process, address):
        with visited(browser, address) as page:
            expect(page.locator("#run-picker input")).to_have_value(re.compile("Welcome run"), timeout=60_000)
            curve_moves(page)
            weight = "() => getComputedStyle(document.querySelector('#train-button')).fontWeight"
            assert page.evaluate(weight) == "650"  # as page.css has it
        workers = children(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert len(workers) > 1 and are_gone(workers)
    assert run.status().state in ("paused", "done")


@pytest.mark.slow
@needs_proc
def test_a_notebook_that_is_killed_takes_its_workers_along(tmp_path):
    run = RunDir(tmp_path / "runs" / "welcome")
    with notebook(tmp_path) as (process, _):
        wait_until_it_trains(run)
        workers = children(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        assert len(workers) > 1 and are_gone(workers)
    assert run.status().state in ("paused", "done")


@pytest.fixture
def app(tmp_path) -> Iterator[Playground]:
    """The page over a store whose workers have not started: to train ends in the sentence that says so."""
    app = build_app(RunStore(tmp_path), Settings(runs=tmp_path, welcome=False))
    yield app
    app.close()


def lives(address: str) -> bool:
    """Tell whether the page, its scripts, its routes, its guard and its queue answer."""
    with httpx.Client(base_url=address, timeout=60) as client:
        page = client.get("/")
        config = client.get("/config").json()
        assert "train-button" in page.text and "playgroundFeed" in config["head"] and ".train-row" in config["css"]
        missing = client.get("/playground/feed/nothing")
        assert missing.status_code == 404 and "no run called" in missing.json()["error"]
        assert (
            client.post("/gradio_api/queue/join", json={}, headers={"origin": "http://evil.example"}).status_code == 403
        )
        train = next(one for one in config["dependencies"] if one["api_name"] == "train")
        parts = {part["id"]: part["props"].get("value") for part in config["components"]}
        values = [parts[number] for number in train["inputs"]]
        event = client.post("/gradio_api/call/train", json={"data": values}).json()["event_id"]
        told = client.get(f"/gradio_api/call/train/{event}").text
        return "The training processes have not started yet" in json.loads(told.rpartition("data: ")[2])["error"]


def test_the_page_is_launched_with_a_notebooks_own_arguments(app):
    port = free_port()
    _, address, shared = app.launch(prevent_thread_lock=True, server_port=port, share=False, inline=False)
    assert (address, shared) == (f"http://127.0.0.1:{port}/", None)
    assert lives(address)


def test_the_page_may_be_launched_twice_and_again_after_it_was_closed(app):
    address = app.launch(prevent_thread_lock=True)[1]
    assert app.launch(prevent_thread_lock=True)[1] == address and lives(address)
    app.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)
    assert lives(app.launch(prevent_thread_lock=True)[1])


def test_a_closed_page_prepares_nothing_more(app):
    app.launch(prevent_thread_lock=True)
    preparing = [thread for thread in threading.enumerate() if thread.name == "prepare"]
    app.close()
    for thread in preparing:
        thread.join(30)
    assert not any(thread.is_alive() for thread in preparing)


def test_the_queue_of_the_page_is_set_up_before_and_after_launch(app):
    for launch in (lambda: None, lambda: app.launch(prevent_thread_lock=True)):
        launch()
        queue = app._queue
        assert (queue.max_size, queue.default_concurrency_limit, app.api_open) == (200, 8, False)
        assert (queue.sleep_when_free, queue.progress_update_sleep_when_free) == (
            gradio_patches.FREE, gradio_patches.PROGRESS,
        )  # fmt: skip
