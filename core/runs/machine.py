"""What a step asks of this machine, and what the machine has for it: operations, cores and threads, and its load."""

import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

from core.config import BigramConfig, GPTConfig, ModernConfig
from core.formula import count_of
from core.runs.cgroups import cpu_limit

MOST_THREADS = 8  # at the sizes that are trained here, more threads are slower
BUSY_LOAD = 0.75  # of its cores, from which on a machine is called busy
DISTURBED = 0.3  # cores that others use, with which a time that is measured is not this machine's
WORTH_SPLITTING = 1e9  # floating-point operations of a step, from which on several threads pay


def step_flops(model: GPTConfig | BigramConfig, batch_size: int) -> float:
    """Estimate the floating-point operations of a training step (Kaplan et al., 2020, section 2.1).

    They are 6 a token and parameter that something is multiplied with, and 12 L C T a token for attention. wpe is only
    looked up, and so is a wte that is not the head's matrix too. A bigram multiplies nothing: it looks up a row, and
    takes 6 V a token for its loss (less the largest, exp, sum) and for its gradient (share, mean, added to the row).
    """
    tokens = batch_size * model.block_size
    if isinstance(model, BigramConfig):
        return 6.0 * tokens * model.vocab_size
    looked_up = 0 if isinstance(model, ModernConfig) else model.block_size * model.n_embd
    looked_up += 0 if model.tie_weights else model.vocab_size * model.n_embd
    return tokens * (6.0 * (count_of(model) - looked_up) + 12.0 * model.n_layer * model.n_embd * model.block_size)


def threads_for(model: GPTConfig | BigramConfig, batch_size: int) -> int:
    """Return how many threads a run trains with: one when its steps are small, else all cores.

    The number depends on nothing else. How a sum is split over threads decides its last bits, and the same seed has to
    give the same losses alone and in a full class.
    """
    return 1 if step_flops(model, batch_size) < WORTH_SPLITTING else min(cores(), MOST_THREADS)


def cores() -> int:
    """Return how many processor cores this process may use: those that it may run on, and its container pays for."""
    try:
        here = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        here = os.cpu_count() or 1
    limit = cpu_limit()
    return here if limit is None else max(1, min(here, math.ceil(limit)))


def is_busy() -> bool:
    """Tell whether the machine's cores had little left in the last minute, whoever used them."""
    try:
        return os.getloadavg()[0] >= BUSY_LOAD * (os.cpu_count() or 1)
    except (AttributeError, OSError):  # Windows
        return False


def was_busy(began: "Load | None") -> bool:
    """Tell whether others than this process have computed since a moment; where nobody knows, no."""
    now = Load.now()
    return began is not None and now is not None and now.others_since(began) > DISTURBED


@dataclass(frozen=True)
class Load:
    """What the processor had done at a moment, in seconds: since it started, and for this process."""

    all: float
    own: float
    at: float

    @classmethod
    def now(cls) -> "Load | None":
        """Read the clocks; None where nobody tells them (not Linux)."""
        try:
            here = {f"cpu{core}" for core in os.sched_getaffinity(0)}
            rows = [line.split() for line in Path("/proc/stat").read_text().splitlines()]
            ticks = os.sysconf("SC_CLK_TCK")
        except (OSError, AttributeError):
            return None
        # user, nice, system, then idle and waiting, which are left out, then interrupts, soft ones, and stolen time.
        worked = sum(int(row[i]) for row in rows if row and row[0] in here for i in (1, 2, 3, 6, 7, 8))
        return cls(worked / ticks, time.process_time(), time.monotonic())

    def others_since(self, earlier: "Load") -> float:
        """Return how many cores, on average since an earlier moment, others than this process kept busy."""
        others = (self.all - earlier.all) - (self.own - earlier.own)
        return max(0.0, others) / max(self.at - earlier.at, 1e-3)
