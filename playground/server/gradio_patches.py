"""Every trick that is played on Gradio: each with its reason, what it gains, and what guards it.

They belong to one release, whose inside was read. On any other release, and with GPT_PLAYGROUND_PLAIN_GRADIO=1, each of
them steps aside and the page runs on plain Gradio: slower, and otherwise the same (a test drives it so).

Left out, because measured by turns they save less than 0.3 s of a start: no web server's app before `launch` (0.1 s),
and a list of Gradio's scripts for the browser to fetch ahead (no difference that can be told from noise, neither on one
machine nor with 40 ms of network between).
"""

import importlib.metadata
import inspect
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from playground.server.origins import neighbourhood

if TYPE_CHECKING:
    import gradio as gr

RELEASE = "6.31.0"  # requirements.txt pins the same
PLAIN = "GPT_PLAYGROUND_PLAIN_GRADIO"  # in the environment: "1" switches every trick off
RAF_THROTTLE = Path(__file__).with_name("raf_throttle.js")
HEAD = b"<head>"
FREE, PROGRESS = 0.02, 0.1  # seconds between two looks of Gradio's queue: for waiting events, and for their progress
RECORDS = 10  # of events, of the ten thousand that Gradio keeps for a summary that nobody can open here
NEVER = 10**9  # events between two such summaries


def are_on() -> bool:
    """Tell whether the tricks are played: the installed Gradio is their release, and nobody has switched them off."""
    return importlib.metadata.version("gradio") == RELEASE and os.environ.get(PLAIN) != "1"


@contextmanager
def quick_import() -> Iterator[None]:
    """Import Gradio, and define components, without what only an editor reads while the block lasts.

    Reason: for each of its eighty components, and for each of ours, Gradio parses the source twice at every import to
    write a .pyi file beside it (none for a class whose file is unknown); and it compiles a Jinja template for the
    docstring of each of their two hundred events, only to put the component's name into it.
    Gain: 0.9 s and 0.2 s, of the 2.7 s that Gradio's import, the page and its launch take without it.
    Guard: only the function that writes stubs is told that the file is unknown, and a template with other values than
    the name is Jinja's own. When the block ends, all is as it was: classes that are defined later are plain Gradio's.
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

    class DocstringTemplate:
        def __init__(self, source: str):
            self.source = source

        def render(self, **values: Any) -> str:
            if values.keys() != {"component"}:
                return template(self.source).render(**values)
            return self.source.replace("{{ component }}", values["component"])

    inspect.getfile, jinja2.Template = getfile, DocstringTemplate
    try:
        yield
    finally:
        inspect.getfile, jinja2.Template = find, template
        for name in ("gradio.component_meta", "gradio.events"):  # they have it under a name of their own
            if getattr(sys.modules.get(name), "Template", None) is DocstringTemplate:
                sys.modules[name].Template = template


def calm_queue(app: "gr.Blocks") -> None:
    """Let Gradio's queue look fifty times a second whether somebody waits, instead of a thousand times.

    Reason: those looks are taken from the run that trains on the same cores.
    Gain: 0.06 of a core for as long as the server runs. Price: an event waits 10 ms longer on average.
    Guard: a test fails when the queue of the pinned release has no such attributes.
    """
    if are_on():
        app._queue.sleep_when_free, app._queue.progress_update_sleep_when_free = FREE, PROGRESS


def has_stream(page: Any, session: str) -> bool:
    """Tell whether Gradio keeps answers for a session; who listens to one that there is not gets a traceback.

    Guard: without such an attribute whoever asks is let pass.
    """
    sessions = getattr(getattr(page, "_queue", None), "pending_messages_per_session", None)
    return sessions is None or session in sessions


def has_session(page: Any, session: Any) -> bool:
    """Tell whether Gradio knows a session: that of a page whose first call has been answered."""
    return isinstance(session, str) and session in getattr(page, "state_holder", ())


def calls_under_way(page: Any, concurrency_id: str) -> int:
    """Return how many calls wait in a line of Gradio's queue, or are worked on.

    Guard: without such an attribute there are none, and Gradio's own bound of its queue holds.
    """
    events = getattr(getattr(page, "_queue", None), "event_ids_to_events", {})
    return sum(getattr(event, "concurrency_id", None) == concurrency_id for event in list(events.values()))


def places_of_queue(page: Any, address: str) -> tuple[int, int, int]:
    """Return how many calls of an address wait in Gradio's queue or are worked on, how many in all, and how many may.

    Guard: without such attributes there are none, and Gradio's own bound of its queue holds.
    """
    queue = getattr(page, "_queue", None)
    events = list(getattr(queue, "event_ids_to_events", {}).values())
    mine = sum(_whose(event) == neighbourhood(address) for event in events)
    return mine, len(events), getattr(queue, "max_size", None) or sys.maxsize


def take_turns(page: Any, concurrency_id: str) -> None:
    """Put the calls that wait in a line of Gradio's queue in such an order that addresses take turns.

    Reason: who sends a hundred calls at once would else have all of them worked off before anybody else's.
    Guard: without such an attribute the order is that in which they came.
    """
    lines = getattr(getattr(page, "_queue", None), "event_queue_per_concurrency_id", {})
    waiting = getattr(lines.get(concurrency_id), "queue", [])
    before: Counter[str] = Counter()
    turn = {}
    for event in waiting:
        whose = _whose(event)
        turn[event._id] = before[whose]
        before[whose] += 1
    if len(before) > 1:
        waiting.sort(key=lambda event: turn[event._id])


def _whose(event: Any) -> str:
    client = getattr(getattr(event, "request", None), "client", None)
    return neighbourhood(client.host) if client else ""


def upload_folder(page: Any) -> Path:
    """Return where Gradio puts what is uploaded."""
    return Path(getattr(getattr(page, "app", None), "uploaded_file_dir", os.devnull))


def no_summary(app: "gr.Blocks") -> None:
    """Keep Gradio's queue from computing, after each event, how long the last ten thousand of them took.

    Reason: it makes a table of them with pandas each time, for a page of figures that is closed here.
    Gain: see `benchmarks/presses.py`; 10 ms and more of each Train press, once there were some thousand events.
    Guard: a test fails when the queue of the pinned release has no such attributes, or computes in spite of them.
    """
    if are_on():
        app._queue.ANALYTICS_MAX_EVENTS, app._queue.ANAYLTICS_CACHE_FREQUENCY = RECORDS, NEVER


@contextmanager
def light_sessions(app: "gr.Blocks", seconds: float) -> Iterator[None]:
    """Let what is launched while the block lasts remember little of each page, for `seconds` after it has gone.

    Reason: Gradio works out the settings of 200 components for each session, keeps them and what was last typed, and
    builds a new component for every change that a handler returns, even where it returns none (`gr.skip()`). It gives
    none of this back before there are ten thousand sessions.
    It also hands each single value to a thread, for a check that only returns it.
    Gain: of a page that is opened, 720 kB become 20, and most of the server's work on it goes.
    Guard: tests compare what handlers send with plain Gradio's, and look for inputs that would notice a difference.
    """
    if not are_on():
        yield
        return
    from gradio import routes

    from playground.server import quick_values
    from playground.server.sessions import Sessions

    plain = routes.StateHolder
    routes.StateHolder = lambda: Sessions(seconds)
    quick_values.put_into(app)
    try:
        yield
    finally:
        routes.StateHolder = plain


def middleware() -> list[Middleware]:
    """Return what puts `raf_throttle.js` before Gradio's scripts: it slows the clocks of Gradio's spinners.

    Reason: the spinner that is shown while the page loads is never stopped, and asks for sixty frames a second on the
    cores that train. It has to come first, because Gradio's scripts keep `requestAnimationFrame` as they find it.
    Gain: from 59 frames a second to none while a page rests; of its main thread alone, 0.04 of a core.
    Guard: a test counts the frames that a page at rest asks for.
    """
    return [Middleware(HeadInjector)] if are_on() else []


class HeadInjector:
    """ASGI middleware that puts a script at the beginning of every HTML page."""

    def __init__(self, app: ASGIApp):
        self.app = app
        self.head = HEAD + b"<script>" + RAF_THROTTLE.read_bytes() + b"</script>"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; the head of a page is held back until its first bytes are there."""
        if scope["type"] != "http" or scope["method"] != "GET":
            return await self.app(scope, receive, send)
        held: Message | None = None

        async def inject(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and _is_page(message):
                held = message
                return
            if held:
                body = message.get("body", b"")
                message, start, held = {**message, "body": body.replace(HEAD, self.head, 1)}, held, None
                headers = MutableHeaders(raw=list(start["headers"]))
                if "content-length" in headers:
                    headers["content-length"] = str(int(headers["content-length"]) + len(message["body"]) - len(body))
                await send({**start, "headers": headers.raw})
            await send(message)

        await self.app(scope, receive, inject)


def _is_page(message: Message) -> bool:
    headers = MutableHeaders(raw=list(message["headers"]))
    return headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers
