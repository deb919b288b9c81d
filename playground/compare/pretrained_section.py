"""The section of the Compare tab that sets the run in view beside GPT-2 with its published weights.

Without the weights all that concerns the run works, and GPT-2's side says how to load them. What GPT-2 has to compute
goes through the queue of heavy work; what a run of this page's size has to compute is answered at once.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr

from core.pretrained import loader
from core.pretrained.family import FAMILY_NAMES
from core.runs.directory import RunDir
from core.text.corpora import DEFAULT_CORPUS
from playground.compare.continuations import Continuations
from playground.compare.count_table import CountTable
from playground.compare.gpt2_loader import Gpt2Loader
from playground.compare.text_reading import TextReading
from playground.compare.weight_pictures import WeightPictures
from playground.compare.weight_view import WeightView
from playground.page import PageContext
from playground.prompts import GPT2
from playground.widgets.inputs import UNQUEUED, Textbox, show_errors, text_of
from playground.widgets.visibility import VisibilityTrigger
from playground.words.run_names import run_label
from playground.words.translate import translate, widget_words

if TYPE_CHECKING:
    import torch

    from playground.compare.contenders import Contender

MOST_TEXT = 1_000  # characters
TEMPERATURES = (0.1, 1.0, 10.0)  # at which both continue a text side by side
FIRST_TEXT = "To be, or not to be: that is the question."
EXAMPLES = {
    "plays": ("KELLIN:\nCome, ", "[Enter HOBVER, crying"),
    "shakespeare": ("ROMEO:\nO, she doth teach the torches to burn bright", "First Citizen:\nBefore we proceed"),
    "python": ("def __init__(self, name):\n    self.name = ", "import os\nimport "),
}
EVERYDAY = ("The capital of France is", "It was raining, so she took an umbrella")
COMPUTE = {"concurrency_id": "compute", "concurrency_limit": 2, "show_progress": "hidden", "api_visibility": "private"}


class PretrainedSection:
    """The widgets of the section and what they do."""

    def __init__(self, page: PageContext):
        """Build the section's widgets inside the current Gradio context; `connect` wires them."""
        self.page = page
        self.stops: set[str] = set()  # the sessions that have asked their writing to stop
        add = page.words.add
        add(gr.Markdown, elem_classes="intro", words={"value": "beside_heading"})
        self.loader = Gpt2Loader(elem_id="gpt2-loader")
        with gr.Row(equal_height=False):
            with gr.Column(scale=3, min_width=300):
                self.text = add(Textbox, lines=2, max_lines=6, max_length=MOST_TEXT, elem_id="beside-text",
                                value=FIRST_TEXT, words={"label": "beside_text"})  # fmt: skip
            with gr.Column(scale=2, min_width=280):
                self.examples = gr.Dataset(components=[gr.Textbox(visible=False)], samples=[["\n"]], show_label=False,
                                           type="values", elem_id="beside-examples")  # fmt: skip
        with gr.Row(equal_height=False):
            with gr.Column(scale=1, min_width=300):
                self.mine = TextReading(elem_id="beside-mine")
            with gr.Column(scale=1, min_width=300):
                self.theirs = TextReading(elem_id="beside-theirs")
        add(gr.Markdown, elem_classes="intro", elem_id="beside-fair", words={"value": "beside_fair"})
        with gr.Row():
            self.go = add(gr.Button, variant="primary", elem_id="beside-write", words={"value": "beside_write"})
            self.halt = add(gr.Button, variant="stop", elem_id="beside-stop", words={"value": "stop_button"})
        self.written = Continuations(elem_id="beside-written")
        self._build_below()
        self.seen = gr.State(False)  # whether this browser has opened the tab: until then nothing is computed for it

    def _build_below(self) -> None:
        add = self.page.words.add
        add(gr.Markdown, elem_classes="intro", words={"value": "beside_proof_heading"})
        with gr.Row(equal_height=True):
            with gr.Column(scale=1, min_width=260):
                self.ask_proof = add(gr.Button, elem_id="beside-prove", words={"value": "beside_prove"})
            with gr.Column(scale=3, min_width=300):
                self.proof = gr.Markdown(elem_id="beside-proof")
        add(gr.Markdown, elem_classes="intro", words={"value": "beside_weights_heading"})
        self.view = WeightView(elem_id="beside-weights")
        self.pictures = WeightPictures(elem_id="beside-positions")
        self.table = CountTable(elem_id="beside-table")

    def connect(self, tab: gr.Tab, sight: VisibilityTrigger) -> None:
        """Wire the widgets to each other, to the tab being opened, and to another run or language while it is."""
        page = self.page
        asked = [page.run, self.text, page.lang, self.seen]
        weighed = {"fn": show_errors(self.weigh), "inputs": asked, "outputs": [self.theirs]}
        drawn = [self.table, self.view, self.pictures]
        opened = tab.select(self.open, None, [self.seen], **UNQUEUED)
        events = (opened.then, sight.due, self.loader.arrived)
        for event in events:
            known = [page.run, page.lang, self.seen]
            event(show_errors(self.read), asked, [self.mine, self.theirs], **UNQUEUED).then(
                show_errors(self.draw_weights), known, drawn, **UNQUEUED
            ).then(**weighed, **COMPUTE).then(show_errors(self.weigh_weights), known, drawn, **COMPUTE)
        self.text.change(
            show_errors(self.read), asked, [self.mine, self.theirs], trigger_mode="always_last", **UNQUEUED
        ).then(**weighed, trigger_mode="always_last", **COMPUTE)
        self.examples.click(show_errors(self.use_example), [self.examples], [self.text], **UNQUEUED)
        for event in (self.loader.ask_state, page.lang.input):
            event(show_errors(self.look), [page.lang], [self.loader], **UNQUEUED)
        self.loader.ask_load(show_errors(self.load), [page.lang], [self.loader], **UNQUEUED)
        self.go.click(show_errors(self.write), [page.run, self.text, page.lang], [self.written], **COMPUTE)
        self.halt.click(self.stop, None, None, **UNQUEUED)
        self.ask_proof.click(show_errors(self.prove), [self.text, page.lang], [self.proof], **COMPUTE)

    def open(self) -> bool:
        """Remember that the tab has been opened."""
        return True

    # -- loading --------------------------------------------------------------------------------------------------

    def look(self, lang: str) -> dict:
        """Return how far the loading of GPT-2 is."""
        return loading(lang)

    def load(self, lang: str) -> dict:
        """Begin to load GPT-2, for everybody."""
        loader.begin(GPT2)
        return loading(lang)

    # -- the same text --------------------------------------------------------------------------------------------

    def read(self, run_id: Any, text: Any, lang: str, seen: Any) -> list:
        """Return what the run makes of the text, and of GPT-2's side what needs no weights."""
        if not seen:
            return [gr.skip(), gr.skip()]
        from playground.compare import contenders
        from playground.compare import pretrained_values as values

        text = text_of(text, MOST_TEXT, "The text")
        side, why = self._mine(run_id, lang)
        text, note = contenders.fitted(text, side.tokenizer, lang) if side else (text, None)
        theirs = gr.skip() if loader.loaded(GPT2) else values.gpt2_tokens(text, contenders.byte_pairs_here(), lang)
        if side is None:
            return [values.nothing_read(translate("beside_your_run", lang), why, lang), theirs]
        return [values.reading(side, text, lang, note), theirs]

    def weigh(self, run_id: Any, text: Any, lang: str, seen: Any) -> dict:
        """Return what GPT-2 makes of the text, in the very characters that the run reads."""
        if not seen or loader.loaded(GPT2) is None:
            return gr.skip()
        from playground.compare import contenders
        from playground.compare import pretrained_values as values

        text = text_of(text, MOST_TEXT, "The text")
        mine, _ = self._mine(run_id, lang)
        text, note = contenders.fitted(text, mine.tokenizer, lang) if mine else (text, None)
        theirs, why = self._theirs(lang)
        if theirs is None:
            return values.nothing_read(FAMILY_NAMES[GPT2], why, lang, second=True)
        return values.reading(theirs, text, lang, note, second=True)

    def use_example(self, sample: Any) -> str:
        """Put an example into the text."""
        return text_of(sample[0] if isinstance(sample, list) and sample else None, MOST_TEXT, "The example")

    # -- writing --------------------------------------------------------------------------------------------------

    def write(self, run_id: Any, text: Any, lang: str, request: gr.Request = None) -> Iterator[dict]:
        """Yield what both write, again and again as it grows."""
        from playground.compare import contenders

        text = text_of(text, MOST_TEXT, "The text")
        run = self.page.store.get(run_id)
        mine = contenders.run_contender(run, lang)
        text, note = contenders.fitted(text, mine.tokenizer, lang)
        names = (mine.name, FAMILY_NAMES[GPT2])
        self.stops.discard(request.session_hash)
        yield _continued(names, self._blank(), "writing", lang, note)  # before the merges are asked for
        theirs, why = self._theirs(lang)
        stopped = lambda: request.session_hash in self.stops  # noqa: E731
        for boxes, phase in contenders.continue_all([mine, theirs], text, TEMPERATURES, stopped):
            if phase == "late":
                phase, note = "stopped", translate("time_is_up", lang).format(seconds=contenders.MOST_SECONDS)
            yield _continued(names, boxes, phase, lang, note, why)

    def stop(self, request: gr.Request) -> None:
        """Ask the writing of this page to end; what is written stays."""
        self.stops.add(request.session_hash)

    # -- proof ----------------------------------------------------------------------------------------------------

    def prove(self, text: Any, lang: str) -> Iterator[str]:
        """Run the text through our GPT and through Hugging Face's, and say how far their logits are apart."""
        from playground.compare import contenders
        from playground.compare import pretrained_values as values

        model = loader.loaded(GPT2)
        if model is None:
            raise ValueError(translate("beside_load_first", lang))
        text = text_of(text, MOST_TEXT, "The text")
        yield translate("beside_proving", lang)
        ids = contenders.ids_to_prove(text, model.config.block_size)
        yield values.proof(loader.prove(GPT2, ids), model.config.vocab_size, lang)

    # -- weights --------------------------------------------------------------------------------------------------

    def draw_weights(self, run_id: Any, lang: str, seen: Any) -> list:
        """Return the weights of the run, and of GPT-2 those that have been looked at before."""
        if not seen:
            return [gr.skip()] * 3
        from playground.compare import pretrained_values as values

        return self._weights(run_id, lang, values.at_hand(loader.loaded(GPT2)))

    def weigh_weights(self, run_id: Any, lang: str, seen: Any) -> list:
        """Return the weights of both."""
        model = loader.loaded(GPT2)
        return self._weights(run_id, lang, model) if seen and model is not None else [gr.skip()] * 3

    # -- what the page asks ---------------------------------------------------------------------------------------

    def show(self, run: RunDir | None, lang: str) -> list:
        """Return what of the section belongs to another run: examples, and nothing old."""
        config = run.config() if run else None
        examples = (FIRST_TEXT, *EVERYDAY, *EXAMPLES.get(config.corpus if config else DEFAULT_CORPUS, ()))
        names = (run_label(config, lang) if config else translate("beside_your_run", lang), FAMILY_NAMES[GPT2])
        return [
            gr.update(samples=[[example] for example in examples]),
            _continued(names, self._blank(), "idle", lang),
        ]

    @property
    def shown(self) -> list[gr.components.Component]:
        """The widgets that `show` fills."""
        return [self.examples, self.written]

    def translate(self, lang: str) -> list:
        """Return nothing: what is drawn is drawn anew when the language changes."""
        return []

    @property
    def translated(self) -> list[gr.components.Component]:
        """The widgets that `translate` changes: none."""
        return []

    # -- inside ---------------------------------------------------------------------------------------------------

    def _mine(self, run_id: Any, lang: str) -> tuple["Contender | None", str]:
        """Return the side of the run in view; where there is none, why."""
        try:
            run = self.page.store.get(run_id)
            if not run.snapshots():
                return None, translate("no_snapshot_yet", lang)
        except ValueError:  # deleted just now, or none yet
            return None, translate("beside_no_run", lang)
        from playground.compare import contenders

        try:
            return contenders.run_contender(run, lang), ""
        except (ValueError, OSError) as error:  # said in its card: a toast for every key pressed would be too many
            return None, str(error)

    def _theirs(self, lang: str) -> tuple["Contender | None", str]:
        """Return GPT-2's side; where there is none, why."""
        from playground.compare import contenders

        try:
            return contenders.gpt2_contender(), translate("beside_load", lang)
        except OSError as error:  # its merges cannot be had
            return None, str(error)

    def _weights(self, run_id: Any, lang: str, theirs: "torch.nn.Module | None") -> list:
        from playground.compare import pretrained_values as values

        mine, _ = self._mine(run_id, lang)
        models = [(mine.name, mine.model)] if mine else []
        models += [(FAMILY_NAMES[GPT2], theirs)] if theirs is not None else []
        return values.weights(models, lang) if models else [None, None, None]

    def _blank(self) -> list[str | None]:
        """Return boxes in which nothing is written yet."""
        return ["", "" if loader.loaded(GPT2) else None] * len(TEMPERATURES)


def _continued(
    names: Sequence[str], boxes: Sequence[str | None], phase: str, lang: str, note: str | None = None,
    absent: str | None = None,
) -> dict:  # fmt: skip
    """Return what both have written so far; absent: why one of them is not there."""
    words, absent = widget_words(lang).get("continuations", {}), absent or translate("beside_load", lang)
    return Continuations.pack(words, names, TEMPERATURES, boxes, phase, note, absent)


def loading(lang: str) -> dict:
    """Return how far the loading of GPT-2 is."""
    now = loader.status(GPT2)
    return {
        "text": widget_words(lang).get("gpt2_loader", {}),
        "state": now.state,
        "done": now.done,
        "total": now.total,
        "message": now.message,
        "cached": now.state == "absent" and loader.is_cached(GPT2),
    }
