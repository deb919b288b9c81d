"""What a head does, and whether it matters: scores of its attention, labels for the clear cases, and silencing.

A bright square in a map is no finding. Here every claim about a head is a number with a formula, beside the number
that uniform attention gets on the same text. The patterns, for query q and key k <= q:

    self        k = q
    previous    k = q - 1
    first       k = 0
    same        an earlier occurrence of the query's token: ids[k] = ids[q], k < q
    induction   what followed an earlier occurrence: ids[k - 1] = ids[q], k < q

Left out on purpose: what a head writes (its values, "copying"), and how heads of two layers work together.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident

import torch
from torch import Tensor, nn

from core.attention import Attention, attention_layers, capture_outputs
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
    over the queries from 1. A pattern that no query can show scores 0. Raises ValueError when the shapes do not fit.
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
    layers = attention_layers(model)
    device, V = next(model.parameters()).device, model.config.vocab_size
    random = torch.Generator().manual_seed(seed)
    means = []
    for N in _repeated_lengths(model):
        once = torch.stack([torch.randperm(V, generator=random)[:N] for _ in range(rows)])
        with eval_mode(model), capture_outputs([attn.attn_dropout for attn in layers]) as weights:
            model(once.repeat(1, 2).to(device))
        means.append(_after_previous(torch.stack(weights).mean(1)))  # (L, nh, 2N, 2N), the mean of the rows
    return torch.stack(means).mean(0)


def uniform_induction_score(model: Model) -> float:
    """Return what uniform attention gets from `induction_scores`; raises ValueError as that does."""
    attention_layers(model)
    values = [float(_after_previous(_uniform(2 * N))) for N in _repeated_lengths(model)]
    return sum(values) / len(values)


def labels(
    scores: dict[str, Tensor], ids: Tensor, induction: Tensor | None = None
) -> list[list[tuple[str, float] | None]]:
    """Name what each head does, (pattern, score) by layer and head, or None where nothing is clear.

    scores are those of `head_scores` for the text ids (T,), induction (L, nh) those of `induction_scores`. A head is
    named after a pattern when at least LABEL_SCORE of its attention goes there, and LABEL_RATIO times the score of
    uniform attention on the same text, over at least LABEL_QUERIES queries. Of several patterns it gets the clearest,
    whose score is furthest on the way from the uniform score to 1. A head is named "induction" only for what it does on
    repeated random sequences, because in a text frequent letters alone can look like it.
    """
    uniform = uniform_scores(ids)
    chances = {name: int(keys.any(-1).sum()) for name, keys in _patterns(ids).items()}
    judged = {
        name: (scores[name].tolist(), uniform[name])
        for name in PATTERNS
        if name != "induction" and chances[name] >= LABEL_QUERIES
    }
    if induction is not None:
        # Uniform attention scores highest on the shortest sequence: that score has to be beaten.
        judged["induction"] = (induction.tolist(), float(_after_previous(_uniform(2 * REPEATED_TOKENS[0]))))
    L, nh = scores["self"].shape
    return [[_clearest(judged, layer, head) for head in range(nh)] for layer in range(L)]


def silence_heads(model: Model, x: Tensor, y: Tensor) -> Iterator[tuple[int, int, float]]:
    """Silence each head in turn and give (layer, head, rise of the loss in nats per token) on x, y (B, T).

    Zeros replace what the head hands to c_proj; a fall of the loss is a negative rise. One head a turn: between turns
    the model is unchanged, and to stop is not to ask for the next. Raises ValueError at once for a model without
    attention or for an x and y that do not fit.
    """
    layers = attention_layers(model)
    if x.dim() != 2 or x.shape != y.shape or x.numel() == 0:
        raise ValueError(f"x and y must be one batch (B, T), but are {tuple(x.shape)} and {tuple(y.shape)}")
    device = next(model.parameters()).device
    return _rises(model, layers, x.to(device), y.to(device))


def _rises(model: Model, layers: list[Attention], x: Tensor, y: Tensor) -> Iterator[tuple[int, int, float]]:
    usual = _loss(model, x, y)
    for layer, attn in enumerate(layers):
        for head in range(attn.n_head):
            with _silenced(attn, head):
                loss = _loss(model, x, y)
            yield layer, head, loss - usual


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


def _loss(model: Model, x: Tensor, y: Tensor) -> float:
    with eval_mode(model):
        return model(x, y)[1].item()


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
    """Average values (..., T) over the chosen queries (T,); 0 when there are none."""
    return values[..., queries].sum(-1) / max(1, int(queries.sum()))
