"""Two models beside each other: scores that are fair to both, and numbers on weights, against counts by hand."""

import gc
import itertools
import math
import weakref

import numpy as np
import pytest
import torch

from core.config import BigramConfig
from core.insight import weight_statistics
from core.insight.scoring import read, score
from core.insight.weight_statistics import BINS, common_range, histograms, pooled, positions, statistics
from core.model import Bigram, eval_mode
from core.pretrained.conversion import from_hf

T = 8


def ids(n: int, V: int = 11, seed: int = 0) -> torch.Tensor:
    return torch.randint(V, (n,), generator=torch.Generator().manual_seed(seed))


# -- the same text ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, T, 5 * T + 3])
def test_a_uniform_guess_costs_log2_of_its_choices_a_character(n):
    model = Bigram(BigramConfig(block_size=T, vocab_size=65))
    torch.nn.init.zeros_(model.wte.weight)
    found = score(model, ids(n, 65), n - 1)
    assert found.bits_per_character == pytest.approx(math.log2(65), abs=1e-6)
    assert (found.tokens, found.characters, found.bits) == (n - 1, n - 1, found.nats / math.log(2))


def test_the_score_is_the_sum_of_the_losses_of_all_tokens_but_the_first(tiny_model):
    model, text = tiny_model(), ids(T)
    _, loss = model(text[None, :-1], text[None, 1:])
    found = score(model, text, 20)
    assert found.nats == pytest.approx((T - 1) * loss.item(), rel=1e-6)
    assert found.bits_per_character == pytest.approx((T - 1) * loss.item() / math.log(2) / 20, rel=1e-6)


def test_two_ways_to_cut_a_text_are_asked_the_same_question():
    # "abab", each pair or each letter a token; both models know that it is ab ab and nothing else about it.
    letters, pairs = (Bigram(BigramConfig(block_size=T, vocab_size=2)) for _ in range(2))
    torch.nn.init.zeros_(letters.wte.weight)  # a or b: one bit a letter
    pairs.wte.weight.data[:] = torch.tensor([0.25, 0.75]).log()  # ab with a quarter: two bits for two letters
    by_letter = score(letters, torch.tensor([0, 0, 1, 0, 1]), 4)
    by_pair = score(pairs, torch.tensor([1, 0, 0]), 4)
    assert by_letter.nats / by_letter.tokens != pytest.approx(by_pair.nats / by_pair.tokens)
    assert by_letter.bits_per_character == pytest.approx(by_pair.bits_per_character)


def test_a_long_text_is_scored_once_a_token_with_half_a_block_before_it(tiny_model):
    for block_size, n in itertools.product((1, 2, 7, T), (1, 2, T, T + 1, T + T // 2, 3 * T + 1, 40)):
        model, text = tiny_model(block_size=block_size), ids(n)
        case = f"{n} tokens, block_size={block_size}"
        found = read(model, text)
        assert len(found.nats) == n - 1, case
        with eval_mode(model):
            logits = model(text[None, -block_size:])[0][0, -1]
            allowed = [_costs(model, text, i, block_size) for i in range(1, n)]
        assert torch.allclose(found.logits, logits, atol=1e-5, rtol=1e-5), case
        for costs, nats in zip(allowed, found.nats, strict=True):
            assert min(abs(cost - nats) for cost in costs) < 1e-5, case


def _costs(model, text, i: int, T: int) -> list[float]:
    """Return what token i costs after each number of tokens that it may be scored with."""
    most = min(i, T)
    least = most if i <= T else T // 2 + 1
    rows = (model(text[None, i - seen : i])[0][0, -1] for seen in range(least, most + 1))
    return [-torch.log_softmax(row, -1)[text[i]].item() for row in rows]


def test_reading_leaves_the_model_as_it_was_and_needs_no_dropout(tiny_model):
    model = tiny_model(dropout=0.5).train()
    first, again = read(model, ids(20)), read(model, ids(20))
    assert torch.equal(first.nats, again.nats) and model.training and not first.nats.requires_grad


def test_what_comes_next_is_told_with_its_probabilities(tiny_model):
    found = read(tiny_model(), ids(5))
    probs = torch.softmax(found.logits.double(), -1)
    best = found.likeliest(10)
    assert len(best) == 10 and best[0] == (int(probs.argmax()), probs.max().item())
    assert [p for _, p in best] == sorted((p for _, p in best), reverse=True)
    assert len(found.likeliest(50)) == 11 and sum(p for _, p in found.likeliest(50)) == pytest.approx(1)


def test_the_sum_over_tokens_is_hugging_faces_loss_times_their_number():
    hf = _hugging_face()
    text = ids(30, 97)
    with torch.no_grad():
        loss = hf(text[None], labels=text[None]).loss.item()
    assert score(from_hf(hf), text, 100).nats == pytest.approx(loss * 29, rel=1e-5)


def _hugging_face():
    transformers = pytest.importorskip("transformers")
    shape = {"vocab_size": 97, "n_positions": 32, "n_embd": 16, "n_layer": 2, "n_head": 2}
    config = transformers.GPT2Config(**shape, initializer_range=0.5)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return transformers.GPT2LMHeadModel(config).eval()


@pytest.mark.parametrize(("text", "characters"), [([1], 1), ([1, 2], 0)])
def test_no_text_has_no_score(tiny_model, text, characters):
    with pytest.raises(ValueError, match="no text to score; write"):
        score(tiny_model(), torch.tensor(text), characters)


def test_no_token_at_all_cannot_be_read(tiny_model):
    with pytest.raises(ValueError, match="one row of at least one token"):
        read(tiny_model(), torch.tensor([], dtype=torch.long))


# -- weights ----------------------------------------------------------------------------------------------------------


def test_statistics_are_those_of_numpy_and_name_every_parameter_once(tiny_model):
    model = tiny_model()
    parameters = dict(model.named_parameters())
    found = statistics(model)
    assert [each.count for each in found] == [tensor.numel() for tensor in parameters.values()]
    for each, (name, tensor) in zip(found, parameters.items(), strict=True):
        values = tensor.detach().double().numpy()
        assert name == "transformer." + (each.name if each.layer is None else f"h.{each.layer}.{each.name}")
        assert each.mean == pytest.approx(values.mean(), abs=1e-7) and each.std == pytest.approx(values.std(), abs=1e-6)
        assert each.largest == pytest.approx(np.abs(values).max())
        assert each.norm == pytest.approx(np.linalg.norm(values), rel=1e-6)
        assert each.rms == pytest.approx(np.sqrt((values**2).mean()), rel=1e-6)


def test_layers_are_joined_as_if_they_were_one_tensor(tiny_model):
    model = tiny_model(n_layer=3)
    together = torch.stack([block.ln_1.weight for block in model.transformer["h"]]).detach() + 0.0
    for i, block in enumerate(model.transformer["h"]):
        block.ln_1.weight.data += torch.linspace(0, 1, 16) * i
        together[i] = block.ln_1.weight.detach()
    joined = pooled(each for each in statistics(model) if each.name == "ln_1.weight")
    assert (joined.count, joined.layer) == (48, None)
    assert joined.mean == pytest.approx(together.mean().item())
    assert joined.std == pytest.approx(together.std(correction=0).item())
    assert joined.norm == pytest.approx(together.norm().item())
    assert joined.largest == pytest.approx(together.max().item())


def test_bins_are_common_round_and_hold_nearly_everything(tiny_model):
    small, wide = tiny_model(), tiny_model(seed=2, n_layer=3)
    for block in wide.transformer["h"]:
        block.mlp.c_fc.weight.data *= 7
    name = "mlp.c_fc.weight"
    low, high = common_range(each for model in (small, wide) for each in statistics(model) if each.name == name)
    width = (high - low) / BINS
    assert f"{width:.0e}"[0] in "125" and low / width == pytest.approx(round(low / width))
    for model, layers in ((small, 2), (wide, 3)):
        found = histograms(model, name, low, high)
        assert sorted(found) == list(range(layers))
        for layer, counts in found.items():
            values = model.transformer["h"][layer].mlp.c_fc.weight.detach().numpy()
            by_hand, _ = np.histogram(values, BINS, (low, high))
            assert np.abs(np.array(counts) - by_hand).sum() <= 2  # values on an edge
            assert 0.98 * values.size <= sum(counts) <= values.size


def test_values_that_are_all_alike_have_bins_too(tiny_model):
    model = tiny_model()
    biases = [each for each in statistics(model) if each.name == "attn.c_attn.bias"]
    low, high = common_range(biases)
    assert low < 0 < high
    assert all(sum(counts) == 48 for counts in histograms(model, "attn.c_attn.bias", low, high).values())


def test_what_was_found_is_kept_as_long_as_the_model_and_no_longer(tiny_model, monkeypatch):
    model = tiny_model()
    assert not weight_statistics.has_statistics(model)
    first = statistics(model)
    assert weight_statistics.has_statistics(model) and statistics(model) is first
    assert histograms(model, "wpe.weight", -1, 1) is histograms(model, "wpe.weight", -1, 1)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_a_bigram_has_statistics_and_no_positions():
    model = Bigram(BigramConfig(block_size=T, vocab_size=5))
    assert [(each.name, each.layer) for each in statistics(model)] == [("wte.weight", None)]
    assert positions(model) is None


# -- positions --------------------------------------------------------------------------------------------------------


def test_positions_are_sampled_as_they_are_and_likened_by_their_angle(tiny_model, monkeypatch):
    model = tiny_model()
    weight = model.transformer["wpe"].weight.detach()  # (8, 16)
    whole = positions(model)
    assert (whole.rows, whole.columns) == (1, 1) and torch.equal(whole.weights, weight)
    monkeypatch.setattr(weight_statistics, "MOST_ROWS", 5)
    some = positions(model)
    assert (some.rows, some.columns) == (2, 4) and torch.equal(some.weights, weight[::2, ::4])
    a, b = weight[2], weight[4]
    assert some.likeness[1, 2].item() == pytest.approx((a @ b / a.norm() / b.norm()).item(), abs=1e-6)
    assert torch.allclose(some.likeness.diagonal(), torch.ones(4))


def test_the_norm_of_a_large_matrix_is_summed_exactly():
    values = torch.full((3_000, 4_000), 0.1)
    model = torch.nn.Linear(1, 1, bias=False)
    model.weight = torch.nn.Parameter(values)
    (found,) = statistics(model)
    assert found.norm == pytest.approx(float(values.double().square().sum().sqrt()), rel=1e-7)


def test_histograms_beside_ever_more_models_stay_bounded(monkeypatch):
    monkeypatch.setattr(weight_statistics, "MOST_HISTOGRAMS", 3)
    model = Bigram(BigramConfig(block_size=4, vocab_size=5))
    for width in range(1, 9):
        assert sum(weight_statistics.histograms(model, "wte.weight", -float(width), float(width))[None]) <= 25
    assert len(weight_statistics._histograms[model]) <= 3
