"""A request sent to the guard by hand, as no client would send it; and a page that stands behind it."""

import json
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from playground.server.guard import Guard
from tests.loops import in_loop

HOST = (b"host", b"127.0.0.1:7860")
JOIN = "/gradio_api/queue/join"


class Answer:
    """What came back: status, headers and body; and how much of the request was read."""

    def __init__(self, sent: list[dict], read: int):
        start = next((message for message in sent if message["type"] == "http.response.start"), None)
        self.status = start["status"] if start else None
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]} if start else {}
        self.body = b"".join(message.get("body", b"") for message in sent)
        self.read = read

    @property
    def error(self) -> str:
        return json.loads(self.body)["error"]


def ask(
    guard: Guard,
    method: str = "GET",
    path: str = "/",
    body: Iterable[bytes] = (),
    query: bytes = b"",
    headers: Iterable[tuple[bytes, bytes]] = (HOST,),
    client: str = "127.0.0.1",
    raw: bytes | None = None,
) -> Answer:
    """Send one request and return what came back."""
    parts, sent, read = list(body), [], 0

    async def receive() -> dict:
        nonlocal read
        if read > len(parts) or not parts:
            return {"type": "http.disconnect"}
        read += 1
        part = parts[read - 1] if read <= len(parts) else b""
        if part is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part, "more_body": read < len(parts)}

    async def send(message: dict) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode() if raw is None else raw,
             "query_string": query, "headers": list(headers), "client": (client, 1), "scheme": "http"}  # fmt: skip
    in_loop(guard(scope, receive, send))
    return Answer(sent, read)


class Echo:
    """An app that answers with what it was given, and with headers of its own."""

    def __init__(self):
        self.scopes: list[dict] = []

    async def __call__(self, scope: dict, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        size, more = 0, scope["method"] == "POST"
        while more:
            message = await receive()
            size, more = size + len(message.get("body", b"")), message.get("more_body")
        headers = [(b"access-control-allow-origin", b"http://evil.example"), (b"x-own", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps({"bytes": size}).encode()})


def block(elem_id: str = "", **more: Any) -> SimpleNamespace:
    """Return what stands for a component."""
    return SimpleNamespace(elem_id=elem_id, **more)


def handler(*inputs: Any, name: str = "", fn: Any = print) -> SimpleNamespace:
    """Return what stands for a handler of Gradio's."""
    return SimpleNamespace(api_name=name, fn=fn, inputs=list(inputs))


def page_of(*handlers: Any, uploads: Any = "/nowhere") -> SimpleNamespace:
    """Return what stands for a page with some handlers, numbered from 0, and with components 1 and 2."""
    return SimpleNamespace(
        fns=dict(enumerate(handlers)), blocks={1: None, 2: None}, _id=0, state_holder={"known": 1},
        app=SimpleNamespace(uploaded_file_dir=str(uploads)),
        _queue=SimpleNamespace(pending_messages_per_session={"known": 1}),
    )  # fmt: skip
