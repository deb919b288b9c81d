"""Bodies: how large each may be, and all together; refused while they arrive, and parsed off the event loop.

Left out on purpose: how slowly one may arrive, which is the connection's matter.
"""

import asyncio
import json
import math
import re
import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.types import Message, Receive

from core.runs.memory import give_back_memory
from playground.server.profiles import KB, MB, Profile
from playground.server.refusal import Refusal
from playground.server.shapes import Shape

LATER = 5.0  # seconds after a long body, in which its call is likely to have ended
# What JSON can say, and Gradio cannot answer with: half of a character, and numbers beyond 64 bits. A call whose answer
# repeats such a thing would break the stream in which all answers of its page stand.
HALVES, LONE = ("\\ud", "\\uD"), re.compile("[\ud800-\udfff]")
JSON = "application/json"
LONG = 19  # digits: any number with fewer fits into 64 bits


class Arriving:
    """The bytes of all bodies that are arriving or are being answered at the moment, of which there is a limit."""

    def __init__(self, most: int):
        self.most, self.held = most, 0
        self.parsing = asyncio.Lock()
        self.is_tidying = False

    def take(self, count: int) -> None:
        """Count further bytes; Refusal when there are too many at once."""
        if self.held + count > self.most:
            # 429, not 503: Gradio's page shows a sentence of its own, in English, instead of that of a 503.
            raise Refusal(429, "The server is taking in as much as it can at once; try again in a moment", wait=5)
        self.held += count

    def give_back(self, count: int) -> None:
        """Count bytes no longer; after many, have the memory that they took given back to the machine."""
        self.held -= count
        if count > MB and not self.is_tidying:
            self.is_tidying = True
            asyncio.get_running_loop().call_later(LATER, self._tidy)

    def _tidy(self) -> None:
        self.is_tidying = False
        asyncio.get_running_loop().run_in_executor(None, give_back_memory)


class Body:
    """One body as it arrives; `with` it, so that its bytes are given back when the request has been answered."""

    def __init__(self, arriving: Arriving, receive: Receive, limit: int):
        self.arriving, self.limit, self.size = arriving, limit, 0
        self._receive = receive
        self.is_whole = self.is_broken_off = False

    def __enter__(self) -> "Body":
        return self

    def __exit__(self, *_: Any) -> None:
        self.arriving.give_back(self.size)

    async def part(self) -> bytes:
        """Return the next part; Refusal when the body gets too large."""
        message = await self._receive()
        if message["type"] != "http.request":
            self.is_broken_off = True
            return b""
        part = message.get("body", b"")
        if self.size + len(part) > self.limit:
            raise too_large(self.limit)
        self.arriving.take(len(part))
        self.size += len(part)
        self.is_whole = not message.get("more_body")
        return part

    async def read(self, see: Callable[[bytes], object] = len) -> bytes:
        """Return the whole body, each part of which is seen as it arrives; short of it where the client hung up."""
        parts = []
        while not (self.is_whole or self.is_broken_off):
            parts.append(await self.part())
            see(parts[-1])
        return b"".join(parts)

    async def read_json(self) -> bytes:
        """Return the whole body, whose shape is looked at while it arrives."""
        return await self.read(Shape().see)


def too_large(limit: int) -> Refusal:
    """Return the refusal of a body that is larger than a limit."""
    if limit >= MB:
        return Refusal(413, f"The request is larger than {limit // MB} MB; send less")
    return Refusal(413, f"The request is larger than {limit // KB} kB; send less")


def check_length(headers: dict[str, str], limit: int) -> None:
    """Refuse a body that says itself that it is too large, before any of it is read."""
    told = headers.get("content-length", "0").strip()
    if not (told.isascii() and told.isdigit()) or ("transfer-encoding" in headers and "content-length" in headers):
        raise Refusal(400, "The request does not tell its length as requests do; send it as the page does")
    if len(told) > 12 or int(told) > limit:
        raise too_large(limit)


def check_kind(headers: dict[str, str]) -> None:
    """Refuse a call that says to be no JSON: a form or plain text, which other websites may send without asking."""
    told = headers.get("content-type", JSON).split(";")[0].strip().lower()
    if told != JSON:
        raise Refusal(415, f"A call has to be {JSON}; send it as the page does")


async def parse(body: bytes, profile: Profile, one_at_a_time: asyncio.Lock | None = None) -> tuple[Any, bytes]:
    """Return what a body says, and the body as the page behind the guard can answer it; Refusal for what is not JSON.

    A long one is parsed in a thread, and after any other: no other thread gets on while Python parses.
    """
    if len(body) <= profile.short_body:
        return _parse(body)
    async with one_at_a_time or nullcontext():
        return await run_in_threadpool(_parse, body)


def _parse(body: bytes) -> tuple[Any, bytes]:
    try:
        text = body.decode()
        content, is_changed = _read(text)
        if is_changed or any(half in text for half in HALVES):
            text = LONE.sub("\ufffd", json.dumps(content, ensure_ascii=False))
            content, body = _read(text)[0], text.encode()
        return content, body
    except (ValueError, RecursionError):
        pass
    raise Refusal(400, "The request is not JSON in UTF-8; send it as the page does")


def _read(text: str) -> tuple[Any, bool]:
    """Read JSON; return it, and whether numbers are others than it says: floats beyond 64 bits, the largest beyond."""
    changed = []

    def whole(digits: str) -> int | float:
        return int(digits) if len(digits) < LONG else broken(digits)

    def broken(digits: str) -> float:
        number = float(digits)
        if math.isinf(number) or digits.lstrip("-").isdigit():
            changed.append(digits)
        return max(-sys.float_info.max, min(sys.float_info.max, number))

    hooks = {"object_pairs_hook": _once, "parse_constant": _no_constant, "parse_int": whole, "parse_float": broken}
    return json.loads(text, **hooks), bool(changed)


def _once(pairs: list[tuple[str, Any]]) -> dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Refusal(400, "The request names a value twice; name each once")
    return found


def _no_constant(name: str) -> Any:
    raise Refusal(400, f"{name} is no value that JSON has; send a number or null")


def again(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body at the first call, and then what comes after it, such as a disconnect."""
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def limit_of(kind: str | None, profile: Profile) -> int:
    """Return the bytes that a request of a kind may have, whichever call it turns out to be."""
    if kind == "upload":
        return profile.upload
    return profile.long_body if kind in ("join", "run", "call") else profile.short_body
