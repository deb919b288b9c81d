"""Writing without reading everything again: the keys and values of the tokens so far are kept.

A new token asks every earlier one for its key and value, and those do not change when the text grows. So they are
computed once, and a token more costs one row of work instead of a whole window (Shazeer, 2019, "Fast Transformer
Decoding", section 2.4). What comes out is what `GPT.forward` gives, to the last digits of the arithmetic.

Learned positions set an end to that: once the window is full, the next token moves every token one place down, and with
the positions all keys and values change. From there on the window is read anew for every token, but only as far as the
last row needs it. Rotary positions slide with the window, but what a row knows reaches further back than the window
does, through the rows before it: to be exact, they are read anew as well. The bigram is asked in full each time.

One row is bound by memory: every weight is read once for one multiplication. What is left to win is not to do anything
else meanwhile, and to make the weights smaller (`precision.int8`).
"""

import functools
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.model import GPT, Block, eval_mode
from core.modern import Modern, rotate, rotations


class Decoder:
    """Reads a text token by token with any model, and says what may come next. Nothing is kept but the text."""

    def __init__(self, model: nn.Module):
        self.model, self.T = model, model.config.block_size
        self.device = next(model.parameters()).device
        self.ids: list[int] = []

    def read(self, ids: list[int]) -> Tensor:
        """Read on; return the logits (V,) of the next token, given the last block_size tokens."""
        self.ids = [*self.ids, *ids][-self.T :]
        with eval_mode(self.model):
            return self.model(torch.tensor([self.ids], device=self.device))[0][0, -1]

    def _append(self, ids: list[int]) -> tuple[int, list[int]]:
        """Add ids to the text; return of how many tokens what was kept still holds, and which are to be read."""
        known = len(self.ids)
        self.ids += ids
        if len(self.ids) <= self.T:
            return known, ids
        self.ids = self.ids[-self.T :]  # every token moves down: nothing that was kept holds any more
        return 0, self.ids


class CachedDecoder(Decoder):
    """The same for our GPT, with its keys and values kept in a cache of the window's size, made once."""

    def __init__(self, model: GPT):
        super().__init__(model)
        config, embed = model.config, model.transformer
        self.nh, self.hs = config.n_head, config.n_embd // config.n_head
        self.wte, self.wpe, self.ln_f = embed["wte"].weight, embed["wpe"].weight, _norm(embed["ln_f"])
        self.cache = self.wte.new_empty(config.n_layer, 2, self.nh, self.T, self.hs)
        self.blocks: list[Block] = list(embed["h"])
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
        """Let the new rows x (rows, C) attend to all there are and compute; the last block only owes the last row."""
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
        """Do what `_rows` does for one row x (C,) through all blocks: vectors all the way, no mask, few calls."""
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
    """The same for `modern.py`: a key is kept as it was turned, and the angle to it is what it will always be."""

    def __init__(self, model: Modern):
        super().__init__(model)
        config, self.wte = model.config, model.transformer["wte"].weight
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
        for block, cache in zip(self.model.transformer["h"], self.cache, strict=True):
            attn, mlp = block.attn, block.mlp
            q, k, v = attn.c_attn(_rms(x)).view(rows, 3, self.nh, self.hs).permute(1, 2, 0, 3)  # (nh, rows, hs) each
            cache[0, :, known:seen], cache[1, :, known:seen] = rotate(_rms(k), rotation), v
            k, v = cache[:, :, :seen]  # (nh, seen, hs)
            scores = torch.baddbmm(future, rotate(_rms(q), rotation), k.mT, alpha=1 / math.sqrt(self.hs))
            y = torch.bmm(F.softmax(scores, dim=-1), v).transpose(0, 1).reshape(rows, -1)
            x = x + attn.c_proj(y)
            x = x + mlp.c_proj(F.relu(mlp.c_fc(_rms(x))).square())
        return self.model.lm_head(_rms(x[-1]))


def _rms(x: Tensor) -> Tensor:
    return F.rms_norm(x, x.shape[-1:])


def _one_row(block: Block) -> tuple[Callable[[Tensor], Tensor], ...]:
    """Return what a block does to one vector, as plain calls: to look up a module's parts costs as much as they do."""
    attn, mlp = block.attn, block.mlp
    c_attn, c_proj, c_fc, c_down = map(_product, (attn.c_attn, attn.c_proj, mlp.c_fc, mlp.c_proj))
    act = functools.partial(F.gelu, approximate=mlp.act.approximate) if isinstance(mlp.act, nn.GELU) else torch.relu
    return _norm(block.ln_1), c_attn, c_proj, _norm(block.ln_2), c_fc, act, c_down


def _norm(ln: nn.LayerNorm) -> Callable[[Tensor], Tensor]:
    shape, weight, bias, eps = ln.normalized_shape, ln.weight, ln.bias, ln.eps
    return lambda x: torch.layer_norm(x, shape, weight, bias, eps)


def _product(linear: nn.Module) -> Callable[[Tensor], Tensor]:
    """Return what a linear layer does to one vector, as the quickest call there is for it."""
    if not isinstance(linear, nn.Linear):  # 8-bit weights have calls of their own
        return lambda x: linear(x[None])[0]
    if linear.bias is None:
        return functools.partial(torch.mv, linear.weight)
    return functools.partial(torch.addmv, linear.bias, linear.weight)


def decoder_for(model: nn.Module) -> Decoder:
    """Return the quickest decoder that a model has."""
    return {GPT: CachedDecoder, Modern: RotaryDecoder}.get(type(model), Decoder)(model)
