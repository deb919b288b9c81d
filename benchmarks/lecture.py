"""The model of the lecture "Let's build GPT" as a lecture writes it: every head a module of its own, all in fp32.

What `throughput.py --lecture` trains beside our `lecture` preset: the same 10,788,929 parameters, dropout and AdamW.
Head after head, each with three small matrices, is how attention is understood; it is also how it is slow.
"""

import time
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BLOCK, BATCH, WIDTH, HEADS, LAYERS, DROPOUT, RATE = 256, 64, 384, 6, 6, 0.2, 3e-4


class Head(nn.Module):
    """One head of causal self-attention."""

    def __init__(self, head_size: int):
        super().__init__()
        self.key = nn.Linear(WIDTH, head_size, bias=False)
        self.query = nn.Linear(WIDTH, head_size, bias=False)
        self.value = nn.Linear(WIDTH, head_size, bias=False)
        self.register_buffer("tril", torch.tril(torch.ones(BLOCK, BLOCK)))
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor) -> Tensor:
        T = x.shape[1]
        k, q = self.key(x), self.query(x)  # (B, T, hs)
        scores = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5  # (B, T, T)
        scores = scores.masked_fill(self.tril[:T, :T] == 0, float("-inf"))
        return self.dropout(F.softmax(scores, dim=-1)) @ self.value(x)


class Attention(nn.Module):
    """All heads, one after the other, side by side at the end."""

    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleList(Head(WIDTH // HEADS) for _ in range(HEADS))
        self.proj = nn.Linear(WIDTH, WIDTH)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.proj(torch.cat([head(x) for head in self.heads], dim=-1)))


class Block(nn.Module):
    """Communicate, then compute."""

    def __init__(self):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention = Attention()
        self.mlp = nn.Sequential(
            nn.Linear(WIDTH, 4 * WIDTH), nn.ReLU(), nn.Linear(4 * WIDTH, WIDTH), nn.Dropout(DROPOUT)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class HeadByHead(nn.Module):
    """The whole model."""

    def __init__(self, vocab_size: int):
        super().__init__()
        self.tokens = nn.Embedding(vocab_size, WIDTH)
        self.positions = nn.Embedding(BLOCK, WIDTH)
        self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
        self.ln = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, vocab_size)

    def forward(self, idx: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss of idx, targets (B, T) in nats per token."""
        x = self.tokens(idx) + self.positions(torch.arange(idx.shape[1]))
        logits = self.head(self.ln(self.blocks(x)))
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def train_head_by_head(text: Tensor, vocab_size: int, batch_size: int = BATCH) -> Iterator[float]:
    """Train it on windows of text (N,) drawn at random; yield the seconds of every step."""
    torch.manual_seed(1337)
    model = HeadByHead(vocab_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    while True:
        began = time.perf_counter()
        starts = torch.randint(len(text) - BLOCK, (batch_size,)).tolist()
        x, y = (torch.stack([text[i + ahead : i + ahead + BLOCK] for i in starts]) for ahead in (0, 1))
        loss = model(x, y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        loss.item()
        yield time.perf_counter() - began
