"""Writing with a model: from logits to probabilities, and from probabilities to text, one token a turn.

The distribution is kept apart from the draw: `next_token_probs` is a pure function, and the page shows the numbers that
`generate` draws from.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor

from core.config import SampleConfig
from core.kv_cache import decoder_for
from core.modern import Model

ALTERNATIVES = 10  # how many of the best candidates come with each token


@dataclass(frozen=True, slots=True)
class Candidate:
    """A token that could stand here."""

    id: int
    prob: float  # as drawn from: after temperature, top-k and top-p
    model_prob: float  # the model's own, at temperature 1


@dataclass(frozen=True, slots=True)
class Token:
    """A token that was drawn, its probability, and the best candidates at its place, likeliest first."""

    id: int
    prob: float
    model_prob: float
    alternatives: tuple[Candidate, ...]


def next_token_probs(
    logits: Tensor, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """Turn logits (V,) into the probabilities (V,) that the sampler draws from.

    Temperature comes first; then top-k keeps the k likeliest; then top-p, the nucleus (Holtzman et al., 2020,
    section 3.1), keeps the fewest of them that reach p. Exactly k, or exactly the nucleus, are kept: of equally
    likely tokens those with the lower id. Raises ValueError for options out of bounds and logits that are no numbers.
    """
    SampleConfig.parse({"temperature": temperature, "top_k": top_k, "top_p": top_p})
    return _probs(logits, temperature, top_k, top_p).float().to(logits.device)


def _probs(logits: Tensor, temperature: float, top_k: int | None, top_p: float | None) -> Tensor:
    """Do the work of next_token_probs, in 64 bits."""
    logits = logits.detach().cpu().double()  # 64 bits, which MPS has not: a tiny temperature must not overflow
    if not logits.max().isfinite():  # the largest of them is NaN if any is
        raise ValueError("The model's logits are not numbers; choose an earlier step of the run, or another run")
    if temperature == 0:
        return F.one_hot(logits.argmax(), len(logits)).double()
    scaled = (logits - logits.max()) / temperature  # the largest is 0, so nothing can overflow
    whole = top_p is None or top_p >= 1
    if whole and (top_k is None or top_k >= len(logits)):  # nothing to cut off, so no need to sort
        return F.softmax(scaled, dim=-1)
    order = torch.argsort(scaled, descending=True, stable=True)
    probs = F.softmax(scaled[order], dim=-1)
    if top_k is not None:
        probs[top_k:] = 0.0
        probs = probs / probs.sum()
    if not whole:
        before = probs.cumsum(-1) - probs  # what the likelier ones add up to
        reached = before >= top_p * (1 - 1e-12)  # ten times 0.1 is a little less than 1 in floating point
        probs = probs.masked_fill(reached, 0.0)
        probs = probs / probs.sum()
    return torch.zeros_like(probs).scatter(0, order, probs)


def generate(
    model: Model, idx: Tensor, max_new_tokens: int, temperature: float = 1.0, top_k: int | None = None,
    top_p: float | None = None, seed: int | None = None,
) -> Iterator[Token]:  # fmt: skip
    """Continue idx (1, T), T >= 1, by max_new_tokens tokens, one a turn; the model sees the last block_size tokens.

    With a seed the text is the same each time; without one it differs, and torch's own random state is not touched.
    Raises ValueError at once for options out of bounds or an empty prompt.
    """
    given = {"max_new_tokens": max_new_tokens, "temperature": temperature, "top_k": top_k, "top_p": top_p, "seed": seed}
    options = SampleConfig.parse(given)
    if idx.dim() != 2 or idx.shape[0] != 1 or idx.shape[1] == 0:
        raise ValueError(f"The prompt must be one row of at least one token, (1, T), but is {tuple(idx.shape)}")
    return _draw(model, idx, options)


def _draw(model: Model, idx: Tensor, options: SampleConfig) -> Iterator[Token]:
    chance = Random(options.seed)  # Python's own: its numbers are the same everywhere, and cost less than torch's
    decoder, unread = decoder_for(model), idx[0].tolist()
    untouched = options.temperature == 1 and options.top_k is None and options.top_p is None
    for _ in range(options.max_new_tokens):
        logits = decoder.read(unread).cpu().double()
        probs = _probs(logits, options.temperature, options.top_k, options.top_p)
        chosen = _choose(probs, chance.random())
        unread = [chosen]
        yield _token(chosen, probs, logits, probs if untouched else F.softmax(logits, dim=-1))


def _choose(probs: Tensor, share: float) -> int:
    """Return the id that stands at a share (below 1) of the line on which the probabilities (V,) lie end to end."""
    ends = probs.cumsum(-1)
    return int(torch.searchsorted(ends, share * ends[-1], right=True))  # right: never an id of probability 0


def _token(chosen: int, probs: Tensor, logits: Tensor, model_probs: Tensor) -> Token:
    # Neither temperature nor cutting changes the order, so the logits rank what is drawn from too.
    least = torch.topk(logits, min(ALTERNATIVES, len(logits))).values[-1]
    best = torch.nonzero(logits >= least).flatten()  # more than ten, by their ids, where some are equally likely
    best = best[torch.argsort(logits[best], descending=True, stable=True)][:ALTERNATIVES]
    ids = [*best.tolist(), chosen]
    *candidates, token = map(Candidate, ids, probs[ids].tolist(), model_probs[ids].tolist())
    return Token(token.id, token.prob, token.model_prob, tuple(candidates))
