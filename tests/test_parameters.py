"""The parameters of known models, counted on the model and held against published numbers and a closed form."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model import BigramConfig, GPTConfig, build_model
from core.parameters import GPT2_SMALL, count_of, count_parameters

GPT2 = {"block_size": 1024, "vocab_size": 50_257}


@pytest.mark.parametrize(
    ("n_layer", "n_head", "n_embd", "total"),
    [
        (12, 12, 768, 124_439_808),
        (24, 16, 1024, 354_823_168),
        (36, 20, 1280, 774_030_080),
        (48, 25, 1600, 1_557_611_200),
    ],
    ids=["small", "medium", "large", "XL"],
)
def test_the_gpt2_family_has_its_published_sizes(n_layer, n_head, n_embd, total):
    assert count_of(GPTConfig(**GPT2, n_layer=n_layer, n_head=n_head, n_embd=n_embd)) == total


def test_gpt2_small_has_163_million_parameters_when_its_shared_matrix_counts_twice():
    small = {**GPT2, "n_layer": 12, "n_head": 12, "n_embd": 768}
    assert count_of(GPTConfig(**small)) == GPT2_SMALL
    assert count_of(GPTConfig(**small, tie_weights=False)) == 163_037_184 == GPT2_SMALL + 50_257 * 768


def test_the_lectures_toy_has_exactly_10_788_929_parameters():
    toy = GPTConfig(
        block_size=256,
        vocab_size=65,
        n_layer=6,
        n_head=6,
        n_embd=384,
        qkv_bias=False,
        activation="relu",
        tie_weights=False,
        lm_head_bias=True,
    )
    assert count_of(toy) == 10_788_929


def closed_form(config: GPTConfig) -> int:
    """Count by hand what the shapes say: 12 C^2 a block, the embeddings, and the biases that are asked for."""
    V, T, C, bias = config.vocab_size, config.block_size, config.n_embd, config.bias
    qkv_bias = bias if config.qkv_bias is None else config.qkv_bias
    block = 12 * C * C + 2 * C + bias * (2 * C + C + 4 * C + C) + qkv_bias * 3 * C
    head = config.lm_head_bias * V + (0 if config.tie_weights else V * C)
    return V * C + T * C + config.n_layer * block + C + bias * C + head


@settings(max_examples=40)
@given(
    sizes=st.fixed_dictionaries(
        {name: st.integers(1, 9) for name in ("block_size", "vocab_size", "n_layer", "n_head", "n_embd")}
    ),
    switches=st.fixed_dictionaries({name: st.booleans() for name in ("bias", "tie_weights", "lm_head_bias")}),
    qkv_bias=st.none() | st.booleans(),
)
def test_any_size_follows_the_closed_form(sizes, switches, qkv_bias):
    sizes["n_embd"] *= sizes["n_head"]
    config = GPTConfig(**sizes, **switches, qkv_bias=qkv_bias)
    assert count_of(config) == closed_form(config)


def test_the_parts_add_up_and_a_tied_matrix_counts_once(tiny_model):
    tied, untied = count_parameters(tiny_model()), count_parameters(tiny_model(tie_weights=False))
    assert tied == {
        "wte": 11 * 16,
        "wpe": 8 * 16,
        "ln_1": 2 * 32,
        "attn.c_attn": 2 * (16 * 48 + 48),
        "attn.c_proj": 2 * (16 * 16 + 16),
        "ln_2": 2 * 32,
        "mlp.c_fc": 2 * (16 * 64 + 64),
        "mlp.c_proj": 2 * (64 * 16 + 16),
        "ln_f": 32,
        "total": sum(count for part, count in tied.items() if part != "total"),
    }
    assert untied == tied | {"lm_head": 11 * 16, "total": tied["total"] + 11 * 16}
    assert tied["total"] == sum(parameter.numel() for parameter in tiny_model().parameters())


def test_counting_takes_no_memory_and_draws_no_random_number():
    before = torch.get_rng_state()
    config = GPTConfig(block_size=4096, vocab_size=200_000, n_layer=96, n_head=96, n_embd=12_288)
    assert count_of(config) == closed_form(config)  # 178 billion: 700 GB, were they there
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.empty(0).device.type == "cpu"


def test_a_bigram_model_counts_as_its_table():
    assert count_of(BigramConfig(block_size=8, vocab_size=65)) == 65 * 65
    assert count_parameters(build_model(BigramConfig(block_size=8, vocab_size=3)))["total"] == 9
