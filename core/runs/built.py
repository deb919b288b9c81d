"""The one way from what a run is to its model: a variant's is compiled from changed lines (`lab/variants.py`)."""

from functools import partial
from typing import TYPE_CHECKING

from core.lab import variants
from core.runs.config import RunConfig

if TYPE_CHECKING:
    from core.modern import Model


def model_of(config: RunConfig, empty: bool = False) -> "Model":
    """Build the model of a run with fresh weights from torch's current seed; empty: shapes alone, on `meta`."""
    build = partial(variants.build, name=config.variant)
    if not empty:
        return build(config.model)
    from core.parameters import empty_model  # brings torch

    return empty_model(config.model, build)
