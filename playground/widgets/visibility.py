"""Nothing to see: it tells the server that a tab is looked at while another run, step or language is put into view.

A hidden tab costs nothing so: it is drawn when it is opened, and what is drawn for Train comes first.
"""

import time

from playground.widgets.base import Widget

# When what `moved` asked for is drawn: who plays the snapshots goes on to the next.
SHOWN_JS = "() => { document.dispatchEvent(new Event('playground-moment-shown')); }"


class VisibilityTrigger(Widget):
    """Fires `due` when its value changes while it is in sight; the value is what the tab's drawing depends on.

    And `moved` when another step is put into view; `went` too, where that was done by hand or by playing. `SHOWN_JS`
    ends each answer; answers: how many of them who plays has to wait for, if not one.
    """

    template = "visibility.html"
    scripts = ("visibility.js",)
    styles = ("visibility.css",)

    @staticmethod
    def pack(run: str | None, lang: str) -> dict:
        """Return the value: what a tab's drawing depends on, and when it was put away to be drawn anew."""
        return {"run": run, "lang": lang, "told": time.monotonic_ns()}
