"""The guard before Gradio: the first to see a request, and the one who answers what no page of ours would send.

Here stands the order in which a request is looked at, the cheapest first: path and method (`door.py`), host and sender
(`origins.py`), rate (`rates.py`), size and shape while the body arrives (`bodies.py`, `uploads.py`), and last what a
call says (`calls.py`) and whether there is room for it (`line.py`). Every answer leaves with our headers
(`headers.py`); every refusal is a sentence (`refusal.py`).
Left out on purpose: connections that are slow or many, and who may see or change which run.
"""

from contextlib import ExitStack, asynccontextmanager
from typing import Any

from starlette.formparsers import MultiPartException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from playground.server import door, gradio_patches, line
from playground.server.bodies import Arriving, Body, again, check_kind, check_length, limit_of, parse, too_large
from playground.server.calls import check_call, check_cancel, is_inside, may_be_long, takes_long_text
from playground.server.door import Place
from playground.server.headers import Raw, dressed, page_headers
from playground.server.origins import Origins
from playground.server.profiles import LAPTOP, Profile
from playground.server.rates import Rates
from playground.server.refusal import Refusal, answer, is_refusal, language_of
from playground.server.uploads import Parts

QUEUED = ("join", "call")  # what waits in Gradio's queue
COSTLY = ("config", "download")  # what is only read, but made for each who asks


class Guard:
    """ASGI middleware that refuses requests by their path, their sender, their rate, their size and their content.

    It holds the app itself, not one of its layers: Gradio's own answers to other websites come from a layer.
    """

    def __init__(self, app: ASGIApp, page: Any = None, *, profile: Profile = LAPTOP, origins: Origins | None = None,
                 frames: str = ""):  # fmt: skip
        self.app, self.page, self.profile = app, page, profile
        self.origins = origins or Origins(profile.host)
        self.headers: Raw = page_headers(frames)
        self.arriving, self.rates, self.shares = Arriving(profile.bodies), Rates(profile), line.Shares()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with a sentence."""
        if scope["type"] == "websocket":
            await receive()
            return await send({"type": "websocket.close", "code": 1008})
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        visit = Visit(self, scope, receive, send)
        try:
            await visit.admit()
        except Refusal as refusal:
            await visit.refuse(refusal)


class Visit:
    """One request on its way through the guard."""

    def __init__(self, guard: Guard, scope: Scope, receive: Receive, send: Send):
        self.guard, self.scope, self._receive, self._send = guard, scope, receive, send
        self.place: Place | None = None
        self.headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        self.body: Body | None = None
        self.refusal: Refusal | None = None  # that came while the app was reading
        self.is_answered = False
        self.start: Message | None = None  # of an answer whose status depends on what it says

    async def send(self, message: Message) -> None:
        """Send the app's answer with our headers; nothing of it when the request was refused meanwhile."""
        if self.refusal:
            return
        if message["type"] == "http.response.start":
            self.is_answered = True
            if message["status"] == 500 and self.place and self.place.kind == "run":
                self.start = message
                return
        elif self.start:
            # Gradio says 500 when a handler refuses, too.
            start, self.start = self.start, None
            await self._start({**start, "status": 400 if is_refusal(message.get("body", b"")) else 500})
        if message["type"] == "http.response.start":
            await self._start(message)
        else:
            await self._send(message)

    async def _start(self, message: Message) -> None:
        await self._send({**message, "headers": dressed(message.get("headers", ()), self.guard.headers)})

    async def refuse(self, refusal: Refusal) -> None:
        """Answer with a sentence, unless an answer is under way."""
        if self.is_answered:
            return
        self.refusal = None
        unread = self.headers.get("content-length", "0").strip() != "0" or "transfer-encoding" in self.headers
        if self.body and (self.body.is_whole or self.body.is_broken_off):
            unread = False
        query = self.scope.get("query_string", b"").decode("latin-1")
        await answer(
            refusal, self.scope, self._receive if unread else None, self.send, language_of(self.headers, query)
        )

    async def admit(self) -> None:
        """Look at a request from outside to inside, and pass it on; Refusal where it ends."""
        scope, guard = self.scope, self.guard
        self.place = place = door.find(scope["method"], scope["path"])
        asked = door.check_address(scope.get("raw_path") or scope["path"].encode(), scope.get("query_string", b""))
        self.scope = scope = guard.origins.resolved(scope)
        door.check_query(place, asked)
        address = scope["client"][0]
        limit = limit_of(place.kind, guard.profile) if scope["method"] == "POST" else 0
        check_length(self.headers, limit)
        if scope["method"] == "POST" or place.kind in COSTLY:
            guard.rates.call_of_address(address)
        if scope["method"] != "POST":
            if "transfer-encoding" in self.headers:
                raise too_large(0)
            self._check_reading(place, asked)
            return await guard.app(scope, self._receive, self.send)
        with Body(guard.arriving, self._receive, limit) as self.body:
            take = {"upload": self._upload, "enter": self._form}.get(place.kind or "", self._call)
            await take(address)

    def _check_reading(self, place: Place, asked: dict[str, str]) -> None:
        """Refuse to read what is not there; Gradio would answer with a traceback, or fetch it from elsewhere."""
        page = self.guard.page
        if place.kind == "listen" and not gradio_patches.has_stream(page, asked["session_hash"]):
            raise Refusal(404, "Nobody waits for an answer here; reload the page")
        if place.kind == "file":
            if not is_inside(place.name, gradio_patches.upload_folder(page)):
                raise Refusal(404, "There is no such file; upload it once more")
            # Gradio reads a part of a file with no care for how it is asked for; whole it serves every file well.
            self.scope["headers"] = [(name, value) for name, value in self.scope["headers"] if name != b"range"]

    async def _form(self, address: str) -> None:
        """Pass the class password's form on; `class_password.py` counts the tries."""
        whole = await self.body.read()
        await self.guard.app(self.scope, again(whole, self._receive), self.send)

    async def _call(self, address: str) -> None:
        guard, page, body, place = self.guard, self.guard.page, self.body, self.place
        check_kind(self.headers)
        whole = await body.read_json()
        if body.is_broken_off:
            return
        is_long = len(whole) > guard.profile.short_body
        if is_long and page is not None and not may_be_long(place, whole, page):
            raise too_large(guard.profile.short_body)
        content, whole = await parse(whole, guard.profile, guard.arriving.parsing)
        session = content.get("session_hash") if isinstance(content, dict) else None
        guard.rates.call_of_person(session if gradio_patches.has_session(page, session) else None, address)
        handler = None
        if page is not None and place.kind == "cancel":
            check_cancel(content, page)
        elif page is not None and place.kind != "reset":
            handler = check_call(place, content, page, gradio_patches.upload_folder(page))
            if is_long and not takes_long_text(handler):
                raise too_large(guard.profile.short_body)
        del content
        with ExitStack() as room:
            self._take_room(room, handler, address)
            await guard.app(self.scope, again(whole, self._receive), self.send)
        if handler is not None and place.kind in QUEUED:
            gradio_patches.take_turns(page, getattr(handler, "concurrency_id", ""))

    def _take_room(self, room: ExitStack, handler: Any, address: str) -> None:
        """Hold the places that a call needs until Gradio has taken it; Refusal where there is none."""
        page = self.guard.page
        if page is not None and self.place.kind in QUEUED:
            room.enter_context(self.guard.shares.enter(address, *gradio_patches.places_of_queue(page, address)))
        if getattr(handler, "concurrency_id", None) == line.NAME and getattr(page, "line", None) is not None:
            room.enter_context(page.line.enter(gradio_patches.calls_under_way(page, line.NAME)))

    async def _upload(self, address: str) -> None:
        """Pass an upload on as it arrives; what is refused meanwhile ends Gradio's reading, which tidies up then."""
        body, parts = self.body, Parts(self.headers.get("content-type"))

        async def receive() -> Message:
            if body.is_whole:
                return await self._receive()
            try:
                part = await body.part()
                self.guard.rates.upload(address, len(part))
                parts.see(part)
            except Refusal as refusal:
                self.refusal = refusal
            if self.refusal or body.is_broken_off:
                raise MultiPartException("The upload ended early")
            return {"type": "http.request", "body": part, "more_body": not body.is_whole}

        await self.guard.app(self.scope, receive, self.send)
        if self.refusal:
            raise self.refusal


def lifespan_with(**more: Any) -> Any:
    """Return a lifespan that puts the guard around an app once it starts; more: the guard's arguments."""

    @asynccontextmanager
    async def lifespan(app: Any):
        app.middleware_stack = Guard(app.middleware_stack, getattr(app, "blocks", None), **more)
        yield

    return lifespan
