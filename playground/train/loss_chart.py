"""The live loss chart: training and validation loss on a canvas, with what a loss is worth beside it.

The value is `{"run", "lang", "text", "ghosts"}`: which run to draw, and the runs (`{"id", "label", "shown"}`) whose
validation losses can be drawn beside it; the rows come through `feed.js`. Left out on purpose: zooming, and pictures
to download (`figures.py`).
"""

from playground.widgets.base import Widget


class LossChart(Widget):
    """Draw the loss of one run as it is trained."""

    template = "loss_chart.html"
    scripts = ("loss_chart_draw.js", "loss_chart_ghosts.js", "loss_chart.js")
    styles = ("loss_chart.css",)
