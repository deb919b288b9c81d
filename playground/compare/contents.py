"""The contents of the Compare tab: a row of its sections, of which one is in view, counting first.

The value is the name of the section in view, None until the tab has been looked at: then the browser brings the one
that it remembers, and triggers `choose`, as a click does. So what is not in view computes nothing. `told` says what the
sections are called, `{"lang", "label", "groups"}`. A `piece` of the page belongs to one section or to several, and
`contents.js` shows those of the one in view.
"""

from typing import Any

import gradio as gr

from playground.widgets.base import Widget
from playground.words.translate import translate

COUNTING = ("parts", "numbers", "formula", "family", "list")
BESIDE = ("text", "write", "proof", "weights")
SECTIONS = (*COUNTING, *BESIDE)


class Contents(Widget):
    """Choose the section in view."""

    template = "contents.html"
    scripts = ("contents.js",)
    styles = ("contents.css",)
    modes = {"choose": "always_last"}

    def __init__(self, value: str | None = None, told: dict | None = None, **placing: Any):
        super().__init__(value, told=told or self.told_to("en"), **placing)
        self.told = told

    @staticmethod
    def told_to(lang: str) -> dict:
        """Return what the sections are called."""
        groups = {"count": COUNTING, "beside": BESIDE}
        return {
            "lang": lang,
            "label": translate("compare_sections", lang),
            "groups": [
                [translate(f"compare_group_{group}", lang),
                 [[name, translate(f"compare_section_{name}", lang)] for name in names]]
                for group, names in groups.items()
            ],
        }  # fmt: skip

    def preprocess(self, payload: Any) -> Any:
        """Return the name of a section; of a list or an object, which can be none, its text."""
        return repr(payload)[:80] if isinstance(payload, list | dict) else payload

    def api_info(self) -> dict[str, str]:
        """Describe the value to API clients."""
        return {"type": "string"}


def piece(*sections: str, **placing: Any) -> gr.Column:
    """Return a column that is shown in these sections alone."""
    return gr.Column(elem_classes=["piece", *(f"for-{name}" for name in sections)], **placing)


def section_in_view(place: Any) -> str | None:
    """Return the section in view; None until the tab has been looked at. ValueError for one that is not there."""
    if place is None or place in SECTIONS:
        return place
    raise ValueError(f"There is no section {str(place)[:40]!r} to look at; choose one of: {', '.join(SECTIONS)}")
