"""What the page's HTML needs before Gradio's own scripts: `launch(head=...)` comes after them."""

from pathlib import Path

import gradio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STILL = Path(__file__).with_name("components") / "still.js"
# Gradio's scripts that our page asks for, in that order, each only when the one before has been read: told at once, a
# browser brings them all while it reads the first. A test looks whether they are still the ones; one that Gradio has no
# more is left out.
SCRIPTS = Path(__file__).with_name("scripts.txt")
ASSETS = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
BEGIN = b"<head>"


class Shell:
    """Put `still.js`, and what to bring at once, at the beginning of every HTML page that Gradio makes."""

    def __init__(self, app: ASGIApp):
        self.app = app
        names = [name for name in SCRIPTS.read_text(encoding="utf-8").split() if (ASSETS / name).is_file()]
        links = "".join(f'<link rel="modulepreload" href="./assets/{name}">' for name in names)
        self.begin = BEGIN + b"<script>" + STILL.read_bytes() + b"</script>" + links.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; an answer that is a page is held back until it is whole."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"].startswith("/assets/"):
            return await self.app(scope, receive, send)
        start: Message | None = None
        parts: list[bytes] = []

        async def changed(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_page(message):
                start = message
            elif start is None:
                await send(message)
            else:
                parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    body = b"".join(parts).replace(BEGIN, self.begin, 1)
                    headers = [pair for pair in start["headers"] if pair[0] != b"content-length"]
                    await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
                    await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, changed)


def _is_page(message: Message) -> bool:
    headers = dict(message["headers"])
    return headers.get(b"content-type", b"").startswith(b"text/html") and b"content-encoding" not in headers
