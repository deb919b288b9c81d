"""Looking in changes nothing, and what is seen is what the model did: by Hugging Face's word and its own maths."""

import math
import threading

import pytest
import torch
import torch.nn.functional as F

from core.attention import attention_layers, attention_maps, observe, scores
from core.config import BigramConfig
from core.model import GPT, Bigram, eval_mode
from tests.core.test_model import hugging_face_twin, scrambled, tokens

SHAPES = [
    {},
    {"n_layer": 1, "n_head": 1},
    {"n_layer": 3, "n_head": 4, "n_embd": 32, "block_size": 16, "vocab_size": 50},
    {"n_head": 16},
    {"activation": "relu", "tie_weights": False, "dropout": 0.5},
]


def traces(model: GPT) -> list:
    """All that a look inside could leave behind: hooks, attributes, modes, and the tensors themselves."""
    modules = [
        (
            name,
            module.training,
            sorted(module.__dict__),
            *(len(module.__dict__[kind]) for kind in sorted(module.__dict__) if "hooks" in kind),
        )
        for name, module in model.named_modules()
    ]
    tensors = [(name, id(p), p.sum().item(), p.requires_grad, p.grad) for name, p in model.named_parameters()]
    return [modules, tensors, list(model.state_dict()), torch.get_rng_state().sum().item(), torch.is_grad_enabled()]


@pytest.mark.parametrize("options", SHAPES)
@pytest.mark.parametrize("scramble", [False, True])
def test_the_weights_are_those_of_hugging_face(tiny_model, options, scramble):
    model = tiny_model(**options)
    model = scrambled(model) if scramble else model
    idx = tokens(model, 1, model.config.block_size)
    twin = hugging_face_twin(model)
    twin.set_attn_implementation("eager")  # the other implementations never hold the weights
    with torch.no_grad():
        theirs = twin(idx, output_attentions=True)
    ours = observe(model, idx)
    torch.testing.assert_close(ours.weights, torch.cat(theirs.attentions), atol=1e-5, rtol=0)
    torch.testing.assert_close(ours.logits, theirs.logits[0], atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("options", SHAPES)
def test_rows_sum_to_one_and_the_future_is_exactly_zero(tiny_model, options):
    model = scrambled(tiny_model(**options))
    for T in (1, 2, model.config.block_size):
        maps = attention_maps(model, tokens(model, 1, T))
        assert maps.shape == (model.config.n_layer, model.config.n_head, T, T)
        torch.testing.assert_close(maps.sum(-1), torch.ones(maps.shape[:-1]), atol=1e-6, rtol=0)
        assert (maps.triu(1) == 0).all()


@pytest.mark.parametrize("options", SHAPES)
def test_the_weights_times_the_values_give_the_blocks_own_output(tiny_model, options):
    model = scrambled(tiny_model(**options)).eval()
    idx = tokens(model, 1, 8)
    outputs = []
    handles = [attn.register_forward_hook(lambda _, __, y: outputs.append(y[0])) for attn in attention_layers(model)]
    seen = observe(model, idx)
    for handle in handles:
        handle.remove()
    for layer, attn in enumerate(attention_layers(model)):
        heads = seen.weights[layer] @ seen.v[layer]  # (nh, T, hs)
        y = attn.c_proj(heads.transpose(0, 1).flatten(1))
        torch.testing.assert_close(y, outputs[layer])


@pytest.mark.parametrize("options", SHAPES)
def test_the_softmax_of_the_masked_scores_is_the_weights(tiny_model, options):
    model = scrambled(tiny_model(**options))
    seen = observe(model, tokens(model, 1, 8))
    future = torch.ones(8, 8, dtype=torch.bool).triu(1)
    for layer in range(model.config.n_layer):
        for head in range(model.config.n_head):
            fits = scores(seen, layer, head)
            hs = model.config.n_embd // model.config.n_head
            query, key = seen.q[layer, head, 5], seen.k[layer, head, 2]
            torch.testing.assert_close(fits[5, 2], query.dot(key) / math.sqrt(hs))
            weights = F.softmax(fits.masked_fill(future, -math.inf), dim=-1)
            torch.testing.assert_close(weights, seen.weights[layer, head])


@pytest.mark.parametrize("training", [True, False])
def test_looking_leaves_no_trace(tiny_model, training):
    model = tiny_model(dropout=0.5).train(training)
    model.transformer["h"][1].train(not training)  # a mode of its own, to be put back as well
    before = traces(model)
    seen = observe(model, tokens(model, 1, 8))
    assert traces(model) == before
    assert not any(part.requires_grad for part in (seen.weights, seen.q, seen.k, seen.v, seen.logits))


def test_hooks_go_even_when_the_forward_fails(tiny_model):
    model = tiny_model(dropout=0.5)
    before = traces(model)
    with pytest.raises(ValueError, match="block_size=8"):
        observe(model, tokens(model, 1, 9))
    with pytest.raises(IndexError):
        observe(model, torch.tensor([[999]]))
    assert traces(model) == before


def test_a_model_in_training_is_seen_without_its_dropout(tiny_model):
    model = scrambled(tiny_model(dropout=0.5)).train()
    idx = tokens(model, 1, 8)
    seen = observe(model, idx)
    with eval_mode(model):
        torch.testing.assert_close(seen.logits, model(idx)[0][0])
    assert torch.equal(seen.weights, attention_maps(model, idx))


def test_two_threads_look_at_one_model_and_each_sees_its_own_text(tiny_model):
    model = scrambled(tiny_model(n_layer=4)).eval()
    texts = [tokens(model, 1, T) for T in (5, 8)]
    alone = [attention_maps(model, idx) for idx in texts]
    together, start = [[], []], threading.Barrier(2)

    def look(i: int) -> None:
        start.wait()
        together[i].extend(attention_maps(model, texts[i]) for _ in range(30))

    threads = [threading.Thread(target=look, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(maps) for maps in together] == [30, 30]
    assert all(torch.equal(seen, alone[i]) for i in range(2) for seen in together[i])


@pytest.mark.parametrize("shape", [(8,), (2, 8), (1, 0), (1, 1, 8)])
def test_anything_but_one_row_of_tokens_is_refused(tiny_model, shape):
    with pytest.raises(ValueError, match="one row of at least one token"):
        observe(tiny_model(), torch.zeros(shape, dtype=torch.long))


def test_a_model_without_attention_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="A bigram model has no attention to look into; choose a GPT"):
        attention_maps(Bigram(BigramConfig(block_size=8, vocab_size=11)), torch.zeros(1, 4, dtype=torch.long))


@pytest.mark.parametrize(("layer", "head"), [(2, 0), (0, 2), (-1, 0)])
def test_scores_of_a_head_that_is_not_there_are_refused(tiny_model, layer, head):
    seen = observe(tiny_model(), torch.zeros(1, 4, dtype=torch.long))
    with pytest.raises(ValueError, match="is not there; the model has (layer|head)s 0 to 1"):
        scores(seen, layer, head)
