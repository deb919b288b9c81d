"""What loss is worth on a corpus: the loss of knowing nothing, of token frequencies, and of n-gram counts.

The loss chart draws these lines beside a model's own curve, in nats per token of the validation part: uniform (ln V),
token frequencies, and bigram, trigram and 5-gram counts. An n-gram model knows the n - 1 tokens before, as it counted
them. What a GPT gains below the 5-gram line, it gains by looking further back, or by seeing what different contexts
have in common.

Smoothed by interpolated absolute discounting (Ney, Essen and Kneser, "On structuring probabilistic dependences in
stochastic language modelling", Computer Speech and Language 8, 1994), from order n down to the uniform distribution:

    p_n(w | c) = max(count(c w) - D, 0) / count(c .) + D * distinct(c .) / count(c .) * p_{n-1}(w | c')

where c' is c without its oldest token; where nothing has ever followed c, p_n = p_{n-1}. So each order is a proper
distribution and nothing is infinite. Counts come from the training part alone. The validation part is scored as a text
of its own, whose first tokens have shorter contexts.

With many kinds of tokens and a short text (1 MB in GPT-2's 50,257 tokens) few 5-grams come twice, and the 5-gram line
can lie above the trigram's. That is no error: the counts are too few.

Left out on purpose: Kneser-Ney's continuation counts (lower orders would no longer be the baselines that they are named
after), and a discount per order: on Tiny Shakespeare, 0.65 to 0.9 differ by 0.01 nats at most.
"""

from dataclasses import dataclass
from math import log

import numpy as np

DISCOUNT = 0.75


@dataclass(frozen=True)
class Baselines:
    """The validation loss of models that count, in nats per token."""

    uniform: float
    unigram: float
    bigram: float
    trigram: float
    fivegram: float


def baselines(train: np.ndarray, val: np.ndarray, vocab_size: int) -> Baselines:
    """Return the baselines of train and val, which are (N,) token ids below vocab_size."""
    by_order = _cross_entropies(train, val, 5, vocab_size, DISCOUNT)
    return Baselines(*(by_order[order] for order in (0, 1, 2, 3, 5)))


def ngram_cross_entropy(
    train: np.ndarray, val: np.ndarray, order: int, vocab_size: int, discount: float = DISCOUNT
) -> float:
    """Return the loss on val, in nats per token, of an n-gram model counted on train.

    order: n; 0 is the uniform distribution, 1 token frequencies, 2 a bigram.
    """
    if order < 0:
        raise ValueError(f"order={order} is negative; choose 0 (uniform), 1 (frequencies), 2 (bigram) or more")
    return _cross_entropies(train, val, order, vocab_size, discount)[order]


def _cross_entropies(train, val, order: int, vocab_size: int, discount: float) -> list[float]:
    """Return the loss of all orders from 0 to `order`: each is the fallback of the next."""
    train, val = _checked(train, "train", vocab_size), _checked(val, "val", vocab_size)
    if not 0 < discount < 1:
        raise ValueError(f"discount={discount} is not between 0 and 1; 0.75 does well")
    tokens = np.concatenate([train, val])
    grams = np.zeros(len(tokens), np.int64)  # which k-gram ends at each place; there is one 0-gram
    probs = np.full(len(val), 1 / vocab_size)
    losses = [log(vocab_size)]
    for k in range(1, order + 1):
        if k > len(train) or k > len(val):
            losses.append(losses[-1])  # too short for a single context of k - 1 tokens
            continue
        contexts = np.concatenate([[0], grams[:-1]])  # the (k-1)-gram before each place
        grams = np.unique(contexts * vocab_size + tokens, return_inverse=True)[1]
        counted = slice(k - 1, len(train))  # whole k-grams of the training part,
        scored = slice(len(train) + k - 1, None)  # and of the validation part
        count = np.bincount(grams[counted], minlength=grams.max() + 1)
        total = np.bincount(contexts[counted], minlength=contexts.max() + 1)
        of_kind = np.zeros_like(count)  # a k-gram's context
        of_kind[grams[counted]] = contexts[counted]
        distinct = np.bincount(of_kind[count > 0], minlength=len(total))
        now, before = count[grams[scored]], contexts[scored]
        seen = total[before] > 0
        share = np.maximum(now - discount, 0) + discount * distinct[before] * probs[k - 1 :]
        probs[k - 1 :] = np.where(seen, share / np.maximum(total[before], 1), probs[k - 1 :])
        losses.append(float(-np.log(probs).mean()))
    return losses


def _checked(tokens, name: str, vocab_size: int) -> np.ndarray:
    """Return token ids as (N,) int64; raise ValueError if there are none, or any is not in the vocabulary."""
    tokens = np.asarray(tokens)
    if tokens.ndim != 1 or len(tokens) == 0 or not np.issubdtype(tokens.dtype, np.integer):
        raise ValueError(
            f"{name} has shape {tokens.shape} and type {tokens.dtype}; "
            "pass a one-dimensional array of at least one integer token"
        )
    if tokens.min() < 0 or tokens.max() >= vocab_size:
        raise ValueError(
            f"{name} has tokens from {tokens.min()} to {tokens.max()}, but vocab_size={vocab_size}; "
            "encode it with the tokenizer of this vocabulary"
        )
    return tokens.astype(np.int64)
