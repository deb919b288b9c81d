"""Where a model's numbers live, how many cores work on them, and how much memory there is."""

import ctypes
import functools
import importlib.metadata
import os
from pathlib import Path
from typing import TYPE_CHECKING

from core.config import BigramConfig, GPTConfig
from core.formula import count_of

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda", "mps")
MOST_THREADS = 8  # at the sizes that are trained here, more threads are slower
WORTH_SPLITTING = 1e9  # floating-point operations of a step, from which on several threads pay
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


def step_flops(model: GPTConfig | BigramConfig, batch_size: int) -> float:
    """Estimate the floating-point operations of a training step (Kaplan et al., 2020, section 2.1).

    They are 6 a parameter and token, and 12 L C T a token for attention; a bigram computes with V logits a token.
    """
    tokens = batch_size * model.block_size
    if isinstance(model, BigramConfig):
        return 6.0 * tokens * model.vocab_size
    return tokens * (6.0 * count_of(model) + 12.0 * model.n_layer * model.n_embd * model.block_size)


def threads_for(model: GPTConfig | BigramConfig, batch_size: int) -> int:
    """Return how many threads a run trains with: one when its steps are small, else all cores.

    The number depends on nothing else. How a sum is split over threads decides its last bits, and the same seed has to
    give the same losses alone and in a full class.
    """
    return 1 if step_flops(model, batch_size) < WORTH_SPLITTING else min(cores(), MOST_THREADS)


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


def memory_available() -> int:
    """Return how many bytes may be used now: nine tenths of what is free on the machine and in its container."""
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        free = int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):  # not Linux: trust half of what is built in
        try:
            free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
        except (AttributeError, ValueError, OSError):  # Windows
            free = 4 * 1024**3
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        free = min(free, limit - int(Path("/sys/fs/cgroup/memory.current").read_text()) + _file_cache())
    except (OSError, ValueError):  # no container, or one with no limit
        pass
    return max(0, int(free * 0.9))


def _file_cache() -> int:
    """Return the bytes that the container counts as used but gives back when needed: files read a while ago."""
    lines = dict(line.split() for line in Path("/sys/fs/cgroup/memory.stat").read_text().splitlines())
    return int(lines.get("inactive_file", 0))
