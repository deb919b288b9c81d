"""What a run asks of this machine, and what the machine has: operations, threads, memory."""

import os
from pathlib import Path

from core.config import BigramConfig, GPTConfig
from core.device import cores
from core.formula import count_of

MOST_THREADS = 8  # at the sizes that are trained here, more threads are slower
WORTH_SPLITTING = 1e9  # floating-point operations of a step, from which on several threads pay


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
