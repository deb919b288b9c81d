"""What two models write on from the same beginning, at several temperatures.

The value is `{"text", "names", "temperatures", "boxes", "phase", "note", "absent"}`: `boxes` has a text for each
temperature and model, row by row, which grows by appending; None where a model is not there, which `absent` explains.
Left out on purpose: running the models.
"""

from collections.abc import Sequence
from typing import Any

from playground.widgets.base import Widget


class Continuations(Widget):
    """Show what two models write at several temperatures."""

    template = "continuations.html"
    scripts = ("continuations.js",)
    styles = ("../widgets/card.css", "beside_ink.css", "continuations.css")

    @staticmethod
    def pack(
        text: dict, names: Sequence[str], temperatures: Sequence[float], boxes: Sequence[str | None], phase: str,
        note: str | None = None, absent: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Return the value."""
        return {"text": text, "names": list(names), "temperatures": list(temperatures), "boxes": list(boxes),
                "phase": phase, "note": note, "absent": absent}  # fmt: skip
