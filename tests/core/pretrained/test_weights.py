"""Weights in files: what is not this model's is refused with a sentence, and nothing in a file is ever executed."""

import os
import pickle
import random

import pytest
import torch
from safetensors.torch import save_file

from core.config import BigramConfig, TrainConfig
from core.model import Bigram
from core.optim import block_matrices, make_optimizer
from core.pretrained.weights import (
    check_weights,
    load_optimizer,
    load_weights,
    optimizer_tensors,
    read_tensors,
    save_tensors,
    weights,
)
from core.training import train

SHAPES = {"tied": {}, "untied": {"tie_weights": False, "lm_head_bias": True}, "plain": {"bias": False}}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("assign", [True, False])
def test_weights_come_back_from_a_file_as_they_were(tiny_model, tmp_path, shape, assign):
    model, other = tiny_model(seed=1, **shape), tiny_model(seed=2, **shape)
    save_tensors(weights(model), tmp_path / "model.safetensors")
    load_weights(other, read_tensors(tmp_path / "model.safetensors"), assign=assign)
    idx = torch.arange(8)[None]
    assert torch.equal(model(idx)[0], other(idx)[0])
    assert (other.lm_head.weight is other.transformer["wte"].weight) is ("tie_weights" not in shape)
    assert all(parameter.requires_grad for parameter in other.parameters())


def test_a_tied_matrix_is_written_once_as_in_the_published_file(tiny_model):
    assert "lm_head.weight" not in weights(tiny_model())
    assert "lm_head.weight" in weights(tiny_model(tie_weights=False))


def test_a_bigram_is_its_table(tmp_path):
    model, other = (Bigram(BigramConfig(block_size=4, vocab_size=7)) for _ in range(2))
    save_tensors(weights(model), tmp_path / "m")
    load_weights(other, read_tensors(tmp_path / "m"))
    assert list(weights(model)) == ["wte.weight"] and torch.equal(model.wte.weight, other.wte.weight)


REFUSED = {
    "missing": (lambda w: w.pop("transformer.wte.weight"), "'transformer.wte.weight' is missing"),
    "none": (lambda w: w.clear(), "is missing"),
    "unknown": (lambda w: w.update({"wild" * 50: torch.zeros(1)}), "'wildwild[^\n]*' is not part of this model"),
    "shape": (
        lambda w: w.update({"transformer.wpe.weight": torch.zeros(9, 16)}),
        r"transformer.wpe.weight has shape \(9, 16\), expected \(8, 16\)",
    ),
    "turned": (lambda w: w.update({"transformer.wte.weight": torch.zeros(16, 11)}), r"shape \(16, 11\)"),
    "NaN": (lambda w: w["transformer.ln_f.bias"][3].fill_(torch.nan), "ln_f.bias holds values that are not numbers"),
    "infinity": (lambda w: w["transformer.ln_f.bias"][3].fill_(torch.inf), "values that are not numbers"),
    "half": (lambda w: w.update({k: v.half() for k, v in w.items()}), "has type torch.float16, expected torch.float32"),
    "whole": (lambda w: w.update({k: v.long() for k, v in w.items()}), "has type torch.int64"),
}


@pytest.mark.parametrize(("spoil", "reason"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("assign", [True, False])
def test_what_is_not_this_models_is_refused_with_a_sentence_and_changes_nothing(tiny_model, spoil, reason, assign):
    model = tiny_model(seed=1)
    tensors = {name: value.clone() for name, value in weights(tiny_model(seed=2)).items()}
    check_weights(model, tensors)
    spoil(tensors)
    with pytest.raises(ValueError, match=reason):
        load_weights(model, tensors, assign=assign)
    assert all(map(torch.equal, model.parameters(), tiny_model(seed=1).parameters()))


class Trap:
    """What a pickle may be: a command that runs when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


@pytest.mark.parametrize("write", [pickle.dump, torch.save], ids=["pickle", "torch"])
def test_a_pickle_by_another_name_is_refused_and_not_executed(tmp_path, write):
    path = tmp_path / "model.safetensors"
    with open(path, "wb") as file:
        write(Trap(tmp_path / "sprung"), file)
    with pytest.raises(ValueError, match=r"/model.safetensors cannot be read \([^\n]+\)$"):
        read_tensors(path)
    assert not (tmp_path / "sprung").exists()


def test_a_missing_file_or_a_folder_is_refused_with_a_sentence(tmp_path):
    for path in (tmp_path / "gone.safetensors", tmp_path):
        with pytest.raises(ValueError, match="cannot be read"):
            read_tensors(path)


def test_a_file_damaged_anywhere_is_read_or_refused_but_never_an_error(tmp_path, tiny_model):
    path = tmp_path / "model.safetensors"
    model = tiny_model(n_layer=1)
    save_tensors(weights(model), path)
    whole, dice = path.read_bytes(), random.Random(1)
    read = 0
    for _ in range(300):
        damaged = bytearray(whole)
        if dice.random() < 0.3:
            del damaged[dice.randrange(len(whole)) :]
        for _ in range(dice.randrange(1, 4)):
            at = dice.randrange(min(len(damaged), dice.choice((9, 1500, len(whole)))) or 1)
            damaged[at : at + 1] = bytes([dice.randrange(256)])
        path.write_bytes(damaged)
        try:
            load_weights(model, read_tensors(path))
            read += 1
        except ValueError as error:
            assert "\n" not in str(error) and len(str(error)) < 250
    assert 0 < read < 200


def test_what_the_system_refuses_to_write_is_its_own_error_with_its_number(tmp_path):
    """So that who meets it can tell a full disk from others, as from any other write."""
    with pytest.raises(FileNotFoundError) as raised:
        save_tensors({"a": torch.zeros(2)}, tmp_path / "not there" / "m.safetensors")
    assert (raised.value.errno, raised.value.strerror) == (2, "No such file or directory")
    assert str(tmp_path) in raised.value.filename


# -- the optimizer ----------------------------------------------------------------------------------------------------


@pytest.fixture
def trained(tiny_model):
    model = tiny_model()
    config = TrainConfig(steps=2, batch_size=2)
    optimizer = make_optimizer(model, config)
    list(train(model, torch.arange(300) % 11, config, optimizer=optimizer))
    return optimizer


def test_an_optimizers_memory_comes_back_from_a_file_as_it_was(trained, tiny_model, tmp_path):
    save_tensors(optimizer_tensors(trained), tmp_path / "o")
    model = tiny_model()
    other = make_optimizer(model, TrainConfig())
    load_optimizer(other, read_tensors(tmp_path / "o"))
    before, after = optimizer_tensors(trained), optimizer_tensors(other)
    blocks = block_matrices(model)
    adamw = len(list(model.parameters())) - sum(len(group["params"]) for group in blocks)
    assert before.keys() == after.keys() and len(before) == 3 * adamw + len(blocks)
    assert all(torch.equal(before[name], after[name]) for name in before)


OTHERS = {
    "nothing": lambda t: t.clear(),
    "missing": lambda t: t.pop("0.3.exp_avg"),
    "unknown": lambda t: t.update({"0.99.exp_avg": torch.zeros(1)}),
    "no number": lambda t: t.update({"x.exp_avg": torch.zeros(1)}),
    "no dot": lambda t: t.update({"weight": torch.zeros(1)}),
    "shape": lambda t: t.update({"0.0.exp_avg_sq": torch.zeros(2, 2)}),
    "NaN": lambda t: t["0.1.exp_avg"].fill_(torch.nan),
    "another part": lambda t: t.update({"2.0.momentum": t["1.0.momentum"]}),
    "Muon's shape": lambda t: t.update({"1.0.momentum": torch.zeros(2, 2)}),
    "type": lambda t: t.update({"0.0.exp_avg": t["0.0.exp_avg"].double()}),
}


@pytest.mark.parametrize("spoil", OTHERS.values(), ids=OTHERS)
def test_the_memory_of_another_optimizer_is_refused_and_changes_nothing(trained, tiny_model, spoil):
    tensors = {name: value.clone() for name, value in optimizer_tensors(trained).items()}
    spoil(tensors)
    fresh = make_optimizer(tiny_model(), TrainConfig())
    with pytest.raises(ValueError):
        load_optimizer(fresh, tensors)
    assert not any(value.any() for value in optimizer_tensors(fresh).values())


def test_a_file_can_be_read_by_who_knows_only_safetensors(tmp_path, tiny_model):
    save_file(weights(tiny_model()), tmp_path / "theirs")
    save_tensors(weights(tiny_model()), tmp_path / "ours")
    assert (tmp_path / "theirs").read_bytes() == (tmp_path / "ours").read_bytes()
