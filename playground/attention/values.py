"""The attention of a run's snapshots, or of GPT-2, over a text; it is cached, so that another head costs nothing.

What a head does on the text in view stands beside what it does on fixed texts (`reference.py`), by which it is named.
Left out on purpose: silencing (`silencing.py`), and the values of the widgets (`cards.py`).
"""

import time
from contextlib import suppress
from dataclasses import dataclass, replace

import torch

from core.attention import Observed, observe, scores
from core.formula import count_of
from core.insight import heads
from core.insight.kept import Kept
from core.runs.config import tokenizer_from_json
from core.runs.directory import RunDir
from core.tokenizers import Tokenizer
from playground.attention.reference import naming_texts, validation_tokens
from playground.models import ALICE, Writer, gpt2_writer, load_writer, snapshot_stamp
from playground.prompts import GPT2, GPT2_PROMPT, fit_prompt, token_texts
from playground.words.translate import translate

MOST_TOKENS = 64  # of a text: 12 x 12 heads of it still travel in less than 500 kB
MOST_PREDICTIONS = 10  # of the next token, the likeliest first
MOST_BYTES = 24_000_000  # of attention that is kept: one of GPT-2's takes 7 MB, one of a small model 0.4 MB
PREDICTION = 200  # bytes of one, as Python keeps it
MOST_MEASURED = 2_000  # snapshots whose heads' scores are kept: 40 kB for GPT-2, less than one for a small model
LARGE = 5_000_000  # parameters: snapshots of larger models are measured when they are looked at, not all at once


@dataclass(frozen=True)
class Named:
    """What the heads of a model do on the fixed texts, and how long a token of them took to read."""

    measured: heads.Measured
    brightest: torch.Tensor  # (L, nh): the largest single weight of a query, the mean over all queries
    seconds_per_token: float
    n_params: int


@dataclass(frozen=True)
class TextAttention:
    """What one snapshot attends to in one text, and what it predicts there."""

    step: int
    ids: torch.Tensor  # (T,)
    tokens: list[str]
    observed: Observed  # without values and logits: nobody asks for them once the predictions are made
    scores: dict[str, torch.Tensor]  # each (L, nh), on this text; but "induction" on random sequences
    even: dict[str, float]  # what even attention scores there
    predictions: list[list[tuple[str, float, int]]]
    named: Named
    note: str | None = None
    variant: str | None = None  # of the run: some scale the scores otherwise

    def scores_before_mask(self, layer: int, head: int, lang: str = "en") -> torch.Tensor:
        """Return q·k / sqrt(head_size) of a head (T, T).

        ValueError when there is no such head, or the model divides by something else.
        """
        self.check_head(layer, head)
        if self.variant in ("no_scaling", "scaling_by_n_embd"):
            raise ValueError(translate("attention_no_scores", lang))
        return scores(self.observed, layer, head)

    def check_head(self, layer: int, head: int) -> None:
        """Refuse a head that there is not (ValueError)."""
        L, nh = self.observed.weights.shape[:2]
        if not (isinstance(layer, int) and isinstance(head, int) and 0 <= layer < L and 0 <= head < nh):
            raise ValueError(
                f"There is no layer {layer!r:.20}, head {head!r:.20}; layers go to {L - 1}, heads to {nh - 1}"
            )

    def nbytes(self) -> int:
        """Return how many bytes the numbers take, and the predictions, which are words."""
        seen = self.observed
        numbers = sum(each.nbytes for each in (seen.weights, seen.q, seen.k, seen.v, seen.logits))
        return numbers + PREDICTION * sum(map(len, self.predictions))


_attention: Kept[TextAttention] = Kept(MOST_BYTES, TextAttention.nbytes)
_named: Kept[Named] = Kept(MOST_MEASURED)


def forget() -> None:
    """Forget all that is kept, for tests."""
    _attention.clear()
    _named.clear()


def text_attention(run: RunDir, text: str, step: int | None = None, lang: str = "en") -> TextAttention:
    """Run a snapshot (the last by default) over the beginning of a text; a second call returns what is cached.

    Raises ValueError for a model without attention or without a causal mask, a text without a known character, or no
    such snapshot.
    """
    writer, config = load_writer(run, step), run.config()  # raises for what is not there
    if config.variant == "no_causal_mask":
        raise ValueError(translate("attention_no_mask", lang))
    step = run.snapshots()[-1] if step is None else int(step)
    name = (str(run.path), step, snapshot_stamp(run, step))
    attention = _look(name, writer, text, config.prompt, named_heads(run, step, writer), step, lang)
    return replace(attention, variant=config.variant)


def gpt2_text_attention(text: str, lang: str = "en") -> TextAttention:
    """Run GPT-2 with its published weights over the beginning of a text; ValueError when it is not on this machine."""
    writer = gpt2_writer(lang)
    return _look((GPT2,), writer, text, GPT2_PROMPT, gpt2_named_heads(), 0, lang)


def named_heads(run: RunDir, step: int, writer: Writer | None = None) -> Named:
    """Return what a snapshot's heads do on validation text; without a writer, one is loaded for this and not kept."""

    def measure() -> Named:
        used = writer or Writer(run.load_snapshot(step), tokenizer_from_json(run.config().tokenizer))
        tokens = validation_tokens(run, used.tokenizer, used.model.config.block_size)
        return _measure(used, tokens)

    return _named.get((str(run.path), step, snapshot_stamp(run, step)), measure)


def gpt2_named_heads() -> Named:
    """Return what GPT-2's heads do on a fixed page of a book."""
    writer = gpt2_writer()
    return _named.get(GPT2, lambda: _measure(writer, torch.tensor(writer.tokenizer.encode(ALICE))))


def _measure(writer: Writer, tokens: torch.Tensor) -> Named:
    texts = naming_texts(tokens, writer.model.config.block_size)
    began = time.perf_counter()
    weights = [observe(writer.model, ids[None]).weights for ids in texts]
    seconds = time.perf_counter() - began
    brightest = torch.stack([each[:, :, 1:].amax(-1).mean(-1) for each in weights]).mean(0)
    measured = heads.measure_heads(writer.model, texts, weights)
    return Named(measured, brightest, seconds / texts.numel(), sum(p.numel() for p in writer.model.parameters()))


def _look(name: tuple, writer: Writer, text: str, fallback: str, named: Named, step: int, lang: str) -> TextAttention:
    tokenizer, model = writer.tokenizer, writer.model
    known, _, note = fit_prompt(text, tokenizer, replace=True, lang=lang)
    ids = tokenizer.encode(known) or tokenizer.encode(fallback)
    most = min(MOST_TOKENS, model.config.block_size)
    if len(ids) > most:
        note = " ".join(filter(None, [note, translate("looked_at_first", lang, most=most, count=len(ids))]))
    ids = ids[:most]
    attention = _attention.get((*name, *ids), lambda: _attend(writer, ids, named, step))
    return replace(attention, note=note)


def _attend(writer: Writer, ids: list[int], named: Named, step: int) -> TextAttention:
    idx = torch.tensor([ids])
    seen = observe(writer.model, idx)
    measured, even = heads.head_scores(seen.weights, idx[0]), heads.uniform_scores(idx[0])
    measured["induction"] = named.measured.mean["induction"]
    even["induction"] = named.measured.even["induction"]
    none = torch.empty(0)
    return TextAttention(
        step=step,
        ids=idx[0],
        tokens=token_texts(writer.tokenizer, ids),
        observed=Observed(seen.weights, seen.q.clone(), seen.k.clone(), none, none),  # clones: q is a view of q, k, v
        scores=measured,
        even=even,
        predictions=_predictions(seen.logits, writer.tokenizer),
        named=named,
    )


def _predictions(logits: torch.Tensor, tokenizer: Tokenizer) -> list[list[tuple[str, float, int]]]:
    best = torch.softmax(logits.float(), -1).topk(min(MOST_PREDICTIONS, logits.shape[-1]))
    rows = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    return [[(*token_texts(tokenizer, [i]), p, i) for i, p in zip(ids, probs, strict=True)] for ids, probs in rows]


def score_history(run: RunDir) -> tuple[list[int], dict[str, list[torch.Tensor]]]:
    """Return steps of snapshots, and for each pattern its scores (L, nh) on validation text at each of them.

    A large model's snapshots are told once they were looked at: to load them all would take gigabytes from the disk.
    """
    steps = run.snapshots()
    if count_of(run.config().model) > LARGE:
        steps = [step for step in steps if (str(run.path), step, snapshot_stamp(run, step)) in _named]
    found: dict[int, heads.Measured] = {}
    for step in steps:
        with suppress(ValueError, OSError):  # one that is damaged, or deleted just now
            found[step] = named_heads(run, step).measured
    return list(found), {name: [each.mean[name] for each in found.values()] for name in heads.PATTERNS}
