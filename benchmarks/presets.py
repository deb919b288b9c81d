"""Train a preset on several seeds as a run on the page is trained; print where it ends and how long it takes.

    python -m benchmarks.presets best --seeds 3

The loss is that of the whole validation part at the last step, the seconds are those of training alone.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.machine import watched
from benchmarks.report import head, row, spread
from core.runs.listing import list_runs
from core.runs.plan import plan_run
from core.runs.presets import PRESETS
from core.runs.training_run import train_run
from core.text.corpora import CORPUS_NAMES, load_corpus
from core.training import StepStats


def main(arguments: list[str] | None = None) -> None:
    """Print a row a seed, then mean, least and most."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.presets", description=__doc__.split("\n")[0])
    parser.add_argument("preset", choices=PRESETS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--corpus", choices=[name for name in CORPUS_NAMES if name != "own"], default="shakespeare")
    parser.add_argument("--steps", type=int, help="end after so many steps, to try the command out")
    parser.add_argument("--quick", action="store_true", help="measure the machine's peaks in passing")
    asked = parser.parse_args(arguments)
    with watched(quick=asked.quick):
        head(asked.preset, "steps", "end loss", "s of training", "steps/s")
        losses, clocks, rates = [], [], []
        for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
            last, seconds = train_once(asked.preset, asked.corpus, seed, asked.steps)
            losses.append(last.val_loss)
            clocks.append(seconds)
            rates.append(last.step / seconds)
            row(f"seed {seed}", last.step, f"{last.val_loss:.4f}", f"{seconds:.1f}", f"{rates[-1]:.1f}")
        row("mean (least to most)", last.step, spread(losses, 4), spread(clocks, 1), spread(rates, 1))


def train_once(name: str, corpus: str, seed: int, most_steps: int | None) -> tuple[StepStats, float]:
    """Record one run in a directory that is thrown away; return its last step and its seconds of training."""
    preset = PRESETS[name]
    options = {"preset": name, "architecture": preset.architecture, "tokenizer": preset.tokenizer}
    plan = plan_run(load_corpus(corpus), options, preset.model, {**preset.train, "seed": seed})
    if most_steps is not None:
        train = plan.config.train
        short = train.model_copy(update={"steps": min(train.steps, most_steps)})
        plan = replace(plan, config=replace(plan.config, train=short))
    with tempfile.TemporaryDirectory() as root:
        *_, last = train_run(plan.create(Path(root)))
        run = list_runs(Path(root))[0][0]
        return last, run.rows("metrics")[0][-1]["elapsed"]


if __name__ == "__main__":
    main()
