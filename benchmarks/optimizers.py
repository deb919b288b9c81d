"""What one step of Muon costs: ours, all matrices of one shape in one call, beside `torch.optim.Muon`, one by one.

python -m benchmarks.optimizers --rounds 30
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from benchmarks.machine import watched
from benchmarks.report import head, number, row
from core.architectures import ARCHITECTURES, build_model
from core.optim import Muon, block_matrices
from core.runs.presets import PRESETS


def main(arguments: list[str] | None = None) -> None:
    """Print a row a preset: milliseconds of the optimizer's step alone, and the ratio of the medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.optimizers", description=__doc__.split("\n")[0])
    parser.add_argument("--presets", nargs="+", choices=list(PRESETS), default=["express", "small", "best"])
    parser.add_argument("--rounds", type=int, default=30)
    asked = parser.parse_args(arguments)
    with watched():
        head("preset", "matrices", "ours, ms", "torch.optim.Muon, ms", "ratio")
        for name in asked.presets:
            ours, theirs, count = _both(name)
            times: dict[Callable, list[float]] = {ours: [], theirs: []}
            for _ in range(asked.rounds + 3):
                for step in (ours, theirs):  # by turns: both see the same neighbours
                    began = time.perf_counter()
                    step()
                    times[step].append(1000 * (time.perf_counter() - began))
            quick, slow = (statistics.median(times[step][3:]) for step in (ours, theirs))
            row(name, count, number(quick), number(slow), number(slow / quick))


def _both(name: str) -> tuple[Callable, Callable, int]:
    """Return one step of each optimizer over the same shapes and settings, and how many matrices there are."""
    preset = PRESETS[name]
    config = ARCHITECTURES[preset.architecture].parse({**preset.model, "vocab_size": 65})
    steps = []
    for make in (_ours, _theirs):
        groups = block_matrices(build_model(config))
        matrices = [matrix for group in groups for matrix in group["params"]]
        for matrix in matrices:
            matrix.grad = torch.randn_like(matrix)
        steps.append(make(groups, matrices).step)
    return *steps, len(matrices)


def _ours(groups: list[dict], matrices: list) -> Muon:
    return Muon(groups, lr=0.01, weight_decay=0.1)


def _theirs(groups: list[dict], matrices: list) -> torch.optim.Muon:
    return torch.optim.Muon(matrices, lr=0.01, weight_decay=0.1, momentum=0.9, ns_steps=4)


if __name__ == "__main__":
    main()
