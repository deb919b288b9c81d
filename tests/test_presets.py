"""The presets: each is a run that could start, of the size that it is known for."""

import pytest
import torch

from core.model import BigramConfig, GPTConfig, build_model
from core.parameters import count_of
from core.planning import RunOptions, bytes_needed
from core.presets import DEFAULT_PRESET, PRESETS
from core.tokenizers import GPT2_VOCAB_SIZE
from core.training import TrainConfig, train


def shape_of(name: str, characters: int = 65) -> GPTConfig | BigramConfig:
    preset = PRESETS[name]
    shape = BigramConfig if preset.architecture == "bigram" else GPTConfig
    size = GPT2_VOCAB_SIZE if preset.tokenizer == "gpt2" else characters
    return shape.parse({**preset.model, "vocab_size": size})


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_lies_within_the_bounds_of_its_options(name):
    preset = PRESETS[name]
    assert shape_of(name) and TrainConfig.parse(preset.train)
    RunOptions.parse({"preset": name, "architecture": preset.architecture, "tokenizer": preset.tokenizer})


@pytest.mark.parametrize(
    ("name", "count"),
    # bigram: 65 x 65. tiny: 12 C^2 + 13 C a block, embeddings 97 C, and 2 C for the last LayerNorm; small likewise.
    [
        ("bigram", 65 * 65),
        ("tiny", 2 * (12 * 64**2 + 13 * 64) + (65 + 32 + 2) * 64),
        ("small", 4 * (12 * 128**2 + 13 * 128) + (65 + 64 + 2) * 128),
        ("lecture", 10_788_929),
        ("gpt2", 124_439_808),
    ],
)
def test_every_preset_has_the_parameters_that_it_is_known_for(name, count):
    assert count_of(shape_of(name)) == count


def test_the_sizes_are_those_of_every_preset_and_grow():
    sizes = [count_of(shape_of(name)) for name in PRESETS]
    assert sizes == sorted(sizes)
    assert DEFAULT_PRESET in PRESETS


def test_the_small_presets_fit_any_machine_and_gpt2_a_large_one():
    needed = {name: bytes_needed(shape_of(name), TrainConfig.parse(PRESETS[name].train).batch_size) for name in PRESETS}
    assert max(needed[name] for name in ("bigram", "tiny", "small")) < 0.2e9
    assert needed["lecture"] < 5e9 and needed["gpt2"] < 8e9


@pytest.mark.parametrize("name", ["bigram", "tiny"])
def test_a_few_steps_of_a_preset_learn_something(name):
    torch.manual_seed(1)
    config = TrainConfig.parse({**PRESETS[name].train, "steps": 15, "warmup_steps": 0, "batch_size": 8})
    text = torch.arange(1500) % 65
    losses = [stats.loss for stats in train(build_model(shape_of(name)), text, config)]
    assert losses[-1] < losses[0] - 0.3
