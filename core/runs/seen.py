"""What was last read of each run, for who asks about many at once: a file is read again only when it has changed."""

from pathlib import Path

from core.runs.config import ACTIVE, Status
from core.runs.directory import RunDir

MOST = 5_000  # runs that are known


class Seen:
    """The states and the owners of the runs below root."""

    def __init__(self, root: Path):
        self.root = root
        self._status: dict[str, tuple[tuple, Status]] = {}
        self._owner: dict[str, str] = {}

    def is_active(self, run_id: str) -> bool:
        """Tell whether a worker has a run, or is to have it."""
        status = self._status_of(run_id)
        return status is not None and status.state in ACTIVE

    def owner(self, run_id: str) -> str:
        """Return whose a run is; one of nobody is its own owner."""
        if run_id not in self._owner:
            try:
                owner = RunDir(self.root / run_id).config().owner
            except ValueError:
                return run_id
            _make_room(self._owner)
            self._owner[run_id] = owner or run_id
        return self._owner[run_id]

    def _status_of(self, run_id: str) -> Status | None:
        """Return where a run stands; None when it was deleted just now, or is damaged."""
        try:
            stat = (self.root / run_id / "status.json").stat()
            written, known = (stat.st_ino, stat.st_mtime_ns, stat.st_size), self._status.get(run_id)
            if known is None or known[0] != written:
                _make_room(self._status)
                known = self._status[run_id] = written, RunDir(self.root / run_id).status()
            return known[1]
        except (OSError, ValueError):
            return None


def _make_room(known: dict) -> None:
    while len(known) >= MOST:
        known.pop(next(iter(known)), None)
