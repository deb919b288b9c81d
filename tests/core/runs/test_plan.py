"""A plan: all that was asked for is checked before anything is made, and a refusal is one sentence."""

import math
import subprocess
import sys
import unicodedata
from dataclasses import replace

import numpy as np
import pytest

from core.config import BigramConfig, GPTConfig, TrainConfig
from core.downloads import DownloadError, find_file
from core.formula import count_of
from core.runs.config import tokenizer_from_json
from core.runs.cost import bytes_needed, check_fits
from core.runs.plan import RunOptions, again, plan_run
from core.runs.presets import PRESETS
from core.runs.training_run import train_run
from core.text.corpora import Corpus, load_corpus, own_text
from core.text.ngrams import baselines
from core.tokenizers import GPT2_VOCAB_SIZE, MERGES_NAMES, MERGES_SHA256, CharTokenizer
from tests import tiny_runs

TEXT = "a small text, over and over again\n" * 40
OWN = own_text(TEXT)
MODEL = {"block_size": 8, "n_layer": 1, "n_head": 2, "n_embd": 8}
WRONG = [math.nan, math.inf, -math.inf, None, "abc", "5", [], [1], {}, 10**30, -(10**30), -1, 2.5, True, b"5", object()]


def refusal(options=(), model=(), train=(), corpus: Corpus = OWN, memory: int = 10**9) -> str:
    """Return the sentence that a plan is refused with."""
    with pytest.raises(ValueError) as caught:
        plan_run(corpus, dict(options), {**MODEL, **dict(model)}, dict(train), memory=memory)
    sentence = str(caught.value)
    assert "\n" not in sentence and 10 < len(sentence) < 700
    return sentence


# -- plans ------------------------------------------------------------------------------------------------------------


def test_a_plan_says_all_that_the_run_will_be(tmp_path):
    options = {"preset": "tiny", "prompt": "a small", "sample_tokens": 7, "device": "cpu"}
    plan = plan_run(OWN, options, MODEL, {"steps": 3, "seed": 5}, owner="me")
    config = plan.config
    assert (config.corpus, config.preset, config.device, config.owner) == ("own", "tiny", "cpu", "me")
    assert (config.prompt, config.sample_tokens, config.entropy) == ("a small", 7, None)
    assert config.model == GPTConfig(vocab_size=len(set(TEXT)), **MODEL)
    assert config.train == TrainConfig(steps=3, seed=5)
    assert tokenizer_from_json(config.tokenizer).chars == CharTokenizer.from_text(TEXT).chars
    assert plan.parameters == count_of(config.model) and plan.bytes_needed == bytes_needed(config.model, 16)
    run = plan.create(tmp_path, "a-run")
    assert replace(run.config(), text_sha256=None) == config and run.text() == TEXT


def test_options_left_out_are_the_defaults_and_whole_floats_are_numbers():
    plan = plan_run(OWN, {}, {**MODEL, "n_embd": 8.0}, {"steps": 3.0})
    assert plan.config.prompt == "\n" and plan.config.device == "auto"
    assert (plan.config.model.n_embd, plan.config.train.steps) == (8, 3)


def test_a_text_without_line_ends_is_gone_on_with_from_its_first_character():
    plan = plan_run(own_text("abcd" * 100), {}, MODEL, {})
    assert plan.config.prompt == "a"


def test_a_bigram_is_planned_by_its_block_alone():
    plan = plan_run(OWN, {"architecture": "bigram"}, {"block_size": 8}, {})
    assert isinstance(plan.config.model, BigramConfig) and plan.parameters == len(set(TEXT)) ** 2


def test_every_preset_can_be_planned_on_a_built_in_text():
    corpus = load_corpus("plays")
    for name, preset in PRESETS.items():
        if preset.tokenizer == "char":
            options = {"preset": name, "architecture": preset.architecture, "tokenizer": preset.tokenizer}
            assert plan_run(corpus, options, preset.model, preset.train, memory=2**36).config.preset == name


# -- refusals ---------------------------------------------------------------------------------------------------------


def test_too_short_a_text_is_refused_with_the_numbers():
    sentence = refusal(corpus=own_text("to be or not to be, that is the question"), model={"block_size": 32})
    assert "The text has 40 tokens, but block_size=32 needs at least 330" in sentence
    assert "lower block_size to 3 or add text" in sentence


def test_many_different_characters_are_a_matter_of_the_tokenizer():
    chinese = own_text("".join(map(chr, range(0x4E00, 0x4E00 + 1001))) * 2)
    assert refusal(corpus=chinese) == (
        "The text has 1,001 different characters, over the limit of 1,000 as each would be a token of its own; "
        "choose tokenizer='gpt2', which reads every text, or use a text in an alphabet"
    )
    if find_file(MERGES_NAMES, MERGES_SHA256):
        plan = plan_run(chinese, {"tokenizer": "gpt2"}, MODEL, {}, memory=10**9)
        assert plan.config.model.vocab_size == 50_257 and plan.config.corpus_title == chinese.title


def test_a_sample_prompt_in_the_other_spelling_is_the_same_prompt():
    text = own_text("bốn năm " * 40)
    assert plan_run(text, {"prompt": unicodedata.normalize("NFD", "bốn")}, MODEL, {}).config.prompt == "bốn"


def test_what_would_not_fit_is_refused_with_the_numbers():
    sentence = refusal(model={"n_embd": 1024, "n_layer": 24}, train={"batch_size": 64}, memory=3_000_000_000)
    needed = bytes_needed(GPTConfig(**MODEL | {"n_embd": 1024, "n_layer": 24, "vocab_size": len(set(TEXT))}), 64)
    assert f"about {needed / 1e9:,.1f} GB to train, but 3.0 GB may be used here" in sentence
    assert "each of these alone would fit: n_layer=6" in sentence
    assert "lower batch_size, block_size, n_layer or n_embd" in refusal(memory=1000)


def test_the_largest_model_of_all_is_refused_and_not_built():
    largest = {name: GPTConfig.bounds(name)[1] for name in ("block_size", "n_layer", "n_head", "n_embd")}
    assert "GB to train" in refusal(model=largest, train={"batch_size": 1024})


def test_memory_may_be_used_to_the_last_byte_and_no_further():
    shape = GPTConfig(vocab_size=65, **MODEL)
    needed = bytes_needed(shape, 4)
    check_fits(shape, 4, needed)
    with pytest.raises(ValueError, match="need about"):
        check_fits(shape, 4, needed - 1)


def test_a_width_that_the_heads_do_not_divide_is_refused_with_one_that_they_do():
    assert refusal(model={"n_embd": 100, "n_head": 3}) == (
        "n_embd=100 is not divisible by n_head=3; try n_embd=99 or 102"
    )


@pytest.mark.parametrize("part", [RunOptions, GPTConfig, TrainConfig], ids=lambda part: part.__name__)
def test_no_field_takes_what_is_not_of_its_kind_and_each_refusal_names_it(part):
    place = {RunOptions: "options", GPTConfig: "model", TrainConfig: "train"}[part]
    for name in part.model_fields.keys() - {"vocab_size"}:
        kind = part.model_fields[name].annotation
        fine = [value for value in WRONG if kind is str and isinstance(value, str)]
        fine += [value for value in WRONG if bool in getattr(kind, "__args__", (kind,)) and value is True]
        fine += [None] if type(None) in getattr(kind, "__args__", ()) else []
        fine += [2.5] if kind is float and part.bounds(name)[1] > 2.5 else []
        fine += [value for value in WRONG if value in ([], [1]) and kind == list[int]]
        for value in WRONG:
            if not any(value is one for one in fine):
                sentence = refusal(**{place: {name: value}})
                assert sentence.startswith(f"{name}="), (name, value, sentence)


def test_an_unknown_option_is_refused_with_those_there_are():
    for place, name in (("options", "pickle"), ("model", "n_heads"), ("train", "__class__"), ("train", "x" * 9999)):
        sentence = refusal(**{place: {name: 5}})
        assert sentence.startswith("There is no option called '") and "; the options are " in sentence


def test_options_that_are_no_object_are_refused():
    for place in (1, 2, 3):
        for value in (None, 5, "abc", [], [1, 2], [("n_head", 2)]):
            parts = [OWN, {}, MODEL, {}]
            parts[place] = value
            said = tiny_runs.refusal(plan_run, *parts)
            assert "named fields" in said, (place, value, said)


def test_a_bigram_cannot_start_from_gpt2s_weights():
    said = tiny_runs.refusal(plan_run, OWN, {"architecture": "bigram", "weights": "gpt2"}, {"block_size": 8}, {})
    assert said == "architecture='bigram' does not fit GPT-2's weights; choose architecture='gpt'"


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert refusal({"device": "cuda"}).startswith("device='cuda' is not on this machine; choose auto")


def test_a_prompt_with_characters_that_the_text_never_uses_is_refused_with_their_names():
    for prompt in ("a Zebra", "\u0416", "a\x00", "\ud800", "\U0001f600" * 100):
        sentence = refusal({"prompt": prompt})
        assert sentence.startswith(("The sample prompt has characters that the text never uses: '", "prompt="))


def test_a_prompt_from_windows_is_understood():
    assert plan_run(OWN, {"prompt": "a\r\na"}, MODEL, {}).config.prompt == "a\na"


def test_word_pieces_that_cannot_be_had_are_refused_with_a_remedy(tmp_path, monkeypatch):
    def offline(*arguments) -> None:
        raise DownloadError("No network")

    monkeypatch.setattr("core.tokenizers.find_file", lambda *_: None)
    monkeypatch.setattr("core.tokenizers.fetch", offline)
    with pytest.raises(OSError, match="No network, or choose the character tokenizer, which needs no file"):
        plan_run(OWN, {"tokenizer": "gpt2"}, MODEL, {})


# -- once more --------------------------------------------------------------------------------------------------------


def test_the_same_run_again_has_the_same_losses_and_with_a_new_seed_others(tmp_path):
    first = plan_run(OWN, {"sample_tokens": 2}, MODEL, {"steps": 4}, owner="me").create(tmp_path)
    runs = [first, again(first).create(tmp_path), again(first, new_seed=True).create(tmp_path)]
    losses = [[stats.loss for stats in train_run(run)] for run in runs]
    assert losses[0] == losses[1] != losses[2]
    assert [run.config().owner for run in runs] == ["me", "me", "me"]
    assert len({run.id for run in runs}) == 3 and len({run.config().created for run in runs}) == 3


# -- what loss is worth -----------------------------------------------------------------------------------------------


def test_the_plays_have_an_entropy_near_six_tenths_that_no_counting_model_reaches():
    corpus = load_corpus("plays")
    plan = plan_run(corpus, {}, MODEL, {})
    ids = tokenizer_from_json(plan.config.tokenizer).encode(corpus.text)
    at = len(ids) * 9 // 10
    counted = baselines(np.array(ids[:at]), np.array(ids[at:]), plan.config.model.vocab_size)
    assert 0.5 < plan.config.entropy < 0.7
    losses = [plan.config.entropy, *(counted[key] for key in ("ngram", "trigram", "bigram", "unigram", "uniform"))]
    assert losses == sorted(losses)


# -- memory -----------------------------------------------------------------------------------------------------------

MEASURE = """
import resource, sys, torch
from core.architectures import build_model
from core.config import GPTConfig, TrainConfig
from core.runs.cost import bytes_needed
from core.runs.memory import keep_freed_memory
from core.training import train
torch.set_num_threads(1)
keep_freed_memory()
def peak(shape):
    tokens = torch.arange(20_000) % 65
    list(train(build_model(shape), tokens, TrainConfig(steps=4, batch_size=16, eval_tokens=64)))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
before = peak(GPTConfig(block_size=8, vocab_size=65, n_layer=1, n_head=1, n_embd=8))
T, V, L, nh, C = map(int, sys.argv[1:])
shape = GPTConfig(block_size=T, vocab_size=V, n_layer=L, n_head=nh, n_embd=C)
print(bytes_needed(shape, 16) / (peak(shape) - before))
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ru_maxrss has other units elsewhere")
@pytest.mark.parametrize(
    ("shape", "least", "most"),
    [((128, 65, 6, 6, 384), 0.5, 2.0), ((64, GPT2_VOCAB_SIZE, 4, 4, 128), 0.85, 1.4)],
    ids=["characters", "GPT-2's tokenizer with a small model"],
)
def test_the_memory_that_is_asked_for_is_about_what_training_takes(shape, least, most):
    command = [sys.executable, "-c", MEASURE, *map(str, shape)]
    found = subprocess.run(command, cwd=tiny_runs.PROJECT, capture_output=True, text=True, check=True)
    assert least < float(found.stdout) < most
