"""The downloads of the Attention tab: one head's heatmap, the grid of all heads, or their weights as numbers."""

import io
from typing import TYPE_CHECKING

import numpy as np
from starlette.responses import Response

from playground.attention.cards import head_name, name_of
from playground.prompts import GPT2, MOST_TEXT, RUN
from playground.server.files import Asked, attachment, number, picture
from playground.words.translate import language, translate

if TYPE_CHECKING:
    from playground.attention.values import TextAttention


def heatmap(asked: Asked) -> Response:
    """Answer with the weights of one head, or the mean of a layer's heads, as png or svg."""
    from playground.attention.figures import heatmap_figure

    attention, layer, head = _asked_for(asked)
    lang, weights = language(asked.query.get("lang")), attention.observed.weights.numpy()[layer]
    shown = translate("layer_mean", lang, layer=layer) if head is None else head_name(layer, head, lang)
    title = translate("picture_of", lang, what=shown, name=_name(asked, attention))
    figure = heatmap_figure(weights.mean(0) if head is None else weights[head], attention.tokens, title, lang)
    return picture(figure, asked.name[-3:], f"{_stem(asked)}-layer-{layer}-head-{'mean' if head is None else head}")


def grid(asked: Asked) -> Response:
    """Answer with thumbnails of all heads as png or svg."""
    from core.insight.heads import labels
    from playground.attention.figures import grid_figure

    attention, _, _ = _asked_for(asked)
    lang, named = language(asked.query.get("lang")), labels(attention.named.measured)
    title = translate("picture_of", lang, what=translate("all_heads", lang), name=_name(asked, attention))
    figure = grid_figure(attention.observed.weights.numpy(), named, title, lang)
    return picture(figure, asked.name[-3:], f"{_stem(asked)}-heads")


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
    return attachment(numbers.getvalue(), "application/octet-stream", f"{_stem(asked)}-attention.npz")


def _asked_for(asked: Asked) -> tuple["TextAttention", int, int | None]:
    """Return the attention that the query asks for, its layer, and its head, None for the mean of the layer's heads.

    Raises ValueError when there is no such head, or GPT-2 is not on this machine.
    """
    from playground.attention.values import gpt2_text_attention, text_attention

    query = asked.query
    text, lang = query.get("text", "")[:MOST_TEXT], language(query.get("lang"))
    if query.get("source") == GPT2:
        attention = gpt2_text_attention(text, lang)
    else:
        attention = text_attention(asked.run, text, number(query.get("step"), default=None), lang)
    mean = query.get("head") == "mean"
    layer, head = number(query.get("layer")), 0 if mean else number(query.get("head"))
    attention.check_head(layer, head)
    return attention, layer, None if mean else head


def _name(asked: Asked, attention: "TextAttention") -> str:
    source = GPT2 if asked.query.get("source") == GPT2 else RUN
    return name_of(asked.run, source, attention.step, language(asked.query.get("lang")))


def _stem(asked: Asked) -> str:
    return "gpt2" if asked.query.get("source") == GPT2 else asked.stem


DOWNLOADS = {
    "heatmap.png": heatmap,
    "heatmap.svg": heatmap,
    "grid.png": grid,
    "grid.svg": grid,
    "weights.npz": weights,
}
