"""You against the model: guess the next character of held-out text, and bet on it.

The turns are places in the validation part, which no model of the run was trained on. A turn shows what the model sees
there when the run is evaluated: the window of `core.data.windows` up to that place, at least half a block of it. So
what a model's bets cost at these places is what they cost in the run's own evaluation. What counting bets there is read
off the n-gram models that the loss chart draws as lines.

A bet is a share for each of some characters; what is left is spread evenly over all others. Its cost is minus log2 of
the share that the true character got: bits, as of a model. Left out on purpose: tokens that are longer than a
character, which nobody guesses one by one.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core import data
from core.config import TrainConfig
from core.device import tokens_at_once
from core.model import eval_mode
from core.modern import Model
from core.runs.directory import RunDir
from core.text.ngrams import token_probabilities
from core.tokenizers import CharTokenizer

TURNS = 20
SUREST = 0.99  # of all bets together: to be sure and wrong would cost infinitely many bits


@dataclass(frozen=True)
class Turn:
    """A place to guess at."""

    place: int  # of the true character among the validation part's
    context: str  # what stands before it in its window, which is all that the model sees
    answer: str


@dataclass(frozen=True)
class Game:
    """The turns of a run, and what they were taken from."""

    turns: list[Turn]
    chars: str  # the run's vocabulary, in the order of the ids
    block_size: int
    train: Tensor  # (N,) ids
    val: Tensor  # (M,)


@dataclass(frozen=True)
class Answer:
    """What a model gave at a turn."""

    log2: float  # of the probability of the true character
    likeliest: str


@dataclass(frozen=True)
class Guess:
    """What a person says at a turn: the likeliest character, and perhaps the shares of a bet."""

    character: str
    shares: dict[str, float] | None = None  # by character; None: no bet


@dataclass(frozen=True)
class Outcome:
    """How well somebody guessed."""

    hits: int
    turns: int
    bits_per_character: float | None  # of the turns with a bet; None where there is none
    bets: int

    @property
    def hit_rate(self) -> float:
        """The share of turns whose character was guessed."""
        return self.hits / self.turns


def game_of(run: RunDir, seed: int = 0, turns: int = TURNS) -> Game:
    """Choose so many places of a run's validation part by a seed, in their order there.

    Raises ValueError for a run whose tokens are no characters, a text with fewer such places, and an odd seed.
    """
    seed = TrainConfig.parse({"seed": seed}).seed
    if type(turns) is not int or turns < 1:
        raise ValueError(f"turns={turns!r:.40} is not possible; ask for a whole number from 1 on")
    config = run.config()
    if config.tokenizer["kind"] != "char":
        raise ValueError("This run's tokens are longer than a character; choose a run with tokenizer='char'")
    tokenizer, T = CharTokenizer(config.tokenizer["chars"]), config.model.block_size
    train, val = data.split(data.as_tokens(tokenizer.encode(run.text())), T)
    late = T - T // 2  # places of a window with at least half a block before them
    there = late * ((len(val) - 1) // T)
    if there < turns:
        raise ValueError(
            f"The validation part has only {there:,} places to guess at, fewer than {turns:,}; ask for fewer turns"
        )
    chosen = [divmod(number, late) for number in sorted(Random(seed).sample(range(there), turns))]
    ids = val.tolist()
    places = [(window * T, window * T + T // 2 + offset + 1) for window, offset in chosen]
    found = [Turn(end, tokenizer.decode(ids[start:end]), tokenizer.decode(ids[end : end + 1])) for start, end in places]
    return Game(found, tokenizer.chars, T, train, val)


def answers(model: Model, game: Game) -> list[Answer]:
    """Return what a model of the run gives at each turn, read as in the run's own evaluation."""
    T, device = game.block_size, next(model.parameters()).device
    x, y = data.windows(game.val, T)
    places = torch.tensor([turn.place - 1 for turn in game.turns])  # as y counts them
    needed, row_of = torch.unique(places // T, return_inverse=True)
    logs, best = [], []
    with eval_mode(model):
        for rows in needed.split(max(1, tokens_at_once(model.config) // T)):
            found = model(x[rows].to(device))[0].float().log_softmax(-1).cpu()  # (B, T, V)
            logs.append(found.gather(-1, y[rows][..., None])[..., 0].double() / math.log(2))
            best.append(found.argmax(-1))
    right, likeliest = (torch.cat(parts)[row_of, places % T].tolist() for parts in (logs, best))
    return [Answer(log2, game.chars[token]) for log2, token in zip(right, likeliest, strict=True)]


def counted(game: Game, orders: Collection[int] = (2, 5)) -> dict[int, list[float]]:
    """Return log2 of what n-gram models give the true character at each turn, by n (0: uniform, 2: bigram ...).

    They see the characters before the window, too; with n up to half a block that makes no difference.
    """
    if not all(type(order) is int and order >= 0 for order in orders):
        raise ValueError(f"order={list(orders)!r:.40} is not possible; choose 0 (uniform), 1 (frequencies) or more")
    places = np.array([turn.place for turn in game.turns])
    every = token_probabilities(game.train.numpy(), game.val.numpy(), len(game.chars))
    found = enumerate(islice(every, max(orders, default=-1) + 1))
    return {order: np.log2(probabilities[places]).tolist() for order, probabilities in found if order in orders}


def bits_per_character(log2s: Iterable[float]) -> float:
    """Return the mean cost of what was given to the true characters; ValueError without any."""
    log2s = list(log2s)
    if not log2s:
        raise ValueError("There is no turn to score; play at least one")
    return -math.fsum(log2s) / len(log2s)


def share_of(shares: Any, character: str, chars: str) -> float:
    """Return the share that a bet gives a character of the vocabulary chars.

    ValueError, one sentence, for what is no bet: shares above 0 by character, which leave something for the others.
    """
    if not isinstance(shares, dict):
        raise ValueError(f"A bet must name characters and their shares, but is of type {type(shares).__name__}")
    for letter, share in shares.items():
        if not isinstance(letter, str) or len(letter) != 1 or letter not in chars:
            raise ValueError(f"A bet names {letter!r:.40}, which is no character of the text; bet on those that it has")
        if type(share) not in (int, float) or not 0 < share <= 1:
            raise ValueError(f"The share of {letter!r} is {share!r:.40}; give each a number above 0 and at most 1")
    total, others = math.fsum(shares.values()), len(chars) - len(shares)
    if others and total > SUREST + 1e-9:
        raise ValueError(
            f"The shares add up to {total:.2f}; leave at least {1 - SUREST:.2f} for the other characters, "
            f"because to be sure and wrong costs infinitely many bits"
        )
    if not others and abs(total - 1) > 1e-6:
        raise ValueError(f"The shares of all characters add up to {total:.2f}; let them add up to 1")
    return shares[character] if character in shares else (1 - total) / others


def outcome(game: Game, guesses: Sequence[Guess]) -> Outcome:
    """Score the guesses of the first turns, in their order; ValueError for none, more than turns, or an odd one."""
    if not 1 <= len(guesses) <= len(game.turns):
        raise ValueError(
            f"There are {len(guesses):,} guesses for {len(game.turns):,} turns; give one for each turn that was played"
        )
    hits, log2s = 0, []
    for turn, guess in zip(game.turns, guesses, strict=False):
        if not isinstance(guess.character, str) or len(guess.character) != 1:
            raise ValueError(f"A guess must be one character, but is {guess.character!r:.40}; choose one")
        hits += guess.character == turn.answer
        if guess.shares is not None:
            log2s.append(math.log2(share_of(guess.shares, turn.answer, game.chars)))
    return Outcome(hits, len(guesses), bits_per_character(log2s) if log2s else None, len(log2s))
