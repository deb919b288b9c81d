"""The samples of a run as they come, newest first: step, losses, and what the model wrote.

The value is `{"run", "lang", "text"}`; the rows come through `feed.js`. Left out on purpose: sampling again (the
Generate tab), and keeping more samples than the run itself keeps.
"""

from playground.widgets.base import Widget


class SampleTable(Widget):
    """List what one run wrote while it was trained."""

    template = "samples.html"
    scripts = ("samples.js",)
    styles = ("samples.css",)
