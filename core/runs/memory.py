"""Memory, as a process that trains deals with it: how much may be used, what to do with what is freed, and its end."""

import ctypes
import functools
import gc
import math
import os
import re
import time
from pathlib import Path

from core.runs.cgroups import memory_left

SHARE = 0.9  # of what is free: the rest is for what nobody planned
LATELY = 0.25  # seconds
TORCH_ADDRESSES = 2**30  # that a process has mapped, mostly without using it, when torch is loaded

_lately = (-math.inf, 0)  # when it was looked up, and what was available


def memory_available() -> int:
    """Return how many bytes may be used now: nine tenths of what machine, container and `ulimit -v` leave."""
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        free = int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):  # not Linux: trust half of what is built in
        try:
            free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
        except (AttributeError, ValueError, OSError):  # Windows
            free = 4 * 1024**3
    for limit in (memory_left(), _addresses_left()):
        free = free if limit is None else min(free, limit)
    return max(0, int(free * SHARE))


def memory_lately() -> int:
    """Return what was available a moment ago: looking it up takes a dozen files, and a class asks all at once."""
    global _lately
    now = time.monotonic()
    if now - _lately[0] > LATELY:
        _lately = now, memory_available()
    return _lately[1]


def anonymous_bytes(pid: int | None) -> int:
    """Return the bytes of memory that a process holds and no file backs; 0 where nobody tells (not Linux)."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))
    except (OSError, ValueError, StopIteration):
        return 0


def _addresses_left() -> int | None:
    """Return how many bytes `ulimit -v` leaves a process that has loaded torch; None without a limit."""
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    except (ImportError, AttributeError, OSError):  # Windows
        return None
    return None if limit == resource.RLIM_INFINITY else limit - TORCH_ADDRESSES


@functools.cache
def _libc() -> ctypes.CDLL | None:
    """Return glibc; None where the C library is another, which is left as it is."""
    try:
        libc = ctypes.CDLL("libc.so.6")
        return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
    except OSError:
        return None


def keep_freed_memory() -> None:
    """Let glibc's malloc, for as long as this process lives, keep the memory that is freed.

    Otherwise the kernel clears the same pages for every step of training again, up to 15 % of its time. Only a process
    that does nothing but train may do so: a worker, or the command line.
    """
    if libc := _libc():
        libc.mallopt(-4, 0)  # M_MMAP_MAX: take nothing in maps of its own, which are given back one by one
        libc.mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD
        libc.mallopt(-2, 64 * 2**20)  # M_TOP_PAD: grow in large steps


def give_back_memory() -> None:
    """Give the kernel all memory that is free in this process: a run has left."""
    gc.collect()
    if libc := _libc():
        libc.malloc_trim(0)


def told(error: BaseException) -> str:
    """Return what ended a training as one sentence; what C++ says when memory is short becomes one with a remedy."""
    words = f"{error!s:.300}"
    if isinstance(error, MemoryError) or re.search(r"can't allocate memory|out of memory|bad_alloc", words, re.I):
        return (
            "The memory of this machine was not enough; "
            "lower batch_size, block_size, n_layer or n_embd, or end what else runs here"
        )
    return words if isinstance(error, ValueError) else f"Training ended with an error: {words}"
