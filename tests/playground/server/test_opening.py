"""What is kept of an opening: answers that are the same for everybody, as they are for who asks, and no others."""

import asyncio
import gzip

import brotli
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from playground.server import opening
from playground.server.class_password import ClassPassword
from playground.server.opening import Opening
from tests.loops import in_loop

SCRIPT = "/assets/index-abcd1234.js"
TEXT = b"let a = 1;" * 100


class App:
    """An app that counts what it is asked for, and answers with the scheme and the host in the page."""

    def __init__(self):
        self.asked: list[str] = []
        self.status, self.headers = 200, []
        self.auth = self.auth_dependency = None

    async def __call__(self, scope, receive, send):
        self.asked.append(scope["path"])
        host = dict(scope["headers"])[b"host"].decode()
        page = f"<html>{scope['scheme']}://{host}".encode() + b" " * 500
        body = page if scope["path"] == "/" else TEXT
        kind = b"text/html" if scope["path"] == "/" else b"text/javascript"
        headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), *self.headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def kept(app) -> Opening:
    return Opening(app)


def ask(kept: Opening, path: str = "/", method: str = "GET", scheme: str = "http", query: bytes = b"", **headers: str):
    """Return status, headers and body of one answer."""
    sent = []

    async def send(message: dict) -> None:
        sent.append(message)

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in {"host": "a", **headers}.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": named,
             "scheme": scheme, "root_path": "", "app": kept.app}  # fmt: skip
    in_loop(kept(scope, None, send))
    return sent[0]["status"], {name.decode(): value for name, value in sent[0]["headers"]}, sent[1]["body"]


def test_a_page_is_made_once_for_each_host_and_scheme(kept, app):
    asked = [("a", "http"), ("b", "http"), ("a", "https")]
    for host, scheme in (*asked, *asked):
        assert ask(kept, scheme=scheme, host=host)[2].startswith(f"<html>{scheme}://{host} ".encode())
    assert app.asked == ["/"] * 3
    for name in opening.ROOT[1:]:  # each tells Gradio's page where it is
        ask(kept, **{name: "elsewhere"})
    assert app.asked == ["/"] * (2 + len(opening.ROOT))


@pytest.mark.parametrize(
    ("path", "accepted", "packing"),
    [
        (SCRIPT, "gzip, deflate", "gzip"), (SCRIPT, "gzip, deflate, br", "br"), (SCRIPT, "", None),
        ("/", "gzip", "gzip"), ("/assets/font-abcd1234.woff2", "gzip, br", None),
    ],
)  # fmt: skip
def test_an_answer_is_packed_once_as_the_browser_takes_it(kept, app, monkeypatch, path, accepted, packing):
    unpack = {"gzip": gzip.decompress, "br": brotli.decompress, None: bytes}[packing]
    plain, packed, pack = ask(Opening(app), path)[2], [], opening._pack
    monkeypatch.setattr(opening, "_pack", lambda *given: packed.append(given) or pack(*given))
    for _ in range(3):
        _, headers, body = ask(kept, path, accept_encoding=accepted)
        assert unpack(body) == plain and int(headers["content-length"]) == len(body)
        assert headers.get("content-encoding") == (packing and packing.encode())
    assert len(packed) == (packing is not None)


def test_browsers_keep_what_is_named_by_its_content_and_ask_again_for_the_page(kept):
    assert b"immutable" in ask(kept, SCRIPT)[1]["cache-control"]
    etag = ask(kept)[1]["etag"].decode()
    status, headers, body = ask(kept, if_none_match=etag)
    assert (status, body, headers["cache-control"]) == (304, b"", b"no-cache")
    assert ask(kept, if_none_match='"other"')[0] == 200


@pytest.mark.parametrize("first", [{"if_none_match": '"x"'}, {"if_modified_since": "now"}])
def test_the_first_who_asks_does_not_decide_what_others_get(kept, app, first):
    assert ask(kept, SCRIPT, **first)[2] == ask(kept, SCRIPT)[2] == TEXT
    assert app.asked == [SCRIPT]


def test_what_is_not_for_everybody_is_not_kept(kept, app):
    for more in ({"range": "bytes=0-3"}, {"query": b"x=" + b"y" * 100}, {"method": "HEAD"}, {"method": "POST"}):
        app.asked.clear()
        ask(kept, SCRIPT, **more), ask(kept, SCRIPT, **more)
        assert len(app.asked) == 2, more
    for path, query in (("/playground/runs", b""), ("/gradio_api/info", b""), ("/", b"deep_link=a")):
        app.asked.clear()
        ask(kept, path, query=query), ask(kept, path, query=query)
        assert len(app.asked) == 2, path
    assert kept.kept == {} and kept.size == 0


@pytest.mark.parametrize(
    ("status", "headers"),
    [(404, []), (500, []), (206, [(b"content-range", b"bytes 0-3/9")]), (200, [(b"set-cookie", b"mine=1")])],
)
def test_an_error_and_an_answer_to_one_person_are_asked_for_again(kept, app, status, headers):
    app.status, app.headers = status, headers
    assert [ask(kept, path)[0] for path in (SCRIPT, SCRIPT, "/", "/")] == [status] * 4
    assert kept.kept == {} and len(app.asked) >= 4
    app.status, app.headers = 200, []
    assert ask(kept, SCRIPT)[0] == ask(kept)[0] == 200


def test_a_page_with_a_login_of_gradio_is_not_kept(kept, app):
    app.auth = {"somebody": "password"}
    ask(kept), ask(kept)
    assert app.asked == ["/", "/"]


def test_what_is_kept_is_bounded(kept, monkeypatch):
    monkeypatch.setattr(opening, "MOST_BYTES", 3 * len(TEXT))
    for number in range(10):
        ask(kept, f"/assets/index-abcd123{number}.js")
    assert len(kept.kept) == 3 and kept.size == sum(len(answer.body) for answer in kept.kept.values())


def test_two_hundred_who_ask_at_once_are_answered_from_one_answer(kept, app):
    async def all_at_once() -> None:
        scope = {"type": "http", "method": "GET", "path": SCRIPT, "query_string": b"", "headers": [(b"host", b"a")],
                 "scheme": "http", "root_path": "", "app": app}  # fmt: skip

        async def send(message: dict) -> None:
            pass

        await asyncio.gather(*(kept(scope, None, send) for _ in range(200)))

    in_loop(all_at_once())
    assert app.asked == [SCRIPT]


def test_the_class_password_stands_before_what_is_kept(app):
    web = Starlette(middleware=[Middleware(ClassPassword, password="open sesame"), Middleware(Opening)])
    web.router, web.auth, web.auth_dependency = app, None, None
    client = TestClient(web, follow_redirects=False)
    for _ in range(2):
        assert TEXT not in client.get(SCRIPT).content and b"<html>http://" not in client.get("/").content
    assert app.asked == []
    order = [each.cls for each in _middleware()]
    assert order.index(ClassPassword) < order.index(Opening)


def _middleware() -> list:
    """Return what the real page puts around its app where there is a class password, from outside to inside."""
    import tempfile
    from pathlib import Path

    from core.runs.store import RunStore
    from playground.build import build_app
    from playground.server.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(runs=Path(folder), class_password="open sesame")
        return build_app(RunStore(Path(folder)), settings)._app_kwargs("127.0.0.1")["middleware"]
