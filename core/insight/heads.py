"""What a head does: scores of its attention, what even attention would score, and labels for the clear cases.

A bright square in a map is no finding. Here every claim about a head is a number with a formula, beside the number
that uniform attention gets on the same text. The patterns, for query q and key k <= q:

    self        k = q
    previous    k = q - 1
    first       k = 0
    same        an earlier occurrence of the query's token: ids[k] = ids[q], k < q
    induction   what followed an earlier occurrence: ids[k - 1] = ids[q], k < q

A label belongs to a head, not to a sentence: it is given for what the head does on several texts (`measure_heads`).
Left out on purpose: whether a head matters (`silencing.py`), what it writes, and how heads of two layers work together.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.attention import attention_layers, capture_outputs, observe
from core.model import eval_mode
from core.modern import Model

PATTERNS = ("self", "previous", "first", "same", "induction")

# When a head gets a label. The score alone would let a short text through, the ratio alone a rare pattern.
LABEL_SCORE = 0.3  # at least this much of its attention goes there,
LABEL_RATIO = 2.0  # at least so many times the score of uniform attention,
LABEL_QUERIES = 4  # and at least so many queries could have shown otherwise.

REPEATED_TOKENS = (4, 32)  # the shortest and the longest sequence that the induction test says twice


def head_scores(weights: Tensor, ids: Tensor) -> dict[str, Tensor]:
    """Return the scores (L, nh) of every head by name, from attention weights (L, nh, T, T) over tokens ids (T,).

    "self", "previous", "first", "same", "induction": the mean, over the queries that have such keys, of the attention
    that they give to those keys together, from 0 (none) to 1 (all). Query 0 is left out, because it can only look at
    itself. "entropy", in nats, is the mean of -sum(w ln w), and "distance", in tokens, that of sum(w (q - k)), both
    over the queries from 1. A pattern that no query can show scores NaN: it cannot be measured there. Raises
    ValueError when the shapes do not fit.
    """
    T = len(ids)
    if ids.dim() != 1 or weights.dim() != 4 or weights.shape[2:] != (T, T):
        raise ValueError(
            f"weights must be (L, nh, T, T) and ids (T,) of one text, but they are {tuple(weights.shape)} and "
            f"{tuple(ids.shape)}; give the ids that the model read"
        )
    weights = weights.float()
    scores = {
        name: _mean((weights * keys).sum(-1), keys.any(-1)) for name, keys in _patterns(ids.to(weights.device)).items()
    }
    position = torch.arange(T, device=weights.device)
    scores["entropy"] = _mean(torch.special.entr(weights).sum(-1), position > 0)
    scores["distance"] = _mean((weights * (position[:, None] - position)).sum(-1), position > 0)
    return scores


def uniform_scores(ids: Tensor) -> dict[str, float]:
    """Return what uniform attention scores on the text ids (T,): query q gives each key 1 / (q + 1)."""
    return {name: float(score) for name, score in head_scores(_uniform(len(ids))[None, None], ids).items()}


def induction_scores(model: Model, seed: int = 0, rows: int = 4) -> Tensor:
    """Return how much each head (L, nh) looks at what came next last time, on a text in which nothing else helps.

    The model reads a random sequence of its own tokens twice over. In the second half, the share of the attention that
    goes to the token after the previous occurrence is averaged: the prefix-matching score of Olsson et al., 2022,
    "In-context Learning and Induction Heads". No token comes twice in a sequence, so there is one right key. Up to five
    lengths are used, `rows` sequences of each, so that a head which looks back by a fixed distance scores low.

    Raises ValueError for a model without attention, or one too short or with too few tokens to say four of them twice.
    """
    return _induction_by_text(model, seed, rows).mean(0)


def _induction_by_text(model: Model, seed: int = 0, rows: int = 4) -> Tensor:
    """Return the scores (texts, L, nh) of which `induction_scores` is the mean, one for each random sequence."""
    layers = attention_layers(model)
    device, V = next(model.parameters()).device, model.config.vocab_size
    random = torch.Generator().manual_seed(seed)
    found = []
    for N in _repeated_lengths(model):
        once = torch.stack([torch.randperm(V, generator=random)[:N] for _ in range(rows)])
        with eval_mode(model), capture_outputs([attn.attn_dropout for attn in layers]) as weights:
            model(once.repeat(1, 2).to(device))
        found += [_after_previous(torch.stack(of_row)) for of_row in zip(*weights, strict=True)]  # each (L, nh)
    return torch.stack(found)


def uniform_induction_score(model: Model) -> float:
    """Return what uniform attention gets from `induction_scores`; raises ValueError as that does."""
    attention_layers(model)
    values = [float(_after_previous(_uniform(2 * N))) for N in _repeated_lengths(model)]
    return sum(values) / len(values)


@dataclass(frozen=True)
class Measured:
    """What the heads of a model do on several texts; by name of the score, NaN where no text could show it."""

    mean: dict[str, Tensor]  # (L, nh)
    spread: dict[str, Tensor]  # (L, nh): the standard deviation from text to text
    even: dict[str, float]  # what even attention scores on the same texts
    queries: dict[str, int]  # how many queries of all texts could show the pattern
    texts: int
    tokens: int


def measure_heads(model: Model, texts: Tensor, weights: Sequence[Tensor] | None = None) -> Measured:
    """Return what each head does on texts (W, T) of a model's tokens, and "induction" on random sequences.

    weights: those (L, nh, T, T) of each text, where they are known already. Where the model is too small for the test
    of induction, that score is NaN. Raises ValueError as `observe` does.
    """
    measured = measured_of(weights or [observe(model, ids[None]).weights for ids in texts], texts)
    try:
        by_text, even = _induction_by_text(model), uniform_induction_score(model)
        queries = LABEL_QUERIES  # of a sequence said twice, which is at least so long
    except ValueError:
        by_text, even, queries = torch.full((1, *measured.mean["self"].shape), math.nan), math.nan, 0
    mean, spread = _mean_and_spread(by_text)
    measured.mean["induction"], measured.spread["induction"] = mean, spread
    measured.even["induction"], measured.queries["induction"] = even, queries
    return measured


def measured_of(weights: Sequence[Tensor], texts: Tensor) -> Measured:
    """Sum up the scores of weights (L, nh, T, T), one for each of texts (W, T); "induction" is left to the caller."""
    scores = [head_scores(each, ids) for each, ids in zip(weights, texts, strict=True)]
    even = [uniform_scores(ids) for ids in texts]
    names = [name for name in scores[0] if name != "induction"]
    found = {name: _mean_and_spread(torch.stack([each[name] for each in scores])) for name in names}
    keys = [_patterns(ids) for ids in texts]
    return Measured(
        mean={name: mean for name, (mean, _) in found.items()},
        spread={name: spread for name, (_, spread) in found.items()},
        even={name: float(torch.tensor([each[name] for each in even]).nanmean()) for name in names},
        queries={name: sum(int(of_text[name].any(-1).sum()) for of_text in keys) for name in keys[0]},
        texts=len(texts),
        tokens=texts.numel(),
    )


def labels(measured: Measured) -> list[list[tuple[str, float, float] | None]]:
    """Name what each head does, (pattern, score, spread) by layer and head, or None where nothing is clear.

    A head is named after a pattern when at least LABEL_SCORE of its attention goes there, and LABEL_RATIO times the
    score of even attention on the same texts, over at least LABEL_QUERIES queries. Of several patterns it gets the
    clearest, whose score is furthest on the way from the even score to 1. A head is named "induction" only for what it
    does on repeated random sequences, because in a text frequent letters alone can look like it.
    """
    known = [name for name in PATTERNS if name in measured.mean and measured.queries[name] >= LABEL_QUERIES]
    judged = {name: (measured.mean[name].tolist(), measured.even[name]) for name in known}
    L, nh = measured.mean["self"].shape

    def label(layer: int, head: int) -> tuple[str, float, float] | None:
        found = _clearest(judged, layer, head)
        return found and (*found, float(measured.spread[found[0]][layer, head]))

    return [[label(layer, head) for head in range(nh)] for layer in range(L)]


def _mean_and_spread(by_text: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of scores (W, L, nh) over the texts that could show them."""
    counts = by_text.isfinite().sum(0)
    mean = by_text.nanmean(0)
    squares = (by_text - mean).square().nansum(0)
    return mean, (squares / (counts - 1)).sqrt().where(counts > 1, math.nan)


def _patterns(ids: Tensor) -> dict[str, Tensor]:
    """Mark for each pattern the keys (T, T) that belong to it, query by key; none for query 0."""
    T = len(ids)
    position = torch.arange(T, device=ids.device)
    q, k = position[:, None], position[None, :]
    came_before = torch.cat([ids.new_full((1,), -1), ids])[:T]  # the token before key k; -1 is none
    return {
        "self": (k == q) & (q > 0),
        "previous": k == q - 1,
        "first": (k == 0) & (q > 0),
        "same": (ids[None, :] == ids[:, None]) & (k < q),
        "induction": (came_before[None, :] == ids[:, None]) & (k < q),
    }


def _clearest(judged: dict[str, tuple[list[list[float]], float]], layer: int, head: int) -> tuple[str, float] | None:
    """Choose the clearest of the patterns that a head shows, if any; judged holds scores (L, nh) and uniform score."""
    best, best_gain = None, 0.0
    for name, (table, uniform) in judged.items():
        score = table[layer][head]
        clear = score >= LABEL_SCORE and score >= LABEL_RATIO * uniform
        if clear and (score - uniform) / (1 - uniform) > best_gain:
            best, best_gain = (name, score), (score - uniform) / (1 - uniform)
    return best


def _repeated_lengths(model: Model) -> list[int]:
    """Return the lengths of sequences that the induction test says twice: from half of the longest that fits, up."""
    shortest, longest = REPEATED_TOKENS
    block_size, vocab_size = model.config.block_size, model.config.vocab_size
    longest = min(longest, block_size // 2, vocab_size)
    if longest < shortest:
        raise ValueError(
            f"Induction is tested on {shortest} different tokens said twice, but block_size={block_size} and "
            f"vocab_size={vocab_size} leave room for {longest}; train with block_size={2 * shortest} or more"
        )
    return sorted({max(shortest, longest * eighths // 8) for eighths in range(4, 9)})


def _after_previous(weights: Tensor) -> Tensor:
    """Average over the second half of (..., 2N, 2N) the attention to the token after the previous occurrence."""
    N = weights.shape[-1] // 2
    return weights.float().diagonal(1 - N, -2, -1)[..., 1:].mean(-1)  # query q, key q - N + 1, for q from N on


def _uniform(T: int) -> Tensor:
    return torch.ones(T, T).tril() / torch.arange(1, T + 1)[:, None]


def _mean(values: Tensor, queries: Tensor) -> Tensor:
    """Average values (..., T) over the chosen queries (T,); NaN when there are none."""
    return values[..., queries].mean(-1)
