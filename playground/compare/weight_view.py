"""How the values of each parameter are spread in one or two models, and how they change with the layer.

Everything is in the value, so another parameter or layer is drawn at once. Left out on purpose: measuring the weights.
"""

from typing import Any

from playground.widgets.base import Widget, packed


class WeightView(Widget):
    """Show how the values of each parameter are spread in one or two models, and how they change with the layer."""

    template = "weight_view.html"
    scripts = ("weight_view.js",)
    styles = ("../widgets/card.css", "beside_ink.css", "weight_view.css")

    @staticmethod
    def pack(title: str, about: str, text: dict, names: list[str], ranges: dict, found: list[dict]) -> dict[str, Any]:
        """Return the value. names: of the models. ranges: parameter -> (low, high) of its bins.

        found: a model's parameters, each {"all": row, "layers": [row, ...]} with a row as (count, mean, std, largest,
        norm, bins).
        """
        return {"text": text, "title": title, "about": about,
                "packed": packed({"names": names, "ranges": ranges, "models": found})}  # fmt: skip
