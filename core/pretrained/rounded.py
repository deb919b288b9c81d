"""GPT-2's weights in 8 bits, so that it writes faster on a CPU; the page measures what that costs and says it."""

import warnings

import torch
from torch import nn

from core.model import eval_mode
from core.modern import Model


def int8(model: Model) -> Model:
    """Return a copy of a model with the weights of its linear layers in 8 bits, for writing on a CPU.

    The weights of an output share one scale (`torch.ao`'s dynamic quantisation), and activations are rounded to 8 bits
    before they meet them. A token then reads a quarter of the bytes. Who uses this measures the rise of the loss.
    """
    settings = torch.ao.quantization.per_channel_dynamic_qconfig
    with warnings.catch_warnings(), eval_mode(model):
        warnings.simplefilter("ignore")  # the successor is a package of its own, and slower here
        return torch.ao.quantization.quantize_dynamic(model, {nn.Linear: settings}, dtype=torch.qint8)
