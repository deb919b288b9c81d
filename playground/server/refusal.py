"""What the guard answers instead of passing a request on: a status and a sentence, in the language of who asks."""

import json
import re

import anyio
from starlette.types import Receive, Scope, Send

from playground.words.refusals import refused
from playground.words.translate import language
from playground.words.turning import for_toast

LANG_IN = re.compile(r"[?&]lang=(\w+)")
# Who still sends its body reads the answer only when it has sent all, or is cut off: so much is read and thrown away.
LINGER_BYTES, LINGER_SECONDS = 2**20, 1.0


class Refusal(Exception):  # noqa: N818 (it is no error: nothing went wrong here)
    """A request that is not passed on. wait: the seconds after which it may be asked again."""

    def __init__(self, status: int, sentence: str, *, wait: float | None = None, lang: str | None = None):
        super().__init__(sentence)
        self.status, self.wait, self.lang = status, wait, lang


def language_of(headers: dict[str, str], query: str) -> str:
    """Return the language of a request: that of the page it comes from where its address tells, else the browser's."""
    for address in ("?" + query, headers.get("referer", "")):
        if found := LANG_IN.search(address):
            return language(found.group(1))
    return language(headers.get("accept-language"))


def is_refusal(body: bytes) -> bool:
    """Tell whether an answer of Gradio's says why a handler refuses: `{"error": sentence}`, and not null."""
    try:
        told = json.loads(body)
    except ValueError:
        return False
    return isinstance(told, dict) and isinstance(told.get("error"), str) and bool(told["error"])


async def answer(refusal: Refusal, scope: Scope, receive: Receive | None, send: Send, lang: str) -> None:
    """Send a refusal. receive: where the rest of the body comes from, which nobody wants; None when it is all there."""
    sentence = for_toast(refused(refusal, refusal.lang or lang))  # for it is what the page makes of it
    body = json.dumps({"error": sentence}, ensure_ascii=False).encode()
    headers = {b"content-type": b"application/json", b"content-length": b"%d" % len(body)}
    if refusal.wait is not None:
        headers[b"retry-after"] = b"%d" % max(1, round(refusal.wait + 0.5))
    if receive:
        headers[b"connection"] = b"close"
    await send({"type": "http.response.start", "status": refusal.status, "headers": list(headers.items())})
    if scope["method"] == "HEAD":
        body = b""
    if receive:
        await send({"type": "http.response.body", "body": body, "more_body": True})
        with anyio.move_on_after(LINGER_SECONDS):
            await _throw_away(receive)
        body = b""
    await send({"type": "http.response.body", "body": body})


async def _throw_away(receive: Receive) -> None:
    left = LINGER_BYTES
    while left > 0:
        message = await receive()
        if message["type"] != "http.request" or not message.get("more_body"):
            return
        left -= len(message.get("body", b""))
