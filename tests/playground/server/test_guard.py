"""The gate before Gradio: too large, from elsewhere, or naming an address is answered before anybody reads it."""

import asyncio
import itertools
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from playground.server import guard
from playground.server.guard import Guard

CALL = "/gradio_api/call/train"


async def _echo(request: Request) -> JSONResponse:
    return JSONResponse({"bytes": len(await request.body())})


@pytest.fixture(scope="module")
def client() -> TestClient:
    route = Route("/{path:path}", _echo, methods=["GET", "POST", "PUT"])
    app = Starlette(routes=[route], middleware=[Middleware(Guard)])
    return TestClient(app, base_url="http://127.0.0.1:7860", raise_server_exceptions=False)


def test_an_ordinary_call_passes_with_its_body_whole(client):
    body = json.dumps({"data": ["ROMEO:\n", None, 3, {"path": "/tmp/gradio/a.txt", "url": "http://127.0.0.1/x"}]})
    answer = client.post(CALL, content=body, headers={"origin": "http://127.0.0.1:7860"})
    assert (answer.status_code, answer.json()) == (200, {"bytes": len(body)})


def test_another_website_is_refused(client):
    for origin in ("http://evil.example", "http://127.0.0.1:7861", "null", "", "http://[", "file://"):
        answer = client.post(CALL, json={"data": []}, headers={"origin": origin})
        assert answer.status_code == 403 and "only from itself" in answer.json()["error"], origin


def test_whatever_changes_something_is_guarded(client):
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = client.request(method, "/gradio_api/upload", headers={"origin": "http://evil.example"})
        assert answer.status_code == 403, method


def test_behind_a_proxy_the_page_is_still_itself(client):
    for forwarded in ("me.hf.space", "me.hf.space, inner:7860", "inner, ME.hf.space"):
        headers = {"origin": "https://me.hf.space", "x-forwarded-host": forwarded}
        assert client.post(CALL, json={"data": []}, headers=headers).status_code == 200, forwarded


def test_a_proxy_that_keeps_the_host_and_tells_another_is_no_stranger(client):
    headers = {"origin": "http://127.0.0.1:7860", "x-forwarded-host": "inner:80"}
    assert client.post(CALL, json={"data": []}, headers=headers).status_code == 200


def test_a_program_that_is_no_browser_may_call(client):
    assert client.post(CALL, json={"data": []}).status_code == 200


ADDRESSES = (
    b'{"data": [{"path": "http://169.254.169.254/latest"}]}',
    b'{"data": [[{"a": {"path": "ftp://host/100GB"}}]]}',
    b'{"data": [{"p\\u0061th": "http:\\/\\/host\\/"}]}',
    '{"data": [{"path": "HTTPS://host/"}]}'.encode("utf-16"),
    b'[{"path": "ok", "path": "http://host"}]',
)


def test_a_file_that_would_have_to_be_fetched_is_refused_however_it_is_written(client):
    paths = (CALL, "/gradio_api/queue/join", "/gradio_api/component_server", "/gradio_api//call/train")
    for body, path in itertools.product(ADDRESSES, paths):
        answer = client.post(path, content=body)
        assert answer.status_code == 400 and "has to be uploaded" in answer.json()["error"], (path, body)


def test_an_address_in_a_text_is_only_a_text(client):
    body = {"data": ['{"path": "http://host"}', "see http://host", {"text": "http://host"}]}
    assert client.post(CALL, json=body).status_code == 200


def test_the_limit_is_exact(client, monkeypatch):
    monkeypatch.setattr(guard, "MOST_BYTES", 2**20)
    assert client.post(CALL, content=b"x" * 2**20).status_code == 200
    answer = client.post(CALL, content=b"x" * (2**20 + 1))
    assert answer.status_code == 413 and answer.json()["error"] == "The request is larger than 1 MB; send less"


def test_brackets_without_end_are_refused_and_break_nothing(client):
    for body in (b"[" * 200_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000):
        answer = client.post(CALL, content=body)
        assert answer.status_code == 400 and "nested too deeply" in answer.json()["error"], body[:10]


@given(st.binary(max_size=60))
def test_any_bytes_pass_or_are_refused(body):
    assert guard._problem(body, CALL, {}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["path", "url", "a"]), inner, max_size=3), max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_exactly_the_paths_with_an_address_are_found(value):
    def has_address(item) -> bool:
        if isinstance(item, dict):
            path = item.get("path")
            return (isinstance(path, str) and "://" in path) or any(map(has_address, item.values()))
        return isinstance(item, list) and any(map(has_address, item))

    assert (guard._problem(json.dumps(value).encode(), CALL, {}) is not None) == has_address(value)
    assert guard._problem(json.dumps([value, {"path": "http://x"}]).encode(), CALL, {}) is not None


class _Handler:
    """Stands for a handler of Gradio's with two inputs."""

    def __init__(self, api_name, fn=print):
        self.api_name, self.fn, self.inputs = api_name, fn, [0, 0]


CALLS = (
    ("call/train", {"data": [1, 2]}, None),
    ("call/train/", {"data": [1, 2, 3]}, None),
    ("call/v2/train", {"a": 1}, None),
    ("call/train", {"data": 5}, None),  # Gradio refuses these by itself
    ("call/train", [1], None),
    ("upload_progress", {"data": []}, None),
    ("call/train", {"data": [1]}, 400),
    ("call/nothing", {"data": [1, 2]}, 404),
    ("call/browser_only", {"data": [1, 2]}, 404),
    ("run/nothing", {}, 404),
    ("queue/join", {"fn_index": 0, "data": [1, 2]}, None),
    ("queue/join", {"fn_index": 0, "data": []}, 400),
    ("queue/join", {"fn_index": 1, "data": [1, 2]}, 404),
    ("queue/join", {"fn_index": 99, "data": []}, 404),
    ("queue/join", {"fn_index": [0]}, 404),
    ("queue/join", {}, 404),
)


def test_calls_that_do_not_exist_or_lack_values_are_refused():
    handlers = {0: _Handler("train"), 1: _Handler("browser_only", fn=None)}
    for path, content, status in CALLS:
        problem = guard._problem(json.dumps(content).encode(), f"/gradio_api/{path}", handlers)
        assert (problem and problem[1]) == status, (path, content)


def test_a_client_that_hangs_up_leaves_nothing_waiting():
    seen = []

    async def app(scope, receive, send) -> None:
        seen.append(await receive())
        seen.append(await receive())

    messages = iter([{"type": "http.request", "body": b"ab", "more_body": True}, {"type": "http.disconnect"},
                     {"type": "http.disconnect"}])  # fmt: skip

    async def receive() -> dict:
        return next(messages)

    scope = {"type": "http", "method": "POST", "path": CALL, "headers": []}
    # In a thread of its own: the browser tests leave an event loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, Guard(app)(scope, receive, None)).result()
    assert seen[-1] == {"type": "http.disconnect"}
