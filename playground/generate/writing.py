"""Generation with a model, as the stream of values that the page shows."""

import time
from collections.abc import Iterator

import torch

from core.config import SampleConfig
from core.sampling import Token, generate
from core.tokenizers import BPETokenizer, Tokenizer
from playground.models import Writer
from playground.prompts import DecodeStream, fit_prompt, is_end_of_text, token_text
from playground.words.translate import translate

MOST_SECONDS = 120  # of one request
REFRESH = 0.08  # seconds between two values of the stream


def write(
    writer: Writer, text: str, options: SampleConfig, replace: bool, fallback: str, lang: str, said: str | None = None
) -> Iterator[dict]:
    """Yield the value of the WrittenText widget as its tokens grow.

    replace: whether unknown characters of the text are replaced or left out. fallback: what is continued where nothing
    is left of the text. said: a sentence to show with the note about the prompt.
    """
    tokenizer = writer.tokenizer
    ids, pieces, note = read_prompt(writer, text, replace, fallback, lang)
    value = {"prompt": pieces, "tokens": [], "speed": None, "state": "writing"}
    value["note"] = " ".join(filter(None, [note, said])) or None
    yield {**value, "tokens": []}
    began = shown_at = time.monotonic()
    stream = DecodeStream(tokenizer)
    for token in generate(writer.model, torch.tensor([ids]), **options.model_dump()):
        value["tokens"].append(_told(token, stream.step(token.id), tokenizer))
        now = time.monotonic()
        value["speed"] = len(value["tokens"]) / max(now - began, 1e-9)
        if now - began > MOST_SECONDS:
            value["note"] = translate("time_is_up", lang, seconds=MOST_SECONDS)
            break
        if now - shown_at > REFRESH:
            shown_at = now
            yield {**value, "tokens": list(value["tokens"])}
    yield {**value, "state": "done"}


def read_prompt(
    writer: Writer, text: str, replace: bool, fallback: str, lang: str
) -> tuple[list[int], list[dict], str | None]:
    """Return a prompt's ids, its pieces as the page shows them, and a note on what became of it or None."""
    tokenizer, T = writer.tokenizer, writer.model.config.block_size
    prompt, shown, note = fit_prompt(text, tokenizer, replace, lang)
    ids = tokenizer.encode(prompt) or tokenizer.encode(fallback)
    notes = [note]
    if len(ids) > T:
        notes.append(translate("too_long", lang, block_size=T, count=len(ids)))
    if prompt.endswith(" ") and isinstance(tokenizer, BPETokenizer):
        notes.append(translate("ends_with_space", lang))
    if shown:
        _mark_unseen(shown, max(0, len(ids) - T), replace)
    else:
        stream = DecodeStream(tokenizer)
        pieces = [(stream.step(token_id), token_text(tokenizer, token_id)) for token_id in ids]
        shown = [
            {"t": text, "b": None if label == text else label, "unknown": False, "seen": i >= len(ids) - T}
            for i, (text, label) in enumerate(pieces)
        ]
    return ids, shown, " ".join(filter(None, notes)) or None


def _told(token: Token, text: str, tokenizer: Tokenizer) -> dict:
    """Return what the page shows of a token; b: the token alone, where that is not the text that it adds."""
    label = token_text(tokenizer, token.id)
    alternatives = [[c.id, token_text(tokenizer, c.id), c.model_prob, c.prob] for c in token.alternatives]
    told = {"id": token.id, "t": text, "b": None if label == text else label, "p": token.model_prob, "q": token.prob}
    return {**told, "end": is_end_of_text(tokenizer, token.id), "alts": alternatives}


def _mark_unseen(shown: list[dict], unseen: int, replace: bool) -> None:
    """Mark the characters of a prompt that the model sees: not those left out, nor the first `unseen` of the rest."""
    known = 0
    for character in shown:
        in_prompt = bool(character["t"]) and (replace or not character["unknown"])
        character["out"] = not in_prompt
        character["seen"] = in_prompt and known >= unseen
        known += in_prompt
