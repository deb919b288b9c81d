"""The cards that are computed when they are opened: the way to the weights, the lens, and who is near whom.

Each asks for what it shows (`askOnDemand` in attention_link.js). Left out on purpose: what they show (`values.py`,
`lens_values.py`, `neighbours_values.py`), and the view that they follow (`tab.py`).
"""

from collections.abc import Callable
from typing import Any

import gradio as gr

from playground.attention.attention import AttentionDetail
from playground.attention.cards import CHANNEL
from playground.attention.lens import LensGrid
from playground.attention.neighbours import NeighbourPlane
from playground.page import PageContext
from playground.prompts import GPT2
from playground.server.rights import HOST, Person
from playground.widgets.inputs import CHOSEN, event_value, show_errors
from playground.words.refusals import refused
from playground.words.run_names import run_label
from playground.words.translate import translate, widget_words


class OnDemand:
    """The widgets of the cards and what they answer; look: what the tab's view looks at, by its inputs."""

    def __init__(self, page: PageContext, look: Callable):
        """Build the widgets inside the current Gradio context; `connect` wires them."""
        self.page, self.look = page, look
        self.detail = AttentionDetail(elem_id="attention-detail")
        self.lens = LensGrid(elem_id="lens")
        self.neighbours = NeighbourPlane(elem_id="neighbours")

    def connect(self, asked: list) -> None:
        """Wire the cards; asked: the inputs by which the view is drawn."""
        queued = {**CHOSEN, "queue": True}  # GPT-2 takes its time
        page, source = self.page, asked[1]
        self.detail.ask(show_errors(self.explain), asked, [self.detail], **CHOSEN)  # of heads chosen quickly, the last
        self.lens.ask(show_errors(self.read_layers), asked, [self.lens], **queued)
        of_run = [page.run, source, page.lang, page.person]
        self.neighbours.ask(show_errors(self.find_neighbours), of_run, [self.neighbours], **queued)

    def explain(self, run_id: Any, source: Any, text: Any, moments: Any, lang: str, event: gr.EventData = None) -> dict:
        """Return one head's scores before the mask."""
        layer, head = event_value(event, "layer", 0), event_value(event, "head", 0)
        attention = self.look(self.page.readable_run(run_id), source, text, moments, lang)
        scores, words = attention.scores_before_mask(layer, head, lang), widget_words(lang)["attention_detail"]
        return AttentionDetail.pack(
            attention.tokens, layer, head, scores.numpy(), words, CHANNEL, event_value(event, "stamp")
        )

    def read_layers(
        self, run_id: Any, source: Any, text: Any, moments: Any, lang: str, event: gr.EventData = None
    ) -> dict:
        """Return what the model would say of the text after each of its layers."""
        from playground.attention import lens_values

        run = self.page.readable_run(run_id)
        attention = self.look(run, source, text, moments, lang)
        seen = lens_values.look(run, source, attention, lang)
        return LensGrid.pack(attention.tokens, seen.ids, seen.probs, seen.texts, widget_words(lang)["lens"], CHANNEL,
                             event_value(event, "stamp"), attention.ids.tolist(), lang)  # fmt: skip

    def find_neighbours(
        self, run_id: Any, source: Any, lang: str, person: Person = HOST, event: gr.EventData = None
    ) -> dict:
        """Return the embeddings of all snapshots as points in a plane, or a sentence why there are none."""
        from playground.attention import neighbours_values

        stamp, words = event_value(event, "stamp"), widget_words(lang)["neighbours"]
        run = self.page.readable_run(run_id)
        shown = run.id if run and source != GPT2 else None
        try:
            found = neighbours_values.look(run, source, run is None or self.page.may_change(run, person), lang)
        except ValueError as error:
            return NeighbourPlane.pack_nothing(refused(error, lang), shown, words, CHANNEL, stamp, lang)
        name = run_label(run.config(), lang) if shown else translate("source_gpt2", lang)
        return NeighbourPlane.pack(found, name, shown, words, CHANNEL, stamp, lang)

    def show(self, lang: str) -> list:
        """Return what the cards say before they are asked: nothing yet, in a language."""
        words = widget_words(lang)
        return [
            {"text": words["attention_detail"], "channel": CHANNEL},
            {"text": words["lens"], "channel": CHANNEL, "lang": lang},
            {"text": words["neighbours"], "channel": CHANNEL, "lang": lang},
        ]

    @property
    def shown(self) -> list[gr.components.Component]:
        """The widgets that `show` fills."""
        return [self.detail, self.lens, self.neighbours]
