"""Answers that are the same for everybody who opens the page, kept in memory: the page itself, scripts and styles.

An opening is some hundred requests. Gradio builds the page of 600 kB anew for each of them and sends it as it is; it
reads each of 92 small files from disk in a thread, packs it anew for each who asks, and lets the browser ask for all of
them again the next time, though their names change whenever their content does. Left out on purpose: what handlers
answer (`quick_values.py`).
"""

import asyncio
import gzip
import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass, replace

import brotli
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 24 * 2**20  # of all answers that are kept
PACKED = (".js", ".css", ".svg", ".json", "/")  # ends of the paths of what packing makes much smaller
SMALL = 400  # bytes that are sent as they are
ASSETS = ("/assets/", "/static/", "/theme.css")
NAMED_BY_CONTENT = re.compile(r"/assets/.+-[A-Za-z0-9_-]{8,12}\.(js|css|woff2?)")
FOR_EVER = b"public, max-age=31536000, immutable"
ROOT = ("host", "x-forwarded-host", "x-forwarded-proto", "x-gradio-server")  # what the page's own address follows from
NOT_KEPT = (b"set-cookie", b"content-range")
ONLY_THEN = (b"if-none-match", b"if-modified-since", b"range")  # an answer to these is not the whole one


@dataclass(frozen=True)
class Answer:
    """An answer of status 200."""

    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def named(self, name: bytes) -> bytes | None:
        """Return the value of a header."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    def told(self, **changed: bytes) -> "Answer":
        """Return the answer with other headers; content_type is called content-type."""
        new = {name.replace("_", "-").encode(): value for name, value in changed.items()}
        kept = tuple((name, value) for name, value in self.headers if name.lower() not in new)
        return replace(self, headers=(*kept, *new.items()))


class Opening:
    """ASGI middleware that keeps what every opening of the page asks for."""

    def __init__(self, app: ASGIApp):
        self.app = app
        self.kept: OrderedDict[tuple, Answer] = OrderedDict()
        self.size = 0
        self.lock = asyncio.Lock()  # of 200 that ask at once for what is not there yet, one makes it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, or pass a request on."""
        key = _key_of(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        if key is None:
            return await self.app(scope, receive, send)
        if key not in self.kept:
            async with self.lock:
                if key not in self.kept and not await self._make(key, scope, receive):
                    key = None
        if key is None or (answer := self.kept.get(key)) is None:  # no answer to keep, such as one of status 404
            return await self.app(scope, receive, send)
        self.kept.move_to_end(key)
        await _send(answer, Headers(scope=scope).get("if-none-match"), send)

    async def _make(self, key: tuple, scope: Scope, receive: Receive) -> bool:
        """Let the app answer, and keep that; tell whether it can be kept."""
        whole = [(name, value) for name, value in scope["headers"] if name not in ONLY_THEN]
        status, headers, parts = 0, (), []

        async def collect(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], tuple(message["headers"])
            else:
                parts.append(message.get("body", b""))

        await self.app({**scope, "headers": whole}, receive, collect)
        if status != 200 or any(name.lower() in NOT_KEPT for name, _ in headers):
            return False
        self.kept[key] = await _prepared(key, scope["path"], Answer(headers, b"".join(parts)))
        self.size += len(self.kept[key].body)
        while self.size > MOST_BYTES and len(self.kept) > 1:
            self.size -= len(self.kept.popitem(last=False)[1].body)
        return True


def _key_of(scope: Scope) -> tuple | None:
    """Return all that an answer depends on; None for a request whose answer is not kept."""
    path, headers, query = scope["path"], Headers(scope=scope), scope.get("query_string", b"")
    accepted = headers.get("accept-encoding", "")
    if path.startswith(ASSETS):
        return (path, query, _packing(path, accepted)) if len(query) < 100 and "range" not in headers else None
    app = scope.get("app")
    is_open = getattr(app, "auth", None) is None and getattr(app, "auth_dependency", None) is None
    if path != "/" or b"deep_link" in query or not is_open:
        return None
    root = tuple(headers.get(name) for name in ROOT)
    return (path, scope.get("scheme"), scope.get("root_path"), root, _packing(path, accepted))


def _packing(path: str, accepted: str) -> str:
    """Return how an answer is packed. Browsers take brotli over HTTPS and from their own machine alone."""
    known = [name for name in ("br", "gzip") if name in accepted]
    return known[0] if known and path.endswith(PACKED) else ""


async def _prepared(key: tuple, path: str, answer: Answer) -> Answer:
    """Return an answer as it is kept: packed where that saves much, and with how long a browser may keep it."""
    packing = key[-1]
    if packing and len(answer.body) >= SMALL and answer.named(b"content-encoding") is None:
        packed = await run_in_threadpool(_pack, answer.body, packing)
        told = {"content_encoding": packing.encode(), "content_length": b"%d" % len(packed)}
        answer = replace(answer, body=packed).told(vary=b"Accept-Encoding", **told)
    if NAMED_BY_CONTENT.fullmatch(path):
        return answer.told(cache_control=FOR_EVER)
    if path != "/":
        return answer
    etag = b'"%s"' % hashlib.sha256(answer.body).hexdigest()[:32].encode()
    return answer.told(vary=b"Accept-Encoding", cache_control=b"no-cache", etag=etag)


def _pack(body: bytes, packing: str) -> bytes:
    return brotli.compress(body, quality=5) if packing == "br" else gzip.compress(body, 6)


async def _send(answer: Answer, known: str | None, send: Send) -> None:
    etag = answer.named(b"etag")
    if known and etag and etag.decode() in known:
        headers = [(name, value) for name, value in answer.headers if name.lower() != b"content-length"]
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": 200, "headers": list(answer.headers)})
    await send({"type": "http.response.body", "body": answer.body})
