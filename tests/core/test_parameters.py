"""The parameters of known models, counted on the model and held against published numbers and a closed form."""

import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.architectures import build_model
from core.config import BigramConfig, GPTConfig, ModernConfig
from core.formula import GPT2_SMALL, RULES, count_of, formula
from core.insight.modules import list_modules
from core.insight.parameters import list_parameters, list_parts, total_of
from core.parameters import count_parameters, empty_model
from core.pretrained.family import FAMILY
from tests.tiny_runs import PROJECT

GPT2 = {"block_size": 1024, "vocab_size": 50_257}


def test_the_gpt2_family_has_its_published_sizes():
    for name, n_layer, n_head, n_embd, total in (
        ("small", 12, 12, 768, 124_439_808),
        ("medium", 24, 16, 1024, 354_823_168),
        ("large", 36, 20, 1280, 774_030_080),
        ("XL", 48, 25, 1600, 1_557_611_200),
    ):
        assert total_of(GPTConfig(**GPT2, n_layer=n_layer, n_head=n_head, n_embd=n_embd)) == total, name


def test_gpt2_small_has_163_million_parameters_when_its_shared_matrix_counts_twice():
    small = {**GPT2, "n_layer": 12, "n_head": 12, "n_embd": 768}
    assert total_of(GPTConfig(**small)) == GPT2_SMALL
    assert total_of(GPTConfig(**small, tie_weights=False)) == 163_037_184 == GPT2_SMALL + 50_257 * 768


def test_the_lectures_toy_has_exactly_10_788_929_parameters():
    toy = GPTConfig(
        block_size=256,
        vocab_size=65,
        n_layer=6,
        n_head=6,
        n_embd=384,
        qkv_bias=False,
        activation="relu",
        tie_weights=False,
        lm_head_bias=True,
    )
    assert total_of(toy) == 10_788_929


def closed_form(config: GPTConfig) -> int:
    """Count by hand what the shapes say: 12 C^2 a block, the embeddings, and the biases that are asked for."""
    V, T, C, bias = config.vocab_size, config.block_size, config.n_embd, config.bias
    qkv_bias = bias if config.qkv_bias is None else config.qkv_bias
    block = 12 * C * C + 2 * C + bias * (2 * C + C + 4 * C + C) + qkv_bias * 3 * C
    head = config.lm_head_bias * V + (0 if config.tie_weights else V * C)
    return V * C + T * C + config.n_layer * block + C + bias * C + head


@settings(max_examples=40)
@given(
    sizes=st.fixed_dictionaries(
        {name: st.integers(1, 9) for name in ("block_size", "vocab_size", "n_layer", "n_head", "n_embd")}
    ),
    switches=st.fixed_dictionaries({name: st.booleans() for name in ("bias", "tie_weights", "lm_head_bias")}),
    qkv_bias=st.none() | st.booleans(),
)
def test_any_size_follows_the_closed_form(sizes, switches, qkv_bias):
    sizes["n_embd"] *= sizes["n_head"]
    config = GPTConfig(**sizes, **switches, qkv_bias=qkv_bias)
    assert count_of(config) == total_of(config) == closed_form(config)
    for rule in RULES:
        assert sum(term.count for term in formula(config, rule)) == total_of(config, rule)


def test_the_parts_add_up_and_a_tied_matrix_counts_once(tiny_model):
    tied, untied = count_parameters(tiny_model()), count_parameters(tiny_model(tie_weights=False))
    assert tied == {
        "wte": 11 * 16,
        "wpe": 8 * 16,
        "ln_1": 2 * 32,
        "attn.c_attn": 2 * (16 * 48 + 48),
        "attn.c_proj": 2 * (16 * 16 + 16),
        "ln_2": 2 * 32,
        "mlp.c_fc": 2 * (16 * 64 + 64),
        "mlp.c_proj": 2 * (64 * 16 + 16),
        "ln_f": 32,
        "total": sum(count for part, count in tied.items() if part != "total"),
    }
    assert untied == tied | {"lm_head": 11 * 16, "total": tied["total"] + 11 * 16}
    assert tied["total"] == sum(parameter.numel() for parameter in tiny_model().parameters())


def test_counting_takes_no_memory_and_draws_no_random_number():
    before = torch.get_rng_state()
    config = GPTConfig(block_size=4096, vocab_size=200_000, n_layer=96, n_head=96, n_embd=12_288)
    assert total_of(config) == closed_form(config)  # 178 billion: 700 GB, were they there
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.empty(0).device.type == "cpu"


def test_a_bigram_model_counts_as_its_table():
    assert total_of(BigramConfig(block_size=8, vocab_size=65)) == 65 * 65
    assert count_parameters(build_model(BigramConfig(block_size=8, vocab_size=3)))["total"] == 9


TOYS = [
    GPTConfig(block_size=8, vocab_size=11, n_layer=2, n_head=2, n_embd=16),
    GPTConfig(block_size=8, vocab_size=11, n_layer=3, n_head=3, n_embd=12, qkv_bias=False, activation="relu",
              tie_weights=False, lm_head_bias=True),
    GPTConfig(block_size=4, vocab_size=5, n_layer=1, n_head=1, n_embd=4, bias=False, lm_head_bias=True),
    ModernConfig(block_size=8, vocab_size=11, n_layer=2, n_head=2, n_embd=12),
    BigramConfig(block_size=8, vocab_size=11),
]  # fmt: skip


def test_each_number_in_circulation_for_gpt2_small_follows_from_its_rule():
    for rule, count in (("once", 124_439_808), ("head_again", 163_037_184), ("no_embeddings", 85_056_000)):
        terms = formula(FAMILY["gpt2"], rule)
        assert total_of(FAMILY["gpt2"], rule) == count == sum(term.count for term in terms), rule


def test_the_formula_shows_its_letters_and_the_numbers_that_stand_for_them():
    terms = formula(FAMILY["gpt2"])
    assert [term.letters for term in terms] == ["12·L·C²", "13·L·C", "2·C", "(V + T)·C"]
    assert [term.numbers for term in terms] == ["12 × 12 × 768²", "13 × 12 × 768", "2 × 768", "(50,257 + 1,024) × 768"]
    for term in terms:
        python = term.numbers.replace(",", "").replace("×", "*").replace("²", "**2")
        assert eval(python) == term.count


def test_a_bigrams_formula_is_its_table():
    assert [(term.letters, term.count) for term in formula(TOYS[-1])] == [("V²", 121)]
    assert formula(TOYS[-1], "no_embeddings") == () and total_of(TOYS[-1], "no_embeddings") == 0


def test_an_untied_head_is_a_matrix_of_its_own_by_every_rule():
    untied = TOYS[1]
    assert total_of(untied) == total_of(untied, "head_again")
    assert {part.name: part.state for part in list_parts(untied, "no_embeddings")}["lm_head"] == "counted"


def test_a_rule_that_does_not_exist_is_refused_with_the_choices():
    for wrong in ("twice", "", None, 3, "x" * 1000):
        shown = f"There is no rule {str(wrong)[:40]!r}; choose one of: once, head_again, no_embeddings"
        with pytest.raises(ValueError, match=shown):
            list_parts(FAMILY["gpt2"], wrong)


def test_the_list_is_what_named_parameters_gives():
    for config in TOYS:
        mine = [(each.name, each.shape, each.count, each.dtype) for each in list_parameters(config) if not each.same_as]
        model = build_model(config)
        theirs = [(name, tuple(p.shape), p.numel(), str(p.dtype)[6:]) for name, p in model.named_parameters()]
        assert mine == theirs, config


def test_a_shared_matrix_stands_in_the_list_again_and_names_its_owner():
    shared = [each for each in list_parameters(FAMILY["gpt2"]) if each.same_as]
    assert [(each.name, each.same_as) for each in shared] == [("lm_head.weight", "transformer.wte.weight")]


def test_shapes_in_gpt2s_files_are_those_of_transformers_own_model():
    from transformers import GPT2Config, GPT2LMHeadModel

    with torch.device("meta"):
        theirs = GPT2LMHeadModel(GPT2Config(n_layer=1))
    stored = {name: tuple(tensor.shape) for name, tensor in theirs.state_dict().items()}
    first = (each for each in list_parameters(FAMILY["gpt2"]) if ".h." not in each.name or ".h.0." in each.name)
    assert {each.name: each.stored for each in first} == stored
    assert stored["transformer.h.0.attn.c_attn.weight"] == (768, 2304)
    fused = next(each for each in list_parameters(FAMILY["gpt2"]) if each.name.endswith("c_attn.weight"))
    assert fused.shape == (2304, 768)


@pytest.mark.parametrize("config", TOYS[:3])
def test_the_fused_matrix_is_cut_into_the_very_q_k_and_v_that_attention_uses(config):
    model, C = build_model(config), config.n_embd
    attention, x = model.transformer["h"][0].attn, torch.randn(1, 3, C)
    parts = attention.c_attn(x).split(C, dim=-1)
    fused = [each for each in list_parameters(config) if ".h.0.attn.c_attn" in each.name]
    weights = {letter: attention.c_attn.weight[rows.start : rows.stop] for letter, rows, _ in fused[0].slices()}
    assert list(weights) == ["q", "k", "v"]
    for (letter, weight), part in zip(weights.items(), parts, strict=True):
        rows = next(rows for name, rows, _ in fused[0].slices() if name == letter)
        bias = None if len(fused) == 1 else attention.c_attn.bias[rows.start : rows.stop]
        torch.testing.assert_close(torch.nn.functional.linear(x, weight, bias), part)
    for each in fused:
        assert sum(torch.Size(shape).numel() for _, _, shape in each.slices()) == each.count
    assert [*list_parameters(config)[0].slices()] == []


@pytest.mark.parametrize("config", TOYS)
def test_the_modules_output_shapes_are_those_that_hooks_see(config):
    model, seen = build_model(config), {}
    for name, module in model.named_modules():

        def keep(module, inputs, output, name=name):
            seen[name] = tuple((output[0] if isinstance(output, tuple) else output).shape)

        module.register_forward_hook(keep)
    model(torch.zeros(2, config.block_size, dtype=torch.long))
    assert {each.name: each.output for each in list_modules(config, batch_size=2) if each.output} == seen


def test_the_modules_are_the_models_own_with_their_parameters():
    for config in TOYS:
        modules = build_model(config).named_modules()
        expected = [
            (name, type(module).__name__, sum(p.numel() for p in module.parameters())) for name, module in modules
        ]
        assert [(each.name, each.kind, each.count) for each in list_modules(config)] == expected, config
        assert list_modules(config)[0].count == count_of(config), config
        tied = ["lm_head"] if getattr(config, "tie_weights", False) else []
        assert [each.name for each in list_modules(config) if each.same_as] == tied, config


def test_the_formula_of_every_kind_of_model_equals_its_count():
    for config, rule in ((config, rule) for config in TOYS for rule in RULES):
        terms = formula(config, rule)
        assert sum(term.count for term in terms) == total_of(config, rule), f"{rule}: {config}"
        assert all(term.count for term in terms), f"{rule}: {config}"


def test_counting_a_model_that_starts_in_its_own_way_does_not_compute_that_start():
    code = """import sys
from core.config import GPTConfig
from core.parameters import empty_model
config = GPTConfig(block_size=8, vocab_size=11, n_layer=1, n_head=1, n_embd=4, init="sinusoidal")
assert empty_model(config).config == config
sys.exit("torch._dynamo" in sys.modules)"""
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT).returncode == 0


def test_the_parts_agree_with_the_count_of_the_model():
    for config in TOYS:
        counts = {name: count for name, count in count_parameters(empty_model(config)).items() if name != "total"}
        assert {part.name: part.count for part in list_parts(config) if part.count} == counts, config
