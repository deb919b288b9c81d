"""What this machine can do at its best, and whether anybody else is using it: the frame around every measurement.

A benchmark's figures mean little without the machine's own peaks, measured in the same run, and nothing at all when
somebody else was computing. So both are printed: at the start what the machine can do, at the end who else was there.
"""

import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from core.precision import has_fast_bf16
from core.runs.machine import cores
from core.runs.memory import keep_freed_memory

SIDE = 2048  # of the square matrices that are multiplied
MEGABYTES = 500  # of weights that are read once by each gemv: more than the caches hold
DISTURBED = 0.15  # cores that others use; with more than that, a figure is not this program's own
STILL = 0.7  # load average: where /proc does not tell who computes, and before what ran last has been forgotten


@dataclass(frozen=True)
class Peaks:
    """The best that this machine reached: matrix products in GFLOP/s, and memory in GB/s."""

    fp32: float
    bf16: float
    memory: float

    def flops(self, dtype: torch.dtype) -> float:
        """Return the peak, in operations a second, of matrix products in dtype."""
        return 1e9 * (self.bf16 if dtype == torch.bfloat16 else self.fp32)


def measure_peaks(side: int = SIDE, megabytes: int = MEGABYTES, seconds: float = 1.0) -> Peaks:
    """Measure the peaks with all of torch's threads, for about `seconds` each; the least disturbed try counts."""
    operations = 2 * side**3 / 1e9
    rates = [operations / _shortest(_product(side, dtype), seconds) for dtype in (torch.float32, torch.bfloat16)]
    columns = 4096
    weights = torch.ones(max(1, megabytes * 10**6 // (4 * columns)), columns)
    vector = torch.ones(columns)
    read = weights.numel() * 4 / 1e9
    return Peaks(*rates, read / _shortest(lambda: torch.mv(weights, vector), seconds))


def _product(side: int, dtype: torch.dtype) -> Callable[[], torch.Tensor]:
    left, right = torch.randn(2, side, side, generator=torch.Generator().manual_seed(1)).to(dtype)
    result = torch.empty_like(left)
    return lambda: torch.mm(left, right, out=result)


def _shortest(work: Callable[[], object], seconds: float) -> float:
    work()  # first uses
    tries, until = [], time.perf_counter() + seconds
    while len(tries) < 3 or time.perf_counter() < until:
        began = time.perf_counter()
        work()
        tries.append(time.perf_counter() - began)
    return min(tries)


@contextmanager
def watched(quick: bool = False, computes_here: bool = True) -> Iterator[Peaks]:
    """Print what the machine is and can do, let the block measure, and print who else was computing meanwhile.

    quick measures the peaks in passing, too little to be quoted. computes_here says that the work is done by this
    process and children that it waits for; with a browser and servers of their own nobody can tell whose is whose.
    """
    keep_freed_memory()  # as a worker does: this process does nothing but compute
    load = os.getloadavg()[0]
    busy = _others(time.sleep, 0.2 if quick else 1.0)
    peaks = measure_peaks(256, 8, 0.02) if quick else measure_peaks()
    tiles = "yes" if has_fast_bf16() else "no"
    print(f"Machine: {_processor()}, {cores()} cores, bf16 in tiles (AMX): {tiles}, ", end="")
    print(f"torch {torch.__version__} with {torch.get_num_threads()} threads")
    products = "small products, in passing: not to be quoted" if quick else f"products of {SIDE} x {SIDE} x {SIDE}"
    print(f"Peaks: fp32 {peaks.fp32:,.0f}, bf16 {peaks.bf16:,.0f} GFLOP/s ({products}), memory {peaks.memory:.1f} GB/s")
    print(f"At the start: load average {load:.2f}{_told(busy)}", flush=True)
    if (busy if busy is not None else load) > (DISTURBED if busy is not None else STILL):
        print("WARNING: the machine is not idle; ratios suffer, absolute figures are worth nothing")
    elif load > STILL:
        print("(the load average still holds what ran before; nobody computes now)")
    before, began = _used(), time.monotonic()
    yield peaks
    busy = _share(before, _used(), time.monotonic() - began) if computes_here else None
    print(f"At the end: load average {os.getloadavg()[0]:.2f}{_told(busy)}", flush=True)
    if busy is not None and busy > DISTURBED:
        print("WARNING: others were computing meanwhile; ratios suffer, absolute figures are worth nothing")


def _told(busy: float | None) -> str:
    return "" if busy is None else f", others use {busy:.2f} cores"


def _others(work: Callable[[float], None], seconds: float) -> float | None:
    before, began = _used(), time.monotonic()
    work(seconds)
    return _share(before, _used(), time.monotonic() - began)


def _used() -> tuple[float, float] | None:
    """Return the seconds of processor time that all have used, and this process with its ended children; Linux only."""
    try:
        fields = [float(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    except OSError:
        return None
    user, nice, system, _idle, _waiting, interrupts, soft, stolen, *_ = fields
    ours = os.times()
    ticks = os.sysconf("SC_CLK_TCK")
    own = ours.user + ours.system + ours.children_user + ours.children_system
    return (user + nice + system + interrupts + soft + stolen) / ticks, own


def _share(before: tuple | None, after: tuple | None, seconds: float) -> float | None:
    if before is None or after is None:
        return None
    return max(0.0, (after[0] - before[0]) - (after[1] - before[1])) / max(seconds, 1e-9)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):  # not Linux, or a processor that does not give its name
        return platform.processor() or platform.machine()
