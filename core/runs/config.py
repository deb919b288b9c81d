"""What a run is and where it stands: what `directory.py` keeps as run.json, status.json and resume/*/state.json.

A directory may come from anywhere, so every field that is read back is checked. run.json carries the version of the
format: `_upgraded` renames what older versions called otherwise, and a newer version than ours is refused.
"""

import functools
import hashlib
import json
import platform
import re
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

from pydantic import Field, create_model

from core.architectures import ARCHITECTURES, architecture_of
from core.config import BigramConfig, GPTConfig, TrainConfig
from core.lab.variants import check_shape
from core.options import Options
from core.tokenizers import GPT2_VOCAB_SIZE, BPETokenizer, CharTokenizer, Tokenizer, named

VERSION = 3  # of run.json; version 1 had no such field, and version 2 no checksum of the text

_TOKEN = re.compile(r"[0-9A-Za-z]{32}")  # of an owner: 128 bits, made by their browser
HOST = platform.node()[:255]  # several machines may share a folder of runs
State = Literal["queued", "running", "paused", "done", "stopped", "failed"]
STATES = get_args(State)
ACTIVE: tuple[State, ...] = ("queued", "running")  # a worker has the run, or is to have it


def _boot() -> str | None:
    """Return what names the time since this machine was started; None where it has no such name (not Linux)."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:64]
    except OSError:
        return None


BOOT = _boot()


class NewerVersion(ValueError):
    """A run.json that a later version of this program wrote: nothing is wrong with it, but it cannot be read here."""


@dataclass(frozen=True)
class RunConfig:
    """All that makes a run what it is."""

    corpus: str
    tokenizer: dict
    model: GPTConfig | BigramConfig
    train: TrainConfig
    preset: str = "custom"
    device: str = "auto"
    weights: Literal["new", "gpt2"] = "new"  # drawn from the seed, or GPT-2's as published
    prompt: Annotated[str, Field(min_length=1)] = "\n"  # each sample continues it
    sample_tokens: Annotated[int, Field(ge=1, le=1000)] = 120
    entropy: float | None = None  # of the validation part, nats per token: no model can beat it; None: unknown
    corpus_title: Annotated[str, Field(max_length=80)] | None = None  # of an own text: its file's name or first words
    text_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = (
        None  # of corpus.txt; None: made before version 3
    )
    variant: str | None = None  # what is broken about the model, the settings or the text (`lab/variants.py`)
    parent: Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")] | None = None  # the run that was forked,
    parent_step: Annotated[int, Field(ge=0, le=2**53)] | None = None  # and after which of its steps (`lab/forks.py`)
    owner: str | None = None  # `owner_of` a token, on a page with several people; None: nobody
    created: float = field(default_factory=time.time)

    @property
    def tokens_per_step(self) -> int:
        """How many tokens a step learns from: B times T."""
        return self.train.batch_size * self.model.block_size

    def to_json(self) -> dict:
        """Return the config as plain JSON values."""
        model, train = self.model.model_dump(), self.train.model_dump()
        if not train["continued_at"]:  # so that earlier versions can read the run
            del train["continued_at"]
        plain = {"version": VERSION, **asdict(self), "architecture": architecture_of(self.model)}
        for name in ("variant", "parent", "parent_step"):  # likewise
            if plain[name] is None:
                del plain[name]
        return {**plain, "model": model, "train": train}

    @classmethod
    def from_json(cls, plain: Any) -> "RunConfig":
        """Read a config of this version or an older one; ValueError, one sentence, for anything else."""
        try:
            plain = _upgraded(dict(plain))
            shape = ARCHITECTURES[plain.pop("architecture")]
            plain["model"] = _parsed(shape, json.dumps(plain["model"]))
            plain["train"] = _parsed(TrainConfig, json.dumps(plain["train"]))
            config = checked(cls, plain)
            _check_tokenizer(config)
            _check_variant(config)
            _check_parent(config)
        except NewerVersion:
            raise
        except (KeyError, TypeError, ValueError) as error:
            cause = f"{str(error)[:80]} is missing or odd" if isinstance(error, KeyError) else f"{error!s:.300}"
            raise ValueError(f"run.json does not describe a run ({cause})") from None
        return config


@functools.lru_cache(maxsize=1_000)
def _parsed(options: type[Options], plain: str) -> Options:
    """Parse options, once for all the runs that have the same: a server holds the configs of thousands."""
    return options.parse(json.loads(plain))


@dataclass(frozen=True)
class Status:
    """Where a run stands, as its directory says."""

    state: State
    step: Annotated[int, Field(ge=0)] = 0
    message: str | None = None
    pid: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None  # of the process that trains it
    host: Annotated[str, Field(max_length=255)] | None = None  # that the process runs on,
    boot: Annotated[str, Field(max_length=64)] | None = None  # and which of its starts: after another, no process lives
    lease: Annotated[float, Field(ge=0)] | None = (
        None  # seconds from `updated`, after which it writes again at the latest
    )
    updated: float = 0.0


class UnfinishedStep(Options):
    """What is known of a step that was left while its estimates were made."""

    loss: float
    learning_rate: float
    grad_norm: float
    tokens: int = Field(ge=0, le=2**53)
    seconds: float


class ResumeState(Options):
    """What a run needs to know to go on, beside the tensors."""

    step: int = Field(ge=0, le=2**53)
    elapsed: float = Field(ge=0)  # seconds of training so far
    unfinished: UnfinishedStep | None = None


def owner_of(token: Any) -> str | None:
    """Return what is kept of the token by which a browser owns its runs: a hash; None for what is no token."""
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        return None
    return hashlib.sha256(f"gpt-playground owner {token}".encode()).hexdigest()


def checked(cls: type, plain: Any) -> Any:
    """Build the dataclass cls from JSON values, each checked against its field's type; ValueError, one sentence."""
    parsed = _checker(cls).parse(plain)
    try:
        return cls(**{name: getattr(parsed, name) for name in parsed.model_fields_set})
    except TypeError as error:  # a field without a default is not there
        raise ValueError(f"{error!s:.100}") from None


@functools.cache
def _checker(cls: type) -> type[Options]:
    hints = get_type_hints(cls, include_extras=True)
    fields: dict[str, Any] = {name: (hint, None) for name, hint in hints.items()}
    return create_model(cls.__name__, __base__=Options, **fields)


def _upgraded(plain: dict) -> dict:
    """Return what a run.json says in the names of today's version, without the version itself."""
    version = plain.pop("version", 1)
    if type(version) is not int or version < 1:
        raise ValueError(f"version={version!r:.40} is not possible; it must be a whole number from 1 to {VERSION}")
    if version > VERSION:
        raise NewerVersion(
            f"run.json is of version {version!r:.40}, but this program reads versions up to {VERSION}; "
            f"update the program to open the run"
        )
    if version == 1:
        model = plain.get("model")
        if "floor" in plain:
            plain["entropy"] = plain.pop("floor")
        if isinstance(model, dict) and model.get("init") == "sharp":
            plain["model"] = {**model, "init": "sinusoidal"}
    if hashed := owner_of(plain.get("owner")):  # once the token itself stood here
        plain["owner"] = hashed
    return plain


def _check_tokenizer(config: RunConfig) -> None:
    """Refuse a vocabulary that is not the model's. GPT-2's file may be missing, but its size is known without it."""
    if config.tokenizer == {"kind": "gpt2"}:
        size, unknown = GPT2_VOCAB_SIZE, []
    else:
        tokenizer = tokenizer_from_json(config.tokenizer)
        size, unknown = tokenizer.vocab_size, tokenizer.unknown(config.prompt)
    if size != config.model.vocab_size:
        raise ValueError(f"the tokenizer has {size:,} tokens and the model {config.model.vocab_size:,}")
    if unknown:
        raise ValueError(f"the prompt has characters without a token: {named(unknown)}")


def _check_variant(config: RunConfig) -> None:
    """Refuse a variant that there is not, or that is not of this model's shape or start."""
    check_shape(config.variant, config.model)
    if config.variant and config.weights != "new":
        raise ValueError("no variant begins with GPT-2's weights")


def _check_parent(config: RunConfig) -> None:
    if (config.parent is None) != (config.parent_step is None):
        raise ValueError("a fork has both a parent and its step, and another run has neither")
    if config.parent_step is not None and config.parent_step > config.train.steps:
        raise ValueError(f"a fork of step {config.parent_step:,} cannot end at step {config.train.steps:,}")


def tokenizer_to_json(tokenizer: Tokenizer) -> dict[str, str]:
    """Describe a tokenizer for `tokenizer_from_json`."""
    if isinstance(tokenizer, CharTokenizer):
        return {"kind": "char", "chars": tokenizer.chars}
    return {"kind": "gpt2"}


def tokenizer_from_json(data: Any) -> Tokenizer:
    """Make a tokenizer from its description; raises ValueError for anything else."""
    match data:
        case {"kind": "char", "chars": str(chars), **rest} if not rest:
            return CharTokenizer(chars)
        case {"kind": "gpt2", **rest} if not rest:
            return BPETokenizer()
    shown = json.dumps(data, default=repr)[:80]
    raise ValueError(
        f'{shown} describes no tokenizer; it must be {{"kind": "gpt2"}} or {{"kind": "char", "chars": "..."}}'
    )
