"""The modern architecture: what must hold for any GPT, and what it claims to be."""

import pytest
import torch
import torch.nn.functional as F

from core.architectures import ARCHITECTURES, architecture_of, build_model
from core.attention import observe, scores
from core.config import ModernConfig, TrainConfig
from core.model import eval_mode
from core.modern import Modern, rotate, rotations
from core.parameters import count_parameters
from core.sampling import generate
from core.training import train

SHAPE = {"block_size": 8, "vocab_size": 11, "n_layer": 2, "n_head": 2, "n_embd": 16}


@pytest.fixture
def model() -> Modern:
    torch.manual_seed(0)
    net = build_model(ModernConfig(**SHAPE))
    for parameter in net.parameters():
        parameter.data *= 5
    return net.eval()


def test_future_tokens_do_not_change_past_logits(model):
    idx = torch.tensor([[1, 2, 3, 4, 5]])
    other = idx.clone()
    other[0, 3:] = 9
    before, after = model(idx)[0], model(other)[0]
    torch.testing.assert_close(before[:, :3], after[:, :3], atol=1e-6, rtol=0)
    assert not torch.allclose(before[:, 3:], after[:, 3:])


def test_what_two_tokens_have_to_do_with_each_other_depends_on_their_distance_alone():
    q, k = torch.randn(2, 8, generator=torch.Generator().manual_seed(0))
    turned = rotations(20, 8, like=q)
    products = rotate(q.expand(20, 8), turned) @ rotate(k.expand(20, 8), turned).T  # (20, 20)
    for distance in range(-5, 6):
        along = products.diagonal(distance)
        torch.testing.assert_close(along, along[:1].expand_as(along), atol=1e-4, rtol=1e-4)
    assert products[0, 0] == pytest.approx((q @ k).item(), abs=1e-5)
    assert (products[0] - products[0, 0]).abs().max() > 0.1


def test_its_parameters_are_twelve_squares_a_layer_and_two_tables():
    config = ModernConfig(**SHAPE)
    counts = count_parameters(build_model(config))
    assert counts["total"] == 12 * 2 * 16**2 + 2 * 11 * 16
    assert "wpe" not in counts and "ln_1" not in counts


def test_what_was_observed_explains_the_weights(model):
    observed = observe(model, torch.tensor([[1, 2, 3, 4, 5, 6]]))
    future = torch.ones(6, 6, dtype=torch.bool).triu(1)
    for layer in range(2):
        for head in range(2):
            expected = F.softmax(scores(observed, layer, head).masked_fill(future, -torch.inf), -1)
            torch.testing.assert_close(observed.weights[layer, head], expected, atol=1e-5, rtol=1e-4)
    with eval_mode(model):
        torch.testing.assert_close(observed.logits, model(torch.tensor([[1, 2, 3, 4, 5, 6]]))[0][0])


def test_it_learns_and_writes():
    torch.manual_seed(0)
    model = build_model(ModernConfig(**SHAPE))
    *_, last = train(model, torch.arange(2000) % 11, TrainConfig(steps=100, batch_size=8, warmup_steps=2))
    assert last.val_loss < 1.0
    assert len(list(generate(model, torch.tensor([[1]]), 12, seed=1))) == 12


PINNED = [{"bias": True}, {"activation": "gelu"}, {"tie_weights": True}, {"init": "sinusoidal"}]


@pytest.mark.parametrize("option", PINNED, ids=str)
def test_what_makes_it_modern_cannot_be_switched_off(option):
    with pytest.raises(ValueError, match=next(iter(option))):
        ModernConfig.parse(SHAPE | option)


def test_heads_of_odd_size_are_refused_in_one_sentence():
    with pytest.raises(ValueError, match="^n_embd=6 over n_head=2 gives heads of odd size"):
        ModernConfig.parse(SHAPE | {"n_embd": 6})


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_is_known_by_its_config(name):
    shape = {"block_size": 8, "vocab_size": 11} if name == "bigram" else SHAPE
    config = ARCHITECTURES[name].parse(shape)
    assert architecture_of(config) == name and build_model(config).config is config
