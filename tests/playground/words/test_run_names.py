"""Names of runs: by preset, what changed against it, and text."""

from dataclasses import replace

import pytest

from core.config import BigramConfig
from core.lab.variants import VARIANTS
from core.runs.config import RunConfig
from core.runs.plan import plan_run
from core.runs.presets import PRESETS
from core.text.corpora import Corpus
from playground.words.run_names import changed_preset, run_label, settings_of
from playground.words.translate import WORDS
from tests.tiny_runs import MODEL, TEXT, TRAIN
from tests.vietnamese import foreign_words


def _preset(name: str, corpus="plays", **changed) -> RunConfig:
    """Plan a preset as the form does, with some of its fields changed."""
    preset = PRESETS[name]
    model = preset.model | {key: value for key, value in changed.items() if key in preset.model}
    train = preset.train | {key: value for key, value in changed.items() if key not in preset.model}
    options = {"preset": name, "architecture": preset.architecture}
    return plan_run(Corpus(corpus, TEXT), options, model, train, memory=10**9).config


def _config(options=(), model=(), train=(), corpus="own") -> RunConfig:
    options, model = {"preset": "small", **dict(options)}, {**MODEL, **dict(model)}
    model = {"block_size": 8} if options.get("architecture") == "bigram" else model
    return plan_run(Corpus(corpus, TEXT), options, model, {**TRAIN, **dict(train)}, memory=10**9).config


def test_a_run_is_called_by_its_preset_and_text():
    assert run_label(_preset("small"), "en") == "small on Built-in plays"
    assert run_label(_preset("modern", corpus="shakespeare"), "vi") == "modern trên Tiny Shakespeare"
    assert run_label(_config({"preset": "mine"}), "en") == "mine on Your own text"
    assert run_label(_config({"preset": "welcome"}), "en").startswith("Welcome run")


def test_a_changed_preset_is_called_by_what_was_changed():
    assert run_label(_preset("tiny", n_layer=24), "en") == "tiny (n_layer 24) on Built-in plays"
    assert changed_preset(_preset("bigram", learning_rate=0.5, seed=85669), "vi") == "learning_rate 0,5, seed 85669"
    assert changed_preset(_preset("tiny", eval_interval=10), "en") == ""  # nothing that is learnt differs
    assert changed_preset(_config({"architecture": "bigram", "preset": "tiny"}), "en").startswith("architecture bigram")


def test_a_variant_is_called_by_what_is_broken_and_not_by_the_settings_that_follow():
    healthy = _preset("tiny", seed=7)
    broken = replace(healthy, variant="no_causal_mask")
    assert run_label(broken, "en") == "tiny (no causal mask, seed 7) on Built-in plays"
    assert run_label(broken, "vi") == "tiny (không có mặt nạ nhân quả, seed 7) trên Kịch có sẵn"
    for name, model, train in (
        ("one_head", {"n_head": 1}, {}),
        ("learning_rate_x_100", {}, {"learning_rate": 0.6, "muon_learning_rate": 3.0}),
    ):
        shape, rates = healthy.model.model_copy(update=model), healthy.train.model_copy(update=train)
        said = changed_preset(replace(healthy, model=shape, train=rates, variant=name), "en")
        assert said == {"one_head": "one head, seed 7"}.get(name, "learning rate × 100, seed 7")
    bigram = BigramConfig(block_size=32, vocab_size=healthy.model.vocab_size)
    assert (
        changed_preset(replace(healthy, model=bigram, variant="no_attention"), "en") == "no attention: a bigram, seed 7"
    )
    welcome = replace(broken, preset="welcome")
    assert run_label(welcome, "en") == "tiny (no causal mask) on Built-in plays"
    assert settings_of(broken)["variant"] == "no_causal_mask" and "variant" not in settings_of(healthy)


def test_every_variant_has_its_words_in_both_languages():
    for name in VARIANTS:
        english, vietnamese = WORDS[f"variant_{name}"]
        assert english != vietnamese and foreign_words(vietnamese) == []


def test_an_own_text_is_called_by_its_title():
    assert run_label(_config({"preset": "mine"}), "en", "Ngày xưa …") == "mine on “Ngày xưa …”"
    assert run_label(_preset("tiny"), "en", "not its own") == "tiny on Built-in plays"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"learning_rate": 0.01}, "learning_rate 0.01"),
        ({"n_layer": 3, "steps": 9}, "n_layer 3, steps 9"),
        ({"n_layer": 3, "n_head": 4, "n_embd": 32, "seed": 3}, "n_layer 3, n_head 4, n_embd 32, seed 3"),
        (
            {"n_layer": 3, "n_head": 4, "n_embd": 32, "steps": 9, "seed": 85669},
            "n_layer 3, n_head 4, n_embd 32, …, seed 85669",
        ),
    ],
)
def test_changes_are_listed_and_many_are_cut_short(changed, said):
    assert changed_preset(_preset("tiny", **changed), "en") == said
