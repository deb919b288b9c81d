"""Several trainings side by side in one process, a slice of steps each by turns, so that all meet the same machine.

Whoever is least far along goes next, measured as the share of its own steps. So a run of six seconds is spread over
all of the minute that its rival takes, and what disturbs one disturbs the other. The clock of each is that of its
training alone: what is looked at in between is nobody's time.
"""

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from core import data
from core.architectures import ARCHITECTURES, build_model
from core.config import BigramConfig, GPTConfig, TrainConfig
from core.runs.machine import threads_for
from core.runs.presets import Preset
from core.training import StepStats, evaluate, train

SLICE = 10  # steps of a turn
NEVER = 100_000  # steps between train()'s own estimates: the race looks for itself
FIRST_LOOK, FAR, NEAR = 0.1, 0.06, 0.02  # shares of all steps: the first look at the loss, and between two looks
CLOSE = 0.15  # nats above a target from which on a racer is looked at often
PAST = 0.05  # nats below a target until which it still is: the rival's end may be there


@dataclass
class Racer:
    """A training that is under way: the model, its steps to come, and what was seen of it so far."""

    name: str
    model: nn.Module  # with config.block_size; model(x, y) gives (logits, loss)
    training: Iterator[StepStats]
    steps: int
    threads: int = 1
    step: int = 0
    clock: float = 0.0  # seconds of training
    seconds: list[float] = field(default_factory=list)  # of each step
    curve: list[tuple[int, float, float]] = field(default_factory=list)  # step, clock, validation loss
    next_look: int = 0

    def __post_init__(self) -> None:
        self.next_look = max(1, round(FIRST_LOOK * self.steps))

    def turn(self) -> None:
        """Train for a slice, or to where somebody wants to look."""
        torch.set_num_threads(self.threads)
        for _ in range(min(SLICE, self.next_look - self.step, self.steps - self.step)):
            stats = next(self.training)
            self.step = stats.step
            self.clock += stats.seconds
            self.seconds.append(stats.seconds)

    def look(self, val_tokens: Tensor, targets: tuple[float, ...]) -> float:
        """Note the loss on all of val_tokens, in windows of the model's own block, and when to look again."""
        loss = evaluate(self.model, val_tokens)
        self.curve.append((self.step, self.clock, loss))
        close = any(-PAST < loss - target < CLOSE for target in targets)
        self.next_look = min(self.steps, self.step + max(1, round((NEAR if close else FAR) * self.steps)))
        return loss

    def reached(self, target: float) -> tuple[int, float] | None:
        """Return step and clock of the first look that saw the loss at or below target; None when none did."""
        return next(((step, clock) for step, clock, loss in self.curve if loss <= target), None)

    @property
    def end(self) -> float:
        """The loss of the last look."""
        return self.curve[-1][2]

    @property
    def milliseconds(self) -> float:
        """The median of a step."""
        return 1000 * statistics.median(self.seconds)


def race(racers: list[Racer], val_tokens: Tensor, targets: tuple[float, ...], by: str = "progress") -> None:
    """Train all racers to their ends, by turns; by="clock" gives the turn to whoever has trained the least time."""
    while live := [racer for racer in racers if racer.step < racer.steps]:
        racer = min(live, key=lambda racer: racer.clock if by == "clock" else racer.step / racer.steps)
        racer.turn()
        if racer.step in (racer.next_look, racer.steps):
            loss = racer.look(val_tokens, targets)
            if racer.step == racer.steps:
                print(f"  {racer.name}: {loss:.4f} after {racer.step} steps, {racer.clock:.2f} s", flush=True)


def warm_up(builds: list[Callable[[], Racer]], steps: int = 3) -> None:
    """Let each side take a few steps that nobody counts: whoever goes first pays for imports and first uses."""
    for build in builds:
        racer = build()
        torch.set_num_threads(racer.threads)
        for _ in range(min(steps, racer.steps - 1)):
            next(racer.training)
        racer.training.close()


def shape_of(preset: Preset, vocab_size: int) -> GPTConfig | BigramConfig:
    """Return the shape of a preset over a text of so many characters."""
    return ARCHITECTURES[preset.architecture].parse({**preset.model, "vocab_size": vocab_size})


def ours(
    name: str,
    preset: Preset,
    tokens: Tensor,
    vocab_size: int,
    seed: int,
    most_steps: int | None = None,
    batches: type | None = None,
) -> Racer:
    """Line up one of our presets; most_steps shortens it, and batches takes the place of data.Batches."""
    shape = shape_of(preset, vocab_size)
    config = TrainConfig.parse({**preset.train, "seed": seed, "eval_interval": NEVER, "eval_tokens": 1024})
    if most_steps is not None:
        config = config.model_copy(update={"steps": min(config.steps, most_steps)})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build_model(shape)
    # train() looks at the whole validation part at its last step, off its clock; the race looks there too, once more.
    training = train(model, tokens, config)
    if batches is not None:
        training = _with_batches(training, batches)
    return Racer(name, model, training, config.steps, threads_for(shape, config.batch_size))


def _with_batches(training: Iterator[StepStats], batches: type) -> Iterator[StepStats]:
    """Let train() make its batches of another kind: it does so at its first turn, and looks the class up there."""
    usual, data.Batches = data.Batches, batches
    try:
        first = next(training)
    finally:
        data.Batches = usual
    yield first
    yield from training
