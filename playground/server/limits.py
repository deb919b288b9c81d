"""How much one person, and all together, may have on a server with several people: asked before a run starts.

The numbers are the profile's (`profiles.py`), and the runs are counted in the list that the page keeps anyway. The
host is under the limits for all, not under those for one person. Left out on purpose: memory, which `core.runs` checks
for everybody, and how often somebody asks.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.formula import count_of
from core.runs.config import ACTIVE, RunConfig
from core.runs.directory import RunDir
from playground.server.profiles import Profile
from playground.server.rights import Person
from playground.server.run_list import Listed, RunList


class Limits:
    """The limits of a profile over a list of runs."""

    def __init__(self, runs: RunList, profile: Profile):
        self.runs, self.profile = runs, profile
        self.lock = threading.Lock()  # two presses at once: the second counts the first one's run

    @contextmanager
    def new_run(self, person: Person, config: RunConfig, instead_of: RunDir | None = None) -> Iterator[None]:
        """Hold the place of a new run while it is started; ValueError when there is none.

        instead_of: the run that is stopped for it.
        """
        if self.profile.shared and config.owner is None and not person.is_host:
            raise ValueError("This browser has not said whose the run will be; reload the page and try again")
        self._check_size(person, config)
        with self.lock:
            known = self.runs.all()
            theirs = [each for each in known if each.config.owner == config.owner]
            if not person.is_host and is_reached(self.profile.kept_runs, len(theirs)):
                raise ValueError(
                    f"You have {len(theirs)} runs, which is as many as one person may keep here; delete one"
                )
            self._check_active(person, config.owner, known, instead_of)
            yield

    @contextmanager
    def more_steps(self, person: Person, run: RunDir) -> Iterator[None]:
        """Hold the place of a run while it is told to train further; ValueError when there is none."""
        config = run.config()
        self._check_size(person, config)
        with self.lock:
            if run.status().state not in ACTIVE:
                self._check_active(person, config.owner, self.runs.all(), run)
            yield

    def _check_active(self, person: Person, owner: str | None, known: list[Listed], but: RunDir | None) -> None:
        """Refuse when too many runs train, of one owner or of all; but: a run that does not count."""
        active = [each for each in known if each.status.state in ACTIVE and not (but and each.run.id == but.id)]
        if is_reached(self.profile.all_active_runs, len(active)):
            raise ValueError(
                f"{len(active)} runs are training here, which is as many as this server takes; try again when some end"
            )
        theirs = [each for each in active if each.config.owner == owner]
        if not person.is_host and is_reached(self.profile.active_runs, len(theirs)):
            raise ValueError(
                f"You are training {len(theirs)} runs, which is as many as one person may train at once here; "
                "stop or pause one"
            )

    def _check_size(self, person: Person, config: RunConfig) -> None:
        most, size = self.profile.parameters, count_of(config.model)
        if most is not None and size > most and not person.is_host:
            raise ValueError(
                f"This model has {size:,} parameters, more than the {most:,} of a model here; lower n_layer or n_embd"
            )


def is_reached(most: int | None, count: int) -> bool:
    """Tell whether a limit leaves no room for one more; None: there is none."""
    return most is not None and count >= most
