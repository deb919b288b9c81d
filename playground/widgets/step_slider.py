"""The slider of snapshots in the header: one hand that moves all tabs through the training of the run in view.

The value is what was chosen: `{"at": {run: step}, "beside": {run: step}}` (`playground/moments.py`); a run without a
step follows its newest snapshot. `told` says what else the widget needs: `{"run", "lang", "text"}`; the snapshots come
from the feed. Tabs hear it through their `VisibilityTrigger`, whose event `moved` comes while they are in sight.
"""

from typing import Any

from playground.widgets.base import Widget
from playground.words.translate import translate


class StepSlider(Widget):
    """Choose the step of the run in view, or play them all."""

    template = "step_slider.html"
    scripts = ("step_slider.js",)
    styles = ("step_slider.css",)

    def __init__(self, value: dict | None = None, told: dict | None = None, **placing: Any):
        super().__init__(value or {}, told=told or self.told_to(None, "en"), **placing)
        self.told = told

    @staticmethod
    def told_to(run: str | None, lang: str) -> dict:
        """Return what the widget needs to know beside what was chosen."""
        return {"run": run, "lang": lang, "text": {key: translate(f"step_{key}", lang) for key in WORDS}}


WORDS = ("label", "play", "pause", "back", "on", "now", "val", "batch", "follows", "newest", "none", "about", "beside",
         "alone")  # fmt: skip
