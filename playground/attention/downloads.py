"""What can be taken away from the Attention tab: one head's heatmap, the grid of all heads, or their numbers."""

import io
from typing import TYPE_CHECKING

import numpy as np
from starlette.responses import Response

from playground.prompts import MOST_TEXT
from playground.server.files import Asked, attachment, number, picture
from playground.words.run_names import run_label

if TYPE_CHECKING:
    from playground.attention.values import Look


def heatmap(asked: Asked) -> Response:
    """Answer with the weights of one head as png or svg."""
    from playground.attention.figures import heatmap_figure

    seen, layer, head = _asked_for(asked)
    title = f"Head {layer}.{head} of {_said(asked, seen)}"
    figure = heatmap_figure(seen.observed.weights.numpy()[layer, head], seen.tokens, title)
    return picture(figure, asked.name[-3:], f"{asked.stem}-head-{layer}-{head}")


def grid(asked: Asked) -> Response:
    """Answer with thumbnails of all heads as png or svg."""
    from playground.attention.figures import grid_figure

    seen, _, _ = _asked_for(asked)
    figure = grid_figure(seen.observed.weights.numpy(), seen.labels, f"All heads of {_said(asked, seen)}")
    return picture(figure, asked.name[-3:], f"{asked.stem}-heads")


def weights(asked: Asked) -> Response:
    """Answer with the weights (L, nh, T, T), ids and tokens for numpy."""
    seen, _, _ = _asked_for(asked)
    numbers = io.BytesIO()
    arrays = {"weights": seen.observed.weights.numpy(), "ids": seen.ids.numpy(), "tokens": np.array(seen.tokens)}
    np.savez_compressed(numbers, **arrays)
    return attachment(numbers.getvalue(), "application/octet-stream", f"{asked.stem}-attention.npz")


def _asked_for(asked: Asked) -> tuple["Look", int, int]:
    """Return what the query asks to look at: the text at a snapshot, and the layer and head, which must be there."""
    from playground.attention.values import look

    query = asked.query
    seen = look(asked.run, query.get("text", "")[:MOST_TEXT], number(query.get("step"), default=None))
    layer, head = number(query.get("layer")), number(query.get("head"))
    seen.scores_before_mask(layer, head)  # refuses a head that is not there
    return seen, layer, head


def _said(asked: Asked, seen: "Look") -> str:
    return f"{run_label(asked.run.config(), 'en')}, step {seen.step}"


DOWNLOADS = {
    "heatmap.png": heatmap,
    "heatmap.svg": heatmap,
    "grid.png": grid,
    "grid.svg": grid,
    "weights.npz": weights,
}
