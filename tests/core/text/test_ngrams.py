"""The n-gram baselines, against a slow dictionary, against brute force, and against known values."""

import itertools
import os
from collections import Counter, defaultdict
from math import exp, log
from pathlib import Path

import numpy as np
import pytest

from core.text.ngrams import Baselines, baselines, ngram_cross_entropy

RNG = np.random.default_rng(0)
TRAIN, VAL = RNG.integers(0, 4, 200) ** 2 % 5, RNG.integers(0, 5, 60)


def slow_cross_entropy(train, val, order, vocab_size, discount):
    """Do the same one token at a time, straight from the formula."""
    train, val = list(map(int, train)), list(map(int, val))
    followers = defaultdict(Counter)
    for n in range(order):
        for i in range(n, len(train)):
            followers[tuple(train[i - n : i])][train[i]] += 1

    def prob(word, context):
        shorter = prob(word, context[1:]) if context else 1 / vocab_size
        seen = followers.get(context)
        if not seen:
            return shorter
        return (max(seen[word] - discount, 0) + discount * len(seen) * shorter) / seen.total()

    if order == 0:
        return log(vocab_size)
    nats = [-log(prob(word, tuple(val[max(0, i - order + 1) : i]))) for i, word in enumerate(val)]
    return sum(nats) / len(val)


def test_it_agrees_with_a_slow_dictionary():
    for order, discount in itertools.product(range(7), (0.3, 0.75)):
        fast, slow = (count(TRAIN, VAL, order, 6, discount) for count in (ngram_cross_entropy, slow_cross_entropy))
        assert fast == pytest.approx(slow), f"order={order}, discount={discount}"


def test_the_probabilities_of_all_texts_add_up_to_one():
    train = np.array([0, 1, 0, 2, 0, 1, 1, 0, 1, 0])
    texts = [np.array(text) for text in itertools.product(range(4), repeat=4)]
    for order in range(5):
        total = sum(exp(-4 * ngram_cross_entropy(train, text, order, 4)) for text in texts)
        assert total == pytest.approx(1), f"order={order}"


def test_all_baselines_come_from_one_pass_in_their_order():
    each = baselines(TRAIN, VAL, 6)
    assert isinstance(each, Baselines)
    assert each.uniform == pytest.approx(log(6))
    for name, order in (("unigram", 1), ("bigram", 2), ("trigram", 3), ("fivegram", 5)):
        assert getattr(each, name) == pytest.approx(ngram_cross_entropy(TRAIN, VAL, order, 6))


def test_frequencies_of_a_long_text_are_worth_their_entropy():
    p = np.array([0.5, 0.25, 0.125, 0.125])
    text = np.random.default_rng(1).choice(4, 100_000, p=p)
    loss = ngram_cross_entropy(text[:90_000], text[90_000:], 1, 4)
    assert loss == pytest.approx(-(p * np.log(p)).sum(), abs=0.02)


def test_longer_contexts_pay_on_a_text_that_needs_them():
    text = np.tile([0, 0, 0, 1, 0, 0, 2, 1], 200)
    each = baselines(text[:1440], text[1440:], 3)
    assert each.uniform > each.unigram > each.bigram > each.trigram > each.fivegram
    assert each.fivegram < 0.05


def test_a_token_never_seen_costs_something_finite():
    assert np.isfinite(ngram_cross_entropy(np.zeros(100, int), np.array([0, 3, 3, 0]), 5, 4))


def test_texts_of_a_few_tokens_and_vocabularies_of_many_work():
    each = baselines(RNG.integers(0, 50_257, 90), RNG.integers(0, 50_257, 10), 50_257)
    assert all(np.isfinite(loss) for loss in vars(each).values())
    assert each.uniform == pytest.approx(log(50_257))
    one = baselines(np.array([1]), np.array([1]), 2)
    assert one.unigram == one.fivegram == pytest.approx(-log(0.25 + 0.75 / 2))


def test_the_kind_of_integer_does_not_matter():
    small = ngram_cross_entropy(TRAIN.astype(np.uint8), VAL.astype(np.uint8), 5, 6)
    assert small == ngram_cross_entropy(TRAIN, VAL, 5, 6)


@pytest.mark.parametrize(
    "train, val, order, discount, cause",
    [
        ([], [0], 2, 0.75, "train has shape"),
        ([0], [], 2, 0.75, "val has shape"),
        ([[0, 1]], [0], 2, 0.75, "one-dimensional"),
        ([0.5], [0], 2, 0.75, "float64"),
        ([0, 6], [0], 2, 0.75, "vocab_size=6"),
        ([0], [-1], 2, 0.75, "from -1"),
        ([0], [0], -1, 0.75, "order=-1"),
        ([0], [0], 2, 1.0, "discount=1.0"),
    ],
)
def test_a_refusal_names_the_cause(train, val, order, discount, cause):
    with pytest.raises(ValueError, match=cause):
        ngram_cross_entropy(np.array(train), np.array(val), order, 6, discount)


def test_tiny_shakespeare_is_worth_what_is_known():
    path = Path(os.environ.get("GPT_PLAYGROUND_DATA", "")) / "tinyshakespeare.txt"
    if not path.is_file():
        pytest.skip("set GPT_PLAYGROUND_DATA to a directory with tinyshakespeare.txt")
    text = path.read_text(encoding="utf-8")
    chars, ids = np.unique(np.frombuffer(text.encode(), np.uint8), return_inverse=True)
    cut = len(ids) * 9 // 10
    each = baselines(ids[:cut], ids[cut:], len(chars))
    assert each.uniform == pytest.approx(log(65))
    assert each.bigram == pytest.approx(2.49, abs=0.01)
    assert each.trigram == pytest.approx(2.06, abs=0.01)
    assert each.fivegram == pytest.approx(1.69, abs=0.01)
