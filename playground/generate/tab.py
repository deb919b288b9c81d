"""The Generate tab: generate text with any snapshot of a run, or with GPT-2."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr

from core.config import SampleConfig
from core.runs.directory import RunDir
from playground.generate.written import WrittenText
from playground.page import PageContext
from playground.prompts import GPT2, GPT2_PROMPT, RUN, source_choices
from playground.widgets.inputs import CHOSEN, Checkbox, Dropdown, Number, Radio, Slider, Textbox, show_errors, text_of
from playground.words.numbers import format_number
from playground.words.translate import translate, widget_words

if TYPE_CHECKING:
    from playground.models import Writer

MOST_PROMPT = 10_000  # characters
LATEST = "latest"
EXAMPLES = {
    "plays": ("[Enter ", "KELLIN:\n", "Come, "),
    "shakespeare": ("ROMEO:\n", "To be, or not to be", "First Citizen:\n"),
    "python": ("def ", "import os\n", "class "),
}


class GenerateTab:
    """The widgets of the tab and what they do."""

    def __init__(self, page: PageContext):
        """Build the tab's widgets inside the current Gradio context; `connect` wires them."""
        self.page = page
        self.stops: set[str] = set()  # the sessions that have asked their writing to stop
        add = page.words.add
        add(gr.Markdown, elem_classes="intro", words={"value": "generate_intro"})
        with gr.Row(equal_height=False, elem_classes="generate-row"):
            with gr.Column(scale=2, min_width=300):
                self.source = add(Radio, choices=source_choices("en"), value=RUN, elem_id="generate-source",
                                  words={"label": "source"})  # fmt: skip
                self.int8 = add(Checkbox, value=False, visible=False, elem_id="int8",
                                words={"label": "int8", "info": "int8_help"})  # fmt: skip
                self.step = add(Dropdown, choices=step_choices([], "en"), value=LATEST, elem_id="snapshot",
                                words={"label": "snapshot", "info": "snapshot_help"})  # fmt: skip
                self.prompt = add(Textbox, lines=3, max_lines=8, max_length=MOST_PROMPT, elem_id="prompt",
                                  words={"label": "prompt", "placeholder": "prompt_placeholder"})  # fmt: skip
                self.examples = gr.Dataset(components=[gr.Textbox(visible=False)], samples=[["\n"]], show_label=False,
                                           type="values", elem_id="prompt-examples")  # fmt: skip
                with gr.Row():
                    self.go = add(gr.Button, variant="primary", elem_id="generate-button",
                                  words={"value": "generate_button"})  # fmt: skip
                    self.halt = add(gr.Button, variant="stop", elem_id="generate-stop",
                                    words={"value": "stop_button"})  # fmt: skip
                self._build_options()
            with gr.Column(scale=4, min_width=340):
                self.written = WrittenText(elem_id="written")

    def _build_options(self) -> None:
        add = self.page.words.add
        low, high = SampleConfig.bounds("max_new_tokens")
        with add(gr.Accordion, open=True, words={"label": "sampling"}):
            self.length = add(Slider, minimum=low, maximum=min(1000, high), step=1, value=200, elem_id="length",
                              words={"label": "length", "info": "help_max_new_tokens"})  # fmt: skip
            self.temperature = add(Slider, minimum=0.0, maximum=10.0, step=0.05, value=0.8, elem_id="temperature",
                                   words={"label": "temperature", "info": "help_temperature"})  # fmt: skip
            self.top_k = add(Number, minimum=0, value=0, precision=0, elem_id="top-k",
                             words={"label": "top_k", "info": "help_top_k"})  # fmt: skip
            self.top_p = add(Slider, minimum=0.01, maximum=1.0, step=0.01, value=1.0,
                             words={"label": "top_p", "info": "help_top_p"})  # fmt: skip
            self.seed = add(Number, minimum=0, value=1, precision=0, elem_id="sample-seed",
                            words={"label": "seed", "info": "help_sample_seed"})  # fmt: skip
            self.unknown = add(Radio, choices=unknown_choices("en"), value="replace", elem_id="unknown",
                               words={"label": "unknown_choice"})  # fmt: skip

    def connect(self, tab: gr.Tab) -> None:
        """Wire the widgets to each other and to the run in view."""
        page = self.page
        options = [self.length, self.temperature, self.top_k, self.top_p, self.seed]
        self.go.click(
            show_errors(self.write),
            [page.run, self.source, self.int8, self.step, self.prompt, self.unknown, page.lang, *options],
            self.written,
            concurrency_id="compute",
            concurrency_limit=2,
            show_progress="hidden",
            api_name="generate",
        )
        # Without Gradio's `cancels`, which would drop the last tokens and the state "stopped".
        self.halt.click(self.stop, None, None, queue=False, show_progress="hidden", api_visibility="private")
        self.examples.click(show_errors(self.use_example), [self.examples, page.lang], [self.prompt], queue=False,
                            api_visibility="private")  # fmt: skip
        queued = {**CHOSEN, "queue": True}  # GPT-2 takes its time
        self.source.input(show_errors(self.choose_source), [self.source, page.lang], [self.step, self.int8], **queued)
        self.step.focus(show_errors(self.refresh_steps), [page.run, page.lang], [self.step], queue=False,
                        show_progress="hidden", api_visibility="private")  # fmt: skip
        self.unknown.input(show_errors(self.remember), [self.unknown, page.memory], [page.memory], **CHOSEN)

    # -- handlers: values in, values out --------------------------------------------------------------------------

    def write(
        self, run_id: Any, source: Any, eight_bits: Any, step: Any, prompt: Any, unknown: Any, lang: str,
        length: Any, temperature: Any, top_k: Any, top_p: Any, seed: Any, request: gr.Request,
    ) -> Iterator[dict]:  # fmt: skip
        """Stream the text that the model generates."""
        from playground.generate import writing

        given = {"max_new_tokens": length, "temperature": temperature, "top_k": top_k or None, "top_p": top_p}
        given["seed"] = seed
        options = SampleConfig.parse(given)
        text = text_of(prompt, MOST_PROMPT, "The prompt")
        writer, fallback, said = self._writer(run_id, source, eight_bits, step, lang)
        self.stops.discard(request.session_hash)
        words, packed, count = widget_words(lang)["written"], "", 0
        for value in writing.write(writer, text, options, unknown != "drop", fallback, lang, said):
            packed += "".join(map(WrittenText.pack, value["tokens"][count:]))
            count = len(value["tokens"])
            if request.session_hash in self.stops:
                value["state"] = "stopped"
            yield {**value, "text": words, "tokens": packed}
            if value["state"] == "stopped":
                return

    def _writer(
        self, run_id: Any, source: Any, eight_bits: Any, step: Any, lang: str
    ) -> tuple["Writer", str, str | None]:
        """Return the model, what it continues when the prompt is empty, and a sentence about it or None."""
        from playground import models

        if source == GPT2 and eight_bits is True:
            writer, said = models.int8_gpt2_writer(lang)
            return writer, GPT2_PROMPT, said
        if source == GPT2:
            return models.gpt2_writer(lang), GPT2_PROMPT, None
        run = self.page.store.get(run_id)
        return models.load_writer(run, None if step == LATEST else step), run.config().prompt, None

    def choose_source(self, source: Any, lang: str) -> list[dict]:
        """Show the choice of a run's snapshot or that of GPT-2's bits; ValueError when GPT-2 is not on this machine."""
        if source == GPT2:
            from playground.models import gpt2_writer

            gpt2_writer(lang)
        return [gr.update(visible=source != GPT2), gr.update(visible=source == GPT2)]

    def use_example(self, sample: Any, lang: str) -> str:
        """Put an example into the prompt."""
        return text_of(sample[0] if isinstance(sample, list) and sample else None, MOST_PROMPT, "The example")

    def remember(self, choice: Any, memory: Any) -> dict:
        """Let the browser remember what to do with unknown characters."""
        return {**(memory if isinstance(memory, dict) else {}), "unknown": choice}

    def stop(self, request: gr.Request) -> None:
        """Stop the writing of this page after its present token; what is written stays."""
        self.stops.add(request.session_hash)

    def refresh_steps(self, run_id: Any, lang: str) -> dict:
        """Return the choice of snapshots with those made since the list was last opened."""
        return gr.update(choices=step_choices(self.page.store.get(run_id).snapshots(), lang))

    def show(self, run: RunDir | None, owner: Any, lang: str) -> list:
        """Return the snapshots and examples of a run."""
        steps = run.snapshots() if run else []
        examples = EXAMPLES.get(run.config().corpus, ("\n",)) if run else ("\n",)
        return [
            gr.update(choices=step_choices(steps, lang), value=LATEST),
            gr.update(samples=[[example] for example in examples]),
        ]

    @property
    def shown(self) -> list[gr.components.Component]:
        """The widgets that `show` fills."""
        return [self.step, self.examples]

    def translate(self, lang: str, memory: dict) -> list:
        """Return what else of the tab follows the language; memory: what the browser remembers."""
        unknown = memory.get("unknown")
        recalled = {"value": unknown} if unknown in ("drop", "replace") else {}
        empty = {"lang": lang, "text": widget_words(lang)["written"], "prompt": [], "tokens": "", "state": "idle"}
        return [gr.update(choices=unknown_choices(lang), **recalled), gr.update(choices=source_choices(lang)), empty]

    @property
    def translated(self) -> list[gr.components.Component]:
        """The widgets that `translate` changes."""
        return [self.unknown, self.source, self.written]


def step_choices(steps: list[int], lang: str) -> list[tuple[str, int | str]]:
    """Return (words, value) of each snapshot: first "latest", then each by its step, newest first."""
    return [(translate("latest", lang), LATEST), *((format_number(step, lang), step) for step in reversed(steps))]


def unknown_choices(lang: str) -> list[tuple[str, str]]:
    """Return (words, value) of what to do with characters that the model has never seen."""
    return [(translate("unknown_replace", lang), "replace"), (translate("unknown_drop", lang), "drop")]
