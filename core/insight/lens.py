"""The logit lens: what a model would say if it stopped after each of its blocks (nostalgebraist, 2020).

Every block only adds to the residual stream, so what stands there can be read at any depth by the model's own last
norm and lm_head. Before the first block that is what a token and its position say alone; after the last one it is the
model's own prediction. In between nothing was trained to be read this way: it is a view, and no measurement.

Left out on purpose: lenses that are trained (Belrose et al., 2023), and any drawing.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from core.attention import capture_outputs, observe
from core.model import Bigram, eval_mode
from core.modern import Model, Modern


def logit_lens(model: Model, idx: Tensor) -> Tensor:
    """Return the log-probabilities (n_layer + 1, T, V) that a GPT reading idx (1, T) has before and after each block.

    The last equals the model's own. Dropout is off. Raises ValueError as `core.attention.observe` does.
    """
    return torch.stack(list(read_layers(model, idx)))


def read_layers(model: Model, idx: Tensor) -> Iterator[Tensor]:
    """Yield what `logit_lens` returns layer by layer, each (T, V): for GPT-2's window all together take 2.7 GB."""
    with capture_outputs(_stream_of(model)) as stream:
        observe(model, idx)
    if isinstance(model, Modern):  # its embeddings are normalised on their way into the stream
        stream[0] = _last_norm(model, stream[0])
    for x in stream:
        with eval_mode(model):
            said = F.log_softmax(model.get_submodule("lm_head")(_last_norm(model, x))[0].float(), dim=-1)
        yield said


def _stream_of(model: Model) -> list:
    """Return the modules after which the residual stream is whole; none of a model that `observe` refuses."""
    return [] if isinstance(model, Bigram) else [model.transformer.drop, *model.transformer.h]


def _last_norm(model: Model, x: Tensor) -> Tensor:
    return F.rms_norm(x, x.shape[-1:]) if isinstance(model, Modern) else model.get_submodule("transformer.ln_f")(x)
