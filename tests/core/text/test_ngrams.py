"""The n-gram baselines, against a slow dictionary, against brute force, and against known values."""

import itertools
import os
from collections import Counter, defaultdict
from math import exp, log
from pathlib import Path

import numpy as np
import pytest

from core.text.ngrams import HIGHEST_ORDER, baselines, count_baselines, ngram_cross_entropy
from tests import tiny_runs

RNG = np.random.default_rng(0)
LETTERS = np.array([ord(c) for c in tiny_runs.TEXT[:3000]])
TRAIN, VAL = RNG.integers(0, 4, 200) ** 2 % 5, RNG.integers(0, 5, 60)


def slow_cross_entropy(train, val, order, vocab_size):
    """Do the same one token at a time, straight from Chen and Goodman's formulas."""
    train, val = list(map(int, train)), list(map(int, val))
    came = [Counter(tuple(train[i : i + n]) for i in range(len(train) - n + 1)) for n in range(order + 2)]

    def tables(n, highest):
        """Return the counts of n-grams by context, and their discounts."""
        counts = came[n] if highest else Counter(gram[1:] for gram in came[n + 1])
        by_context = defaultdict(dict)
        for gram, count in counts.items():
            by_context[gram[:-1]][gram[-1]] = count
        n1, n2, n3, n4 = (sum(count == times for count in counts.values()) for times in (1, 2, 3, 4))
        each = (0.5, 1.0, 1.5)
        if n1 and n2 and n3:
            y = n1 / (n1 + 2 * n2)
            found = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
            each = found if all(0 < d <= most for d, most in zip(found, (1, 2, 3), strict=True)) else each
        return by_context, (0, *each)

    levels = {(n, highest): tables(n, highest) for n in range(1, order + 1) for highest in (False, True)}

    def prob(word, context, highest):
        by_context, discount = levels[len(context) + 1, highest]
        shorter = prob(word, context[1:], False) if context else 1 / vocab_size
        seen = by_context.get(context)
        if not seen:
            return shorter
        cut = [discount[min(count, 3)] for count in seen.values()]
        mine = seen.get(word, 0)
        return (mine - discount[min(mine, 3)] + sum(cut) * shorter) / sum(seen.values())

    if order == 0:
        return log(vocab_size)
    contexts = [tuple(val[max(0, i - order + 1) : i]) for i in range(len(val))]
    nats = [-log(prob(word, c, len(c) == order - 1)) for word, c in zip(val, contexts, strict=True)]
    return sum(nats) / len(val)


def test_it_agrees_with_a_slow_dictionary():
    texts = {"words": (TRAIN, VAL, 6), "letters": (LETTERS[:2700], LETTERS[2700:], 128), "few": ([0, 1, 1], [1, 0], 3)}
    for name, (train, val, vocab_size) in texts.items():
        for order in range(7):
            fast = ngram_cross_entropy(np.array(train), np.array(val), order, vocab_size)
            if order <= min(len(train), len(val)):
                assert fast == pytest.approx(slow_cross_entropy(train, val, order, vocab_size)), f"{name}, {order}"


def test_the_probabilities_of_all_texts_add_up_to_one():
    train = np.array([0, 1, 0, 2, 0, 1, 1, 0, 1, 0])
    texts = [np.array(text) for text in itertools.product(range(4), repeat=4)]
    for order in range(5):
        total = sum(exp(-4 * ngram_cross_entropy(train, text, order, 4)) for text in texts)
        assert total == pytest.approx(1), f"order={order}"


def test_all_baselines_come_from_one_pass_and_the_best_order_is_chosen_by_the_text():
    each = baselines(LETTERS[:2700], LETTERS[2700:], 128)
    losses = [ngram_cross_entropy(LETTERS[:2700], LETTERS[2700:], order, 128) for order in range(HIGHEST_ORDER + 1)]
    assert [each[name] for name in ("uniform", "unigram", "bigram", "trigram")] == losses[:4]
    assert each["ngram"] == min(losses) and each["order"] == losses.index(min(losses)) > 3
    drawn = np.random.default_rng(2).integers(0, 20, 20_000)
    assert baselines(drawn[:18_000], drawn[18_000:], 20)["order"] == 1  # drawn one by one: no context helps


def test_the_counting_can_be_left_after_every_order():
    turns = list(count_baselines(LETTERS[:2700], LETTERS[2700:], 128))
    assert len(turns) > 5 and turns[0].keys() == {"unseen", "uniform"} and turns[1]["order"] == 1
    assert turns[-1] == baselines(LETTERS[:2700], LETTERS[2700:], 128)


def test_a_validation_part_of_another_kind_is_measured():
    train, val = np.arange(90) % 5, np.array([0, 1, 7, 8])
    assert baselines(train, val, 9)["unseen"] == 0.5


def test_frequencies_of_a_long_text_are_worth_their_entropy():
    p = np.array([0.5, 0.25, 0.125, 0.125])
    text = np.random.default_rng(1).choice(4, 100_000, p=p)
    loss = ngram_cross_entropy(text[:90_000], text[90_000:], 1, 4)
    assert loss == pytest.approx(-(p * np.log(p)).sum(), abs=0.02)


def test_longer_contexts_pay_on_a_text_that_needs_them():
    text = np.tile([0, 0, 0, 1, 0, 0, 2, 1], 200)
    each = baselines(text[:1440], text[1440:], 3)
    assert each["uniform"] > each["unigram"] > each["bigram"] > each["trigram"] > each["ngram"]
    assert each["ngram"] < 0.05 and each["order"] > 3


def test_a_token_never_seen_costs_something_finite():
    assert np.isfinite(ngram_cross_entropy(np.zeros(100, int), np.array([0, 3, 3, 0]), 5, 4))


def test_texts_of_a_few_tokens_and_vocabularies_of_many_work():
    each = baselines(RNG.integers(0, 50_257, 90), RNG.integers(0, 50_257, 10), 50_257)
    assert all(np.isfinite(loss) for loss in each.values())
    assert each["uniform"] == pytest.approx(log(50_257))
    one = baselines(np.array([1]), np.array([1]), 2)
    assert one["unigram"] == one["ngram"] == pytest.approx(-log(0.5 + 0.5 / 2))


def test_the_kind_of_integer_does_not_matter():
    small = ngram_cross_entropy(TRAIN.astype(np.uint8), VAL.astype(np.uint8), 5, 6)
    assert small == ngram_cross_entropy(TRAIN, VAL, 5, 6)


@pytest.mark.parametrize(
    "train, val, order, cause",
    [
        ([], [0], 2, "train has shape"),
        ([0], [], 2, "val has shape"),
        ([[0, 1]], [0], 2, "one-dimensional"),
        ([0.5], [0], 2, "float64"),
        ([0, 6], [0], 2, "vocab_size=6"),
        ([0], [-1], 2, "from -1"),
        ([0], [0], -1, "order=-1"),
    ],
)
def test_a_refusal_names_the_cause(train, val, order, cause):
    with pytest.raises(ValueError, match=cause):
        ngram_cross_entropy(np.array(train), np.array(val), order, 6)


def test_tiny_shakespeare_is_worth_what_is_known():
    path = Path(os.environ.get("GPT_PLAYGROUND_DATA", "")) / "tinyshakespeare.txt"
    if not path.is_file():
        pytest.skip("set GPT_PLAYGROUND_DATA to a directory with tinyshakespeare.txt")
    text = path.read_text(encoding="utf-8")
    chars, ids = np.unique(np.frombuffer(text.encode(), np.uint8), return_inverse=True)
    cut = len(ids) * 9 // 10
    each = baselines(ids[:cut], ids[cut:], len(chars))
    assert each["uniform"] == pytest.approx(log(65))
    assert each["bigram"] == pytest.approx(2.484, abs=0.001)
    assert each["trigram"] == pytest.approx(2.038, abs=0.001)
    assert (each["ngram"], each["order"]) == (pytest.approx(1.5165, abs=0.0005), 7)
    assert ngram_cross_entropy(ids[:cut], ids[cut:], 5, len(chars)) == pytest.approx(1.561, abs=0.001)
