"""How a model cuts a text, what each token costs it, and what may come next.

Texts of models and people travel in JSON and are set as text. Left out on purpose: running the model.
"""

from collections.abc import Sequence
from typing import Any

from playground.widgets.base import Widget, packed


class TextReading(Widget):
    """Show how a model reads a text."""

    template = "text_reading.html"
    scripts = ("text_reading.js",)
    styles = ("../widgets/card.css", "beside_ink.css", "text_reading.css")

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
            "next": [[text, i, float(f"{p:.4g}")] for text, i, p in likeliest],  # digits that tell, however small
        }
        return {"text": text, "title": name, "note": note, "empty": empty, "second": second, "packed": packed(plain)}
