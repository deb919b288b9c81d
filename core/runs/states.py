"""A run's state after a step: the tensors and numbers with which training goes on from there exactly.

Batches and dropout are drawn from the seed and the step (`core/data.py`), so the weights, what the optimizer remembers
and the number of the step are all of it. The last states of a run stand in its folder `resume`, those of a few steps at
which it can be forked in `kept`.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from core.runs.config import ResumeState
from core.runs.durable import read_json
from core.runs.plain import plain
from core.runs.step_folders import write_step_folder

if TYPE_CHECKING:
    from core.modern import Model
    from core.optim import CombinedOptimizer


def write_state(run: Path, kind: str, model: "Model", optimizer: "CombinedOptimizer", step: int, state: dict) -> None:
    """Write a state into the folder `kind` of a run, complete or not at all; the rows up to it must be on the disk."""
    from core.pretrained.weights import optimizer_tensors, weights

    tensors = {"model": weights(model), "optimizer": optimizer_tensors(optimizer)}
    write_step_folder(run, kind, step, tensors, {"state": {**state, "step": step}})


def read_state(folder: Path, step: int, model: "Model", optimizer: "CombinedOptimizer") -> ResumeState:
    """Load a step's state into model and optimizer; ValueError or OSError, and neither changed, when it is damaged."""
    from core.pretrained.weights import check_weights, load_optimizer, load_weights, read_tensors

    state = ResumeState.parse(read_json(folder / "state.json"))
    if state.step != step:
        raise ValueError(f"{folder.name} holds the state of step {state.step}")
    tensors = read_tensors(plain(folder / "model.safetensors"))
    check_weights(model, tensors)  # before the optimizer changes: both are loaded, or neither
    load_optimizer(optimizer, read_tensors(plain(folder / "optimizer.safetensors")))
    load_weights(model, tensors)
    return state
