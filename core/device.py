"""Where a model's numbers live, and how many cores there are to work on them."""

import ctypes
import functools
import importlib.metadata
import os
from typing import TYPE_CHECKING

from core.config import BigramConfig, GPTConfig

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda", "mps")
LOGITS_AT_ONCE = 10_000_000  # of one batch of an evaluation: 40 MB


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


def cores() -> int:
    """Return how many processor cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1


def tokens_at_once(model: GPTConfig | BigramConfig) -> int:
    """Return how many tokens, in whole windows, one batch of an evaluation has: few enough to bound its memory."""
    T = model.block_size
    return T * max(1, min(8192, LOGITS_AT_ONCE // model.vocab_size) // T)


@functools.cache
def keep_freed_memory() -> None:
    """Set glibc's malloc, for as long as this process lives, to keep the memory that is freed.

    Otherwise the kernel clears the same pages for every step of training again, up to 15 % of its time. Other C
    libraries are left as they are.
    """
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    mallopt(-4, 0)  # M_MMAP_MAX: take nothing in maps of its own, which are given back one by one
    mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD
    mallopt(-2, 64 * 2**20)  # M_TOP_PAD: grow in large steps
