"""The texts by which heads are named and silenced: a run's validation part, and for GPT-2 a fixed page of a book."""

import torch

from core import data
from core.insight.kept import Kept
from core.runs.directory import RunDir
from core.tokenizers import CharTokenizer, Tokenizer

WINDOW = 64  # tokens at most, of a text by which heads are named
NAMING_TOKENS = 1_024  # of all texts together
MOST_WINDOWS = 256  # on which heads are silenced

_tokens: Kept[torch.Tensor] = Kept(50_000_000, lambda tokens: tokens.nbytes)  # of validation parts


def validation_tokens(run: RunDir, tokenizer: Tokenizer, T: int) -> torch.Tensor:
    """Return the part of a run's text that it is not trained on, in a model's tokens (N,), N > T."""
    kind = "char" if isinstance(tokenizer, CharTokenizer) else "gpt2"

    def cut() -> torch.Tensor:
        text = run.text()
        own = run.config().tokenizer["kind"] == kind
        if own:
            return data.split(data.as_tokens(tokenizer.encode(text)), T)[1]
        return data.as_tokens(tokenizer.encode(text[len(text) * 9 // 10 :]))  # GPT-2 beside a run of characters

    return _tokens.get((str(run.path), run.config().created, kind, T), cut)


def naming_texts(tokens: torch.Tensor, block_size: int) -> torch.Tensor:
    """Return texts (W, T) by which heads are named, evenly spread over tokens (N,)."""
    T = min(WINDOW, block_size, len(tokens) - 1)
    return data.windows(tokens, T, NAMING_TOKENS)[0]


def silencing_windows(tokens: torch.Tensor, T: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return windows x, y (n, T) of tokens (N,), at most MOST_WINDOWS, in an order that is spread over the text."""
    x, y = data.windows(tokens, min(T, len(tokens) - 1), MOST_WINDOWS * T)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    return x[order], y[order]
