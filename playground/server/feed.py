"""The live feed: what a run has written after a cursor, and where it stands, as the browser's `feed.js` asks for it.

A cursor counts the rows that a browser holds. Polling by it loses nothing: a refresh, a second tab, a dropped
connection or a server that starts again all ask from the row they hold. An answer costs a stat and the new bytes;
thirty viewers are a few per cent of one core. Left out on purpose: HTTP (`routes.py`).
"""

from functools import lru_cache
from pathlib import Path
from threading import Lock

from core.runs.claim import status_now
from core.runs.config import RunConfig
from core.runs.directory import RunDir, no_run
from core.runs.store import RunStore
from playground.server.rows import Rows
from playground.server.upkeep import Upkeep
from playground.words.refusals import refused
from playground.words.run_names import run_label
from playground.words.translate import translate
from playground.words.verdict import baseline_lines, verdict

MOST_POINTS = 3000  # of one answer; a long history is thinned, what is new never is
MOST_BYTES = 200_000_000  # of rows in memory: those of a class many times over
MOST_RUNS = 256  # whose rows are held: one without any takes its kilobytes too
MOST_SAMPLES = 200  # of one answer, the newest


class Feed:
    """The answers to browsers that follow the runs of a store."""

    def __init__(self, store: RunStore, upkeep: Upkeep | None = None):
        """upkeep: is told who is followed, and says what becomes of runs."""
        self.store, self.upkeep = store, upkeep
        self._rows: dict[tuple[Path, float], Rows] = {}  # the one that was asked for last stands last
        self._lock = Lock()
        self._config_as_of = lru_cache(maxsize=256)(lambda path, written: RunDir(path).config())

    def rows(self, path: Path, created: float) -> Rows:
        """Return what is known of the rows of the run at path; those of runs that nobody asks for any more are dropped.

        created: when the run was made, for another one may get the name of a deleted one.
        """
        with self._lock:
            known = self._rows.pop((path, created), None)
            if known is None:
                held = sum(rows.nbytes() for rows in self._rows.values())
                while self._rows and (held > MOST_BYTES or len(self._rows) >= MOST_RUNS):
                    held -= self._rows.pop(next(iter(self._rows))).nbytes()
            self._rows[path, created] = rows = known or Rows()
            return rows

    def config(self, run: RunDir) -> RunConfig:
        """Return a run's config; the file is read again only when it was written again."""
        try:
            written = (run.path / "run.json").stat().st_mtime_ns
        except OSError:
            raise no_run(run.id) from None
        return self._config_as_of(run.path, written)

    def follow(self, run_id: str, points: int = 0, evals: int = 0, samples: int = 0, lang: str = "en") -> dict:
        """Return where a run stands, and its rows after the first `points`, `evals` and `samples`.

        "next" holds the cursor for the next question. Raises ValueError when there is no such run.
        """
        run = self.store.get(run_id)
        config, status = self.config(run), status_now(run)
        rows, baselines = self.rows(run.path, config.created), run.baselines()
        message = self.store.trouble(run_id) or status.message
        if self.upkeep:
            self.upkeep.follow(run_id)
            message = message or self.upkeep.note(run_id, config, status)
        with rows.lock:
            rows.read(run)
            estimates = rows.estimates.since()
            return {
                "run": run.id,
                "name": run_label(config, lang),
                "state": status.state,
                "step": status.step,
                "steps": config.train.steps,
                "vocab_size": config.model.vocab_size,
                "tokens_per_step": config.tokens_per_step,
                "tokens": translate("characters" if config.tokenizer["kind"] == "char" else "bpe_tokens", lang),
                "message": message and refused(message, lang),
                "snapshots": run.snapshots(),
                "points": _thinned(rows.points.since(points)),
                "evals": _thinned(rows.estimates.since(evals)),
                "samples": rows.samples.since(samples)[-MOST_SAMPLES:],
                "stats": _stats(rows, status.state, config.train.steps),
                "meaning": verdict(estimates, baselines, lang, config.tokenizer["kind"]),
                "baselines": None if baselines is None else baseline_lines(baselines, lang),
                "next": {"points": rows.points.count, "evals": rows.estimates.count, "samples": rows.samples.count},
            }


def _thinned(rows: list[tuple]) -> list[tuple]:
    """Keep at most MOST_POINTS rows, evenly spaced, the last one among them."""
    stride = -(-len(rows) // MOST_POINTS) or 1
    return rows[::-1][::stride][::-1]


def _stats(rows: Rows, state: str, steps: int) -> dict:
    """Return the newest numbers: the speed of the last steps, and the time left by the slowest way to look at it."""
    stats = dict.fromkeys(("steps_per_second", "tokens_per_second", "elapsed", "eta", "learning_rate", "grad_norm"))
    last = rows.last
    if last is None:
        return stats
    spent = sum(rows.recent)
    speed = len(rows.recent) / spent if spent > 0 else None
    stats.update(elapsed=last["elapsed"], learning_rate=last["learning_rate"], grad_norm=last.get("grad_norm"))
    if state in ("done", "stopped", "failed") and last["elapsed"]:  # the whole run's, not its last instant's
        speed = last["step"] / last["elapsed"]
    if speed:
        stats.update(steps_per_second=speed, tokens_per_second=speed * last["tokens"])
        if state in ("running", "queued", "paused"):
            paces = [pace for pace in (rows.progress(), rows.pace(), speed) if pace]
            stats["eta"] = (steps - last["step"]) / min(paces)
    return stats
