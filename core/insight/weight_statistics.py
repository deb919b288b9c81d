"""What the weights of a model look like: statistics, histograms, and the position embedding as a picture.

Results are kept for as long as the model lives, so a model that was given here must not change any more.
"""

import math
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.insight.kept import Kept
from core.once import Once
from core.parameters import place

BINS = 60
MOST_HISTOGRAMS = 100  # of one model: of every parameter, beside some six other models
MOST_ROWS = 192  # of a picture of weights; as many columns


@dataclass(frozen=True)
class Statistics:
    """Statistics of one parameter's values. layer: None for one outside the blocks, or for all layers together."""

    name: str  # without the layer: attn.c_attn.weight
    layer: int | None
    count: int
    mean: float
    std: float
    largest: float  # in magnitude
    norm: float  # of all values as one vector

    @property
    def rms(self) -> float:
        """The root of the mean square: the norm, made comparable between sizes."""
        return self.norm / math.sqrt(self.count)


_found: WeakKeyDictionary[nn.Module, Once[Any]] = WeakKeyDictionary()
_histograms: WeakKeyDictionary[nn.Module, Kept[dict]] = WeakKeyDictionary()
_lock = threading.Lock()


def has_statistics(model: nn.Module) -> bool:
    """Tell whether `statistics` would answer at once."""
    return "statistics" in _found_on(model)


def statistics(model: nn.Module) -> tuple[Statistics, ...]:
    """Describe every parameter of a model, each matrix once; half a second for GPT-2 the first time."""

    def look() -> tuple[Statistics, ...]:
        return tuple(_described(*place(name), parameter.detach()) for name, parameter in model.named_parameters())

    return _found_on(model)("statistics", look)


def pooled(found: Iterable[Statistics]) -> Statistics:
    """Join what was found in several layers, as if all their values were one tensor."""
    found = list(found)
    count = sum(each.count for each in found)
    mean = sum(each.count * each.mean for each in found) / count
    variance = sum(each.count * (each.std**2 + (each.mean - mean) ** 2) for each in found) / count
    norm = math.hypot(*(each.norm for each in found))
    largest = max(each.largest for each in found)
    return Statistics(found[0].name, None, count, mean, math.sqrt(variance), largest, norm)


def common_range(found: Iterable[Statistics]) -> tuple[float, float]:
    """Return the ends of BINS bins of a round width that hold nearly all values: four deviations around each mean."""
    found = list(found)
    low = min(each.mean - 4 * each.std for each in found)
    high = max(each.mean + 4 * each.std for each in found)
    if not high > low:  # all values alike: a fresh bias, say
        low, high = low - 0.5, high + 0.5
    width = (high - low) / (BINS - 1)  # one bin is lost to rounding the lower end
    ten = 10.0 ** math.floor(math.log10(width))
    width = next(step * ten for step in (1, 2, 5, 10) if step * ten >= width)
    first = math.floor(low / width)
    first -= (first + BINS - math.ceil(high / width)) // 2  # half of the spare bins at either end
    return first * width, (first + BINS) * width


def histograms(model: nn.Module, name: str, low: float, high: float) -> dict[int | None, tuple[int, ...]]:
    """Count the values of a parameter in BINS bins from low to high, by layer; values beyond are in no bin."""

    def count() -> dict[int | None, tuple[int, ...]]:
        found = {}
        for full, parameter in model.named_parameters():
            short, layer = place(full)
            if short == name:
                found[layer] = tuple(map(int, torch.histc(parameter.detach().float(), BINS, low, high).tolist()))
        return found

    with _lock:
        kept = _histograms.setdefault(model, Kept(MOST_HISTOGRAMS))  # the ends depend on the model beside this one
    return kept.get((name, low, high), count)


# -- positions --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Positions:
    """The position embedding as pictures. Every `rows`-th position is shown, and every `columns`-th channel."""

    weights: Tensor  # (positions / rows, channels / columns)
    likeness: Tensor  # (positions / rows, positions / rows): the cosine between two positions, over all channels
    rows: int
    columns: int


def positions(model: nn.Module) -> Positions | None:
    """Sample the position embedding to fit a picture, without averaging; None for a model without one."""
    parts = getattr(model, "transformer", {})
    if "wpe" not in parts:
        return None
    weight = parts["wpe"].weight.detach()  # (T, C)
    rows, columns = (math.ceil(side / MOST_ROWS) for side in weight.shape)
    shown = weight[::rows]
    direction = F.normalize(shown, dim=1)
    return Positions(shown[:, ::columns], direction @ direction.T, rows, columns)


# -- inside -----------------------------------------------------------------------------------------------------------


def _described(name: str, layer: int | None, values: Tensor) -> Statistics:
    std, mean = torch.std_mean(values, correction=0)
    low, high = torch.aminmax(values)
    norm = torch.linalg.vector_norm(values, dtype=torch.float64)  # 38 million squares in fp32 lose 0.24 %
    largest = max(-float(low), float(high))
    return Statistics(name, layer, values.numel(), float(mean), float(std), largest, float(norm))


def _found_on(model: nn.Module) -> Once[Any]:
    """Return what was found on this very model; it is kept as long as the model lives."""
    with _lock:
        return _found.setdefault(model, Once(keep=True))
