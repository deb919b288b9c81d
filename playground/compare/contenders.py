"""The two models that are compared, that of the run in view and GPT-2, and what they write side by side."""

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
from playground.models import nearest
from playground.prompts import GPT2, DecodeStream, fit_prompt
from playground.words.run_names import run_label
from playground.words.translate import translate

SEED = 1
CHARACTERS = 160  # of a continuation: as many tokens of a character tokenizer, a fourth as many of GPT-2's
CHARACTERS_PER_TOKEN = 4
MOST_SECONDS = 60
REFRESH = 0.1  # seconds between two values of the stream
RETRY = 60.0  # seconds before the merges are asked for again, which every key pressed would do


@dataclass(frozen=True)
class Contender:
    """One of the two models, with its tokenizer. start: the ids before every text, which are given and not scored.

    said: a sentence where it is another snapshot than was asked for.
    """

    name: str
    model: nn.Module
    tokenizer: Tokenizer
    start: tuple[int, ...]
    said: str | None = None

    def ids(self, text: str) -> torch.Tensor:
        """Return the ids (T,) of start and text."""
        return torch.tensor([*self.start, *self.tokenizer.encode(text)])


def run_contender(run: RunDir, lang: str, step: int | None = None) -> Contender:
    """Return a snapshot of a run (the last by default); its start is the prompt of the run's samples.

    Raises ValueError where there is none.
    """
    writer, step, said = nearest(run, step, lang)
    config = run.config()
    start = tuple(writer.tokenizer.encode(config.prompt))
    name = translate("snapshot_name", lang, name=run_label(config, lang), step=step)
    return Contender(name, writer.model, writer.tokenizer, start, said)


def gpt2_contender() -> Contender | None:
    """Return GPT-2 if its weights are in memory; DownloadError when the list of its tokens cannot be had."""
    model = loader.loaded(GPT2)
    return None if model is None else Contender(FAMILY_NAMES[GPT2], model, byte_pairs(), (END_OF_TEXT,))


def ids_to_prove(text: str, block_size: int) -> torch.Tensor:
    """Return the ids (1, T) of a text as GPT-2 reads it, as many as fit."""
    return torch.tensor([[END_OF_TEXT, *byte_pairs().encode(text)][:block_size]])


def shared_text(text: str, tokenizer: Tokenizer, lang: str) -> tuple[str, str | None]:
    """Return a text in the characters that a run's tokenizer knows, so that both models read the same, and a note."""
    known, shown, note = fit_prompt(text, tokenizer, replace=True, lang=lang)
    both = translate("beside_becomes", lang, known=known) if shown else None
    blank = translate("beside_ends_with_space", lang) if known.endswith(" ") else None
    return known, " ".join(filter(None, [note, both, blank])) or None


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


# -- continuations ----------------------------------------------------------------------------------------------------


def continue_all(
    contenders: Sequence[Contender | None], text: str, temperatures: Sequence[float], stopped: Callable[[], bool]
) -> Iterator[tuple[list[str | None], str]]:
    """Let every contender continue a text at every temperature, all at the same pace.

    Yields the continuations so far, ordered by temperature and then by contender (None for a contender that is not
    there), and the phase: "writing", "done", "stopped", or "late" when the time is up.
    """
    pairs = [(contender, temperature) for temperature in temperatures for contender in contenders]
    texts: list[str | None] = [None if contender is None else "" for contender, _ in pairs]
    yield texts[:], "writing"  # before anything is computed: only a generator that has yielded can be closed
    streams = {i: _stream(each, text, temperature) for i, (each, temperature) in enumerate(pairs) if each is not None}
    began = shown_at = time.monotonic()
    while streams:
        for i, stream in list(streams.items()):
            if stopped():
                yield texts[:], "stopped"
                return
            added = next(stream, None)
            if added is None:
                del streams[i]
            else:
                texts[i] += added
            now = time.monotonic()
            if now - began > MOST_SECONDS:
                yield texts[:], "late"
                return
            if now - shown_at > REFRESH:
                shown_at = now
                yield texts[:], "writing"
    yield texts[:], "done"


def _stream(contender: Contender, text: str, temperature: float) -> Iterator[str]:
    """Yield a continuation a few characters at a time, about as many whatever the tokenizer."""
    at_once = CHARACTERS_PER_TOKEN if isinstance(contender.tokenizer, CharTokenizer) else 1
    most = CHARACTERS * at_once // CHARACTERS_PER_TOKEN
    decoder, added = DecodeStream(contender.tokenizer), ""
    tokens = generate(contender.model, contender.ids(text)[None], most, temperature, seed=SEED)
    for count, token in enumerate(tokens, start=1):
        added += decoder.step(token.id)
        if count % at_once == 0:
            yield added
            added = ""
    yield added + decoder.end()
