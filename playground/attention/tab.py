"""The Attention tab: what each token of a text attends to, in any snapshot of a run or in GPT-2."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gradio as gr

from core.runs.directory import RunDir
from playground.attention import cards, downloads
from playground.attention.attention import AttentionView, HeadLines, HeadMap
from playground.attention.cards import CHANNEL
from playground.attention.examples import examples_of
from playground.attention.in_links import in_links
from playground.attention.on_demand import OnDemand
from playground.moments import chosen_step, held_step, with_step
from playground.page import PageContext
from playground.prompts import GPT2, MOST_TEXT, RUN, source_choices
from playground.server.rights import HOST, Person
from playground.widgets.downloads import Downloads
from playground.widgets.inputs import (
    CHOSEN,
    UNQUEUED,
    Examples,
    Radio,
    Textbox,
    event_value,
    put_example,
    show_errors,
    text_of,
)
from playground.widgets.visibility import SHOWN_JS, VisibilityTrigger
from playground.wishes import Wishes
from playground.words.refusals import refused
from playground.words.translate import translate, widget_words

if TYPE_CHECKING:
    from playground.attention.values import TextAttention

REDRAW = 0.25  # seconds between two updates of the map while heads are silenced
# A lane of its own: who writes never waits for it. Those in it take turns, head by head (`silencing.Turns`).
SILENCING = {"concurrency_id": "silence", "concurrency_limit": 8, "show_progress": "hidden",
             "api_visibility": "private"}  # fmt: skip


class AttentionTab:
    """The widgets of the tab and what they do."""

    files, linked = downloads.DOWNLOADS, property(in_links)

    def __init__(self, page: PageContext):
        """Build the tab's widgets inside the current Gradio context; `connect` wires them."""
        self.page = page
        self.wishes = Wishes()  # the pages that silence heads now
        self.silencing: dict[str, str] = {}  # page -> the model that it silences
        add = page.words.add
        first = examples_of(None)[0]
        add(gr.Markdown, elem_classes="intro", words={"value": "attention_intro"})
        with gr.Row(equal_height=False):
            with gr.Column(scale=3, min_width=300):
                self.text = add(Textbox, lines=2, max_lines=4, max_length=MOST_TEXT, elem_id="attention-text",
                                value=first, words={"label": "attention_text"})  # fmt: skip
            with gr.Column(scale=2, min_width=280):
                self.source = add(Radio, choices=source_choices("en"), value=RUN, elem_id="attention-source",
                                  words={"label": "source"})  # fmt: skip
                self.examples = Examples.beside(elem_id="attention-examples")
        self.view = AttentionView(elem_id="attention-view")
        self.on_demand = OnDemand(page, self._attention)
        with gr.Row(equal_height=False):
            with gr.Column(scale=1, min_width=320):
                with gr.Row(elem_id="silence-buttons") as self.buttons:
                    self.go = add(gr.Button, elem_id="silence-button", scale=3, words={"value": "silence_button"})
                    self.halt = add(gr.Button, variant="stop", elem_id="silence-stop", scale=1, min_width=80,
                                    words={"value": "stop_button"})  # fmt: skip
                self.map = HeadMap(elem_id="head-map")
            with gr.Column(scale=1, min_width=320):
                self.lines = HeadLines(elem_id="head-lines")
        self.downloads = Downloads(elem_id="attention-downloads")
        self.sight = VisibilityTrigger()
        self.head = gr.State((0, 0))  # which head is chosen, for the downloads; or (layer, "mean")
        self.suggested = gr.State(first)  # the text that nobody typed: another run brings another one
        self.ticket = gr.State("")  # of what is silenced

    def connect(self, tab: gr.Tab) -> None:
        """Wire the widgets to each other, to the run in view, and to the tab being opened."""
        page = self.page
        asked = [page.run, self.source, self.text, page.moments, page.lang]
        drawn = [self.view, self.downloads, self.map, self.buttons]
        lines_of = [page.run, self.source, page.lang]
        lines = {"fn": show_errors(self.draw_lines), "inputs": lines_of, "outputs": [self.lines], **CHOSEN}
        for event in (tab.select, self.sight.due):
            entered = [self.text, self.suggested, *drawn]
            given = [*asked, self.head, self.suggested, page.person]
            event(show_errors(self.enter), given, entered, **CHOSEN).then(**lines)
        self.text.change(show_errors(self.draw), [*asked, self.head], drawn, trigger_mode="always_last", **UNQUEUED)
        queued = {**CHOSEN, "queue": True}  # GPT-2 takes its time
        self.source.input(show_errors(self.draw), [*asked, self.head], drawn, **queued).then(**lines)
        self.examples.click(show_errors(put_example), [self.examples, page.lang], [self.text], **UNQUEUED)
        moved = self.sight.moved(show_errors(self.draw), [*asked, self.head], drawn, **CHOSEN)
        moved.then(None, js=SHOWN_JS).then(**lines)
        heard = {**UNQUEUED, "trigger_mode": "multiple"}  # of two quick choices neither is lost
        self.view.choose(show_errors(self.choose_head), asked, [self.head, self.downloads], **heard)
        self.on_demand.connect(asked)
        begun = self.go.click(show_errors(self.begin), asked, [self.ticket, page.moments, self.map], **UNQUEUED)
        begun.success(show_errors(self.silence), [self.ticket, *asked], [self.map], **SILENCING)
        self.halt.click(self.stop, None, None, **UNQUEUED)

    # -- handlers: values in, values out --------------------------------------------------------------------------

    def enter(
        self, run_id: Any, source: Any, text: Any, moments: Any, lang: str, head: Any, suggested: Any,
        person: Person = HOST, request: gr.Request = None,
    ) -> list:  # fmt: skip
        """Return the view as `draw` does, and before it the text: what was typed stays, an untouched example goes."""
        run = self.page.readable_run(run_id)
        fitting = self._examples(run, person)[0]
        if text == suggested != fitting:
            return [fitting, fitting, *self.draw(run_id, source, fitting, moments, lang, head, request)]
        return [gr.skip(), gr.skip(), *self.draw(run_id, source, text, moments, lang, head, request)]

    def draw(
        self, run_id: Any, source: Any, text: Any, moments: Any, lang: str, head: Any, request: gr.Request = None
    ) -> list:
        """Return the view of a text, its downloads, what is known of silenced heads, and whether there are any."""
        run = self.page.readable_run(run_id)
        why = cards.missing(run, source, lang)
        try:
            attention = None if why else self._attention(run, source, text, moments, lang)
        except ValueError as error:  # the view must not keep another model's map under this one's name
            why = refused(error, lang)
        self._stop_another(request, cards.key_of(run, source, None if why else attention.step))
        if why:
            return [
                cards.empty_view(run, source, why, lang),
                Downloads.pack(None, {}, lang),
                cards.no_map(run, source, why, lang),
                gr.update(visible=False),
            ]
        shape = attention.observed.weights.shape[:2]
        return [
            cards.view(run, source, attention, lang),
            cards.links(run, source, attention.step, text, head, shape, lang),
            self._map(run, source, attention, moments, lang, request),
            gr.update(visible=True),
        ]

    def draw_lines(self, run_id: Any, source: Any, lang: str) -> dict:
        """Return how the scores of each head grew over the run's snapshots."""
        run, words = self.page.readable_run(run_id), widget_words(lang)["attention_lines"]
        if source == GPT2:
            return HeadLines.pack([], {}, {**words, "empty": translate("gpt2_no_history", lang)}, CHANNEL)
        if cards.missing(run, source, lang):
            return HeadLines.pack([], {}, words, CHANNEL)
        from playground.attention import values

        steps, scores = values.score_history(run)
        if len(steps) < min(2, len(run.snapshots())):
            words = {**words, "empty": translate("large_history", lang)}
        return HeadLines.pack(
            steps, scores, words, CHANNEL, cards.name_of(run, source, steps[-1] if steps else 0, lang)
        )

    def choose_head(
        self, run_id: Any, source: Any, text: Any, moments: Any, lang: str, event: gr.EventData = None
    ) -> list:
        """Return the chosen head and its downloads; the browser has drawn the head already."""
        chosen = (event_value(event, "layer"), event_value(event, "head"))
        run = self.page.readable_run(run_id)
        attention = self._attention(run, source, text, moments, lang)
        shape = attention.observed.weights.shape[:2]
        chosen = chosen if cards.has_head(shape, chosen) else (0, 0)
        return [chosen, cards.links(run, source, attention.step, text, chosen, shape, lang)]

    def begin(self, run_id: Any, source: Any, text: Any, moments: Any, lang: str, request: gr.Request = None) -> list:
        """Take the wish to silence the heads of what is shown: at once, whoever else is computing now."""
        run = self.page.store.get(run_id)
        if why := cards.missing(run, source, lang):
            raise ValueError(why)
        attention = self._attention(run, source, text, moments, lang)
        key = cards.key_of(run, source, attention.step)
        self.silencing[_page(request)] = key
        ticket = self.wishes.ask(_page(request))
        moments = moments if source == GPT2 else with_step(moments, run, attention.step)  # the view stays with it
        return [ticket, moments, self._map(run, source, attention, moments, lang, request)]

    def silence(
        self, ticket: Any, run_id: Any, source: Any, text: Any, moments: Any, lang: str, request: gr.Request = None
    ) -> Iterator[dict]:
        """Silence each head in turn and draw the rises of the loss as they come, until somebody stops it."""
        from playground.attention import silencing
        from playground.models import gpt2_writer, load_writer

        run, page = self.page.store.get(run_id), _page(request)
        attention = self._attention(run, source, text, moments, lang)
        key, name = cards.key_of(run, source, attention.step), cards.name_of(run, source, attention.step, lang)
        writer = gpt2_writer(lang) if source == GPT2 else load_writer(run, attention.step)
        shown_at, silenced, held = 0.0, None, held_step(run, source, moments)
        wanted = lambda: self.wishes.holds(page, ticket)  # noqa: E731
        try:
            yield self._map(run, source, attention, moments, lang, request)
            for silenced in silencing.silence(key, writer, run, wanted):
                if not wanted():
                    break
                if time.monotonic() - shown_at > REDRAW:
                    shown_at = time.monotonic()
                    phase = "more" if silenced.tokens else "waiting" if len(silencing.turns) else "first"
                    yield cards.silence_map(key, name, silenced, phase, lang, held=held)
        finally:
            self.wishes.end(page, ticket)
        if not self.wishes.is_stopped(page):
            return  # the button was pressed again: the newer one draws
        if self.silencing.pop(page, None) == key:  # else something else is shown by now
            yield cards.silence_map(key, name, silenced, "stopped", lang, attention.named, held=held)

    def stop(self, request: gr.Request = None) -> None:
        """Stop what this page silences, before the next head; what is measured stays."""
        self.wishes.stop(_page(request))

    def _examples(self, run: RunDir | None, person: Person) -> tuple[str, ...]:
        return examples_of(run, run is None or self.page.may_change(run, person))

    # -- what the page asks ---------------------------------------------------------------------------------------

    def show(self, run: RunDir | None, person: Person, lang: str) -> list:
        """Return what follows the run in view: its examples, and the tab's `due`; text, head and step stay."""
        words = widget_words(lang)
        looking = {"text": {**words["attention"], "empty": translate("looking", lang)}, "channel": CHANNEL}
        return [
            gr.update(samples=[[example] for example in self._examples(run, person)]),
            looking,  # drawn as soon as the tab is in sight
            *self.on_demand.show(lang),
            {"text": words["attention_lines"], "channel": CHANNEL},
            VisibilityTrigger.pack(run and run.id, lang),
        ]

    @property
    def shown(self) -> list[gr.components.Component]:
        """The widgets that `show` fills."""
        return [self.examples, self.view, *self.on_demand.shown, self.lines, self.sight]

    def translate(self, lang: str, memory: dict) -> list:
        """Return what else of the tab follows the language."""
        return [gr.update(choices=source_choices(lang))]

    @property
    def translated(self) -> list[gr.components.Component]:
        """The widgets that `translate` changes."""
        return [self.source]

    # -- inside ---------------------------------------------------------------------------------------------------

    def _attention(self, run: RunDir | None, source: Any, text: Any, moments: Any, lang: str) -> "TextAttention":
        """Return what the chosen model attends to in the text; ValueError for a text or snapshot that cannot be."""
        from playground.attention import values
        from playground.models import nearest

        text = text_of(text, MOST_TEXT, "The text")
        if source == GPT2:
            return values.gpt2_text_attention(text, lang)
        if run is None:
            raise ValueError(translate("attention_no_run", lang))
        _, step, said = nearest(run, chosen_step(run, moments), lang)
        attention = values.text_attention(run, text, step, lang)
        return replace(attention, note=" ".join(filter(None, [said, attention.note])) or None)

    def _map(
        self, run: RunDir | None, source: Any, attention: "TextAttention", moments: Any, lang: str, request: gr.Request
    ) -> dict:
        """Return what is known of silenced heads of what is shown."""
        from playground.attention import silencing

        key, name = cards.key_of(run, source, attention.step), cards.name_of(run, source, attention.step, lang)
        T = run.config().model.block_size if run and source != GPT2 else silencing.LARGE_WINDOW
        known, page = silencing.known(key), _page(request)
        works = self.silencing.get(page) == key and not self.wishes.is_stopped(page)
        phase = "waiting" if works and known is None else "more" if works else "idle"
        seconds = silencing.expected_seconds(attention.named, T)
        held = held_step(run, source, moments)
        return cards.silence_map(key, name, known, phase, lang, attention.named, seconds, held)

    def _stop_another(self, request: gr.Request, key: str) -> None:
        """Stop what this page silences if it is not what is shown now."""
        if self.silencing.get(_page(request), key) != key:
            self.silencing.pop(_page(request), None)
            self.wishes.stop(_page(request))


def _page(request: gr.Request | None) -> str:
    return (request and request.session_hash) or ""
