"""The presets: each is a run that could start, of the size that it is known for."""

import pytest
import torch

from core.architectures import ARCHITECTURES, build_model
from core.config import BigramConfig, GPTConfig, TrainConfig
from core.formula import count_of
from core.runs.cost import bytes_needed
from core.runs.plan import RunOptions
from core.runs.presets import DEFAULT_PRESET, PRESETS
from core.tokenizers import GPT2_VOCAB_SIZE
from core.training import train


def shape_of(name: str, characters: int = 65) -> GPTConfig | BigramConfig:
    preset = PRESETS[name]
    size = GPT2_VOCAB_SIZE if preset.tokenizer == "gpt2" else characters
    return ARCHITECTURES[preset.architecture].parse({**preset.model, "vocab_size": size})


def test_every_preset_lies_within_the_bounds_of_its_options():
    for name, preset in PRESETS.items():
        assert shape_of(name) and TrainConfig.parse(preset.train)
        RunOptions.parse({"preset": name, "architecture": preset.architecture, "tokenizer": preset.tokenizer})


def test_every_preset_has_the_parameters_that_it_is_known_for():
    # bigram: 65 x 65. tiny: 12 C^2 + 2 C a block (no biases), embeddings 97 C, C for the last LayerNorm; so the others.
    known = {
        "bigram": 65 * 65,
        "tiny": 2 * (12 * 64**2 + 2 * 64) + (65 + 32 + 1) * 64,
        "express": 2 * (12 * 128**2 + 2 * 128) + (65 + 64 + 1) * 128,
        "small": 4 * (12 * 128**2 + 2 * 128) + (65 + 64 + 1) * 128,
        "modern": 4 * 12 * 128**2 + 2 * 65 * 128,
        "best": 4 * (12 * 256**2 + 2 * 256) + (65 + 128 + 1) * 256,
        "lecture": 10_788_929,
        "gpt2": 124_439_808,
        "finetune": 124_439_808 - (1024 - 128) * 768,
    }
    assert {name: count_of(shape_of(name)) for name in known} == known


def test_the_sizes_are_those_of_every_preset_and_grow():
    sizes = [count_of(shape_of(name)) for name in PRESETS if PRESETS[name].weights == "new"]
    assert sizes == sorted(sizes, key=lambda size: round(size, -4))  # modern and small differ by little
    assert DEFAULT_PRESET in PRESETS


def test_the_small_presets_fit_any_machine_and_gpt2_a_large_one():
    needed = {name: bytes_needed(shape_of(name), TrainConfig.parse(PRESETS[name].train).batch_size) for name in PRESETS}
    assert max(needed[name] for name in ("bigram", "tiny", "express", "small", "modern", "best")) < 0.5e9
    assert needed["lecture"] < 5e9 and needed["gpt2"] < 8e9


@pytest.mark.parametrize("name", ["bigram", "tiny"])
def test_a_few_steps_of_a_preset_learn_something(name):
    torch.manual_seed(1)
    config = TrainConfig.parse({**PRESETS[name].train, "steps": 15, "warmup_steps": 0, "batch_size": 8})
    text = torch.arange(1500) % 65
    losses = [stats.loss for stats in train(build_model(shape_of(name)), text, config)]
    assert losses[-1] < losses[0] - 0.3
