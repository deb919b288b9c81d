"""The loss curve as a matplotlib figure, to download.

Pure: no torch, no gradio, and no pyplot, whose state is shared by all threads.
"""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import ScalarFormatter

from playground.words.numbers import format_number, localize
from playground.words.translate import translate

BLUE, ORANGE, GREY = "#2563eb", "#d9640b", "#6b7280"  # as in loss_chart.css
NAME_HEIGHT = 0.035  # of the axes, which a line's name takes


def loss_figure(rows: dict, lang: str = "en") -> Figure:
    """Draw the loss of a run from the feed's rows: batches, both estimates, and what counting reaches."""
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.add_subplot()
    points = [(step, loss) for step, loss, *_ in rows["points"] if loss is not None]
    evals = rows["evals"]
    if points:
        axes.plot(*zip(*points, strict=True), color=BLUE, linewidth=0.7, alpha=0.45)
    if evals:
        steps, train, val = zip(*(row[:3] for row in evals), strict=True)
        axes.plot(steps, train, color=BLUE, linewidth=1.6, label=translate("figure_train", lang))
        dashed = {"linestyle": "--", "linewidth": 2.0, "marker": "o", "markersize": 4}
        axes.plot(steps, val, color=ORANGE, label=translate("figure_val", lang), **dashed)
        figure.legend(frameon=False, loc="outside lower right", ncols=2)  # beside curves and labels, never over them
    _draw_baselines(axes, rows["baselines"] or [], lang)
    axes.yaxis.set_major_formatter(_LocalTicks(lang))
    axes.set_xlabel(translate("figure_step", lang))
    axes.set_ylabel(translate("figure_loss", lang))
    axes.set_title(rows["name"], loc="left", fontsize=11, parse_math=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_baselines(axes: Axes, lines: list[dict], lang: str) -> None:
    """Draw what counting reaches; each line is named at its end, outside the curves, the names one above the other."""
    for line in lines:
        axes.axhline(line["value"], color=GREY, linestyle=(0, (5, 4)), linewidth=0.9)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high)
    below = -math.inf
    for line in sorted(lines, key=lambda line: line["value"]):
        height = max((line["value"] - low) / (high - low), below + NAME_HEIGHT)
        below = height
        named = f"{line['label']} {format_number(line['value'], lang, '.2f')}"
        axes.text(1.01, height, named, transform=axes.transAxes, va="center", fontsize=8, color=GREY)


class _LocalTicks(ScalarFormatter):
    """Matplotlib's own tick labels, with the separators of a language."""

    def __init__(self, lang: str):
        super().__init__()
        self.lang = lang

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the label of the tick at x."""
        return localize(super().__call__(x, pos), self.lang)
