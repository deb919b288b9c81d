"""Training as a generator: it takes one optimizer step a turn and yields nothing but numbers.

To pause is not to ask for the next step; to stop is to close the generator; to share a processor among many runs is to
take turns. A notebook, the command line and the page's worker processes use the same function. `runs/training_run.py`
writes a run to disk.
"""

import math
import time
from collections.abc import Generator
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


class Diverged(RuntimeError):
    """The loss or its gradient is no longer a number. The model holds the weights of `kept_step` again."""

    def __init__(self, step: int, kept_step: int, rate: float):
        self.step, self.kept_step = step, kept_step
        super().__init__(
            f"The loss stopped being a number at step {step}; the weights of step {kept_step} are kept. "
            f"Try a lower learning rate, such as {rate / 10:.1g} instead of {rate:.3g}"
        )


def train(
    model: Model, corpus_tokens: Any, config: TrainConfig, *, optimizer: Optimizer | None = None, start_step: int = 0
) -> Generator[StepStats, None, None]:
    """Train `model` on the first 90 % of corpus_tokens (N,), one optimizer step a turn, until config.steps are done.

    To go on with an earlier run, pass its `optimizer` and `start_step`: the losses are those that it would have had.
    Every config.eval_interval steps the loss is estimated on both parts, at the last step on the whole validation part,
    without touching the run's randomness. Raises ValueError for a text too short for the block, and Diverged, with the
    last good weights put back, when the loss is not a number.
    """
    device, T = next(model.parameters()).device, model.config.block_size
    train_tokens, val_tokens = data.split(torch.as_tensor(corpus_tokens, dtype=torch.long).to(device), T)
    batches = data.Batches(train_tokens, T, config.batch_size, config.seed)
    optimizer = optimizer or make_optimizer(model, config)
    dtype = torch.float32 if config.precision == "fp32" else compute_dtype(device, getattr(model.config, "n_embd", 0))
    compute = ComputeCopy(model, dtype)
    good_step, good_weights = start_step, _copy(model)
    for step in range(start_step, config.steps):
        began = time.perf_counter()
        loss, grad_norm = _optimizer_step(compute, optimizer, batches.at(step), step, config)
        seconds = time.perf_counter() - began

        estimates = ()
        finite = math.isfinite(loss) and math.isfinite(grad_norm)
        last = step + 1 == config.steps
        if finite and (last or (step + 1) % config.eval_interval == 0):
            val_limit = None if last else config.eval_tokens
            estimates = evaluate(model, train_tokens, config.eval_tokens), evaluate(model, val_tokens, val_limit)
            finite = all(map(math.isfinite, estimates))
        if not finite:
            model.load_state_dict(good_weights)
            raise Diverged(step + 1, good_step, config.learning_rate)
        if estimates:
            good_step, good_weights = step + 1, _copy(model)
        rate = learning_rate(step, config)
        yield StepStats(step + 1, loss, rate, grad_norm, config.batch_size * T, seconds, *estimates)


def _optimizer_step(
    compute: ComputeCopy, optimizer: Optimizer, batch: tuple[Tensor, Tensor], step: int, config: TrainConfig
) -> tuple[float, float]:
    """Change the weights once; return loss and gradient norm. If one of them is not finite, nothing is changed."""
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
    return loss, grad_norm


def evaluate(model: Model, tokens: Tensor, limit: int | None = None) -> float:
    """Return the mean loss in nats per token over tokens (N,), or over `limit` tokens spread evenly through them.

    Windows do not overlap, dropout is off, and no random number is drawn.
    """
    device = next(model.parameters()).device
    T = model.config.block_size
    x, y = data.windows(tokens.to(device), T, limit)
    rows = tokens_at_once(model.config) // T
    total = 0.0
    with eval_mode(model):
        for i in range(0, len(x), rows):
            _, loss = model(x[i : i + rows], y[i : i + rows])
            total += loss.item() * x[i : i + rows].numel()
    return total / x.numel()


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


def _copy(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
