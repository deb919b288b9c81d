"""From a row of tokens to batches: windows x, y with y one token ahead (the split stands in `tokenizers.py`).

Batches are a function of (seed, step) and of nothing else. So a run that is paused, evaluated, killed or resumed sees
the same batches as one that is not, and no random state has to be saved.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from core.tokenizers import split

__all__ = ["Batches", "as_tokens", "split", "step_seed", "windows"]


def as_tokens(ids: Sequence[int]) -> Tensor:
    """Return ids as tokens (N,) long, as torch.tensor does, but eight times as fast on a whole text."""
    return torch.from_numpy(np.fromiter(ids, np.int64, len(ids)))


class Batches:
    """Deal out windows of a text without replacement: an epoch sees each stretch once, newly shuffled and aligned."""

    def __init__(self, tokens: Tensor, block_size: int, batch_size: int, seed: int):
        """tokens (N,) long, N > block_size, on the device of the batches."""
        self.tokens, self.T, self.B, self.seed = tokens, block_size, batch_size, seed
        self.windows = max(1, (len(tokens) - block_size) // block_size)  # per epoch, whatever its alignment
        self.ahead = torch.arange(block_size + 1, device=tokens.device)
        self._epoch, self._starts = -1, torch.empty(0)

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """Return x, y (B, T) of a step (from 0): y is x shifted by one."""
        first = step * self.B
        starts = []
        while len(starts) < self.B:
            epoch, place = divmod(first + len(starts), self.windows)
            wanted = self.B - len(starts)
            starts.extend(self._epoch_starts(epoch)[place : place + wanted].tolist())
        window = self.tokens[torch.tensor(starts, device=self.tokens.device)[:, None] + self.ahead]  # (B, T + 1)
        return window[:, :-1], window[:, 1:]

    def _epoch_starts(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            generator = torch.Generator().manual_seed(_mixed(self.seed, epoch))
            slack = len(self.tokens) - 1 - self.windows * self.T  # how far the grid of windows can be shifted
            shift = torch.randint(min(self.T - 1, slack) + 1, (), generator=generator)
            self._starts = torch.randperm(self.windows, generator=generator) * self.T + shift
            self._epoch = epoch
        return self._starts


def step_seed(seed: int, step: int) -> int:
    """Return the seed of a step's own randomness (dropout)."""
    return _mixed(seed, -1 - step)


def _mixed(seed: int, part: int) -> int:
    """Give neighbouring seeds and parts unrelated random streams (the constants of SplitMix64; Steele et al., 2014)."""
    z = (seed * 0x9E3779B97F4A7C15 + part * 0xD1B54A32D192ED03) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return (z ^ (z >> 31)) >> 1  # torch takes 63 bits


def windows(tokens: Tensor, block_size: int, limit: int | None = None) -> tuple[Tensor, Tensor]:
    """Cut tokens (N,) into non-overlapping windows x, y (n, T) in order; with a limit, that many tokens evenly spread.

    Raises ValueError when not even one window fits.
    """
    T = block_size
    if len(tokens) <= T:
        raise ValueError(
            f"The text has {len(tokens):,} {'token' if len(tokens) == 1 else 'tokens'}, but one window of "
            f"block_size={T} needs {T + 1:,}; lower block_size or add text"
        )
    n = (len(tokens) - 1) // T
    x, y = tokens[: n * T].view(n, T), tokens[1 : n * T + 1].view(n, T)
    if limit is not None and n * T > limit:
        chosen = torch.linspace(0, n - 1, max(1, limit // T), device=tokens.device).round().long()
        x, y = x[chosen], y[chosen]
    return x, y
