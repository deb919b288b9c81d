"""What our optimizers cost beside torch's: a step of Muon, a step of AdamW, and clipping the gradients.

python -m benchmarks.optimizers --rounds 30

Muon and AdamW work on the tensors that the preset gives them. The first optimizer of a process also imports torch's
compiler, which the last line measures in processes of their own.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from torch import nn

from benchmarks.machine import watched
from benchmarks.report import head, number, row
from core.architectures import ARCHITECTURES, build_model
from core.optim import AdamW, Muon, block_matrices, parameter_groups
from core.runs.presets import PRESETS
from core.training import clip

Step = Callable[[], object]
FIRST_OPTIMIZER = """import time, torch
weight = torch.nn.Parameter(torch.zeros(1))
began = time.perf_counter()
torch.optim.AdamW([weight], fused=True)
print(time.perf_counter() - began)"""


def main(arguments: list[str] | None = None) -> None:
    """Print a row a preset and call: the fewest milliseconds of each, and how many times as long torch's takes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.optimizers", description=__doc__.split("\n")[0])
    parser.add_argument("--presets", nargs="+", choices=list(PRESETS), default=["express", "small", "best"])
    parser.add_argument("--rounds", type=int, default=30)
    asked = parser.parse_args(arguments)
    with watched():
        head("preset", "tensors", "ours, ms", "torch's, ms", "ratio")
        for name in asked.presets:
            for what, make in (("Muon", _muon), ("AdamW", _adamw), ("clip", _clip)):
                tensors, ours, theirs = make(name)
                quick, slow = _by_turns(ours, theirs, asked.rounds)
                row(f"{name}, {what}", tensors, number(quick, 3), number(slow, 3), number(slow / quick))
        command = [sys.executable, "-c", FIRST_OPTIMIZER]
        first = min(float(subprocess.check_output(command, text=True)) for _ in range(3))
        print(f"\nThe first torch.optim.AdamW of a process: {first:.2f} s", flush=True)


def _by_turns(ours: Step, theirs: Step, rounds: int) -> tuple[float, float]:
    """Return the fewest milliseconds of each; both are run by turns, so that they see the same neighbours."""
    times: dict[Step, list[float]] = {ours: [], theirs: []}
    for _ in range(rounds):
        for step in (ours, theirs):
            began = time.perf_counter()
            step()
            times[step].append(1000 * (time.perf_counter() - began))
    return min(times[ours]), min(times[theirs])


def _model(name: str) -> nn.Module:
    """Build a preset's model, with a gradient for every parameter."""
    preset = PRESETS[name]
    model = build_model(ARCHITECTURES[preset.architecture].parse({**preset.model, "vocab_size": 65}))
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter)
    return model


def _muon(name: str) -> tuple[int, Step, Step]:
    groups, others = (block_matrices(_model(name)) for _ in range(2))
    matrices = [matrix for group in others for matrix in group["params"]]
    theirs = torch.optim.Muon(matrices, lr=0.01, weight_decay=0.1, momentum=0.9, ns_steps=4)
    return len(matrices), Muon(groups, lr=0.01, weight_decay=0.1).step, theirs.step


def _adamw(name: str) -> tuple[int, Step, Step]:
    groups, others = (_rest(_model(name)) for _ in range(2))
    settings = {"lr": 0.01, "betas": (0.8, 0.95)}
    count = sum(len(group["params"]) for group in others)
    return count, AdamW(groups, **settings).step, torch.optim.AdamW(others, fused=True, **settings).step


def _rest(model: nn.Module) -> list[dict]:
    """Return what Muon leaves to AdamW."""
    return parameter_groups(model, 0.1, [matrix for group in block_matrices(model) for matrix in group["params"]])


def _clip(name: str) -> tuple[int, Step, Step]:
    parameters = list(_model(name).parameters())
    gradients, longest = [parameter.grad for parameter in parameters], 1e9  # as in most steps, nothing is too long
    theirs = torch.nn.utils.clip_grad_norm_
    return len(parameters), lambda: clip(gradients, longest), lambda: theirs(parameters, longest, foreach=True).item()


if __name__ == "__main__":
    main()
