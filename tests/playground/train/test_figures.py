"""The pictures to take away: every number that is told is drawn, and nothing that is told breaks one."""

import io
import math
import sys

import pytest

from playground.train import words as words  # hands them on
from playground.train.figures import loss_figure


def _rows(**more) -> dict:
    return {
        "name": "small on Your own text",
        "points": [(1, 4.0), (2, 3.5), (3, 3.0)],
        "evals": [(0, 4.1, 4.2), (3, 2.9, 3.1)],
        "baselines": [{"key": "uniform", "label": "uniform guess", "value": 4.17}],
        **more,
    }


def _drawn(rows: dict) -> bytes:
    picture = io.BytesIO()
    loss_figure(rows).savefig(picture, format="svg")
    return picture.getvalue()


def test_all_numbers_are_in_the_picture():
    rows = _rows()
    axes = loss_figure(rows).axes[0]
    drawn = [list(zip(*line.get_data(), strict=True)) for line in axes.lines[:3]]
    assert drawn == [rows["points"], [(s, t) for s, t, _ in rows["evals"]], [(s, v) for s, _, v in rows["evals"]]]
    assert set(axes.lines[3].get_ydata()) == {4.17}
    assert [text.get_text() for text in axes.texts] == ["uniform guess 4.17"]
    assert axes.get_title("left") == "small on Your own text" and "nats" in axes.get_ylabel()


def test_the_words_and_numbers_of_a_picture_follow_the_language():
    figure = loss_figure(_rows(), "vi")
    figure.draw_without_rendering()
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["uniform guess 4,17"]
    ticks = [label.get_text() for label in axes.get_yticklabels()]
    assert "3,0" in ticks and not any("." in tick for tick in ticks)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("bước", "loss (nat mỗi token)")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["train", "validation"]


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_legend_and_names_of_lines_cover_neither_each_other_nor_a_curve(lang):
    lines = [("uniform guess", 4.17), ("frequencies alone", 3.3), ("bigram", 2.5), ("5-gram: the best", 2.49), ("e", 1)]
    figure = loss_figure(_rows(baselines=[{"label": label, "value": value} for label, value in lines]), lang)
    figure.draw_without_rendering()
    (axes,), (legend,) = figure.axes, figure.legends
    boxes = [axes.get_window_extent(), legend.get_window_extent(), axes.title.get_window_extent()]
    boxes += [axes._left_title.get_window_extent(), axes.xaxis.label.get_window_extent()]
    boxes += [text.get_window_extent() for text in axes.texts]
    boxes = [box for box in boxes if box.width]
    assert len(axes.texts) == len(lines)
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i]), i
        assert 0 <= box.x0 and box.x1 <= figure.bbox.x1 and 0 <= box.y0 and box.y1 <= figure.bbox.y1


def test_training_and_validation_differ_in_dash_and_not_in_colour_alone():
    train, val = loss_figure(_rows()).axes[0].lines[1:3]
    assert train.get_linestyle() != val.get_linestyle() and train.get_color() != val.get_color()


@pytest.mark.parametrize(
    "part",
    [
        {"points": [], "evals": [], "baselines": None},
        {"points": [(1, None)]},
        {"points": [(1, 1.0), (2, None)], "evals": [(0, None, None)]},
        {"evals": [(0, 4.1, 4.2)], "baselines": []},
        {"name": "$\\notatex{ <b>&amp; $"},
        {"name": "Văn bản của bạn: mô hình đặc biệt"},
        {"points": [(1, 1e30), (2, -1e30)]},
    ],
)
def test_nothing_that_can_be_told_breaks_a_picture(part):
    assert _drawn(_rows(**part)).startswith(b"<?xml")


def test_a_loss_that_is_no_number_leaves_a_gap_and_no_wild_line():
    drawn = loss_figure(_rows(points=[(1, 4.0), (2, None)])).axes[0].lines[0].get_ydata()
    assert all(math.isfinite(loss) for loss in drawn)


def test_figures_leave_no_state_behind():
    before = "matplotlib.pyplot" in sys.modules
    loss_figure(_rows())
    assert ("matplotlib.pyplot" in sys.modules) == before
