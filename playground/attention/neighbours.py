"""Letters find their neighbours: the embeddings as points in a plane, played over the snapshots of a run.

All snapshots come in one answer, so that playing asks nothing. Left out on purpose: reading them
(`neighbours_values.py`).
"""

import base64
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.attention.attention import stamp_of
from playground.widgets.base import Widget

if TYPE_CHECKING:
    from playground.attention.neighbours_values import Neighbours, Table

LARGEST = 32_767  # of 16 bits with a sign: what a coordinate or a cosine travels as
_DIGITS = 5  # of a share


class NeighbourPlane(Widget):
    """Show tokens or positions as points, and the nearest of the one that is chosen.

    `plane.ask(fn)` hears that it is open and has nothing yet of the run in view, or that the run went on:
    `fn(evt: gr.EventData)` with `evt.stamp`, to be answered with `pack` or `pack_nothing`, the stamp in it.
    """

    template = "neighbours.html"
    scripts = ("attention_link.js", "neighbours_plane.js", "neighbours.js")
    styles = ("../widgets/card.css", "attention_ink.css", "neighbours.css")
    modes = {"ask": "always_last"}

    @staticmethod
    def pack(
        found: "Neighbours", of: str, run: str | None, text: dict | None = None, channel: str = "", stamp: Any = None,
        lang: str = "en",
    ) -> dict:  # fmt: skip
        """Return the value for what was found; of: the name of the run, or GPT-2's; run: its id."""
        facts = {
            "steps": found.steps, "missing": found.missing, "architecture": found.architecture,
            "vocab": found.vocab_size, "names": found.names, "kinds": found.kinds, "counts": found.counts,
            "part": found.part,
            "places": found.places, "all": found.block_size, "tokens": _facts_of(found.tokens),
            "positions": found.positions and _facts_of(found.positions),
        }  # fmt: skip
        numbers = {"tokens": _numbers_of(found.tokens), "positions": found.positions and _numbers_of(found.positions)}
        return {"facts": json.dumps(facts, allow_nan=False), "numbers": json.dumps(numbers), "of": of, "run": run,
                "stamp": stamp_of(stamp), "text": text or {}, "channel": channel, "lang": lang}  # fmt: skip

    @staticmethod
    def pack_nothing(
        why: str, run: str | None, text: dict | None = None, channel: str = "", stamp: Any = None, lang: str = "en"
    ) -> dict:
        """Return the value where there is nothing to see, which says why."""
        return {"why": why, "run": run, "stamp": stamp_of(stamp), "text": text or {}, "channel": channel, "lang": lang}


def _facts_of(table: "Table") -> dict:
    short = [[round(part, _DIGITS) for part in parts] for parts in (table.seen, table.explained, table.company)]
    seen, explained, company = short
    return {"width": table.width, "shape": list(table.ids.shape), "seen": seen, "explained": explained,
            "company": company, "chance": round(table.chance, _DIGITS)}  # fmt: skip


def _numbers_of(table: "Table") -> dict[str, str]:
    """Return the numbers as bytes, 16 bits each: where points are as parts of the farthest one's way, ids, cosines."""
    points = table.points.numpy()
    points = points / max(float(np.abs(points).max()), 1e-300)
    return {"points": _bytes(points * LARGEST, "<i2"), "ids": _bytes(table.ids.numpy(), "<u2"),
            "cosines": _bytes(table.cosines.numpy() * LARGEST, "<i2")}  # fmt: skip


def _bytes(numbers: np.ndarray, kind: str) -> str:
    return base64.b64encode(np.rint(numbers).astype(kind).tobytes()).decode("ascii")
