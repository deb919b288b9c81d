"""Training as a generator: it takes one optimizer step a turn and yields nothing but numbers.

To pause is not to ask for the next step; to stop is to close the generator; to share a processor among many runs is to
take turns. A notebook, the command line and the page's worker processes use the same function. `runs/training_run.py`
writes a run to disk.
"""

import math
import time
from collections.abc import Generator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from core import data
from core.config import TrainConfig
from core.device import tokens_at_once
from core.model import eval_mode
from core.modern import Model
from core.optim import CombinedOptimizer, learning_rate, make_optimizer, rate_factor
from core.precision import ComputeCopy, compute_dtype

Optimizer = CombinedOptimizer | torch.optim.Optimizer


@dataclass(frozen=True)
class StepStats:
    """What one step of training did. Losses are in nats per token; step counts from 1."""

    step: int
    loss: float  # of this step's batch, before its update
    learning_rate: float
    grad_norm: float  # before clipping
    tokens: int  # that this step learned from
    seconds: float  # that this step took, evaluation not counted
    train_loss: float | None = None  # estimates, on the steps where there is one
    val_loss: float | None = None


class Unfinished(StepStats):
    """A step whose estimates are being made, between two batches of them."""


class Diverged(RuntimeError):
    """The loss or its gradient is no longer a number. The model holds the weights of `kept_step` again."""

    def __init__(self, step: int, kept_step: int, rates: dict[str, float]):
        self.step, self.kept_step = step, kept_step
        lower = " and ".join(f"{name} ({rate / 10:.1g} instead of {rate:.3g})" for name, rate in rates.items())
        super().__init__(
            f"The loss stopped being a number at step {step}; the weights of step {kept_step} are kept. "
            f"Try a lower {lower}"
        )


def train(
    model: Model, corpus_tokens: Any, config: TrainConfig, *, optimizer: Optimizer | None = None, start_step: int = 0,
    by_turns: bool = False, unfinished: StepStats | None = None,
) -> Generator[StepStats, None, None]:  # fmt: skip
    """Train `model` on the first 90 % of corpus_tokens (N,), one optimizer step a turn, until config.steps are done.

    To go on with an earlier run, pass its `optimizer` and `start_step`: the losses are those that it would have had.
    Every config.eval_interval steps the loss is estimated on both parts, at the last step on the whole validation part,
    without touching the run's randomness. Raises ValueError for a text too short for the block, and Diverged, with the
    last good weights put back, when the loss is not a number.

    by_turns: also yield an Unfinished between two batches of an estimate, which may take minutes. Whoever leaves there
    passes it as `unfinished` when going on, and its estimates are made first.
    """
    device, T = next(model.parameters()).device, model.config.block_size
    train_tokens, val_tokens = data.split(torch.as_tensor(corpus_tokens, dtype=torch.long).to(device), T)
    batches = data.Batches(train_tokens, T, config.batch_size, config.seed)
    optimizer = optimizer or make_optimizer(model, config)
    dtype = torch.float32 if config.precision == "fp32" else compute_dtype(device, getattr(model.config, "n_embd", 0))
    compute = ComputeCopy(model, dtype)
    good_step, good_weights = start_step, deepcopy(model.state_dict())
    for step in range(start_step - (unfinished is not None), config.steps):
        stats = unfinished or _optimizer_step(compute, optimizer, batches.at(step), step, config)
        unfinished, last = None, step + 1 == config.steps
        finite = math.isfinite(stats.loss) and math.isfinite(stats.grad_norm)
        if finite and (last or (step + 1) % config.eval_interval == 0):
            parts = (train_tokens, config.eval_tokens), (val_tokens, None if last else config.eval_tokens)
            losses = [0.0, 0.0]
            for i, (tokens, limit) in enumerate(parts):
                for losses[i] in evaluate_by_turns(model, tokens, limit):
                    if by_turns:
                        yield Unfinished(**vars(stats))
            known: dict[str, Any] = {**vars(stats), "train_loss": losses[0], "val_loss": losses[1]}
            stats = StepStats(**known)
            finite = all(map(math.isfinite, losses))
        if not finite:
            model.load_state_dict(good_weights)
            has_muon = len(getattr(optimizer, "parts", ())) > 1
            names = ("muon_learning_rate", "learning_rate") if has_muon else ("learning_rate",)
            raise Diverged(step + 1, good_step, {name: getattr(config, name) for name in names})
        if stats.val_loss is not None:
            good_step, good_weights = step + 1, deepcopy(model.state_dict())
        yield stats


def _optimizer_step(
    compute: ComputeCopy, optimizer: Optimizer, batch: tuple[Tensor, Tensor], step: int, config: TrainConfig
) -> StepStats:
    """Change the weights once; if the loss or the gradient's norm is not finite, nothing is changed."""
    began = time.perf_counter()
    for group in optimizer.param_groups:
        group["lr"] = group.get("peak", config.learning_rate) * rate_factor(step, config)
    compute.sync_weights()  # at every step, because between steps the caller may change the model
    loss = _loss(compute.net, *batch, config.seed, step)
    loss.backward()
    grad_norm = clip(compute.copy_grads(), config.grad_clip)
    loss = loss.item()
    if math.isfinite(loss) and math.isfinite(grad_norm):
        optimizer.step()
    compute.zero_grad()
    seconds = time.perf_counter() - began
    return StepStats(step + 1, loss, learning_rate(step, config), grad_norm, batch[0].numel(), seconds)


def evaluate(model: Model, tokens: Tensor, limit: int | None = None) -> float:
    """Return the mean loss in nats per token over tokens (N,), or over `limit` tokens spread evenly through them.

    Windows do not overlap, dropout is off, and no random number is drawn.
    """
    *_, loss = evaluate_by_turns(model, tokens, limit)
    return loss


def evaluate_by_turns(model: Model, tokens: Tensor, limit: int | None = None) -> Generator[float, None, None]:
    """Yield the mean loss so far after each batch of windows; the last one is that of `evaluate`."""
    T = model.config.block_size
    x, y = data.windows(tokens.to(next(model.parameters()).device), T, limit)
    rows = tokens_at_once(model.config) // T
    total = 0.0
    for i in range(0, len(x), rows):
        with eval_mode(model):  # not while others have their turn
            _, loss = model(x[i : i + rows], y[i : i + rows])
        total += loss.item() * x[i : i + rows].numel()
        yield total / x[: i + rows].numel()


def clip(gradients: list[Tensor], longest: float) -> float:
    """Scale gradients, as one vector, to at most the length `longest` (0: any); return how long they were.

    `clip_grad_norm_` multiplies even gradients that are short enough, which takes two to four times as long.
    """
    length = torch.nn.utils.get_total_norm(gradients).item()
    if 0 < longest < length:
        torch._foreach_mul_(gradients, longest / (length + 1e-6))
    return length


def _loss(model: nn.Module, x: Tensor, y: Tensor, seed: int, step: int) -> Tensor:
    """Return the loss of a batch; dropout draws from the step's own seed, and torch's random state is put back."""
    if getattr(model.config, "dropout", 0.0) == 0.0:
        return model(x, y)[1]
    devices = [x.device] if x.device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(data.step_seed(seed, step))
        return model(x, y)[1]
