"""How fast this machine trains, measured; and from that, how long a run will take before it has begun."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from core.architectures import build_model
from core.config import BigramConfig, GPTConfig, TrainConfig
from core.device import choose_device, step_flops, threads_for

SPEED_FILE = "machine.json"  # where it is written down, below the runs
A_TABLE = 0.15  # layers' worth of time that a bigram takes, measured
PROBE_STEPS = 8  # of which the quickest counts; the first is thrown away, it pays for first uses


@dataclass(frozen=True)
class Speed:
    """A step takes `per_layer` seconds for every layer, whatever its size, and its operations at `flops` a second."""

    per_layer: float
    flops: float

    def seconds(self, model: GPTConfig | BigramConfig, batch_size: int, steps: int) -> float:
        """Predict the seconds of training, evaluation and samples not counted."""
        layers = model.n_layer + 1 if isinstance(model, GPTConfig) else A_TABLE
        return steps * (self.per_layer * layers + step_flops(model, batch_size) / self.flops)

    def save(self, path: Path) -> None:
        """Write the speed down for other processes."""
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(asdict(self)))
        temporary.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Speed | None":
        """Read the speed that was written down; None when there is none, or it makes no sense."""
        try:
            speed = cls(**json.loads(path.read_text()))
            return speed if 0 <= speed.per_layer < math.inf and 0 < speed.flops < math.inf else None
        except (OSError, ValueError, TypeError, RecursionError):
            return None


def measure_speed(probe_steps: int = PROBE_STEPS, threads: int | None = None) -> Speed:
    """Train probe_steps of a narrow and of a wide model, and solve for the two numbers. Takes less than a second.

    threads: how many to use, where a run would take as many as its size is worth.
    """
    narrow = GPTConfig(block_size=32, vocab_size=65, n_layer=3, n_head=2, n_embd=64)
    wide = GPTConfig(block_size=64, vocab_size=65, n_layer=3, n_head=4, n_embd=256)
    batch = 16
    narrow_seconds, wide_seconds = (_step_seconds(shape, batch, probe_steps, threads) for shape in (narrow, wide))
    narrow_flops, wide_flops = step_flops(narrow, batch), step_flops(wide, batch)
    rate = (wide_flops - narrow_flops) / max(wide_seconds - narrow_seconds, 1e-6)
    per_layer = max(0.0, narrow_seconds - narrow_flops / rate) / (narrow.n_layer + 1)
    return Speed(per_layer, rate)


def _step_seconds(model: GPTConfig, batch_size: int, probe_steps: int, threads: int | None) -> float:
    import torch  # who only predicts needs none of these

    from core.optim import make_optimizer
    from core.training import train

    before = torch.get_num_threads()
    torch.set_num_threads(threads or threads_for(model, batch_size))
    tokens = torch.arange(20 * batch_size * model.block_size) % model.vocab_size
    config = TrainConfig(steps=probe_steps + 2, batch_size=batch_size, eval_interval=100_000)
    with torch.random.fork_rng(devices=[]):
        net = build_model(model).to(choose_device())
    steps = train(net, tokens, config, optimizer=make_optimizer(net, config))
    seconds = [next(steps).seconds for _ in range(probe_steps + 1)]
    steps.close()
    torch.set_num_threads(before)
    return min(seconds[1:])  # the least disturbed
