"""Break it: what each variant of `core/lab/variants.py` costs beside the healthy run, and whether its claim holds.

    python -m benchmarks.broken --text plays --preset tiny --seeds 3

Every seed trains a healthy run and its twins: same text, first weights and batches. The loss is that of the whole
validation part at the last step, in nats a token. A difference is noise when it is smaller than twice its standard
error, sqrt((s1^2 + s2^2) / n), where s1 and s2 are the standard deviations of the two over n seeds. One seed tells no
noise. A claim of "same" holds where the difference is noise, or under 0.05 nats: less than one sees on the chart.

A low loss is no good text. So each model writes, from a new line at temperature 1: what a character of that text costs
the healthy model, and the share of its pairs of neighbouring characters that never stand in the training text.
"""

import argparse
import math
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch

from benchmarks.report import NONE, head, number, row, spread
from core.insight.scoring import score
from core.lab.twins import plan_variant
from core.lab.variants import VARIANTS, Variant
from core.runs.config import tokenizer_from_json
from core.runs.directory import RunDir
from core.runs.plan import plan_run
from core.runs.presets import PRESETS
from core.runs.training_run import train_run
from core.sampling import generate
from core.text.corpora import CORPUS_NAMES, Corpus, load_corpus, own_text
from core.tokenizers import split

SURE = 2.0  # standard errors: a smaller difference is noise
LITTLE = 0.05  # nats: a smaller difference may be there, but nobody sees it on the chart


@dataclass(frozen=True)
class Measured:
    """What one run came to."""

    loss: float  # validation, nats a token; infinite where it stopped being a number
    text_loss: float | None  # what a token of its own text costs the healthy model; None where it wrote none
    unseen: float | None  # share of that text's pairs of characters that the training text never has


def main(arguments: list[str] | None = None) -> None:
    """Train all of it, seed after seed; print a row for the healthy run and one for each variant."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.broken", description=__doc__.split("\n\n")[0])
    parser.add_argument("--text", default="plays", help=f"{', '.join(CORPUS_NAMES[:-1])}, or a file")
    presets = [name for name, preset in PRESETS.items() if (preset.architecture, preset.weights) == ("gpt", "new")]
    parser.add_argument("--preset", choices=presets, default="tiny")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--steps", type=int, help="of every run; by default the preset's")
    parser.add_argument("--only", nargs="+", choices=VARIANTS, default=list(VARIANTS), metavar="VARIANT")
    parser.add_argument("--characters", type=int, default=1000, help="that each model writes")
    asked = parser.parse_args(arguments)
    corpus = (
        load_corpus(asked.text) if asked.text in CORPUS_NAMES[:-1] else own_text(Path(asked.text).read_text("utf-8"))
    )
    found: dict[str, list[Measured]] = {}
    for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
        for name, measured in one_seed(corpus, asked.preset, seed, asked.steps, asked.only, asked.characters):
            print(f"  seed {seed}, {name}: {measured.loss:.4f}", flush=True)
            found.setdefault(name, []).append(measured)
    tell(found)


def one_seed(
    corpus: Corpus, preset: str, seed: int, steps: int | None, names: Sequence[str], characters: int
) -> Iterator[tuple[str, Measured]]:
    """Train the healthy run of a seed and its twins, in a directory that is thrown away; give what each came to."""
    chosen = PRESETS[preset]
    steps = steps or chosen.train["steps"]
    train = {**chosen.train, "seed": seed, "steps": steps, "eval_interval": steps, "eval_tokens": 1024}
    options = {"preset": preset, "tokenizer": chosen.tokenizer, "sample_tokens": 1}
    with tempfile.TemporaryDirectory() as root:
        healthy = plan_run(corpus, options, chosen.model, train).create(Path(root))
        yield "healthy", measure(healthy, healthy, characters)
        for name in names:
            yield name, measure(plan_variant(healthy, name).create(Path(root)), healthy, characters)


def measure(run: RunDir, healthy: RunDir, characters: int) -> Measured:
    """Train a run to its end, let it write, and show what it wrote to the healthy one, which is trained already."""
    run.write_baselines({"uniform": math.log(run.config().model.vocab_size)})  # the others cost time, and nobody asks
    *_, last = train_run(run)
    if last.val_loss is None or run.status().state != "done":
        return Measured(math.inf, None, None)
    tokenizer = tokenizer_from_json(run.config().tokenizer)
    prompt = tokenizer.encode(run.config().prompt)
    written = [token.id for token in generate(run.load_snapshot(), torch.tensor([prompt]), characters, seed=1)]
    text = tokenizer.decode(written)
    cost = score(healthy.load_snapshot(), torch.tensor([*prompt, *written]), len(text))
    train_part, _ = split(healthy.text(), 1)
    return Measured(last.val_loss, cost.nats / cost.tokens, unseen_pairs(text, train_part))


def unseen_pairs(text: str, known: str) -> float:
    """Return the share of a text's pairs of neighbouring characters that another text does not have."""
    seen, pairs = set(pairwise(known)), list(pairwise(text))
    return sum(pair not in seen for pair in pairs) / max(1, len(pairs))


def noise(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Return what a difference of means has to exceed to be more than noise; None where a single seed tells none."""
    if min(len(one), len(other)) < 2:
        return None
    return SURE * math.sqrt(statistics.variance(one) / len(one) + statistics.variance(other) / len(other))


def outcome(healthy: Sequence[float], broken: Sequence[float]) -> str:
    """Return how losses are beside healthy ones: "worse", "better", "noise", or "one seed" where that is not known."""
    if not all(map(math.isfinite, broken)):
        return "worse"
    within = noise(healthy, broken)
    if within is None:
        return "one seed"
    difference = statistics.mean(broken) - statistics.mean(healthy)
    return "noise" if abs(difference) <= within else "worse" if difference > 0 else "better"


def holds(variant: Variant, healthy: list[Measured], broken: list[Measured]) -> bool | None:
    """Tell whether the check of a variant's claim is what was measured; None where one seed tells nothing."""
    found = outcome(_losses(healthy), _losses(broken))
    if found == "one seed":
        return None
    if variant.check == "better_but_garbage":
        return found == "better" and outcome(_text_losses(healthy), _text_losses(broken)) == "worse"
    if variant.check == "same":
        return found == "noise" or abs(_difference(healthy, broken)) < LITTLE
    return found == "worse"


def tell(found: dict[str, list[Measured]]) -> None:
    """Print the table."""
    healthy = found["healthy"]
    head(
        "run",
        "loss",
        "beside healthy",
        "noise",
        "it is",
        "claim",
        "claim holds",
        "its text, healthy loss",
        "unseen pairs",
    )
    for name, runs in found.items():
        losses = _losses(runs)
        wrote = (
            spread(_text_losses(runs)),
            spread([100 * each.unseen for each in runs if each.unseen is not None], 1, " %"),
        )
        if name == "healthy":
            row(name, spread(losses, 3), NONE, NONE, NONE, NONE, NONE, *wrote)
            continue
        within = noise(_losses(healthy), losses) if all(map(math.isfinite, losses)) else None
        verdict = {None: NONE, True: "yes", False: "NO"}[holds(VARIANTS[name], healthy, runs)]
        told = outcome(_losses(healthy), losses), VARIANTS[name].check, verdict
        row(name, spread(losses, 3), f"{_difference(healthy, runs):+.3f}", number(within, 3), *told, *wrote)


def _difference(healthy: list[Measured], broken: list[Measured]) -> float:
    return statistics.fmean(_losses(broken)) - statistics.fmean(_losses(healthy))


def _losses(runs: list[Measured]) -> list[float]:
    return [each.loss for each in runs]


def _text_losses(runs: list[Measured]) -> list[float]:
    return [each.text_loss for each in runs if each.text_loss is not None]


if __name__ == "__main__":
    main()
