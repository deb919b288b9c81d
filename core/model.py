"""The GPT, in one file to be read from top to bottom.

GPT-2's architecture (Radford et al., 2019) with its names, so that the keys of a state dict are Hugging Face's (whose
matrices are transposed: `pretrained/conversion.py`). Axis letters: B batch, T time (<= block_size), C = n_embd, nh
heads, hs head size, V vocabulary.

Its sizes and choices are the fields of `GPTConfig` in `config.py`. Left out on purpose: training (`training.py`),
drawing text (`sampling.py`), and anything that watches the model (`attention.py` does that through hooks).
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.config import BigramConfig, GPTConfig


class CausalSelfAttention(nn.Module):
    """Let every token gather what it needs from itself and the tokens before it (Vaswani et al., 2017, section 3.2)."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        qkv_bias = config.bias if config.qkv_bias is None else config.qkv_bias
        self.n_head = config.n_head
        self.c_attn = nn.Linear(config.n_embd, 3 * config.n_embd, bias=qkv_bias)  # query, key and value in one
        self.c_proj = nn.Linear(config.n_embd, config.n_embd, bias=config.bias)
        self.attn_dropout = nn.Dropout(config.dropout)
        self.resid_dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        B, T, C = x.shape
        nh, hs = self.n_head, C // self.n_head
        qkv = self.c_attn(x).view(B, T, 3, nh, hs).permute(2, 0, 3, 1, 4)  # (3, B, nh, T, hs)
        q, k, v = qkv.reshape(3, B * nh, T, hs).unbind()  # heads become rows of the batch: nothing mixes them

        # How well does each query fit each key? Dot products grow with hs, so dividing by sqrt(hs) keeps their
        # spread at one, and the softmax away from saturation. The causal mask adds minus infinity to the future.
        mask = torch.full((T, T), -math.inf, dtype=x.dtype, device=x.device).triu(1)
        scores = torch.baddbmm(mask, q, k.mT, alpha=1 / math.sqrt(hs))  # q @ k.mT / sqrt(hs) + mask
        weights = F.softmax(scores, dim=-1).view(B, nh, T, T)  # every row sums to one
        weights = self.attn_dropout(weights).view(B * nh, T, T)

        y = torch.bmm(weights, v).view(B, nh, T, hs).transpose(1, 2).reshape(B, T, C)  # the heads side by side again
        return self.resid_dropout(self.c_proj(y))


class MLP(nn.Module):
    """Compute on what was gathered: each token by itself, four times as wide."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.c_fc = nn.Linear(config.n_embd, 4 * config.n_embd, bias=config.bias)
        self.act = nn.GELU(approximate="tanh") if config.activation == "gelu" else nn.ReLU()
        self.c_proj = nn.Linear(4 * config.n_embd, config.n_embd, bias=config.bias)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.c_proj(self.act(self.c_fc(x))))


class Block(nn.Module):
    """Communicate, then compute. Each adds to the residual stream; LayerNorm comes before, as in GPT-2."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.ln_1 = nn.LayerNorm(config.n_embd, eps=1e-5, bias=config.bias)
        self.attn = CausalSelfAttention(config)
        self.ln_2 = nn.LayerNorm(config.n_embd, eps=1e-5, bias=config.bias)
        self.mlp = MLP(config)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    """Predict, at every position, the next token from the tokens so far."""

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.config = config
        wte = nn.Embedding(config.vocab_size, config.n_embd)  # what the token is
        self.transformer: Any = nn.ModuleDict(  # Any: to a type checker, each of its attributes is a Module or a Tensor
            {
                "wte": wte,
                "wpe": nn.Embedding(config.block_size, config.n_embd),  # where it stands
                "drop": nn.Dropout(config.dropout),
                "h": nn.ModuleList(Block(config) for _ in range(config.n_layer)),
                "ln_f": nn.LayerNorm(config.n_embd, eps=1e-5, bias=config.bias),
            }
        )
        self.lm_head = nn.Linear(config.n_embd, config.vocab_size, bias=config.lm_head_bias)
        self.apply(_initialise)
        for name, parameter in self.named_parameters():
            if name.endswith("c_proj.weight"):
                # 2 * n_layer projections add up on the residual stream; without this its spread grows with depth.
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * config.n_layer))
        if config.init == "sinusoidal" and not self.lm_head.weight.is_meta:  # a meta tensor has a shape and no values
            self._start_sinusoidal()
        if config.tie_weights:
            self.lm_head.weight = wte.weight

    @torch.no_grad()
    def _start_sinusoidal(self) -> None:
        """Start with sinusoidal positions (Vaswani et al., 2017, section 3.5), and a gain of 3 on queries and keys.

        Otherwise all positions look alike at first, and attention is nearly uniform. The base is 1000, because windows
        are short here; sines stand beside cosines; the scale is GPT-2's. All of it stays trainable.
        """
        T, C = self.transformer.wpe.weight.shape
        rates = torch.exp(-math.log(1000.0) * torch.arange(C // 2) / (C // 2))
        waves = torch.arange(T)[:, None] * rates  # (T, C / 2), in radians
        self.transformer.wpe.weight[:, : C // 2 * 2] = 0.02 * math.sqrt(2) * torch.cat([waves.sin(), waves.cos()], 1)
        for block in self.transformer.h:
            block.attn.c_attn.weight[: 2 * C] *= 3

    def forward(self, idx: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Return logits (B, T, V) for every position and, with targets (B, T), the mean loss in nats per token."""
        B, T = idx.shape
        if T > self.config.block_size:
            raise ValueError(
                f"{T} tokens do not fit into block_size={self.config.block_size}; "
                f"give the model only the last {self.config.block_size}"
            )
        position = torch.arange(T, device=idx.device)
        x = self.transformer.wte(idx) + self.transformer.wpe(position)  # (B, T, C)
        x = self.transformer.drop(x)
        for block in self.transformer.h:
            x = block(x)
        logits = self.lm_head(self.transformer.ln_f(x))
        return logits, cross_entropy(logits, targets)


class Bigram(nn.Module):
    """Predict the next token from the last one alone: a table of V x V logits."""

    def __init__(self, config: BigramConfig):
        super().__init__()
        self.config = config
        self.wte = nn.Embedding(config.vocab_size, config.vocab_size)
        self.apply(_initialise)

    def forward(self, idx: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Return logits (B, T, V) for every position and, with targets (B, T), the mean loss in nats per token."""
        logits = self.wte(idx)
        return logits, cross_entropy(logits, targets)


def cross_entropy(logits: Tensor, targets: Tensor | None) -> Tensor | None:
    """Return the mean loss on targets (B, T) in nats per token, or None without targets."""
    if targets is None:
        return None
    return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Switch dropout and gradients off inside the block, and leave every module in the mode that it was in."""
    trained = [module for module in model.modules() if module.training]
    for module in trained:
        module.training = False
    try:
        with torch.no_grad():
            yield
    finally:
        for module in trained:
            module.training = True


def _initialise(module: nn.Module) -> None:
    """Draw small normal weights and set biases to zero, as GPT-2; LayerNorm already starts at one and zero."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
