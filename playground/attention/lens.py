"""The lens: a grid of what the model would say of each token after each of its layers; it follows the view.

Left out on purpose: reading models (`lens_values.py`).
"""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from playground.attention.attention import stamp_of
from playground.widgets.base import Widget


class LensGrid(Widget):
    """Show the top token of each place at each depth, and ten of the one that is chosen.

    `grid.ask(fn)` hears that it is open and what the view shows has changed: `fn(evt: gr.EventData)` with `evt.stamp`.
    """

    template = "lens.html"
    scripts = ("attention_link.js", "lens.js")
    styles = ("../widgets/card.css", "attention_ink.css", "lens.css")
    modes = {"ask": "always_last"}

    @staticmethod
    def pack(
        tokens: Sequence[str], ids: Any, probs: Any, texts: Mapping[int, str], text: dict | None = None,
        channel: str = "", stamp: Any = None, came: Sequence[int] = (), lang: str = "en",
    ) -> dict:  # fmt: skip
        """Return the value for (L + 1, T, K) ids and their probabilities, the likeliest first.

        texts: of every id; came: the ids of the text itself.
        """
        ids, probs = np.asarray(ids), np.asarray(probs, dtype="<f4")
        assert ids.shape == probs.shape and ids.shape[1:2] == (len(tokens),)
        known = sorted(texts)  # at most 97 layers of 64 places of ten: their number fits into 16 bits
        places = np.searchsorted(known, ids).astype("<u2")
        packed = {"words": [texts[i] for i in known], "ids": known, "tokens": list(tokens), "came": list(came),
                  "shape": list(ids.shape)}  # fmt: skip
        return {"facts": json.dumps(packed), "places": _bytes(places), "probs": _bytes(probs), "stamp": stamp_of(stamp),
                "text": text or {}, "channel": channel, "lang": lang}  # fmt: skip


def _bytes(numbers: np.ndarray) -> str:
    return base64.b64encode(numbers.tobytes()).decode("ascii")
