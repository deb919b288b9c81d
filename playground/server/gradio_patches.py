"""Every trick that is played on Gradio, each with its reason, its gain and its guard.

All belong to one release, whose inside was read. With any other each of them steps aside, and the page runs on plain
Gradio: slower, and nothing else (a test serves it so).
"""

import importlib.metadata
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

RELEASE = "6.31.0"
RAF_THROTTLE = Path(__file__).with_name("raf_throttle.js")
# Gradio's scripts that our page asks for, in that order, each only when the one before has been read: told at once, a
# browser brings them all while it reads the first. A test looks whether they are still the ones; one that Gradio has no
# more is left out.
SCRIPTS = Path(__file__).with_name("scripts.txt")
BEGIN = b"<head>"


def are_on() -> bool:
    """Tell whether the Gradio that is installed is the release that the tricks belong to."""
    return importlib.metadata.version("gradio") == RELEASE


@contextmanager
def quick_import() -> Iterator[None]:
    """While it lasts, Gradio is imported, and components are made, without what only an editor would use.

    It makes a .pyi file beside the source of each of its eighty components, anew at every import and in our folders
    too, parsing that source twice; none for a class whose file it cannot tell, so that it is told none. And it compiles
    a Jinja template for the docstring of each of their two hundred events, only to put in the component's name.
    """
    if not are_on():
        yield
        return
    import jinja2

    find, template = inspect.getfile, jinja2.Template

    def getfile(thing: Any) -> str:
        if sys._getframe(1).f_code.co_name == "create_or_modify_pyi":
            raise OSError("no stub file")
        return find(thing)

    inspect.getfile, jinja2.Template = getfile, _Docstring
    try:
        yield
    finally:
        inspect.getfile, jinja2.Template = find, template
        for name in ("gradio.component_meta", "gradio.events"):  # they have bound the stub by its name
            if getattr(sys.modules.get(name), "Template", None) is _Docstring:
                sys.modules[name].Template = template


class _Docstring(str):
    """Text with a place for a name."""

    def render(self, component: str) -> str:
        return self.replace("{{ component }}", component)


@contextmanager
def no_early_apps() -> Iterator[None]:
    """While it lasts, a page is built without the web server's app, which `launch` makes again in any case.

    Gradio makes one when a page is begun, one when it is complete, one for its queue, and the one that is served.
    """
    if not are_on():
        yield
        return
    from gradio.routes import App

    real = App.__dict__["create_app"]
    App.create_app = staticmethod(lambda *page, **how: None)
    try:
        yield
    finally:
        App.create_app = real


def calm_queue(app: Any) -> None:
    """Let Gradio's queue look fifty times a second whether somebody waits, not a thousand: a tenth of a core."""
    if are_on():
        app._queue.sleep_when_free, app._queue.progress_update_sleep_when_free = 0.02, 0.1


def middleware() -> list[Middleware]:
    """Return what stands between Gradio and the browser."""
    return [Middleware(HeadInjector)] if are_on() else []


class HeadInjector:
    """Put `still.js`, and what to bring at once, at the beginning of every HTML page that Gradio makes."""

    def __init__(self, app: ASGIApp):
        self.app = app
        names = [name for name in SCRIPTS.read_text(encoding="utf-8").split() if (assets() / name).is_file()]
        links = "".join(f'<link rel="modulepreload" href="./assets/{name}">' for name in names)
        self.begin = BEGIN + b"<script>" + RAF_THROTTLE.read_bytes() + b"</script>" + links.encode()

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


def assets() -> Path:
    """Return the folder of Gradio's scripts."""
    import gradio

    return Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
