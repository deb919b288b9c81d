"""Plan the twin of a healthy run: the same but for one variant, so that whatever differs is the variant's doing.

The twin has the healthy run's text, seed, first weights, batches in their order, and settings, but for what the variant
itself changes. Batches are a function of seed, step and the length of the text (`core/data.py`), so a text whose
characters are shuffled is cut at the same places, too.
"""

import time
from dataclasses import replace
from random import Random

from core.config import BigramConfig, GPTConfig, TrainConfig
from core.formula import count_of
from core.lab.variants import RATES, Variant, changes_model, variant_of
from core.runs.built import model_of
from core.runs.config import RunConfig, tokenizer_from_json
from core.runs.cost import bytes_needed
from core.runs.directory import RunDir
from core.runs.plan import Plan
from core.tokenizers import split


def plan_variant(run: RunDir, name: str, seed: int | None = None) -> Plan:
    """Plan a healthy run's twin with a variant of `VARIANTS`; seed: another than the run's, for weights and batches.

    The twin has the healthy run's owner, and whether there is memory for it the store knows, both as with `plan.again`.
    Raises ValueError for an unknown variant, for a run that it does not fit, and for one that cannot be read.
    """
    variant, healthy = variant_of(name), run.config()
    shape = _fitting(variant, healthy)
    train = healthy.train.model_dump() | ({} if seed is None else {"seed": seed})
    for rate in RATES:
        train[rate] *= variant.rate
    config = replace(
        healthy,
        variant=name,
        model=_shape(variant, shape),
        train=TrainConfig.parse(train),
        parent=None,  # it begins with fresh weights, whatever the healthy run began with
        parent_step=None,
        text_sha256=None,  # of the text that the twin gets, when it gets it
        created=time.time(),
    )
    text = run.text()
    if variant.shuffles:
        text = shuffled(text, config)
        config = replace(config, entropy=None)  # what is known is that of the plays as they were written
    return Plan(config, text, count_of_variant(config), bytes_needed(config.model, config.train.batch_size))


def shuffled(text: str, config: RunConfig) -> str:
    """Shuffle the characters of a text with a run's seed, those of the training and of the validation part apart.

    So both parts keep their letters, and the loss is measured on none that was trained on.
    """
    tokenizer, chance = tokenizer_from_json(config.tokenizer), Random(config.train.seed)
    parts = [list(part) for part in split(tokenizer.encode(text), config.model.block_size)]
    for part in parts:
        chance.shuffle(part)
    return tokenizer.decode([*parts[0], *parts[1]])


def count_of_variant(config: RunConfig) -> int:
    """Return how many parameters a run's model has: of a variant, those that it leaves something to do."""
    if not changes_model(config.variant):
        return count_of(config.model)
    return sum(parameter.numel() for parameter in model_of(config, empty=True).parameters())


def _fitting(variant: Variant, healthy: RunConfig) -> GPTConfig:
    """Return the shape of a run that a variant changes, and changes alone; ValueError for another run."""
    if healthy.variant:
        raise ValueError(f"This run is a variant already ({healthy.variant}); choose the healthy run beside it")
    if healthy.weights != "new":
        raise ValueError("This run begins with GPT-2's weights, and a variant begins with new ones; choose another run")
    if type(healthy.model) is not GPTConfig:
        raise ValueError("Variants change GPT-2's architecture, and this run has another; choose a run of a GPT")
    if variant.name in ("one_head", "scaling_by_n_embd") and healthy.model.n_head == 1:
        raise ValueError(f"{variant.name} would change nothing in a run with n_head=1; choose a run with more heads")
    if (variant.shuffles or variant.architecture == "bigram") and healthy.tokenizer["kind"] != "char":
        raise ValueError(f"{variant.name} needs tokens of one character, and this run's are longer; choose another run")
    return healthy.model


def _shape(variant: Variant, healthy: GPTConfig) -> GPTConfig | BigramConfig:
    if variant.architecture == "bigram":
        return BigramConfig(block_size=healthy.block_size, vocab_size=healthy.vocab_size)
    return healthy.model_copy(update={"n_head": variant.n_head}) if variant.n_head else healthy
