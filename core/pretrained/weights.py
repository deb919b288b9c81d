"""Weights in and out of safetensors files: nothing is pickled, everything is checked before it is used."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from core.modern import Model
from core.optim import CombinedOptimizer


def save_tensors(tensors: dict[str, torch.Tensor], path: Path) -> None:
    """Write tensors to path and wait until they are on the disk; OSError when it is full."""
    try:
        save_file(tensors, path)
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        if number is None:
            raise OSError(f"{path.name} cannot be written ({error!s:.80}); free some disk space") from None
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from None
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Read a safetensors file; ValueError when it is missing or damaged."""
    try:
        with open(path, "rb") as file:  # before all of it is mapped, which a file without end would not survive
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= os.fstat(file.fileno()).st_size - 8:
                raise SafetensorError(f"its header cannot be {length} bytes long")
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path.parent.name}/{path.name} cannot be read ({error!s:.80})") from None


def weights(model: Model) -> dict[str, torch.Tensor]:
    """Return the model's own tensors by name; a tied lm_head is left out, as in GPT-2's published file."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    if getattr(model.config, "tie_weights", False):
        del tensors["lm_head.weight"]
    return tensors


def load_weights(model: Model, tensors: dict[str, torch.Tensor], assign: bool = False) -> None:
    """Put tensors into a model; ValueError, and nothing changed, when `check_weights` refuses them."""
    check_weights(model, tensors)
    model.load_state_dict(tensors, strict=False, assign=assign)
    if assign and getattr(model.config, "tie_weights", False):
        model.get_submodule("lm_head").weight = model.get_submodule("transformer.wte").weight


def check_weights(model: Model, tensors: dict[str, torch.Tensor]) -> None:
    """Refuse tensors that are not this model's: ValueError that names the first missing, unknown, misshapen or NaN."""
    wanted = model.state_dict()
    if getattr(model.config, "tie_weights", False):
        del wanted["lm_head.weight"]
    for name in sorted(wanted.keys() | tensors.keys()):
        if name not in tensors or name not in wanted:
            raise ValueError(f"The tensor {name[:80]!r} is {'missing' if name in wanted else 'not part of this model'}")
        _check_tensor(name, tensors[name], wanted[name].shape, wanted[name].dtype)


def read_some(path: Path, model: Model, names: Iterable[str]) -> dict[str, torch.Tensor]:
    """Read some of a model's tensors from its file, mapped and not copied; ValueError as `check_weights`, for these.

    The model may be on `meta`: it tells their shapes.
    """
    tensors, wanted = read_tensors(path), model.state_dict()
    for name in names:
        if name not in tensors:
            raise ValueError(f"The tensor {name!r} is missing")
        _check_tensor(name, tensors[name], wanted[name].shape, wanted[name].dtype)
    return {name: tensors[name] for name in names}


def _check_tensor(name: str, tensor: torch.Tensor, shape: torch.Size, dtype: torch.dtype) -> None:
    if tensor.shape != shape:
        raise ValueError(f"{name} has shape {tuple(tensor.shape)}, expected {tuple(shape)}")
    if tensor.dtype != dtype:
        raise ValueError(f"{name} has type {tensor.dtype}, expected {dtype}")
    # A sum of numbers is a number unless one of them is none, and takes a tenth of the time of asking each.
    if not torch.isfinite(tensor.sum()) and not torch.isfinite(tensor).all():
        raise ValueError(f"{name} holds values that are not numbers")


def optimizer_tensors(optimizer: CombinedOptimizer) -> dict[str, torch.Tensor]:
    """Return the optimizers' state, to be saved."""
    return {name: value.cpu().contiguous() for name, value in optimizer.state_dict().items()}


def load_optimizer(optimizer: CombinedOptimizer, tensors: dict[str, torch.Tensor]) -> None:
    """Put such tensors back into optimizers of the same parameters; ValueError, and nothing changed, if they differ."""
    state = optimizer.state_dict()
    if state.keys() != tensors.keys():
        raise ValueError("The optimizer's state is of another model")
    for name, value in tensors.items():
        _check_tensor(name, value, state[name].shape, torch.float32)
    optimizer.load_state_dict(tensors)
