"""Training as a generator: one optimizer step a turn, and nothing but numbers comes out.

To pause is not to ask for the next step; to stop is to close the generator; to share a processor among many runs is to
take turns. A notebook, the command line and the page's worker processes all use this same function. What a run writes
to disk is `recording.py`'s business.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from core import data
from core.config import TrainConfig
from core.device import keep_freed_memory, tokens_at_once
from core.model import eval_mode
from core.optim import CombinedOptimizer, learning_rate, make_optimizer, rate_factor
from core.precision import ComputeCopy, compute_dtype


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
    model: nn.Module,
    corpus_tokens: Any,
    config: TrainConfig,
    *,
    optimizer: CombinedOptimizer | torch.optim.Optimizer | None = None,
    start_step: int = 0,
) -> Iterator[StepStats]:
    """Train `model` on the first 90 % of corpus_tokens (N,), one optimizer step a turn, until config.steps are done.

    To go on with an earlier run, hand over its `optimizer` and `start_step`: the losses are those it would have had.
    Every config.eval_interval steps the loss is estimated on both parts; at the last step the validation loss is that
    of the whole validation part. Neither touches the randomness of the run. Works on the device the model stands on.

    Raises ValueError for a text too short for the block, and Diverged, with the last good weights put back into the
    model, when the loss stops being a number.
    """
    keep_freed_memory()
    device = next(model.parameters()).device
    T = model.config.block_size
    tokens = torch.as_tensor(corpus_tokens, dtype=torch.long).to(device)
    train_tokens, val_tokens = data.split(tokens, T)
    batches = data.Batches(train_tokens, T, config.batch_size, config.seed)
    optimizer = optimizer or make_optimizer(model, config)
    dtype = torch.float32 if config.precision == "fp32" else compute_dtype(device, getattr(model.config, "n_embd", 0))
    compute = ComputeCopy(model, dtype)
    good_step, good_weights = start_step, _copy(model)
    for step in range(start_step, config.steps):
        began = time.perf_counter()
        factor = rate_factor(step, config)
        for group in optimizer.param_groups:
            group["lr"] = group.get("peak", config.learning_rate) * factor
        compute.sync_weights()  # every turn anew: between turns the model belongs to the caller
        loss = _loss(compute.net, *batches.at(step), config.seed, step)
        loss.backward()
        grad_norm = clip(compute.copy_grads(), config.grad_clip)
        loss = loss.item()
        if not (math.isfinite(loss) and math.isfinite(grad_norm)):
            compute.zero_grad()
            model.load_state_dict(good_weights)
            raise Diverged(step + 1, good_step, config.learning_rate)
        optimizer.step()
        compute.zero_grad()
        seconds = time.perf_counter() - began

        train_loss = val_loss = None
        last = step + 1 == config.steps
        if last or (step + 1) % config.eval_interval == 0:
            train_loss = evaluate(model, train_tokens, config.eval_tokens)
            val_loss = evaluate(model, val_tokens, None if last else config.eval_tokens)
            if not (math.isfinite(train_loss) and math.isfinite(val_loss)):
                model.load_state_dict(good_weights)
                raise Diverged(step + 1, good_step, config.learning_rate)
            good_step, good_weights = step + 1, _copy(model)
        rate = learning_rate(step, config)
        yield StepStats(step + 1, loss, rate, grad_norm, config.batch_size * T, seconds, train_loss, val_loss)


def evaluate(model: nn.Module, tokens: Tensor, limit: int | None = None) -> float:
    """Return the mean loss in nats per token over tokens (N,), or over `limit` tokens spread evenly through them.

    Windows do not overlap, dropout is off, nothing random is drawn.
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
    """Shorten gradients, taken as one long vector, to at most `longest` (0: any), and return how long they were."""
    length = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients))).item()
    if 0 < longest < length:
        torch._foreach_mul_(gradients, longest / (length + 1e-6))
    return length


def _loss(model: nn.Module, x: Tensor, y: Tensor, seed: int, step: int) -> Tensor:
    """Run the model forward; dropout draws from a seed of the step's own, and the world's randomness is put back."""
    if getattr(model.config, "dropout", 0.0) == 0.0:
        return model(x, y)[1]
    devices = [x.device] if x.device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(data.step_seed(seed, step))
        return model(x, y)[1]


def _copy(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
