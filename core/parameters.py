"""How many parameters a model has, counted on the model itself and never typed in.

A model of any size can be built on torch's meta device, as shapes without memory. Left out on purpose: the closed form,
which has to give the same number (`formula.py`), and the list of all parameters (`insight/parameters.py`).
"""

from collections.abc import Callable

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from core.architectures import build_model
from core.config import BigramConfig, GPTConfig
from core.modern import Model


def count_parameters(model: nn.Module) -> dict[str, int]:
    """Return how many parameters each part of a model holds, and "total"; a tied matrix counts once, where it is first.

    Parts: wte, wpe, then summed over blocks ln_1, attn.c_attn, attn.c_proj, ln_2, mlp.c_fc, mlp.c_proj; ln_f, lm_head.
    """
    counts: dict[str, int] = {}
    for name, parameter in model.named_parameters():  # names each shared tensor once
        part = part_of(name)
        counts[part] = counts.get(part, 0) + parameter.numel()
    counts["total"] = sum(counts.values())
    return counts


def empty_model(config: GPTConfig | BigramConfig, build: Callable[..., Model] = build_model) -> Model:
    """Build a model of shapes alone, on the meta device: it takes no memory and draws no weights."""
    with torch.device("meta"), _NothingDrawn():
        return build(config)


class _NothingDrawn(TorchFunctionMode):
    """Skip torch.nn.init: on the meta device, normal_ first imports torch's compiler (1.2 s and 75 MB)."""

    def __torch_function__(self, func, types, args: tuple = (), kwargs=None):
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)


def place(name: str) -> tuple[str, int | None]:
    """Turn transformer.h.3.attn.c_attn.weight into (attn.c_attn.weight, 3); outside the blocks the layer is None."""
    name = name.removeprefix("transformer.")
    if name.startswith("h."):
        _, layer, short = name.split(".", 2)
        return short, int(layer)
    return name, None


def part_of(name: str) -> str:
    """Turn transformer.h.3.attn.c_attn.weight into attn.c_attn, and transformer.wte.weight into wte."""
    return place(name)[0].rpartition(".")[0]
