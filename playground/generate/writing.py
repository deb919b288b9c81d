"""Writing with a model: the stream of values that the page shows."""

import time
from collections.abc import Iterator

import torch

from core.config import SampleConfig
from core.sampling import generate
from playground.models import Writer
from playground.prompts import Joined, fit_prompt, pieces
from playground.words.translate import translate

MOST_SECONDS = 120  # of one request
REFRESH = 0.08  # seconds between two pictures of the stream


def write(
    writer: Writer, text: str, options: SampleConfig, replace: bool, fallback: str, lang: str, said: str | None = None
) -> Iterator[dict]:
    """Yield the value of the WrittenText component again and again, as tokens are added to it; said: a note of ours."""
    tokenizer, T = writer.tokenizer, writer.model.config.block_size
    prompt, shown, note = fit_prompt(text, tokenizer, replace, lang)
    ids = tokenizer.encode(prompt) or tokenizer.encode(fallback)
    note = " ".join(filter(None, [note, said])) or None
    if len(ids) > T:
        sentence = translate("too_long", lang, block_size=T, count=len(ids))
        note = " ".join(filter(None, [note, sentence]))
    _mark_unseen(shown, max(0, len(ids) - T), replace)
    if not shown:
        shown = [{"t": t, "unknown": False, "seen": i >= len(ids) - T} for i, t in enumerate(pieces(tokenizer, ids))]
    value = {"lang": lang, "prompt": shown, "tokens": [], "speed": None, "state": "writing", "note": note}
    yield {**value, "tokens": []}
    began = shown_at = time.monotonic()
    joined = Joined(tokenizer)
    for token in generate(writer.model, torch.tensor([ids]), **options.model_dump()):
        alternatives = [[tokenizer.decode([c.id]), c.model_prob, c.prob] for c in token.alternatives]
        text = joined.add(token.id)
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
    """Mark which characters of a prompt the model sees: not what was left out, nor the first `unseen` of the rest."""
    known = 0
    for piece in shown:
        in_prompt = bool(piece["t"]) and (replace or not piece["unknown"])
        piece["seen"] = in_prompt and known >= unseen
        known += in_prompt
