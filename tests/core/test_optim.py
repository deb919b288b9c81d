"""Muon against the singular value decomposition, and against a loop written by hand."""

import math
import subprocess
import sys

import pytest
import torch

from core import data
from core.config import BigramConfig, TrainConfig
from core.model import Bigram
from core.optim import AdamW, Muon, block_matrices, make_optimizer, orthogonal
from core.training import train


@pytest.fixture(autouse=True)
def in_fp32(monkeypatch):
    monkeypatch.setattr("core.optim.compute_dtype", lambda device: torch.float32)


@pytest.mark.parametrize("shape", [(3, 16, 16), (2, 16, 64), (2, 64, 16), (1, 4, 128)], ids=str)
def test_an_orthogonal_matrix_has_the_gradients_directions_and_singular_values_about_one(shape):
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    u, _, vh = torch.linalg.svd(matrices, full_matrices=False)
    found = orthogonal(matrices, rounds=6)
    inner = u.mT @ found @ vh.mT  # diagonal if the directions are the same
    assert (inner - torch.diag_embed(inner.diagonal(dim1=1, dim2=2))).abs().max() < 1e-3
    assert 0.5 < inner.diagonal(dim1=1, dim2=2).min() and inner.diagonal(dim1=1, dim2=2).max() < 1.4


def test_query_key_and_value_are_three_matrices_to_muon(tiny_model):
    model = tiny_model(n_layer=1)
    c_attn = model.transformer["h"][0].attn.c_attn.weight
    c_attn.grad = torch.randn(48, 16, generator=torch.Generator().manual_seed(0))
    before = c_attn.detach().clone()
    Muon([{"params": [c_attn], "cuts": [3]}], lr=1.0, weight_decay=0.0, momentum=0.0).step()
    moved = (before - c_attn.detach()).view(3, 16, 16)
    torch.testing.assert_close(moved, orthogonal(c_attn.grad.view(3, 16, 16), 4), atol=1e-5, rtol=1e-4)
    u, _, vh = torch.linalg.svd(c_attn.grad[16:32])  # the keys alone
    assert torch.nn.functional.cosine_similarity((u @ vh).flatten(), moved[1].flatten(), dim=0) > 0.95


def test_muon_equals_a_loop_written_by_hand(tiny_model):
    config = TrainConfig(
        steps=4, batch_size=4, warmup_steps=0, schedule="constant", eval_interval=100, precision="fp32", grad_clip=0.0,
        learning_rate=1e-6, weight_decay=0.0, muon_learning_rate=0.02, muon_momentum=0.8, muon_weight_decay=0.5,
    )  # fmt: skip
    tokens = torch.arange(600) % 11
    model, plain = tiny_model(), tiny_model()
    list(train(model, tokens, config))

    names = [name for name, p in plain.named_parameters() if ".h." in name and p.dim() == 2]
    momentum = {name: torch.zeros_like(plain.get_parameter(name)) for name in names}
    batches = data.Batches(data.split(tokens, 8)[0], 8, 4, config.seed)
    for step in range(4):
        grads = torch.autograd.grad(plain(*batches.at(step))[1], [plain.get_parameter(name) for name in names])
        with torch.no_grad():
            for name, g in zip(names, grads, strict=True):
                momentum[name] = 0.8 * momentum[name] + 0.2 * g
                pieces = (0.2 * g + 0.8 * momentum[name]).view(3 if "c_attn" in name else 1, -1, g.shape[1])
                weight = plain.get_parameter(name)
                weight *= 1 - 0.02 * 0.5
                for i, piece in enumerate(pieces):
                    standing = piece.shape[0] > piece.shape[1]
                    update = orthogonal((piece.T if standing else piece)[None], 4)[0]
                    update = update.T * math.sqrt(piece.shape[0] / piece.shape[1]) if standing else update
                    weight.view(pieces.shape)[i] -= 0.02 * update
    for name in names:
        torch.testing.assert_close(model.get_parameter(name), plain.get_parameter(name), atol=1e-4, rtol=1e-3)


def test_adamw_takes_the_steps_of_torchs(tiny_model):
    ours, theirs = tiny_model(), tiny_model()
    settings = {"lr": 3e-3, "betas": (0.8, 0.95)}
    steps = []
    for model, make in ((ours, AdamW), (theirs, torch.optim.AdamW)):
        groups = [{"params": list(model.parameters())[:3], "weight_decay": 0.1}]
        steps.append(make([*groups, {"params": list(model.parameters())[3:], "weight_decay": 0.0}], **settings))
    random = torch.Generator().manual_seed(0)
    for _ in range(5):
        for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            one.grad = torch.randn(one.shape, generator=random)
            other.grad = one.grad.clone()
        for each in steps:
            each.step()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-7, rtol=1e-6)


def test_the_first_step_does_not_wait_for_torchs_compiler():
    """To import it takes longer than anybody wants to wait after pressing Train."""
    program = (
        "import sys, core.runs.cost; core.runs.cost.measure_speed(1);"
        "sys.exit(', '.join({'torch._dynamo', 'torch._inductor', 'sympy'} & sys.modules.keys()) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr


def test_every_matrix_of_a_block_goes_to_muon_and_all_else_to_adamw(tiny_model):
    model = tiny_model(n_layer=2)
    adamw, muon = make_optimizer(model, TrainConfig()).parts
    taken = {id(p) for group in muon.param_groups for p in group["params"]}
    expected = {id(p) for name, p in model.named_parameters() if ".h." in name and p.dim() == 2}
    assert taken == expected and len(taken) == 2 * 4
    assert len(block_matrices(model)) == 3  # squares, standing, lying
    left = {id(p) for group in adamw.param_groups for p in group["params"]}
    assert left == {id(p) for p in model.parameters()} - taken


def test_a_model_without_blocks_has_only_adamw_and_so_has_who_asks_for_it(tiny_model):
    assert len(make_optimizer(Bigram(BigramConfig(block_size=4, vocab_size=5)), TrainConfig()).parts) == 1
    assert len(make_optimizer(tiny_model(), TrainConfig(optimizer="adamw")).parts) == 1


def test_every_rate_falls_by_the_same_share(tiny_model):
    config = TrainConfig(steps=10, batch_size=2, warmup_steps=0, eval_interval=100, muon_learning_rate=0.5)
    model = tiny_model()
    optimizer = make_optimizer(model, config)
    steps = train(model, torch.arange(300) % 11, config, optimizer=optimizer)
    for stats in steps:
        share = 1 - (stats.step - 1) / 9  # the last step has the last rate, which is 0
        rates = {round(group["lr"] / group["peak"], 6) for group in optimizer.param_groups}
        assert rates == {round(share, 6)}


@pytest.mark.parametrize("optimizer", ["muon", "adamw"])
def test_both_optimizers_learn(tiny_model, optimizer):
    config = TrainConfig(steps=100, batch_size=8, warmup_steps=2, optimizer=optimizer)
    *_, last = train(tiny_model(), torch.arange(2000) % 11, config)
    assert last.val_loss < 1.0  # it began at ln 11 = 2.4, and every token follows from the last
