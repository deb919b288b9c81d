"""The numbers that a model is trained in: master weights in fp32, and a compute copy in bf16 where that is faster.

The master weights stay in fp32, because a step changes a weight by a thousandth, and bf16 with its three digits would
round most of that away. The compute copy is rounded anew at every step, does the forward and the backward, and hands
its gradients back (mixed precision: Micikevicius et al., 2018, section 3.1).

Left out on purpose: `torch.autocast`, which rounds weights and activations op by op and costs more here than it saves.
"""

import copy
import functools
import os

import torch
from torch import Tensor, nn

WORTH_HALVING = 96  # n_embd; at narrower matrices, rounding costs more than bf16 saves


@functools.cache
def has_fast_bf16() -> bool:
    """Tell whether this processor multiplies bf16 matrices in tiles (AMX); without them bf16 is several times slower.

    ONEDNN_MAX_CPU_ISA can forbid it, as it does for oneDNN.
    """
    most = os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper()
    allowed = most in ("", "ALL", "DEFAULT") or "AMX" in most
    return allowed and torch.cpu._is_amx_tile_supported()


def compute_dtype(device: torch.device, n_embd: int = WORTH_HALVING) -> torch.dtype:
    """Return bf16 on a CPU with AMX for matrices that are wide enough; otherwise fp32, on GPUs too."""
    quick = device.type == "cpu" and has_fast_bf16() and n_embd >= WORTH_HALVING
    return torch.bfloat16 if quick else torch.float32


class ComputeCopy:
    """The copy of a model that does its forward and backward, while the model keeps the master weights.

    A step of training is sync_weights(), forward and backward of `net`, copy_grads(), a step of the optimizer on the
    model, zero_grad(). In fp32 the copy shares the model's parameters, so nothing is copied.
    """

    def __init__(self, model: nn.Module, dtype: torch.dtype):
        self.master: list[Tensor] = list(model.parameters())
        shared = {id(p): p for p in self.master} if dtype == torch.float32 else {}
        self.net = copy.deepcopy(model, shared).to(dtype)
        self.copies: list[Tensor] = list(self.net.parameters())
        self.is_rounded = dtype != torch.float32
        if self.master[0].device.type == "cpu":
            self._replace_slow_modules()

    def _replace_slow_modules(self) -> None:
        for module in list(self.net.modules()):
            for name, child in module.named_children():
                if isinstance(child, nn.Dropout):
                    setattr(module, name, QuickDropout(child.p) if child.p else nn.Identity())
                if isinstance(child, nn.GELU) and self.is_rounded:
                    # torch computes the exact GELU three times faster than GPT-2's tanh form, and they differ by 0.0005
                    # at most, which bf16 cannot tell at the values that matter.
                    setattr(module, name, nn.GELU())

    def sync_weights(self) -> None:
        """Round the master weights into the copy, and begin a step: training mode, no gradients."""
        if self.is_rounded:
            with torch.no_grad():
                torch._foreach_copy_(self.copies, self.master)
        self.net.train()
        self.zero_grad()

    def copy_grads(self) -> list[Tensor]:
        """Copy the gradients of the last backward to the model, in fp32, and return them."""
        if self.is_rounded:
            for weight in self.master:
                weight.grad = torch.empty_like(weight)
            torch._foreach_copy_(_grads(self.master), _grads(self.copies))
        return _grads(self.master)

    def zero_grad(self) -> None:
        """Drop all gradients, those of the model too."""
        for parameter in (*self.copies, *self.master):
            parameter.grad = None


def _grads(parameters: list[Tensor]) -> list[Tensor]:
    return [p.grad for p in parameters if p.grad is not None]


class QuickDropout(nn.Module):
    """Dropout that draws one byte an element instead of a float, so its probability comes in steps of 1/256."""

    def __init__(self, p: float):
        super().__init__()
        self.kept = round(256 * (1 - p))  # of 256

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.kept == 256:
            return x
        words = torch.empty(-(-x.numel() // 8), dtype=torch.int64).random_(-(2**63), None)
        draws = words.view(torch.uint8)[: x.numel()].view(x.shape)
        return x * (draws < self.kept).to(x.dtype).mul_(256 / self.kept)
