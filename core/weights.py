"""Weights in and out of safetensors files: nothing is pickled, everything is checked before it is used."""

import os
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from core.optim import Muon, Together


def save_tensors(tensors: dict[str, torch.Tensor], path: Path) -> None:
    """Write tensors to path and wait until they are on the disk; OSError when it is full."""
    try:
        save_file(tensors, path)
    except SafetensorError as error:
        raise OSError(f"{path.name} cannot be written ({error!s:.80}); free some disk space") from None
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
    """Put tensors into a model; ValueError, and nothing changed, when `check_weights` refuses them."""
    check_weights(model, tensors)
    model.load_state_dict(tensors, strict=False, assign=assign)
    if assign and getattr(model.config, "tie_weights", False):
        model.lm_head.weight = model.transformer["wte"].weight


def check_weights(model: nn.Module, tensors: dict[str, torch.Tensor]) -> None:
    """Refuse tensors that are not this model's: ValueError that names the first missing, unknown, misshapen or NaN."""
    wanted = model.state_dict()
    if getattr(model.config, "tie_weights", False):
        del wanted["lm_head.weight"]
    for name in sorted(wanted.keys() | tensors.keys()):
        if name not in tensors or name not in wanted:
            raise ValueError(f"The tensor {name[:80]!r} is {'missing' if name in wanted else 'not part of this model'}")
        _check_tensor(name, tensors[name], wanted[name].shape, wanted[name].dtype)


def _check_tensor(name: str, tensor: torch.Tensor, shape: torch.Size, dtype: torch.dtype) -> None:
    if tensor.shape != shape:
        raise ValueError(f"{name} has shape {tuple(tensor.shape)}, expected {tuple(shape)}")
    if tensor.dtype != dtype:
        raise ValueError(f"{name} has type {tensor.dtype}, expected {dtype}")
    # A sum of numbers is a number unless one of them is none, and takes a tenth of the time of asking each.
    if not torch.isfinite(tensor.sum()) and not torch.isfinite(tensor).all():
        raise ValueError(f"{name} holds values that are not numbers")


def optimizer_tensors(optimizer: Together) -> dict[str, torch.Tensor]:
    """Return the optimizers' state as flat tensors: "0.3.exp_avg" is the first one's mean of its 4th parameter."""
    return {
        f"{part}.{i}.{key}": value.cpu().contiguous()
        for part, each in enumerate(optimizer.state_dict()["parts"])
        for i, entry in each["state"].items()
        for key, value in entry.items()
    }


def load_optimizer(optimizer: Together, tensors: dict[str, torch.Tensor]) -> None:
    """Put such tensors back into optimizers of the same parameters; ValueError, and nothing changed, if they differ."""
    wanted = {f"{i}.{name}": shape for i, part in enumerate(optimizer.parts) for name, shape in _state_of(part).items()}
    if wanted.keys() != tensors.keys():
        raise ValueError("The optimizer's state is of another model")
    states: list[dict[int, dict]] = [{} for _ in optimizer.parts]
    for name, value in tensors.items():
        _check_tensor(name, value, wanted[name], torch.float32)
        part, index, key = name.split(".")
        states[int(part)].setdefault(int(index), {})[key] = value
    for part, state in zip(optimizer.parts, states, strict=True):
        part.load_state_dict({"state": state, "param_groups": part.state_dict()["param_groups"]})


def _state_of(part: torch.optim.Optimizer) -> dict[str, torch.Size]:
    """Return what an optimizer remembers, by name: of AdamW three values a parameter, of Muon one a group."""
    if isinstance(part, Muon):
        return part.state_shapes()
    parameters = [parameter for group in part.param_groups for parameter in group["params"]]
    shapes = {f"{i}.{key}": p.shape for i, p in enumerate(parameters) for key in ("exp_avg", "exp_avg_sq")}
    return shapes | {f"{i}.step": torch.Size() for i in range(len(parameters))}
