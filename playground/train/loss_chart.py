"""The live loss chart: training and validation loss on a canvas, with what a loss is worth beside it.

The value is `{"run", "lang", "text"}`: which run to draw; the rows come through `feed.js`. Whose validation losses are
drawn beside it, out of the page's list of runs, is chosen in the table under the chart. Axes, smoothing and zoom are
redrawn from what the browser holds, and kept by it. Controls to set from outside are `#chart-x`, `#chart-x-log`,
`#chart-y` and `#chart-smooth`. Left out on purpose: pictures to download (`figures.py`).
"""

from playground.widgets.base import Widget


class LossChart(Widget):
    """Draw the loss of one run as it is trained."""

    template = "loss_chart.html"
    scripts = ("loss_chart_axes.js", "loss_chart_choices.js", "loss_chart_draw.js", "loss_chart_ghosts.js",
               "loss_chart_table.js", "loss_chart_zoom.js", "loss_chart.js")  # fmt: skip
    styles = ("loss_chart.css", "loss_chart_table.css")
