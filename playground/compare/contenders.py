"""The two that are compared, the run in view and GPT-2: each a model, its tokenizer, and where a text begins."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from core.downloads import DownloadError, find_file
from core.insight.scoring import END_OF_TEXT
from core.pretrained import loader
from core.pretrained.family import FAMILY_NAMES
from core.runs.directory import RunDir
from core.sampling import generate
from core.tokenizers import MERGES_NAMES, MERGES_SHA256, BPETokenizer, CharTokenizer, Tokenizer
from playground.models import load_writer
from playground.prompts import GPT2, Joined, fit_prompt
from playground.words.run_names import run_label
from playground.words.translate import translate

SEED = 1
CHARACTERS = 160  # of a continuation, as many tokens for a character tokenizer, and a fourth of it in GPT-2's
CHARACTERS_PER_TOKEN = 4
MOST_SECONDS = 60
REFRESH = 0.1  # seconds between two pictures of the stream
RETRY = 60.0  # seconds before the merges are asked for again: every key pressed would


@dataclass(frozen=True)
class Contender:
    """One of two models. start: ids that stand before every text, given and not scored."""

    name: str
    model: nn.Module
    tokenizer: Tokenizer
    start: tuple[int, ...]

    def ids(self, text: str) -> torch.Tensor:
        """Return the ids (T,) of a text, with those that it starts after."""
        return torch.tensor([*self.start, *self.tokenizer.encode(text)])


def run_contender(run: RunDir, lang: str) -> Contender:
    """Return the last snapshot of a run; a text starts after the prompt of its samples. ValueError if there is none."""
    writer, config = load_writer(run), run.config()
    start = tuple(writer.tokenizer.encode(config.prompt))
    return Contender(run_label(config, lang), writer.model, writer.tokenizer, start)


def gpt2_contender() -> Contender | None:
    """Return GPT-2 if its weights are in memory; DownloadError when the list of its tokens cannot be had."""
    model = loader.loaded(GPT2)
    return None if model is None else Contender(FAMILY_NAMES[GPT2], model, byte_pairs(), (END_OF_TEXT,))


def ids_to_prove(text: str, block_size: int) -> torch.Tensor:
    """Return the ids (1, T) of a text as GPT-2 reads it, as many as fit."""
    return torch.tensor([[END_OF_TEXT, *byte_pairs().encode(text)][:block_size]])


def fitted(text: str, tokenizer: Tokenizer, lang: str) -> tuple[str, str | None]:
    """Return a text in characters that a run knows, and what was changed for that: both models then read the same."""
    known, shown, note = fit_prompt(text, tokenizer, replace=True, lang=lang)
    return known, " ".join(filter(None, [note, translate("beside_both_read", lang) if shown else None])) or None


# -- GPT-2's tokens ---------------------------------------------------------------------------------------------------

_failure: tuple[float, str] | None = None  # when the merges could not be had, and why


def byte_pairs() -> BPETokenizer:
    """Return GPT-2's tokenizer, its merges downloaded if need be; a DownloadError is repeated for a minute."""
    global _failure
    if _failure is not None and time.monotonic() - _failure[0] < RETRY and byte_pairs_here() is None:
        raise DownloadError(_failure[1])
    try:
        return loader.gpt2_tokenizer(GPT2)
    except DownloadError as error:
        _failure = (time.monotonic(), str(error))
        raise


def byte_pairs_here() -> BPETokenizer | None:
    """Return GPT-2's tokenizer if its merges are on this machine already; no network is asked."""
    merges = loader.SOURCES[GPT2].folder / "merges.txt"
    return loader.gpt2_tokenizer(GPT2) if find_file(MERGES_NAMES, MERGES_SHA256, [merges]) else None


# -- writing on -------------------------------------------------------------------------------------------------------


def continue_all(
    contenders: Sequence[Contender | None], text: str, temperatures: Sequence[float], stopped: Callable[[], bool]
) -> Iterator[tuple[list[str | None], str]]:
    """Let every contender continue a text at every temperature, all at the same pace.

    Yields the continuations so far, by temperature and in it by contender (None for one that is not there), and the
    phase: writing, done, stopped, or late when the time was up.
    """
    boxes: list[str | None] = [None if contender is None else "" for _ in temperatures for contender in contenders]
    yield boxes[:], "writing"  # first of all: only what has yielded can be closed
    each = [(contender, temperature) for temperature in temperatures for contender in contenders]
    writers = [contender and _writer(contender, text, temperature) for contender, temperature in each]
    writing = {i: writer for i, writer in enumerate(writers) if writer is not None}
    began = shown_at = time.monotonic()
    while writing:
        for i, writer in list(writing.items()):
            if stopped():
                yield boxes[:], "stopped"
                return
            piece = next(writer, None)
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


def _writer(contender: Contender, text: str, temperature: float) -> Iterator[str]:
    """Write on and on, a few characters a turn, whatever the tokens are."""
    at_once = CHARACTERS_PER_TOKEN if isinstance(contender.tokenizer, CharTokenizer) else 1
    most = CHARACTERS * at_once // CHARACTERS_PER_TOKEN
    joined, piece = Joined(contender.tokenizer), ""
    tokens = generate(contender.model, contender.ids(text)[None], most, temperature, seed=SEED)
    for count, token in enumerate(tokens, start=1):
        piece += joined.add(token.id)
        if count % at_once == 0:
            yield piece
            piece = ""
    yield piece
