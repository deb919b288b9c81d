"""Nothing to see: it tells the server that a tab is looked at while another run or language is put into view.

A hidden tab costs nothing so: it is drawn when it is opened, and what is drawn for Train comes first.
"""

from playground.widgets.base import Widget


class VisibilityTrigger(Widget):
    """Fires `due` when its value changes while it is in sight; the value is what the tab's drawing depends on."""

    template = "visibility.html"
    scripts = ("visibility.js",)
    styles = ("visibility.css",)
