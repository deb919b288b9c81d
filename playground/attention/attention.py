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
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

_HERE = Path(__file__)
_DIGITS = 4  # of a probability or a score: more than anything shown
# Static: Gradio runs a template as code, so nothing is ever put into it.
_VIEW = """
<section class="attention">
  <i class="probe" hidden></i>
  <header class="top">
    <div class="chooser">
      <label><span class="layer-name"></span><select class="layer"></select></label>
      <label><span class="head-name"></span><select class="head"></select></label>
      <span class="badge" hidden></span>
    </div>
    <div class="time" hidden>
      <button type="button" class="play">
        <svg class="on-play" viewBox="0 0 24 24" aria-hidden="true">
          <path d="M8 5.3v13.4c0 .8.9 1.3 1.6.9l10.4-6.7c.6-.4.6-1.3 0-1.7L9.6 4.4C8.9 4 8 4.5 8 5.3z"/></svg>
        <svg class="on-pause" viewBox="0 0 24 24" aria-hidden="true">
          <rect x="6" y="4.5" width="4.2" height="15" rx="1.3"/>
          <rect x="13.8" y="4.5" width="4.2" height="15" rx="1.3"/></svg>
      </button>
      <input type="range" class="steps" min="0" max="0" step="1" value="0">
      <span class="step-name"></span>
    </div>
  </header>
  <p class="note" hidden></p>
  <p class="empty"></p>
  <div class="body" hidden>
    <div class="reading">
      <div class="text-side">
        <p class="hint"></p>
        <div class="tokens" role="group"></div>
        <p class="legend">
          <span class="scale"><span>0</span><i class="ramp"></i><span>1</span> <span class="legend-name"></span></span>
          <span><i class="swatch is-query"></i><span class="legend-query"></span></span>
          <span><i class="swatch is-future"></i><span class="legend-future"></span></span>
        </p>
      </div>
      <div class="strong"><h4></h4><ol></ol></div>
      <div class="next"><h4></h4><ol></ol></div>
    </div>
    <div class="maps">
      <div class="heat">
        <h4></h4><p class="heat-axes about"></p>
        <div class="plot"><canvas tabindex="0" role="img"></canvas><div class="tip" hidden></div></div>
      </div>
      <div class="grid-side">
        <h4></h4><p class="about"><span class="grid-hint"></span></p>
        <div class="grid-scroll"><div class="grid" role="group"></div></div>
      </div>
      <div class="doing">
        <h4></h4>
        <div class="scores"></div>
        <p class="score-help" aria-live="polite"></p>
      </div>
    </div>
  </div>
  <p class="spoken" aria-live="polite"></p>
</section>
"""
_DETAIL = """
<section class="attention-detail">
  <i class="probe" hidden></i>
  <details>
    <summary class="title"></summary>
    <p class="about"></p>
    <div class="frame" tabindex="0" role="region"><table></table></div>
    <p class="why" aria-live="polite"></p>
  </details>
</section>
"""
_MAP = """
<section class="head-map">
  <i class="probe" hidden></i>
  <h4></h4>
  <p class="note" hidden></p>
  <p class="empty"></p>
  <div class="map-scroll"><div class="map" role="group"></div></div>
  <p class="legend"><span class="scale" hidden><span class="low"></span><i class="ramp"></i><span
    class="high"></span></span> <span class="count" role="status" hidden></span></p>
</section>
"""
_LINES = """
<section class="attention-lines">
  <h4></h4>
  <p class="empty"></p>
  <div class="lines" tabindex="0" role="group"></div>
  <p class="hint"></p>
  <p class="spoken" aria-live="polite"></p>
</section>
"""


def _parts(template: str, name: str, *scripts: str, **placing: Any) -> dict[str, Any]:
    """Return the arguments of `gr.HTML`; the scripts share one scope: the link, those named, the widget's own."""

    def read(file: str) -> str:
        return _HERE.with_name(file).read_text(encoding="utf-8")

    return {
        "html_template": template,
        "css_template": read("attention_ink.css") + read(f"{name}.css"),
        "js_on_load": "\n".join(read(f"{script}.js") for script in ("attention_link", *scripts, name)),
        "apply_default_css": False,
        **placing,
    }


def _plain(number: Any) -> float | None:
    """Return a number short enough to send, and None for what JSON cannot say."""
    number = float("nan") if number is None else float(number)
    return round(number, _DIGITS) if math.isfinite(number) else None


def _by_head(numbers: Any) -> list[list[float | None]]:
    return [[_plain(number) for number in row] for row in numbers]


class AttentionView(gr.HTML):
    """Show what each token attends to, head by head; takes the arguments of `gr.HTML` that place a widget."""

    def __init__(self, value: dict | None = None, **kwargs):
        super().__init__(value, **_parts(_VIEW, "attention", "attention_tokens", "attention_maps", **kwargs))

    def choose(self, fn, *args, **kwargs):
        """Listen to the user's choice of a head: `fn(evt: gr.EventData)` with `evt.layer`, `evt.head` (or "mean")."""
        return super().__getattr__("choose")(fn, *args, **{"trigger_mode": "always_last"} | kwargs)

    def step(self, fn, *args, **kwargs):
        """Listen to the slider of snapshots: `fn(evt)` with `evt.step`; answer with the value of that step."""
        return super().__getattr__("step")(fn, *args, **{"trigger_mode": "always_last"} | kwargs)

    @staticmethod
    def pack(
        tokens: Sequence[str],
        weights: np.ndarray,
        predictions: Sequence[Sequence[tuple[str, float]]] = (),
        heads: Mapping[str, Any] | None = None,
        layer: int = 0,
        head: int | str = 0,
        note: str | None = None,
        step: int | None = None,
        steps: Sequence[int] = (),
        text: dict | None = None,
        lang: str = "en",
        channel: str = "",
    ) -> dict:
        """Return the value of a view: weights (L, nh, T, T) in 0..1, of which the lower triangles travel as bytes.

        `predictions` has for each token up to ten (text, probability); `heads` is `{"scores": {name: (L, nh)},
        "labels": (L, nh) of None or (name, score)}`. Raises ValueError where the shapes do not fit together.
        """
        weights, T = np.asarray(weights), len(tokens)
        if weights.ndim != 4 or weights.shape[2:] != (T, T):
            raise ValueError(f"weights has the shape {weights.shape}, not (n_layer, n_head, {T}, {T}): one row a token")
        if not (np.isfinite(weights).all() and weights.min(initial=0) > -1e-3 and weights.max(initial=0) < 1.001):
            raise ValueError("weights has numbers outside 0..1; pass them after the softmax, without NaN")
        if len(predictions) not in (0, T):
            raise ValueError(f"predictions has {len(predictions)} lists for {T} tokens; give one a token, or none")
        queries, keys = np.tril_indices(T)
        packed = np.rint(np.clip(weights[:, :, queries, keys], 0, 1) * 255).astype(np.uint8)
        heads = heads or {}
        labels = [[label and (label[0], _plain(label[1])) for label in row] for row in heads.get("labels") or []]
        facts = {
            "predictions": [[(word, _plain(part)) for word, part in row] for row in predictions],
            "scores": {name: _by_head(scores) for name, scores in (heads.get("scores") or {}).items()},
            "labels": labels,
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
            "steps": list(steps),
            "text": text or {},
            "lang": lang,
            "channel": channel,
        }

    def api_info(self) -> dict:
        """Describe the value to API clients: an object, where `gr.HTML` would say a string."""
        return {"type": "object"}


class AttentionDetail(gr.HTML):
    """Show how the query's scores become weights, in real numbers; takes the placing arguments of `gr.HTML`."""

    def __init__(self, value: dict | None = None, **kwargs):
        super().__init__(value, **_parts(_DETAIL, "attention_detail", **kwargs))

    def ask(self, fn, *args, **kwargs):
        """Listen to the open card asking for a head's scores: `fn(evt)` with `evt.layer`, `evt.head`; answer `pack`."""
        return super().__getattr__("ask")(fn, *args, **{"trigger_mode": "always_last"} | kwargs)

    @staticmethod
    def pack(tokens: Sequence[str], layer: int, head: int, scores: np.ndarray, text: dict | None = None,
             channel: str = "") -> dict:  # fmt: skip
        """Return the value for one head: scores (T, T) before the mask, q·k / sqrt(head_size), as float32."""
        scores, T = np.asarray(scores, dtype="<f4"), len(tokens)
        if scores.shape != (T, T):
            raise ValueError(f"scores has the shape {scores.shape}, not ({T}, {T}): pass the scores of these tokens")
        data = base64.b64encode(scores.tobytes()).decode("ascii")
        return {"tokens": list(tokens), "layer": layer, "head": head, "scores": data, "text": text or {},
                "channel": channel}  # fmt: skip

    def api_info(self) -> dict:
        """Describe the value to API clients: an object, where `gr.HTML` would say a string."""
        return {"type": "object"}


class HeadMap(gr.HTML):
    """Draw one number a head, layer by head; takes the placing arguments of `gr.HTML`."""

    def __init__(self, value: dict | None = None, **kwargs):
        super().__init__(value, **_parts(_MAP, "attention_map", **kwargs))

    @staticmethod
    def pack(values: Sequence[Sequence[float | None]], title: str | None = None, note: str | None = None,
             text: dict | None = None, channel: str = "") -> dict:  # fmt: skip
        """Return the value for (L, nh) rises of the loss in nats; None where one is not measured yet."""
        return {"values": _by_head(values), "title": title, "note": note, "text": text or {}, "channel": channel}

    def api_info(self) -> dict:
        """Describe the value to API clients: an object, where `gr.HTML` would say a string."""
        return {"type": "object"}


class HeadLines(gr.HTML):
    """Draw how one head's scores grew over training; takes the placing arguments of `gr.HTML`."""

    def __init__(self, value: dict | None = None, **kwargs):
        super().__init__(value, **_parts(_LINES, "attention_lines", **kwargs))

    @staticmethod
    def pack(steps: Sequence[int], scores: Mapping[str, Sequence[Any]], text: dict | None = None,
             channel: str = "") -> dict:  # fmt: skip
        """Return the value for {name: one (L, nh) array a step}; steps ascend."""
        if any(len(of_steps) != len(steps) for of_steps in scores.values()):
            raise ValueError(f"scores needs one (n_layer, n_head) array for each of the {len(steps)} steps")
        data = {"steps": list(steps), "scores": {name: list(map(_by_head, rows)) for name, rows in scores.items()}}
        return {"data": json.dumps(data, allow_nan=False), "text": text or {}, "channel": channel}

    def api_info(self) -> dict:
        """Describe the value to API clients: an object, where `gr.HTML` would say a string."""
        return {"type": "object"}
