"""What is put before Gradio's own scripts, and what that is for: a page at rest does nothing."""

import re

import pytest
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from playground.shell import STILL, Shell
from tests.served import served, visited

PAGE = "<!doctype html><html><head><title>\u1ea3</title></head><body>&lt;head> <head></body></html>"


@pytest.fixture
def client():
    routes = [
        Route("/", lambda request: HTMLResponse(PAGE)),
        Route("/json", lambda request: JSONResponse({"head": "<head>"})),
        Route("/packed", lambda request: HTMLResponse(b"<head>", headers={"content-encoding": "br"})),
    ]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Shell)]), headers={"accept-encoding": ""})


def test_the_script_stands_before_all_others_and_once(client):
    told = client.get("/")
    script = STILL.read_text(encoding="utf-8")
    assert told.text == PAGE.replace("<head>", f"<head><script>{script}</script>", 1)
    assert int(told.headers["content-length"]) == len(told.content)


def test_what_is_no_page_is_left_as_it_is(client):
    assert client.get("/json").json() == {"head": "<head>"}
    assert client.head("/").status_code == 200
    with client.stream("GET", "/packed") as told:
        assert b"".join(told.iter_raw()) == b"<head>"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with served(tmp_path_factory.mktemp("rest") / "runs", "--no-welcome") as address:
        yield address


COUNTED = """
window.frames_asked = 0;
const ask = window.requestAnimationFrame;
window.requestAnimationFrame = (callback) => { window.frames_asked += 1; return ask.call(window, callback); };
"""


def test_a_page_at_rest_asks_for_no_frame_and_no_hidden_tab_for_anything(site, browser):
    """Frames and requests are computed on the cores that train."""
    with visited(browser, site) as page:
        page.add_init_script(COUNTED)
        page.reload()
        expect(page.locator("#count-line")).to_contain_text("parameters", timeout=60_000)
        expect(page.locator("#preset")).to_contain_text("about", timeout=60_000)  # the machine's speed is measured
        page.wait_for_timeout(1500)
        before = page.evaluate("frames_asked")
        page.wait_for_timeout(1000)
        assert page.evaluate("frames_asked") - before <= 2

        asked = []
        page.on("request", lambda request: "/gradio_api/run/" in request.url and asked.append(request.url))
        page.locator("#train-button").click()
        drawn = re.compile("Loss after")
        expect(page.locator("#loss-chart canvas")).to_have_attribute("aria-label", drawn, timeout=60_000)
        page.wait_for_timeout(1000)
        assert 1 <= len(asked) <= 2  # the tab that is seen; the others draw when they are
