"""What each trick of the fast recipe saves: `express`, and `express` without one of them, side by side.

    python -m benchmarks.ablation --seeds 3

All variants are trained in one process by turns. Each row says how many steps and seconds of training it takes to the
target, and where it ends. A variant that never gets there may still do so with more steps: AdamW is therefore also
given three times as many, at the rate that was best for it in a coarse search.
"""

import argparse

import torch
from torch import Tensor

from benchmarks.machine import watched
from benchmarks.racing import Racer, ours, race, warm_up
from benchmarks.report import NONE, head, row, spread
from benchmarks.time_to_loss import read_text
from core import data
from core.runs.presets import PRESETS, Preset
from core.text.corpora import CORPUS_NAMES

BASE = PRESETS["express"]
ADAMW = {"optimizer": "adamw", "learning_rate": 4e-3}


class AnyWindows(data.Batches):
    """Windows that begin anywhere, drawn anew each time: some stretches come often, some never."""

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """Return x, y (B, T) of a step (from 0): y is x shifted by one."""
        random = torch.Generator().manual_seed(data.step_seed(self.seed, step))
        starts = torch.randint(len(self.tokens) - self.T, (self.B, 1), generator=random)
        window = self.tokens[starts + self.ahead]  # (B, T + 1)
        return window[:, :-1], window[:, 1:]


def _but(model: dict | None = None, train: dict | None = None) -> Preset:
    return Preset({**BASE.model, **(model or {})}, {**BASE.train, **(train or {})})


VARIANTS: dict[str, tuple[Preset, type | None]] = {
    "express": (BASE, None),
    "AdamW instead of Muon": (_but(train=ADAMW), None),
    "AdamW, 3 times the steps": (_but(train={**ADAMW, "steps": 3 * BASE.train["steps"]}), None),
    "fp32 instead of bf16": (_but(train={"precision": "fp32"}), None),
    "GPT-2's start instead of the sinusoidal one": (_but(model={"init": "gpt2"}), None),
    "cosine to 10 % instead of linear to 0": (_but(train={"schedule": "cosine", "min_learning_rate": 0.1}), None),
    "windows drawn with replacement": (BASE, AnyWindows),
    "2 heads instead of 4": (_but(model={"n_head": 2}), None),
    "GELU instead of ReLU": (_but(model={"activation": "gelu"}), None),
    "with biases": (_but(model={"bias": True}), None),
    "4 layers instead of 2": (_but(model={"n_layer": 4}), None),
}


def main(arguments: list[str] | None = None) -> None:
    """Race all variants seed after seed; print a row each, over all seeds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablation", description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--target", type=float, default=1.90, help="nats per character, validation")
    parser.add_argument("--only", nargs="+", type=int, metavar="N", help=f"rows to run, of 1 to {len(VARIANTS) - 1}")
    parser.add_argument("--corpus", choices=[name for name in CORPUS_NAMES if name != "own"], default="shakespeare")
    parser.add_argument("--steps", type=int, help="end every run after so many steps, to try the command out")
    parser.add_argument("--quick", action="store_true", help="measure the machine's peaks in passing")
    asked = parser.parse_args(arguments)
    names = list(VARIANTS)
    chosen = [names[0], *(names[place] for place in (asked.only or range(1, len(names))))]
    text = read_text(asked.corpus)

    def line_up(name: str, seed: int) -> Racer:
        preset, batches = VARIANTS[name]
        return ours(name, preset, *text, seed, asked.steps, batches)

    with watched(quick=asked.quick):
        warm_up([lambda: line_up(names[0], 0)])
        rounds = []
        for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
            print(f"\nSeed {seed}:")
            rounds.append([line_up(name, seed) for name in chosen])
            race(rounds[-1], data.split(text[0], 1)[1], (asked.target,))
        _tell(rounds, asked.target)


def _tell(rounds: list[list[Racer]], target: float) -> None:
    head("recipe", "steps", "ms/step", f"steps to {target}", f"s to {target}", "times as long", "end loss", "s in all")
    for racers in zip(*rounds, strict=True):
        met = [racer.reached(target) for racer in racers]
        there = [place for place in met if place]
        base = [racers_of[0].reached(target) for racers_of in rounds]
        ratios = [mine[1] / its[1] for mine, its in zip(met, base, strict=True) if mine and its]
        steps, clocks = (spread([place[part] for place in there], part * 2, of=len(met)) for part in (0, 1))
        pace = spread([racer.milliseconds for racer in racers], 1)
        ends, totals = spread([racer.end for racer in racers], 4), spread([racer.clock for racer in racers])
        row(racers[0].name, racers[0].steps, pace, steps, clocks, spread(ratios) if ratios else NONE, ends, totals)


if __name__ == "__main__":
    main()
