"""Our GPT and Hugging Face's GPT-2 are one model in two layouts: same logits, and back without a bit lost."""

import hashlib
import json

import pytest
import torch
from safetensors import safe_open

from core import tokenizers
from core.config import BigramConfig, GPTConfig, ModernConfig
from core.model import GPT, Bigram, eval_mode
from core.modern import Modern
from core.pretrained.conversion import from_hf, hf_shapes, save_hf, to_hf
from core.pretrained.family import gpt2_config
from core.tokenizers import BPETokenizer, CharTokenizer
from tests.hub import merges_text

SHAPES = {
    "two layers": {},
    "one layer, one head": {"n_layer": 1, "n_head": 1, "n_embd": 6},
    "three odd heads": {"n_head": 3, "n_embd": 15},
    "an untied head": {"tie_word_embeddings": False},
    "relu": {"activation_function": "relu"},
    "the other name of the tanh GELU": {"activation_function": "gelu_pytorch_tanh"},
    "n_inner said": {"n_inner": 64},
    "scores in another order": {"reorder_and_upcast_attn": True, "attn_implementation": "eager"},
}


def random_hf(seed=0, **options):
    """Build a Hugging Face GPT-2 whose every number is random, biases and gains too, and large enough to matter."""
    from transformers import GPT2Config, GPT2LMHeadModel

    shape = {"vocab_size": 31, "n_positions": 12, "n_embd": 16, "n_layer": 2, "n_head": 2}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = GPT2LMHeadModel(GPT2Config(**shape | {"bos_token_id": None, "eos_token_id": None} | options))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_(std=0.4)
    return model.eval()


def random_gpt(**options):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        shape = {"block_size": 12, "vocab_size": 31, "n_layer": 2, "n_head": 2, "n_embd": 16}
        model = GPT(GPTConfig.parse(shape | options))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_(std=0.4)
    return model.eval()


def ids(T, V=31):
    return torch.randint(0, V, (2, T), generator=torch.Generator().manual_seed(T))


def farthest(ours, theirs, T):
    with torch.no_grad():
        return (ours(ids(T))[0] - theirs(ids(T)).logits).abs().max().item()


def same(left, right):
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize("options", SHAPES.values(), ids=SHAPES)
def test_our_gpt_with_the_weights_of_a_gpt2_gives_its_logits(options):
    theirs = random_hf(**options)
    ours = from_hf(theirs)
    assert not ours.training
    assert max(farthest(ours, theirs, T) for T in (1, 5, 12)) < 1e-4
    assert (ours.lm_head.weight is ours.transformer["wte"].weight) == options.get("tie_word_embeddings", True)


@pytest.mark.parametrize("options", SHAPES.values(), ids=SHAPES)
def test_there_and_back_no_bit_is_lost(options):
    theirs = random_hf(**options)
    assert same(to_hf(from_hf(theirs)).state_dict(), theirs.state_dict())


@pytest.mark.parametrize("options", [{}, {"tie_weights": False}, {"activation": "relu"}, {"dropout": 0.2}])
def test_back_and_there_the_model_and_its_shape_are_the_same(options):
    ours = random_gpt(**options)
    again = from_hf(to_hf(ours))
    assert again.config == ours.config
    assert same(again.state_dict(), ours.state_dict())


@pytest.mark.parametrize("options", [{"bias": False}, {"qkv_bias": False}, {"bias": False, "qkv_bias": True}])
def test_a_bias_that_is_missing_becomes_zero_and_the_logits_stay(options):
    ours = random_gpt(**options)
    theirs = to_hf(ours)
    assert not theirs.training
    assert max(farthest(ours, theirs, T) for T in (1, 12)) < 1e-4


def test_neither_side_shares_memory_with_the_other():
    theirs = random_hf()
    ours = from_hf(theirs)
    before = ours.state_dict()["transformer.h.0.ln_1.bias"].clone()
    back = to_hf(ours)
    with torch.no_grad():
        for parameter in (*theirs.parameters(), *back.parameters()):
            parameter.zero_()
    assert torch.equal(ours.state_dict()["transformer.h.0.ln_1.bias"], before)


def test_weights_of_half_precision_are_taken_as_they_are():
    theirs = random_hf().to(torch.bfloat16)
    weight = from_hf(theirs).transformer["wte"].weight
    assert weight.dtype == torch.float32
    assert torch.equal(weight, theirs.transformer.wte.weight.float())


def test_a_conversion_draws_nothing_from_the_worlds_randomness():
    ours = random_gpt()
    state = torch.get_rng_state()
    from_hf(to_hf(ours))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    "options, cause",
    [
        ({"activation_function": "gelu"}, "activation_function='gelu'"),  # the exact GELU, not the tanh form
        ({"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx=True"),
        ({"scale_attn_weights": False}, "scale_attn_weights=False"),
        ({"layer_norm_epsilon": 1e-6}, "layer_norm_epsilon=1e-06"),
        ({"n_inner": 32}, "n_inner=32"),
    ],
)
def test_a_gpt2_that_computes_something_else_is_refused(options, cause):
    with pytest.raises(ValueError, match=cause):
        from_hf(random_hf(**options))


def test_weights_that_are_not_numbers_are_refused():
    theirs = random_hf()
    with torch.no_grad():
        theirs.transformer.h[1].mlp.c_fc.weight[0, 0] = torch.nan
    with pytest.raises(ValueError, match="h.1.mlp.c_fc.weight holds values that are not numbers"):
        from_hf(theirs)


def test_what_gpt2_cannot_express_is_refused():
    with pytest.raises(ValueError, match="output layer has no bias"):
        to_hf(random_gpt(lm_head_bias=True))
    with pytest.raises(ValueError, match="A Bigram model is no GPT-2"):
        to_hf(Bigram(BigramConfig(block_size=4, vocab_size=5)))
    with pytest.raises(ValueError, match="A Modern model is no GPT-2"):
        to_hf(Modern(ModernConfig(block_size=4, vocab_size=5, n_layer=1, n_head=1, n_embd=4)))


def test_the_shapes_of_a_file_are_those_that_transformers_writes(tmp_path):
    ours = random_gpt()
    save_hf(ours, tmp_path)
    with safe_open(tmp_path / "model.safetensors", framework="pt") as file:
        assert {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()} == hf_shapes(ours.config)


def test_a_saved_folder_is_loaded_by_transformers_with_identical_logits(tmp_path, capfd):
    from transformers import AutoModelForCausalLM, GPT2LMHeadModel

    ours, tokenizer = random_gpt(vocab_size=5), CharTokenizer.from_text('a"\u00e9\n\u4e2d')
    capfd.readouterr()
    save_hf(ours, tmp_path / "new" / "folder", tokenizer)
    assert capfd.readouterr() == ("", "")  # no progress bar
    folder = tmp_path / "new" / "folder"
    expected = {"config.json", "generation_config.json", "model.safetensors", "characters.json", "README.md"}
    assert {path.name for path in folder.iterdir()} == expected
    for loader in (GPT2LMHeadModel, AutoModelForCausalLM):
        theirs = loader.from_pretrained(folder)
        with torch.no_grad():
            assert torch.equal(theirs(ids(12, 5)).logits, to_hf(ours)(ids(12, 5)).logits)
            assert (theirs(ids(12, 5)).logits - ours(ids(12, 5))[0]).abs().max() < 1e-4
    assert same(from_hf(theirs).state_dict(), ours.state_dict())
    assert json.loads((folder / "characters.json").read_text(encoding="utf-8")) == list(tokenizer.chars)


def test_the_page_in_a_saved_folder_tells_how_to_turn_text_into_ids(tmp_path, monkeypatch):
    tokenizer = CharTokenizer.from_text("hello world")
    save_hf(random_gpt(vocab_size=tokenizer.vocab_size), tmp_path, tokenizer)
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    code = page.split("## From text to ids")[1].split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    names = {"text": "hello"}
    exec(code, names)  # the very lines that a reader is given
    assert names["ids"] == tokenizer.encode("hello")
    assert names["text"] == "hello"


def test_byte_pairs_are_saved_as_transformers_reads_them(tmp_path, monkeypatch):
    from transformers import AutoTokenizer

    merges = tmp_path / "merges.txt"
    merges.write_text(merges_text(), encoding="utf-8")
    monkeypatch.setattr(tokenizers, "MERGES_SHA256", hashlib.sha256(merges.read_bytes()).hexdigest())
    monkeypatch.setenv("GPT_PLAYGROUND_DATA", str(tmp_path))
    tokenizer = BPETokenizer()
    save_hf(random_gpt(vocab_size=50_257, n_embd=2), tmp_path / "model", tokenizer)
    theirs = AutoTokenizer.from_pretrained(tmp_path / "model")
    for text in ("Once upon a time, 12 élan…\n\n  中文 don't", "x" * 300):
        assert theirs(text).input_ids == tokenizer.encode(text)
        assert theirs.decode(tokenizer.encode(text)) == text
    assert theirs.eos_token_id == 50_256


def test_a_model_in_training_comes_out_in_eval_mode_and_is_left_in_training():
    ours = random_gpt(dropout=0.5).train()
    theirs = to_hf(ours)
    assert ours.training and not theirs.training
    with eval_mode(ours):
        assert farthest(ours, theirs, 12) < 1e-4


def test_the_published_shape_goes_through_whole():
    from transformers import GPT2Config, GPT2LMHeadModel

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs = GPT2LMHeadModel(GPT2Config()).eval()
    ours = from_hf(theirs)
    assert ours.config.model_copy(update={"dropout": 0.0}) == gpt2_config("gpt2")
    assert sum(parameter.numel() for parameter in ours.parameters()) == 124_439_808
    text = torch.randint(0, 50_257, (1, 40), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert (ours(text)[0] - theirs(text).logits).abs().max() < 1e-4
