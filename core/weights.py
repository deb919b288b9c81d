"""Weights in and out of safetensors files: nothing is pickled, everything is checked before it is used."""

import os
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn


def save_tensors(tensors: dict[str, torch.Tensor], path: Path) -> None:
    """Write tensors to path and wait until they are on the disk."""
    save_file(tensors, path)
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Read a safetensors file; ValueError when it is missing or damaged."""
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path.parent.name}/{path.name} cannot be read ({error!s:.80})") from None


def weights(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return the model's own tensors by name; a tied lm_head is left out, as in GPT-2's published file."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    if getattr(model.config, "tie_weights", False):
        del tensors["lm_head.weight"]
    return tensors


def load_weights(model: nn.Module, tensors: dict[str, torch.Tensor], assign: bool = False) -> None:
    """Put tensors into a model; ValueError that names the first tensor that is missing, unknown, misshapen or NaN."""
    wanted = {name: value.shape for name, value in model.state_dict().items()}
    if getattr(model.config, "tie_weights", False):
        del wanted["lm_head.weight"]
    for name in sorted(wanted.keys() | tensors.keys()):
        if name not in tensors or name not in wanted:
            raise ValueError(f"The tensor {name[:80]!r} is {'missing' if name in wanted else 'not part of this model'}")
        if tensors[name].shape != wanted[name]:
            raise ValueError(f"{name} has shape {tuple(tensors[name].shape)}, expected {tuple(wanted[name])}")
        if not torch.isfinite(tensors[name]).all():
            raise ValueError(f"{name} holds values that are not numbers")
    model.load_state_dict(tensors, strict=False, assign=assign)
    if assign and getattr(model.config, "tie_weights", False):
        model.lm_head.weight = model.transformer["wte"].weight


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Return the optimizer's state as flat tensors: "3.exp_avg" is the running mean of its fourth parameter."""
    state = optimizer.state_dict()["state"]
    return {f"{i}.{key}": value.cpu().contiguous() for i, entry in state.items() for key, value in entry.items()}


def load_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, torch.Tensor]) -> None:
    """Put such tensors back into an optimizer over the same parameters."""
    state: dict[int, dict] = {}
    for name, value in tensors.items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
