"""Whose turn it is among the runs of a worker: by the time that each has had, and by owner.

Who has ten runs gets no more of the machine than who has one. A run that shows nothing yet goes first, in the order in
which they came, for somebody waits for its first point; what it takes there counts like any other time.
"""

import inspect
from collections.abc import Generator
from dataclasses import dataclass, field

from core.runs.directory import RunDir
from core.training import StepStats


@dataclass
class ScheduledRun:
    """A run that takes turns in this process."""

    run: RunDir
    training: Generator[StepStats | None, None, None]
    is_wide: bool  # its steps use all cores; loading, and the first look, use one
    last_step: int
    steps_left: int | None = None  # before it pauses; None: it trains to its end
    owner: str = ""  # whose it is; a run of nobody is its own owner
    patience: float = 0.0  # seconds that its longest piece of work may take
    served: float = field(default=0.0, init=False)  # seconds that it has had
    all_cores: bool = field(default=False, init=False)  # as from its first step on
    _shows: bool = field(default=False, init=False)

    @property
    def has_begun(self) -> bool:
        """Tell whether the run has had its first turn; before that there is nothing to close."""
        return inspect.getgeneratorstate(self.training) != inspect.GEN_CREATED

    @property
    def is_new(self) -> bool:
        """Tell whether the run has no point on its chart yet."""
        self._shows = self._shows or (self.run.path / "metrics.jsonl").exists()
        return not self._shows


class Turns(list[ScheduledRun]):
    """The runs that take turns, the newest first."""

    def __init__(self):
        super().__init__()
        self.served: dict[str, float] = {}  # seconds, by owner; of those who have a run here

    def add(self, turn: ScheduledRun) -> None:
        """Let one more run take turns; it has no claim on time in which it was not here."""
        theirs = [each.served for each in self if each.owner == turn.owner]
        turn.served = min(theirs, default=0.0)
        self.served = {owner: self.served[owner] for owner in {each.owner for each in self}}
        self.served.setdefault(turn.owner, min(self.served.values(), default=0.0))
        self.insert(0, turn)

    def next(self) -> ScheduledRun:
        """Return the run whose turn it is; there must be one."""
        if waiting := [turn for turn in self if turn.is_new]:
            return waiting[-1]
        return min(self, key=lambda turn: (self.served[turn.owner], turn.served))

    def charge(self, turn: ScheduledRun, seconds: float) -> None:
        """Note the seconds of a turn."""
        turn.served += seconds
        self.served[turn.owner] += seconds

    @property
    def owners(self) -> int:
        """How many owners have runs here."""
        return len({turn.owner for turn in self})
