"""The lens reads the residual stream as the model itself would, and leaves the model as it was."""

import pytest
import torch
import torch.nn.functional as F

from core.architectures import build_model
from core.config import BigramConfig, ModernConfig
from core.insight.lens import logit_lens, read_layers
from core.model import GPT, Bigram, eval_mode
from tests.core.test_attention import SHAPES, traces
from tests.core.test_model import hugging_face_twin, scrambled, tokens


def modern():
    torch.manual_seed(1)
    return build_model(ModernConfig(block_size=16, vocab_size=50, n_layer=3, n_head=4, n_embd=32))


@pytest.mark.parametrize("options", SHAPES)
def test_every_layer_is_what_hugging_faces_hidden_states_give(tiny_model, options):
    model = scrambled(tiny_model(**options))
    idx = tokens(model, 1, model.config.block_size)
    twin = hugging_face_twin(model)
    with torch.no_grad():
        states = twin(idx, output_hidden_states=True).hidden_states  # the last one has passed ln_f already
        read = [F.log_softmax(twin.lm_head(twin.transformer.ln_f(x)[0]), dim=-1) for x in states[:-1]]
        read.append(F.log_softmax(twin.lm_head(states[-1][0]), dim=-1))
    torch.testing.assert_close(logit_lens(model, idx), torch.stack(read), atol=1e-4, rtol=0)


@pytest.mark.parametrize("make", [None, modern])
def test_the_last_layer_is_the_models_own_prediction(tiny_model, make):
    model = make() if make else scrambled(tiny_model())
    idx = tokens(model, 1, model.config.block_size)
    with eval_mode(model):
        own = F.log_softmax(model(idx)[0][0], dim=-1)
    found = logit_lens(model, idx)
    assert found.shape == (model.config.n_layer + 1, *own.shape)
    torch.testing.assert_close(found[-1], own, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.exp().sum(-1), torch.ones(found.shape[:-1]), atol=1e-5, rtol=0)


@pytest.mark.parametrize("make", [None, modern])
def test_where_no_block_adds_anything_all_layers_say_the_same(tiny_model, make):
    model = make() if make else scrambled(tiny_model(n_layer=3))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "c_proj" in name:
                parameter.zero_()
    found = logit_lens(model, tokens(model, 1, 8))
    torch.testing.assert_close(found, found[:1].expand_as(found), atol=1e-5, rtol=0)


def test_looking_through_the_lens_leaves_no_trace_also_when_left_half_way(tiny_model):
    model = tiny_model(dropout=0.5).train()
    before = traces(model)
    logit_lens(model, tokens(model, 1, 8))
    assert traces(model) == before
    half = read_layers(model, tokens(model, 1, 8))
    next(half)
    assert torch.is_grad_enabled() and model.training
    half.close()
    assert traces(model) == before


def test_what_has_no_layers_or_is_no_single_text_is_refused(tiny_model):
    with pytest.raises(ValueError, match="no attention to look into"):
        logit_lens(Bigram(BigramConfig(block_size=8, vocab_size=9)), torch.zeros(1, 4, dtype=torch.long))
    model = tiny_model()
    for shape in ((2, 4), (1, 0), (4,)):
        with pytest.raises(ValueError, match="one row of at least one token"):
            logit_lens(model, torch.zeros(shape, dtype=torch.long))
    with pytest.raises(ValueError, match="block_size"):
        logit_lens(model, torch.zeros(1, model.config.block_size + 1, dtype=torch.long))
    assert isinstance(model, GPT)
