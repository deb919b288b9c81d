"""Looking into the attention of a GPT while it reads: the weights of every head, and the numbers they come from.

The model has no flag for being watched and stores nothing. Hooks see the outputs of modules that the maths passes
through: `c_attn` gives query, key and value, and `attn_dropout` hands on the softmaxed weights. A hook lives for one
forward pass and sees only the thread that set it, so two views may look at one model at the same time.

Left out on purpose: what a head does with its attention (`insight/heads.py`), and any drawing.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import get_ident

import torch
from torch import Tensor, nn

from core.model import Bigram, CausalSelfAttention, eval_mode
from core.modern import Model, Modern, RotaryAttention

Attention = CausalSelfAttention | RotaryAttention


@dataclass(frozen=True)
class Observed:
    """What the attention of all L layers did with one text of T tokens; every tensor is on the model's device."""

    weights: Tensor  # (L, nh, T, T): row q is how query q divides its attention among the keys 0..q
    q: Tensor  # (L, nh, T, hs)
    k: Tensor  # (L, nh, T, hs)
    v: Tensor  # (L, nh, T, hs)
    logits: Tensor  # (T, V)


def attention_maps(model: Model, idx: Tensor) -> Tensor:
    """Return the attention weights (n_layer, n_head, T, T) of a GPT that reads idx (1, T).

    Row q, column k: the share of its attention that token q gives to token k. Every row sums to one and the future is
    exactly zero. Dropout is off. Raises ValueError as `observe` does.
    """
    return observe(model, idx).weights


def observe(model: Model, idx: Tensor) -> Observed:
    """Let a GPT read idx (1, T) once, and return what its attention did; the model is left as it was.

    Raises ValueError for a model without attention, for more than one row or none, and for more than block_size tokens.
    """
    layers = attention_layers(model)
    if idx.dim() != 2 or idx.shape[0] != 1 or idx.shape[1] == 0:
        raise ValueError(f"The text must be one row of at least one token, (1, T), but is {tuple(idx.shape)}")
    idx = idx.to(next(model.parameters()).device)
    sources = [attn.qkv if isinstance(attn, RotaryAttention) else attn.c_attn for attn in layers]
    with (
        eval_mode(model),
        capture_outputs(sources) as projections,
        capture_outputs([attn.attn_dropout for attn in layers]) as weights,
    ):
        logits, _ = model(idx)
    L, T = len(layers), idx.shape[1]
    if isinstance(model, Modern):  # queries and keys as they meet, normalised and turned
        q, k, v = torch.cat(projections, dim=1)  # each (L, nh, T, hs)
    else:
        qkv = torch.cat(projections).chunk(3, dim=-1)  # each (L, T, C)
        q, k, v = (part.view(L, T, layers[0].n_head, -1).transpose(1, 2) for part in qkv)
    return Observed(torch.cat(weights), q, k, v, logits[0])


def scores(observed: Observed, layer: int, head: int) -> Tensor:
    """Return how well each query fits each key, q . k / sqrt(hs), as (T, T): the scores before mask and softmax.

    With the future set to minus infinity, their softmax gives the weights. Raises ValueError for a layer or a head that
    is not there.
    """
    L, nh, _, hs = observed.q.shape
    for name, value, count in (("layer", layer, L), ("head", head, nh)):
        if not 0 <= value < count:
            raise ValueError(f"{name}={value} is not there; the model has {name}s 0 to {count - 1}")
    return observed.q[layer, head] @ observed.k[layer, head].T / math.sqrt(hs)


def attention_layers(model: Model) -> list[Attention]:
    """Return the attention of every block, from the first to the last; ValueError for a model that has none."""
    if isinstance(model, Bigram):
        raise ValueError(f"A {type(model).__name__.lower()} model has no attention to look into; choose a GPT")
    return [block.attn for block in model.transformer.h]


@contextmanager
def capture_outputs(modules: Sequence[nn.Module]) -> Iterator[list[Tensor]]:
    """Give a list that collects what the modules return, call by call, until the block ends."""
    thread, outputs = get_ident(), []

    def keep(module: nn.Module, args: tuple, output: Tensor) -> None:
        if get_ident() == thread:  # another thread may call the same model at the same time
            outputs.append(output)

    handles = [module.register_forward_hook(keep) for module in modules]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()
