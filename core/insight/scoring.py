"""How well two models predict the same text: a score that is fair to models with different tokenizers.

Their losses a token cannot be compared, because shorter tokens are easier to predict. The cost of the whole text in
bits, divided by its characters, asks both the same question. Left out on purpose: where the models come from
(`pretrained/loader.py`, `runs/directory.py`), and what their weights look like (`weight_statistics.py`).
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from core.model import eval_mode
from core.modern import Model
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
        """The score to compare models with different tokenizers by; a uniform guess among V characters has log2 V."""
        return self.bits / self.characters


@dataclass(frozen=True)
class Reading:
    """What a model makes of a text: the loss of each token after the first, and the logits of the next one."""

    nats: Tensor  # (T - 1,)
    logits: Tensor  # (V,)

    def score(self, characters: int) -> Score:
        """Sum up the loss over a text of so many characters; ValueError for a text without any."""
        if characters < 1 or not len(self.nats):
            raise ValueError("There is no text to score; write at least one character")
        return Score(float(self.nats.double().sum()), len(self.nats), characters)

    def likeliest(self, most: int) -> list[tuple[int, float]]:
        """Return (id, probability) of the tokens that are most likely to come next, likeliest first."""
        best = torch.softmax(self.logits.double(), -1).topk(min(most, len(self.logits)))
        return list(zip(best.indices.tolist(), best.values.tolist(), strict=True))


def read(model: Model, ids: Tensor) -> Reading:
    """Let a model read ids (T,), T >= 1, of which the first is given and not scored.

    A text longer than block_size is read in windows that overlap by half: each token is scored once, with at least half
    a block before it (or all that there is, at the beginning), and the next token is predicted from a full block.
    """
    n, T = len(ids), model.config.block_size
    if ids.dim() != 1 or not n:
        raise ValueError(f"The ids must be one row of at least one token, (T,), but are {tuple(ids.shape)}")
    nats, done = [], 0
    with eval_mode(model):
        while True:
            start = max(0, min(done - T // 2, n - T))
            end = min(start + T, n)
            logits = model(ids[None, start:end])[0][0, done - start :].float()
            targets = ids[done + 1 : end + 1]  # one short at the very end
            nats.append(F.cross_entropy(logits[: len(targets)], targets, reduction="none"))
            done = end
            if done == n:
                return Reading(torch.cat(nats), logits[-1].clone())  # a view would keep all the logits


def score(model: Model, ids: Tensor, characters: int) -> Score:
    """Return what ids (T,) cost a model without the first, which is given; `read` says how it reads a long text."""
    return read(model, ids).score(characters)
