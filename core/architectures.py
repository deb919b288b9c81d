"""The kinds of models that can be trained, by name: the one place that knows them all."""

from torch import nn

from core.model import GPT, Bigram, BigramConfig, GPTConfig
from core.modern import Modern, ModernConfig

ARCHITECTURES: dict[str, type[GPTConfig] | type[BigramConfig]] = {
    "gpt": GPTConfig,
    "modern": ModernConfig,
    "bigram": BigramConfig,
}
# What of a shape can be chosen, where that is not everything.
FREE = {"bigram": ("block_size",), "modern": ("block_size", "n_layer", "n_head", "n_embd", "dropout")}
_MODELS = {GPTConfig: GPT, ModernConfig: Modern, BigramConfig: Bigram}


def architecture_of(config: GPTConfig | BigramConfig) -> str:
    """Return the name of the architecture that a config is of."""
    return next(name for name, kind in ARCHITECTURES.items() if type(config) is kind)


def build_model(config: GPTConfig | BigramConfig) -> nn.Module:
    """Build the model that a config describes, with fresh weights from torch's current seed."""
    return _MODELS[type(config)](config)
