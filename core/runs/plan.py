"""Turn what somebody asked for into a run that can be trained, and check all of it before anything is written.

The page and the command line both call `plan_run`. `again` plans a run once more, and `extend` gives it more steps.
"""

import secrets
import time
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field

from core.architectures import ARCHITECTURES
from core.config import BigramConfig, GPTConfig, TrainConfig
from core.device import choose_device
from core.formula import count_of
from core.options import Options
from core.runs.config import RunConfig, tokenizer_to_json
from core.runs.cost import bytes_needed, check_fits
from core.runs.directory import RunDir
from core.runs.memory import memory_available
from core.text.characters import composed
from core.text.corpora import Corpus, check_distinct, clean_text
from core.tokenizers import BPETokenizer, CharTokenizer, Tokenizer, named, split


class RunOptions(Options):
    """The options of a run that are neither the model's nor the training's."""

    preset: str = Field("custom", max_length=40, description="The preset that the options began with.")
    architecture: Literal["gpt", "modern", "bigram"] = Field(
        "gpt", description="GPT-2's architecture, what became of it since, or the bigram baseline."
    )
    tokenizer: Literal["char", "gpt2"] = Field("char", description="One token a character, or GPT-2's word pieces.")
    weights: Literal["new", "gpt2"] = Field(
        "new", description="Start from new weights, or from GPT-2's as published, to teach it this text (fine-tuning)."
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field("auto", description="Where to train.")
    prompt: str = Field("", max_length=2000, description="What each sample goes on from; empty: a new line.")
    sample_tokens: int = Field(120, ge=1, le=1000, description="How many tokens each sample writes.")


@dataclass(frozen=True)
class Plan:
    """A run that fitted its text, every bound and the memory that was free when it was planned; nothing is reserved."""

    config: RunConfig
    text: str
    parameters: int
    bytes_needed: int

    def create(self, root: Path, run_id: str | None = None) -> RunDir:
        """Make the run's directory below root."""
        return RunDir.create(root, self.config, self.text, run_id)


def plan_run(
    corpus: Corpus, options: dict, model: dict, train: dict, owner: str | None = None, memory: int | None = None
) -> Plan:
    """Check the options, model and train fields (without vocab_size) against the corpus and this machine.

    memory: how many bytes may be used; by default, those that are free now. Raises ValueError, one sentence.
    """
    chosen = RunOptions.parse(options)
    if not isinstance(model, dict):
        raise ValueError(f"The model's options must be named fields, but are of type {type(model).__name__}")
    if chosen.device not in ("auto", "cpu"):  # every machine has these
        choose_device(chosen.device)
    known = corpus.name != "own"  # such texts come again and again, and others are not to be kept
    tokenizer = (_known_tokenizer if known else _tokenizer)(chosen.tokenizer, corpus.text)
    model_config = ARCHITECTURES[chosen.architecture].parse({**model, "vocab_size": tokenizer.vocab_size})
    train_config = TrainConfig.parse(train)
    if chosen.weights == "gpt2":
        check_start(model_config, chosen.tokenizer)
    needed = bytes_needed(model_config, train_config.batch_size)
    check_fits(model_config, train_config.batch_size, memory_available() if memory is None else memory)
    entropy = (_known_entropy if known else _entropy)(corpus, tokenizer, model_config.block_size)
    config = RunConfig(
        corpus=corpus.name,
        corpus_title=corpus.title,
        tokenizer=tokenizer_to_json(tokenizer),
        model=model_config,
        train=train_config,
        preset=chosen.preset,
        device=chosen.device,
        weights=chosen.weights,
        prompt=sample_prompt(chosen.prompt, corpus.text, tokenizer),
        sample_tokens=chosen.sample_tokens,
        entropy=entropy,
        owner=owner,
    )
    return Plan(config, corpus.text, count_of(model_config), needed)


def again(run: RunDir, new_seed: bool = False) -> Plan:
    """Plan a run once more, with the same text, settings, owner and seed; new_seed: draw another seed.

    Whether there is memory for it, the store knows.
    """
    config = run.config()
    seed = secrets.randbelow(100_000) if new_seed else config.train.seed
    train = config.train.model_copy(update={"seed": seed})
    needed = bytes_needed(config.model, train.batch_size)
    config = replace(config, train=train, parent=None, parent_step=None, created=time.time())
    return Plan(config, run.text(), count_of(config.model), needed)


def extend(run: RunDir, steps: int | None) -> RunDir:
    """Let a run train until it has done `steps` steps in all.

    A run at its end goes on at a low rate (`core.optim.rate_factor`; a constant one stays), so that it keeps what it
    has learned; the schedule of one that is not there yet is stretched. steps: None keeps the number that it has.
    Raises ValueError when no step would be left.
    """
    config, status = run.config(), run.status()
    train, done = config.train, status.step
    if steps is not None and steps != train.steps:
        more = {"continued_at": [*train.continued_at, done]} if done == train.steps else {}
        train = TrainConfig.parse({**train.model_dump(), "steps": steps, **more})
    if train.steps < done or (train.steps == done and status.state == "done"):  # paused at the very end is not done
        raise ValueError(
            f"The run has done {done:,} {'step' if done == 1 else 'steps'} already; "
            f"ask for more than that, such as {2 * done:,}"
        )
    if train != config.train:
        run.write_config(replace(config, train=train))
    return run


def check_start(model: GPTConfig | BigramConfig, tokenizer: str) -> None:
    """Refuse a model that GPT-2's published weights do not fit, or that has none here to start from (ValueError)."""
    from core.pretrained import loader  # imports torch, which a plan needs for nothing else

    if not isinstance(model, GPTConfig):
        raise ValueError("architecture='bigram' does not fit GPT-2's weights; choose architecture='gpt'")
    loader.check_start(model, tokenizer)


def _tokenizer(kind: str, text: str) -> Tokenizer:
    if kind == "gpt2":
        return BPETokenizer()
    check_distinct(len(set(text)))
    return CharTokenizer.from_text(text)


def sample_prompt(asked: str, text: str, tokenizer: Tokenizer) -> str:
    """Return what each sample goes on from; ValueError for characters that the text never uses."""
    prompt, _ = composed(clean_text(asked)[0])
    if not prompt:
        return text[0] if tokenizer.unknown("\n") else "\n"
    if unknown := tokenizer.unknown(prompt):
        raise ValueError(f"The sample prompt has characters that the text never uses: {named(unknown)}; leave them out")
    return prompt


def _entropy(corpus: Corpus, tokenizer: Tokenizer, block_size: int) -> float | None:
    """Return the entropy of the validation part in nats per token, which no model can beat; None if it is unknown.

    ValueError for a text that is too short to be split.
    """
    train_ids, val_ids = split(tokenizer.encode(corpus.text), block_size)
    if corpus.entropy is None:
        return None
    start = len(tokenizer.decode(train_ids))
    return corpus.entropy(start, None) * (len(corpus.text) - start) / len(val_ids)


_known_tokenizer = lru_cache(maxsize=8)(_tokenizer)
_known_entropy = lru_cache(maxsize=32)(_entropy)  # 300 who press Train at once encode a text once
