"""What a run is and where it stands: what `run_dir.py` keeps as run.json, status.json and resume/*/state.json.

What is read back is checked field by field, for a directory may come from anywhere.
"""

import functools
import time
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal, get_args, get_type_hints

from pydantic import Field, create_model

from core.architectures import ARCHITECTURES, architecture_of
from core.config import BigramConfig, GPTConfig, TrainConfig
from core.options import Options
from core.tokenizers import GPT2_VOCAB_SIZE, named, tokenizer_from_json

State = Literal["queued", "running", "paused", "done", "stopped", "failed"]
STATES = get_args(State)


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
    prompt: Annotated[str, Field(min_length=1)] = "\n"  # what each sample goes on from
    sample_tokens: Annotated[int, Field(ge=1, le=1000)] = 120
    floor: float | None = None  # nats per token that no model can beat on the validation part, where known
    owner: str | None = None  # of a page with several people; None: everyone on this machine
    created: float = field(default_factory=time.time)

    def to_json(self) -> dict:
        """Return the config as plain JSON values."""
        plain = {**asdict(self), "model": self.model.model_dump(), "train": self.train.model_dump()}
        plain["architecture"] = architecture_of(self.model)
        return plain

    @classmethod
    def from_json(cls, plain: Any) -> "RunConfig":
        """Read a config back; ValueError with one sentence for anything that is not one."""
        try:
            plain = dict(plain)
            shape = ARCHITECTURES[plain.pop("architecture")]
            plain["model"] = shape.parse(plain["model"])
            plain["train"] = TrainConfig.parse(plain["train"])
            config = checked(cls, plain)
            _check_tokenizer(config)
        except (KeyError, TypeError, ValueError) as error:
            cause = str(error) if isinstance(error, ValueError) else f"{error!r:.80}"
            raise ValueError(f"run.json does not describe a run ({cause})") from None
        return config


@dataclass(frozen=True)
class Status:
    """Where a run stands, as its directory says."""

    state: State
    step: Annotated[int, Field(ge=0)] = 0
    message: str | None = None
    pid: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None  # of the process that trains it
    updated: float = 0.0


class ResumeState(Options):
    """What going on needs to know beside the tensors."""

    step: int = Field(ge=0)
    elapsed: float = Field(ge=0)  # seconds of training so far


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
    return create_model(cls.__name__, __base__=Options, **{name: (hint, None) for name, hint in hints.items()})


def _check_tokenizer(config: RunConfig) -> None:
    """Refuse a vocabulary that is not the model's; GPT-2's is known, and not read for that (it may be far away)."""
    if config.tokenizer == {"kind": "gpt2"}:
        size, unknown = GPT2_VOCAB_SIZE, []
    else:
        tokenizer = tokenizer_from_json(config.tokenizer)
        size, unknown = tokenizer.vocab_size, tokenizer.unknown(config.prompt)
    if size != config.model.vocab_size:
        raise ValueError(f"the tokenizer has {size:,} tokens and the model {config.model.vocab_size:,}")
    if unknown:
        raise ValueError(f"the prompt has characters without a token: {named(unknown)}")
