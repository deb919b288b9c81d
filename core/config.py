"""What can be chosen: the shape of a model, how it is trained, and how it writes; each field with its bounds and help.

A form, a command line and a run.json need nothing else to describe a run. No torch is imported here, because that takes
a second and the page has to open sooner. `model.py`, `modern.py`, `training.py` and `sampling.py` use what is chosen.
"""

from typing import Literal

from pydantic import Field, model_validator

from core.options import Options


class GPTConfig(Options):
    """The shape of a GPT. The defaults are GPT-2's choices; the sizes have none."""

    block_size: int = Field(ge=1, le=4096, description="How many tokens the model sees at once (T).")
    vocab_size: int = Field(ge=1, le=200_000, description="How many different tokens there are (V).")
    n_layer: int = Field(ge=1, le=96, description="How many blocks stand on top of each other.")
    n_head: int = Field(ge=1, le=96, description="How many attention heads work side by side in a block.")
    n_embd: int = Field(ge=1, le=12_288, description="How many numbers describe one token (C).")
    dropout: float = Field(0.0, ge=0.0, le=0.9, description="Share of activations silenced at random in training.")
    bias: bool = Field(True, description="Biases in the linear layers and the LayerNorms.")
    qkv_bias: bool | None = Field(None, description="Biases in query, key and value; unset: as `bias`.")
    activation: Literal["gelu", "relu"] = Field("gelu", description="The bend in the MLP; GPT-2's is the tanh GELU.")
    tie_weights: bool = Field(True, description="One matrix for reading tokens in (wte) and out (lm_head).")
    lm_head_bias: bool = Field(False, description="A bias on the output layer.")
    init: Literal["gpt2", "sinusoidal"] = Field(
        "gpt2", description="How weights start: as GPT-2's, or with a head start."
    )

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> "GPTConfig":
        if self.n_embd % self.n_head:
            below = self.n_embd - self.n_embd % self.n_head
            low, high = self.bounds("n_embd")
            sizes = (below, below + self.n_head)
            choices = [str(size) for size in sizes if (low or 0) <= size <= (high or size)]
            raise ValueError(
                f"n_embd={self.n_embd} is not divisible by n_head={self.n_head}; try n_embd={' or '.join(choices)}"
            )
        return self


class ModernConfig(GPTConfig):
    """The shape of a modern GPT: sizes and dropout can be chosen, all else is fixed."""

    bias: Literal[False] = Field(False, description="No biases anywhere.")
    qkv_bias: Literal[False] = Field(False, description="No biases anywhere.")
    # pyrefly: ignore[bad-override]: a field that never changes may be replaced by another choice
    activation: Literal["relu2"] = Field("relu2", description="ReLU squared.")
    tie_weights: Literal[False] = Field(False, description="The output layer has weights of its own.")
    lm_head_bias: Literal[False] = Field(False, description="No biases anywhere.")
    init: Literal["gpt2"] = Field("gpt2", description="Small normal weights.")

    @model_validator(mode="after")
    def _heads_are_of_even_size(self) -> "ModernConfig":
        if self.n_embd // self.n_head % 2:
            raise ValueError(
                f"n_embd={self.n_embd} over n_head={self.n_head} gives heads of odd size, and rotary positions turn "
                f"numbers in pairs; try n_embd={self.n_embd + self.n_head}"
            )
        return self


class BigramConfig(Options):
    """The shape of a bigram model: its vocabulary. block_size only sets how long the rows of a batch are."""

    block_size: int = Field(ge=1, le=4096, description="How many tokens stand in one row of a batch (T).")
    vocab_size: int = Field(ge=1, le=20_000, description="How many different tokens there are (V).")


class TrainConfig(Options):
    """How a model is trained. The defaults train the `small` preset well."""

    optimizer: Literal["muon", "adamw"] = Field(
        "muon", description="Muon for the matrices of the blocks and AdamW for the rest, or AdamW for all."
    )
    precision: Literal["auto", "fp32"] = Field(
        "auto", description="What to compute in: auto takes bf16 where this processor gains by it."
    )
    muon_learning_rate: float = Field(0.03, gt=0, le=10.0, description="How far one step of Muon goes, at its peak.")
    muon_momentum: float = Field(0.9, ge=0.0, le=0.9999, description="Memory of Muon for the gradient.")
    muon_weight_decay: float = Field(0.0, ge=0.0, le=10.0, description="Muon's pull of its matrices towards zero.")
    steps: int = Field(1500, ge=1, le=1_000_000, description="How many times the weights change.")
    batch_size: int = Field(16, ge=1, le=1024, description="How many windows of text each step learns from (B).")
    learning_rate: float = Field(6e-3, gt=0, le=10.0, description="How far one step goes, at its peak.")
    schedule: Literal["cosine", "linear", "constant"] = Field("linear", description="How the rate falls.")
    warmup_steps: int = Field(10, ge=0, le=100_000, description="Steps in which the rate rises, before the last one.")
    min_learning_rate: float = Field(0.0, ge=0.0, le=1.0, description="The last rate, as a share of the peak.")
    weight_decay: float = Field(0.1, ge=0.0, le=10.0, description="Pull of the matrices towards zero.")
    beta1: float = Field(0.8, ge=0.0, le=0.9999, description="Memory of AdamW for the gradient.")
    beta2: float = Field(0.95, ge=0.0, le=0.99999, description="Memory of AdamW for the gradient's square.")
    grad_clip: float = Field(1.0, ge=0.0, le=1000.0, description="Longest gradient allowed; 0: any.")
    eval_interval: int = Field(100, ge=1, le=100_000, description="Steps between two estimates of the loss.")
    eval_tokens: int = Field(8_192, ge=1, le=10_000_000, description="Tokens of each part that an estimate uses.")
    seed: int = Field(1337, ge=0, le=2**53 - 1, description="Same seed, same losses (on one machine and thread count).")
    continued_at: list[int] = Field([], max_length=1000, description="The steps after which it was continued.")


class SampleConfig(Options):
    """How text is drawn from a model."""

    max_new_tokens: int = Field(200, ge=1, le=5_000, description="How many tokens to write.")
    temperature: float = Field(
        1.0, ge=0.0, le=100.0, description="0 always takes the likeliest token; 1 is the model's own; 10 is noise."
    )
    top_k: int | None = Field(None, ge=1, le=200_000, description="Draw only from the k likeliest tokens; empty: all.")
    top_p: float | None = Field(
        None, gt=0.0, le=1.0, description="Draw only from the fewest tokens that together reach this; 1: all."
    )
    seed: int | None = Field(None, ge=0, le=2**53 - 1, description="Same seed, same text.")
