"""What a browser asks for by plain HTTP: the rows of a run after a cursor, and its files to download.

Polling by cursor loses nothing: a refresh, a second tab, a dropped connection or a server that starts again all just
ask from the row they hold. It costs a stat and the new bytes; thirty viewers are a few per cent of one core.
"""

import io
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from core.run_config import RunConfig
from core.run_dir import RunDir
from playground import late
from playground.exporting import hf_archive
from playground.i18n import language, translate
from playground.meaning import meaning
from playground.naming import run_label
from playground.runs import RunStore
from playground.sources import MOST_TEXT

MOST_POINTS = 3000  # of one answer; a long history is thinned, what is new never is
MOST_SAMPLES = 200  # of one answer, the newest
MUCH = 200_000  # bytes of rows; to read them takes some hundredths of a second
SPEED_WINDOW = 30  # the last rows that tell how fast a run trains
SELDOM, GONE = 3.0, 10.0  # seconds: the longest pause of a viewer; after them one that is silent is gone
ETA_WINDOW = 30.0  # seconds by the clock, in which a run among others has its turn several times


@dataclass
class Rows:
    """What is needed of the rows of a run that have been read so far."""

    points: list[tuple] = field(default_factory=list)  # (step, loss of its batch)
    recent: deque[dict] = field(default_factory=lambda: deque(maxlen=SPEED_WINDOW))  # the last rows of single steps
    clock: deque[tuple] = field(default_factory=lambda: deque(maxlen=4000))  # (time of day, step) of the last seconds
    estimates: list[tuple] = field(default_factory=list)  # (step, train_loss, val_loss)
    samples: list[dict] = field(default_factory=list)
    metrics_at: int = 0
    samples_at: int = 0
    last_step: int = -1
    last_sample: int = -1
    lock: Lock = field(default_factory=Lock)

    def read(self, run: RunDir) -> None:
        """Read on."""
        with self.lock:
            new, self.metrics_at = run.rows("metrics", self.metrics_at)
            for row in _unrepeated(new, self.last_step):
                self.last_step = row["step"]
                if "loss" in row:
                    self.points.append((row["step"], row["loss"]))
                    self.recent.append(row)
                    self._tick(row)
                if "val_loss" in row:
                    self.estimates.append((row["step"], row.get("train_loss"), row["val_loss"]))
            new, self.samples_at = run.rows("samples", self.samples_at)
            for row in _unrepeated(new, self.last_sample):
                self.last_sample = row["step"]
                self.samples.append(row)

    def _tick(self, row: dict) -> None:
        when = row.get("time")
        if not isinstance(when, int | float):
            return
        if self.clock and when - self.clock[-1][0] > ETA_WINDOW:
            self.clock.clear()  # it was paused
        self.clock.append((when, row["step"]))
        while when - self.clock[0][0] > ETA_WINDOW:
            self.clock.popleft()

    def progress(self) -> float | None:
        """Return steps a second by the clock on the wall: less than while it trains, where runs take turns."""
        if len(self.clock) < 2 or self.clock[-1][0] - self.clock[0][0] < 1.0:
            return None
        return (self.clock[-1][1] - self.clock[0][1]) / (self.clock[-1][0] - self.clock[0][0])


class Viewers:
    """Who watches at the moment, and how often each of them may ask: all together about twenty times a second."""

    def __init__(self):
        self.seen: dict[str, float] = {}
        self.swept = 0.0

    def pause(self, viewer: str, near: bool) -> float:
        """Return the seconds to wait before the next question. near: the browser computes on the cores that train."""
        now = time.monotonic()
        self.seen[viewer] = now
        if now - self.swept > 1.0:
            self.seen = {name: when for name, when in self.seen.items() if now - when < GONE}
            self.swept = now
        return min(SELDOM, max(1.0 if near else 0.5, len(self.seen) / 20))


def is_near(request: Request) -> bool:
    """Tell whether the browser that asks runs on this machine."""
    host = request.client.host if request.client else ""
    return host in ("127.0.0.1", "::1") and "x-forwarded-for" not in request.headers


class Feed:
    """Answers about the runs of a store."""

    def __init__(self, store: RunStore):
        self.store = store
        self.viewers = Viewers()
        # By when the run was made as well: another run may get the name of a deleted one.
        self.rows = lru_cache(maxsize=256)(lambda path, created: Rows())
        self._config_as_of = lru_cache(maxsize=256)(lambda path, written: RunDir(path).config())

    def config(self, run: RunDir) -> RunConfig:
        """Return a run's config, read again only when it was written again."""
        try:
            written = (run.path / "run.json").stat().st_mtime_ns
        except OSError:
            raise ValueError(f"There is no run called {run.id!r}; choose one from the list") from None
        return self._config_as_of(run.path, written)

    def follow(self, run_id: str, points: int = 0, evals: int = 0, samples: int = 0, lang: str = "en") -> dict:
        """Return what a run has written after the first `points`, `evals` and `samples` rows, and where it stands.

        Raises ValueError when there is no such run.
        """
        run = self.store.get(run_id)
        config, status = self.config(run), run.status()
        rows = self.rows(run.path, config.created)
        rows.read(run)
        baselines = run.baselines()
        return {
            "run": run.id,
            "name": run_label(config, lang),
            "state": status.state,
            "step": max(status.step, rows.last_step, 0),
            "steps": config.train.steps,
            "vocab_size": config.model.vocab_size,
            "tokens": translate("characters" if config.tokenizer["kind"] == "char" else "bpe_tokens", lang),
            "message": status.message,
            "points": _thinned(rows.points[points:]),
            "evals": _thinned(rows.estimates[evals:]),
            "samples": rows.samples[samples:][-MOST_SAMPLES:],
            "stats": _stats(list(rows.recent), rows.progress(), status.state, config.train.steps),
            "meaning": meaning(rows.estimates, baselines, lang),
            "baselines": _lines(baselines, lang),
            "next": {"points": len(rows.points), "evals": len(rows.estimates), "samples": len(rows.samples)},
        }

    def routes(self) -> list[Route]:
        """Return the routes to put before Gradio's own."""
        base, feed = "/playground/run/{run_id}", self._answered(self._feed)

        async def soon(request: Request) -> Response:
            # Handing an answer to a thread costs more than the answer, and what it costs the run that trains lacks.
            return await run_in_threadpool(feed, request) if self._is_long(request) else feed(request)

        return [
            Route("/playground/feed/{run_id}", soon),
            Route(base + "/{name:path}", self._answered(self._download)),
        ]

    def _is_long(self, request: Request) -> bool:
        """Tell whether much of a run is still to be read: the first look at a long one."""
        try:
            run = self.store.get(request.path_params["run_id"])
            known = self.rows(run.path, self.config(run).created).metrics_at
            return (run.path / "metrics.jsonl").stat().st_size - known > MUCH
        except (ValueError, OSError):
            return False

    def _answered(self, answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
        def safely(request: Request) -> Response:
            try:
                return answer(request)
            except ValueError as error:
                return JSONResponse({"error": str(error)}, status_code=404)

        return safely

    def _feed(self, request: Request) -> Response:
        asked = request.query_params
        cursor = {name: _count(asked.get(name)) for name in ("points", "evals", "samples")}
        body = self.follow(request.path_params["run_id"], **cursor, lang=language(asked.get("lang")))
        body["pause"] = self.viewers.pause(asked.get("viewer", "")[:32], is_near(request))
        return JSONResponse(body, headers={"Cache-Control": "no-store"})

    def _download(self, request: Request) -> Response:
        run = self.store.get(request.path_params["run_id"])
        name = request.path_params["name"]
        stem = re.sub(r"[^A-Za-z0-9_-]", "-", f"{run.config().preset}-{run.id[:8]}")
        if name == "curve.csv":
            return _attachment(self._csv(run), "text/csv", f"{stem}.csv")
        if name in ("curve.png", "curve.svg"):
            kind = name[-3:]
            rows = self.follow(run.id, lang=language(request.query_params.get("lang")))
            return _picture(late.plots().loss_figure(rows), kind, stem)
        if name == "run.json":
            return FileResponse(run.path / "run.json", filename=f"{stem}.json")
        if name in ("model.safetensors", "huggingface.zip"):
            steps = run.snapshots()
            step = _count(request.query_params.get("step"), default=max(steps, default=0))
            if step not in steps:
                raise ValueError(f"The run has no snapshot of step {step}; wait for its first one")
            if name == "huggingface.zip":
                return hf_archive(run, step, f"{stem}-step-{step}")
            path = run.path / "snapshots" / f"step-{step:07d}" / "model.safetensors"
            return FileResponse(path, filename=f"{stem}-step-{step}.safetensors")
        if name in ("heatmap.png", "heatmap.svg", "grid.png", "grid.svg", "weights.npz"):
            return _attention_file(run, name, request, stem)
        raise ValueError(f"A run has no file called {name[:40]!r}")

    def _csv(self, run: RunDir) -> str:
        rows, _ = run.rows("metrics")
        names = ("step", "loss", "train_loss", "val_loss", "learning_rate", "grad_norm", "tokens", "elapsed")
        cells = ([row.get(name) for name in names] for row in _unrepeated(rows))
        lines = (",".join("" if cell is None else str(cell) for cell in line) for line in cells)
        return "\n".join([",".join(names), *lines]) + "\n"


def _unrepeated(rows: list, last_step: int = -1) -> Iterator[dict]:
    """Yield the rows after last_step. A run that went on after a crash repeats steps, with the same numbers."""
    for row in rows:
        if isinstance(row, dict) and isinstance(row.get("step"), int) and row["step"] > last_step:
            last_step = row["step"]
            yield row


def _thinned(rows: list[tuple]) -> list[tuple]:
    """Leave out rows at even distances where there are too many; the last one stays."""
    stride = -(-len(rows) // MOST_POINTS) or 1
    return rows[::-1][::stride][::-1]


def _stats(recent: list[dict], progress: float | None, state: str, steps: int) -> dict:
    """Tell the newest numbers: speed over the last rows, and the time left by the clock, other runs' turns included."""
    stats = dict.fromkeys(("steps_per_second", "tokens_per_second", "elapsed", "eta", "learning_rate", "grad_norm"))
    whole = [row for row in recent if row.get("seconds") is not None]
    if not whole:
        return stats
    last = whole[-1]
    spent = sum(row["seconds"] for row in whole)
    speed = len(whole) / spent if spent else None
    stats.update(elapsed=last["elapsed"], learning_rate=last["learning_rate"], grad_norm=last["grad_norm"])
    if speed:
        stats.update(steps_per_second=speed, tokens_per_second=speed * last["tokens"])
        if state in ("running", "queued", "paused"):
            stats["eta"] = (steps - last["step"]) / min(progress or speed, speed)
    return stats


def _lines(baselines: dict | None, lang: str) -> list[dict] | None:
    if baselines is None:
        return None
    # Of word pieces there are too many to count five in a row: there the trigram is the best of counting.
    best = min(("trigram", "fivegram"), key=lambda key: baselines.get(key, 0.0))
    shown = ("uniform", "unigram", "bigram", best, "floor")
    return [
        {"key": key, "label": translate(f"line_{key}", lang), "value": baselines[key]}
        for key in shown
        if isinstance(baselines.get(key), int | float)
    ]


def _attention_file(run: RunDir, name: str, request: Request, stem: str) -> Response:
    """Return one head's heatmap, the grid of all heads, or their numbers, for the text in the query."""
    asked = request.query_params
    text, step = asked.get("text", "")[:MOST_TEXT], _count(asked.get("step"), default=None)
    seen = late.everything().looking.look(run, text, step)
    layer, head = _count(asked.get("layer")), _count(asked.get("head"))
    weights = seen.observed.weights.numpy()
    seen.scores_before_mask(layer, head)  # refuses a head that is not there
    said = f"{run_label(run.config(), 'en')}, step {seen.step}"
    kind = name[-3:]
    if name.startswith("heatmap"):
        figure = late.plots().heatmap_figure(weights[layer, head], seen.tokens, f"Head {layer}.{head} of {said}")
        return _picture(figure, kind, f"{stem}-head-{layer}-{head}")
    if name.startswith("grid"):
        return _picture(late.plots().grid_figure(weights, seen.labels, f"All heads of {said}"), kind, f"{stem}-heads")
    numbers = io.BytesIO()
    np.savez_compressed(numbers, weights=weights, ids=seen.ids.numpy(), tokens=np.array(seen.tokens))
    return _attachment(numbers.getvalue(), "application/octet-stream", f"{stem}-attention.npz")


def _picture(figure: Any, kind: str, stem: str) -> Response:
    picture = io.BytesIO()
    figure.savefig(picture, format=kind, dpi=160)
    return _attachment(picture.getvalue(), f"image/{kind.replace('svg', 'svg+xml')}", f"{stem}.{kind}")


def _count(text: str | None, default: int | None = 0) -> int | None:
    """Read a cursor; anything that is not a small whole number is the default."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else default


def _attachment(content: str | bytes, kind: str, name: str) -> Response:
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
