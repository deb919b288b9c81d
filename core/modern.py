"""What has changed since GPT-2: the skeleton of `model.py`, with the parts that most models use today.

    positions        queries and keys are rotated by them (Su et al., 2021); no learned vectors are added
    normalisation    RMSNorm (Zhang & Sennrich, 2019): no mean, no bias, no gain; also after the embedding
    attention        queries and keys normalised first (Henry et al., 2020), which bounds the scores
    MLP              ReLU squared (So et al., 2021) instead of GELU
    output           a matrix of its own, not the embedding's

Read it beside `model.py`; there are no biases, all else is the same. Left out on purpose: grouped queries, gates and
experts, which pay at sizes that nobody trains on this page.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.config import ModernConfig
from core.model import GPT, Bigram, cross_entropy

ROTARY_BASE = 10_000.0


class RotaryAttention(nn.Module):
    """Attend as in `model.py`, with positions that enter the scores only as distances between tokens."""

    def __init__(self, config: ModernConfig):
        super().__init__()
        self.n_head = config.n_head
        self.c_attn = nn.Linear(config.n_embd, 3 * config.n_embd, bias=False)
        self.c_proj = nn.Linear(config.n_embd, config.n_embd, bias=False)
        self.qkv = nn.Identity()  # for hooks: query, key and value as they meet
        self.attn_dropout = nn.Dropout(config.dropout)
        self.resid_dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, rotation: Tensor) -> Tensor:
        """x (B, T, C); rotation (2, T, hs / 2), the cosines and sines of each position."""
        B, T, C = x.shape
        nh, hs = self.n_head, C // self.n_head
        q, k, v = self.c_attn(x).view(B, T, 3, nh, hs).permute(2, 0, 3, 1, 4).unbind()  # (B, nh, T, hs)
        q, k = (rotate(F.rms_norm(part, (hs,)), rotation) for part in (q, k))
        q, k, v = self.qkv(torch.stack([q, k, v])).view(3, B * nh, T, hs).unbind()

        mask = torch.full((T, T), -math.inf, dtype=x.dtype, device=x.device).triu(1)
        scores = torch.baddbmm(mask, q, k.mT, alpha=1 / math.sqrt(hs))
        weights = self.attn_dropout(F.softmax(scores, dim=-1).view(B, nh, T, T)).view(B * nh, T, T)
        y = torch.bmm(weights, v).view(B, nh, T, hs).transpose(1, 2).reshape(B, T, C)
        return self.resid_dropout(self.c_proj(y))


def rotations(T: int, hs: int, like: Tensor) -> Tensor:
    """Return (2, T, hs / 2): cosine and sine of the angle by which each pair of numbers turns at each position."""
    rates = ROTARY_BASE ** -torch.arange(0, 1, 2 / hs, device=like.device)
    angles = torch.arange(T, device=like.device)[:, None] * rates  # radians, the first pair fastest
    return torch.stack([angles.cos(), angles.sin()]).to(like.dtype)


def rotate(x: Tensor, rotation: Tensor) -> Tensor:
    """Turn each pair of numbers of x (..., T, hs): a dot product of two rows then depends on their distance alone."""
    cos, sin = rotation
    a, b = x[..., : x.shape[-1] // 2], x[..., x.shape[-1] // 2 :]
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


class SquaredMLP(nn.Module):
    """Compute on each token by itself, four times as wide, with ReLU squared."""

    def __init__(self, config: ModernConfig):
        super().__init__()
        self.c_fc = nn.Linear(config.n_embd, 4 * config.n_embd, bias=False)
        self.c_proj = nn.Linear(4 * config.n_embd, config.n_embd, bias=False)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.c_proj(F.relu(self.c_fc(x)).square()))


class ModernBlock(nn.Module):
    """Communicate, then compute, as in `model.py`."""

    def __init__(self, config: ModernConfig):
        super().__init__()
        self.attn = RotaryAttention(config)
        self.mlp = SquaredMLP(config)

    def forward(self, x: Tensor, rotation: Tensor) -> Tensor:
        x = x + self.attn(F.rms_norm(x, x.shape[-1:]), rotation)
        return x + self.mlp(F.rms_norm(x, x.shape[-1:]))


class Modern(nn.Module):
    """Predict, at every position, the next token from the tokens so far."""

    def __init__(self, config: ModernConfig):
        super().__init__()
        self.config = config
        self.transformer: Any = nn.ModuleDict(
            {
                "wte": nn.Embedding(config.vocab_size, config.n_embd),
                "drop": nn.Dropout(config.dropout),
                "h": nn.ModuleList(ModernBlock(config) for _ in range(config.n_layer)),
            }
        )
        self.lm_head = nn.Linear(config.n_embd, config.vocab_size, bias=False)
        for name, parameter in self.named_parameters():
            deep = math.sqrt(2 * config.n_layer) if name.endswith("c_proj.weight") else 1.0
            nn.init.normal_(parameter, std=0.02 / deep)

    def forward(self, idx: Tensor, targets: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Return logits (B, T, V) for every position and, with targets (B, T), the mean loss in nats per token."""
        T, config = idx.shape[1], self.config
        if T > config.block_size:
            raise ValueError(
                f"{T} tokens do not fit into block_size={config.block_size}; "
                f"give the model only the last {config.block_size}"
            )
        x = self.transformer.drop(self.transformer.wte(idx))
        x = F.rms_norm(x, x.shape[-1:])
        rotation = rotations(T, config.n_embd // config.n_head, like=x)
        for block in self.transformer.h:
            x = block(x, rotation)
        logits = self.lm_head(F.rms_norm(x, x.shape[-1:]))
        return logits, cross_entropy(logits, targets)


Model = GPT | Modern | Bigram  # all that can be trained
