"""From what somebody asked for to a run that can be trained: everything is checked before anything is made.

Page and command line both end in `plan_run`. A plan that exists fits the text, the machine's memory and every bound.
"""

import secrets
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from core.architectures import ARCHITECTURES
from core.config import TrainConfig
from core.device import choose_device, memory_available
from core.formula import count_of
from core.options import Options
from core.runs.config import RunConfig
from core.runs.cost import bytes_needed, check_memory
from core.runs.directory import RunDir
from core.text.corpora import Corpus, clean_text
from core.tokenizers import BPETokenizer, CharTokenizer, Tokenizer, named, split, tokenizer_to_json


class RunOptions(Options):
    """What a run is made of, beside the model's and the training's own options."""

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
    """A run that could start now."""

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
    """Check options, model and train (fields by name, vocab_size left out) against the corpus and this machine.

    memory is the number of bytes that may be used, by default what is free now. Raises ValueError, one sentence.
    """
    chosen = RunOptions.parse(options)
    if not isinstance(model, dict):
        raise ValueError(f"The model's options must be named fields, but are of type {type(model).__name__}")
    if chosen.device not in ("auto", "cpu"):  # which are everywhere
        choose_device(chosen.device)
    tokenizer: Tokenizer = CharTokenizer.from_text(corpus.text) if chosen.tokenizer == "char" else BPETokenizer()
    model_config = ARCHITECTURES[chosen.architecture].parse({**model, "vocab_size": tokenizer.vocab_size})
    train_config = TrainConfig.parse(train)
    if chosen.weights == "gpt2":
        from core.pretrained import loader  # brings torch, which a plan needs for nothing else

        loader.check_start(model_config, chosen.tokenizer)
    needed = bytes_needed(model_config, train_config.batch_size)
    check_memory(needed, memory_available() if memory is None else memory)
    ids = tokenizer.encode(corpus.text)
    train_ids, val_ids = split(ids, model_config.block_size)
    config = RunConfig(
        corpus=corpus.name,
        tokenizer=tokenizer_to_json(tokenizer),
        model=model_config,
        train=train_config,
        preset=chosen.preset,
        device=chosen.device,
        weights=chosen.weights,
        prompt=_sample_prompt(chosen.prompt, corpus.text, tokenizer),
        sample_tokens=chosen.sample_tokens,
        floor=_floor(corpus, tokenizer, train_ids, val_ids),
        owner=owner,
    )
    return Plan(config, corpus.text, count_of(model_config), needed)


def again(run: RunDir, new_seed: bool = False, owner: str | None = None) -> Plan:
    """Plan a run once more: the same text and settings, and the same seed unless a new one is asked for."""
    config = run.config()
    seed = secrets.randbelow(100_000) if new_seed else config.train.seed
    train = config.train.model_copy(update={"seed": seed})
    check_memory(needed := bytes_needed(config.model, train.batch_size), memory_available())
    config = replace(config, train=train, owner=owner, created=time.time())
    return Plan(config, run.text(), count_of(config.model), needed)


def _sample_prompt(asked: str, text: str, tokenizer: Tokenizer) -> str:
    prompt, _ = clean_text(asked)
    if not prompt:
        return text[0] if tokenizer.unknown("\n") else "\n"
    if unknown := tokenizer.unknown(prompt):
        raise ValueError(f"The sample prompt has characters that the text never uses: {named(unknown)}; leave them out")
    return prompt


def _floor(corpus: Corpus, tokenizer: Tokenizer, train_ids: list[int], val_ids: list[int]) -> float | None:
    """Return the loss, in nats per token, that no model can beat on the validation part, if the corpus knows it."""
    if corpus.entropy is None:
        return None
    start = len(tokenizer.decode(train_ids))
    return corpus.entropy(start, None) * (len(corpus.text) - start) / len(val_ids)
