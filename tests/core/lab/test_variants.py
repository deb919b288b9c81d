"""The broken models: each computes what its name says, and the switch off leaves the lesson's own model."""

import inspect
import math
import re
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F

from core.config import BigramConfig, GPTConfig, ModernConfig, TrainConfig
from core.kv_cache import Decoder, decoder_for
from core.lab.variants import SOURCE, VARIANTS, build, changed, compiled, variant_of
from core.model import GPT, Bigram
from core.precision import ComputeCopy
from core.sampling import generate
from core.training import train
from tests.tiny_runs import PROJECT, refusal

SHAPE = {"block_size": 8, "vocab_size": 11, "n_layer": 2, "n_head": 4, "n_embd": 16}
CONFIG = GPTConfig(**SHAPE)
COMPILED = [name for name, variant in VARIANTS.items() if variant.edits]
IDX = torch.randint(11, (3, 8), generator=torch.Generator().manual_seed(1))
SHAPES = {
    "as GPT-2": CONFIG,
    "as the presets": GPTConfig(**SHAPE, bias=False, init="sinusoidal", activation="relu"),
    "as the lecture": GPTConfig(**SHAPE, dropout=0.2, qkv_bias=False, tie_weights=False, lm_head_bias=True),
}


def shape_for(name: str) -> GPTConfig | BigramConfig:
    """Return a shape that a variant fits."""
    if VARIANTS[name].architecture == "bigram":
        return BigramConfig(block_size=8, vocab_size=11)
    return GPTConfig(**{**SHAPE, "n_head": VARIANTS[name].n_head or 4})


def built(name: str | None, config=CONFIG, seed: int = 3):
    torch.manual_seed(seed)
    return build(config, name)


def test_the_variants_are_those_of_the_issue_in_its_order():
    assert list(VARIANTS) == [
        "no_causal_mask", "no_position_embedding", "no_residual_connections", "no_layer_norm", "one_head",
        "no_scaling", "scaling_by_n_embd", "learning_rate_x_100", "shuffled_text", "no_attention",
    ]  # fmt: skip
    for name, variant in VARIANTS.items():
        assert variant.name == name and len(re.findall(r"\.(?= |$)", variant.claim)) == 2, name
        does = [variant.edits, variant.n_head, variant.rate != 1, variant.architecture != "gpt", variant.shuffles]
        assert sum(map(bool, does)) == 1, "one change at a time"


# -- the switch off ----------------------------------------------------------------------------------------------------


def test_without_a_variant_the_model_is_the_lessons_own():
    assert type(build(CONFIG, None)) is GPT
    assert type(build(BigramConfig(block_size=8, vocab_size=11))) is Bigram


@pytest.mark.parametrize("config", SHAPES.values(), ids=SHAPES)
def test_the_source_compiled_without_a_change_is_bit_equal_to_the_lesson(config):
    own = built(None, config)
    torch.manual_seed(3)
    twin = compiled((), "unchanged").GPT(config)
    assert type(own) is not type(twin)
    assert own.state_dict().keys() == twin.state_dict().keys()
    for model in (own, twin):
        torch.manual_seed(4)  # of dropout
        model(IDX, IDX.roll(-1, 1))[1].backward()
    for (name, one), other in zip(own.named_parameters(), twin.parameters(), strict=True):
        assert torch.equal(one, other) and torch.equal(one.grad, other.grad), name
        one.grad = other.grad = None
    own.eval(), twin.eval()
    assert torch.equal(own(IDX)[0], twin(IDX)[0])
    text = torch.randint(11, (300,), generator=torch.Generator().manual_seed(2))
    options = TrainConfig(steps=10, batch_size=4, eval_interval=5, eval_tokens=64)
    told = [[(s.loss, s.grad_norm, s.val_loss) for s in train(model, text, options)] for model in (own, twin)]
    assert len(told[0]) == 10 and told[0] == told[1]
    assert all(torch.equal(*pair) for pair in zip(own.state_dict().values(), twin.state_dict().values(), strict=True))


# -- what is shown is what runs ----------------------------------------------------------------------------------------


def patched(source: str, diff: str) -> str:
    """Apply a unified diff to a source, line by line, checking what it says of the lines that were there."""
    before, after, done = source.splitlines(), [], 0
    for line in diff.splitlines()[2:]:
        if hunk := re.match(r"@@ -(\d+)", line):
            after += before[done : int(hunk[1]) - 1]
            done = int(hunk[1]) - 1
        elif line[0] == "+":
            after.append(line[1:])
        else:
            assert before[done] == line[1:]
            after += [line[1:]] if line[0] == " " else []
            done += 1
    return "\n".join([*after, *before[done:]]) + "\n"


@pytest.mark.parametrize("name", COMPILED)
def test_the_diff_that_is_shown_is_what_runs(name):
    source = patched(SOURCE.read_text(encoding="utf-8"), VARIANTS[name].diff())
    model = built(name)
    for part in (model, model.transformer.h[0], model.transformer.h[0].attn):
        ran = inspect.getsource(type(part).forward)  # by the file and line that the code object itself names
        assert ran in source
    assert type(model).forward.__code__.co_filename == f"<core/model.py, {name}>"
    shown = [line[1:] for line in VARIANTS[name].diff().splitlines()[2:] if line[0] in "+-"]
    assert 1 <= len(shown) <= 8, "a handful of lines"


def test_a_variant_of_settings_or_text_shows_no_diff_and_runs_the_lessons_own_model():
    for name in set(VARIANTS) - set(COMPILED):
        assert VARIANTS[name].diff() == ""
        assert type(build(shape_for(name), name)) in (GPT, Bigram)


def test_old_text_that_stands_twice_or_not_at_all_is_a_bug_of_ours():
    assert changed("a b c", [("b", "d")]) == "a d c"
    for source in ("a c", "a b b c"):
        with pytest.raises(AssertionError, match="what a variant changes: 'b'"):
            changed(source, [("b", "d")])


# -- each does what its name says --------------------------------------------------------------------------------------


def reference(
    healthy: GPT, idx: torch.Tensor, causal=True, positions=True, residual=True, norms=True, scale: float | None = None
) -> torch.Tensor:
    """Compute the logits from the healthy model's weights, by torch's own attention, with parts left out."""
    w, C = healthy.state_dict(), healthy.config.n_embd
    B, T = idx.shape

    def norm(x, name):
        return F.layer_norm(x, (C,), w[f"{name}.weight"], w[f"{name}.bias"]) if norms else x

    def linear(x, name):
        return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    x = w["transformer.wte.weight"][idx]
    x = x + w["transformer.wpe.weight"][:T] if positions else x
    for i in range(healthy.config.n_layer):
        block = f"transformer.h.{i}"
        qkv = linear(norm(x, f"{block}.ln_1"), f"{block}.attn.c_attn").chunk(3, -1)
        q, k, v = (each.view(B, T, healthy.config.n_head, -1).transpose(1, 2) for each in qkv)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=causal, scale=scale)
        y = linear(y.transpose(1, 2).reshape(B, T, C), f"{block}.attn.c_proj")
        x = x + y if residual else y
        up = linear(norm(x, f"{block}.ln_2"), f"{block}.mlp.c_fc")
        y = linear(F.gelu(up, approximate="tanh"), f"{block}.mlp.c_proj")
        x = x + y if residual else y
    return norm(x, "transformer.ln_f") @ w["lm_head.weight"].T


WITHOUT = {
    "no_causal_mask": {"causal": False},
    "no_position_embedding": {"positions": False},
    "no_residual_connections": {"residual": False},
    "no_layer_norm": {"norms": False},
    "no_scaling": {"scale": 1.0},
    "scaling_by_n_embd": {"scale": 1 / math.sqrt(CONFIG.n_embd)},
}


def strong(model):
    """Make all weights large, so that no part of a model is without effect."""
    with torch.no_grad():
        for i, parameter in enumerate(dict.fromkeys(model.parameters())):
            noise = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(i))
            parameter.add_(0.4 * noise)
    return model.eval()


def test_the_reference_with_nothing_left_out_is_the_lessons_model():
    healthy = strong(built(None))
    assert torch.allclose(reference(healthy, IDX), healthy(IDX)[0], atol=1e-4)


@pytest.mark.parametrize("name", COMPILED)
def test_a_compiled_variant_is_the_healthy_model_without_that_part_and_nothing_else(name):
    healthy, broken = strong(built(None)), built(name)
    kept = {key: healthy.state_dict()[key] for key in broken.state_dict()}
    broken.load_state_dict(kept)
    wanted, whole = reference(healthy, IDX, **WITHOUT[name]), healthy(IDX)[0]
    assert torch.allclose(broken.eval()(IDX)[0], wanted, atol=1e-4)
    assert not torch.allclose(wanted, whole, atol=0.1), "the part matters"


@pytest.mark.parametrize("config", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("name", COMPILED)
def test_what_a_variant_leaves_starts_as_in_the_healthy_model_and_all_of_it_learns(name, config):
    healthy, broken = built(None, config), built(name, config)
    left = broken.state_dict()
    assert all(torch.equal(value, healthy.state_dict()[key]) for key, value in left.items())
    gone = {key for key in healthy.state_dict() if key not in left}
    expected = {"no_position_embedding": "wpe", "no_layer_norm": "ln_"}.get(name, "nothing")
    assert gone == {key for key in healthy.state_dict() if expected in key}
    broken(IDX, IDX.roll(-1, 1))[1].backward()
    assert all(parameter.grad is not None for parameter in broken.parameters())


@pytest.mark.parametrize("name", COMPILED)
def test_a_variant_is_trained_in_bf16_as_the_healthy_model_is(name):
    model = built(name)
    copy = ComputeCopy(model, torch.bfloat16)
    copy.sync_weights()
    copy.net(IDX, IDX.roll(-1, 1))[1].backward()
    rounded = [gradient.clone() for gradient in copy.copy_grads()]
    copy.zero_grad()
    model(IDX, IDX.roll(-1, 1))[1].backward()
    exact = [parameter.grad for parameter in model.parameters()]
    for (key, _), one, other in zip(model.named_parameters(), rounded, exact, strict=True):
        assert torch.allclose(one, other, atol=0.05 * float(other.abs().max()) + 1e-6), key


def test_without_the_mask_the_future_is_seen_and_with_it_not():
    other = IDX.clone()
    other[:, 5:] = (other[:, 5:] + 1) % 11
    for name, is_seen in ((None, False), ("no_causal_mask", True), ("no_scaling", False)):
        model = strong(built(name))
        assert torch.equal(model(IDX)[0][:, :5], model(other)[0][:, :5]) is not is_seen


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_writes_with_the_logits_of_its_own_forward(name):
    model = strong(built(name, shape_for(name)))
    text = [4, 1]
    for token in generate(model, torch.tensor([text]), 12, seed=1):  # beyond the window
        logits = model(torch.tensor([text[-8:]]))[0][0, -1].detach().double()
        assert token.model_prob == pytest.approx(float(F.softmax(logits, -1)[token.id]), abs=1e-6)
        text.append(token.id)
    assert (type(decoder_for(model)) is Decoder) == (name in COMPILED or name == "no_attention")


# -- what is refused ---------------------------------------------------------------------------------------------------


def test_an_unknown_variant_and_a_shape_that_is_not_its_own_are_refused():
    for name in ("", "no_mask", "x" * 999, None, 7, ["one_head"]):
        said = refusal(variant_of, name)
        assert said.startswith("There is no variant ") and "no_causal_mask, no_position_embedding" in said
        assert len(said) < 300
    modern = ModernConfig(**SHAPE)
    for name, config in (("no_causal_mask", modern), ("no_attention", CONFIG), ("one_head", CONFIG)):
        assert refusal(build, config, name).startswith(f"The variant {name} does not fit this model")
    assert refusal(build, BigramConfig(block_size=8, vocab_size=11), "shuffled_text").startswith("The variant")


def test_knowing_the_variants_and_their_diffs_takes_no_torch():
    code = "import sys, core.lab.variants as v; [x.diff() for x in v.VARIANTS.values()]; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert (result.stdout.strip(), result.stderr) == ("False", "")
