"""Writing: the distribution against slow, plain reimplementations, and draws against the distribution."""

import itertools
import math
import re
from functools import partial

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

from core.config import GPTConfig, SampleConfig
from core.sampling import ALTERNATIVES, Token, generate, next_token_probs

# Hundredths: what is nearly but not quite equal is one probability in floating point and two logits.
logit_lists = st.lists(st.integers(-3000, 3000).map(lambda n: n / 100), min_size=1, max_size=30)


class Fixed(nn.Module):
    """A model that says the same at every place, so that its distribution is known by heart."""

    def __init__(self, logits: list[float]):
        super().__init__()
        self.logits = nn.Parameter(torch.tensor(logits))
        self.config = GPTConfig(block_size=4, vocab_size=len(logits), n_layer=1, n_head=1, n_embd=1)

    def forward(self, idx: torch.Tensor):
        return self.logits.detach().expand(*idx.shape, -1), None


def slow_softmax(logits: list[float], temperature: float) -> list[float]:
    """Follow the formula with Python's floats."""
    fits = [math.exp((logit - max(logits)) / temperature) for logit in logits]
    return [fit / math.fsum(fits) for fit in fits]


def slow_nucleus(probs: list[float], p: float) -> list[float]:
    """Take the likeliest tokens one by one, the lower id first of equals, until together they reach p."""
    kept: list[int] = []
    for i in sorted(range(len(probs)), key=lambda i: (-probs[i], i)):
        kept.append(i)
        together = math.fsum(probs[j] for j in kept)
        assume(abs(together - p) > 1e-9 or p == 1)  # on the edge itself, rounding decides
        if together >= p:
            break
    kept = list(range(len(probs))) if p == 1 else kept
    return [probs[i] / math.fsum(probs[j] for j in kept) if i in kept else 0.0 for i in range(len(probs))]


def written(*args, **kwargs) -> list[int]:
    return [token.id for token in generate(*args, **kwargs)]


@given(
    logits=logit_lists,
    temperature=st.sampled_from([0, 1e-320, 1e-3, 0.7, 1, 2, 100]),
    top_k=st.none() | st.integers(1, 40),
    top_p=st.none() | st.floats(0.001, 1),
)
def test_probabilities_are_never_negative_and_sum_to_one(logits, temperature, top_k, top_p):
    probs = next_token_probs(torch.tensor(logits), temperature, top_k, top_p)
    assert probs.shape == (len(logits),) and probs.dtype == torch.float32
    assert probs.min() >= 0 and probs.sum().item() == pytest.approx(1, abs=1e-5)


@given(logits=logit_lists, temperature=st.floats(0.1, 100))
def test_temperature_divides_the_logits(logits, temperature):
    probs = next_token_probs(torch.tensor(logits, dtype=torch.double), temperature)
    assert probs.tolist() == pytest.approx(slow_softmax(logits, temperature), abs=1e-6)


@given(logits=logit_lists)
def test_temperature_one_is_the_models_own_distribution(logits):
    torch.testing.assert_close(next_token_probs(torch.tensor(logits)), torch.tensor(logits).softmax(0))


@given(logits=logit_lists, top_k=st.none() | st.integers(1, 40), top_p=st.none() | st.floats(0.001, 1))
def test_temperature_zero_takes_the_likeliest_token_whatever_else_is_set(logits, top_k, top_p):
    probs = next_token_probs(torch.tensor(logits, dtype=torch.double), 0, top_k, top_p)
    assert probs.tolist() == [float(i == logits.index(max(logits))) for i in range(len(logits))]


def test_the_least_temperature_there_is_does_not_overflow():
    probs = next_token_probs(torch.tensor([1e30, -1e30, 0.0, 1.0]), 1e-320)
    assert probs.tolist() == [1, 0, 0, 0]
    assert next_token_probs(torch.tensor([2.0, 2.0, 1.0]), 5e-324).tolist() == [0.5, 0.5, 0]


def test_a_high_temperature_is_noise_and_a_low_one_certainty():
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0])
    assert next_token_probs(logits, 100).tolist() == pytest.approx([0.25] * 4, abs=0.01)
    assert next_token_probs(logits, 0.1)[0] > 0.9999


@given(logits=st.lists(st.sampled_from([-2.0, 0.0, 0.5, 3.0]), min_size=1, max_size=30), top_k=st.integers(1, 40))
def test_top_k_keeps_exactly_the_k_likeliest_also_among_equals(logits, top_k):
    probs = next_token_probs(torch.tensor(logits), top_k=top_k)
    kept = sorted(range(len(logits)), key=lambda i: (-logits[i], i))[:top_k]
    assert set(probs.nonzero().flatten().tolist()) == set(kept)
    plain = slow_softmax(logits, 1)
    assert probs[kept].tolist() == pytest.approx([plain[i] / sum(plain[j] for j in kept) for i in kept], abs=1e-6)


@given(logits=logit_lists, temperature=st.floats(0.2, 10), top_p=st.floats(1e-6, 1))
def test_top_p_keeps_exactly_the_nucleus(logits, temperature, top_p):
    probs = next_token_probs(torch.tensor(logits, dtype=torch.double), temperature, top_p=top_p)
    expected = slow_nucleus(slow_softmax(logits, temperature), top_p)
    assert (probs > 0).tolist() == [p > 1e-45 for p in expected]  # float32 ends there
    assert probs.tolist() == pytest.approx(expected, abs=1e-6)


@given(logits=logit_lists, top_k=st.integers(1, 20), top_p=st.floats(0.01, 1))
def test_top_p_chooses_among_what_top_k_left(logits, top_k, top_p):
    among = next_token_probs(torch.tensor(logits, dtype=torch.double), top_k=top_k).double().tolist()
    probs = next_token_probs(torch.tensor(logits, dtype=torch.double), top_k=top_k, top_p=top_p)
    assume(top_p < 0.999)  # `among` has only the digits of float32
    assert probs.tolist() == pytest.approx(slow_nucleus(among, top_p), abs=1e-5)


def test_the_nucleus_of_equally_likely_tokens_is_not_off_by_one():
    for n in range(2, 60):
        for k in range(1, n + 1):
            kept = next_token_probs(torch.zeros(n), top_p=k / n).count_nonzero()
            assert kept == k, f"of {n} equally likely tokens, {k} reach {k}/{n}"


def test_top_p_one_keeps_every_token_also_the_least_likely():
    logits = torch.tensor([0.0, -45.0, -60.0, 1.0])
    assert torch.equal(next_token_probs(logits, top_p=1.0), next_token_probs(logits))


def test_options_out_of_bounds_are_refused_before_anything_is_drawn(tiny_model):
    impossible = {
        "temperature": (-1.0, math.nan, math.inf, "x", None, 100.1, True),
        "top_k": (0, -1, 1.5),
        "top_p": (0.0, -0.1, 1.5, math.nan),
    }
    attempts = (
        partial(next_token_probs, torch.zeros(5)),
        partial(generate, tiny_model(), torch.zeros(1, 1, dtype=torch.long), 5),
    )
    for name, value in ((name, value) for name, values in impossible.items() for value in values):
        for attempt in attempts:
            with pytest.raises(ValueError, match=f"^{name}={value!r} is not possible; it must be a") as caught:
                attempt(**{name: value})
            assert "\n" not in str(caught.value), f"{name}={value!r}"


def test_a_prompt_that_is_no_row_of_tokens_is_refused(tiny_model):
    for shape in ((1, 0), (5,), (2, 3), (1, 1, 1)):
        with pytest.raises(
            ValueError, match=f"The prompt must be one row of at least one token, .* is {re.escape(str(shape))}"
        ):
            generate(tiny_model(), torch.zeros(shape, dtype=torch.long), 5)


def test_impossible_lengths_and_seeds_are_refused(tiny_model):
    for name, value in (("max_new_tokens", 0), ("max_new_tokens", 5001), ("seed", -1), ("seed", 0.5)):
        with pytest.raises(ValueError, match=f"^{name}={value} is not possible; it must be a whole number from"):
            generate(tiny_model(), torch.zeros(1, 1, dtype=torch.long), **{"max_new_tokens": 1, name: value})


@pytest.mark.parametrize("options", [{}, {"temperature": 2.0}, {"top_k": 3}, {"top_p": 0.8}], ids=str)
def test_the_sampler_draws_from_the_very_distribution_that_is_shown(options):
    model, draws = Fixed([2.0, 1.0, 0.5, 0.0, -1.0, -3.0]), 3000
    probs = next_token_probs(model.logits, **options)
    drawn = written(model, torch.zeros(1, 1, dtype=torch.long), draws, seed=0, **options)
    counts, expected = torch.bincount(torch.tensor(drawn), minlength=6), probs * draws
    possible = probs > 0
    assert counts[~possible].sum() == 0
    chi_square = ((counts - expected)[possible] ** 2 / expected[possible]).sum().item()
    assert chi_square < 20.5  # 5 degrees of freedom: exceeded once in a thousand seeds


def test_a_text_follows_the_models_next_token_probabilities(tiny_model):
    model, idx = tiny_model(), torch.tensor([[1, 2, 3]])
    for parameter in model.parameters():
        parameter.data *= 20  # a fresh model finds everything equally likely
    model.eval()
    for token in generate(model, idx, 20, 0.7, 6, 0.9, seed=4):
        logits = model(idx[:, -8:])[0][0, -1]
        probs, own = next_token_probs(logits, 0.7, 6, 0.9), logits.softmax(0)
        assert token.prob == pytest.approx(probs[token.id].item(), abs=1e-5) and token.prob > 0
        assert token.model_prob == pytest.approx(own[token.id].item(), abs=1e-5)
        for candidate in token.alternatives:
            assert candidate.prob == pytest.approx(probs[candidate.id].item(), abs=1e-5)
            assert candidate.model_prob == pytest.approx(own[candidate.id].item(), abs=1e-5)
        idx = torch.cat([idx, torch.tensor([[token.id]])], dim=1)


def test_alternatives_are_sorted_and_at_most_ten(tiny_model):
    choices = ({}, {"temperature": 0.0}, {"top_k": 3}, {"top_p": 0.3})
    for vocab_size, options in itertools.product((1, 5, 11, 40), choices):
        case, prompt = f"vocab_size={vocab_size}, {options}", torch.zeros(1, 1, dtype=torch.long)
        for token in generate(tiny_model(vocab_size=vocab_size), prompt, 5, seed=1, **options):
            alternatives = token.alternatives
            assert len(alternatives) == min(ALTERNATIVES, vocab_size) == len({c.id for c in alternatives}), case
            ranks = [(c.prob, c.model_prob) for c in alternatives]
            assert ranks == sorted(ranks, reverse=True), case
            assert isinstance(token, Token) and type(token.id) is int, case


def test_the_same_seed_writes_the_same_text_and_another_seed_another(tiny_model):
    model, idx = tiny_model(), torch.tensor([[1]])
    assert written(model, idx, 40, seed=5) == written(model, idx, 40, seed=5)
    assert written(model, idx, 40, seed=5) != written(model, idx, 40, seed=6)
    assert written(model, idx, 40) != written(model, idx, 40)


def test_writing_leaves_torchs_own_randomness_alone(tiny_model):
    before = torch.get_rng_state()
    for seed in (None, 3):
        written(tiny_model(dropout=0.5), torch.tensor([[1]]), 5, seed=seed)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_text_is_as_long_as_asked_and_the_prompt_is_not_changed(tiny_model):
    idx = torch.tensor([[1, 2, 3]])
    assert len(written(tiny_model(), idx, 30, seed=0)) == 30
    assert idx.tolist() == [[1, 2, 3]]


def test_of_a_long_prompt_the_model_sees_the_last_block(tiny_model):
    model, long = tiny_model(), torch.arange(30)[None] % 11
    assert written(model, long, 20, seed=2) == written(model, long[:, -8:], 20, seed=2)


@pytest.mark.parametrize("training", [True, False])
def test_the_model_stays_in_its_mode_during_after_and_when_stopped_half_way(tiny_model, training):
    model = tiny_model(dropout=0.5).train(training)
    text = generate(model, torch.tensor([[1]]), 10, seed=0)
    first = next(text)
    assert model.training is training and torch.is_grad_enabled()
    text.close()
    assert model.training is training and torch.is_grad_enabled()
    tokens = list(generate(model, torch.tensor([[1]]), 10, seed=0))
    assert model.training is training and tokens[0] == first  # no dropout while writing


def test_greedy_writing_takes_the_likeliest_token_with_certainty():
    tokens = list(generate(Fixed([0.0, 3.0, 1.0]), torch.tensor([[0]]), 5, temperature=0))
    assert [token.id for token in tokens] == [1] * 5 and {token.prob for token in tokens} == {1.0}
    assert [candidate.id for candidate in tokens[0].alternatives] == [1, 2, 0]
    assert tokens[0].model_prob == pytest.approx(slow_softmax([0.0, 3.0, 1.0], 1)[1])


@pytest.mark.parametrize("temperature", [0, 0.7, 1])
def test_logits_that_are_no_numbers_are_refused_in_a_sentence(temperature):
    for wrong in (math.nan, math.inf):
        with pytest.raises(ValueError, match="logits are not numbers; choose an earlier step"):
            next_token_probs(torch.tensor([0.0, wrong, 1.0]), temperature)
        with pytest.raises(ValueError, match="logits are not numbers"):
            written(Fixed([0.0, wrong]), torch.tensor([[0]]), 1, temperature)


@pytest.mark.parametrize("options", [{"temperature": 0}, {"top_k": 3}, {"top_p": 1e-3}], ids=str)
def test_of_equal_logits_the_candidates_are_those_that_can_be_drawn(options):
    for token in generate(Fixed([0.5] * 400), torch.tensor([[0]]), 5, seed=1, **options):
        assert [candidate.id for candidate in token.alternatives] == list(range(10))
        assert token.id in {candidate.id for candidate in token.alternatives if candidate.prob > 0}


def test_the_defaults_of_generate_are_those_of_its_options():
    from inspect import signature

    for function in (generate, next_token_probs):
        for name, parameter in signature(function).parameters.items():
            if parameter.default is not parameter.empty:
                assert parameter.default == getattr(SampleConfig(), name)


class Single(torch.Tensor):
    """Logits on a device without 64-bit numbers, as on Apple's GPUs."""

    def double(self):
        raise TypeError("Cannot convert a MPS Tensor to float64 dtype")

    def cpu(self):
        return self.as_subclass(torch.Tensor)


def test_logits_of_a_device_without_64_bits_are_turned_into_probabilities():
    logits = torch.tensor([1.0, 2.0, 3.0])
    assert torch.equal(next_token_probs(logits.as_subclass(Single), top_k=2), next_token_probs(logits, top_k=2))
