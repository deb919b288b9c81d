"""The family's shapes, held against transformers' own models and the papers' tables."""

import os
from pathlib import Path

import pytest
import torch

from core.config import BigramConfig, GPTConfig
from core.formula import count_of
from core.insight.parameters import total_of
from core.pretrained.family import FAMILY, FAMILY_NAMES, PUBLISHED, gpt2_config
from core.runs.cost import SHAKESPEARE_TOKENS, WEBTEXT_TOKENS, Speed, flops_per_token, pass_seconds
from core.runs.machine import step_flops


def test_every_model_of_the_family_has_a_name():
    assert list(FAMILY) == list(FAMILY_NAMES)


def test_a_published_model_is_found_by_its_name():
    assert {gpt2_config(name) for name in PUBLISHED} == {FAMILY[name] for name in PUBLISHED}


@pytest.mark.parametrize("name", ["gpt3", "gpt-2", "", None, 7, "x" * 1000])
def test_an_unpublished_model_is_refused_with_the_choices(name):
    choices = "choose one of: gpt2, gpt2-medium, gpt2-large, gpt2-xl, distilgpt2"
    with pytest.raises(ValueError, match=choices) as refused:
        gpt2_config(name)
    assert len(str(refused.value)) < 160


@pytest.mark.parametrize("name", FAMILY)
@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
def test_every_model_of_the_family_counts_as_transformers_own(name, tied):
    from transformers import GPT2Config, GPT2LMHeadModel

    config = FAMILY[name]
    shape = {"n_layer": config.n_layer, "n_head": config.n_head, "n_embd": config.n_embd}
    shape |= {"n_positions": config.block_size, "vocab_size": config.vocab_size}
    with torch.device("meta"):
        theirs = GPT2LMHeadModel(GPT2Config(**shape, tie_word_embeddings=tied))
    theirs.tie_weights()
    count = sum(p.numel() for p in theirs.parameters())
    assert count == theirs.num_parameters() == count_of(config.model_copy(update={"tie_weights": tied}))
    assert count == total_of(config, "once" if tied else "head_again")


def test_gpt3_has_the_size_that_its_papers_table_leads_to():
    L, C, V, T = 96, 96 * 128, 50_257, 2048  # layers, heads of 128, BPE tokens, context
    assert count_of(FAMILY["gpt3"]) == 12 * L * C * C + 13 * L * C + 2 * C + (V + T) * C == 174_604_259_328


def test_all_of_gpt2s_heads_are_64_wide():
    assert {FAMILY[name].n_embd / FAMILY[name].n_head for name in PUBLISHED} == {64}


@pytest.mark.parametrize("config", [FAMILY["gpt2"], BigramConfig(block_size=8, vocab_size=65)])
def test_a_training_token_costs_three_times_a_forward_one_of_a_bigram_twice_and_as_much_as_a_step_says(config):
    forward, training = flops_per_token(config)
    assert training == pytest.approx((2 if isinstance(config, BigramConfig) else 3) * forward)
    assert training * config.block_size * 4 == pytest.approx(step_flops(config, batch_size=4))


def test_a_pass_takes_what_its_operations_take_at_the_speed_of_the_machine():
    config, tokens = FAMILY["gpt2"], WEBTEXT_TOKENS["gpt2"]
    by_hand = tokens * flops_per_token(config)[1] / 1e11
    assert pass_seconds(config, tokens, Speed(0.0, 1e11)) == pytest.approx(by_hand, rel=1e-4)
    slower = pass_seconds(config, tokens, Speed(0.01, 1e11))
    assert slower - by_hand == pytest.approx(tokens / 1024 * 13 * 0.01, rel=1e-2)
    tiny = GPTConfig(block_size=4096, vocab_size=65, n_layer=1, n_head=1, n_embd=1)
    assert pass_seconds(tiny, 10, Speed(1.0, 1e11)) > 0  # less than one step is one


def test_tiny_shakespeare_has_the_tokens_that_are_said():
    path = Path(os.environ.get("GPT_PLAYGROUND_DATA", "")) / "tinyshakespeare.txt"
    if not path.is_file():
        pytest.skip("tinyshakespeare.txt is not in $GPT_PLAYGROUND_DATA")
    from core.tokenizers import BPETokenizer, split

    text = path.read_text(encoding="utf-8")
    tokens = BPETokenizer().encode(text)
    assert SHAKESPEARE_TOKENS == {"char": len(split(text, 1)[0]), "gpt2": len(split(tokens, 1)[0])}
