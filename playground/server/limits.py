"""How much one person, and all together, may have on a server with several people: asked before a run starts.

The numbers are the profile's (`profiles.py`), and the runs are counted in the list that the page keeps anyway. The
host is under the limits for all, not under those for one person. Left out on purpose: the memory of all together, which
`core.runs` promises, and how often somebody asks.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.formula import count_of
from core.runs.config import ACTIVE, RunConfig
from core.runs.cost import bytes_needed, disk_needed, shape_key
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
            if not person.is_host:
                self._check_disk(config, theirs)
            self._check_active(person, config, known, instead_of)
            yield

    @contextmanager
    def more_steps(self, person: Person, run: RunDir) -> Iterator[None]:
        """Hold the place of a run while it is told to train further; ValueError when there is none."""
        config = run.config()
        self._check_size(person, config)
        with self.lock:
            if run.status().state not in ACTIVE:
                self._check_active(person, config, self.runs.all(), run)
            yield

    def _check_active(self, person: Person, config: RunConfig, known: list[Listed], but: RunDir | None) -> None:
        """Refuse when too many runs train, of one owner or of all; but: a run that does not count."""
        active = [each for each in known if each.status.state in ACTIVE and not (but and each.run.id == but.id)]
        if is_reached(self.profile.all_active_runs, len(active)):
            raise ValueError(
                f"{len(active)} runs are training here, which is as many as this server takes; try again when some end"
            )
        theirs = [each for each in active if each.config.owner == config.owner]
        if not person.is_host and is_reached(self.profile.active_runs, len(theirs)):
            raise ValueError(
                f"You are training {len(theirs)} runs, which is as many as one person may train at once here; "
                "stop or pause one"
            )
        if not person.is_host:
            self._check_memory(config, theirs)

    def _check_disk(self, config: RunConfig, theirs: list[Listed]) -> None:
        """Refuse when all runs of one person would take too much of the disk in the end."""
        most = self.profile.kept_bytes
        taken = sum(disk_needed(each.config.model, each.config.train) for each in theirs)
        needed = disk_needed(config.model, config.train)
        if most is not None and taken + needed > most:
            raise ValueError(
                f"This run takes about {needed / 1e9:.1f} GB of the disk and your other runs {taken / 1e9:.1f} GB, "
                f"together more than the {most / 1e9:.1f} GB of one person here; delete one, or make the model smaller"
            )

    def _check_memory(self, config: RunConfig, active: list[Listed]) -> None:
        """Refuse when the active runs of one person would need too much of the memory together."""
        share = self.profile.memory_share
        if share is None:
            return
        most = share * self.runs.store.most_memory()
        taken = sum(bytes_needed(each.config.model, each.config.train.batch_size) for each in active)
        needed = bytes_needed(config.model, config.train.batch_size)
        if taken + needed > most:
            raise ValueError(
                f"This run needs about {needed / 1e9:.1f} GB of memory and your other active runs {taken / 1e9:.1f} "
                f"GB, together more than the {most / 1e9:.1f} GB of one person here; pause one, or lower batch_size, "
                f"block_size, n_layer or n_embd"
            )

    def _check_size(self, person: Person, config: RunConfig) -> None:
        most, size = self.profile.parameters, count_of(config.model)
        if most is not None and size > most and not person.is_host:
            raise ValueError(
                f"This model has {size:,} parameters, more than the {most:,} of a model here; lower n_layer or n_embd"
            )
        seconds, limit = self._step_seconds(config), self.profile.step_seconds
        if limit is not None and seconds > limit and not person.is_host:
            raise ValueError(
                f"A step of this run would take about {seconds:.1f} s on this machine, more than the {limit:.0f} s of "
                f"a step where several people share it; lower batch_size, block_size, n_layer or n_embd"
            )

    def _step_seconds(self, config: RunConfig) -> float:
        """Predict the seconds of a step; 0 as long as the machine is not measured."""
        speed = self.runs.store.speed()
        if speed is None:
            return 0.0
        learned = speed.learned.get(shape_key(config.model, config.train))
        return learned[0] if learned else speed.seconds(config.model, config.train.batch_size, 1)


def is_reached(most: int | None, count: int) -> bool:
    """Tell whether a limit leaves no room for one more; None: there is none."""
    return most is not None and count >= most
