"""The kinds of models that can be trained, by name: the one place that knows them all. Torch comes with the first."""

from typing import TYPE_CHECKING

from core.config import BigramConfig, GPTConfig, ModernConfig

if TYPE_CHECKING:
    from torch import nn

ARCHITECTURES: dict[str, type[GPTConfig] | type[BigramConfig]] = {
    "gpt": GPTConfig,
    "modern": ModernConfig,
    "bigram": BigramConfig,
}
# What of a shape can be chosen, where that is not everything.
EDITABLE_FIELDS = {"bigram": ("block_size",), "modern": ("block_size", "n_layer", "n_head", "n_embd", "dropout")}


def architecture_of(config: GPTConfig | BigramConfig) -> str:
    """Return the name of the architecture that a config is of."""
    return next(name for name, kind in ARCHITECTURES.items() if type(config) is kind)


def build_model(config: GPTConfig | BigramConfig) -> "nn.Module":
    """Build the model that a config describes, with fresh weights from torch's current seed."""
    from core.model import GPT, Bigram
    from core.modern import Modern

    return {GPTConfig: GPT, ModernConfig: Modern, BigramConfig: Bigram}[type(config)](config)
