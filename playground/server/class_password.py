"""The class password: without it, one plain form instead of the page, and 401 for everything else.

It stands before everything, Gradio's own calls, feed and uploads included; a browser that knows the password gets a
cookie, which goes along with all of them. The cookie says nothing of the password: it is made with a secret that
lives as long as the server. How often somebody may be wrong stands in `tries.py`. Left out on purpose: who a person is
(the owner of runs), and TLS, which a proxy brings.
"""

import asyncio
import hashlib
import hmac
import html
import secrets
from collections.abc import Coroutine
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from playground.server.tries import Tries
from playground.words.translate import language, translate

COOKIE, ENTRY = "playground-class", "/playground/enter"
MOST_BYTES = 4_096  # of the form
_REFUSED = Response(status_code=401)


class ClassPassword:
    """ASGI middleware that lets in who knows the password."""

    def __init__(self, app: ASGIApp, password: str):
        self.app = app
        self.key = secrets.token_bytes(32)
        self.wanted = self._digest(password)
        self.cookie = hmac.new(self.key, b"class", hashlib.sha256).hexdigest()
        self.tries = Tries()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what carries the cookie; answer anything else with the form, or with 401."""
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        given = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
        if hmac.compare_digest(given.encode(), self.cookie.encode()) or _is_start(scope):
            return await self.app(scope, receive, send)
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 4401})
        answer = await self._answer(scope, receive, headers)
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, headers: dict[str, str]) -> Response:
        lang = language(headers.get("accept-language"))
        asks_for_page = scope["method"] in ("GET", "HEAD") and scope["path"] in ("/", ENTRY)
        if scope["method"] != "POST" or scope["path"] != ENTRY:
            return _form(lang, action="enter" if scope["path"] == ENTRY else ENTRY[1:]) if asks_for_page else _REFUSED
        address = (scope.get("client") or ("",))[0]
        given = self._digest(await _password(receive))
        look = self.tries.is_right(address, lambda: hmac.compare_digest(given, self.wanted))
        is_right = await _unless_gone(receive, look)
        if is_right is None:
            return _form(lang, "class_password_busy", "enter", status=429)
        if not is_right:
            return _form(lang, "class_password_wrong", "enter")
        answer = RedirectResponse("../", status_code=303)
        answer.set_cookie(COOKIE, self.cookie, httponly=True, samesite="lax", path="/")
        return answer

    def _digest(self, password: str) -> bytes:
        return hmac.new(self.key, password.encode("utf-8", "replace"), hashlib.sha256).digest()


def _is_start(scope: Scope) -> bool:
    """Tell whether Gradio asks its own server, before it opens, to begin: that answers nothing but "True"."""
    return scope["path"] == "/gradio_api/startup-events" and scope.get("method") == "GET"


async def _password(receive: Receive) -> str:
    body = b""
    while len(body) <= MOST_BYTES:
        message = await receive()
        if message["type"] != "http.request":
            break
        body += message.get("body", b"")
        if not message.get("more_body"):
            return parse_qs(body.decode("utf-8", "replace"), max_num_fields=4).get("password", [""])[0]
    return ""


async def _unless_gone(receive: Receive, look: Coroutine[Any, Any, bool | None]) -> bool | None:
    """Return what a try comes to; None, and its place is free, as soon as the one who tries has hung up."""

    async def hung_up() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    looking, leaving = asyncio.ensure_future(look), asyncio.ensure_future(hung_up())
    try:
        await asyncio.wait((looking, leaving), return_when=asyncio.FIRST_COMPLETED)
        return looking.result() if looking.done() else None
    finally:
        looking.cancel()
        leaving.cancel()


def _form(lang: str, problem: str | None = None, action: str = ENTRY[1:], status: int = 401) -> Response:
    """Return the form, in the browser's language first and in the other one below; it needs no script."""
    other = "en" if lang == "vi" else "vi"
    said = {key: html.escape(translate(f"class_password_{key}", lang)) for key in ("label", "enter")}
    also = html.escape(translate("class_password_label", other))
    wrong = f'<p role="alert">{html.escape(translate(problem, lang))}</p>' if problem else ""
    page = f"""<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>GPT Playground</title>
<meta name="viewport" content="width=device-width"><style>body {{ font: 18px system-ui, sans-serif; max-width: 24em;
margin: 15vh auto; padding: 0 1em; color-scheme: light dark }} input, button {{ font: inherit; padding: .4em;
width: 100%; box-sizing: border-box; margin: .4em 0 }} small {{ opacity: .7 }}</style><h1>GPT Playground</h1>{wrong}
<form method="post" action="{action}"><label>{said["label"]} <small lang="{other}">({also})</small>
<input type="password" name="password" autocomplete="current-password" required autofocus></label>
<button>{said["enter"]}</button></form></html>"""
    wait = {"Retry-After": "2"} if status == 429 else {}
    return HTMLResponse(page, status_code=status, headers={"Cache-Control": "no-store", **wait})
