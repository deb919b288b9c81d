"""A gate before Gradio: bodies of a sane size, no URLs where files are expected, one host at a time.

Gradio limits uploads, but takes a prompt of any size and would fetch a file from any address that a request names.
"""

import json
from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 32 * 1024 * 1024  # an own text of five million characters fits, escaped as JSON
UPLOAD = "/gradio_api/upload"  # has a limit of its own


class Guard:
    """Refuse requests that no page of ours would send."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with a sentence."""
        if scope["type"] != "http" or scope["method"] not in ("POST", "PUT"):
            return await self.app(scope, receive, send)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if _from_elsewhere(headers):
            return await _refuse("This page takes requests only from itself", 403)(scope, receive, send)
        if scope["path"].startswith(UPLOAD):
            return await self.app(scope, receive, send)
        body = await _read(receive)
        if body is None:
            return await _refuse(f"The request is larger than {MOST_BYTES // 2**20} MB; send less", 413)(
                scope, receive, send
            )
        if problem := _problem(body):
            return await _refuse(problem, 400)(scope, receive, send)
        return await self.app(scope, _again(body, receive), send)


async def _read(receive: Receive) -> bytes | None:
    """Read a body whole; None when it is too large."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MOST_BYTES:
            return None
        if not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Hand the body on once, and what comes after it (a disconnect) as it comes."""
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _from_elsewhere(headers: dict[str, str]) -> bool:
    """Tell whether another website sends this: its Origin is not the host that it talks to, or hidden ("null")."""
    origin = headers.get("origin")
    if origin is None:
        return False  # no browser, or a request that a browser sends only to the page's own host
    told = [headers.get("host", ""), *headers.get("x-forwarded-host", "").split(",")]
    try:
        return urlsplit(origin).netloc.lower() not in [host.strip().lower() for host in told if host.strip()]
    except ValueError:
        return True


def _problem(body: bytes) -> str | None:
    """Say what is wrong with a body: a file in it that the server would have to fetch, or brackets without end."""
    try:
        waiting = [json.loads(body)]  # as it will be read: in any encoding, whatever is escaped
    except RecursionError:
        return "The request is nested too deeply; send plain values"
    except ValueError:
        return None  # no JSON; for the page to refuse
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            path = item.get("path")
            if isinstance(path, str) and "://" in path:
                return "A file has to be uploaded; an address of one is not taken"
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return None


def _refuse(sentence: str, status: int) -> JSONResponse:
    return JSONResponse({"error": sentence}, status_code=status)
