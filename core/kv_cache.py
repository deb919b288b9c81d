"""Writing without reading everything again: the keys and values of the tokens so far are kept.

A new token meets the keys and values of all earlier ones, and those do not change when the text grows. So they are
computed once, and a further token costs one row of work instead of a whole window (Shazeer, 2019, "Fast Transformer
Decoding", section 2.4). The logits are those of `GPT.forward`, up to rounding.

This ends when the window is full. The next token then moves every token one position down, and with learned positions
all keys and values change: the window is read anew for every token, but the last block computes only its last row.
Rotary positions do not change, but a kept row still knows of tokens that have left the window, so it is read anew too.

Decoding is bound by memory: every weight is read for a single multiplication. What is left to gain are fewer calls, and
smaller weights (`pretrained/rounded.py`).
"""

import functools
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.model import GPT, Block, eval_mode
from core.modern import Model, Modern, ModernBlock, rotate, rotations


class Decoder:
    """Read a text token by token with any model, and give the logits of the next one; this class caches nothing."""

    def __init__(self, model: Model):
        self.model, self.T = model, model.config.block_size
        self.device = next(model.parameters()).device
        self.ids: list[int] = []

    def read(self, ids: list[int]) -> Tensor:
        """Read on; return the logits (V,) of the next token, given the last block_size tokens."""
        self.ids = [*self.ids, *ids][-self.T :]
        with eval_mode(self.model):
            return self.model(torch.tensor([self.ids], device=self.device))[0][0, -1]

    def _append(self, ids: list[int]) -> tuple[int, list[int]]:
        """Add ids to the text; return for how many tokens the cache still holds, and the ids that have to be read."""
        known = len(self.ids)
        self.ids += ids
        if len(self.ids) <= self.T:
            return known, ids
        self.ids = self.ids[-self.T :]  # every token moves down: nothing in the cache holds
        return 0, self.ids


class CachedDecoder(Decoder):
    """Read with a GPT, and keep keys and values in a cache of the window's size, which is made once."""

    def __init__(self, model: GPT):
        super().__init__(model)
        config, parts = model.config, model.transformer
        self.nh, self.hs = config.n_head, config.n_embd // config.n_head
        self.wte, self.wpe, self.ln_f = parts.wte.weight, parts.wpe.weight, _norm(parts.ln_f)
        self.cache = self.wte.new_empty(config.n_layer, 2, self.nh, self.T, self.hs)
        self.blocks: list[Block] = list(parts.h)
        self.steps = [_one_row(block) for block in self.blocks]
        self.head = _product(model.lm_head)

    @torch.inference_mode()
    def read(self, ids: list[int]) -> Tensor:
        """Read on; return the logits (V,) of the next token, given the last block_size tokens."""
        known, ids = self._append(ids)
        if len(ids) == 1:
            x = self._one_row(self.wte[ids[0]] + self.wpe[known], known)
        else:
            x = self.wte[ids] + self.wpe[known : len(self.ids)]  # (rows, C): the new tokens alone
            for block, cache in zip(self.blocks, self.cache, strict=True):
                x = self._rows(block, x, known, cache, last=block is self.blocks[-1])
            x = x[0]
        return self.head(self.ln_f(x))

    def _rows(self, block: Block, x: Tensor, known: int, cache: Tensor, last: bool) -> Tensor:
        """Take the new rows x (rows, C) through a block; of the last block only the last row is computed."""
        rows, C = x.shape
        seen = known + rows
        qkv = block.attn.c_attn(block.ln_1(x)).view(rows, 3, self.nh, self.hs).permute(1, 2, 0, 3)  # (3, nh, rows, hs)
        cache[:, :, known:seen] = qkv[1:]
        k, v = cache[:, :, :seen]  # (nh, seen, hs)
        q, future = qkv[0], torch.full((rows, seen), -math.inf, dtype=x.dtype, device=x.device).triu(known + 1)
        if last:
            x, q, future, rows = x[-1:], q[:, -1:], future[-1:], 1
        scores = torch.baddbmm(future, q, k.mT, alpha=1 / math.sqrt(self.hs))  # (nh, rows, seen)
        y = torch.bmm(F.softmax(scores, dim=-1), v).transpose(0, 1).reshape(rows, C)
        x = x + block.attn.c_proj(y)
        mlp = block.mlp
        return x + mlp.c_proj(mlp.act(mlp.c_fc(block.ln_2(x))))

    def _one_row(self, x: Tensor, known: int) -> Tensor:
        """Take one row x (C,) through all blocks, as `_rows` does: with vectors, no mask and few calls."""
        nh, hs = self.nh, self.hs
        scale = 1 / math.sqrt(hs)
        for cache, (ln_1, c_attn, c_proj, ln_2, c_fc, act, c_down) in zip(self.cache, self.steps, strict=True):
            qkv = c_attn(ln_1(x)).view(3, nh, 1, hs)
            cache.narrow(2, known, 1).copy_(qkv[1:])
            k, v = cache.narrow(2, 0, known + 1).unbind()  # (nh, seen, hs)
            weights = torch.softmax(torch.bmm(qkv[0] * scale, k.mT), -1)  # (nh, 1, seen)
            x = x + c_proj(torch.bmm(weights, v).view(-1))
            x = x + c_down(act(c_fc(ln_2(x))))
        return x


class RotaryDecoder(Decoder):
    """Read with a modern GPT. A key is kept after it was turned: the angle to it does not change."""

    def __init__(self, model: Modern):
        super().__init__(model)
        config, self.wte = model.config, model.transformer.wte.weight
        self.blocks: list[ModernBlock] = list(model.transformer.h)
        self.head = model.lm_head
        self.nh, self.hs = config.n_head, config.n_embd // config.n_head
        self.rotation = rotations(self.T, self.hs, like=self.wte)
        self.cache = self.wte.new_empty(config.n_layer, 2, self.nh, self.T, self.hs)

    @torch.inference_mode()
    def read(self, ids: list[int]) -> Tensor:
        """Read on; return the logits (V,) of the next token, given the last block_size tokens."""
        known, ids = self._append(ids)
        rows, seen = len(ids), len(self.ids)
        rotation = self.rotation[:, known:seen]
        x = _rms(self.wte[ids])  # (rows, C): the new tokens alone
        future = torch.full((rows, seen), -math.inf, dtype=x.dtype, device=x.device).triu(known + 1)
        for block, cache in zip(self.blocks, self.cache, strict=True):
            attn, mlp = block.attn, block.mlp
            q, k, v = attn.c_attn(_rms(x)).view(rows, 3, self.nh, self.hs).permute(1, 2, 0, 3)  # (nh, rows, hs) each
            cache[0, :, known:seen], cache[1, :, known:seen] = rotate(_rms(k), rotation), v
            k, v = cache[:, :, :seen]  # (nh, seen, hs)
            scores = torch.baddbmm(future, rotate(_rms(q), rotation), k.mT, alpha=1 / math.sqrt(self.hs))
            y = torch.bmm(F.softmax(scores, dim=-1), v).transpose(0, 1).reshape(rows, -1)
            x = x + attn.c_proj(y)
            x = x + mlp.c_proj(F.relu(mlp.c_fc(_rms(x))).square())
        return self.head(_rms(x[-1]))


def _rms(x: Tensor) -> Tensor:
    return F.rms_norm(x, x.shape[-1:])


def _one_row(block: Block) -> tuple[Callable[[Tensor], Tensor], ...]:
    """Return what a block does to one vector, as plain calls: looking up modules costs as much as their work."""
    attn, mlp = block.attn, block.mlp
    c_attn, c_proj, c_fc, c_down = map(_product, (attn.c_attn, attn.c_proj, mlp.c_fc, mlp.c_proj))
    act = functools.partial(F.gelu, approximate=mlp.act.approximate) if isinstance(mlp.act, nn.GELU) else torch.relu
    return _norm(block.ln_1), c_attn, c_proj, _norm(block.ln_2), c_fc, act, c_down


def _norm(ln: nn.LayerNorm) -> Callable[[Tensor], Tensor]:
    shape, weight, bias, eps = ln.normalized_shape, ln.weight, ln.bias, ln.eps
    return lambda x: torch.layer_norm(x, shape, weight, bias, eps)


def _product(linear: nn.Module) -> Callable[[Tensor], Tensor]:
    """Return what a linear layer does to one vector, as the quickest call."""
    if not isinstance(linear, nn.Linear):  # 8-bit weights have their own calls
        return lambda x: linear(x[None])[0]
    if linear.bias is None:
        return functools.partial(torch.mv, linear.weight)
    return functools.partial(torch.addmv, linear.bias, linear.weight)


def decoder_for(model: Model) -> Decoder:
    """Return the quickest decoder that a model has; a GPT with changed source (`lab/variants.py`) reads all anew."""
    if isinstance(model, GPT):
        return CachedDecoder(model)
    return RotaryDecoder(model) if isinstance(model, Modern) else Decoder(model)
