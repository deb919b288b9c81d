"""What loss is worth on a corpus: the loss of knowing nothing, of token frequencies, and of n-gram counts.

The loss chart draws these lines beside a model's own curve, in nats per token of the validation part: uniform (ln V),
token frequencies, bigram, and the best of counting, an n-gram model whose n is chosen by the text. An n-gram model
knows the n - 1 tokens before, as it counted them. What a GPT gains below its line, it gains by looking further back, or
by seeing what different contexts have in common.

Smoothed by interpolated, modified Kneser-Ney (Chen and Goodman, "An empirical study of smoothing techniques for
language modeling", Harvard TR-10-98, 1998), from order n down to the uniform distribution:

    p_n(w | c) = (a(c w) - D(a(c w))) / a(c .) + (sum over v of D(a(c v))) / a(c .) * q_{n-1}(w | c')

where c' is c without its oldest token. For order n, a counts how often c w came; for the lower orders q, a counts after
how many different tokens it came. Where nothing has ever followed c, q_{n-1} stands alone. D is one of three discounts,
for what came once, twice, or more often, which follow from the counts of counts. So each order is a proper distribution
and nothing is infinite. Counts come from the training part alone. The validation part is scored as a text of its own,
whose first tokens have shorter contexts.

The n is the one with the lowest loss on the validation part itself: no other n would be a harder line to beat. Left out
on purpose: contexts of all lengths at once (as in PPM), and a cache of what the validation part said so far.
"""

from collections.abc import Iterator
from itertools import islice

import numpy as np

HIGHEST_ORDER = 16  # beyond it, even source code gains less than 0.01
PATIENCE = 3  # orders in a row that gain nothing: then higher ones will not either
NAMES = ("uniform", "unigram", "bigram", "trigram")  # of orders 0 to 3


def baselines(train: np.ndarray, val: np.ndarray, vocab_size: int) -> dict[str, float]:
    """Return the baselines of train and val, which are (N,) token ids below vocab_size: losses in nats per token.

    "uniform", "unigram", "bigram", "trigram", and "ngram"; beside them "order", the n of "ngram", and "unseen", the
    share of val that never occurs in train.
    """
    *_, counted = count_baselines(train, val, vocab_size)
    return counted


def count_baselines(train: np.ndarray, val: np.ndarray, vocab_size: int) -> Iterator[dict[str, float]]:
    """Yield the baselines as they are counted, one order a turn; the last ones are whole.

    Each turn sorts the text once: a seventh of a second for a million tokens. Who counts may stop in between.
    """
    found: dict[str, float] = {"unseen": unseen_share(train, val)}
    since_best = 0
    for order, loss in enumerate(islice(cross_entropies(train, val, vocab_size), HIGHEST_ORDER + 1)):
        if order < len(NAMES):
            found[NAMES[order]] = loss
        since_best += 1
        if order > 0 and loss < found.get("ngram", float("inf")):
            found["ngram"], found["order"], since_best = loss, order, 0
        yield dict(found)
        if since_best >= PATIENCE and order >= len(NAMES) - 1:
            return


def unseen_share(train: np.ndarray, val: np.ndarray) -> float:
    """Return the share of val's tokens that train has nowhere: with many, val is a text of another kind."""
    return float(1 - np.isin(val, train).mean())


def ngram_cross_entropy(train: np.ndarray, val: np.ndarray, order: int, vocab_size: int) -> float:
    """Return the loss on val, in nats per token, of an n-gram model counted on train.

    order: n; 0 is the uniform distribution, 1 token frequencies, 2 a bigram.
    """
    if order < 0:
        raise ValueError(f"order={order} is negative; choose 0 (uniform), 1 (frequencies), 2 (bigram) or more")
    return next(islice(cross_entropies(train, val, vocab_size), order, None))


def cross_entropies(train: np.ndarray, val: np.ndarray, vocab_size: int) -> Iterator[float]:
    """Yield the loss on val of the orders 0, 1, 2 and on, without end."""
    for probabilities in token_probabilities(train, val, vocab_size):
        yield -float(np.log(probabilities).sum()) / len(probabilities)


def token_probabilities(train: np.ndarray, val: np.ndarray, vocab_size: int) -> Iterator[np.ndarray]:
    """Yield the probability of each token of val (N,), by the orders 0, 1, 2 and on, without end.

    An order's lower orders are the same for all higher ones, so each order costs one pass.
    """
    train, val = _checked(train, "train", vocab_size), _checked(val, "val", vocab_size)
    tokens = np.concatenate([train, val])
    grams = np.zeros(len(tokens), np.int32)  # which k-gram ends at each place; there is one 0-gram
    contexts = parents = grams  # the (k-1)-gram before each place, and that of each kind of k-gram
    lower = np.full(len(val), 1 / vocab_size)  # q_k of each token of val
    yield lower.copy()
    k, found = 0, lower.copy()
    while k < min(len(train), len(val)):
        k += 1
        shorter, shorter_contexts, shorter_parents = grams, contexts, parents
        contexts = np.concatenate([grams[:1] * 0, grams[:-1]])
        grams = _numbered(contexts * np.int64(vocab_size) + tokens)
        counted = slice(k - 1, len(train))  # whole k-grams of the training part
        count = np.bincount(grams[counted], minlength=grams.max() + 1)
        parents, suffixes = np.zeros(len(count), np.int32), np.zeros(len(count), np.int32)
        parents[grams[counted]] = contexts[counted]
        suffixes[grams[counted]] = shorter[counted]
        if k > 1:
            after = np.bincount(suffixes[count > 0], minlength=len(shorter_parents))  # how many different tokens
            scored = slice(len(train) + k - 2, None)  # whole (k-1)-grams of the validation part
            lower[k - 2 :] = _interpolated(
                after, shorter_parents, shorter[scored], shorter_contexts[scored], lower[k - 2 :]
            )
        scored = slice(len(train) + k - 1, None)
        probs = _interpolated(count, parents, grams[scored], contexts[scored], lower[k - 1 :])
        found = np.concatenate([lower[: k - 1], probs])
        yield found
    while True:  # too short for a single context of that many tokens
        yield found


def _numbered(keys: np.ndarray) -> np.ndarray:
    """Return the rank of each key among the different keys, as int32; `np.unique` takes twice the memory."""
    order = np.argsort(keys)
    is_new = np.diff(keys[order], prepend=keys[order[:1]]) > 0
    ranks = np.empty(len(keys), np.int32)
    ranks[order] = np.cumsum(is_new, dtype=np.int32)
    return ranks


def _interpolated(count, parents, grams, contexts, lower) -> np.ndarray:
    """Return the probability of each place: its share of the discounted counts, and the rest by the lower order.

    count: of each kind of k-gram. parents: the kind's context. grams, contexts, lower: of each place.
    """
    cut = _discounts(count)[np.minimum(count, 3)]
    size = max(parents.max(), contexts.max()) + 1
    total = np.bincount(parents, weights=count, minlength=size)[contexts]
    freed = np.bincount(parents, weights=cut, minlength=size)[contexts]
    share = (count - cut)[grams] + freed * lower
    return np.where(total > 0, share / np.maximum(total, 1), lower)


def _discounts(count: np.ndarray) -> np.ndarray:
    """Return the discounts of counts of 0, 1, 2 and more, by Chen and Goodman's equation 17.

    Where counts of counts are missing, or so few that a discount falls out of its range: 1/2, 1 and 3/2.
    """
    n1, n2, n3, n4 = (int((count == times).sum()) for times in (1, 2, 3, 4))
    if n1 and n2 and n3:
        y = n1 / (n1 + 2 * n2)
        each = (y, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
        if all(0 < discount <= most for most, discount in enumerate(each, 1)):
            return np.array([0.0, *each])
    return np.array([0.0, 0.5, 1.0, 1.5])


def _checked(tokens, name: str, vocab_size: int) -> np.ndarray:
    """Return token ids as (N,) int32; raise ValueError if there are none, or any is not in the vocabulary."""
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
    return tokens.astype(np.int32)
