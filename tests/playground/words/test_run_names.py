"""Names of runs: by preset and text, and beside another run by what changed."""

import dataclasses

import pytest

from core.runs.config import RunConfig
from core.runs.plan import plan_run
from core.text.corpora import Corpus
from playground.words.run_names import run_label, what_changed
from tests.tiny_runs import MODEL, TEXT, TRAIN


def _config(options=(), model=(), train=(), corpus="own") -> RunConfig:
    options, model = {"preset": "small", **dict(options)}, {**MODEL, **dict(model)}
    model = {"block_size": 8} if options.get("architecture") == "bigram" else model
    return plan_run(Corpus(corpus, TEXT), options, model, {**TRAIN, **dict(train)}, memory=10**9).config


def test_a_run_is_called_by_its_preset_and_text():
    assert run_label(_config(), "en") == "small on Your own text"
    assert run_label(_config({"preset": "lecture"}, corpus="shakespeare"), "vi") == "lecture trên Tiny Shakespeare"
    assert run_label(_config({"preset": "mine"}), "en") == "mine on Your own text"
    assert run_label(_config({"preset": "welcome"}), "en").startswith("Welcome run")


def test_the_same_settings_are_called_the_same():
    later = dataclasses.replace(_config(), created=5.0, owner="other", preset="custom")
    assert what_changed(_config(), later, "en") == "same settings"


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"train": {"learning_rate": 0.01}}, "learning_rate 0.01"),
        ({"train": {"seed": 7}}, "seed 7"),
        ({"model": {"n_layer": 2}, "train": {"steps": 9}}, "n_layer 2, steps 9"),
        ({"model": {"tie_weights": False}}, "tie_weights False"),
        ({"corpus": "plays"}, "Built-in plays"),
        ({"options": {"architecture": "bigram", "preset": "bigram"}}, "bigram"),
        ({"options": {"architecture": "bigram", "preset": "odd"}}, "bigram"),
        ({"train": {"eval_interval": 9, "eval_tokens": 80}}, "same settings"),  # nothing that is learnt differs
    ],
)
def test_another_run_is_called_by_what_changed(other, said):
    assert what_changed(_config(), _config(**other), "en") == said


def test_of_another_architecture_a_preset_is_called_by_its_name():
    bigram = _config({"architecture": "bigram", "preset": "bigram"})
    assert what_changed(bigram, _config({"preset": "lecture"}), "vi") == "lecture"
    assert what_changed(bigram, _config({"preset": "gpt2"}), "en") == "GPT-2 small, from scratch"


def test_numbers_of_a_name_follow_the_language():
    assert what_changed(_config(), _config(train={"learning_rate": 0.01}), "vi") == "learning_rate 0,01"


def test_many_changes_are_cut_short():
    other = _config(model={"n_layer": 2, "n_head": 4, "n_embd": 16}, train={"seed": 3})
    assert what_changed(_config(), other, "en") == "n_layer 2, n_head 4, n_embd 16, …"
