"""What the next start does after a crash or a power cut: clean up, and let every run that was interrupted go on."""

from contextlib import suppress
from pathlib import Path

from core.runs.claim import is_alive, is_claimed, is_trained
from core.runs.config import ACTIVE, Status
from core.runs.directory import RunDir
from core.runs.listing import list_runs, sweep
from core.runs.plain import is_plain


def recover(root: Path) -> None:
    """Delete what a crash left half-made, mark as paused the runs that it interrupted, hash owners' tokens."""
    sweep(root)
    for path in root.glob("*/run.json"):
        with suppress(ValueError, OSError):
            if is_plain(path.parent, folder=True) and not is_claimed(RunDir(path.parent)):
                mend_status(RunDir(path.parent))
    for run in list_runs(root)[0]:
        run.hash_owner()
        status = run.status()
        if status.state in ACTIVE and not (is_trained(run, status) or (status.state == "queued" and is_alive(status))):
            with suppress(OSError):  # nobody may write there: the other runs can go on
                run.write_status(Status("paused", status.step, "The server was started anew; press Play to go on."))


def mend_status(run: RunDir) -> None:
    """Let a run whose status.json is damaged, as by a power cut, stand in pause where its rows and states say.

    Raises ValueError where run.json is damaged too: such a run is listed with its reason, and not changed.
    """
    try:
        run.status()
    except ValueError as error:
        steps = [*run.saved_steps(), run.last_row(), 0]
        step = min(max(steps), run.config().train.steps)
        run.write_status(Status("paused", step, f"Where this run stood was lost ({error}); press Play to go on."))
