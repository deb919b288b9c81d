"""The Generate tab: generate text with any snapshot of a run, or with GPT-2."""

import secrets
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr

from core.config import SampleConfig
from core.runs.config import RunConfig
from core.runs.directory import RunDir
from playground.generate.by_hand_section import ByHandSection
from playground.generate.in_links import OPTIONS, in_links
from playground.generate.sources import MOST_PROMPT, prompt_of, source_of, wrong_source
from playground.generate.written import WrittenText
from playground.moments import chosen_step, step_beside
from playground.page import PageContext, remembered
from playground.prompts import GPT2, RUN, source_choices
from playground.server.rights import Person
from playground.widgets.form_check import FormCheck, named_first, parsed, told
from playground.widgets.inputs import (
    CHOSEN,
    UNQUEUED,
    Checkbox,
    Examples,
    Number,
    Radio,
    Slider,
    Textbox,
    put_example,
    quiet,
    show_errors,
)  # fmt: skip
from playground.widgets.visibility import SHOWN_JS, VisibilityTrigger
from playground.wishes import LANES, Wishes
from playground.words.refusals import refused
from playground.words.translate import translate, widget_words

NEW_SEEDS = 1_000_000  # new seeds are below: short enough to be told to a neighbour
# The elem_id of the field of each option.
FIELDS = dict(zip(OPTIONS, ("length", "temperature", "top-k", "top-p", "sample-seed"), strict=True))
# What is possible of those that only reshape what is known, checked in the browser; "above": not that bound itself.
BOUNDS = {
    "temperature": dict(zip(("low", "high"), SampleConfig.bounds("temperature"), strict=True)),
    "top_k": {**dict(zip(("low", "high"), SampleConfig.bounds("top_k"), strict=True)), "whole": True, "empty": True},
    "top_p": {"above": 0, "high": SampleConfig.bounds("top_p")[1], "empty": True},
}
EXAMPLES = {
    "plays": ("[Enter ", "KELLIN:\n", "Come, "),
    "shakespeare": ("ROMEO:\n", "To be, or not to be", "First Citizen:\n"),
    "python": ("def ", "import os\n", "class "),
}


class GenerateTab:
    """The widgets of the tab and what they do."""

    linked = property(in_links)

    def __init__(self, page: PageContext):
        """Build the tab's widgets inside the current Gradio context; `connect` wires them."""
        self.page = page
        self.wishes = Wishes()
        add = page.words.add
        add(gr.Markdown, elem_classes="intro", words={"value": "generate_intro"})
        with gr.Row(equal_height=False, elem_classes="generate-row"):
            with gr.Column(scale=2, min_width=300):
                self.source = add(Radio, choices=source_choices("en"), value=RUN, elem_id="generate-source",
                                  words={"label": "source"})  # fmt: skip
                self.int8 = add(Checkbox, value=False, visible=False, elem_id="int8",
                                words={"label": "int8", "info": "int8_help"})  # fmt: skip
                self.prompt = add(Textbox, lines=3, max_lines=8, elem_id="prompt",
                                  words={"label": "prompt", "placeholder": "prompt_placeholder"})  # fmt: skip
                self.examples = Examples.beside(elem_id="prompt-examples")
                with gr.Row(elem_id="generate-buttons"):
                    self.go = add(gr.Button, variant="primary", elem_id="generate-button",
                                  words={"value": "generate_button"})  # fmt: skip
                    self.halt = add(gr.Button, variant="stop", elem_id="generate-stop",
                                    words={"value": "stop_button"})  # fmt: skip
                self.ticket = gr.Textbox(visible=False)  # travels with a click to its writing
                self._build_options()
            with gr.Column(scale=4, min_width=340):
                with gr.Row(elem_id="texts"):
                    self.beside = WrittenText(elem_id="written-beside")  # page.css shows it where it is A
                    self.written = WrittenText(elem_id="written")
                self.by_hand = ByHandSection(self.page, {name: OPTIONS[name] for name in BOUNDS})

    def _build_options(self) -> None:
        add = self.page.words.add
        low, high = SampleConfig.bounds("max_new_tokens")
        ids = {"source": "generate-source", "prompt": "prompt", **FIELDS}
        self.check = FormCheck({"wrong": {}}, elem_id="sample-check", ids=ids, go="#generate-button",
                               fold="#generate-options", bounds=BOUNDS)  # fmt: skip
        with add(gr.Accordion, open=True, elem_id="generate-options", words={"label": "sampling"}):
            self.length = add(Slider, minimum=low, maximum=min(1000, high), step=1, value=200, elem_id="length",
                              words={"label": "length", "info": "help_max_new_tokens"})  # fmt: skip
            self.temperature = add(Slider, minimum=0.0, maximum=10.0, step=0.05, value=0.8, elem_id="temperature",
                                   words={"label": "temperature", "info": "help_temperature"})  # fmt: skip
            self.top_k = add(Number, minimum=1, value=None, precision=0, elem_id="top-k",
                             words={"label": "top_k", "info": "help_top_k"})  # fmt: skip
            self.top_p = add(Slider, minimum=0.01, maximum=1.0, step=0.01, value=1.0, elem_id="top-p",
                             words={"label": "top_p", "info": "help_top_p"})  # fmt: skip
            self.seed = add(Number, minimum=0, value=1, precision=0, elem_id="sample-seed",
                            words={"label": "seed"})  # fmt: skip
            self.keep_seed = add(Checkbox, value=False, elem_id="keep-seed",
                                 words={"label": "keep_seed", "info": "help_keep_seed"})  # fmt: skip
            self.unknown = add(Radio, choices=unknown_choices("en"), value="replace", elem_id="unknown",
                               words={"label": "unknown_choice"})  # fmt: skip
        self.sight = VisibilityTrigger(answers=2)  # bars, and text

    def connect(self, tab: gr.Tab) -> None:
        """Wire the widgets to each other, to the run and the step in view, and to the tab being opened."""
        page, model = self.page, [self.page.run, self.source, self.int8]
        reshaping = [self.temperature, self.top_k, self.top_p]  # in the browser; what is possible is asked nobody
        options = [self.length, *reshaping, self.seed]
        asked = self.go.click(show_errors(self.ask), [self.keep_seed, self.seed, page.lang],
                              [self.ticket, self.seed, self.written], **UNQUEUED)  # fmt: skip
        wish = [*model, page.moments, self.prompt, self.unknown, page.lang, *options]
        lane = {"concurrency_id": "write", "concurrency_limit": LANES,  # whoever compares or looks is in another
                "show_progress": "hidden", "trigger_mode": "multiple"}  # fmt: skip  # a second click begins anew
        texts = [self.written, self.beside]
        writing = asked.success(show_errors(self.write), [*wish, self.ticket], texts, api_name="generate", **lane)
        # Without Gradio's `cancels`, which would drop the last tokens, and does not reach a model that loads.
        hidden = {**lane, "api_visibility": "private"}
        moved = self.sight.went(self.ask_again, self.source, [self.ticket], **{**UNQUEUED, "trigger_mode": "multiple"})
        moved.success(show_errors(self.move), [*wish, self.ticket], texts, **hidden).then(None, js=SHOWN_JS)
        checked = (self.check_all, [page.run, self.source, page.lang, self.prompt, *options], self.check)
        typed = [self.prompt.change, self.length.change, self.seed.change]
        gr.on([*typed, tab.select], *checked, **CHOSEN)
        for event in (self.sight.due, self.check.ask):
            event(*checked, **CHOSEN)
        writing.then(*checked, **CHOSEN)
        self.halt.click(self.stop, None, self.written, **UNQUEUED)
        self.seed.input(None, self.seed, self.keep_seed, js="(seed) => seed !== null", **UNQUEUED)
        self.examples.click(show_errors(put_example), [self.examples, page.lang], [self.prompt], **UNQUEUED)
        queued = {**CHOSEN, "queue": True}  # GPT-2 takes its time
        chosen = self.source.change(show_errors(self.choose_source), [self.source, page.lang], [self.int8], **queued)
        chosen.then(*checked, **CHOSEN)
        self.unknown.input(show_errors(self.remember), [self.unknown, page.memory], [page.memory], **CHOSEN)
        told = [*reshaping, self.seed, self.keep_seed]
        self.by_hand.connect(tab, self.sight, self.prompt, model, self.unknown, told)

    # -- handlers: values in, values out --------------------------------------------------------------------------

    def ask(self, keep_seed: Any, seed: Any, lang: str, request: gr.Request) -> list:
        """Note that this page wants a text, and return its ticket, the seed, and that the page waits.

        Raises ValueError where too many wait already.
        """
        self.wishes.check_wait(request.session_hash)
        if keep_seed is not True or seed is None:
            seed = secrets.randbelow(NEW_SEEDS)
        return [self.wishes.ask(request.session_hash), seed, {"state": "waiting", "note": ""}]

    def ask_again(self, source: Any, request: gr.Request) -> str:
        """Note that this page wants its text at another step, and return the ticket; GPT-2 has no steps."""
        return "" if source == GPT2 else self.wishes.ask(request.session_hash)

    def write(
        self, run_id: Any, source: Any, eight_bits: Any, moments: Any, prompt: Any, unknown: Any, lang: str,
        length: Any, temperature: Any, top_k: Any, top_p: Any, seed: Any, ticket: Any = "",
        request: gr.Request = None,
    ) -> Iterator[list]:  # fmt: skip
        """Stream the text of the step in view, and then, with the same seed, that of the step beside it, if any.

        A wish that was taken back is not begun, or ends where it is. What is refused is said in the text's card;
        `check_all` says it beside its field.
        """
        page = request.session_hash or secrets.token_hex(8)
        ticket = ticket or self.wishes.ask(page)  # a script has none
        given = dict(zip(OPTIONS, (length, temperature, top_k, top_p, seed), strict=True))
        run = None if source == GPT2 else self.page.readable_run(run_id)
        value: dict = {}
        asked = (run_id, source, eight_bits), prompt, unknown, lang, given, page, ticket
        began = time.monotonic()
        try:
            other = step_beside(run, moments)
            marks = ("A", "B") if other is not None else ("", "")
            for value in self._text(chosen_step(run, moments), *asked):
                yield [_marked(value, marks[1]), {"mark": marks[0]}]
            if other is not None and value.get("state") == "done":
                for value in self._text(other, *asked):
                    yield [gr.skip(), _marked(value, marks[0])]
        finally:
            self.wishes.end(page, ticket)
            self.wishes.took(time.monotonic() - began)

    def move(
        self, run_id: Any, source: Any, eight_bits: Any, moments: Any, prompt: Any, unknown: Any, lang: str,
        length: Any, temperature: Any, top_k: Any, top_p: Any, seed: Any, ticket: Any = "",
        request: gr.Request = None,
    ) -> Iterator[list]:  # fmt: skip
        """Write the text anew at another step of the run, over the one that stands: same prompt, same seed."""
        if source == GPT2:
            yield [gr.skip(), gr.skip()]
            return
        asked = (run_id, source, eight_bits, moments, prompt, unknown, lang)
        for values in self.write(*asked, length, temperature, top_k, top_p, seed, ticket, request):
            begun = all(value.get("state") != "loading" and value.get("tokens") != "" for value in values)
            if begun:  # until then what stands may stand
                yield [{**value, "over": True} if "state" in value else value for value in values]

    def _text(
        self, step: int | None, model: tuple, prompt: Any, unknown: Any, lang: str, given: dict, page: str, ticket: str
    ) -> Iterator[dict]:  # fmt: skip
        """Yield the values of one text, as long as its wish stands."""
        value: dict = {}
        wanted = lambda: self.wishes.holds(page, ticket)  # noqa: E731
        try:
            if wanted():
                yield {"state": "loading"}
                options = SampleConfig.parse(given)
                for value in self._stream(step, model, prompt_of(prompt), unknown, lang, options):
                    if not wanted():
                        break
                    yield value
            if not wanted():  # taken back, or overtaken by a newer one that shows its own state
                yield {**value, "state": "stopped"} if self.wishes.is_stopped(page) else gr.skip()
        except (ValueError, OSError) as error:  # what was written before stays
            sentence = refused(error, lang)
            yield {"state": "refused", "note": sentence}
            raise quiet(sentence) from None
        except Exception:
            yield {"state": "refused"}
            raise

    def check_all(self, run_id: Any, source: Any, lang: str, prompt: Any, *values: Any) -> dict:
        """Return which of model, prompt and options are refused, each with its sentence, as soon as it is chosen."""
        wrong = wrong_source(self.page.store, run_id, source, lang)
        try:
            prompt_of(prompt)
        except ValueError as error:
            wrong["prompt"] = str(error)
        parsed(SampleConfig, dict(zip(OPTIONS, values, strict=True)), OPTIONS, wrong, named_first)
        return told(wrong, lambda sentence: refused(sentence, lang))

    def _stream(
        self, step: int | None, model: tuple, text: str, unknown: Any, lang: str, options: SampleConfig
    ) -> Iterator[dict]:
        """Yield the widget's value as it grows; the first comes when the model is loaded. model: run, source, bits."""
        from playground.generate import writing

        source = source_of(self.page.store, *model, step, lang)
        said = source.said
        if len(text) > MOST_PROMPT:
            cut = translate("prompt_cut", lang, most=MOST_PROMPT, count=len(text))
            said, text = " ".join(filter(None, [cut, said])), text[-MOST_PROMPT:]
        packed, count = "", 0
        for value in writing.write(source.writer, text, options, unknown != "drop", source.fallback, lang, said):
            packed += "".join(map(WrittenText.pack, value["tokens"][count:]))
            count = len(value["tokens"])
            yield {**value, "tokens": packed, "by": source.by, "seed": options.seed}

    def choose_source(self, source: Any, lang: str) -> dict:
        """Show the choice of GPT-2's bits where it writes, and let it be read where it is here."""
        if source != GPT2:
            return gr.update(visible=False)
        from playground.models import gpt2_writer, has_int8

        try:
            gpt2_writer(lang)
        except ValueError:  # `check_all` says so beside the choice
            return gr.update(visible=False)
        return gr.update(visible=has_int8())

    def remember(self, choice: Any, memory: Any) -> dict:
        """Let the browser remember what to do with unknown characters."""
        return {**remembered(memory), **remembered({"unknown": choice})}

    def stop(self, request: gr.Request) -> dict:
        """Stop the writing of this page wherever it is, in the queue too; what is written stays."""
        return {"state": "stopped"} if self.wishes.stop(request.session_hash) else gr.skip()

    def show(self, run: RunDir | None, person: Person, lang: str) -> list:
        """Return the examples of a run."""
        examples = _examples(run.config()) if run else ()
        return [
            gr.update(samples=[[example] for example in examples], visible=bool(examples)),
            VisibilityTrigger.pack(run and run.id, lang),
        ]

    @property
    def shown(self) -> list[gr.components.Component]:
        """The widgets that `show` fills."""
        return [self.examples, self.sight]

    def translate(self, lang: str, memory: dict) -> list:
        """Return what else of the tab follows the language; memory: what the browser remembers."""
        unknown = memory.get("unknown")
        recalled = {"value": unknown} if unknown in ("drop", "replace") else {}
        words = {"lang": lang, "text": widget_words(lang)["written"]}  # the text itself stays
        sources = gr.update(choices=source_choices(lang))
        all_k = gr.update(value=None) if memory else gr.skip()  # a page that opens: Gradio shows no number as 0
        return [gr.update(choices=unknown_choices(lang), **recalled), sources, words, words, all_k]

    @property
    def translated(self) -> list[gr.components.Component]:
        """The widgets that `translate` changes."""
        return [self.unknown, self.source, self.written, self.beside, self.top_k]


def _examples(config: RunConfig) -> tuple[str, ...]:
    """Return beginnings that suit a run's text; for byte pairs without a blank at the end, which their words bring."""
    examples = EXAMPLES.get(config.corpus, ())
    return examples if config.tokenizer["kind"] == "char" else tuple(each.rstrip(" ") for each in examples)


def _marked(value: dict, mark: str) -> dict:
    """Return a text's value with its mark as A or B; what changes nothing as it is."""
    return {**value, "mark": mark} if "state" in value else value


def unknown_choices(lang: str) -> list[tuple[str, str]]:
    """Return (words, value) of what to do with characters that the model has never seen."""
    return [(translate("unknown_replace", lang), "replace"), (translate("unknown_drop", lang), "drop")]
