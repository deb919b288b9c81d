"""Whether a head matters: each is silenced in turn, and the loss on a text says what it was worth.

A bright square in a map is no finding, and neither is a difference within the noise: every rise comes window by window,
so that its standard error is known, and two heads are compared on the same windows. Left out on purpose: where the text
comes from, and how much of it is read.
"""

import math
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from threading import get_ident

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.attention import Attention, attention_layers
from core.model import eval_mode
from core.modern import Model

NOISE = 2.0  # standard errors: what is smaller may be chance


def silence_heads(
    model: Model, x: Tensor, y: Tensor, known: Container[tuple[int, int]] = ()
) -> Iterator[tuple[int, int, Tensor]]:
    """Silence each head in turn and give (layer, head, rise of each window's loss) on x, y (B, T).

    A rise is (B,), in nats per token. Zeros replace what the head hands to c_proj; a fall of the loss is a negative
    rise. One head a turn: between turns the model is unchanged, and to stop is not to ask for the next. known: heads
    that are left out. Raises ValueError at once for a model without attention or for an x and y that do not fit.
    """
    layers = attention_layers(model)
    if x.dim() != 2 or x.shape != y.shape or x.numel() == 0:
        raise ValueError(f"x and y must be one batch (B, T), but are {tuple(x.shape)} and {tuple(y.shape)}")
    device = next(model.parameters()).device
    return _rises(model, layers, x.to(device), y.to(device), known)


def _rises(
    model: Model, layers: list[Attention], x: Tensor, y: Tensor, known: Container[tuple[int, int]]
) -> Iterator[tuple[int, int, Tensor]]:
    usual = _losses(model, x, y)
    for layer, attn in enumerate(layers):
        for head in range(attn.n_head):
            if (layer, head) not in known:
                with _silenced(attn, head):
                    losses = _losses(model, x, y)
                yield layer, head, losses - usual


@contextmanager
def _silenced(attn: Attention, head: int) -> Iterator[None]:
    """Put zeros in place of one head's output, for this thread alone and until the block ends."""
    thread = get_ident()

    def silence(c_proj: nn.Module, args: tuple[Tensor]) -> tuple[Tensor] | None:
        if get_ident() != thread:
            return None
        (y,) = args  # (B, T, C), the heads side by side
        hs = y.shape[-1] // attn.n_head
        y = y.clone()
        y[..., head * hs : (head + 1) * hs] = 0.0
        return (y,)

    handle = attn.c_proj.register_forward_pre_hook(silence)
    try:
        yield
    finally:
        handle.remove()


def _losses(model: Model, x: Tensor, y: Tensor) -> Tensor:
    """Return the mean loss of each window (B,), in nats per token."""
    with eval_mode(model):
        logits, _ = model(x)
        return F.cross_entropy(logits.float().transpose(1, 2), y, reduction="none").double().mean(-1)


class Rises:
    """How much the loss rises without each head, by window of text: it grows as more text is read."""

    def __init__(self, n_layer: int, n_head: int):
        self.shape = (n_layer, n_head)
        self._found: dict[tuple[int, int], Tensor] = {}  # each (windows,)

    def add(self, layer: int, head: int, rises: Tensor) -> None:
        """Add what further windows (B,) gave."""
        before = self._found.get((layer, head), rises[:0])
        self._found[layer, head] = torch.cat([before, rises])

    def windows(self, layer: int, head: int) -> int:
        """Return on how many windows a head was silenced."""
        return len(self._found.get((layer, head), ()))

    def fewest(self) -> int:
        """Return on how many windows every head was silenced."""
        L, nh = self.shape
        return min(self.windows(layer, head) for layer in range(L) for head in range(nh))

    def means(self) -> list[list[float | None]]:
        """Return each head's rise, in nats per token; None where it was not silenced yet."""
        return self._each(lambda rises: float(rises.mean()) if len(rises) else None)

    def errors(self) -> list[list[float | None]]:
        """Return the standard error of each head's rise; None where fewer than two windows were read."""
        return self._each(_standard_error)

    def ranked(self) -> list[tuple[int, int]]:
        """Return the heads that were silenced, that which matters most first."""
        return sorted(self._found, key=lambda head: -float(self._found[head].mean()))

    def told_apart(self, one: tuple[int, int], other: tuple[int, int]) -> bool:
        """Tell whether two heads differ by more than twice the standard error, on the windows that both have seen."""
        n = min(len(self._found[one]), len(self._found[other]))
        difference = self._found[one][:n] - self._found[other][:n]
        error = _standard_error(difference)
        return error is not None and abs(float(difference.mean())) > NOISE * error

    def _each(self, of: Callable[[Tensor], float | None]) -> list[list[float | None]]:
        L, nh = self.shape
        none = torch.empty(0)
        return [[of(self._found.get((layer, head), none)) for head in range(nh)] for layer in range(L)]


def _standard_error(rises: Tensor) -> float | None:
    return float(rises.std() / math.sqrt(len(rises))) if len(rises) > 1 else None
