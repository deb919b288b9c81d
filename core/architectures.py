"""The kinds of models that can be trained, by name. Torch is imported when the first one is built."""

from typing import TYPE_CHECKING

from core.config import BigramConfig, GPTConfig, ModernConfig

if TYPE_CHECKING:
    from core.modern import Model

ARCHITECTURES: dict[str, type[GPTConfig] | type[BigramConfig]] = {
    "gpt": GPTConfig,
    "modern": ModernConfig,
    "bigram": BigramConfig,
}
# The fields of a shape that can be chosen, where not all can.
EDITABLE_FIELDS = {"bigram": ("block_size",), "modern": ("block_size", "n_layer", "n_head", "n_embd", "dropout")}


def architecture_of(config: GPTConfig | BigramConfig) -> str:
    """Return the name of a config's architecture."""
    return next(name for name, kind in ARCHITECTURES.items() if type(config) is kind)


def build_model(config: GPTConfig | BigramConfig) -> "Model":
    """Build the model that a config describes, with fresh weights from torch's current seed."""
    from core.model import GPT, Bigram
    from core.modern import Modern

    if isinstance(config, BigramConfig):
        return Bigram(config)
    return Modern(config) if isinstance(config, ModernConfig) else GPT(config)
