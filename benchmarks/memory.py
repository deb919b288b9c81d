"""The most memory that training a preset takes, each in a fresh process, beside what core/runs/cost.py expects.

    python -m benchmarks.memory --steps 3
    python -m benchmarks.memory --presets tiny express small --tokenizer gpt2
    python -m benchmarks.memory --random 50 --seed 1

What is counted is the peak of the process's resident memory, less what it held before the model was built (torch, its
compiler and its buffers are there by then: a tiny model has been trained). Once for the steps alone, and once with the
estimate of the loss at the last of them, over the whole validation part, as every run ends with. Linux only.
"""

import argparse
import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.machine import watched
from benchmarks.racing import NEVER, shape_of
from benchmarks.report import head, row
from core.architectures import build_model
from core.config import GPTConfig, TrainConfig
from core.data import as_tokens
from core.precision import WORTH_HALVING
from core.runs.cost import bytes_needed
from core.runs.machine import step_flops, threads_for
from core.runs.memory import keep_freed_memory
from core.runs.presets import PRESETS, Preset
from core.tokenizers import GPT2_VOCAB_SIZE
from core.training import train

CHARACTERS = 65
MOST_BYTES, MOST_FLOPS = 4e9, 5e10  # of a shape that is drawn
LEAST, MOST = 0.8, 2.0  # the bar for planned / measured
TEXT = 1_000_000  # tokens that a run holds
TOKENS = 100_000  # of them, that are trained on: their tenth fills more than one portion of an estimate


def main(arguments: list[str] | None = None) -> None:
    """Print a row a preset."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__.split("\n")[0])
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=list(PRESETS), metavar="PRESET")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=1, help="processes for each figure; the largest counts")
    parser.add_argument("--tokenizer", choices=["char", "gpt2"], help="for all of them; by default each preset's own")
    parser.add_argument("--random", type=int, default=0, help="so many shapes drawn at random instead of the presets")
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn")
    parser.add_argument("--child-of", type=int, help=argparse.SUPPRESS)  # which of the random shapes
    parser.add_argument("--child", choices=["steps", "run"], help=argparse.SUPPRESS)  # it calls itself
    asked = parser.parse_args(arguments)
    drawn = drawn_presets(asked.random, asked.seed)
    chosen = drawn or {name: PRESETS[name] for name in asked.presets}
    if asked.tokenizer:
        chosen = {name: replace(preset, tokenizer=asked.tokenizer) for name, preset in chosen.items()}
    if asked.child:
        keep_freed_memory()  # as a worker does
        preset = list(chosen.values())[asked.child_of or 0]
        print(json.dumps(peak_of(preset, asked.steps, whole=asked.child == "run")))
        return
    if drawn:
        _tell_drawn(drawn, asked)
        return
    with watched(quick=True):
        head("preset", "steps alone, MB", "with the last estimate, MB", "planned, MB", "planned / largest")
        for name, preset in chosen.items():
            alone, whole = (
                max(
                    _measured(
                        "--presets", name, "--tokenizer", preset.tokenizer, "--steps", str(asked.steps), "--child", kind
                    )
                    for _ in range(asked.rounds)
                )
                for kind in ("steps", "run")
            )
            planned = bytes_needed(shape_of(preset, _vocabulary(preset)), TrainConfig.parse(preset.train).batch_size)
            figures = [f"{figure / 1e6:,.0f}" for figure in (alone, whole, planned)]
            row(name, *figures, f"{planned / max(alone, whole, 1):.2f}")


def drawn_presets(count: int, seed: int) -> dict[str, Preset]:
    """Draw shapes at random, from the smallest to what takes some gigabytes, named by what they are."""
    chance, drawn = random.Random(seed), {}
    while len(drawn) < count:
        architecture = chance.choice(["gpt", "gpt", "modern", "bigram"])
        tokenizer, batch = chance.choice(["char", "char", "gpt2"]), 2 ** chance.randint(0, 6)
        model: dict = {"block_size": 2 ** chance.randint(3, 10)}
        if architecture != "bigram":
            head = 2 ** chance.randint(3, 6)
            heads = chance.randint(1, 12)
            model |= {"n_layer": chance.randint(1, 12), "n_head": heads, "n_embd": head * heads}
        if architecture == "gpt":
            model |= {"dropout": chance.choice([0.0, 0.1]), "tie_weights": chance.choice([True, False])}
        train = {"batch_size": batch, "optimizer": chance.choice(["muon", "adamw"])}
        preset = Preset(model=model, train=train, architecture=architecture, tokenizer=tokenizer)
        if architecture == "bigram" and tokenizer == "gpt2":  # ten gigabytes of weights
            continue
        shape = shape_of(preset, _vocabulary(preset))
        if bytes_needed(shape, batch) < MOST_BYTES and step_flops(shape, batch) < MOST_FLOPS:
            sizes = "x".join(str(size) for size in model.values() if type(size) is int)
            drawn[f"{len(drawn) + 1}: {architecture} {sizes}, {tokenizer}, batch {batch}, {train['optimizer']}"] = (
                preset
            )
    return drawn


def _tell_drawn(drawn: dict[str, Preset], asked: argparse.Namespace) -> None:
    """Print a row for each shape, and how many are within the bar."""
    ratios = []
    head("shape", "with the last estimate, MB", "planned, MB", "planned / measured")
    for i, (name, preset) in enumerate(drawn.items()):
        flags = ["--random", str(asked.random), "--seed", str(asked.seed), "--child-of", str(i), "--child", "run"]
        measured = _measured(*flags, "--steps", str(asked.steps))
        planned = bytes_needed(shape_of(preset, _vocabulary(preset)), preset.train["batch_size"])
        ratios.append(planned / max(1, measured))
        row(name, *(f"{figure / 1e6:,.0f}" for figure in (measured, planned)), f"{ratios[-1]:.2f}")
    good = sum(LEAST <= ratio <= MOST for ratio in ratios)
    print(f"\nplanned / measured: {min(ratios):.2f} to {max(ratios):.2f}; {good} of {len(ratios)} within "
          f"{LEAST} to {MOST} (bar: all)")  # fmt: skip


def _measured(*flags: str) -> int:
    command = [sys.executable, "-m", "benchmarks.memory", *flags]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def peak_of(preset: Preset, steps: int, whole: bool) -> int:
    """Train for some steps in this process; return by how many bytes its memory peaked above what it held before.

    whole ends the run there, with its estimate; else the last step is one among many.
    """
    tiny = GPTConfig(block_size=8, vocab_size=CHARACTERS, n_layer=1, n_head=1, n_embd=WORTH_HALVING)
    for _ in train(build_model(tiny), noise(CHARACTERS, 1000), TrainConfig(steps=2, batch_size=1)):
        pass
    size = _vocabulary(preset)
    shape = shape_of(preset, size)
    config = TrainConfig.parse({**preset.train, "steps": steps if whole else NEVER, "eval_interval": NEVER})
    torch.set_num_threads(threads_for(shape, config.batch_size))
    before = _held()
    text = as_tokens(noise(size, TEXT).tolist())  # as a run encodes it
    training = train(build_model(shape), text[:TOKENS], config)
    for _ in range(steps):
        next(training)
    return max(0, _peak() - before)


def _vocabulary(preset: Preset) -> int:
    return GPT2_VOCAB_SIZE if preset.tokenizer == "gpt2" else CHARACTERS


def noise(vocab_size: int, tokens: int) -> torch.Tensor:
    """Return random tokens, the same each time."""
    return torch.randint(vocab_size, (tokens,), generator=torch.Generator().manual_seed(1))


def _held() -> int:
    """Return the bytes of memory that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _peak() -> int:
    """Return the most bytes of memory that this process has held."""
    import resource  # not on Windows

    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
