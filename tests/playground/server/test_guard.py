"""The guard before Gradio: the order in which a request is looked at, and what leaves it."""

import dataclasses
import itertools
import json
from types import SimpleNamespace

import pytest
from starlette.formparsers import MultiPartException

from playground.server import line
from playground.server.guard import Guard
from playground.server.headers import SPACE_FRAMES
from playground.server.profiles import LAPTOP
from tests.loops import in_loop
from tests.playground.server.asgi import HOST, JOIN, Echo, ask, block, handler, page_of

SMALL = dataclasses.replace(LAPTOP, short_body=1_000, long_body=10_000, bodies=15_000, upload=5_000)
HANDLERS = (handler(block(), name="train"), handler(block("own-text"), name="long"))


@pytest.fixture
def app() -> Echo:
    return Echo()


@pytest.fixture
def guard(app) -> Guard:
    return Guard(app, page_of(*HANDLERS), profile=SMALL)


def call(number: int = 0, text: str = "a", **more) -> list[bytes]:
    return [json.dumps({"fn_index": number, "session_hash": "abc", "data": [text], **more}).encode()]


def test_calls_that_wait_for_one_address_leave_places_to_others_and_take_turns():
    events = [
        SimpleNamespace(_id=n, request=SimpleNamespace(client=SimpleNamespace(host="10.0.0.1"))) for n in range(3)
    ]
    waiting = [*events, SimpleNamespace(_id=9, request=SimpleNamespace(client=SimpleNamespace(host="10.0.0.2")))]
    page = page_of(SimpleNamespace(**vars(HANDLERS[0]), concurrency_id="compute"))
    page._queue.max_size, page._queue.event_ids_to_events = 6, dict(enumerate(events))
    page._queue.event_queue_per_concurrency_id = {"compute": SimpleNamespace(queue=waiting)}
    guard = Guard(Echo(), page)
    refused = ask(guard, "POST", JOIN, call(), client="10.0.0.1")
    assert refused.status == 429 and refused.headers["retry-after"] == "6" and guard.app.scopes == []
    assert ask(guard, "POST", JOIN, call(), client="10.0.0.2").status == 200
    assert [event._id for event in waiting] == [0, 9, 1, 2] and not guard.shares.taken


@pytest.mark.parametrize("host", [b"", b"localhost@evil", b"[::1"])
def test_a_request_that_names_no_server_is_told_so(host):
    answer = ask(Guard(Echo()), headers=[(b"host", host)])
    assert answer.status == 421 and answer.error.startswith("This server answers to its name alone")


@pytest.mark.parametrize("kind", [b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data", b""])
def test_what_says_to_be_no_json_is_no_call_before_it_is_read(kind):
    answer = ask(Guard(Echo()), "POST", JOIN, call(), headers=[HOST, (b"content-type", kind)])
    assert (answer.status, answer.read) == (415, 0) and "application/json" in answer.error
    told = (b"content-type", b"Application/JSON; charset=utf-8")
    assert ask(Guard(Echo()), "POST", JOIN, call(), headers=[HOST, told]).status == 200


def test_an_ordinary_call_passes_with_its_body_whole(guard):
    body = call()
    answer = ask(guard, "POST", JOIN, [body[0][:20], body[0][20:]])
    assert (answer.status, json.loads(answer.body)) == (200, {"bytes": len(body[0])})
    assert guard.arriving.held == 0


def test_a_path_that_is_shut_is_answered_before_anything_else(guard, app):
    for method, path in itertools.product(("GET", "POST"), ("/monitoring", "/gradio_api/runs", "/openapi.json")):
        answer = ask(guard, method, path, [b"[" * 100], headers=[(b"host", b"evil"), (b"content-length", b"100")])
        assert (answer.status, app.scopes) == (404, [])


def test_whatever_comes_from_elsewhere_is_refused(guard, app):
    for method, path in (("GET", "/playground/feed/a"), ("POST", JOIN), ("POST", "/gradio_api/upload"), ("GET", "/")):
        answer = ask(guard, method, path, call(), headers=[HOST, (b"origin", b"http://evil.example")])
        assert answer.status == 403 and "only from itself" in answer.error
        assert ask(guard, method, path, call(), headers=[(b"host", b"evil.example")]).status == 421
    assert app.scopes == []


def test_only_a_call_with_a_long_text_may_be_long(guard):
    assert ask(guard, "POST", JOIN, call(1, "x" * 5_000)).status == 200
    answer = ask(guard, "POST", JOIN, call(0, "x" * 5_000))
    assert answer.status == 413 and answer.error == "The request is larger than 0 kB; send less"
    assert ask(guard, "POST", "/gradio_api/cancel", [b'{"a":"' + b"x" * 2_000]).status == 413
    assert ask(guard, "POST", JOIN, call(1, "x" * 20_000)).status == 413


def test_a_long_body_that_can_be_of_no_call_with_a_long_text_is_not_parsed(guard, monkeypatch):
    """The number of the call stands behind the text in what the page sends, and before it in what others may send."""
    parsed = []

    async def parse(body, *given):
        parsed.append(len(body))
        return json.loads(body), body

    monkeypatch.setattr("playground.server.guard.parse", parse)
    text = "x" * 9_000
    for body, status in (
        ({"data": [text], "fn_index": 1, "session_hash": "abc"}, 200),
        ({"fn_index": 1, "session_hash": "abc", "data": [text]}, 200),
        ({"data": [text], "fn_index": 0, "session_hash": "abc"}, 413),
        ({"data": [text], "fn_index": 7, "session_hash": "abc"}, 413),
        ({"data": [text], "session_hash": "abc"}, 413),
        ({"data": ['"fn_index": 1' + text]}, 413),
    ):
        parsed.clear()
        assert ask(guard, "POST", JOIN, [json.dumps(body).encode()]).status == status
        assert len(parsed) == (status == 200)
    for name, status in (("long", 200), ("train", 413), ("nothing", 413)):
        parsed.clear()
        assert ask(guard, "POST", f"/gradio_api/call/{name}", [json.dumps({"data": [text]}).encode()]).status == status
        assert len(parsed) == (status == 200)


def test_a_body_that_is_too_large_is_not_read(guard):
    headers = [HOST, (b"content-length", b"20000")]
    answer = ask(guard, "POST", JOIN, [b"x" * 10] * 3, headers=headers)
    assert answer.status == 413 and answer.headers["connection"] == "close"
    for body in ([b"x"] * 1_000_000, [b"[]," * 500] * 100_000):
        answer = ask(guard, "POST", JOIN, body, headers=[HOST, (b"transfer-encoding", b"chunked")])
        assert answer.status == 413 and answer.headers["connection"] == "close"
        assert answer.read * len(body[0]) < 2**20 + 20_000  # what is thrown away has an end too


def test_reading_takes_no_body(guard):
    assert ask(guard, headers=[HOST, (b"content-length", b"5")]).status == 413
    assert ask(guard, headers=[HOST, (b"transfer-encoding", b"chunked")]).status == 413
    assert ask(guard, headers=[HOST, (b"content-length", b"0")]).status == 200


def test_bodies_that_arrive_at_once_have_a_limit_together(guard):
    guard.arriving.take(14_000)
    answer = ask(guard, "POST", JOIN, call(1, "x" * 5_000))
    assert answer.status == 429 and answer.headers["retry-after"] and guard.arriving.held == 14_000
    assert ask(guard, "POST", JOIN, call()).status == 200


def test_what_is_not_there_is_not_read(guard, tmp_path):
    for path, query in (("queue/data", b"session_hash=nobody"), ("file=/etc/passwd", b""), ("file=http://host/a", b"")):
        assert ask(guard, path=f"/gradio_api/{path}", query=query).status == 404, path
    assert ask(guard, path="/gradio_api/queue/data", query=b"session_hash=known").status == 200


def test_a_part_of_an_uploaded_file_is_the_whole(app, tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("a")
    guard = Guard(app, page_of(uploads=tmp_path), profile=SMALL)
    headers = [HOST, (b"range", b"bytes=1-2-3")]
    assert ask(guard, path=f"/gradio_api/file={file}", headers=headers).status == 200
    assert (b"range", b"bytes=1-2-3") not in app.scopes[0]["headers"]


def test_every_answer_has_our_headers_and_none_for_other_websites(guard):
    for answer in (ask(guard), ask(guard, path="/monitoring"), ask(guard, "OPTIONS", JOIN, headers=[
            HOST, (b"origin", b"http://evil.example"), (b"access-control-request-method", b"POST")])):  # fmt: skip
        policy = answer.headers["content-security-policy"]
        assert "img-src 'self' data: blob:;" in policy and "connect-src 'self';" in policy
        assert policy.endswith("frame-ancestors 'self'") and answer.headers["x-frame-options"] == "SAMEORIGIN"
        assert answer.headers["x-content-type-options"] == "nosniff" and answer.headers["referrer-policy"]
        assert not any(name.startswith("access-control-") for name in answer.headers)
    assert ask(guard).headers["x-own"] == "1"


def test_a_space_may_be_framed_by_its_site(app):
    headers = ask(Guard(app, frames=SPACE_FRAMES)).headers
    assert "x-frame-options" not in headers and headers["content-security-policy"].endswith(f"'self' {SPACE_FRAMES}")


def test_a_refusal_speaks_the_language_of_who_asks(guard):
    vietnamese = "Không có gì ở địa chỉ này; hãy mở chính trang này"
    referer, accepts = b"http://127.0.0.1:7860/?lang=", (b"accept-language", b"vi-VN,vi;q=0.9")
    for query, headers in ((b"lang=vi", []), (b"", [(b"referer", referer + b"vi")]), (b"", [accepts])):
        assert ask(guard, path="/x", query=query, headers=[HOST, *headers]).error == vietnamese
    assert ask(guard, path="/x", headers=[HOST, accepts, (b"referer", referer + b"en")]).error != vietnamese


def test_who_asks_too_often_is_told_when_to_come_again(app):
    guard = Guard(app, page_of(*HANDLERS), profile=dataclasses.replace(SMALL, calls_a_minute=3))
    known = call(session_hash="known")
    assert [ask(guard, "POST", JOIN, known).status for _ in range(4)] == [200, 200, 200, 429]
    answer = ask(guard, "POST", JOIN, known)
    assert 1 <= int(answer.headers["retry-after"]) <= 21 and "more often" in answer.error
    assert [ask(guard, "POST", JOIN, call(session_hash=f"new{i}")).status for i in range(31)].count(200) == 30


def test_a_client_that_hangs_up_is_answered_nothing(guard, app):
    answer = ask(guard, "POST", JOIN, [call()[0][:10], None])
    assert (answer.status, app.scopes, guard.arriving.held) == (None, [], 0)


def test_an_upload_is_refused_while_it_arrives(guard):
    kind = (b"content-type", b"multipart/form-data; boundary=a")
    head = b'--a\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'

    async def gradio(scope, receive, send) -> None:
        try:
            while (await receive()).get("more_body"):
                pass
            status = 200
        except MultiPartException:  # on which Gradio deletes what it has written
            status = 400
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    guard.app = gradio
    whole = [head + b"x" * 100, b"\r\n--a--\r\n"]
    assert ask(guard, "POST", "/gradio_api/upload", whole, headers=[HOST, kind]).status == 200
    for body, status in (
        ([head] + [b"x" * 100] * 100, 413),
        ([b"--a\r\nContent-Type: a/b\r\n\r\nx"], 400),
        ([b"--a\r\n\r\n\r\nx"], 400),
    ):
        headers = [HOST, kind, (b"transfer-encoding", b"chunked")]
        answer = ask(guard, "POST", "/gradio_api/upload", body, headers=headers)
        assert answer.status == status and answer.error
    assert guard.arriving.held == 0


def test_there_are_no_web_sockets(guard):
    sent = []

    async def talk() -> None:
        async def receive() -> dict:
            return {"type": "websocket.connect"}

        async def send(message: dict) -> None:
            sent.append(message)

        await guard({"type": "websocket", "path": "/"}, receive, send)

    in_loop(talk())
    assert sent == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize(
    ("path", "status", "said", "expected"),
    [
        ("/gradio_api/run/predict", 500, b'{"error": "Choose a run"}', 400),
        ("/gradio_api/run/predict", 500, b'{"error": null}', 500),
        ("/gradio_api/run/predict", 500, b'{"error": ""}', 500),
        ("/gradio_api/run/predict", 500, b"Internal Server Error", 500),
        ("/gradio_api/run/predict", 200, b'{"error": "Choose a run"}', 200),
        (JOIN, 500, b'{"error": "Choose a run"}', 500),
    ],
)
def test_what_a_handler_refuses_is_no_fault_of_the_server(path, status, said, expected):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": [(b"x-own", b"1")]})
        await send({"type": "http.response.body", "body": said})

    answer = ask(Guard(app, page_of(*HANDLERS), profile=SMALL), "POST", path, call())
    assert (answer.status, answer.body, answer.headers["x-own"]) == (expected, said, "1")
    assert "content-security-policy" in answer.headers


def test_who_presses_train_while_the_line_is_full_is_refused_before_gradio_sees_it(app):
    page = page_of(handler(block(), name="train"), handler(block()))
    page.fns[0].concurrency_id, page.line = line.NAME, line.Line()
    waiting = SimpleNamespace(concurrency_id=line.NAME)
    page._queue.event_ids_to_events = dict.fromkeys(range(page.line.bound), waiting)
    guard = Guard(app, page, profile=SMALL)
    answer = ask(guard, "POST", JOIN, call(), query=b"lang=vi")
    assert answer.status == 429 and f"{page.line.bound} người đang chờ" in answer.error
    assert int(answer.headers["retry-after"]) >= 2 and app.scopes == []
    assert ask(guard, "POST", JOIN, call(1)).status == 200  # what does not train passes
    del page._queue.event_ids_to_events[0]
    assert ask(guard, "POST", JOIN, call()).status == 200 and page.line.entering == 0
