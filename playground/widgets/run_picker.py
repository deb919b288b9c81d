"""The picker of runs: a combobox that shows every run as it is now, searches among them, and renames them.

The value is the id of the run in view. `told` says what else the widget needs: `{"lang", "text", "longest"}`; the list
itself comes from the route of runs, again and again. A new name triggers the event `rename` with `run` and `name`; one
that is too long stays in its box, and the line below says so.
Left out on purpose: choosing several runs (the chart does), and deleting one (`header.py`).
"""

from typing import Any

from core.runs.naming import LONGEST_NAME
from playground.widgets.base import Widget
from playground.words.translate import translate


class RunPicker(Widget):
    """Choose the run in view."""

    template = "run_picker.html"
    scripts = ("run_picker_list.js", "run_picker.js")
    styles = ("run_picker.css",)
    modes = {"rename": "multiple"}

    def __init__(self, value: str | None = None, told: dict | None = None, **placing: Any):
        super().__init__(value, told=told or self.told_to("en"), **placing)
        self.told = told

    @staticmethod
    def told_to(lang: str) -> dict:
        """Return what the widget needs to know beside the runs."""
        text = {key: translate(f"picker_{key}", lang) for key in WORDS}
        return {"lang": lang, "text": text, "longest": LONGEST_NAME}

    def preprocess(self, payload: Any) -> Any:
        """Return the id of a run; of a list or an object, which can be none, its text."""
        return repr(payload)[:80] if isinstance(payload, list | dict) else payload

    def api_info(self) -> dict[str, str]:
        """Describe the value to API clients."""
        return {"type": "string"}


WORDS = ("label", "rename", "new_name", "none", "no_match", "gone", "seed", "val", "second", "minute", "hour", "day",
         "list", "too_long", "whose_all", "whose_other")  # fmt: skip
