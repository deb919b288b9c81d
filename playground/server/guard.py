"""The guard before Gradio. It refuses, with a sentence, requests that no page of ours would send.

Gradio limits uploads, but it takes a body of any size, fetches a file from any address that a request names, and
answers a call that does not exist, or that has too few values, with a traceback. It also takes requests that another
website sends from a visitor's browser. Left out on purpose: GET, which changes nothing, and how often somebody asks.
"""

import json
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from playground.words.refusals import refused
from playground.words.translate import language

MOST_BYTES = 32 * 1024 * 1024  # an own text of five million characters fits, escaped as JSON
UPLOAD = "/gradio_api/upload"  # has a limit of its own
JOIN = "/gradio_api/queue/join"
CALLS = (JOIN, "/gradio_api/call/", "/gradio_api/run/", "/gradio_api/api/")


class Guard:
    """ASGI middleware that refuses requests by their origin, their size and their content."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with a sentence."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return await self.app(scope, receive, send)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if _from_elsewhere(headers):
            return await _refuse("This page takes requests only from itself", 403, headers)(scope, receive, send)
        if scope["path"].startswith(UPLOAD):
            return await self.app(scope, receive, send)
        body = await _read(receive)
        if body is None:
            refusal = _refuse(f"The request is larger than {MOST_BYTES // 2**20} MB; send less", 413, headers)
            return await refusal(scope, receive, send)
        if problem := _problem(body, scope["path"], _handlers(scope)):
            return await _refuse(*problem, headers)(scope, receive, send)
        return await self.app(scope, _again(body, receive), send)


async def _read(receive: Receive) -> bytes | None:
    """Return the whole body; None when it is larger than MOST_BYTES."""
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
    """Return a `receive` that gives the body at the first call, and then what comes after it, such as a disconnect."""
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _from_elsewhere(headers: dict[str, str]) -> bool:
    """Tell whether another website sends this: the Origin is hidden ("null") or is not the host that it talks to."""
    origin = headers.get("origin")
    if origin is None:
        return False  # no browser, or a request that a browser sends only to the page's own host
    told = [headers.get("host", ""), *headers.get("x-forwarded-host", "").split(",")]
    try:
        return urlsplit(origin).netloc.lower() not in [host.strip().lower() for host in told if host.strip()]
    except ValueError:
        return True


def _handlers(scope: Scope) -> dict:
    """Return the page's event handlers by their number; none without a Gradio app behind."""
    page = getattr(scope.get("app"), "blocks", None)
    return page.fns if page else {}


def _problem(body: bytes, path: str, handlers: dict) -> tuple[str, int] | None:
    """Return what is wrong with a call and the status to answer with; None for one that Gradio can answer."""
    try:
        content = json.loads(body)  # as Gradio will read it: in any encoding, whatever is escaped
    except RecursionError:
        return "The request is nested too deeply; send plain values", 400
    except ValueError:
        return None  # not JSON: Gradio refuses it
    if _names_an_address(content):
        return "A file has to be uploaded; an address of one is not taken", 400
    if not handlers or not path.startswith(CALLS) or not isinstance(content, dict):
        return None
    number = content.get("fn_index")
    if isinstance(number, int):  # as the page itself calls: through the queue, or past it as /run/predict
        handler = handlers.get(number)
    elif path.startswith(JOIN):
        handler = None
    else:
        name = path.rstrip("/").rpartition("/")[2]
        handler = next((handler for handler in handlers.values() if handler.api_name == name), None)
    if handler is None or handler.fn is None:  # the latter run in the browser alone
        return "There is no such call; see /gradio_api/info for those that there are", 404
    data, needed = content.get("data"), len(handler.inputs)
    if isinstance(data, list) and len(data) < needed:
        return f"The call takes {needed} values, but got {len(data)}; see /gradio_api/info", 400
    return None


def _names_an_address(content: Any) -> bool:
    """Tell whether a file in a request is an address that the server would have to fetch."""
    waiting = [content]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            path = item.get("path")
            if isinstance(path, str) and "://" in path:
                return True
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return False


def _refuse(sentence: str, status: int, headers: dict[str, str]) -> JSONResponse:
    """Refuse in the browser's language: which one the page speaks stands in no header."""
    lang = language(headers.get("accept-language"))
    return JSONResponse({"error": refused(sentence, lang)}, status_code=status)
