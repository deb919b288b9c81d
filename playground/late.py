"""What runs models or draws pictures, imported when it is first used: the page is there before torch is.

Whoever makes widgets imports nothing of it at once; a test opens the page and looks for torch.
"""

import sys
from functools import cache
from threading import Lock
from types import ModuleType, SimpleNamespace
from typing import Any

_lock = Lock()


def everything() -> SimpleNamespace:
    """Return the modules that need torch, by what they do: all at once, for to import one later would slow down what
    another is doing by then.
    """
    with _lock:
        return _import()


@cache
def _import() -> SimpleNamespace:
    import torch

    torch.set_num_threads(1)  # two threads that wait for each other beside a training run crawl
    from core import gpt2
    from playground import looking, writing
    from playground.compare import count_values, pretrained_sides, pretrained_values

    return SimpleNamespace(
        gpt2=gpt2,
        writing=writing,
        looking=looking,
        counting=count_values,
        sides=pretrained_sides,
        beside=pretrained_values,
    )


def gpt2_in_memory() -> Any:
    """Return GPT-2 if it is in memory; where nobody has imported what loads it, it is not."""
    module = sys.modules.get("core.gpt2")
    return module.loaded() if hasattr(module, "loaded") else None  # another thread may be importing it


def plots() -> ModuleType:
    """Return what draws pictures to take away; it brings matplotlib."""
    from playground import plots

    return plots
