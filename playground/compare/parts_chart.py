"""How models divide their parameters, and how many those are: shares as stacked bars, sizes on a logarithmic axis.

The value is `{"text", "title", "about", "models"}` with a model as `{"name", "total", "parts"}` and a part as
`[name, group, count, why it is none]`. Both pictures are plain boxes placed by the browser, so they follow width and
theme by themselves. Left out on purpose: pictures to download; the table beside it has every number.
"""

from playground.widgets.base import Widget


class PartsChart(Widget):
    """Draw the parts of one or two models."""

    template = "parts_chart.html"
    scripts = ("parts_chart.js",)
    styles = ("../widgets/card.css", "count_ink.css", "parts_chart.css")
