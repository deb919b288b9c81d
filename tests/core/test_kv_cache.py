"""Keys and values that are kept change nothing but the work."""

import pytest
import torch

from core.config import BigramConfig, GPTConfig, ModernConfig
from core.kv_cache import CachedDecoder, Decoder, RotaryDecoder, decoder_for
from core.model import GPT, Bigram, eval_mode
from core.modern import Modern
from core.sampling import generate

SHAPES = [
    {},
    {"n_layer": 1},
    {"n_layer": 3, "n_head": 4, "bias": False},
    {"qkv_bias": False, "activation": "relu", "tie_weights": False, "lm_head_bias": True},
    {"dropout": 0.5},
]


def in_full(model, ids) -> torch.Tensor:
    with eval_mode(model):
        return model(torch.tensor([ids[-model.config.block_size :]]))[0][0, -1]


def modern(**options) -> Modern:
    torch.manual_seed(0)
    shape = {"block_size": 8, "vocab_size": 11, "n_layer": 2, "n_head": 2, "n_embd": 16}
    return Modern(ModernConfig.parse(shape | options))


@pytest.mark.parametrize("shape", [*SHAPES, "modern"], ids=str)
def test_kept_keys_give_the_logits_of_the_full_forward_within_the_window_and_beyond(tiny_model, shape):
    model = modern(dropout=0.5) if shape == "modern" else tiny_model(**shape)
    for parameter in model.parameters():
        parameter.data *= 3  # a fresh model says nearly the same to everything
    reader, ids = decoder_for(model), []
    assert type(reader) is (RotaryDecoder if shape == "modern" else CachedDecoder)
    for new in ([1, 2, 3], [4], [5], [6, 7], [8], [9], [1], [2], [3, 4, 5]):  # the window of 8 is full at the sixth
        ids += new
        torch.testing.assert_close(reader.read(list(new)), in_full(model, ids), atol=1e-5, rtol=1e-5)


def test_a_prompt_longer_than_the_window_is_cut_to_its_end(tiny_model):
    model, ids = tiny_model(), [i % 11 for i in range(29)]
    torch.testing.assert_close(CachedDecoder(model).read(list(ids)), in_full(model, ids), atol=1e-5, rtol=1e-5)


def test_a_token_more_costs_one_row(tiny_model, monkeypatch):
    rows = []
    many, one = CachedDecoder._rows, CachedDecoder._one_row
    monkeypatch.setattr(CachedDecoder, "_rows", lambda self, block, x, *rest, **last: (
        rows.append(len(x)), many(self, block, x, *rest, **last))[1])  # fmt: skip
    monkeypatch.setattr(CachedDecoder, "_one_row", lambda self, x, known: (rows.append(1), one(self, x, known))[1])
    reader = CachedDecoder(tiny_model(n_layer=1))
    for ids in ([1, 2, 3], [4], [5], [6], [7], [8], [9], [1]):
        reader.read(ids)
    assert rows == [3, 1, 1, 1, 1, 1, 8, 8]  # a full window is read anew: learned positions cannot slide


def test_a_token_more_costs_a_modern_model_one_row():
    model, rows = modern(n_layer=1), []
    model.transformer["h"][0].attn.c_attn.register_forward_hook(lambda _, given, made: rows.append(len(given[0])))
    reader = RotaryDecoder(model)
    for ids in ([1, 2, 3], [4], [5], [6], [7], [8], [9], [1]):
        reader.read(ids)
    assert rows == [3, 1, 1, 1, 1, 1, 8, 8]


def test_other_models_are_asked_in_full():
    torch.manual_seed(0)
    model = Bigram(BigramConfig(block_size=4, vocab_size=5))
    assert type(decoder_for(model)) is Decoder
    reader = decoder_for(model)
    reader.read([1, 2, 3, 4])
    torch.testing.assert_close(reader.read([3]), model.wte.weight[3])


def test_two_texts_at_once_do_not_mix(tiny_model):
    model = tiny_model()
    alone = [[t.id for t in generate(model, torch.tensor([[start]]), 12, seed=3)] for start in (1, 2)]
    first, second = (generate(model, torch.tensor([[start]]), 12, seed=3) for start in (1, 2))
    mixed = [(a.id, b.id) for a, b in zip(first, second, strict=True)]
    assert [list(ids) for ids in zip(*mixed, strict=True)] == alone


def test_reading_leaves_the_model_in_its_mode_and_without_gradients(tiny_model):
    model = tiny_model(dropout=0.5).train()
    logits = CachedDecoder(model).read([1, 2])
    assert model.training and not logits.requires_grad


def test_gpt2s_shape_in_small_writes_the_same_text_with_and_without_a_cache():
    torch.manual_seed(0)
    model = GPT(GPTConfig(block_size=32, vocab_size=300, n_layer=2, n_head=3, n_embd=48)).eval()
    for parameter in model.parameters():
        parameter.data *= 4
    written = [token.id for token in generate(model, torch.tensor([[7]]), 40, temperature=0)]
    ids = [7]
    for _ in range(40):
        ids.append(int(in_full(model, ids).argmax()))
    assert written == ids[1:]
