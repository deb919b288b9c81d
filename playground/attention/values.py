"""The attention of a run's snapshots, or of GPT-2, over a text; it is cached, so that another head costs nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import torch

from core import data
from core.attention import Observed, observe, scores
from core.insight import heads
from core.runs.directory import RunDir
from core.tokenizers import Tokenizer
from playground.models import Writer, gpt2_writer, load_writer, snapshot_stamp
from playground.prompts import GPT2_PROMPT, fit_prompt, token_texts
from playground.words.translate import translate

MOST_TOKENS = 64  # of a text: 12 x 12 heads of it still travel in less than 500 kB
MOST_PREDICTIONS = 10  # of the next token, the likeliest first
GPT2_SILENCE_TOKENS = 64  # in a window, on which GPT-2's heads are silenced
SILENCE_ROWS = 16  # windows of the validation part on which heads are silenced


@dataclass(frozen=True)
class TextAttention:
    """What one snapshot attends to in one text, and what it predicts there."""

    step: int
    ids: torch.Tensor  # (T,)
    tokens: list[str]
    observed: Observed
    scores: dict[str, torch.Tensor]  # each (L, nh)
    labels: list[list[tuple[str, float] | None]]
    predictions: list[list[tuple[str, float]]]
    note: str | None

    def scores_before_mask(self, layer: int, head: int) -> torch.Tensor:
        """Return q·k / sqrt(head_size) of a head (T, T); ValueError when there is no such head."""
        L, nh = self.observed.weights.shape[:2]
        if not (isinstance(layer, int) and isinstance(head, int) and 0 <= layer < L and 0 <= head < nh):
            raise ValueError(
                f"There is no layer {layer!r:.20}, head {head!r:.20}; layers go to {L - 1}, heads to {nh - 1}"
            )
        return scores(self.observed, layer, head)


def text_attention(run: RunDir, text: str, step: int | None = None, lang: str = "en") -> TextAttention:
    """Run a snapshot (the last by default) over the beginning of a text; a second call returns what is cached.

    Raises ValueError for a model without attention, a text without a known character, or no such snapshot.
    """
    load_writer(run, step)  # raises for what is not there
    step = run.snapshots()[-1] if step is None else int(step)
    return _snapshot_attention(str(run.path), step, snapshot_stamp(run, step), text, lang)


@lru_cache(maxsize=64)
def _snapshot_attention(path: str, step: int, stamp: int, text: str, lang: str) -> TextAttention:
    run = RunDir(path)
    return _attend(load_writer(run, step), text, run.config().prompt, _induction(path, step, stamp), step, lang)


def gpt2_text_attention(text: str, lang: str = "en") -> TextAttention:
    """Run GPT-2 with its published weights over the beginning of a text; ValueError when it is not on this machine."""
    gpt2_writer(lang)
    return _gpt2_attention(text, lang)


@lru_cache(maxsize=8)
def _gpt2_attention(text: str, lang: str) -> TextAttention:
    return _attend(gpt2_writer(lang), text, GPT2_PROMPT, _gpt2_induction(), 0, lang)


@lru_cache(maxsize=1)
def _gpt2_induction() -> torch.Tensor:
    return heads.induction_scores(gpt2_writer().model)


def _attend(
    writer: Writer, text: str, fallback: str, induction: torch.Tensor | None, step: int, lang: str
) -> TextAttention:
    tokenizer, model = writer.tokenizer, writer.model
    known, _, note = fit_prompt(text, tokenizer, replace=True, lang=lang)
    ids = tokenizer.encode(known) or tokenizer.encode(fallback)
    most = min(MOST_TOKENS, model.config.block_size)
    if len(ids) > most:
        note = " ".join(filter(None, [note, translate("looked_at_first", lang, most=most, count=len(ids))]))
    idx = torch.tensor([ids[:most]])
    observed = observe(model, idx)
    measured = heads.head_scores(observed.weights, idx[0])
    if induction is not None:
        measured = {**measured, "induction": induction}
    return TextAttention(
        step=step,
        ids=idx[0],
        tokens=token_texts(tokenizer, ids[:most]),
        observed=observed,
        scores=measured,
        labels=heads.labels(measured, idx[0], induction),
        predictions=_predictions(observed.logits, tokenizer),
        note=note,
    )


@lru_cache(maxsize=256)
def _induction(path: str, step: int, stamp: int) -> torch.Tensor | None:
    """Return each head's induction score; None for a model too small to be tested."""
    try:
        return heads.induction_scores(load_writer(RunDir(path), step).model)
    except ValueError:
        return None


def _predictions(logits: torch.Tensor, tokenizer: Tokenizer) -> list[list[tuple[str, float]]]:
    best = torch.softmax(logits.float(), -1).topk(min(MOST_PREDICTIONS, logits.shape[-1]))
    rows = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return [[(tokenizer.decode([i]), p) for i, p in zip(ids, probs, strict=True)] for ids, probs in rows]


def score_history(run: RunDir, text: str, lang: str = "en") -> tuple[list[int], dict[str, list[torch.Tensor]]]:
    """Return the snapshots' steps, and for each pattern its scores (L, nh) at each of them."""
    steps = run.snapshots()
    snapshots = [text_attention(run, text, step, lang) for step in steps]
    return steps, {name: [each.scores[name] for each in snapshots] for name in heads.PATTERNS}


def silence(run: RunDir, step: int | None) -> Iterator[tuple[int, int, float]]:
    """Silence each head of a snapshot in turn, on fixed windows of the run's own validation part."""
    writer = load_writer(run, step)
    return _silenced(writer, run.text(), writer.model.config.block_size, SILENCE_ROWS)


def silence_gpt2(run: RunDir, lang: str = "en") -> Iterator[tuple[int, int, float]]:
    """Silence each of GPT-2's heads in turn, on a small part of the run's validation text: there are 144 of them."""
    return _silenced(gpt2_writer(lang), run.text(), GPT2_SILENCE_TOKENS, 2)


def _silenced(writer: Writer, text: str, T: int, rows: int) -> Iterator[tuple[int, int, float]]:
    tokens = torch.tensor(writer.tokenizer.encode(text), dtype=torch.long)
    _, val_tokens = data.split(tokens, T)
    x, y = data.windows(val_tokens, T, rows * T)
    return heads.silence_heads(writer.model, x, y)
