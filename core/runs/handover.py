"""What happens to the runs of a worker process that died: its successor goes on with them.

A run that kills its worker twice, with no progress saved in between, is not handed over a third time: it has failed.
"""

from collections import Counter
from pathlib import Path

from core.runs.config import ACTIVE, Status
from core.runs.directory import RunDir
from core.runs.processes import Process


class Handover:
    """Hands runs over, and remembers which run was training when a worker died."""

    def __init__(self, root: Path):
        self.root = root
        self.deaths: Counter[str] = Counter()  # by run: of its worker during its turn, since it last saved progress
        self.saved_steps: dict[str, int] = {}  # by run: the last saved step when its worker died

    def hand_over(self, dead: Process, successor: Process) -> None:
        """Repeat to the successor the last command for each run of the dead worker that still has something to do."""
        culprit = dead.told.running_run_id.value.decode()
        for run_id in sorted(dead.commands):
            try:
                self._hand_over_run(RunDir.open(self.root, run_id), dead, successor, run_id == culprit)
            except (ValueError, OSError):  # deleted, damaged or no disk space: the others' turn
                continue

    def forgive(self, run_id: str) -> None:
        """Forget the deaths during a run's turns: somebody wants to try it again."""
        self.deaths.pop(run_id, None)

    def _hand_over_run(self, run: RunDir, dead: Process, successor: Process, is_culprit: bool) -> None:
        status, reason = run.status(), dead.reason
        if status.state not in ACTIVE and dead.has_handled(run.id):
            return
        if is_culprit and self._killed_before(run):
            message = (
                f"The training process ended twice at about step {status.step} ({reason}); "
                f"press Play to try again from the last saved step, or make the model or batch smaller."
            )
            run.write_status(Status("failed", status.step, message))
            return
        if status.state in ACTIVE:
            run.write_status(Status("queued", status.step, f"The training process ended ({reason}); going on."))
        command = dead.commands[run.id]
        successor.send(command.command, run.id, command.steps)

    def _killed_before(self, run: RunDir) -> bool:
        """Count a death, and tell whether it is the second without new saved progress in between."""
        saved = max(run.saved_steps(), default=0)
        if self.saved_steps.get(run.id) != saved:
            self.deaths[run.id] = 0
        self.saved_steps[run.id] = saved
        self.deaths[run.id] += 1
        return self.deaths[run.id] >= 2
