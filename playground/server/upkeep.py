"""What a server with several people does with runs that nobody looks at, and with those that are over.

A run that nobody has followed for a while is paused: its state is kept, and Play goes on. A finished one is deleted
after some time, and earlier when the disk is nearly full, the oldest first; the page says so beforehand. Runs of
nobody, such as the welcome run and those of the command line, stay. Left out on purpose: one person's own machine,
where nothing of this happens (`profiles.py`).
"""

import shutil
import threading
import time
import traceback
from collections.abc import Callable

from core.runs.config import ACTIVE, RunConfig, Status
from core.runs.store import RunStore
from playground.server.profiles import Profile
from playground.server.run_list import RunList

EACH = 30.0  # seconds between two looks
AT_ONCE = 20  # runs that one look deletes at most
MOST_WATCHED = 5_000


class Upkeep:
    """Pauses and deletes runs of a store, as a profile says."""

    def __init__(
        self, store: RunStore, runs: RunList, profile: Profile, clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ):  # fmt: skip
        self.store, self.runs, self.profile, self.clock, self.now = store, runs, profile, clock, now
        self.looked_at: dict[str, float] = {}  # when somebody followed a run last, by its id
        self.abandoned: set[str] = set()  # runs that were paused here

    def follow(self, run_id: str) -> None:
        """Note that somebody looks at a run."""
        self.looked_at.pop(run_id, None)
        while len(self.looked_at) >= MOST_WATCHED:
            self.looked_at.pop(next(iter(self.looked_at)), None)
        self.looked_at[run_id] = self.clock()

    def note(self, run_id: str, config: RunConfig, status: Status) -> str | None:
        """Return what a run's owner should know: that it was paused because nobody looked, or how long it is kept."""
        if status.state in ACTIVE or config.owner is None:
            self.abandoned.discard(run_id)
            return None
        if status.state == "paused" and run_id in self.abandoned:
            return (
                f"Paused at step {status.step}, because nobody had looked at this run for "
                f"{(self.profile.abandoned_seconds or 0.0) / 60:.0f} minutes; press Play to go on"
            )
        if self.profile.kept_seconds is None:
            return None
        day = time.strftime("%Y-%m-%d", time.localtime(status.updated + self.profile.kept_seconds))
        return (
            f"This run is kept until {day}, or until the disk is nearly full; download what you want to keep, "
            f"or train it further"
        )

    def begin(self, closed: threading.Event) -> None:
        """Look every half minute in a thread of its own, until the server is closed."""
        if self.profile.abandoned_seconds is None and self.profile.kept_seconds is None:
            return

        def keep_looking() -> None:
            while not closed.wait(EACH):
                try:
                    self.look()
                except Exception:  # a disk that is full, say; the next look may do better
                    traceback.print_exc()

        threading.Thread(target=keep_looking, name="upkeep", daemon=True).start()

    def look(self) -> None:
        """Pause the runs that nobody follows, and delete those whose time is over."""
        known = [each for each in self.runs.all() if each.config.owner is not None]
        for each in known:
            if each.status.state in ACTIVE and self._is_abandoned(each.run.id):
                self._pause(each.run.id)
        over = [each for each in known if each.status.state not in ACTIVE]
        for each in sorted(over, key=lambda each: each.status.updated)[:AT_ONCE]:
            if not (self._is_old(each.status) or self._is_full()):
                break
            self._delete(each.run.id)

    def _is_abandoned(self, run_id: str) -> bool:
        most = self.profile.abandoned_seconds
        seen = self.looked_at.setdefault(run_id, self.clock())  # a new one begins to be unwatched now
        return most is not None and self.clock() - seen > most

    def _is_old(self, status: Status) -> bool:
        return self.profile.kept_seconds is not None and self.now() - status.updated > self.profile.kept_seconds

    def _is_full(self) -> bool:
        fewest = self.profile.free_bytes
        return fewest is not None and shutil.disk_usage(self.store.root).free < fewest

    def _pause(self, run_id: str) -> None:
        try:
            self.store.pause(run_id)
            self.abandoned.add(run_id)
        except ValueError:  # another program trains it, or it was deleted just now
            pass

    def _delete(self, run_id: str) -> None:
        try:
            self.store.delete(run_id)
            self.looked_at.pop(run_id, None)
            self.abandoned.discard(run_id)
        except ValueError:
            pass
