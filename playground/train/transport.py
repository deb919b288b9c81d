"""The transport: the buttons under the chart, how far the run is, and what its loss means.

The value is `{"run", "lang", "text", "can_start", "read_only"}`; the figures come through `feed.js`. A click triggers
the event `command` with `run` and `command` (play, pause, step, stop, reset, new_seed or continue), which Python hears
with `transport.command(fn)`, `fn(evt: gr.EventData)`. With `can_start`, Play is offered while there is no run, and
triggers `begin`. read_only says whose a run is that may only be looked at ("other", "all" for nobody's): then a line
stands in the buttons' place. Left out on purpose: doing the command; the page decides what it means.
"""

from playground.widgets.base import Widget

# To be run when a command was refused: the button no longer says that it was heard.
REFUSED_JS = "() => window.dispatchEvent(new Event('playground-refused'))"


class Transport(Widget):
    """Offer the buttons of one run and show its progress."""

    template = "transport.html"
    scripts = ("transport.js",)
    styles = ("transport.css",)
    modes = {"command": "multiple"}  # a click made while the one before is still worked on is not dropped
