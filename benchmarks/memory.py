"""The most memory that training a preset takes, each in a fresh process, beside what core/runs/cost.py expects.

    python -m benchmarks.memory --steps 3
    python -m benchmarks.memory --presets tiny express small --tokenizer gpt2

What is counted is the peak of the process's resident memory, less what it held before the model was built (torch, its
compiler and its buffers are there by then: a tiny model has been trained). Once for the steps alone, and once with the
estimate of the loss at the last of them, over the whole validation part, as every run ends with. Linux only.
"""

import argparse
import json
import os
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
from core.precision import WORTH_HALVING
from core.runs.cost import bytes_needed
from core.runs.machine import threads_for
from core.runs.memory import keep_freed_memory
from core.runs.presets import PRESETS, Preset
from core.tokenizers import GPT2_VOCAB_SIZE
from core.training import train

CHARACTERS = 65
TOKENS = 100_000  # their tenth fills more than one portion of an estimate


def main(arguments: list[str] | None = None) -> None:
    """Print a row a preset."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__.split("\n")[0])
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=list(PRESETS), metavar="PRESET")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=1, help="processes for each figure; the largest counts")
    parser.add_argument("--tokenizer", choices=["char", "gpt2"], help="for all of them; by default each preset's own")
    parser.add_argument("--child", choices=["steps", "run"], help=argparse.SUPPRESS)  # it calls itself
    asked = parser.parse_args(arguments)
    chosen = {name: PRESETS[name] for name in asked.presets}
    if asked.tokenizer:
        chosen = {name: replace(preset, tokenizer=asked.tokenizer) for name, preset in chosen.items()}
    if asked.child:
        keep_freed_memory()  # as a worker does
        print(json.dumps(peak_of(*chosen.values(), asked.steps, whole=asked.child == "run")))
        return
    with watched(quick=True):
        head("preset", "steps alone, MB", "with the last estimate, MB", "planned, MB", "planned / largest")
        for name, preset in chosen.items():
            alone, whole = (
                max(_measured(name, preset.tokenizer, kind, asked.steps) for _ in range(asked.rounds))
                for kind in ("steps", "run")
            )
            planned = bytes_needed(shape_of(preset, _vocabulary(preset)), TrainConfig.parse(preset.train).batch_size)
            figures = [f"{figure / 1e6:,.0f}" for figure in (alone, whole, planned)]
            row(name, *figures, f"{planned / max(alone, whole, 1):.2f}")


def _measured(name: str, tokenizer: str, kind: str, steps: int) -> int:
    flags = ["--presets", name, "--tokenizer", tokenizer, "--steps", str(steps), "--child", kind]
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
    shape, tokens = shape_of(preset, size), noise(size, TOKENS)
    config = TrainConfig.parse({**preset.train, "steps": steps if whole else NEVER, "eval_interval": NEVER})
    torch.set_num_threads(threads_for(shape, config.batch_size))
    before = _held()
    training = train(build_model(shape), tokens, config)
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
