"""All parameters of a model, listed and summed by part, without building it.

Left out on purpose: the closed form, which has to give the same number (`core/formula.py`), the modules with their
output shapes (`modules.py`), and what the sizes cost in memory and time (`runs/cost.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from core.config import BigramConfig, GPTConfig
from core.formula import RULES
from core.parameters import empty_model, part_of, place

EMBEDDINGS = ("wte", "wpe")
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Parameter:
    """One parameter as `named_parameters` gives it; same_as: the first name of a shared one that is listed again."""

    name: str
    shape: Shape
    count: int
    dtype: str
    same_as: str | None = None

    @property
    def stored(self) -> Shape:
        """The shape in GPT-2's published files, whose Conv1D holds (in, out) where our nn.Linear holds (out, in)."""
        turned = self.name.endswith(("c_attn.weight", "c_proj.weight", "c_fc.weight"))
        return self.shape[::-1] if turned else self.shape

    def slices(self) -> Iterator[tuple[str, range, Shape]]:
        """Give (letter, rows, shape) of the q, k and v that a c_attn consists of; nothing for other parameters."""
        if part_of(self.name) == "attn.c_attn":
            C = self.shape[0] // 3
            for i, letter in enumerate("qkv"):
                yield letter, range(i * C, (i + 1) * C), (C, *self.shape[1:])


@lru_cache(maxsize=32)
def list_parameters(config: GPTConfig | BigramConfig) -> tuple[Parameter, ...]:
    """List every parameter of a model without building it; a shared one is listed wherever it is used."""
    first: dict[int, str] = {}
    found = []
    for name, tensor in empty_model(config).named_parameters(remove_duplicate=False):
        before = first.setdefault(id(tensor), name)
        dtype = str(tensor.dtype).removeprefix("torch.")
        found.append(Parameter(name, tuple(tensor.shape), tensor.numel(), dtype, before if before != name else None))
    return tuple(found)


@dataclass(frozen=True)
class Part:
    """One kind of module: the shapes of its weight and bias, in how many blocks it stands, and how much of it counts.

    state: "counted", "shared" (its matrix is another part's, counted there) or "left_out" (by the rule).
    """

    name: str
    shapes: tuple[Shape, ...]
    blocks: int | None  # None: it stands once, outside of the blocks
    count: int
    state: str = "counted"


def list_parts(config: GPTConfig | BigramConfig, rule: str = "once") -> tuple[Part, ...]:
    """Sum a model's parameters by part, counted by one of RULES; ValueError for another rule."""
    if rule not in RULES:
        raise ValueError(f"There is no rule {str(rule)[:40]!r}; choose one of: {', '.join(RULES)}")
    groups: dict[str, list[Parameter]] = {}
    for parameter in list_parameters(config):
        groups.setdefault(part_of(parameter.name), []).append(parameter)
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
