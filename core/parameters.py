"""How many parameters stand where. The model code is the formula: sizes are counted on the model, never typed in.

A model of any size can be built on torch's meta device: shapes without memory. From there come the list of all its
parameters, their sums by part, and its modules with their output shapes. Left out on purpose: the closed form, which
has to give the same number (`formula.py`), and what the sizes cost in memory and time (`family.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from core.architectures import build_model
from core.config import BigramConfig, GPTConfig
from core.formula import RULES

EMBEDDINGS = ("wte", "wpe")
Shape = tuple[int, ...]


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
    # How weights start changes no shape, and a start that computes would bring torch's compiler in, as below.
    plain = config.model_copy(update={"init": "gpt2"}) if isinstance(config, GPTConfig) else config
    with torch.device("meta"), _NothingDrawn():
        model = build_model(plain)
    model.config = config
    return model


class _NothingDrawn(TorchFunctionMode):
    """Pass over torch.nn.init: to draw weights that are not there would first import torch's compiler, for seconds."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)


# -- the list ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parameter:
    """One parameter as `named_parameters` gives it; same_as: the name under which a shared one was given before."""

    name: str
    shape: Shape
    count: int
    dtype: str
    same_as: str | None = None

    @property
    def stored(self) -> Shape:
        """Its shape in GPT-2's published files, whose Conv1D holds (in, out) where our nn.Linear holds (out, in)."""
        turned = self.name.endswith(("c_attn.weight", "c_proj.weight", "c_fc.weight"))
        return self.shape[::-1] if turned else self.shape

    def slices(self) -> Iterator[tuple[str, range, Shape]]:
        """Give (letter, rows, shape) of the q, k and v in a c_attn, which is all three; nothing for another."""
        if _part(self.name) == "attn.c_attn":
            C = self.shape[0] // 3
            for i, letter in enumerate("qkv"):
                yield letter, range(i * C, (i + 1) * C), (C, *self.shape[1:])


@lru_cache(maxsize=32)
def list_parameters(config: GPTConfig | BigramConfig) -> tuple[Parameter, ...]:
    """List every parameter of a model that is not built; a shared one stands again where it is used again."""
    first: dict[int, str] = {}
    found = []
    for name, tensor in empty_model(config).named_parameters(remove_duplicate=False):
        before = first.setdefault(id(tensor), name)
        dtype = str(tensor.dtype).removeprefix("torch.")
        found.append(Parameter(name, tuple(tensor.shape), tensor.numel(), dtype, before if before != name else None))
    return tuple(found)


# -- by part ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """One kind of module: the shapes of its weight and bias, in how many blocks it stands, and what counts of it.

    state: "counted", "shared" (its matrix is another part's, counted there) or "left_out" (by the rule).
    """

    name: str
    shapes: tuple[Shape, ...]
    blocks: int | None  # None: it stands outside of the blocks, once
    count: int
    state: str = "counted"


def list_parts(config: GPTConfig | BigramConfig, rule: str = "once") -> tuple[Part, ...]:
    """Sum a model's parameters by part, counted by one of RULES; ValueError for another rule."""
    if rule not in RULES:
        raise ValueError(f"There is no rule {str(rule)[:40]!r}; choose one of: {', '.join(RULES)}")
    groups: dict[str, list[Parameter]] = {}
    for parameter in list_parameters(config):
        groups.setdefault(_part(parameter.name), []).append(parameter)
    return tuple(_summed(name, group, rule) for name, group in groups.items())


def total_of(config: GPTConfig | BigramConfig, rule: str = "once") -> int:
    """Return how many parameters a model has by one of RULES."""
    return sum(part.count for part in list_parts(config, rule))


def _summed(name: str, group: list[Parameter], rule: str) -> Part:
    shapes = {parameter.name.rpartition(".")[2]: parameter.shape for parameter in group}  # alike in every block
    blocks = len(group) // len(shapes) if place(group[0].name)[1] is not None else None
    if rule == "no_embeddings" and name in EMBEDDINGS:
        return Part(name, tuple(shapes.values()), blocks, 0, "left_out")
    counted = [parameter for parameter in group if parameter.same_as is None or rule == "head_again"]
    state = "counted" if len(counted) == len(group) else "shared"
    return Part(name, tuple(shapes.values()), blocks, sum(parameter.count for parameter in counted), state)


def place(name: str) -> tuple[str, int | None]:
    """Turn transformer.h.3.attn.c_attn.weight into (attn.c_attn.weight, 3); outside the blocks the layer is None."""
    name = name.removeprefix("transformer.")
    if name.startswith("h."):
        _, layer, short = name.split(".", 2)
        return short, int(layer)
    return name, None


def _part(name: str) -> str:
    """Turn transformer.h.3.attn.c_attn.weight into attn.c_attn, and transformer.wte.weight into wte."""
    return place(name)[0].rpartition(".")[0]
