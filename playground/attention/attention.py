"""What the heads of a model attend to: the view itself, and three small cards that follow it in the browser.

`AttentionView` holds every head's weights of one text, so layer, head and query change without the server. The
cards get little values of their own, so the large one is not sent again: `AttentionDetail` (from scores to weights,
in real numbers), `HeadMap` (one number a head) and `HeadLines` (scores over training). They hear the view on the
document; those of one `channel` belong together. Left out on purpose: running the model, and pictures to download.
"""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from playground.widgets.base import Widget

_LINKED = "attention_link.js"  # the scripts of all four begin with it
_INK = ("../widgets/card.css", "attention_ink.css")
_DIGITS = 4  # of a probability or a score: more than anything shown


def _plain(number: Any) -> float | None:
    """Return a number short enough to send, and None for what JSON cannot say."""
    number = float("nan") if number is None else float(number)
    return round(number, _DIGITS) if math.isfinite(number) else None


def _digits(part: float) -> float | None:
    """Return a probability in so many digits, however small it is: ten candidates of 0.002 % each can be told apart."""
    return float(f"{part:.{_DIGITS}g}") if math.isfinite(part) else None


def stamp_of(told: Any) -> int | None:
    """Return which of the view's values a card asked about, as its event told it."""
    return told if type(told) is int else None


def _by_head(numbers: Any) -> list[list[float | None]]:
    return [[_plain(number) for number in row] for row in numbers]


class AttentionView(Widget):
    """Show what each token attends to, head by head.

    `view.choose(fn)` hears the choice of a head: `fn(evt: gr.EventData)` with `evt.layer` and `evt.head` (or "mean").
    """

    template = "attention.html"
    scripts = (_LINKED, "attention_tokens.js", "attention_maps.js", "attention.js")
    styles = (*_INK, "attention.css")
    modes = {"choose": "always_last"}

    @staticmethod
    def pack(
        tokens: Sequence[str],
        weights: np.ndarray,
        predictions: Sequence[Sequence[tuple[str, float, int]]] = (),
        heads: Mapping[str, Any] | None = None,
        layer: int = 0,
        head: int | str = 0,
        note: str | None = None,
        step: int | None = None,
        ids: Sequence[int] = (),
        text: dict | None = None,
        lang: str = "en",
        channel: str = "",
        more: dict[str, Any] | None = None,
    ) -> dict:
        """Return the value of a view: weights (L, nh, T, T) in 0..1, of which the lower triangles travel as bytes.

        A byte is 255 times the square root of a weight, as the colours are: 64 levels lie below 0.06, and a weight is
        known to 0.004 at worst. `predictions` has for each token up to ten (text, probability, id); `heads` is
        `{"scores": {name: (L, nh)}, "even": {name: number}, "labels": (L, nh) of None or (name, score, spread)}`, and
        what `measured` and `texts` say of the texts that the labels are from. `more`: "of" (the name of what is
        shown), "key", and "run". Raises ValueError where shapes do not fit together.
        """
        weights, T = np.asarray(weights), len(tokens)
        _check(weights, T, len(predictions))
        queries, keys = np.tril_indices(T)
        packed = np.rint(np.sqrt(np.clip(weights[:, :, queries, keys], 0, 1)) * 255).astype(np.uint8)
        facts = {
            "predictions": [[(word, _digits(part), token) for word, part, token in row] for row in predictions],
            "ids": list(ids),
            **_head_facts(heads or {}),
        }
        return {
            "tokens": list(tokens),
            "shape": list(weights.shape[:2]),
            "data": base64.b64encode(packed.tobytes()).decode("ascii"),
            # One string: Gradio compares values part by part, and is slow with thousands of little lists.
            "facts": json.dumps(facts, allow_nan=False),
            "layer": layer,
            "head": head,
            "note": note,
            "step": step,
            "text": text or {},
            "lang": lang,
            "channel": channel,
            **(more or {}),
        }


def _check(weights: np.ndarray, T: int, lists: int) -> None:
    if weights.ndim != 4 or weights.shape[2:] != (T, T):
        raise ValueError(f"weights has the shape {weights.shape}, not (n_layer, n_head, {T}, {T}): one row a token")
    if not (np.isfinite(weights).all() and weights.min(initial=0) > -1e-3 and weights.max(initial=0) < 1.001):
        raise ValueError("weights has numbers outside 0..1; pass them after the softmax, without NaN")
    if lists not in (0, T):
        raise ValueError(f"predictions has {lists} lists for {T} tokens; give one a token, or none")


def _head_facts(heads: Mapping[str, Any]) -> dict[str, Any]:
    measured = heads.get("measured") or {}
    tables = {part: {name: _by_head(scores) for name, scores in (measured.get(part) or {}).items()}
              for part in ("mean", "spread")}  # fmt: skip
    return {
        "scores": {name: _by_head(scores) for name, scores in (heads.get("scores") or {}).items()},
        "even": {name: _plain(score) for name, score in (heads.get("even") or {}).items()},
        "labels": [
            [label and (label[0], *map(_plain, label[1:])) for label in row] for row in heads.get("labels") or []
        ],
        "measured": {**tables, "even": {name: _plain(x) for name, x in (measured.get("even") or {}).items()}},
        "texts": heads.get("texts"),
    }


class AttentionDetail(Widget):
    """Show how the query's scores become weights, in real numbers.

    `detail.ask(fn)` hears the open card asking for a head's scores: `fn(evt)` with `evt.layer`, `evt.head` and
    `evt.stamp`, to be answered with `pack`, the stamp in it: what belongs to an earlier text is not shown.
    """

    template = "attention_detail.html"
    scripts = (_LINKED, "attention_detail.js")
    styles = (*_INK, "attention_detail.css")
    modes = {"ask": "always_last"}

    @staticmethod
    def pack(tokens: Sequence[str], layer: int, head: int, scores: np.ndarray, text: dict | None = None,
             channel: str = "", stamp: Any = None) -> dict:  # fmt: skip
        """Return the value for one head: scores (T, T) before the mask, q·k / sqrt(head_size), as float32."""
        scores, T = np.asarray(scores, dtype="<f4"), len(tokens)
        if scores.shape != (T, T):
            raise ValueError(f"scores has the shape {scores.shape}, not ({T}, {T}): pass the scores of these tokens")
        data = base64.b64encode(scores.tobytes()).decode("ascii")
        return {"tokens": list(tokens), "layer": layer, "head": head, "scores": data, "text": text or {},
                "channel": channel, "stamp": stamp_of(stamp)}  # fmt: skip


class HeadMap(Widget):
    """Draw one number a head, layer by head, with its standard error; greyed while the view shows another model."""

    template = "attention_map.html"
    scripts = (_LINKED, "attention_map.js")
    styles = (*_INK, "attention_map.css")

    @staticmethod
    def pack(values: Sequence[Sequence[float | None]], title: str | None = None, note: str | None = None,
             text: dict | None = None, channel: str = "", errors: Any = None,
             more: dict[str, Any] | None = None) -> dict:  # fmt: skip
        """Return the value for (L, nh) rises of the loss in nats; None where one is not measured yet.

        errors: their standard errors, (L, nh). `more`: "key" of the model that they belong to, and "of", its name.
        """
        return {"values": _by_head(values), "errors": None if errors is None else _by_head(errors), "title": title,
                "note": note, "text": text or {}, "channel": channel, **(more or {})}  # fmt: skip


class HeadLines(Widget):
    """Draw how one head's scores grew over training."""

    template = "attention_lines.html"
    scripts = (_LINKED, "attention_lines.js")
    styles = (*_INK, "attention_lines.css")

    @staticmethod
    def pack(steps: Sequence[int], scores: Mapping[str, Sequence[Any]], text: dict | None = None,
             channel: str = "", of: str = "") -> dict:  # fmt: skip
        """Return the value for {name: one (L, nh) array a step}; steps ascend. of: the name of their run."""
        if any(len(of_steps) != len(steps) for of_steps in scores.values()):
            raise ValueError(f"scores needs one (n_layer, n_head) array for each of the {len(steps)} steps")
        data = {"steps": list(steps), "scores": {name: list(map(_by_head, rows)) for name, rows in scores.items()}}
        return {"data": json.dumps(data, allow_nan=False), "text": text or {}, "channel": channel, "of": of}
