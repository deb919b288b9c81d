"""What stands beside GPT-2: the card that loads it, and cards that show two models doing the same.

`Gpt2Loader` shows how far the loading is, the same to all who look; it asks for the state by itself while it is seen
(event `ask_state`), asks to load on a click (`ask_load`), and tells once when the model has arrived (`arrived`).
`TextReading` shows how a model cuts a text, what it costs and what may come next; `Continuations` what two models
write at several temperatures; `WeightView` how their weights are spread; `WeightPictures` tables of numbers as
pictures. Texts of models and people travel in JSON and are set as text. Left out on purpose: running the models.
"""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

_HERE = Path(__file__)
# Static: Gradio runs a template as code, so nothing is ever put into it.
_LOADER = """
<section class="loader" data-state="none">
  <div class="line">
    <button type="button" class="go" hidden></button>
    <div><p class="what" role="status"></p><p class="how"></p></div>
  </div>
  <div class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100" hidden><i></i></div>
  <p class="message" role="alert" hidden></p>
</section>
"""
_READING = """
<section class="reading">
  <header><i class="mark"></i><h4></h4><span class="count"></span></header>
  <p class="note" hidden></p>
  <div class="found" hidden>
    <p class="score"><b></b><span class="unit"></span><span class="sum"></span></p>
    <div class="tokens" tabindex="0" role="group"></div>
    <p class="legend" aria-hidden="true"><span class="low"></span><i class="ramp"></i><span class="high"></span></p>
    <h5></h5>
    <ol class="next"></ol>
  </div>
  <p class="empty" hidden></p>
</section>
"""
_CONTINUATIONS = """
<section class="continuations">
  <header><h4></h4><span class="what" role="status"></span></header>
  <p class="note" hidden></p>
  <div class="grid"></div>
</section>
"""
_WEIGHTS = """
<section class="weights" hidden>
  <h4></h4>
  <p class="about"></p>
  <div class="chooser">
    <label><span class="part-name"></span><select class="part"></select></label>
    <label><span class="layer-name"></span><select class="layer"></select></label>
    <p class="keys" aria-hidden="true"></p>
  </div>
  <div class="charts">
    <figure class="spread"><figcaption></figcaption><svg viewBox="0 0 560 230" role="img"></svg></figure>
    <figure class="depth"><figcaption></figcaption><svg viewBox="0 0 560 230" role="img"></svg></figure>
  </div>
  <ul class="facts" aria-live="polite"></ul>
</section>
"""
_PICTURES = """
<section class="pictures" hidden>
  <h4></h4>
  <p class="about"></p>
  <div class="row"></div>
  <p class="tip"></p>
</section>
"""


def _parts(template: str, name: str, **placing: Any) -> dict[str, Any]:
    """Return the arguments of `gr.HTML`; the shared script and look stand before the widget's own."""

    def read(file: str) -> str:
        return _HERE.with_name(file).read_text(encoding="utf-8")

    return {
        "html_template": template,
        "css_template": read("beside_ink.css") + read(f"{name}.css"),
        "js_on_load": read("beside_text.js") + read(f"{name}.js"),
        "apply_default_css": False,
        **placing,
    }


def _packed(plain: Any) -> str:
    """Return one string, which Gradio copies and compares faster than nested lists."""
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


class _Card(gr.HTML):
    def api_info(self) -> dict:
        """Describe the value to API clients: an object, where `gr.HTML` would say a string."""
        return {"type": "object"}


class Gpt2Loader(_Card):
    """Show how far the loading of GPT-2 is; the value is `{"text", "state", "done", "total", "message", "cached"}`."""

    def __init__(self, value: dict | None = None, **kwargs):
        super().__init__(value, **_parts(_LOADER, "gpt2_loader", **kwargs))


class TextReading(_Card):
    """Show how a model reads a text; takes the placing arguments of `gr.HTML`."""

    def __init__(self, value: dict | None = None, **kwargs):
        super().__init__(value, **_parts(_READING, "text_reading", **kwargs))

    @staticmethod
    def pack(
        name: str, text: dict, tokens: Sequence[tuple[str, int]] = (), nats: Sequence[float] | None = None,
        score: dict | None = None, likeliest: Sequence[tuple[str, int, float]] = (), note: str | None = None,
        empty: str | None = None, second: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        """Return the value. tokens: (text, id); nats: of each; score: bits_per_character, bits, characters; likeliest:
        (text, id, probability). empty: a sentence where nothing is known yet. second: of two models the right one.
        """
        costs = [None] * len(tokens) if nats is None else [round(cost, 4) for cost in nats]
        plain = {
            "tokens": [[*token, cost] for token, cost in zip(tokens, costs, strict=True)],
            "score": score,
            "next": [[text, i, round(p, 5)] for text, i, p in likeliest],
        }
        return {"text": text, "title": name, "note": note, "empty": empty, "second": second, "packed": _packed(plain)}


class Continuations(_Card):
    """Show what two models write at several temperatures; takes the placing arguments of `gr.HTML`.

    The value is `{"text", "names", "temperatures", "boxes", "phase", "note"}`: `boxes` has a text for each temperature
    and model, row by row, which grows by appending; None where a model is not there, which `absent` explains.
    """

    def __init__(self, value: dict | None = None, **kwargs):
        super().__init__(value, **_parts(_CONTINUATIONS, "continuations", **kwargs))

    @staticmethod
    def pack(
        text: dict, names: Sequence[str], temperatures: Sequence[float], boxes: Sequence[str | None], phase: str,
        note: str | None = None, absent: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Return the value."""
        heats = [f"{heat:g}" for heat in temperatures]
        return {"text": text, "names": list(names), "temperatures": heats, "boxes": list(boxes), "phase": phase,
                "note": note, "absent": absent}  # fmt: skip


class WeightView(_Card):
    """Show how the values of each parameter are spread in one or two models, and how they change with the layer."""

    def __init__(self, value: dict | None = None, **kwargs):
        super().__init__(value, **_parts(_WEIGHTS, "weight_view", **kwargs))

    @staticmethod
    def pack(title: str, about: str, text: dict, names: list[str], ranges: dict, found: list[dict]) -> dict[str, Any]:
        """Return the value. names: of the models. ranges: parameter -> (low, high) of its bins.

        found: a model's parameters, each {"all": row, "layers": [row, ...]} with a row as (count, mean, std, largest,
        norm, bins).
        """
        return {"text": text, "title": title, "about": about,
                "packed": _packed({"names": names, "ranges": ranges, "models": found})}  # fmt: skip


class WeightPictures(_Card):
    """Show tables of numbers as pictures, orange above zero and blue below."""

    def __init__(self, value: dict | None = None, **kwargs):
        super().__init__(value, **_parts(_PICTURES, "weight_pictures", **kwargs))

    @staticmethod
    def pack(title: str, about: str, text: dict, pictures: list[dict]) -> dict[str, Any]:
        """Return the value; `picture` makes one of the pictures."""
        return {"text": text, "title": title, "about": about, "packed": _packed(pictures)}

    @staticmethod
    def picture(title: str, caption: str, values: np.ndarray, limit: float, steps: tuple[int, int], cell: str) -> dict:
        """Return a picture of values (rows, columns), full colour at `limit` and beyond; a byte a value.

        steps: how far a row, and a column, is from the one before. cell: words with {row}, {column} and {value}.
        """
        levels = np.clip(np.rint(values / limit * 127), -127, 127).astype(np.int16) + 128
        return {
            "title": title,
            "caption": caption,
            "shape": values.shape,
            "limit": limit,
            "steps": steps,
            "cell": cell,
            "data": base64.b64encode(levels.astype(np.uint8).tobytes()).decode(),
        }
