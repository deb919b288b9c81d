"""The downloads of the Attention tab: one head's heatmap, the grid of all heads, or their weights as numbers."""

import io
from typing import TYPE_CHECKING

import numpy as np
from starlette.responses import Response

from playground.prompts import MOST_TEXT
from playground.server.files import Asked, attachment, number, picture
from playground.words.run_names import run_label
from playground.words.translate import language, translate

if TYPE_CHECKING:
    from playground.attention.values import TextAttention


def heatmap(asked: Asked) -> Response:
    """Answer with the weights of one head as png or svg."""
    from playground.attention.figures import heatmap_figure

    attention, layer, head = _asked_for(asked)
    lang = language(asked.query.get("lang"))
    title = translate("figure_head", lang, layer=layer, head=head, model=_snapshot_name(asked, attention, lang))
    figure = heatmap_figure(attention.observed.weights.numpy()[layer, head], attention.tokens, title, lang)
    return picture(figure, asked.name[-3:], f"{asked.stem}-head-{layer}-{head}")


def grid(asked: Asked) -> Response:
    """Answer with thumbnails of all heads as png or svg."""
    from playground.attention.figures import grid_figure

    attention, _, _ = _asked_for(asked)
    lang = language(asked.query.get("lang"))
    title = translate("figure_heads", lang, model=_snapshot_name(asked, attention, lang))
    figure = grid_figure(attention.observed.weights.numpy(), attention.labels, title, lang)
    return picture(figure, asked.name[-3:], f"{asked.stem}-heads")


def weights(asked: Asked) -> Response:
    """Answer with the weights (L, nh, T, T), ids and tokens for numpy."""
    attention, _, _ = _asked_for(asked)
    numbers = io.BytesIO()
    arrays = {
        "weights": attention.observed.weights.numpy(),
        "ids": attention.ids.numpy(),
        "tokens": np.array(attention.tokens),
    }
    np.savez_compressed(numbers, **arrays)
    return attachment(numbers.getvalue(), "application/octet-stream", f"{asked.stem}-attention.npz")


def _asked_for(asked: Asked) -> tuple["TextAttention", int, int]:
    """Return the attention that the query asks for, and its layer and head; ValueError when there is no such head."""
    from playground.attention.values import text_attention

    query = asked.query
    step = number(query.get("step"), default=None)
    attention = text_attention(asked.run, query.get("text", "")[:MOST_TEXT], step)
    layer, head = number(query.get("layer")), number(query.get("head"))
    attention.scores_before_mask(layer, head)  # raises when there is no such head
    return attention, layer, head


def _snapshot_name(asked: Asked, attention: "TextAttention", lang: str) -> str:
    return translate("figure_snapshot", lang, run=run_label(asked.run.config(), lang), step=attention.step)


DOWNLOADS = {
    "heatmap.png": heatmap,
    "heatmap.svg": heatmap,
    "grid.png": grid,
    "grid.svg": grid,
    "weights.npz": weights,
}
