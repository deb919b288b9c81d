"""Nothing to see: it tells the server that a tab is looked at while another run or language is put into view.

A hidden tab costs nothing so: it is drawn when it is opened, and what is drawn for Train comes first.
"""

import time

from playground.widgets.base import Widget


class VisibilityTrigger(Widget):
    """Fires `due` when its value changes while it is in sight; the value is what the tab's drawing depends on."""

    template = "visibility.html"
    scripts = ("visibility.js",)
    styles = ("visibility.css",)

    @staticmethod
    def pack(run: str | None, lang: str) -> dict:
        """Return the value: what a tab's drawing depends on, and when it was put away to be drawn anew."""
        return {"run": run, "lang": lang, "told": time.monotonic_ns()}
