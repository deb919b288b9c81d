"""What a run will cost: time on this machine, whose speed is measured and then learned, memory, disk and operations."""

import hashlib
import json
import math
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from core.architectures import build_model
from core.config import BigramConfig, GPTConfig, TrainConfig
from core.device import choose_device, tokens_at_once
from core.formula import count_of
from core.runs.machine import step_flops, threads_for
from core.runs.snapshots import snapshot_bytes, state_bytes

SPEED_FILE = "machine.json"  # keeps the speed, beside the runs
BIGRAM_LAYERS = 0.15  # a bigram takes as long as this many layers, measured
SAMPLE_TOKENS = 120  # of a sample, by default
TOKEN_SHARE = 0.25  # of what a layer costs a step: what it costs a token that is written, measured
PROBE_STEPS = 8  # the quickest of them counts; one more before them pays for first uses
# How many tokens a text has, by the kind of tokenizer. Tiny Shakespeare: the first 90 % of them, the part to train on.
SHAKESPEARE_TOKENS = {"char": 1_003_854, "gpt2": 304_222}
# WebText is 40 GB of text (Radford et al., 2019, section 2.1), never published; about 9 billion GPT-2 tokens.
WEBTEXT_TOKENS = {"char": 40_000_000_000, "gpt2": 9_000_000_000}
SLOWEST = 5e9  # operations a second of a machine that is not measured yet
SLOWEST_DISK = 50e6  # bytes a second
TEXT_BYTES = 20_000_000  # of a text of a million tokens: eight bytes each, as many while it is encoded, and more
BYTES = {"fp32": 4, "bf16": 2}  # per parameter


@dataclass(frozen=True)
class Speed:
    """A step takes `per_layer` seconds for every layer, whatever its size, and its operations at `flops_per_second`.

    learned: seconds of a step and of an estimate, as runs of these shapes (`shape_key`) really took them here.
    rough: the two numbers were measured beside other work.
    """

    per_layer: float
    flops_per_second: float
    learned: dict[str, list[float]] = field(default_factory=dict)
    rough: bool = False

    def is_rough_for(self, model: GPTConfig | BigramConfig, train: TrainConfig) -> bool:
        """Tell whether a run's time is known roughly alone: no run of its shape has told it."""
        return self.rough and shape_key(model, train) not in self.learned

    def seconds(self, model: GPTConfig | BigramConfig, batch_size: int, steps: int) -> float:
        """Predict the seconds of training from the two numbers, without evaluation and samples."""
        layers = model.n_layer + 1 if isinstance(model, GPTConfig) else BIGRAM_LAYERS
        return steps * (self.per_layer * layers + step_flops(model, batch_size) / self.flops_per_second)

    def save(self, path: Path) -> None:
        """Write the speed to a file, for other processes."""
        temporary = path.with_suffix(f".{os.getpid()}.tmp")  # several processes learn
        temporary.write_text(json.dumps(asdict(self)))
        temporary.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Speed | None":
        """Read the speed from its file; None when there is none, or it makes no sense."""
        try:
            speed = cls(**json.loads(path.read_text()))
            numbers = (speed.per_layer, speed.flops_per_second)
            pairs = all(len(pair) == 2 and 0 < pair[0] < math.inf and 0 <= pair[1] < math.inf
                        for pair in speed.learned.values())  # fmt: skip
            makes_sense = pairs and type(speed.rough) is bool and all(0 < number < math.inf for number in numbers)
            return speed if makes_sense else None
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            return None


def shape_key(model: GPTConfig | BigramConfig, train: TrainConfig) -> str:
    """Return a name for all that decides how long a step takes; alphabets of about the same size share it."""
    shape = {**model.model_dump(), "vocab_size": model.vocab_size.bit_length(), "kind": type(model).__name__}
    way = [train.batch_size, train.optimizer, train.precision, train.eval_tokens]
    return hashlib.sha256(json.dumps([shape, way], sort_keys=True).encode()).hexdigest()[:16]


def run_seconds(
    speed: Speed, model: GPTConfig | BigramConfig, train: TrainConfig, sample_tokens: int = SAMPLE_TOKENS
) -> float:
    """Predict the seconds of a whole run: its steps, estimates and samples; as runs of this shape took them, if any."""
    estimates = 2 + (train.steps - 1) // train.eval_interval  # at step 0, at every interval, and at the end
    if learned := speed.learned.get(shape_key(model, train)):
        return train.steps * learned[0] + estimates * learned[1]
    layers = model.n_layer + 1 if isinstance(model, GPTConfig) else BIGRAM_LAYERS
    read = 2 * estimates * train.eval_tokens  # of both parts
    forward = read * flops_per_token(model)[0] / speed.flops_per_second
    written = estimates * sample_tokens * TOKEN_SHARE * speed.per_layer * layers
    return speed.seconds(model, train.batch_size, train.steps) + forward + written


def longest_piece(model: GPTConfig | BigramConfig, batch_size: int, speed: Speed | None) -> float:
    """Return seconds that no piece of a run's work exceeds while all is well: a step, a part of an estimate, a save.

    Three times what is predicted; without a speed, of a machine as slow as any.
    """
    parts = step_flops(model, batch_size) + tokens_at_once(model) * flops_per_token(model)[0]
    predicted = parts / SLOWEST
    if speed:
        predicted = parts / speed.flops_per_second + speed.seconds(model, batch_size, 1)
    return 3 * predicted + 3 * 4 * count_of(model) / SLOWEST_DISK


def measure_speed(probe_steps: int = PROBE_STEPS, threads: int | None = None, guess: bool = False) -> Speed | None:
    """Train a narrow and a wide model for probe_steps each, and solve for the two numbers. Takes less than a second.

    threads: how many to use; by default as many as a run of that size would. Returns None when something disturbed it:
    then the wide model was as quick as the narrow one, or nothing is left for the layers. guess: then the wide
    one tells both numbers, roughly, by half of its time each.
    """
    narrow = GPTConfig(block_size=32, vocab_size=65, n_layer=3, n_head=2, n_embd=64)
    wide = GPTConfig(block_size=64, vocab_size=65, n_layer=3, n_head=4, n_embd=256)
    batch = 16
    narrow_seconds, wide_seconds = (_step_seconds(shape, batch, probe_steps, threads) for shape in (narrow, wide))
    narrow_flops, wide_flops = step_flops(narrow, batch), step_flops(wide, batch)
    if wide_seconds > narrow_seconds:
        rate = (wide_flops - narrow_flops) / (wide_seconds - narrow_seconds)
        per_layer = (narrow_seconds - narrow_flops / rate) / (narrow.n_layer + 1)
        if per_layer > 0:
            return Speed(per_layer, rate)
    half = wide_seconds / 2
    return Speed(half / (wide.n_layer + 1), wide_flops / half, rough=True) if guess else None


def _step_seconds(model: GPTConfig, batch_size: int, probe_steps: int, threads: int | None) -> float:
    import torch  # a prediction needs none of these

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


# -- memory ----------------------------------------------------------------------------------------------------------


def bytes_needed(model: GPTConfig | BigramConfig, batch_size: int) -> int:
    """Estimate the most memory that training takes, in bytes.

    Six numbers a parameter (weight, gradient, AdamW's two, the last good copy, and two halves in the compute copy in
    bf16), the logits of a step and of a part of an evaluation (thrice each, and of a step twice more for the holes that
    so large blocks leave in kept memory), and the text, which is most of what a small model takes. The rest is had by
    turns: a step keeps for its backward about 16 C a layer and token and three (nh, T, T) maps a layer and row, an
    evaluation has one layer at a time but more tokens.
    """
    tokens, portion = batch_size * model.block_size, tokens_at_once(model)
    held = 5 if isinstance(model, GPTConfig) else 3  # logits of a step; a bigram leaves no holes
    values = 6 * count_of(model) + (held * tokens + 3 * portion) * model.vocab_size
    if isinstance(model, GPTConfig):
        maps = 3 * model.n_head * model.block_size
        step = model.n_layer * tokens * (16 * model.n_embd + maps)
        values += max(step, portion * (12 * model.n_embd + maps))
    return round(4 * values) + TEXT_BYTES


def check_fits(model: GPTConfig | BigramConfig, batch_size: int, available: int) -> None:
    """Refuse what would not fit into so many bytes, with the numbers and the nearest that would (ValueError)."""
    needed = bytes_needed(model, batch_size)
    if needed > available:
        nearest = _nearest(model, batch_size, available)
        remedy = f"each of these alone would fit: {nearest}" if nearest else (
            "lower batch_size, block_size, n_layer or n_embd")  # fmt: skip
        raise ValueError(
            f"This model and batch need about {needed / 1e9:,.1f} GB to train, but {max(0, available) / 1e9:,.1f} GB "
            f"may be used here; {remedy}"
        )


def _nearest(model: GPTConfig | BigramConfig, batch_size: int, available: int) -> str:
    """Return, for each option that one would lower, the largest half of a half of it with which the rest fits."""
    found = []
    for name in ("batch_size", "block_size", "n_layer"):
        value = batch_size if name == "batch_size" else getattr(model, name, 1)
        while value > 1:
            value //= 2
            smaller = model if name == "batch_size" else model.model_copy(update={name: value})
            if bytes_needed(smaller, value if name == "batch_size" else batch_size) <= available:
                found.append(f"{name}={value}")
                break
    return ", ".join(found)


# -- disk -------------------------------------------------------------------------------------------------------------

LARGE_DISK = 200_000_000  # bytes, from which on a run says beforehand how much it takes
LARGE_SHARE = 0.25  # of the memory that may be used, likewise


def disk_needed(model: GPTConfig | BigramConfig, train: TrainConfig) -> int:
    """Return the most bytes that a run's directory takes: its snapshots, its states to go on from and to fork.

    Such a state has three numbers a parameter, the weight and AdamW's two. To go on from, the last two are kept, and
    the older one goes when the next one is whole.
    """
    parameters = count_of(model)
    return snapshot_bytes(parameters, train) + state_bytes(parameters, train) + 3 * 3 * 4 * parameters


def large_needs(model: GPTConfig | BigramConfig, train: TrainConfig, memory: int) -> dict[str, int]:
    """Return what a run takes so much of that one wants to know it beforehand: bytes of "disk" and of "memory".

    memory: the bytes that may be used.
    """
    disk, needed = disk_needed(model, train), bytes_needed(model, train.batch_size)
    large = {"disk": disk > LARGE_DISK, "memory": needed > LARGE_SHARE * memory}
    return {name: value for name, value in (("disk", disk), ("memory", needed)) if large[name]}


# -- operations -------------------------------------------------------------------------------------------------------


def flops_per_token(config: GPTConfig | BigramConfig) -> tuple[float, float]:
    """Return the floating-point operations for one token of a full context: (forward, forward and backward).

    Two a parameter forward, twice that backward, and the attention scores' on top: `step_flops`. Of a bigram's, half
    are its loss and half its gradient.
    """
    training = step_flops(config, batch_size=1) / config.block_size
    return training / (2 if isinstance(config, BigramConfig) else 3), training


def pass_seconds(config: GPTConfig | BigramConfig, tokens: int, speed: Speed, batch_size: int = 1) -> float:
    """Predict the seconds in which a machine trains on a text of so many tokens once, if the model fits its memory."""
    return speed.seconds(config, batch_size, max(1, round(tokens / (batch_size * config.block_size))))
