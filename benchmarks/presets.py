"""Train a preset on Tiny Shakespeare with several seeds; print the whole-split validation loss it ends at.

    python -m benchmarks.presets small --seeds 3
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from core.corpora import load_corpus
from core.planning import plan_run
from core.presets import PRESETS
from core.recording import record
from core.run_dir import list_runs


def main() -> None:
    """Print a line a seed, then mean and spread."""
    parser = argparse.ArgumentParser()
    parser.add_argument("preset", choices=PRESETS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--corpus", default="shakespeare")
    asked = parser.parse_args()
    preset, losses = PRESETS[asked.preset], []
    for seed in range(1, asked.seeds + 1):
        options = {"preset": asked.preset, "architecture": preset.architecture, "tokenizer": preset.tokenizer}
        plan = plan_run(load_corpus(asked.corpus), options, preset.model, {**preset.train, "seed": seed})
        with tempfile.TemporaryDirectory() as root:
            *_, last = record(plan.create(Path(root)))
            seconds = plan_seconds(Path(root))
        losses.append(last.val_loss)
        print(f"seed {seed}: validation {last.val_loss:.4f} after {last.step} steps, {seconds:.1f} s of training")
    spread = f", spread {max(losses) - min(losses):.4f}" if len(losses) > 1 else ""
    print(f"{asked.preset} on {asked.corpus}: mean {statistics.mean(losses):.4f}{spread}")


def plan_seconds(root: Path) -> float:
    """Return the seconds of training of the only run below root."""
    run = list_runs(root)[0][0]
    return run.rows("metrics")[0][-1]["elapsed"]


if __name__ == "__main__":
    main()
