"""Which paths and methods there are: what the page uses, and nothing else that Gradio opens."""

import re
from collections.abc import Iterator

import pytest

from benchmarks.odd_calls import walk
from core.runs.store import RunStore
from playground.build import build_app
from playground.server.door import LONGEST, check_address, check_query, find
from playground.server.refusal import Refusal
from playground.server.settings import Settings
from tests.served import free_port

# What Gradio opens by itself and the door shuts: each looked at.
CLOSED = {
    "/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc", "/login", "/login/", "/logout", "/svelte/{path:path}",
    "/config/", "/gradio_api/deep_link", "/pwa_icon", "/pwa_icon/{size}", "/monitoring", "/monitoring/summary",
    "/monitoring/{key}", "/gradio_api/user", "/gradio_api/user/", "/gradio_api/login_check", "/gradio_api/login_check/",
    "/gradio_api/token", "/gradio_api/token/", "/gradio_api/app_id", "/gradio_api/app_id/", "/gradio_api/dev/reload",
    "/gradio_api/runs", "/gradio_api/runs/", "/gradio_api/info/", "/gradio_api/openapi.json",
    "/gradio_api/custom_component/{id}/{environment}/{type}/{file_name}", "/gradio_api/proxy={url_path:path}",
    "/gradio_api/stream/{event_id}", "/gradio_api/stream/{event_id}/close",
    "/gradio_api/stream/{session_hash}/{run}/{component_id}/playlist.m3u8",
    "/gradio_api/stream/{session_hash}/{run}/{component_id}/{segment_id}.{ext}",
    "/gradio_api/stream/{session_hash}/{run}/{component_id}/playlist-file", "/gradio_api/file/{path:path}",
    "/gradio_api/reset/", "/gradio_api/run/{api_name}", "/gradio_api/run/{api_name}/", "/gradio_api/api/{api_name}",
    "/gradio_api/api/{api_name}/", "/gradio_api/call/v2/{api_name}", "/gradio_api/call/v2/{api_name}/",
    "/gradio_api/call/v2/{api_name}/{event_id}", "/gradio_api/component_server", "/gradio_api/component_server/",
    "/gradio_api/queue/status", "/gradio_api/process_recording", "/gradio_api/vibe-edit/", "/gradio_api/vibe-edit",
    "/gradio_api/vibe-code/", "/gradio_api/vibe-code", "/gradio_api/vibe-starter-queries/",
    "/gradio_api/vibe-starter-queries", "/gradio_api/undo-vibe-edit/", "/gradio_api/undo-vibe-edit",
}  # fmt: skip
PARTS = {"event_id": "0" * 32, "path": "js/a.js", "path_or_url": "/tmp/a"}


def is_open(method: str, path: str) -> bool:
    try:
        find(method, path)
    except Refusal as refusal:
        assert refusal.status in (404, 405)
        return False
    return True


def sample(path: str) -> str:
    return re.sub(
        r"{(\w+)(:path)?}", lambda part: PARTS.get(part.group(1), "a"), path.replace("assets/{path", "assets/{a")
    )


@pytest.fixture(scope="module")
def routes(tmp_path_factory) -> Iterator[list[tuple[str, str]]]:
    root = tmp_path_factory.mktemp("runs")
    app = build_app(RunStore(root), Settings(runs=root, port=free_port(), welcome=False))
    app.launch(prevent_thread_lock=True)
    yield list(walk(app.app.routes))
    app.close()


def test_every_route_of_the_page_is_either_open_or_was_looked_at_and_shut(routes):
    assert len(routes) > 60
    unknown = {path for method, path in routes if path not in CLOSED and not is_open(method, sample(path))}
    assert unknown == set(), "look at these routes: open them in door.py, or name them in CLOSED"


def test_what_was_shut_is_shut_with_every_method(routes):
    for path in CLOSED:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
            if path.endswith("{api_name}") and "/run/" in path:
                assert is_open("POST", "/gradio_api/run/predict") and not is_open("POST", "/gradio_api/run/train")
            assert not is_open(method, sample(path)), (method, path)


def test_what_was_shut_is_still_there(routes):
    optional = {"/docs", "/docs/oauth2-redirect", "/redoc"}
    there = {path for _, path in routes}
    assert {path for path in CLOSED if path not in there and path not in optional and "vibe" not in path} == set()


def test_what_the_page_uses_is_open():
    for path in ("/", "/config", "/assets/index-a_B.js", "/static/fonts/a/b-c.woff2", "/theme.css", "/favicon.ico",
                 "/gradio_api/info", "/gradio_api/queue/data", "/gradio_api/heartbeat/abc", "/playground/runs",
                 "/playground/table",
                 "/gradio_api/file=/tmp/gradio/a/b.txt", "/playground/feed/a", "/playground/run/a/b.png"):  # fmt: skip
        assert is_open("GET", path), path
    for path in ("queue/join", "run/predict", "cancel", "upload", "call/train", "call/train/"):
        assert is_open("POST", f"/gradio_api/{path}") and not is_open("GET", f"/gradio_api/{path}"), path


def test_odd_methods_are_not_possible():
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "", "get"):
        for path in ("/", "/gradio_api/queue/join", "/gradio_api/upload", "/playground/runs"):
            with pytest.raises(Refusal) as refused:
                find(method, path)
            assert refused.value.status == 405, (method, path)


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        (b"/", b"lang=vi&__theme=dark", None),
        (b"/gradio_api/file=/tmp/gradio/a/%E1%BB%87.txt", b"", None),
        (b"/%zz", b"", 400),
        (b"/%", b"", 400),
        (b"/a", b"b=%4", 400),
        (b"/%00", b"", 400),
        (b"/%0a", b"", 400),
        (b"/%ff", b"", 400),
        (b"/a", b"b=%00", 400),
        (b"/a", b"b=%0A", None),  # a text with lines
        (b"/", b"x" * LONGEST, 414),
        (b"/" * LONGEST, b"", None),
        (b"/" * LONGEST, b"a", 414),
    ],
)
def test_an_address_is_written_as_addresses_are(path, query, status):
    if status is None:
        check_address(path, query)
    else:
        with pytest.raises(Refusal) as refused:
            check_address(path, query)
        assert refused.value.status == status


@pytest.mark.parametrize(
    ("method", "path", "asked", "status"),
    [
        ("GET", "/", {"deep_link": "x"}, 404),
        ("GET", "/config", {"deep_link": "x"}, 404),
        ("GET", "/", {"page": "nothing"}, 404),
        ("GET", "/", {"deep_link": "", "page": "", "lang": "vi"}, None),
        ("GET", "/gradio_api/queue/data", {}, 400),
        ("GET", "/gradio_api/queue/data", {"session_hash": "a b"}, 400),
        ("GET", "/gradio_api/queue/data", {"session_hash": "x" * 65}, 400),
        ("GET", "/gradio_api/queue/data", {"session_hash": "4f1e2d3c-0000-4000-8000-000000000000"}, None),
        ("GET", "/gradio_api/heartbeat/..", {}, 400),
        ("GET", "/gradio_api/heartbeat/a\u0664", {}, 400),
        ("GET", "/gradio_api/heartbeat/0abc9", {}, None),
        ("GET", "/gradio_api/upload_progress", {}, 400),
        ("POST", "/gradio_api/upload", {}, None),
        ("POST", "/gradio_api/upload", {"upload_id": "<a>"}, 400),
    ],
)
def test_ids_are_those_that_clients_make(method, path, asked, status):
    place = find(method, path)
    if status is None:
        check_query(place, asked)
    else:
        with pytest.raises(Refusal) as refused:
            check_query(place, asked)
        assert refused.value.status == status


def test_a_name_that_is_too_long_for_a_file_is_not_looked_for():
    for start in ("/assets/", "/static/", "/static/a/"):
        assert is_open("GET", f"{start}{'x' * 150}.js") and not is_open("GET", f"{start}{'x' * 300}.js")
