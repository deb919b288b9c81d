"""Requests that are nearly those of the page, with something odd in each; the same seed makes the same ones."""

import functools
import itertools
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

API = "/gradio_api"
HUGE = "a number beyond all floats"  # stands for 1e999, which JSON can say and json.dumps cannot
LONG = "x<b>\n &" * 10_000  # 60 kB and more, as it is sent
VALUES = (
    None, True, -1, 0, 2.5, 1e308, 10**30, 10**400, HUGE, float("nan"), float("inf"), "", "abc", "\ud800", "\udfff a",
    "\x00", "\ud800\x00", "\u202e\u200b", "../../etc/passwd", "<img src=x>", "=1+1", "en", "vi", [], [1], [[[]]], {},
    {"a": 1}, {"path": "/etc/passwd"}, {"path": "http://127.0.0.1:1/"}, {"__type__": "update", "value": 1},
    ["\ud800"], {"\ud800": "\ud800"}, LONG, "9" * 5_000, [None] * 500, {str(i): i for i in range(300)},
)  # fmt: skip
EVENTS = (
    None, {}, [], 5, "abc", {"index": None}, {"index": [10**400, -1]}, {"value": "\ud800", "index": [0, 0]},
    {"layer": 1, "head": 0, "step": 0}, {"layer": "\ud800", "head": HUGE, "step": [1], "stamp": {}},
    {"command": "stop", "run": "nobody"}, {"command": {}, "run": 7}, {"command": "\x00", "name": "\ud800", "run": None},
    {"name": LONG}, {"path": "/etc/passwd"}, {"selected": True, "index": 0, "value": None},
)  # fmt: skip
ODD_IDS = (None, -1, 10**9, "0", "\ud800", True, [], {}, 1.0, 10**30)
ODD_NAMES = ("a", "..", "%00", "%2e%2e%2f%2e%2e", "\u00e9", "x" * 300, "0" * 32, "nan", "-1", "'", "%ff", "a%0d%0ab")
QUERIES = ("", "", "?", "?session_hash=nobody", "?session_hash=", "?deep_link=a", "?lang=vi", "?__theme=dark", "?a=%00",
           "?points=-1&evals=nan&samples=x", "?points=99999999999999999999999", "?key=%ff", "?upload_id=a",
           "?session_hash=a&session_hash=b", "?step=x&layer=-1&head=1e9", "?viewer=" + "v" * 3_000)  # fmt: skip
METHODS = ("GET", "GET", "GET", "POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH")
HEADERS = ({}, {}, {}, {"Range": "bytes=0-"}, {"Range": "bytes=9-1,x"}, {"Accept-Language": "vi"}, {"Cookie": "a=\x01"},
           {"X-Forwarded-Host": "[::1"}, {"X-Forwarded-For": "1.2.3.4"}, {"If-None-Match": '"'}, {"Accept": "\xff"},
           {"Accept-Encoding": "br;q=x"}, {"Content-Type": "multipart/form-data"}, {"Referer": "http://[::1?lang=vi"},
           {"Origin": "null"}, {"X-Playground-Owner": "x" * 2_000}, {"If-Modified-Since": "never"})  # fmt: skip


@dataclass
class Call:
    """One request; kind: how its answer is heard."""

    kind: str  # join, call, or plain
    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Odd:
    """What makes the requests. config: of the page; usual: elem_id -> a value that passes; run: an id that there is."""

    def __init__(self, config: dict, usual: dict, run: str, seed: str):
        self.random, self.run = random.Random(seed), run
        parts = {each["id"]: each["props"] for each in config["components"]}
        self.handlers = [each for each in config["dependencies"] if each["backend_fn"]]
        self.values = {
            each["id"]: [usual.get(parts[i].get("elem_id"), parts[i].get("value")) for i in each["inputs"]]
            for each in self.handlers
        }
        self.random.shuffle(self.handlers)
        self.turn = itertools.cycle(self.handlers)
        self.parts, self.routes = list(parts), routes()

    def calls(self, count: int) -> Iterator[Call]:
        """Make the calls of one session."""
        session = f"fuzz{self.random.getrandbits(40):x}"
        makers = (self._join, self._predict, self._named, self._route, self._upload, self._end)
        for make in self.random.choices(makers, (50, 14, 6, 18, 6, 6), k=count):
            yield make(session)

    def _join(self, session: str) -> Call:
        return Call("join", "POST", f"{API}/queue/join", self._body(session, next(self.turn)))

    def _predict(self, session: str) -> Call:
        return Call("plain", "POST", f"{API}/run/predict", self._body(session, next(self.turn)))

    def _named(self, session: str) -> Call:
        handler = next(self.turn)
        name = handler["api_name"] if isinstance(handler["api_name"], str) else "nothing"
        return Call("call", "POST", f"{API}/call/{name}", encoded({"data": self._data(handler)}))

    def _end(self, session: str) -> Call:
        event = self.random.choice(("0" * 32, session, "", None, "\ud800", 5))
        body = {"session_hash": self._perhaps(session), "event_id": event, "fn_index": next(self.turn)["id"]}
        return Call("plain", "POST", f"{API}/{self.random.choice(('cancel', 'reset'))}", self._spoiled(encoded(body)))

    def _body(self, session: str, handler: dict) -> bytes:
        rng = self.random
        told = rng.choice(EVENTS) if rng.random() < 0.8 else {"index": 0, "value": self._value()}
        body = {"data": self._data(handler), "fn_index": handler["id"], "session_hash": session,
                "event_data": told, "trigger_id": rng.choice((None, rng.choice(self.parts)))}  # fmt: skip
        if rng.random() < 0.15:
            body[rng.choice(list(body))] = rng.choice((*ODD_IDS, *VALUES))
        if rng.random() < 0.05:
            body[rng.choice(("batched", "simple_format", "event_id", "request", "\ud800"))] = self._value()
        return self._spoiled(encoded(body))

    def _data(self, handler: dict) -> list:
        usual, rng = self.values[handler["id"]], self.random
        share = rng.choice((0.0, 0.1, 0.3, 1.0))
        data = [self._value() if rng.random() < share else value for value in usual]
        if share == 0.0 and data:
            data[rng.randrange(len(data))] = self._value()
        if rng.random() < 0.06:
            data = data[:-1] if rng.random() < 0.5 else [*data, self._value()]
        return data

    def _value(self) -> object:
        return self.run if self.random.random() < 0.05 else self.random.choice(VALUES)

    def _perhaps(self, value: object) -> object:
        return value if self.random.random() < 0.8 else self.random.choice(ODD_IDS)

    def _spoiled(self, body: bytes) -> bytes:
        """Return a body, one in thirty of them with a byte changed or its end missing."""
        if self.random.random() > 1 / 30 or not body:
            return body
        place = self.random.randrange(len(body))
        return body[:place] if self.random.random() < 0.5 else body[:place] + b"\xff" + body[place + 1 :]

    def _route(self, session: str) -> Call:
        rng = self.random
        path = re.sub(r"{[^}]*}", lambda _: rng.choice((self.run, session, *ODD_NAMES)), rng.choice(self.routes))
        method = rng.choice(METHODS)
        body = b"" if method in ("GET", "HEAD") else encoded(self._value())
        headers = {"Content-Type": "application/json", **rng.choice(HEADERS)}
        return Call("plain", method, path + rng.choice(QUERIES), body, headers)

    def _upload(self, session: str) -> Call:
        rng, mark = self.random, "mark"
        names = (
            "a.txt",
            "",
            "..",
            "a/b",
            "\\",
            "x" * 300,
            "\x01",
            "\u00e9\ud83d\ude00.txt",
            "a.html",
            ".txt",
            "a\x00b",
        )
        parts = []
        for _ in range(rng.choice((0, 1, 1, 1, 2, 4, 5, 20))):
            name = rng.choice(("files", "files", "files", "file", "", "a"))
            file = rng.choice(("", f'; filename="{rng.choice(names)}"', f'; filename="{rng.choice(names)}"'))
            content = rng.choice((b"", b"abc", b"\x00\xff" * 500, b"--mark", b"PK\x03\x04", b"a\r\n" * 5_000))
            head = f'--{mark}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
            parts.append(head.encode("utf-8", "surrogatepass") + content)
        body = b"\r\n".join([*parts, f"--{rng.choice((mark, mark, mark, 'other'))}--\r\n".encode()])
        kinds = (f"multipart/form-data; boundary={mark}",) * 6 + ("multipart/form-data", "text/plain", "")
        path = f"{API}/upload{rng.choice(('', '', '?upload_id=a', '?upload_id=..'))}"
        return Call("plain", "POST", path, self._spoiled(body), {"Content-Type": rng.choice(kinds)})


def encoded(body: object) -> bytes:
    """Return a body as JSON, with what JSON does not know where it is in it."""
    return json.dumps(body).replace(json.dumps(HUGE), "1e999").encode()


@functools.cache
def routes() -> list[str]:
    """Return the path of every route of Gradio's and of ours."""
    import tempfile
    from pathlib import Path

    from gradio.routes import App

    from core.runs.store import RunStore
    from playground.build import build_app
    from playground.server.settings import Settings

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        page = build_app(RunStore(root), Settings(runs=root, welcome=False))
        page.queue()
        app = App.create_app(page, app_kwargs={"routes": page.routes().list()})
    return sorted({path for _, path in walk(app.routes)})


def walk(found, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the method and the path of every route, those of routers within routers too."""
    for route in found:
        router = getattr(route, "original_router", None)
        inner = router.routes if router is not None else getattr(route, "routes", None)
        if inner:
            yield from walk(inner, prefix + getattr(route, "path", ""))
        elif hasattr(route, "path"):
            yield from ((method, prefix + route.path) for method in getattr(route, "methods", None) or {"GET"})
