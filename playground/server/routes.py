"""The routes beside Gradio's own: the list of runs, the live feed of one, and its files to download.

They are plain HTTP: a GET, answered with JSON or a file; 404 with a sentence when there is no such run or file.
"""

import hashlib
import json
import time
from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.runs.config import owner_of
from core.runs.store import RunStore
from playground.server.feed import Feed
from playground.server.files import Asked, Download, number
from playground.server.rights import Rights
from playground.server.run_list import RunList
from playground.words.refusals import refused
from playground.words.translate import language

MUCH = 200_000  # bytes of rows; reading them takes some hundredths of a second
ASKED_A_SECOND = 20  # how often all viewers together may ask
SHORTEST, SHORTEST_NEAR = 0.5, 1.0  # seconds between two questions of a viewer; near: on the cores that train
LONGEST = 3.0  # seconds between two questions of a viewer, however many there are
GONE = 10.0  # seconds without a question, after which a viewer is gone


class Viewers:
    """The browsers that watch at the moment. They share about twenty questions a second."""

    def __init__(self):
        self.seen: dict[str, float] = {}
        self.swept = 0.0

    def pause(self, viewer: str, near: bool) -> float:
        """Return the seconds that a viewer waits before its next question.

        near: the browser runs on the cores that train, so it is asked to wait longer.
        """
        now = time.monotonic()
        self.seen[viewer] = now
        if now - self.swept > 1.0:
            self.seen = {name: when for name, when in self.seen.items() if now - when < GONE}
            self.swept = now
        return min(LONGEST, max(SHORTEST_NEAR if near else SHORTEST, len(self.seen) / ASKED_A_SECOND))


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
    ):
        self.store, self.downloads, self.runs, self.rights = (
            store,
            downloads,
            runs or RunList(store),
            rights or Rights(),
        )
        self.feed, self.viewers = Feed(store), Viewers()

    def list(self) -> list[Route]:
        """Return the routes to put before Gradio's own."""
        return [
            Route("/playground/runs", self._list),
            Route("/playground/feed/{run_id}", self._follow_soon),
            Route("/playground/run/{run_id}/{name:path}", self._download),
        ]

    def _list(self, request: Request) -> Response:
        """Answer with the runs that a viewer may see; with no more than a word when it holds them already.

        The owner's token comes in a header: addresses end up in logs, and who knows a token owns its runs.
        """
        asked = request.query_params
        person = self.rights.person(owner_of(request.headers.get("x-playground-owner")))
        runs = self.runs.entries(person, language(asked.get("lang")), asked.get("view"))
        told = [{name: value for name, value in run.items() if name != "age"} for run in runs]
        key = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
        body = {"key": key, "pause": self.viewers.pause(asked.get("viewer", "")[:32], is_near(request))}
        if asked.get("key") != key:
            body["runs"] = runs
        return JSONResponse(body, headers={"Cache-Control": "no-store"})

    async def _follow_soon(self, request: Request) -> Response:
        # Handing an answer to a thread costs more than a short answer does, and the run that trains pays for it.
        return await run_in_threadpool(self._follow, request) if self._is_long(request) else self._follow(request)

    def _is_long(self, request: Request) -> bool:
        """Tell whether much of the run is still to be read, as at the first look at a long one."""
        try:
            run = self.store.get(request.path_params["run_id"])
            known = self.feed.rows(run.path, self.feed.config(run).created).metrics_at
            return (run.path / "metrics.jsonl").stat().st_size - known > MUCH
        except (ValueError, OSError):
            return False

    def _follow(self, request: Request) -> Response:
        asked = request.query_params
        cursor = {name: number(asked.get(name)) for name in ("points", "evals", "samples")}
        try:
            body = self.feed.follow(request.path_params["run_id"], **cursor, lang=language(asked.get("lang")))
        except ValueError as error:
            return _not_found(error, asked.get("lang"))
        body["pause"] = self.viewers.pause(asked.get("viewer", "")[:32], is_near(request))
        return JSONResponse(body, headers={"Cache-Control": "no-store"})

    def _download(self, request: Request) -> Response:
        try:
            run, name = self.store.get(request.path_params["run_id"]), request.path_params["name"]
            if name not in self.downloads:
                raise ValueError(f"A run has no file called {name[:40]!r}")
            return self.downloads[name](Asked(run, name, request.query_params, self.feed))
        except ValueError as error:
            return _not_found(error, request.query_params.get("lang"))


def _not_found(error: ValueError, lang: str | None) -> JSONResponse:
    return JSONResponse({"error": refused(error, language(lang))}, status_code=404)
