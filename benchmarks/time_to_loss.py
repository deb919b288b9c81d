"""How long until a model is as good as nanoGPT's CPU recipe makes one: our presets beside it, in one process by turns.

    python -m benchmarks.time_to_loss --nanogpt ../nanoGPT --presets express best --also strict --seeds 3

Both sides train on the same 90 % of the text, in seconds of training alone, and are judged on all of the other 10 %,
in windows of the model's own block. The clock to a loss is that of the first look (near a target every 2 % of the
steps) that saw it, or less. What counts most is nanoGPT's own loss at its end with the same seed: how long each of both
took to there. How long a schedule is belongs to a recipe, ours and theirs.
"""

import argparse
import functools
import os
import sys
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.machine import watched
from benchmarks.nanogpt import SHAPE, load_nanogpt, rival
from benchmarks.racing import Racer, ours, race, warm_up
from benchmarks.report import NONE, head, number, row, spread
from core import data
from core.runs.presets import PRESETS, Preset
from core.text.corpora import CORPUS_NAMES, load_corpus
from core.tokenizers import CharTokenizer

TARGETS = (1.90, 1.70, 1.50)
OF_CHARACTERS = [name for name, preset in PRESETS.items() if preset.tokenizer == "char"]
# nanoGPT's very architecture and start (but for GELU's tanh form), so that only the recipe differs.
STRICT = Preset(model={**SHAPE, "init": "gpt2"}, train={"steps": 340, "muon_learning_rate": 0.04})


def main(arguments: list[str] | None = None) -> None:
    """Race seed after seed; print a row a run, then each preset's ratio to the rival over all seeds."""
    asked = _read(arguments)
    if asked.without_amx:
        _start_again_without_amx()
    tokens, vocab_size = read_text(asked.corpus)
    lined_up = {name: PRESETS[name] for name in asked.presets}
    if asked.also:
        lined_up["strict"] = Preset(STRICT.model, {**STRICT.train, "steps": asked.strict_steps})
    module = load_nanogpt(asked.nanogpt)
    builds = [functools.partial(rival, module, tokens, vocab_size, most_steps=asked.steps)]
    for name, preset in lined_up.items():
        builds.append(functools.partial(ours, name, preset, tokens, vocab_size, most_steps=asked.steps))
    with watched(quick=asked.quick):
        warm_up([functools.partial(build, seed=0) for build in builds])
        rounds = []
        for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
            print(f"\nSeed {seed}:")
            racers = [build(seed=seed) for build in builds]
            race(racers, data.split(tokens, 1)[1], tuple(asked.targets), by=asked.turns)
            rounds.append(racers)
        _tell_runs(rounds, asked)
        _tell_ratios(rounds, asked.targets)


def _read(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.time_to_loss", description=__doc__.split("\n")[0])
    parser.add_argument("--nanogpt", type=Path, required=True, help="a checkout of github.com/karpathy/nanoGPT")
    parser.add_argument("--presets", nargs="+", choices=OF_CHARACTERS, default=["express"], metavar="PRESET")
    parser.add_argument("--also", nargs="*", choices=["strict"], default=[], help="nanoGPT's shape, our recipe")
    parser.add_argument("--strict-steps", type=int, default=STRICT.train["steps"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--targets", type=float, nargs="+", default=TARGETS, help="losses, beside the rival's end")
    parser.add_argument("--turns", choices=["progress", "clock"], default="progress", help="by what: see racing.py")
    parser.add_argument("--without-amx", action="store_true", help="as on a processor without: all in fp32")
    parser.add_argument("--corpus", choices=[name for name in CORPUS_NAMES if name != "own"], default="shakespeare")
    parser.add_argument("--steps", type=int, help="end every run after so many steps, to try the command out")
    parser.add_argument("--quick", action="store_true", help="measure the machine's peaks in passing")
    return parser.parse_args(arguments)


def read_text(corpus: str) -> tuple[Tensor, int]:
    """Return a text as tokens (N,), one a character, and how many different ones there are."""
    text = load_corpus(corpus).text
    tokenizer = CharTokenizer.from_text(text)
    return torch.tensor(tokenizer.encode(text), dtype=torch.long), tokenizer.vocab_size


def _start_again_without_amx() -> None:
    """Become the same command with oneDNN held below AMX; it reads that once, so it has to be there from the start."""
    flags = [flag for flag in sys.argv[1:] if flag != "--without-amx"]
    print("Starting again with ONEDNN_MAX_CPU_ISA=AVX512_CORE", flush=True)
    os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX512_CORE"
    os.execv(sys.executable, [sys.executable, "-m", "benchmarks.time_to_loss", *flags])


def _tell_runs(rounds: list[list[Racer]], asked: argparse.Namespace) -> None:
    targets = [f"s to {target:.2f}" for target in asked.targets]
    head("run", "seed", "steps", "ms/step", "end loss", "s", *targets, "s to nanoGPT's end", "nanoGPT's s / its")
    for seed, racers in enumerate(rounds, asked.first_seed):
        for racer in racers:
            clocks = [number(_clock(racer, target)) for target in (*asked.targets, racers[0].end)]
            facts = (seed, racer.step, f"{racer.milliseconds:.1f}", f"{racer.end:.4f}", f"{racer.clock:.2f}")
            row(racer.name, *facts, *clocks, NONE if racer is racers[0] else number(_ratio(racer, racers[0])))


def _tell_ratios(rounds: list[list[Racer]], targets: list[float]) -> None:
    """Print each run over all seeds: mean (least to most) [in how many, if not in all]."""
    names = [f"s to {target:.2f}" for target in targets]
    columns = ("nanoGPT's s / its s to nanoGPT's end", "nanoGPT's s / its s, whole runs")
    head("run", "seeds", "end loss", "s", *names, *columns)
    rivals, seeds = [racers[0] for racers in rounds], len(rounds)
    for place, racers in enumerate(zip(*rounds, strict=True)):
        pairs = list(zip(racers, rivals, strict=True))
        clocks = [[_clock(racer, target) for racer in racers] for target in targets]
        ratios, whole = [_ratio(*pair) for pair in pairs], [their.clock / its.clock for its, their in pairs]
        cells = [spread([value for value in each if value is not None], of=seeds) for each in (*clocks, ratios)]
        cells = [*cells, spread(whole)] if place else [*cells[:-1], NONE, NONE]
        ends, total = [racer.end for racer in racers], [racer.clock for racer in racers]
        row(racers[0].name, seeds, spread(ends, 4), spread(total), *cells)


def _ratio(racer: Racer, rival_: Racer) -> float | None:
    """Return how many times as long the rival takes to its own end's loss as the racer; None if it is not reached."""
    its = _clock(racer, rival_.end)
    return _clock(rival_, rival_.end) / its if its else None


def _clock(racer: Racer, target: float) -> float | None:
    there = racer.reached(target)
    return there[1] if there else None


if __name__ == "__main__":
    main()
