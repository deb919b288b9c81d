"""The routes beside Gradio's own: the list of runs and their table, the live feed of one, and its files to download.

They are plain HTTP: a GET, answered with JSON or a file; 404 with a sentence when there is no such run or file.
"""

import hashlib
import json
import math
import time
from collections.abc import Callable, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from core.runs.config import owner_of
from core.runs.store import RunStore
from playground.server.feed import Feed
from playground.server.files import Asked, Download, number
from playground.server.making import Making
from playground.server.refusal import Refusal
from playground.server.rights import Person, Rights
from playground.server.run_list import RunList
from playground.server.run_table import RunTable
from playground.server.upkeep import Upkeep
from playground.words.refusals import refused
from playground.words.translate import language

MUCH = 200_000  # bytes of rows; reading them takes some hundredths of a second
SHARE = 0.05  # of a core, that the server's event loop should take while people watch
SHORTEST, SHORTEST_NEAR = 0.5, 1.0  # seconds between two questions of a viewer; near: on the cores that train
LONGEST = 5.0  # seconds between two questions of a viewer, however many there are
LOOK, GONE = 1.0, 10.0  # seconds between two looks at what was spent; without a question, after which all have gone
LESS, MORE = 0.5, 8.0  # how much the pause may change at one look


class Pace:
    """How often viewers may ask: as often as the server can answer beside a run that trains.

    Nobody is counted, by names that anybody can invent or by addresses that a class shares: what the event loop spends
    is measured, and the pause follows it. So whoever asks without a pause slows down others by what it costs, no more.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, spent: Callable[[], float] = time.thread_time):
        """Begin with the shortest pause. spent: the seconds of a core that the thread of the event loop has taken."""
        self.clock, self.spent = clock, spent
        self.now, self.looked, self.had_spent, self.asked = SHORTEST, -math.inf, 0.0, -math.inf

    def pause(self, near: bool) -> float:
        """Return the seconds that a viewer waits before its next question. It has to be asked in the event loop.

        near: the browser runs on the cores that train, so it is asked to wait longer.
        """
        now = self.clock()
        if now - self.asked > GONE:
            self.now, self.looked, self.had_spent = SHORTEST, now, self.spent()
        self.asked = now
        if now - self.looked >= max(LOOK, self.now):  # by then all have heard of the last change
            load = (self.spent() - self.had_spent) / (now - self.looked)
            self.now = min(LONGEST, max(SHORTEST, self.now * min(MORE, max(LESS, load / SHARE))))
            self.looked, self.had_spent = now, self.spent()
        return max(SHORTEST_NEAR, self.now) if near else self.now


def is_near(request: Request) -> bool:
    """Tell whether the browser that asks runs on this machine."""
    host = request.client.host if request.client else ""
    return host in ("127.0.0.1", "::1") and "x-forwarded-for" not in request.headers


class Routes:
    """The routes over a store of runs; downloads: the name of a file -> what makes it; rights: who may see which."""

    def __init__(
        self,
        store: RunStore,
        downloads: Mapping[str, Download],
        runs: RunList | None = None,
        rights: Rights | None = None,
        upkeep: Upkeep | None = None,
    ):
        self.store, self.downloads, self.runs, self.rights = (
            store,
            downloads,
            runs or RunList(store),
            rights or Rights(),
        )
        self.feed, self.pace, self.making = Feed(store, upkeep), Pace(), Making()
        self.table = RunTable(self.runs)

    def list(self) -> list[Route]:
        """Return the routes to put before Gradio's own."""
        return [
            Route("/playground/runs", self._list),
            Route("/playground/table", self._tabulate),
            Route("/playground/feed/{run_id}", self._follow_soon),
            Route("/playground/run/{run_id}/{name:path}", self._download),
        ]

    async def _list(self, request: Request) -> Response:
        """Answer with the runs that a viewer may see; with no more than a word when it holds them already.

        The owner's token comes in a header: addresses end up in logs, and who knows a token owns its runs.
        """
        return await self._told(self._listed, request)

    async def _tabulate(self, request: Request) -> Response:
        """Answer with what the table of runs says of those that a viewer may see, as `_list` does."""
        return await self._told(self._tabulated, request)

    async def _told(self, tell: Callable[[Request], dict], request: Request) -> Response:
        body = await run_in_threadpool(tell, request)
        body["pause"] = self.pace.pause(is_near(request))
        return JSONResponse(body, headers={"Cache-Control": "no-store"})

    def _person(self, request: Request) -> Person:
        return self.rights.person(owner_of(request.headers.get("x-playground-owner")))

    def _tabulated(self, request: Request) -> dict:
        table = self.table.told(self._person(request), request.query_params.get("view"))
        key = hashlib.sha256(json.dumps(table).encode()).hexdigest()[:16]
        return {"key": key} if request.query_params.get("key") == key else {"key": key, **table}

    def _listed(self, request: Request) -> dict:
        asked = request.query_params
        person, lang = self._person(request), language(asked.get("lang"))
        runs = self.runs.entries(person, lang, asked.get("view"))
        problems = [refused(sentence, lang) for sentence in self.runs.problems(person)]
        told = [{name: value for name, value in run.items() if name != "age"} for run in runs]
        key = hashlib.sha256(json.dumps([told, problems]).encode()).hexdigest()[:16]
        return {"key": key} if asked.get("key") == key else {"key": key, "runs": runs, "problems": problems}

    async def _follow_soon(self, request: Request) -> Response:
        # Handing an answer to a thread costs more than a short answer does, and the run that trains pays for it.
        pause = self.pace.pause(is_near(request))
        if self._is_long(request):
            return await run_in_threadpool(self._follow, request, pause)
        return self._follow(request, pause)

    def _is_long(self, request: Request) -> bool:
        """Tell whether much of the run is still to be read, as at the first look at a long one."""
        try:
            run = self.store.get(request.path_params["run_id"])
            known = self.feed.rows(run.path, self.feed.config(run).created).metrics_at
            return (run.path / "metrics.jsonl").stat().st_size - known > MUCH
        except (ValueError, OSError):
            return False

    def _follow(self, request: Request, pause: float) -> Response:
        asked = request.query_params
        cursor = {name: number(asked.get(name)) for name in ("points", "evals", "samples")}
        try:
            body = self.feed.follow(request.path_params["run_id"], **cursor, lang=language(asked.get("lang")))
        except ValueError as error:
            return _not_found(error, asked.get("lang"))
        body["pause"] = pause
        return JSONResponse(body, headers={"Cache-Control": "no-store"})

    async def _download(self, request: Request) -> ASGIApp:
        try:
            name = self.making.enter(request.client.host if request.client else "")
        except Refusal as refusal:
            said = refused(refusal, language(request.query_params.get("lang")))
            return JSONResponse({"error": said}, refusal.status, {"Retry-After": f"{refusal.wait:.0f}"})
        try:
            async with self.making.turns:
                answer = await run_in_threadpool(self._made, request)
        except BaseException:
            self.making.leave(name)
            raise
        if answer.background is None:
            self.making.leave(name)
            return answer
        return self._sent(answer, name)

    def _sent(self, answer: Response, name: str) -> ASGIApp:
        """Return an answer whose place is given back when it was sent: until then it takes room on the disk."""

        async def sent(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await answer(scope, receive, send)
            finally:
                self.making.leave(name)

        return sent

    def _made(self, request: Request) -> Response:
        try:
            run, name = self.store.get(request.path_params["run_id"]), request.path_params["name"]
            if name not in self.downloads:
                raise ValueError(f"A run has no file called {name[:40]!r}")
            return self.downloads[name](Asked(run, name, request.query_params, self.feed))
        except ValueError as error:
            return _not_found(error, request.query_params.get("lang"))


def _not_found(error: ValueError, lang: str | None) -> JSONResponse:
    return JSONResponse({"error": refused(error, language(lang))}, status_code=404)
