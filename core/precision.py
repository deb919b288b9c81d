"""In which numbers a model computes while it trains: a twin of it, in bf16 where the processor gains by that.

The model itself keeps its weights in fp32, always: a step of training changes a weight by a thousandth, and bf16, with
three digits, would round most of that away. The twin is rounded anew at every step, does the forward and the backward,
and hands its gradients over.

Left out on purpose: `torch.autocast`, which rounds every weight at every use, and costs more than it saves here.
"""

import copy
import functools
import os
import warnings

import torch
from torch import Tensor, nn

from core.model import eval_mode

WORTH_HALVING = 96  # n_embd; narrower matrices lose more to rounding back and forth than AMX wins


@functools.cache
def has_fast_bf16() -> bool:
    """Tell whether this processor multiplies bf16 matrices in tiles (AMX): without, bf16 is several times slower.

    ONEDNN_MAX_CPU_ISA, with which oneDNN can be held below AMX, is heeded.
    """
    most = os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper()
    allowed = most in ("", "ALL", "DEFAULT") or "AMX" in most
    return allowed and torch.cpu._is_amx_tile_supported()


def compute_dtype(device: torch.device, n_embd: int = WORTH_HALVING) -> torch.dtype:
    """Return the type that matrices of this width are best multiplied in on this machine."""
    quick = device.type == "cpu" and has_fast_bf16() and n_embd >= WORTH_HALVING
    return torch.bfloat16 if quick else torch.float32


class ComputeCopy:
    """A copy of a model that does its forward and backward; the model keeps the weights."""

    def __init__(self, model: nn.Module, dtype: torch.dtype):
        self.theirs = list(model.parameters())
        shared = {id(p): p for p in self.theirs} if dtype == torch.float32 else {}
        self.net = copy.deepcopy(model, shared).to(dtype)
        self.ours = list(self.net.parameters())
        self.apart = dtype != torch.float32
        if self.theirs[0].device.type == "cpu":
            self._quicken()

    def _quicken(self) -> None:
        """Put in the place of slow parts of the twin what does the same, sooner."""
        for module in list(self.net.modules()):
            for name, child in module.named_children():
                if isinstance(child, nn.Dropout):
                    setattr(module, name, QuickDropout(child.p) if child.p else nn.Identity())
                if isinstance(child, nn.GELU) and self.apart:
                    # GPT-2's tanh form differs from the exact one by at most 0.0005, less than bf16 can tell of the
                    # values that matter, and torch computes it three times slower.
                    setattr(module, name, nn.GELU())

    def sync_weights(self) -> None:
        """Take the model's weights as they are now."""
        if self.apart:
            with torch.no_grad():
                torch._foreach_copy_(self.ours, self.theirs)
        self.net.train()
        self.zero_grad()

    def copy_grads(self) -> list[Tensor]:
        """Give the model the gradients of the last backward, in fp32, and return them."""
        if self.apart:
            for theirs in self.theirs:
                theirs.grad = torch.empty_like(theirs)
            torch._foreach_copy_([p.grad for p in self.theirs], [p.grad for p in self.ours])
        return [p.grad for p in self.theirs]

    def zero_grad(self) -> None:
        """Drop all gradients, the model's too."""
        for parameter in (*self.ours, *self.theirs):
            parameter.grad = None


class QuickDropout(nn.Module):
    """Dropout that draws a byte an element instead of a number: the same law, its probability in steps of 1/256."""

    def __init__(self, p: float):
        super().__init__()
        self.kept = round(256 * (1 - p))  # of 256

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.kept == 256:
            return x
        words = torch.empty(-(-x.numel() // 8), dtype=torch.int64).random_(-(2**63), None)
        draws = words.view(torch.uint8)[: x.numel()].view(x.shape)
        return x * (draws < self.kept).to(x.dtype).mul_(256 / self.kept)


def int8(model: nn.Module) -> nn.Module:
    """Return a copy of a model with the weights of its linear layers in 8 bits, for writing on a CPU.

    Each output's weights share one scale (`torch.ao`'s dynamic quantisation); activations are rounded to 8 bits as they
    come. A quarter of the bytes to read for every token; what it does to the loss is measured, not assumed.
    """
    settings = torch.ao.quantization.per_channel_dynamic_qconfig
    with warnings.catch_warnings(), eval_mode(model):
        warnings.simplefilter("ignore")  # the successor is a package of its own, and slower here
        return torch.ao.quantization.quantize_dynamic(model, {nn.Linear: settings}, dtype=torch.qint8)
