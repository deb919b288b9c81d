"""Where a model's numbers live, and how many of them an evaluation takes at once."""

import importlib.metadata
from typing import TYPE_CHECKING

from core.config import BigramConfig, GPTConfig

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda", "mps")
LOGITS_AT_ONCE = 10_000_000  # of one batch of an evaluation: 40 MB
PRODUCTS_AT_ONCE = 25_000_000_000  # of it, likewise: half a second or a few, so that a large model hears a command soon


def choose_device(name: str = "auto") -> "torch.device":
    """Return the device called name; "auto" takes CUDA, then MPS, then the CPU.

    Raises ValueError when the device is not on this machine.
    """
    import torch

    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        name = next(device for device in ("cuda", "mps", "cpu") if available[device])
    if not available.get(name, False):
        here = ", ".join(device for device, there in available.items() if there)
        raise ValueError(f"device={name!r} is not on this machine; choose auto or one of: {here}")
    return torch.device(name)


def has_gpu() -> bool:
    """Tell whether "auto" takes something faster than the CPU; a torch built for CPUs alone is not imported for it."""
    return not importlib.metadata.version("torch").endswith("+cpu") and choose_device().type != "cpu"


def tokens_at_once(model: GPTConfig | BigramConfig) -> int:
    """Return how many tokens, in whole windows, one batch of an evaluation has: few enough for its memory and time."""
    T, products = model.block_size, model.vocab_size  # of a token: one a logit, and those of its layers
    if isinstance(model, GPTConfig):
        products = model.n_embd * (model.vocab_size + 12 * model.n_layer * model.n_embd)
    return T * max(1, min(8192, LOGITS_AT_ONCE // model.vocab_size, PRODUCTS_AT_ONCE // products) // T)
