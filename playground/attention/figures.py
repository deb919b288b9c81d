"""Attention as matplotlib figures, to download.

Pure: no torch, no gradio, and no pyplot, whose state is shared by all threads.
"""

import re

import numpy as np
from matplotlib.figure import Figure

from playground.words.numbers import format_number
from playground.words.translate import translate, widget_words


def heatmap_figure(weights: np.ndarray, tokens: list[str], title: str, lang: str = "en") -> Figure:
    """Draw the weights (T, T) of one head, query by key; the future is grey, not zero."""
    T = len(tokens)
    side = max(4.5, 0.17 * T + 1.5)
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axes = figure.add_subplot()
    image = _draw_weights(axes, weights)
    names = [named(token) for token in tokens]
    axes.set_xticks(range(T), names, rotation=90, family="monospace", fontsize=8, parse_math=False)
    axes.set_yticks(range(T), names, family="monospace", fontsize=8, parse_math=False)
    axes.set_xlabel(translate("figure_key", lang))
    axes.set_ylabel(translate("figure_query", lang))
    axes.set_title(title, loc="left", fontsize=11, parse_math=False)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, label=translate("figure_weight", lang))
    bar.ax.yaxis.set_major_formatter(lambda value, _: format_number(value, lang, ".1f"))
    return figure


def grid_figure(weights: np.ndarray, labels: list[list[tuple | None]], title: str, lang: str = "en") -> Figure:
    """Draw the weights (L, nh, T, T) of all heads as thumbnails, with the labels of those that have one."""
    L, nh = weights.shape[:2]
    figure = Figure(figsize=(max(5.0, 1.5 * nh), 1.7 * L + 0.7), layout="constrained")
    grid = figure.subplots(L, nh, squeeze=False)
    for layer in range(L):
        for head in range(nh):
            axes, label = grid[layer][head], labels[layer][head]
            _draw_weights(axes, weights[layer, head])
            axes.set_xticks([])
            axes.set_yticks([])
            said = f"{layer}.{head}" + (f" {_label(label, lang)}" if label else "")
            axes.set_title(said, fontsize=8, loc="left")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, parse_math=False)
    return figure


def _label(label: tuple[str, float], lang: str) -> str:
    name, score = label
    short = widget_words(lang)["attention"].get(f"short_{name}", name)
    return f"{short} {format_number(score, lang, '.2f')}"


def _draw_weights(axes, weights: np.ndarray):
    future = np.triu(np.ones_like(weights, dtype=bool), 1)
    axes.set_facecolor("#e5e7eb")
    return axes.imshow(np.ma.masked_array(weights, future), cmap="Blues", vmin=0, vmax=1, interpolation="nearest")


_SIGNS = {ord(" "): "\u2423", ord("\n"): "\u21b5", ord("\t"): "\u21e5", 0x7F: "\u2421"}
_CONTROL = {number: 0x2400 + number for number in range(0x20) if number not in _SIGNS}
# Invisible, or able to turn the line round; of dom.js.
_UNSEEN = re.compile("[\u0080-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def named(token: str) -> str:
    """Return a token as it can be read on one line: what the function of the same name in `dom.js` returns."""
    seen = _UNSEEN.sub(lambda found: f"<{ord(found[0]):04x}>", token.translate(_SIGNS | _CONTROL))
    return re.sub("\ufffd+", "\u2026", seen) or "\u2026"
