"""The GPT against independent implementations: Hugging Face's GPT-2, PyTorch's own attention, and hand counts."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F

from core.architectures import build_model
from core.config import BigramConfig, GPTConfig
from core.model import GPT, Bigram, CausalSelfAttention, eval_mode
from core.parameters import count_parameters

TRANSPOSED = ("attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight")


def hugging_face_twin(model: GPT):
    """Build Hugging Face's GPT-2 with the weights of ours; their Conv1D stores matrices the other way round."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = model.config
    twin = GPT2LMHeadModel(
        GPT2Config(
            n_positions=config.block_size,
            vocab_size=config.vocab_size,
            n_layer=config.n_layer,
            n_head=config.n_head,
            n_embd=config.n_embd,
            activation_function={"gelu": "gelu_new", "relu": "relu"}[config.activation],
            tie_word_embeddings=config.tie_weights,
            bos_token_id=None,
            eos_token_id=None,
        )
    )
    weights = {k: v.T if k.endswith(TRANSPOSED) else v for k, v in model.state_dict().items()}
    twin.load_state_dict(weights, strict=True)
    return twin.eval()


def scrambled(model: torch.nn.Module) -> torch.nn.Module:
    """Give every parameter, biases and gains too, a large random value, so that none can hide."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return model


def tokens(model: GPT, B: int, T: int) -> torch.Tensor:
    return torch.randint(model.config.vocab_size, (B, T), generator=torch.Generator().manual_seed(B + T))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"n_layer": 1, "n_head": 1},
        {"n_layer": 3, "n_head": 4, "n_embd": 32, "block_size": 16, "vocab_size": 50},
        {"tie_weights": False},
        {"activation": "relu", "n_head": 16},
        {"dropout": 0.5},
    ],
    ids=str,
)
def test_logits_and_loss_equal_hugging_faces(tiny_model, options):
    model = scrambled(tiny_model(**options)).eval()
    twin = hugging_face_twin(model)
    for T in (1, model.config.block_size // 2, model.config.block_size):
        idx, targets = tokens(model, 3, T), tokens(model, 4, T)[1:]
        with torch.no_grad():
            logits, loss = model(idx, targets)
            theirs = twin(idx).logits
        torch.testing.assert_close(logits, theirs, atol=1e-5, rtol=1e-5)
        their_loss = F.cross_entropy(theirs.transpose(1, 2), targets)
        torch.testing.assert_close(loss, their_loss, atol=1e-5, rtol=1e-5)


def test_the_loss_of_a_shifted_text_equals_hugging_faces_own_loss(tiny_model):
    model = scrambled(tiny_model()).eval()
    idx = tokens(model, 2, 8)
    theirs = hugging_face_twin(model)(idx, labels=idx).loss  # they shift inside, we are given the shifted
    torch.testing.assert_close(model(idx[:, :-1], idx[:, 1:])[1], theirs, atol=1e-5, rtol=1e-5)


def test_attention_equals_pytorchs_own(tiny_model):
    attention = scrambled(tiny_model(n_head=4, n_embd=32).transformer["h"][0].attn)
    x = torch.randn(2, 8, 32, generator=torch.Generator().manual_seed(1))
    q, k, v = (part.unflatten(-1, (4, 8)).movedim(2, 1) for part in attention.c_attn(x).chunk(3, dim=-1))
    y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    torch.testing.assert_close(attention(x), attention.c_proj(y.movedim(1, 2).flatten(2)), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("n_embd", "n_head"), [(16, 1), (16, 2), (16, 16), (36, 4)])
def test_scores_are_divided_by_the_root_of_the_head_size_not_of_the_width(n_embd, n_head):
    attention = scrambled(
        CausalSelfAttention(GPTConfig(block_size=3, vocab_size=2, n_layer=1, n_head=n_head, n_embd=n_embd))
    )
    x = torch.randn(1, 3, n_embd, generator=torch.Generator().manual_seed(2))
    hs = n_embd // n_head
    q, k, v = attention.c_attn(x)[0].detach().double().split(n_embd, dim=-1)
    y = torch.zeros(3, n_embd, dtype=torch.double)
    for head, t in itertools.product(range(n_head), range(3)):
        part = slice(head * hs, (head + 1) * hs)
        fits = [math.exp(float(q[t, part] @ k[s, part]) / math.sqrt(hs)) for s in range(t + 1)]
        y[t, part] = sum(fit / sum(fits) * v[s, part] for s, fit in enumerate(fits))
    torch.testing.assert_close(attention(x)[0], attention.c_proj(y.float()), atol=1e-5, rtol=1e-5)


def test_future_tokens_do_not_change_past_logits(tiny_model):
    model = scrambled(tiny_model()).eval()
    idx = tokens(model, 1, 8)
    logits, _ = model(idx)
    for t in range(7):
        changed = idx.clone()
        changed[:, t + 1 :] = (changed[:, t + 1 :] + 1) % model.config.vocab_size
        others, _ = model(changed)
        assert torch.equal(others[:, : t + 1], logits[:, : t + 1])
        assert not torch.equal(others[:, t + 1], logits[:, t + 1])


def test_a_row_does_not_see_the_other_rows_of_its_batch(tiny_model):
    model = scrambled(tiny_model()).eval()
    idx = tokens(model, 4, 8)
    for row in range(4):
        torch.testing.assert_close(model(idx)[0][row], model(idx[row : row + 1])[0][0], atol=1e-5, rtol=1e-5)


def test_logits_stand_at_every_position_with_and_without_targets(tiny_model):
    model = tiny_model()
    idx = tokens(model, 2, 5)
    logits, loss = model(idx)
    assert logits.shape == (2, 5, 11) and loss is None
    again, loss = model(idx, idx)
    assert torch.equal(again, logits) and loss.shape == ()


@pytest.mark.parametrize("vocab_size", [2, 65, 1000])
def test_a_fresh_model_knows_nothing_so_its_loss_is_about_ln_v(tiny_model, vocab_size):
    model = tiny_model(vocab_size=vocab_size, n_embd=32)
    _, loss = model(tokens(model, 32, 8), tokens(model, 33, 8)[1:])
    assert loss.item() == pytest.approx(math.log(vocab_size), abs=0.05)


def test_a_text_longer_than_the_block_is_refused_with_both_numbers(tiny_model):
    with pytest.raises(ValueError, match="9 tokens do not fit into block_size=8; give the model only the last 8"):
        tiny_model()(torch.zeros(1, 9, dtype=torch.long))


@pytest.mark.parametrize("tie_weights", [True, False])
def test_every_parameter_gets_a_gradient(tiny_model, tie_weights):
    model = scrambled(tiny_model(tie_weights=tie_weights, lm_head_bias=True))
    model(torch.arange(8)[None] % 11, torch.arange(1, 9)[None])[1].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize("n_layer", [1, 8])
def test_weights_start_with_gpt2s_spread(tiny_model, n_layer):
    model = tiny_model(n_layer=n_layer, n_embd=128, vocab_size=500, block_size=64, tie_weights=False)
    for name, parameter in model.named_parameters():
        if name.endswith(".bias"):
            assert torch.equal(parameter, torch.zeros_like(parameter)), name
        elif "ln_" in name:
            assert torch.equal(parameter, torch.ones_like(parameter)), name
        else:
            std = 0.02 / math.sqrt(2 * n_layer) if "c_proj" in name else 0.02
            assert parameter.std().item() == pytest.approx(std, rel=0.05), name
            assert abs(parameter.mean().item()) < std / 10, name


def test_tied_weights_are_one_matrix_also_after_loading(tiny_model):
    model = tiny_model()
    assert model.lm_head.weight is model.transformer["wte"].weight
    model.load_state_dict(tiny_model(seed=2).state_dict())
    assert model.lm_head.weight is model.transformer["wte"].weight
    untied = tiny_model(tie_weights=False)
    assert untied.lm_head.weight is not untied.transformer["wte"].weight


@pytest.mark.parametrize(
    ("options", "biases"),
    [
        ({"bias": False}, set()),
        ({"bias": False, "qkv_bias": True}, {"attn.c_attn"}),
        ({"bias": False, "lm_head_bias": True}, {"lm_head"}),
        ({"qkv_bias": False}, {"ln_1", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj", "ln_f"}),
    ],
    ids=lambda told: str(told if isinstance(told, dict) else sorted(told)),  # the same names in every process
)
def test_biases_stand_where_the_config_says(tiny_model, options, biases):
    model = tiny_model(n_layer=1, **options)
    names = [name.removesuffix(".bias") for name, _ in model.named_parameters() if name.endswith(".bias")]
    assert {name.removeprefix("transformer.").removeprefix("h.0.") for name in names} == biases


def test_dropout_acts_in_training_and_not_in_eval_mode(tiny_model):
    model, idx = tiny_model(dropout=0.5), torch.arange(8)[None]
    assert not torch.equal(model(idx)[0], model(idx)[0])
    with eval_mode(model):
        assert torch.equal(model(idx)[0], model(idx)[0])
        assert not model(idx)[0].requires_grad
    assert model.training and model(idx)[0].requires_grad


def test_eval_mode_leaves_the_mode_as_it_was_also_after_an_error(tiny_model):
    model = tiny_model()
    for training in (True, False):
        model.train(training)
        with pytest.raises(KeyError), eval_mode(model):
            raise KeyError
        assert model.training is training
    model.transformer["wte"].train()  # one part alone
    with eval_mode(model):
        assert not any(module.training for module in model.modules())
    assert [module for module in model.modules() if module.training] == [model.transformer["wte"]]


def test_a_model_runs_on_the_device_it_was_built_on_whatever_the_default_device(tiny_model):
    with torch.device("meta"):
        model = build_model(tiny_model().config)
        idx = torch.zeros(2, 8, dtype=torch.long)
    places = []
    model.transformer["wpe"].register_forward_hook(lambda _, inputs, __: places.append(inputs[0].device.type))
    assert model(idx)[0].device.type == "meta" and places == ["meta"]
    on_cpu = tiny_model()
    idx = tokens(on_cpu, 1, 8)
    with torch.device("meta"):
        elsewhere, _ = on_cpu(idx)
    assert torch.equal(elsewhere, on_cpu(idx)[0])


def test_a_bigram_model_sees_the_last_token_alone():
    torch.manual_seed(0)
    model = build_model(BigramConfig(block_size=4, vocab_size=7))
    assert isinstance(model, Bigram) and count_parameters(model) == {"wte": 49, "total": 49}
    idx = torch.tensor([[1, 2, 3], [4, 5, 3]])
    logits, loss = model(idx, idx)
    assert torch.equal(logits, model.wte.weight[idx])
    assert loss.item() == pytest.approx(math.log(7), abs=0.05)
    longer, _ = model(torch.zeros(1, 9, dtype=torch.long))  # nothing in it depends on the block
    assert longer.shape == (1, 9, 7)
