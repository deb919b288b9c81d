"""What a browser sends, over plain sockets: a class of browsers would be on other machines, and not on these cores."""

import asyncio
import json
import re
import secrets
import time
from collections.abc import Iterable
from typing import Any

import anyio
import brotli

PATIENCE = 120.0  # seconds until a request counts as failed


class Failed(Exception):
    """A request that was not answered, or not with status 200."""


class Wire:
    """One kept connection, with one request at a time on it."""

    def __init__(self, address: str):
        host, port = address.removeprefix("http://").strip("/").split(":")
        self.host, self.port = host, int(port)
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def ask(self, path: str, body: Any = None, headers: Iterable[str] = ()) -> bytes:
        """Send a GET, or a POST with a JSON body; return what came. A connection that was closed is opened anew."""
        try:
            with anyio.fail_after(PATIENCE):
                return await self._ask(path, body, headers, self.writer is not None)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            self.close()
            raise Failed(f"{path[:60]}: {type(error).__name__}") from None

    async def _ask(self, path: str, body: Any, headers: Iterable[str], again: bool) -> bytes:
        try:
            await self.send(path, body, headers)
            return await self.read()
        except (OSError, asyncio.IncompleteReadError):
            if not again:
                raise
            self.close()
            return await self._ask(path, body, headers, False)

    async def send(self, path: str, body: Any = None, headers: Iterable[str] = ()) -> None:
        """Send a request."""
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port, limit=2**20)
        data = b"" if body is None else json.dumps(body).encode()
        lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", f"Host: {self.host}:{self.port}",
                 "Accept-Encoding: gzip, br", *headers]  # fmt: skip
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
        await self.writer.drain()

    async def head(self) -> tuple[int, str]:
        """Return the status of an answer, and its head."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        return int(head.split(" ", 2)[1]), head.lower()

    async def read(self) -> bytes:
        """Return the body of an answer."""
        status, head = await self.head()
        if length := re.search(r"content-length: (\d+)", head):
            body = await self.reader.readexactly(int(length[1]))
        else:
            body = b"".join([chunk async for chunk in self.chunks()])
        if "connection: close" in head:
            self.close()
        if status != 200:
            raise Failed(f"status {status}: {body[:200].decode('utf-8', 'replace')}")
        return body

    async def chunks(self):
        """Yield the chunks of a streamed answer, such as server-sent events."""
        while size := int(await self.reader.readline(), 16):
            yield await self.reader.readexactly(size)
            await self.reader.readexactly(2)
        await self.reader.readexactly(2)

    def close(self) -> None:
        """Drop the connection."""
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None


class Page:
    """One open page: its connection, its heartbeat, and its calls."""

    def __init__(self, address: str, config: dict | None = None, owner: str | None = None):
        self.address, self.wire, self.beat = address, Wire(address), Wire(address)
        self.session, self.config = secrets.token_hex(6), config
        self.known = {"identity": owner or secrets.token_hex(16)}  # by elem_id, beside what the page gave
        self.bytes = 0

    async def open(self, assets: list[str] | None = None) -> float:
        """Open the page as a browser does, and return the seconds until it is filled; assets: those to fetch anew."""
        began = time.monotonic()
        page = await self.wire.ask("/")
        self.bytes += len(page)
        if self.config is None:
            self.config = config_of(page)
        if assets:
            await self._fetch(assets)
        await self.beat.send(f"/gradio_api/heartbeat/{self.session}")
        await self.beat.head()
        self.bytes += len(await self.wire.ask("/playground/runs?lang=en&key="))
        for call in (c for c in self.config["dependencies"] if _is_load(c, self.config)):
            await self.call(call, self.values(call), trigger=None)
        return time.monotonic() - began

    async def _fetch(self, assets: list[str]) -> None:
        waiting = list(assets)

        async def one(wire: Wire) -> None:
            while waiting:
                self.bytes += len(await wire.ask("/" + waiting.pop()))
            wire.close()

        await asyncio.gather(*(one(Wire(self.address)) for _ in range(6)))  # as many as browsers open for one host

    async def call(self, call: dict, data: list, trigger: int | None = None, event: dict | None = None) -> list:
        """Call a handler as the page does; return its outputs. event: what a widget tells with it."""
        body = {"data": data, "fn_index": call["id"], "session_hash": self.session, "event_data": event,
                "trigger_id": trigger}  # fmt: skip
        if not call["queue"]:
            answer = await self.wire.ask("/gradio_api/run/predict", body)
            self.bytes += len(answer)
            return json.loads(answer)["data"]
        async for message in self.call_and_hear(call, data, trigger):
            if message["msg"] == "process_completed":
                if not message["success"]:
                    raise Failed(str(message["output"].get("error")))
                return message["output"]["data"]
        raise Failed("the answers ended before the call's")

    async def call_and_hear(self, call: dict, data: list, trigger: int | None = None):
        """Join the queue with a call, and yield what it tells."""
        body = {"data": data, "fn_index": call["id"], "session_hash": self.session, "event_data": None,
                "trigger_id": trigger}  # fmt: skip
        await self.wire.ask("/gradio_api/queue/join?", body)
        async for message in self.messages():
            yield message

    async def messages(self):
        """Yield what the queue tells this page."""
        wire = Wire(self.address)
        await wire.send(f"/gradio_api/queue/data?session_hash={self.session}")
        status, _ = await wire.head()
        if status != 200:
            raise Failed(f"status {status}")
        try:
            async for chunk in wire.chunks():
                for line in chunk.decode().split("\n\n"):
                    if line.startswith("data: "):
                        yield json.loads(line.removeprefix("data: "))
        finally:
            wire.close()

    def named(self, name: str) -> dict:
        """Return the handler of that name in the API."""
        return next(call for call in self.config["dependencies"] if call["api_name"] == name)

    def values(self, call: dict, **changed: Any) -> list:
        """Return the values that a fresh page has for a handler's inputs; changed: elem_id -> another value."""
        known = {each["id"]: each["props"] for each in self.config["components"]}
        changed = {**self.known, **changed}
        return [changed.get(known[i].get("elem_id"), known[i].get("value")) for i in call["inputs"]]

    def close(self) -> None:
        """Leave, as a closed browser tab does."""
        self.wire.close()
        self.beat.close()


def config_of(page: bytes) -> dict:
    """Return the page's configuration, which stands in it."""
    text = page if page.lstrip()[:1] == b"<" else brotli.decompress(page)
    start = text.index(b"window.gradio_config = ") + len(b"window.gradio_config = ")
    return json.JSONDecoder().raw_decode(text[start:].decode())[0]


def _is_load(call: dict, config: dict) -> bool:
    return call["backend_fn"] and any(target[1] == "load" for target in call["targets"])
