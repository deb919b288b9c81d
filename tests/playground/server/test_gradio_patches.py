"""What is put before Gradio's own scripts, and what that is for: a page at rest does nothing."""

import re

import pytest
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from playground.server.gradio_patches import RAF_THROTTLE, SCRIPTS, HeadInjector, assets
from tests.served import served, visited

PAGE = "<!doctype html><html><head><title>\u1ea3</title></head><body>&lt;head> <head></body></html>"


@pytest.fixture
def client():
    routes = [
        Route("/", lambda request: HTMLResponse(PAGE)),
        Route("/json", lambda request: JSONResponse({"head": "<head>"})),
        Route("/packed", lambda request: HTMLResponse(b"<head>", headers={"content-encoding": "br"})),
    ]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(HeadInjector)]), headers={"accept-encoding": ""})


def test_the_script_stands_before_all_others_and_once(client):
    told = client.get("/")
    begin, script = "<head><script>" + RAF_THROTTLE.read_text(encoding="utf-8") + "</script>", "<link rel="
    assert told.text.startswith(PAGE.partition("<head>")[0] + begin + script)
    assert re.sub("<link[^>]*>", "", told.text) == PAGE.replace("<head>", begin, 1)
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


def test_what_a_browser_is_told_to_bring_at_once_is_what_the_page_asks_for(site, browser):
    def untold(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=re.sub('<link rel="modulepreload"[^>]*>', "", answer.text()))

    asked = []
    with visited(browser, site) as page:
        page.on("request", lambda request: asked.append(request.url.rpartition("/assets/")[2]))
        page.route(site, untold)
        page.reload()
        expect(page.locator("#count-line")).to_contain_text("parameters")
        page.wait_for_timeout(500)
    scripts = [name for name in dict.fromkeys(asked) if name.endswith(".js") and (assets() / name).is_file()]
    told = SCRIPTS.read_text(encoding="utf-8").split()
    assert set(told) == set(scripts), "write them into playground/server/scripts.txt:\n" + "\n".join(scripts)


COUNTED = """
window.frames_asked = 0;
const ask = window.requestAnimationFrame;
window.requestAnimationFrame = (callback) => { window.frames_asked += 1; return ask.call(window, callback); };
"""


def frames_of_a_second(page) -> int:
    before = page.evaluate("frames_asked")
    page.wait_for_timeout(1000)
    return page.evaluate("frames_asked") - before


def test_a_page_at_rest_asks_for_no_frame_and_no_hidden_tab_for_anything(site, browser):
    """Frames and requests are computed on the cores that train."""
    with visited(browser, site) as page:
        page.add_init_script(COUNTED)
        page.reload()
        expect(page.locator("#count-line")).to_contain_text("parameters", timeout=60_000)
        expect(page.locator("#preset")).to_contain_text("about", timeout=60_000)  # the machine's speed is measured
        assert any(frames_of_a_second(page) <= 2 for _ in range(15))  # what moves while the page comes, comes to rest

        asked = []
        page.on("request", lambda request: "/gradio_api/run/" in request.url and asked.append(request.url))
        page.locator("#train-button").click()
        drawn = re.compile("Loss after")
        expect(page.locator("#loss-chart canvas")).to_have_attribute("aria-label", drawn, timeout=60_000)
        page.wait_for_timeout(1000)
        assert 1 <= len(asked) <= 2  # the tab that is seen; the others draw when they are
