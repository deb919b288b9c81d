"""The pictures of heads to take away: their words and numbers are in the page's language."""

import numpy as np
import pytest

from playground.attention import words as words  # hands them on
from playground.attention.figures import grid_figure, heatmap_figure


def _texts(figure) -> set[str]:
    figure.draw_without_rendering()
    found = {text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text"))}
    return {text for text in found if text}


WEIGHTS = np.tril(np.ones((1, 2, 3, 3))) / np.arange(1, 4)[:, None]


@pytest.mark.parametrize(("lang", "axes", "tick"), [
    ("en", {"key: what is looked at", "query: who looks", "weight (colour by its square root)"}, "0.4"),
    ("vi", {"key: token được nhìn tới", "query: token đang nhìn", "trọng số (màu theo căn bậc hai)"}, "0,4"),
])  # fmt: skip
def test_a_heatmap_names_its_axes_in_the_page_s_language(lang, axes, tick):
    texts = _texts(heatmap_figure(WEIGHTS[0, 0], ["a", "b", "c"], "Title", lang))
    assert axes <= texts and tick in texts and "Title" in texts


def test_a_grid_names_what_its_heads_do_in_the_page_s_language():
    labels = [[("previous", 0.5), None]]
    assert {"L0 H0 previous 0.50", "L0 H1"} <= _texts(grid_figure(WEIGHTS, labels, "Title"))
    assert {"L0 H0 token trước 0,50", "L0 H1"} <= _texts(grid_figure(WEIGHTS, labels, "Title", "vi"))
