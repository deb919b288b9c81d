"""How many parameters stand where. The model code is the formula: sizes are counted on the model, never typed in.

A model of any size can be built on torch's meta device: shapes without memory.
"""

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from core.model import BigramConfig, GPTConfig, build_model

GPT2_SMALL = 124_439_808  # tied once; a test counts it


def count_parameters(model: nn.Module) -> dict[str, int]:
    """Return how many parameters each part of a model holds, and "total"; a tied matrix counts once, where it is first.

    Parts: wte, wpe, then summed over blocks ln_1, attn.c_attn, attn.c_proj, ln_2, mlp.c_fc, mlp.c_proj; ln_f, lm_head.
    """
    counts: dict[str, int] = {}
    for name, parameter in model.named_parameters():  # names each shared tensor once
        part = _part(name)
        counts[part] = counts.get(part, 0) + parameter.numel()
    counts["total"] = sum(counts.values())
    return counts


def empty_model(config: GPTConfig | BigramConfig) -> nn.Module:
    """Build a model of shapes alone, on the meta device: no memory taken, no weights drawn."""
    with torch.device("meta"), _NothingDrawn():
        return build_model(config)


class _NothingDrawn(TorchFunctionMode):
    """Pass over torch.nn.init: to draw weights that are not there would first import torch's compiler, for seconds."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)


def count_of(config: GPTConfig | BigramConfig) -> int:
    """Return the total of a model that is not built."""
    return count_parameters(empty_model(config))["total"]


def _part(name: str) -> str:
    """Turn transformer.h.3.attn.c_attn.weight into attn.c_attn, and transformer.wte.weight into wte."""
    words = name.removeprefix("transformer.").split(".")[:-1]
    return ".".join(words[2:] if words[0] == "h" else words)
