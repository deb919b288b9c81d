"""The part of the Generate tab in which one token is chosen at a time, by hand or by a number that is drawn.

The server reads the prompt and hands the logits over; sliders, bars and draws need it no further. What is chosen grows
the prompt, and is kept beside it token by token: byte pairs that are read anew might be cut otherwise.
"""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from playground.generate.by_hand import TELL_JS, ByHand
from playground.generate.sources import prompt_of, source_of
from playground.moments import chosen_step, step_beside
from playground.page import PageContext
from playground.prompts import GPT2
from playground.widgets.inputs import CHOSEN, UNQUEUED, event_value, show_errors
from playground.widgets.visibility import SHOWN_JS, VisibilityTrigger
from playground.words.refusals import refused
from playground.words.translate import widget_words

# Where another model is chosen, GPT-2 may have to be loaded: in a lane of its own. All else is answered at once.
LOOK = {"concurrency_id": "by-hand", "concurrency_limit": 4, "show_progress": "hidden", "api_visibility": "private",
        "trigger_mode": "always_last"}  # fmt: skip
MOST_NAMES = 100  # tokens that are named at once


class ByHandSection:
    """The card, and what it asks."""

    def __init__(self, page: PageContext, sampling: dict):
        """Build the card inside the current Gradio context; `connect` wires it. sampling: what sliders say at first."""
        self.page = page
        self.card = ByHand(elem_id="by-hand", sampling=sampling)
        self.tail = gr.State({})  # what was chosen by hand: `{"base": text, "chosen": ids}`

    def connect(
        self, tab: gr.Tab, sight: VisibilityTrigger, prompt: gr.components.Component,
        model: Sequence[gr.components.Component], unknown: gr.components.Component,
        settings: Sequence[gr.components.Component],
    ) -> None:  # fmt: skip
        """Wire the card to the tab's fields. model: run, source, bits; settings: what `TELL_JS` tells."""
        page = self.page
        of = [*model, page.moments, page.lang]
        read = [*of, prompt, unknown, self.tail]
        gr.on([part.input for part in model[1:]], show_errors(self.look), read, self.card, **LOOK)
        gr.on([tab.select, prompt.change, unknown.input], show_errors(self.look), read, self.card, **CHOSEN)
        sight.due(show_errors(self.look), read, self.card, **CHOSEN)
        sight.moved(show_errors(self.look), read, self.card, **CHOSEN).then(None, js=SHOWN_JS)
        self.card.accept(show_errors(self.accept), [*of, prompt, self.tail], [prompt, self.tail], **UNQUEUED)
        self.card.name(show_errors(self.name), of, self.card, **CHOSEN)
        gr.on([part.change for part in settings], None, list(settings), None, js=TELL_JS, **UNQUEUED)

    # -- handlers: values in, values out --------------------------------------------------------------------------

    def look(
        self, run_id: Any, source: Any, eight_bits: Any, moments: Any, lang: str, prompt: Any, unknown: Any, tail: Any
    ) -> dict:
        """Return the logits after the prompt, of the step in view and of the one beside it; or why there are none."""
        from playground.generate import by_hand_values

        words = widget_words(lang).get("by_hand", {})
        try:
            run = None if source == GPT2 else self.page.store.get(run_id)
            text, other = prompt_of(prompt), step_beside(run, moments)
            steps = [chosen_step(run, moments), *([] if other is None else [other])]
            sources = [source_of(self.page.store, run_id, source, eight_bits, step, lang) for step in steps]
            seen = [by_hand_values.look(each, text, tail, unknown != "drop", lang) for each in sources]
        except (ValueError, OSError) as error:
            return ByHand.pack(words, lang, empty=refused(error, lang))
        return ByHand.pack(words, lang, *seen)

    def accept(
        self, run_id: Any, source: Any, eight_bits: Any, moments: Any, lang: str, prompt: Any, tail: Any,
        event: gr.EventData = None,
    ) -> list:  # fmt: skip
        """Return the prompt, grown by the token that was chosen, or without the last one that was."""
        from playground.generate import by_hand_values

        tokenizer = self._source(run_id, source, eight_bits, moments, lang).writer.tokenizer
        tail = by_hand_values.grown(tokenizer, prompt_of(prompt), tail, event_value(event, "id"))
        return [by_hand_values.text_of_tail(tokenizer, tail), tail]

    def name(
        self, run_id: Any, source: Any, eight_bits: Any, moments: Any, lang: str, event: gr.EventData = None
    ) -> dict:
        """Return the texts of some tokens that the card does not know yet."""
        from playground.prompts import token_text

        tokenizer = self._source(run_id, source, eight_bits, moments, lang).writer.tokenizer
        ids = event_value(event, "ids")
        known = [i for i in ids if type(i) is int and 0 <= i < tokenizer.vocab_size] if isinstance(ids, list) else []
        return {"names": {str(i): token_text(tokenizer, i) for i in known[:MOST_NAMES]}}

    def _source(self, run_id: Any, source: Any, eight_bits: Any, moments: Any, lang: str):  # -> Source
        run = None if source == GPT2 else self.page.store.get(run_id)
        return source_of(self.page.store, run_id, source, eight_bits, chosen_step(run, moments), lang)
