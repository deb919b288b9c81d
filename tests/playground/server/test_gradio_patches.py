"""The tricks on Gradio: each does what it says, is undone completely, and steps aside on any release but its own."""

import inspect
import re
import subprocess
import sys

import gradio as gr
import pytest
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from core.runs.cost import SPEED_FILE, Speed
from playground.server import gradio_patches
from tests.served import curve_moves, served, visited
from tests.tiny_runs import PROJECT

PATIENCE = 60_000  # milliseconds: a busy machine is slow, not wrong


# -- the release ------------------------------------------------------------------------------------------------------


def test_the_tricks_belong_to_the_release_that_is_pinned_and_served_on_a_space():
    pinned = (PROJECT / "requirements.txt").read_text(encoding="utf-8")
    assert re.search(r"^gradio==(\S+)", pinned, re.MULTILINE)[1] == gradio_patches.RELEASE
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert re.search(r"^sdk_version: (\S+)", readme, re.MULTILINE)[1] == gradio_patches.RELEASE


@pytest.mark.parametrize("why", ["another release", "switched off"])
def test_every_trick_steps_aside(monkeypatch, why):
    if why == "another release":
        monkeypatch.setattr("importlib.metadata.version", lambda name: "6.32.0")
    else:
        monkeypatch.setenv(gradio_patches.PLAIN, "1")
    find = inspect.getfile
    with gradio_patches.quick_import():
        assert inspect.getfile is find
    app = gr.Blocks(analytics_enabled=False)
    before = dict(vars(app._queue))
    gradio_patches.calm_queue(app)
    assert vars(app._queue) == before
    assert gradio_patches.middleware() == []


# -- the import -------------------------------------------------------------------------------------------------------

QUICKLY = """
import inspect, jinja2, sys
from pathlib import Path
before = [dict(vars(module)) for module in (inspect, jinja2)]
sys.path.insert(0, sys.argv[1])
from playground.server.gradio_patches import quick_import
with quick_import():
    import gradio as gr
    import within
assert before == [dict(vars(module)) for module in (inspect, jinja2)]
for name, module in list(sys.modules.items()):
    if name.split(".")[0] in ("gradio", "inspect", "jinja2"):
        ours = [key for key, value in vars(module).items()
                if getattr(value, "__module__", None) == "playground.server.gradio_patches"]
        assert not ours, (name, ours)
import after
print(*sorted(path.name for path in Path(sys.argv[1]).glob("*.pyi")))
class Mine(gr.HTML):
    pass
for kind in (gr.Textbox, within.Within, after.After):
    doc = kind.change.__doc__
    print(kind.__name__ in doc and "{{" not in doc)
with gr.Blocks(analytics_enabled=False):
    print(type(Mine("<b>text</b>")).__name__)
"""
COMPONENT = """
import gradio as gr
class {name}(gr.Textbox):
    EVENTS = [gr.events.Events.change]
"""


def test_a_quick_import_makes_no_stubs_and_leaves_nothing_changed(tmp_path):
    """In a process of its own: here Gradio has been imported already."""
    for name in ("Within", "After"):
        (tmp_path / f"{name.lower()}.py").write_text(COMPONENT.format(name=name))
    command = [sys.executable, "-c", QUICKLY, str(tmp_path)]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["after.pyi", "True", "True", "True", "Mine"]


# -- the queue --------------------------------------------------------------------------------------------------------


def test_the_queue_has_the_waits_that_are_made_longer():
    """Gradio may rename them; then they would be set, and nothing would come of it."""
    app = gr.Blocks(analytics_enabled=False)
    waits = ("sleep_when_free", "progress_update_sleep_when_free")
    assert all(0 < getattr(app._queue, name) < 0.1 for name in waits)
    source = inspect.getsource(type(app._queue))
    assert all(f"asyncio.sleep(self.{name})" in source for name in waits)
    gradio_patches.calm_queue(app)
    assert [getattr(app._queue, name) for name in waits] == [gradio_patches.FREE, gradio_patches.PROGRESS]


# -- the script that comes first --------------------------------------------------------------------------------------

PAGE = "<!doctype html><html><head><title>\u1ea3</title></head><body>&lt;head> <head></body></html>"


@pytest.fixture
def client():
    routes = [
        Route("/", lambda request: HTMLResponse(PAGE)),
        Route("/streamed", lambda request: StreamingResponse(iter([PAGE, "<head>"]), media_type="text/html")),
        Route("/json", lambda request: JSONResponse({"head": "<head>"})),
        Route("/packed", lambda request: HTMLResponse(b"<head>", headers={"content-encoding": "br"})),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(gradio_patches.HeadInjector)])
    return TestClient(app, headers={"accept-encoding": ""})


def test_the_script_stands_before_all_others_and_once(client):
    told = client.get("/")
    script = "<script>" + gradio_patches.RAF_THROTTLE.read_text(encoding="utf-8") + "</script>"
    assert told.text == PAGE.replace("<head>", "<head>" + script, 1)
    assert int(told.headers["content-length"]) == len(told.content)
    assert client.get("/streamed").text == told.text + "<head>"


def test_what_is_no_page_is_left_as_it_is(client):
    assert client.get("/json").json() == {"head": "<head>"}
    assert client.head("/").status_code == 200
    with client.stream("GET", "/packed") as told:
        assert b"".join(told.iter_raw()) == b"<head>"


# -- the page ---------------------------------------------------------------------------------------------------------

COUNTED = """
window.frames_asked = 0;
const ask = window.requestAnimationFrame;
window.requestAnimationFrame = (callback) => { window.frames_asked += 1; return ask.call(window, callback); };
"""
IS_PLAIN = "String(window.requestAnimationFrame).includes('native code')"


def frames_of_a_second(page) -> int:
    before = page.evaluate("frames_asked")
    page.wait_for_timeout(1000)
    return page.evaluate("frames_asked") - before


@pytest.mark.slow
def test_a_page_at_rest_asks_for_no_frame_and_no_hidden_tab_for_anything(tmp_path, browser):
    """Frames and requests are computed on the cores that train."""
    (tmp_path / "runs").mkdir()
    Speed(1e-4, 1e10).save(tmp_path / "runs" / SPEED_FILE)  # known, so that nobody waits for its measurement
    with served(tmp_path / "runs", "--no-welcome") as site, visited(browser, site) as page:
        expect(page.locator("#count-line")).to_contain_text("parameters", timeout=PATIENCE)
        assert not page.evaluate(IS_PLAIN)
        page.add_init_script(COUNTED)
        page.reload()
        expect(page.locator("#count-line")).to_contain_text("parameters", timeout=PATIENCE)
        expect(page.locator("#preset")).to_contain_text("about", timeout=PATIENCE)
        assert any(frames_of_a_second(page) <= 2 for _ in range(15))  # what moves while the page comes, comes to rest

        asked = []
        page.on("request", lambda request: "/gradio_api/run/" in request.url and asked.append(request.url))
        page.locator("#train-button").click()
        drawn = re.compile("Loss after")
        expect(page.locator("#loss-chart canvas")).to_have_attribute("aria-label", drawn, timeout=PATIENCE)
        page.wait_for_timeout(1000)
        assert 1 <= len(asked) <= 2  # the tab that is seen; the others draw when they are


@pytest.mark.slow
def test_the_page_trains_on_plain_gradio_too(tmp_path, browser):
    plain = {gradio_patches.PLAIN: "1"}
    with served(tmp_path / "runs", "--no-welcome", env=plain) as site, visited(browser, site) as page:
        expect(page.locator("#count-line")).to_contain_text("parameters", timeout=PATIENCE)
        assert page.evaluate(IS_PLAIN)
        page.locator("#train-button").click()
        curve_moves(page)
