"""The door: which paths and methods there are. Whatever else Gradio opens by itself stays shut.

Gradio's own routes change with its releases; so what the page uses is listed here, and a test walks the routes of the
real page and fails on one that nobody has looked at. Left out on purpose: who asks, and what is in a request.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_to_bytes

from playground.server.refusal import Refusal

API = "/gradio_api"
READ, WRITE = ("GET", "HEAD"), ("POST",)
LONGEST = 4_096  # characters of an address with its query
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # an id as Gradio's own clients make them
BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Place:
    """What may be asked for: its methods; its kind says how the guard looks at it, None: no further."""

    kind: str | None
    methods: tuple[str, ...]
    name: str = ""  # what stands in the path: of a call, a file, a session


_EXACT = {
    "/": Place("page", READ),
    "/config": Place("config", ("GET",)),
    "/theme.css": Place(None, ("GET",)),
    "/favicon.ico": Place(None, ("GET",)),
    "/manifest.json": Place(None, ("GET",)),
    "/robots.txt": Place(None, ("GET",)),
    "/playground/enter": Place("enter", READ + WRITE),  # the class password's form
    "/playground/runs": Place(None, READ),
    "/playground/table": Place(None, READ),
    f"{API}/theme.css": Place(None, ("GET",)),
    f"{API}/info": Place("config", ("GET",)),
    f"{API}/startup-events": Place(None, ("GET",)),  # asked once, by Gradio's own launch
    f"{API}/queue/data": Place("listen", ("GET",)),
    f"{API}/upload_progress": Place("progress", ("GET",)),
    f"{API}/queue/join": Place("join", WRITE),
    f"{API}/run/predict": Place("run", WRITE),  # what skips the queue; with another name it is closed
    f"{API}/cancel": Place("cancel", WRITE),
    f"{API}/reset": Place("reset", WRITE),
    f"{API}/upload": Place("upload", WRITE),
}
_NAMED = (
    (re.compile(r"/assets/[\w.-]{1,200}"), Place(None, ("GET",))),  # a file's name has no more bytes than 255
    (re.compile(r"(?=.{1,200}$)/static/(?:[\w-]+/)*[\w-]+(?:\.[\w-]+)+"), Place(None, ("GET",))),
    (re.compile(r"/playground/feed/[^/]+"), Place(None, READ)),
    (re.compile(r"/playground/run/[^/]+/.+"), Place("download", READ)),
    (re.compile(API + r"/heartbeat/([^/]+)"), Place("heartbeat", ("GET",))),
    (re.compile(API + r"/file=(.+)"), Place("file", READ)),
    (re.compile(API + r"/call/(\w+)/?"), Place("call", WRITE)),
    (re.compile(API + r"/call/(\w+)/[0-9a-f]{32}"), Place("hear", ("GET",))),
)


def find(method: str, path: str) -> Place:
    """Return the place that a request asks for; Refusal (404, 405) where there is none or not with this method."""
    place = _EXACT.get(path)
    if place is None:
        found = next(((match, place) for pattern, place in _NAMED if (match := pattern.fullmatch(path))), None)
        if found is None:
            raise Refusal(404, "There is nothing at this address; open the page itself")
        match, place = found
        place = Place(place.kind, place.methods, match.group(1) if match.groups() else "")
    if method not in place.methods:
        raise Refusal(405, f"{method[:10]} is not possible here; use {' or '.join(place.methods)}")
    return place


def check_address(raw_path: bytes, query: bytes) -> dict[str, str]:
    """Return what an address asks for behind its question mark; Refusal for one that no browser would send."""
    if len(raw_path) + len(query) > LONGEST:
        raise Refusal(414, f"The address is longer than {LONGEST:,} characters; ask for less at once")
    for part in (raw_path, query):
        try:
            text = unquote_to_bytes(part).decode()
        except UnicodeDecodeError:
            text = "\0"
        if BAD_ESCAPE.search(part) or (CONTROL.search(text) and (part is raw_path or "\0" in text)):
            raise Refusal(400, "The address is not written as addresses are; copy it once more")
    return dict(parse_qsl(query.decode("ascii", "replace"), keep_blank_values=True))


def check_query(place: Place, asked: dict[str, str]) -> None:
    """Refuse what may stand behind the question mark for Gradio, but not here."""
    if place.kind in ("page", "config") and (asked.get("deep_link") or asked.get("page")):
        raise Refusal(404, "There is nothing at this address; open the page itself")
    if place.kind == "listen":
        check_id(asked.get("session_hash"), "session_hash")
    if place.kind == "progress":
        check_id(asked.get("upload_id"), "upload_id")
    if place.kind == "upload" and "upload_id" in asked:
        check_id(asked["upload_id"], "upload_id")
    if place.kind == "heartbeat":
        check_id(place.name, "session_hash")


def check_id(value: object, name: str) -> str:
    """Return an id that Gradio's clients may have made; Refusal for anything else."""
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise Refusal(400, f"{name} has to be a name of 1 to 64 letters, digits and hyphens; reload the page")
    return value
