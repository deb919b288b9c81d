"""What runs models or draws pictures, imported when it is first used: the page is there before torch is.

Each function returns a module, or what one holds. Whoever makes widgets imports nothing of these; a test opens the page
and looks for torch.
"""

import sys
from functools import cache
from threading import Lock
from types import ModuleType
from typing import Any

_lock = Lock()


def everything() -> None:
    """Import all that needs torch, the first time: what was imported later would slow down what runs by then."""
    with _lock:
        _import()


@cache
def _import() -> None:
    import torch

    torch.set_num_threads(1)  # two threads that wait for each other beside a training run crawl
    from core import gpt2  # noqa: F401
    from playground import looking, writing  # noqa: F401
    from playground.compare import count_values, pretrained_sides, pretrained_values  # noqa: F401


def writing() -> ModuleType:
    """Return what writes with a model."""
    everything()
    from playground import writing

    return writing


def looking() -> ModuleType:
    """Return what looks into the attention of a model."""
    everything()
    from playground import looking

    return looking


def counting() -> ModuleType:
    """Return what counts parameters, on models of shapes alone."""
    everything()
    from playground.compare import count_values

    return count_values


def sides() -> ModuleType:
    """Return the two that stand side by side."""
    everything()
    from playground.compare import pretrained_sides

    return pretrained_sides


def beside() -> ModuleType:
    """Return what is shown of the two."""
    everything()
    from playground.compare import pretrained_values

    return pretrained_values


def gpt2() -> ModuleType:
    """Return what loads GPT-2."""
    everything()
    from core import gpt2

    return gpt2


def gpt2_in_memory() -> Any:
    """Return GPT-2 if it is in memory; where nobody has imported what loads it, it is not."""
    module = sys.modules.get("core.gpt2")
    return module.loaded() if hasattr(module, "loaded") else None  # another thread may be importing it


def plots() -> ModuleType:
    """Return what draws pictures to take away; it brings matplotlib."""
    from playground import plots

    return plots
