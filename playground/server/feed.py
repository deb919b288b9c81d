"""The live feed: what a run has written after a cursor, and where it stands, as the browser's `feed.js` asks for it.

A cursor counts the rows that a browser holds. Polling by it loses nothing: a refresh, a second tab, a dropped
connection or a server that starts again all ask from the row they hold. An answer costs a stat and the new bytes;
thirty viewers are a few per cent of one core. Left out on purpose: HTTP (`routes.py`).
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock

from core.runs.config import RunConfig
from core.runs.directory import RunDir
from core.runs.store import RunStore
from playground.words.refusals import refused
from playground.words.run_names import run_label
from playground.words.translate import translate
from playground.words.verdict import verdict

MOST_POINTS = 3000  # of one answer; a long history is thinned, what is new never is
MOST_SAMPLES = 200  # of one answer, the newest
SPEED_WINDOW = 30  # the last rows that tell how fast a run trains
ETA_WINDOW = 30.0  # seconds by the clock, in which a run among others has its turn several times


@dataclass
class Rows:
    """The rows of one run in memory, so that each line of its files is read once, however many browsers follow it."""

    points: list[tuple] = field(default_factory=list)  # (step, loss of its batch)
    recent: deque[dict] = field(default_factory=lambda: deque(maxlen=SPEED_WINDOW))  # the last rows of single steps
    clock: deque[tuple] = field(default_factory=lambda: deque(maxlen=4000))  # (time of day, step) of the last seconds
    estimates: list[tuple] = field(default_factory=list)  # (step, train_loss, val_loss)
    samples: list[dict] = field(default_factory=list)
    metrics_at: int = 0  # the byte of metrics.jsonl from which to read on
    samples_at: int = 0
    last_step: int = -1
    last_sample: int = -1
    lock: Lock = field(default_factory=Lock)

    def read(self, run: RunDir) -> None:
        """Read the rows that the run has written since the last call."""
        with self.lock:
            new, self.metrics_at = run.rows("metrics", self.metrics_at)
            for row in unrepeated(new, self.last_step):
                self.last_step = row["step"]
                if "loss" in row:
                    self.points.append((row["step"], row["loss"]))
                    self.recent.append(row)
                    self._tick(row)
                if "val_loss" in row:
                    self.estimates.append((row["step"], row.get("train_loss"), row["val_loss"]))
            new, self.samples_at = run.rows("samples", self.samples_at)
            for row in unrepeated(new, self.last_sample):
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
        """Return steps a second by the clock on the wall, other runs' turns included; None in the first second."""
        if len(self.clock) < 2 or self.clock[-1][0] - self.clock[0][0] < 1.0:
            return None
        return (self.clock[-1][1] - self.clock[0][1]) / (self.clock[-1][0] - self.clock[0][0])


class Feed:
    """The answers to browsers that follow the runs of a store."""

    def __init__(self, store: RunStore):
        self.store = store
        # The key holds when the run was made too: another run may get the name of a deleted one.
        self.rows = lru_cache(maxsize=256)(lambda path, created: Rows())
        self._config_as_of = lru_cache(maxsize=256)(lambda path, written: RunDir(path).config())

    def config(self, run: RunDir) -> RunConfig:
        """Return a run's config; the file is read again only when it was written again."""
        try:
            written = (run.path / "run.json").stat().st_mtime_ns
        except OSError:
            raise ValueError(f"There is no run called {run.id!r}; choose one from the list") from None
        return self._config_as_of(run.path, written)

    def follow(self, run_id: str, points: int = 0, evals: int = 0, samples: int = 0, lang: str = "en") -> dict:
        """Return where a run stands, and its rows after the first `points`, `evals` and `samples`.

        "next" holds the cursor for the next question. Raises ValueError when there is no such run.
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
            "message": status.message and refused(status.message, lang),
            "points": _thinned(rows.points[points:]),
            "evals": _thinned(rows.estimates[evals:]),
            "samples": rows.samples[samples:][-MOST_SAMPLES:],
            "stats": _stats(list(rows.recent), rows.progress(), status.state, config.train.steps),
            "meaning": verdict(rows.estimates, baselines, lang),
            "baselines": _lines(baselines, lang),
            "next": {"points": len(rows.points), "evals": len(rows.estimates), "samples": len(rows.samples)},
        }


def unrepeated(rows: list, last_step: int = -1) -> Iterator[dict]:
    """Yield the rows after last_step, each step once: a run that crashed repeats some steps, with the same numbers."""
    for row in rows:
        if isinstance(row, dict) and isinstance(row.get("step"), int) and row["step"] > last_step:
            last_step = row["step"]
            yield row


def _thinned(rows: list[tuple]) -> list[tuple]:
    """Keep at most MOST_POINTS rows, evenly spaced, the last one among them."""
    stride = -(-len(rows) // MOST_POINTS) or 1
    return rows[::-1][::stride][::-1]


def _stats(recent: list[dict], progress: float | None, state: str, steps: int) -> dict:
    """Return the newest numbers: speed over the last rows, and the time left by the slower of speed and progress."""
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
    """Return the baselines that the chart draws, each with its label; None until they are counted."""
    if baselines is None:
        return None
    # Of word pieces there are too many to count five in a row: there the trigram is the best of counting.
    best = min(("trigram", "fivegram"), key=lambda key: baselines.get(key, 0.0))
    shown = ("uniform", "unigram", "bigram", best, "entropy")
    return [
        {"key": key, "label": translate(f"line_{key}", lang), "value": baselines[key]}
        for key in shown
        if isinstance(baselines.get(key), int | float)
    ]
