"""How weights change: parameter groups, the optimizer, and the learning rate of every step."""

import math
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from core.training import TrainConfig


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Split the parameters into matrices and embeddings, which decay, and biases and LayerNorms, which do not.

    Decay keeps weights small where they multiply; a bias or a gain pulled towards zero only loses its meaning.
    """
    parameters = list(model.parameters())
    decayed = [p for p in parameters if p.dim() >= 2]
    plain = [p for p in parameters if p.dim() < 2]
    assert sum(p.numel() for p in decayed + plain) == sum(p.numel() for p in parameters)
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]


def make_optimizer(model: nn.Module, config: "TrainConfig") -> torch.optim.Optimizer:
    """Make AdamW (Loshchilov & Hutter, 2019) over the model's groups; fused, one pass over memory a step."""
    return torch.optim.AdamW(
        parameter_groups(model, config.weight_decay),
        lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        fused=True,
    )


def learning_rate(step: int, config: "TrainConfig") -> float:
    """Return the learning rate of a step (from 0): a linear warm-up, then the schedule's way down to its last value."""
    peak, last = config.learning_rate, config.learning_rate * config.min_learning_rate
    if step < config.warmup_steps:
        return peak * (step + 1) / (config.warmup_steps + 1)
    progress = min(1.0, (step - config.warmup_steps) / max(1, config.steps - config.warmup_steps))
    if config.schedule == "constant":
        return peak
    if config.schedule == "linear":
        return peak + (last - peak) * progress
    return last + (peak - last) * 0.5 * (1 + math.cos(math.pi * progress))
