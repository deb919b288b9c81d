"""The compute copy: what it may round, and what it must not."""

import pytest
import torch

from core import precision
from core.config import GPTConfig, TrainConfig
from core.model import GPT
from core.precision import ComputeCopy, QuickDropout, compute_dtype
from core.training import train

WIDE = {"block_size": 16, "vocab_size": 11, "n_layer": 2, "n_head": 2, "n_embd": 96}


def wide(**others) -> GPT:
    torch.manual_seed(0)
    return GPT(GPTConfig(**{**WIDE, **others}))


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    idx = torch.arange(4 * 17).view(4, 17) % 11
    return idx[:, :-1], idx[:, 1:]


def test_in_fp32_the_copy_shares_the_models_weights_and_gradients():
    model = wide()
    copy = ComputeCopy(model, torch.float32)
    assert all(a is b for a, b in zip(copy.copies, model.parameters(), strict=True))
    copy.sync_weights()
    copy.net(*batch())[1].backward()
    seen = [g.clone() for g in copy.copy_grads()]
    expected = torch.autograd.grad(model(*batch())[1], list(model.parameters()))
    assert all(map(torch.equal, seen, expected))


def test_in_bf16_gradients_come_back_in_fp32_and_nearly_the_same():
    model = wide()
    copy = ComputeCopy(model, torch.bfloat16)
    copy.sync_weights()
    copy.net(*batch())[1].backward()
    ours = copy.copy_grads()
    theirs = torch.autograd.grad(model(*batch())[1], list(model.parameters()))
    assert all(g.dtype == torch.float32 for g in ours)
    a, b = (torch.cat([g.flatten() for g in grads]) for grads in (ours, theirs))
    assert torch.cosine_similarity(a, b, dim=0) > 0.99


def test_the_models_own_weights_stay_in_fp32_and_small_steps_are_not_rounded_away():
    model = wide()
    start = [p.detach().clone() for p in model.parameters()]
    config = TrainConfig(steps=1, batch_size=2, learning_rate=1e-6, muon_learning_rate=1e-6, warmup_steps=0)
    list(train(model, torch.arange(400) % 11, config))
    assert all(p.dtype == torch.float32 for p in model.parameters())
    assert any(not torch.equal(a, b) for a, b in zip(start, model.parameters(), strict=True))


def test_the_copys_gelu_is_gpt2s_to_a_two_thousandth():
    x = torch.linspace(-8, 8, 10_001)
    apart = (torch.nn.functional.gelu(x) - torch.nn.functional.gelu(x, approximate="tanh")).abs().max()
    assert apart < 5e-4
    assert ComputeCopy(wide(), torch.bfloat16).net.transformer["h"][0].mlp.act.approximate == "none"
    assert ComputeCopy(wide(), torch.float32).net.transformer["h"][0].mlp.act.approximate == "tanh"


def test_a_tied_head_stays_tied_in_the_copy():
    copy = ComputeCopy(wide(), torch.bfloat16)
    assert copy.net.lm_head.weight is copy.net.transformer["wte"].weight


@pytest.mark.parametrize(
    ("tiles", "most", "quick"),
    [(True, None, True), (True, "ALL", True), (True, "AVX512_CORE_AMX", True), (True, "AVX512_CORE", False),
     (True, "avx2", False), (False, None, False)],
)  # fmt: skip
def test_bf16_only_where_the_processor_has_tiles_and_may_use_them(monkeypatch, tiles, most, quick):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: tiles)
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    if most:
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", most)
    precision.has_fast_bf16.cache_clear()
    assert (compute_dtype(torch.device("cpu"), 128) == torch.bfloat16) is quick
    assert compute_dtype(torch.device("cpu"), 64) == torch.float32  # too narrow to gain
    assert compute_dtype(torch.device("meta"), 128) == torch.float32
    precision.has_fast_bf16.cache_clear()


def test_quick_dropout_silences_its_share_and_keeps_the_mean():
    torch.manual_seed(0)
    y = QuickDropout(0.2)(torch.ones(1000, 999))
    assert (y == 0).float().mean() == pytest.approx(51 / 256, abs=0.002)
    assert y.mean() == pytest.approx(1, abs=0.003) and len(y.unique()) == 2


def test_quick_dropout_draws_every_element_by_itself():
    torch.manual_seed(0)
    kept = (QuickDropout(0.5)(torch.ones(4096, 8)) > 0).float()  # eight bytes of one drawn number side by side
    assert kept.mean(0).tolist() == pytest.approx([0.5] * 8, abs=0.04)
    together = (kept.T @ kept) / 4096
    together.fill_diagonal_(0.25)
    assert (together - 0.25).abs().max() < 0.03


def test_quick_dropout_rests_in_eval_mode_and_passes_gradients_only_where_it_kept():
    x = torch.ones(64, requires_grad=True)
    dropout = QuickDropout(0.5)
    y = dropout(x)
    y.sum().backward()
    assert torch.equal(x.grad, y.detach())
    assert dropout.eval()(x) is x
