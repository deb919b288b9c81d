"""The section of the Compare tab that sets the run in view beside GPT-2 with its published weights.

Without the weights everything about the run works, and GPT-2's card says how to load them. What GPT-2 computes goes
through the queue of heavy work; what a run computes is answered at once, for a run of this page's size is small.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr

from core.pretrained import loader
from core.pretrained.family import FAMILY_NAMES
from core.runs.directory import RunDir
from core.text.corpora import DEFAULT_CORPUS
from playground.compare.contents import BESIDE, Contents, piece, section_in_view
from playground.compare.continuations import Continuations
from playground.compare.count_table import CountTable
from playground.compare.counting_cells import kind_of
from playground.compare.gpt2_loader import Gpt2Loader
from playground.compare.text_reading import TextReading
from playground.compare.weight_pictures import WeightPictures
from playground.compare.weight_view import WeightView
from playground.moments import chosen_step
from playground.page import PageContext
from playground.prompts import GPT2
from playground.widgets.inputs import CHOSEN, UNQUEUED, Examples, Textbox, put_example, show_errors, text_of
from playground.widgets.plain_text import PlainText
from playground.widgets.visibility import SHOWN_JS, VisibilityTrigger
from playground.wishes import Wishes
from playground.words.refusals import refused
from playground.words.run_names import run_label
from playground.words.translate import translate, widget_words

if TYPE_CHECKING:
    import torch

    from playground.compare.contenders import Contender

MOST_TEXT = 1_000  # characters
TEMPERATURES = (0.1, 1.0, 10.0)  # at which both continue a text side by side
FIRST_TEXT = "To be, or not to be: that is the question."
EXAMPLES = {
    "plays": ("KELLIN:\nCome,", "[Enter HOBVER, crying"),
    "shakespeare": ("ROMEO:\nO, she doth teach the torches to burn bright", "First Citizen:\nBefore we proceed"),
    "python": ("def __init__(self, name):\n    self.name =", "import os\nimport"),
}
EVERYDAY = ("The capital of France is", "It was raining, so she took an umbrella")
COMPUTE = {"concurrency_id": "compute", "concurrency_limit": 2, "show_progress": "hidden", "api_visibility": "private"}
READ = {**COMPUTE, "trigger_mode": "always_last"}  # what follows a choice: the last one counts


class PretrainedSection:
    """The widgets of the section and what they do."""

    def __init__(self, page: PageContext):
        """Build the section's widgets inside the current Gradio context; `connect` wires them."""
        self.page = page
        self.wishes = Wishes()
        add = page.words.add
        with piece(*BESIDE):
            add(gr.Markdown, elem_classes="intro", words={"value": "beside_heading"})
            self.kind = PlainText(elem_id="beside-kind")
            self.loader = Gpt2Loader(elem_id="gpt2-loader")
        with piece("text", "write", "proof"), gr.Row(equal_height=False):
            with gr.Column(scale=3, min_width=300):
                self.text = add(Textbox, lines=2, max_lines=6, max_length=MOST_TEXT, elem_id="beside-text",
                                value=FIRST_TEXT, words={"label": "beside_text"})  # fmt: skip
            with gr.Column(scale=2, min_width=280):
                self.examples = Examples.beside(elem_id="beside-examples")
        with piece("text"):
            with gr.Row(equal_height=False):
                with gr.Column(scale=1, min_width=300):
                    self.mine = TextReading(elem_id="beside-mine")
                with gr.Column(scale=1, min_width=300):
                    self.theirs = TextReading(elem_id="beside-theirs")
            add(gr.Markdown, elem_classes="intro", elem_id="beside-fair", words={"value": "beside_fair"})
        self._build_below()

    def _build_below(self) -> None:
        add = self.page.words.add
        with piece("write"):
            with gr.Row():
                self.go = add(gr.Button, variant="primary", elem_id="beside-write", words={"value": "beside_write"})
                self.halt = add(gr.Button, variant="stop", elem_id="beside-stop", words={"value": "stop_button"})
            self.ticket = gr.Textbox(visible=False)  # travels with a click to its writing
            self.written = Continuations(elem_id="beside-written")
        with piece("proof"):
            add(gr.Markdown, elem_classes="intro", words={"value": "beside_proof_heading"})
            with gr.Row(equal_height=True):
                with gr.Column(scale=1, min_width=260):
                    self.ask_proof = add(gr.Button, elem_id="beside-prove", words={"value": "beside_prove"})
                with gr.Column(scale=3, min_width=300):
                    self.proof = PlainText(elem_id="beside-proof")
        with piece("weights"):
            add(gr.Markdown, elem_classes="intro", words={"value": "beside_weights_heading"})
            self.view = WeightView(elem_id="beside-weights")
            self.pictures = WeightPictures(elem_id="beside-positions")
            self.table = CountTable(elem_id="beside-table")

    def connect(self, tab: gr.Tab, sight: VisibilityTrigger, place: Contents) -> None:
        """Wire the widgets to each other, to the section being opened, and to another run or language while it is."""
        page = self.page
        known = [page.run, page.lang, place, page.moments]
        asked = [page.run, self.text, *known[1:]]
        read_by_gpt2 = {"fn": show_errors(self.read_with_gpt2), "inputs": asked, "outputs": [self.theirs]}
        drawn = [self.table, self.view, self.pictures]
        events = (tab.select, place.choose, sight.due, self.loader.arrived)
        for event in events:
            event(show_errors(self.read_with_run), asked, [self.mine, self.theirs], **CHOSEN).then(
                show_errors(self.draw_known_weights), known, drawn, **CHOSEN
            ).then(**read_by_gpt2, **READ).then(show_errors(self.draw_weights), known, drawn, **READ)
        moved = sight.moved(show_errors(self.read_with_run), asked, [self.mine, self.theirs], **CHOSEN)
        moved.then(show_errors(self.draw_known_weights), known, drawn, **CHOSEN).then(None, js=SHOWN_JS)
        self.text.change(show_errors(self.read_with_run), asked, [self.mine, self.theirs], **CHOSEN).then(
            **read_by_gpt2, **READ
        )
        self.examples.click(show_errors(put_example), [self.examples, page.lang], [self.text], **UNQUEUED)
        for event in (self.loader.ask_state, page.lang.input):
            event(show_errors(self.loading), [page.lang], [self.loader], **CHOSEN)
        self.loader.ask_load(show_errors(self.load), [page.lang], [self.loader], **UNQUEUED)
        asked_to_write = [page.run, self.text, page.lang, self.ticket, page.moments]
        self.go.click(self.ask, None, [self.ticket], **UNQUEUED).then(
            show_errors(self.write), asked_to_write, [self.written], trigger_mode="multiple", **COMPUTE
        )
        self.halt.click(self.stop, None, None, **UNQUEUED)
        self.ask_proof.click(show_errors(self.prove), [self.text, page.lang], [self.proof], **COMPUTE)

    # -- loading --------------------------------------------------------------------------------------------------

    def loading(self, lang: str) -> dict:
        """Return how much of GPT-2 is loaded."""
        now = loader.status(GPT2)
        return {
            "text": widget_words(lang).get("gpt2_loader", {}),
            "state": now.state,
            "done": now.done,
            "total": now.total,
            "message": now.message and refused(now.message, lang),
            "cached": now.state == "absent" and loader.is_cached(GPT2),
        }

    def load(self, lang: str) -> dict:
        """Begin to load GPT-2, for all visitors of the page."""
        loader.begin(GPT2)
        return self.loading(lang)

    # -- the same text --------------------------------------------------------------------------------------------

    def read_with_run(self, run_id: Any, text: Any, lang: str, place: Any, moments: Any = None) -> list:
        """Return how the run reads the text, and while GPT-2 is not loaded, GPT-2's tokens; place: what is in view."""
        if section_in_view(place) != "text":
            return [gr.skip(), gr.skip()]
        contenders, values = _late()
        mine, why, text, note = self._text_for_both(run_id, text, lang, moments)
        theirs = gr.skip() if loader.loaded(GPT2) else values.gpt2_tokens(text, contenders.byte_pairs_here(), lang)
        if mine is None:
            return [values.nothing_read(translate("beside_your_run", lang), why, lang), theirs]
        note = " ".join(filter(None, [mine.said, note])) or None
        return [values.reading(mine, text, lang, note), theirs]

    def read_with_gpt2(self, run_id: Any, text: Any, lang: str, place: Any, moments: Any = None) -> dict:
        """Return how GPT-2 reads the text, in the same characters as the run."""
        if section_in_view(place) != "text" or loader.loaded(GPT2) is None:
            return gr.skip()
        _, values = _late()
        _, _, known, note = self._text_for_both(run_id, text, lang, moments)
        note = translate("beside_could_read", lang) if known != text else note
        theirs, why = self._theirs(lang)
        if theirs is None:
            return values.nothing_read(FAMILY_NAMES[GPT2], why, lang, second=True)
        return values.reading(theirs, known, lang, note, second=True)

    # -- writing --------------------------------------------------------------------------------------------------

    def ask(self, request: gr.Request) -> str:
        """Note that this page wants both to write, and return its ticket."""
        return self.wishes.ask(request.session_hash)

    def write(
        self, run_id: Any, text: Any, lang: str, request: gr.Request = None, ticket: Any = "", moments: Any = None
    ) -> Iterator[dict]:
        """Yield what both write, as it grows; nothing where Stop was pressed before."""
        contenders, _ = _late()
        text = text_of(text, MOST_TEXT, "The text")
        run = self.page.store.get(run_id)
        mine = contenders.run_contender(run, lang, chosen_step(run, moments))
        text, note = contenders.shared_text(text, mine.tokenizer, lang)
        names = (mine.name, FAMILY_NAMES[GPT2])
        page, ticket = request.session_hash, ticket or self.wishes.ask(request.session_hash)
        stopped = lambda: not self.wishes.holds(page, ticket)  # noqa: E731
        if stopped():
            yield _continued(names, self._blank(), "stopped", lang, note)
            return
        yield _continued(names, self._blank(), "writing", lang, note)  # before the merges are asked for
        theirs, why = self._theirs(lang)
        for texts, phase in contenders.continue_all([mine, theirs], text, TEMPERATURES, stopped):
            if phase == "late":
                phase, note = "stopped", translate("time_is_up", lang, seconds=contenders.MOST_SECONDS)
            yield _continued(names, texts, phase, lang, note, why)
        self.wishes.end(page, ticket)

    def stop(self, request: gr.Request) -> None:
        """Stop the writing of this page; what is written stays."""
        self.wishes.stop(request.session_hash)

    # -- proof ----------------------------------------------------------------------------------------------------

    def prove(self, text: Any, lang: str) -> Iterator[str | list[str]]:
        """Run the text through our GPT and through Hugging Face's, and tell how far their logits are apart."""
        contenders, values = _late()
        model = loader.loaded(GPT2)
        if model is None:
            raise ValueError(translate("beside_not_loaded", lang))
        text = text_of(text, MOST_TEXT, "The text")
        yield translate("beside_proving", lang)
        ids = contenders.ids_to_prove(text, model.config.block_size)
        yield values.proof(loader.prove(GPT2, ids), model.config.vocab_size, lang)

    # -- weights --------------------------------------------------------------------------------------------------

    def draw_known_weights(self, run_id: Any, lang: str, place: Any, moments: Any = None) -> list:
        """Return the weights of the run, and GPT-2's if their statistics are cached."""
        if section_in_view(place) != "weights":
            return [gr.skip()] * 3
        _, values = _late()
        return self._weights(run_id, lang, values.if_known(loader.loaded(GPT2)), moments)

    def draw_weights(self, run_id: Any, lang: str, place: Any, moments: Any = None) -> list:
        """Return the weights of both models."""
        model = loader.loaded(GPT2) if section_in_view(place) == "weights" else None
        return [gr.skip()] * 3 if model is None else self._weights(run_id, lang, model, moments)

    # -- what the page asks ---------------------------------------------------------------------------------------

    def show(self, run: RunDir | None, lang: str) -> list:
        """Return what follows the run in view: its examples, and empty continuations."""
        config = run.config() if run else None
        examples = (FIRST_TEXT, *EVERYDAY, *EXAMPLES.get(config.corpus if config else DEFAULT_CORPUS, ()))
        names = (run_label(config, lang) if config else translate("beside_your_run", lang), FAMILY_NAMES[GPT2])
        return [
            gr.update(samples=[[example] for example in examples]),
            _continued(names, self._blank(), "idle", lang),
            gr.update(value=kind_of(config.model, lang, config.variant) if config else "", visible=config is not None),
        ]

    @property
    def shown(self) -> list[gr.components.Component]:
        """The widgets that `show` fills."""
        return [self.examples, self.written, self.kind]

    def translate(self, lang: str) -> list:
        """Return nothing: the section is drawn again when the language changes."""
        return []

    @property
    def translated(self) -> list[gr.components.Component]:
        """The widgets that `translate` changes: none."""
        return []

    # -- inside ---------------------------------------------------------------------------------------------------

    def _text_for_both(
        self, run_id: Any, text: Any, lang: str, moments: Any
    ) -> tuple["Contender | None", str, str, str | None]:
        """Return the run's model or None, why there is none, and a text that both models can read with its note."""
        contenders, _ = _late()
        text = text_of(text, MOST_TEXT, "The text")
        mine, why = self._mine(run_id, lang, moments)
        text, note = contenders.shared_text(text, mine.tokenizer, lang) if mine else (text, None)
        return mine, why, text, note

    def _mine(self, run_id: Any, lang: str, moments: Any) -> tuple["Contender | None", str]:
        """Return the model of the run in view; where there is none, why."""
        try:
            run = self.page.store.get(run_id)
            if not run.snapshots():
                return None, translate("no_snapshot_yet", lang)
        except ValueError:  # deleted just now, or none yet
            return None, translate("beside_no_run", lang)
        contenders, _ = _late()
        try:
            return contenders.run_contender(run, lang, chosen_step(run, moments)), ""
        except (ValueError, OSError) as error:  # its card shows it: a toast for every key pressed would be too many
            return None, refused(error, lang)

    def _theirs(self, lang: str) -> tuple["Contender | None", str]:
        """Return GPT-2; where it is not there, why."""
        contenders, _ = _late()
        try:
            return contenders.gpt2_contender(), translate("beside_not_loaded", lang)
        except OSError as error:  # its merges cannot be had
            return None, refused(error, lang)

    def _weights(self, run_id: Any, lang: str, theirs: "torch.nn.Module | None", moments: Any) -> list:
        _, values = _late()
        mine, _ = self._mine(run_id, lang, moments)
        models = [(mine.name, mine.model)] if mine else []
        models += [(FAMILY_NAMES[GPT2], theirs)] if theirs is not None else []
        return values.weights(models, lang) if models else [None, None, None]

    def _blank(self) -> list[str | None]:
        """Return continuations in which nothing is written yet."""
        return ["", "" if loader.loaded(GPT2) else None] * len(TEMPERATURES)


def _continued(
    names: Sequence[str], texts: Sequence[str | None], phase: str, lang: str, note: str | None = None,
    absent: str | None = None,
) -> dict:  # fmt: skip
    """Return the value of the continuations; absent: why GPT-2 writes nothing."""
    words, absent = widget_words(lang).get("continuations", {}), absent or translate("beside_not_loaded", lang)
    return Continuations.pack(words, names, TEMPERATURES, texts, phase, note, absent)


def _late():  # without a return type, editors see the modules themselves
    """Import what needs torch, when a handler first needs it: the page must be there before torch is."""
    from playground.compare import contenders, pretrained_values

    return contenders, pretrained_values
