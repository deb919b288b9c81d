"""What the table of runs says beside their list: the settings in which they differ, and how far each has come.

The estimates of a run are read once, then only what was written since. Left out on purpose: HTTP (`routes.py`), names
and states, which the list tells (`run_list.py`), and any word: the browser writes numbers as its page's language does.
"""

from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from core.runs.directory import RunDir, is_number
from playground.server.rights import Person
from playground.server.run_list import Listed, RunList, seen_by
from playground.words.run_names import settings_of

TAIL = 4_000  # bytes of metrics that hold the last row


@dataclass
class Reached:
    """How far a run has come, as of the first `read_to` bytes of its metrics."""

    lowest: list[tuple[int, float]] = field(default_factory=list)  # (step, val_loss) of each lower than all before it
    seconds: float | None = None  # of training
    read_to: int = 0

    def read(self, run: RunDir, size: int) -> None:
        """Read what the run has written since; size: of its metrics now, in bytes."""
        if size < self.read_to:
            self.lowest, self.seconds, self.read_to = [], None, 0
        if size == self.read_to:
            return
        rows, self.read_to = run.rows("metrics", self.read_to, holding=b'"val_loss"')
        for row in rows:
            step, loss = row.get("step"), row.get("val_loss")
            if type(step) is not int or not is_number(loss):
                continue
            while self.lowest and self.lowest[-1][0] >= step:  # done again, after a crash
                self.lowest.pop()
            if not self.lowest or loss < self.lowest[-1][1]:
                self.lowest.append((step, loss))
        last, _ = run.rows("metrics", max(0, self.read_to - TAIL))
        self.seconds = next((row["elapsed"] for row in reversed(last) if is_number(row.get("elapsed"))), self.seconds)


class RunTable:
    """The table over a list of runs."""

    def __init__(self, runs: RunList):
        self.runs, self._lock = runs, Lock()
        self._reached: dict[tuple[str, float], Reached] = {}

    def told(self, person: Person, in_view: str | None = None) -> dict:
        """Return the differing settings of the runs that a viewer sees, by name, and what each run has of them."""
        listed = self.runs.all()
        shown = seen_by(listed, person, in_view)
        settings = {each.run.id: {**settings_of(each.config), "weights": each.config.weights} for each in shown}
        columns = differing(list(settings.values()))
        with self._lock:
            known = {(each.run.id, each.config.created) for each in listed}
            self._reached = {key: reached for key, reached in self._reached.items() if key in known}
            runs = {each.run.id: self._row(each, [settings[each.run.id].get(name) for name in columns])
                    for each in shown}  # fmt: skip
        return {"columns": columns, "runs": runs}

    def _row(self, each: Listed, values: list) -> dict[str, Any]:
        reached = self._reached.setdefault((each.run.id, each.config.created), Reached())
        reached.read(each.run, (each.seen[3] or (0, 0))[1])
        step, best = reached.lowest[-1] if reached.lowest else (None, None)
        return {
            "best": best,
            "best_step": step,
            "seconds": reached.seconds,
            "tokens": each.status.step * each.config.tokens_per_step,
            "settings": values,
        }


def differing(settings: list[dict[str, Any]]) -> list[str]:
    """Return the names of the settings that are not the same in all of them; one that a run lacks differs too."""
    names = dict.fromkeys(name for each in settings for name in each)
    return [name for name in names if len({repr(each.get(name)) for each in settings}) > 1]
