"""The rows of a run in memory: each line of its files is read once, however many browsers follow it.

A run's directory may come from anywhere, so a row that lacks what it should have is left out. A history is bounded: a
run of a million steps keeps its shape and its spikes, not every step.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from core.runs.directory import RunDir, is_number

MOST_KEPT = 20_000  # points of a run that the server holds, and estimates
MOST_TEXTS = 1_000  # samples that it holds
ROW_BYTES = 250  # of a row in memory: a tuple of two or three numbers, and its place
SPEED_WINDOW = 30  # the last rows that tell how fast a run trains
ETA_WINDOW = 30.0  # seconds by the clock, in which a run among others has its turn several times
ETA_EVERY = 0.25  # seconds between two looks at that clock that are kept
UNUSUAL = 5  # steps at the start, which take longer: first uses of kernels, the first estimate


class History:
    """Rows in their order, at most `most`; a cursor counts all that there ever were.

    The newest quarter is whole. Of older rows, one stays in each stretch of `stride` rows, the same everywhere; the
    means of its stretch follow its own columns, so that a mean over many steps is no mean of spikes.
    """

    def __init__(self, most: int, weight: Callable[[Any], Any], width: int = 0, averaged: Sequence[int] = ()):
        """weight: of a stretch, the row that weighs most stays; averaged: the columns, of `width`, with a mean."""
        self.most, self.weight, self.count, self.stride = most, weight, 0, 1
        self.width, self.averaged = width, averaged
        self._kept: list[tuple[int, Any, int]] = []  # (its place among all, row, how many rows it stands for)

    def __len__(self) -> int:
        """Return how many rows are held."""
        return len(self._kept)

    def append(self, row: Any) -> None:
        """Add a row; now and then, this thins the older ones."""
        self._kept.append((self.count, row, 1))
        self.count += 1
        if len(self._kept) > self.most:
            whole = self.most // 4
            self._kept[:-whole] = self._thinned(self._kept[:-whole])

    def go_back(self, is_before: Callable[[Any], bool]) -> None:
        """Forget the last rows that are not before a step: the run does them again."""
        while self._kept and not is_before(self._kept[-1][1]):
            self.count = self._kept.pop()[0]

    def _thinned(self, older: list[tuple[int, Any, int]]) -> list[tuple[int, Any, int]]:
        while len({place // self.stride for place, *_ in older}) > self.most // 2:
            self.stride *= 2
        stretches: dict[int, list[tuple[int, Any, int]]] = {}
        for kept in older:
            stretches.setdefault(kept[0] // self.stride, []).append(kept)
        return [self._one_for(stretch) if len(stretch) > 1 else stretch[0] for stretch in stretches.values()]

    def _one_for(self, stretch: list[tuple[int, Any, int]]) -> tuple[int, Any, int]:
        """Return the row that stands for a stretch, with the means of the whole stretch."""
        place, row, _ = max(stretch, key=lambda kept: self.weight(kept[1]))
        if self.averaged:
            row = (*row[: self.width], *(self._mean(stretch, k) for k in range(len(self.averaged))))
        return place, row, sum(count for *_, count in stretch)

    def _mean(self, stretch: list[tuple[int, Any, int]], k: int) -> float | None:
        """Return the mean of the k-th averaged column over all that the rows of a stretch stand for."""
        known = [(row[self.width + k] if len(row) > self.width else row[self.averaged[k]], n) for _, row, n in stretch]
        known = [(value, n) for value, n in known if value is not None]
        return round(sum(value * n for value, n in known) / sum(n for _, n in known), 5) if known else None

    def since(self, cursor: int = 0) -> list:
        """Return the rows that are held of those after the first `cursor`."""
        return [row for _, row, _ in self._kept[bisect_left(self._kept, cursor, key=lambda kept: kept[0]) :]]


def _spike(row: tuple) -> tuple:
    return row[1] is None, row[1] or 0.0


@dataclass
class Rows:
    """What is known of one run's rows. Whoever uses it holds `lock`."""

    # (step, loss of its batch, seconds of training), and (step, train_loss, val_loss, seconds)
    points: History = field(default_factory=lambda: History(MOST_KEPT, _spike, 3, (1,)))
    estimates: History = field(default_factory=lambda: History(MOST_KEPT, _spike, 4, (1, 2)))
    samples: History = field(default_factory=lambda: History(MOST_TEXTS, lambda row: row["step"]))
    last: dict | None = None  # the last row that tells its pace
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=SPEED_WINDOW))  # the seconds of the last steps
    clock: deque[tuple] = field(default_factory=deque)  # (time of day, step), over the last seconds
    settled: dict | None = None  # the first row whose pace is the run's
    metrics_at: int = 0  # the byte of metrics.jsonl from which to read on; moved when what is before it is worked off
    samples_at: int = 0
    last_step: int = -1
    lock: RLock = field(default_factory=RLock)

    def nbytes(self) -> int:
        """Return about how many bytes the rows take in memory."""
        texts = sum(len(row["text"]) for row in self.samples.since())
        return ROW_BYTES * (len(self.points) + len(self.estimates) + len(self.samples)) + 2 * texts

    def read(self, run: RunDir) -> None:
        """Read the rows that the run has written since the last call."""
        with self.lock:
            new, end = run.rows("metrics", self.metrics_at)
            for row in filter(_has_step, new):
                if row["step"] <= self.last_step:
                    self._go_back(row["step"])
                self.last_step = row["step"]
                seconds = round(row["elapsed"], 3) if is_number(row.get("elapsed")) else None
                if "loss" in row and is_loss(row["loss"]):
                    self.points.append((row["step"], row["loss"], seconds))
                    self._tell_pace(row)
                if is_loss(row.get("val_loss", "")) and is_loss(row.get("train_loss")):
                    self.estimates.append((row["step"], row.get("train_loss"), row["val_loss"], seconds))
            self.metrics_at = end
            new, self.samples_at = run.rows("samples", self.samples_at)
            for row in filter(_has_step, new):
                self.samples.go_back(lambda sample, step=row["step"]: sample["step"] < step)
                if isinstance(row.get("text"), str):
                    self.samples.append(row)

    def _go_back(self, step: int) -> None:
        """Forget what is known from a step on: a run whose process or state was lost does it again."""
        for history in (self.points, self.estimates):
            history.go_back(lambda row: row[0] < step)
        self.last = None
        self.recent.clear()
        self.clock.clear()
        if self.settled and self.settled["step"] >= step:
            self.settled = None

    def _tell_pace(self, row: dict) -> None:
        numbers = ("seconds", "elapsed", "learning_rate", "tokens")
        if not all(is_number(row.get(name)) for name in numbers):
            return
        self.last = row
        self.recent.append(row["seconds"])
        if self.settled is None and row["step"] > UNUSUAL:
            self.settled = row
        if not is_number(when := row.get("time")):
            return
        if self.clock and when - self.clock[-1][0] > ETA_WINDOW:
            self.clock.clear()  # it was paused
        if len(self.clock) > 1 and when - self.clock[-2][0] < ETA_EVERY:
            self.clock.pop()
        self.clock.append((when, row["step"]))
        while when - self.clock[0][0] > ETA_WINDOW:
            self.clock.popleft()

    def progress(self) -> float | None:
        """Return steps a second by the clock on the wall, other runs' turns included; None in the first second."""
        if len(self.clock) < 2 or self.clock[-1][0] - self.clock[0][0] < 1.0:
            return None
        return (self.clock[-1][1] - self.clock[0][1]) / (self.clock[-1][0] - self.clock[0][0])

    def pace(self) -> float | None:
        """Return steps a second of training so far, estimates and samples included; None in the first second."""
        if self.settled is None or self.last is None or self.last["elapsed"] - self.settled["elapsed"] < 1.0:
            return None
        return (self.last["step"] - self.settled["step"]) / (self.last["elapsed"] - self.settled["elapsed"])


def unrepeated(rows: list) -> list[dict]:
    """Return the rows with each step once: what a run did again, after a crash, stands for what it had done before."""
    kept: list[dict] = []
    for row in filter(_has_step, rows):
        while kept and kept[-1]["step"] >= row["step"]:
            kept.pop()
        kept.append(row)
    return kept


def _has_step(row: Any) -> bool:
    return isinstance(row, dict) and type(row.get("step")) is int and row["step"] >= 0


def is_loss(value: Any) -> bool:
    """Tell whether a value can stand for a loss: a finite number, or None where it was none."""
    return value is None or is_number(value)
