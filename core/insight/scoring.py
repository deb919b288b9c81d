"""How well two models predict the same text: the score that is fair to models that cut a text differently.

Models that cut a text differently cannot be compared by their loss a token: who cuts finer has the easier tokens. What
the whole text costs, in bits, and that divided by its characters, is the same question to both. Left out on purpose:
where the models come from (`pretrained/loader.py`, `runs/directory.py`), and what their weights look like
(`weight_statistics.py`).
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.model import eval_mode
from core.tokenizers import GPT2_VOCAB_SIZE

END_OF_TEXT = GPT2_VOCAB_SIZE - 1  # <|endoftext|>: between two texts in GPT-2's training, so a text begins after it


@dataclass(frozen=True)
class Score:
    """What a text costs a model."""

    nats: float  # in all
    tokens: int
    characters: int

    @property
    def bits(self) -> float:
        """What the whole text costs, in bits."""
        return self.nats / math.log(2)

    @property
    def bits_per_character(self) -> float:
        """The fair score between models that cut a text differently; a uniform guess among V characters has log2 V."""
        return self.bits / self.characters


@dataclass(frozen=True)
class Reading:
    """What a model makes of a text: how much each token after the first surprises it, and what it expects next."""

    nats: Tensor  # (T - 1,)
    logits: Tensor  # (V,)

    def score(self, characters: int) -> Score:
        """Sum up the surprise over a text of so many characters; ValueError for a text without any."""
        if characters < 1 or not len(self.nats):
            raise ValueError("There is no text to score; write at least one character")
        return Score(float(self.nats.double().sum()), len(self.nats), characters)

    def likeliest(self, most: int) -> list[tuple[int, float]]:
        """Return (id, probability) of the tokens that are most likely to come next, likeliest first."""
        best = torch.softmax(self.logits.double(), -1).topk(min(most, len(self.logits)))
        return list(zip(best.indices.tolist(), best.values.tolist(), strict=True))


def read(model: nn.Module, ids: Tensor) -> Reading:
    """Let a model read ids (T,), T >= 1, of which the first is given and not scored.

    A text longer than block_size is read in windows that overlap by half: each token is scored once, with at least half
    a block before it (the first ones with all there is), and what comes next is predicted from a full block.
    """
    n, T = len(ids), model.config.block_size
    if ids.dim() != 1 or not n:
        raise ValueError(f"The ids must be one row of at least one token, (T,), but are {tuple(ids.shape)}")
    nats, done = [], 0
    with eval_mode(model):
        while done < n:
            start = max(0, min(done - T // 2, n - T))
            end = min(start + T, n)
            logits = model(ids[None, start:end])[0][0, done - start :].float()
            targets = ids[done + 1 : end + 1]  # one short at the very end
            nats.append(F.cross_entropy(logits[: len(targets)], targets, reduction="none"))
            done = end
    return Reading(torch.cat(nats), logits[-1].clone())  # a view would keep all the logits


def score(model: nn.Module, ids: Tensor, characters: int) -> Score:
    """Return what ids (T,) cost a model, the first, which is given, left out; `read` says how long texts are read."""
    return read(model, ids).score(characters)
