"""Writing without reading everything again: the keys and values of the tokens so far are kept.

A new token asks every earlier one for its key and value, and those do not change when the text grows. So they are
computed once, and a token more costs one row of work instead of a whole window (Shazeer, 2019, "Fast Transformer
Decoding", section 2.4). What comes out is what `GPT.forward` gives, to the last digits of the arithmetic.

Learned positions set an end to that: once the window is full, the next token moves every token one place down, and with
the positions all keys and values change. From there on the window is read anew for every token, but only as far as the
last row needs it. Models other than the GPT are asked in full each time.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.model import GPT, Block, eval_mode


class Reader:
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


class CachedReader(Reader):
    """The same for our GPT, with its keys and values kept in a cache of the window's size, made once."""

    def __init__(self, model: GPT):
        super().__init__(model)
        config = model.config
        self.heads = (config.n_head, config.n_embd // config.n_head)  # nh, hs
        weight = model.lm_head.weight
        self.cache = weight.new_empty(config.n_layer, 2, config.n_head, self.T, self.heads[1])
        self.blocks = list(model.transformer["h"])

    @torch.no_grad()
    def read(self, ids: list[int]) -> Tensor:
        """Read on; return the logits (V,) of the next token, given the last block_size tokens."""
        known = len(self.ids)
        self.ids += ids
        if len(self.ids) > self.T:  # every token moves down: nothing that was kept holds any more
            self.ids = self.ids[-self.T :]
            known, ids = 0, self.ids
        embed = self.model.transformer
        x = embed["wte"].weight[ids] + embed["wpe"].weight[known : len(self.ids)]  # (rows, C): the new tokens alone
        for layer, block in enumerate(self.blocks):
            x = self._through(block, x, known, self.cache[layer], last=layer == len(self.blocks) - 1)
        return self.model.lm_head(embed["ln_f"](x[-1]))

    def _through(self, block: Block, x: Tensor, known: int, cache: Tensor, last: bool) -> Tensor:
        """Let the new rows x (rows, C) attend to all there are and compute; the last block only owes the last row."""
        rows, C = x.shape
        nh, hs = self.heads
        qkv = block.attn.c_attn(block.ln_1(x)).view(rows, 3, nh, hs).permute(1, 2, 0, 3)  # (3, nh, rows, hs)
        seen = known + rows
        cache[:, :, known:seen] = qkv[1:]
        k, v = cache[0, :, :seen], cache[1, :, :seen]  # (nh, seen, hs)
        q = qkv[0]
        if last:
            x, q, rows = x[-1:], q[:, -1:], 1
        scores = torch.bmm(q, k.mT) * (1 / math.sqrt(hs))  # (nh, rows, seen)
        if rows > 1:
            scores += torch.full((rows, seen), -math.inf, dtype=x.dtype, device=x.device).triu(known + 1)
        y = torch.bmm(F.softmax(scores, dim=-1), v).transpose(0, 1).reshape(rows, C)
        x = x + block.attn.c_proj(y)
        mlp = block.mlp
        return x + mlp.c_proj(mlp.act(mlp.c_fc(block.ln_2(x))))


def reader_for(model: nn.Module) -> Reader:
    """Return the quickest reader that a model has."""
    return CachedReader(model) if type(model) is GPT else Reader(model)
