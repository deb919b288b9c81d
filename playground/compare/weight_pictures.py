"""Tables of numbers as pictures, orange above zero and blue below; a byte a value, of its square root.

So half of the levels lie below a quarter of the full colour, and small values can be seen and read.
"""

import base64
from typing import Any

import numpy as np

from playground.widgets.base import Widget, packed


class WeightPictures(Widget):
    """Show tables of numbers as pictures, orange above zero and blue below."""

    template = "weight_pictures.html"
    scripts = ("weight_pictures.js",)
    styles = ("../widgets/card.css", "beside_ink.css", "weight_pictures.css")

    @staticmethod
    def pack(title: str, about: str, text: dict, pictures: list[dict]) -> dict[str, Any]:
        """Return the value; `picture` makes one of the pictures."""
        return {"text": text, "title": title, "about": about, "packed": packed(pictures)}

    @staticmethod
    def picture(title: str, caption: str, values: np.ndarray, limit: float, steps: tuple[int, int], cell: str) -> dict:
        """Return a picture of values (rows, columns), full colour at `limit` and beyond; a byte a value.

        steps: how far a row, and a column, is from the one before. cell: words with {row}, {column} and {value}.
        """
        parts = np.clip(values / limit, -1, 1)
        levels = np.rint(np.sign(parts) * np.sqrt(np.abs(parts)) * 127).astype(np.int16) + 128
        return {
            "title": title,
            "caption": caption,
            "shape": values.shape,
            "limit": limit,
            "steps": steps,
            "cell": cell,
            "data": base64.b64encode(levels.astype(np.uint8).tobytes()).decode(),
        }
