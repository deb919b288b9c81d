"""Generation with a model, as the stream of values that the page shows."""

import time
from collections.abc import Iterator

import torch

from core.config import SampleConfig
from core.sampling import generate
from playground.models import Writer
from playground.prompts import DecodeStream, fit_prompt, token_texts
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
    tokenizer, T = writer.tokenizer, writer.model.config.block_size
    prompt, shown, note = fit_prompt(text, tokenizer, replace, lang)
    ids = tokenizer.encode(prompt) or tokenizer.encode(fallback)
    note = " ".join(filter(None, [note, said])) or None
    if len(ids) > T:
        sentence = translate("too_long", lang, block_size=T, count=len(ids))
        note = " ".join(filter(None, [note, sentence]))
    _mark_unseen(shown, max(0, len(ids) - T), replace)
    if not shown:
        texts = enumerate(token_texts(tokenizer, ids))
        shown = [{"t": text, "unknown": False, "seen": i >= len(ids) - T} for i, text in texts]
    value = {"lang": lang, "prompt": shown, "tokens": [], "speed": None, "state": "writing", "note": note}
    yield {**value, "tokens": []}
    began = shown_at = time.monotonic()
    stream = DecodeStream(tokenizer)
    for token in generate(writer.model, torch.tensor([ids]), **options.model_dump()):
        alternatives = [[tokenizer.decode([c.id]), c.model_prob, c.prob] for c in token.alternatives]
        text = stream.step(token.id)
        value["tokens"].append({"t": text, "p": token.model_prob, "q": token.prob, "alts": alternatives})
        now = time.monotonic()
        value["speed"] = len(value["tokens"]) / max(now - began, 1e-9)
        if now - began > MOST_SECONDS:
            value["note"] = translate("time_is_up", lang, seconds=MOST_SECONDS)
            break
        if now - shown_at > REFRESH:
            shown_at = now
            yield {**value, "tokens": list(value["tokens"])}
    yield {**value, "state": "done"}


def _mark_unseen(shown: list[dict], unseen: int, replace: bool) -> None:
    """Mark the characters of a prompt that the model sees: not those left out, nor the first `unseen` of the rest."""
    known = 0
    for character in shown:
        in_prompt = bool(character["t"]) and (replace or not character["unknown"])
        character["seen"] = in_prompt and known >= unseen
        known += in_prompt
