"""Pictures to download: every character has a font, or its code point."""

import warnings

import numpy as np

from playground.attention.figures import heatmap_figure
from playground.server.fonts import use_fonts


def test_a_picture_has_no_boxes_in_any_script():
    tokens = ["a", "ệ", "ש", "क", "中", "😀", "\U000e0041"]
    figure = heatmap_figure(np.tril(np.ones((7, 7))), tokens, "שלום 中 \U000e0041")
    use_fonts(figure)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of each glyph that is missing
        figure.canvas.draw()
    names = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert names[:2] == ["a", "ệ"] and names[-1] == "<E0041>"
