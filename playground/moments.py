"""Which step of a run the page shows: the one that its user chose with the slider, else the newest snapshot.

The slider keeps what was chosen as `{"at": {run: step}, "beside": {run: step}}`; "beside" is the step that stands
beside it as A. Left out on purpose: loading models, and which snapshots there are (`models.nearest`).
"""

from typing import Any

from core.runs.directory import RunDir
from playground.prompts import GPT2

MOST_STEP = 10**9  # more than any run has
GOES_ON = ("queued", "running", "paused")  # the states of a run that will have further snapshots


def chosen_step(run: RunDir | None, moments: Any) -> int | None:
    """Return the step that was chosen of a run; None: it follows the newest. ValueError for what is no step."""
    return _step(run, moments, "at")


def step_beside(run: RunDir | None, moments: Any) -> int | None:
    """Return the step of a run that stands beside the chosen one; None: none does."""
    return _step(run, moments, "beside")


def with_step(moments: Any, run: RunDir, step: int) -> dict:
    """Return what is chosen, with another step of a run."""
    moments = moments if isinstance(moments, dict) else {}
    at = moments.get("at")
    return {**moments, "at": {**(at if isinstance(at, dict) else {}), run.id: step}}


def held_step(run: RunDir | None, source: Any, moments: Any) -> int | None:
    """Return the step at which the view of a run that goes on stays; None where it follows, or has all it can."""
    return chosen_step(run, moments) if run and source != GPT2 and run.status().state in GOES_ON else None


def _step(run: RunDir | None, moments: Any, kind: str) -> int | None:
    if moments is None or run is None:
        return None
    of_runs = moments.get(kind) or {} if isinstance(moments, dict) else moments
    step = of_runs.get(run.id) if isinstance(of_runs, dict) else of_runs
    is_step = isinstance(of_runs, dict) and type(step) is int and 0 <= step < MOST_STEP
    if step is not None and not is_step:
        raise ValueError(f"A step is a whole number, not {step!r:.40}; choose one with the slider of the header")
    return step
