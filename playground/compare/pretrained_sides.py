"""The two that stand side by side, the run in view and GPT-2: each a model, its tokenizer, and where a text begins."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from core import gpt2
from core.compare import END_OF_TEXT
from core.downloads import DownloadError, find_file
from core.family import FAMILY_NAMES
from core.run_dir import RunDir
from core.sampling import generate
from core.tokenizers import MERGES_NAMES, MERGES_SHA256, CharTokenizer, GPT2Tokenizer, Tokenizer
from playground.i18n import translate
from playground.naming import run_label
from playground.sources import GPT2, TEMPERATURES
from playground.writing import Joined, fit_prompt, load_writer

SEED = 1
CHARACTERS = 160  # of a continuation, as many tokens for a character tokenizer, and a fourth of it in GPT-2's
CHARACTERS_PER_TOKEN = 4
MOST_SECONDS = 60
REFRESH = 0.1  # seconds between two pictures of the stream
RETRY = 60.0  # seconds before the merges are asked for again: every key pressed would


@dataclass(frozen=True)
class Side:
    """One of two models. start: ids that stand before every text, given and not scored."""

    name: str
    model: nn.Module
    tokenizer: Tokenizer
    start: tuple[int, ...]

    def ids(self, text: str) -> torch.Tensor:
        """Return the ids (T,) of a text, with those that it starts after."""
        return torch.tensor([*self.start, *self.tokenizer.encode(text)])


def run_side(run: RunDir, lang: str) -> Side:
    """Return the last snapshot of a run; a text starts after the prompt of its samples. ValueError if there is none."""
    writer, config = load_writer(run), run.config()
    return Side(run_label(config, lang), writer.model, writer.tokenizer, tuple(writer.tokenizer.encode(config.prompt)))


def gpt2_side() -> Side | None:
    """Return GPT-2 if its weights are in memory; DownloadError when the list of its tokens cannot be had."""
    model = gpt2.loaded(GPT2)
    return None if model is None else Side(FAMILY_NAMES[GPT2], model, byte_pairs(), (END_OF_TEXT,))


def ids_to_prove(text: str, block_size: int) -> torch.Tensor:
    """Return the ids (1, T) of a text as GPT-2 reads it, as many as fit."""
    return torch.tensor([[END_OF_TEXT, *byte_pairs().encode(text)][:block_size]])


def fitted(text: str, tokenizer: Tokenizer, lang: str) -> tuple[str, str | None]:
    """Return a text in characters that a run knows, and what was changed for that: both models then read the same."""
    known, shown, note = fit_prompt(text, tokenizer, replace=True, lang=lang)
    return known, " ".join(filter(None, [note, translate("beside_both_read", lang) if shown else None])) or None


# -- GPT-2's tokens ---------------------------------------------------------------------------------------------------

_failure: tuple[float, str] | None = None  # when the merges could not be had, and why


def byte_pairs() -> GPT2Tokenizer:
    """Return GPT-2's tokenizer, its merges downloaded if need be; a DownloadError is repeated for a minute."""
    global _failure
    if _failure is not None and time.monotonic() - _failure[0] < RETRY and byte_pairs_here() is None:
        raise DownloadError(_failure[1])
    try:
        return gpt2.gpt2_tokenizer(GPT2)
    except DownloadError as error:
        _failure = (time.monotonic(), str(error))
        raise


def byte_pairs_here() -> GPT2Tokenizer | None:
    """Return GPT-2's tokenizer if its merges are on this machine already; no network is asked."""
    merges = gpt2.SOURCES[GPT2].folder / "merges.txt"
    here = find_file(MERGES_NAMES, MERGES_SHA256) or find_file([merges.name], MERGES_SHA256, [merges.parent])
    return gpt2.gpt2_tokenizer(GPT2) if here else None


# -- writing on -------------------------------------------------------------------------------------------------------


def continue_all(
    sides: Sequence[Side | None], text: str, stopped: Callable[[], bool]
) -> Iterator[tuple[list[str | None], str]]:
    """Let every side continue a text at every temperature, all at the same pace.

    Yields the continuations so far, a temperature after the other and in it a side after the other (None for a side
    that is not there), and the phase: writing, done, stopped, or late when the time was up.
    """
    boxes: list[str | None] = [None if side is None else "" for _ in TEMPERATURES for side in sides]
    yield boxes[:], "writing"  # first of all: only what has yielded can be closed
    pens = [None if side is None else _pen(side, text, heat) for heat in TEMPERATURES for side in sides]
    writing = {i: pen for i, pen in enumerate(pens) if pen is not None}
    began = shown_at = time.monotonic()
    while writing:
        for i, pen in list(writing.items()):
            if stopped():
                yield boxes[:], "stopped"
                return
            piece = next(pen, None)
            if piece is None:
                del writing[i]
            else:
                boxes[i] += piece
            now = time.monotonic()
            if now - began > MOST_SECONDS:
                yield boxes[:], "late"
                return
            if now - shown_at > REFRESH:
                shown_at = now
                yield boxes[:], "writing"
    yield boxes[:], "done"


def _pen(side: Side, text: str, temperature: float) -> Iterator[str]:
    """Write on and on, a few characters a turn, whatever the tokens are."""
    at_once = CHARACTERS_PER_TOKEN if isinstance(side.tokenizer, CharTokenizer) else 1
    most = CHARACTERS * at_once // CHARACTERS_PER_TOKEN
    joined, piece = Joined(side.tokenizer), ""
    for count, token in enumerate(generate(side.model, side.ids(text)[None], most, temperature, seed=SEED), start=1):
        piece += joined.add(token.id)
        if count % at_once == 0:
            yield piece
            piece = ""
    yield piece
