"""The Train tab: what to train on the left, the loss and its transport in the middle, the samples on the right."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from core.pretrained.family import is_gpt2_shaped
from core.runs.directory import RunDir
from core.runs.plan import again, plan_run
from core.runs.presets import DEFAULT_PRESET, PRESETS
from core.runs.store import WELCOME
from core.text.corpora import (
    CORPUS_NAMES,
    DEFAULT_CORPUS,
    DISTINCT,
    MAX_CHARACTERS,
    Corpus,
    clean_text,
    decode_text,
    load_corpus,
    own_text,
)
from core.tokenizers import GPT2_VOCAB_SIZE
from playground.page import PageContext, run_value
from playground.train import downloads
from playground.train import form as run_form
from playground.train.loss_chart import LossChart
from playground.train.samples import SampleTable
from playground.train.transport import Transport
from playground.widgets.downloads import Downloads
from playground.widgets.inputs import CHOSEN, UNQUEUED, Dropdown, Radio, Textbox, show_errors, text_of
from playground.words.refusals import refused
from playground.words.run_names import corpus_name
from playground.words.translate import translate, widget_words

FILES = {
    "download_csv": "curve.csv",
    "download_png": "curve.png",
    "download_svg": "curve.svg",
    "download_model": "model.safetensors",
    "download_json": "run.json",
}


class TrainTab:
    """The widgets of the tab and what they do."""

    files = downloads.DOWNLOADS

    def __init__(self, page: PageContext):
        """Build the tab's widgets inside the current Gradio context; `connect` wires them."""
        self.page = page
        add = page.words.add
        add(gr.Markdown, elem_classes="intro", words={"value": "train_intro"})
        with gr.Row(elem_classes="train-row", equal_height=False):
            with gr.Column(scale=3, min_width=300, elem_classes="what"):
                self._build_what()
            with gr.Column(scale=6, min_width=340, elem_classes="watch"):
                self.chart = LossChart(elem_id="loss-chart")
                self.transport = Transport(elem_id="transport")
            with gr.Column(scale=4, min_width=300, elem_classes="read"):
                self.samples = SampleTable(elem_id="samples")
        self.downloads = Downloads(elem_id="downloads")
        self.code = add(gr.Accordion, open=False, words={"label": "how_it_works"})
        with self.code:
            source = Path(__file__).parents[2] / "core" / "model.py"
            gr.Code(source.read_text(encoding="utf-8"), language="python", show_label=False, max_lines=40)

    def _build_what(self) -> None:
        add, first = self.page.words.add, run_form.defaults(DEFAULT_PRESET)
        self.corpus = add(Dropdown, choices=corpus_choices("en"), value=DEFAULT_CORPUS, words={"label": "corpus"},
                          elem_id="corpus")  # fmt: skip
        self.about = gr.Markdown(translate(f"about_{DEFAULT_CORPUS}", "en", ""), elem_classes="about")
        with gr.Group(visible=False) as self.own:
            self.text = add(Textbox, lines=6, max_lines=12, max_length=MAX_CHARACTERS, elem_id="own-text",
                            words={"label": "own_text", "placeholder": "own_placeholder"})  # fmt: skip
            self.file = add(gr.File, file_types=[".txt"], type="filepath", height=96, words={"label": "upload"})
        presets = run_form.preset_choices(DISTINCT[DEFAULT_CORPUS], None, "en")
        self.preset = add(Radio, choices=presets, value=DEFAULT_PRESET, elem_id="preset",
                          words={"label": "preset", "info": "preset_help"})  # fmt: skip
        self.count = gr.Markdown(elem_id="count-line")
        self.clock = gr.Timer(2.0, active=False)
        self.button = add(gr.Button, variant="primary", size="lg", elem_id="train-button",
                          words={"value": "train_button"})  # fmt: skip
        self.fields: dict[str, gr.components.Component] = {}
        with add(gr.Accordion, open=False, elem_id="advanced", words={"label": "advanced"}):
            for group, names in (("model", ("architecture", "tokenizer", "weights", *run_form.MODEL)),
                                 ("training", ("seed", *run_form.TRAIN)),
                                 ("run", ("prompt", "sample_tokens", "device"))):  # fmt: skip
                add(gr.Markdown, elem_classes="group", words={"value": f"group_{group}"})
                for name in names:
                    self.fields[name] = run_form.build_field(name, self.page.words, first[name])

    @property
    def form(self) -> list[gr.components.Component]:
        """The fields, in the order of `run_form.NAMES`."""
        return [self.fields[name] for name in run_form.NAMES]

    def connect(self, tab: gr.Tab) -> None:
        """Wire the widgets to each other and to the run in view."""
        page = self.page
        text = [self.corpus, self.text]
        counted = [*text, page.lang, *self.form]
        self.clock.tick(self.tell_times, counted, [self.preset, self.count, self.clock], **UNQUEUED)
        for event in (self.corpus.change, page.lang.input):
            event(self.choose_corpus, [self.corpus, page.lang], [self.about, self.own], **CHOSEN)
        self.file.upload(show_errors(self.read_file), [self.file, page.lang], [self.text, self.about], **UNQUEUED)
        self.preset.input(None, self.preset, self.form, js=run_form.fill_js())  # at once: Train may come next
        self.preset.input(self.choose_preset, [self.preset, *text, page.lang], self.count, **CHOSEN)
        for widget in (self.corpus, *self.form):
            widget.input(self.count_parameters, counted, self.count, **CHOSEN)
        self.button.click(
            show_errors(self.start),
            [self.preset, page.owner, *counted],
            [page.run, *self.shown],
            concurrency_limit=8,
            show_progress_on=[self.count],
            api_name="train",
        )
        self.transport.command(
            show_errors(self.command), [page.run, page.owner, page.lang], [page.run, *self.shown], **UNQUEUED
        )

    # -- handlers: values in, values out --------------------------------------------------------------------------

    def choose_corpus(self, corpus: Any, lang: str) -> tuple:
        """Return what a corpus is, and whether the box for an own text is shown."""
        about = translate(f"about_{corpus}", lang, "") if corpus in CORPUS_NAMES else ""
        return about, gr.update(visible=corpus == "own")

    def read_file(self, path: str | None, lang: str) -> tuple:
        """Return an uploaded text for the box, where it can be read and changed, and what it contains."""
        if not path:
            return gr.skip(), gr.skip()
        text, note = clean_text(decode_text(Path(path).read_bytes()))
        if len(text) > MAX_CHARACTERS:
            own_text(text)  # raises, with cause and remedy
        said = translate("uploaded", lang, name=Path(path).name[:60], count=len(text), distinct=len(set(text)))
        return text, f"{said}. {refused(note or '', lang)}"

    def choose_preset(self, preset: Any, corpus: Any, text: Any, lang: str) -> str:
        """Return the count line of a preset; the browser has filled the form with it."""
        if preset not in PRESETS:
            return gr.skip()
        return self.count_parameters(corpus, text, lang, *run_form.defaults(preset).values())

    def count_parameters(self, corpus: Any, text: Any, lang: str, *values: Any) -> str:
        """Return the count line of the form's model, or why the form describes none."""
        filled = run_form.read_form("custom", values)
        try:
            size = vocab_size_of(corpus, filled.run["tokenizer"], text)
            return run_form.count_line(filled, size, self.page.store.speed(), lang)
        except (ValueError, OSError) as error:
            return f"⚠ {refused(error, lang)}"

    def tell_times(self, corpus: Any, text: Any, lang: str, *values: Any) -> list:
        """Return the presets with their times and stop the clock, once the speed of this machine is known."""
        if self.page.store.speed() is None:
            return [gr.skip()] * 3
        return [self._presets(lang), self.count_parameters(corpus, text, lang, *values), gr.Timer(active=False)]

    def start(
        self, progress=gr.Progress(), preset: Any = None, owner: Any = None,  # noqa: B008
        corpus: Any = None, text: Any = None, lang: str = "en", *values: Any,
    ) -> list:  # fmt: skip
        """Check the form, start the run, and show it. Gradio passes `progress` by itself."""
        filled = run_form.read_form(preset if preset in PRESETS else "custom", values)

        def tell(done: int, total: int | None) -> None:
            progress((done, total), desc=translate("downloading", lang), unit="B")

        chosen = chosen_corpus(corpus, text, tell)
        plan = plan_run(chosen, filled.run, filled.model, filled.train, owner=self._owner(owner))
        return self._put_into_view(self.page.store.start(plan), owner, lang)

    def command(self, run_id: Any, owner: Any, lang: str, event: gr.EventData = None) -> list:
        """Do the command of a transport button to the run that the button was shown for."""
        store, command = self.page.store, getattr(event, "command", None)
        run_id = getattr(event, "run", None) or run_id
        simple = {"play": store.resume, "pause": store.pause, "step": store.step, "stop": store.stop,
                  "continue": store.extend}  # fmt: skip
        if command in simple:
            simple[command](run_id)
            return [gr.skip()] * (1 + len(self.shown))
        if command not in ("reset", "new_seed"):
            raise ValueError(f"There is no command {str(command)[:20]!r}; use the buttons under the chart")
        old = store.get(run_id)
        paused = old.status().state == "paused"
        store.stop(run_id)
        new = store.start(again(old, new_seed=command == "new_seed", owner=self._owner(owner)), paused=paused)
        return self._put_into_view(new, owner, lang)

    def _put_into_view(self, run: RunDir, owner: Any, lang: str) -> list:
        """Return the values of the picker and of this tab: the chart shows a new run before the other tabs do."""
        picked = gr.update(choices=self.page.run_choices(owner, lang), value=run.id)
        return [picked, *self.show(run, owner, lang)]

    def show(self, run: RunDir | None, owner: Any, lang: str) -> list:
        """Return the values of chart, transport, samples and downloads for a run."""
        run_id = run.id if run else None
        ghosts = self.page.ghosts(run, owner, lang) if run else []
        words = widget_words(lang)
        return [
            run_value(run_id, lang, words["loss_chart"], ghosts=ghosts),
            run_value(run_id, lang, words["transport"]),
            run_value(run_id, lang, words["samples"]),
            Downloads.pack(run_id, files_of(run), lang),
        ]

    @property
    def shown(self) -> list[gr.components.Component]:
        """The widgets that `show` fills."""
        return [self.chart, self.transport, self.samples, self.downloads]

    def fill(self, run: RunDir | None, lang: str) -> list:
        """Return the form of a run and its count line, so that a refresh of the page keeps what was set."""
        values, corpus, preset, text = run_form.defaults(DEFAULT_PRESET), DEFAULT_CORPUS, DEFAULT_PRESET, ""
        if run is not None and run.id != WELCOME:
            config = run.config()
            values, corpus, preset = run_form.values_of(config), config.corpus, config.preset
            text = run.text() if corpus == "own" else ""
        line = self.count_parameters(corpus, text, lang, *values.values())
        return [corpus, text, *self.choose_corpus(corpus, lang), preset, line, *values.values()]

    @property
    def filled(self) -> list[gr.components.Component]:
        """The widgets that `fill` fills."""
        return [self.corpus, self.text, self.about, self.own, self.preset, self.count, *self.form]

    def translate(self, lang: str, memory: dict) -> list:
        """Return what else of the tab follows the language."""
        unknown = self.page.store.speed() is None
        return [gr.update(choices=corpus_choices(lang)), self._presets(lang), gr.Timer(active=unknown)]

    @property
    def translated(self) -> list[gr.components.Component]:
        """The widgets that `translate` changes."""
        return [self.corpus, self.preset, self.clock]

    def _presets(self, lang: str) -> dict:
        return gr.update(choices=run_form.preset_choices(DISTINCT[DEFAULT_CORPUS], self.page.store.speed(), lang))

    def _owner(self, owner: Any) -> str | None:
        return owner if self.page.settings.shared and isinstance(owner, str) else None


def files_of(run: RunDir | None) -> dict[str, str]:
    """Return the downloads of a run, each by the key of its words."""
    is_gpt2 = run is not None and is_gpt2_shaped(run.config().model)
    return {**FILES, "download_hf": "huggingface.zip"} if is_gpt2 else FILES


def corpus_choices(lang: str) -> list[tuple[str, str]]:
    """Return (words, name) of each corpus."""
    return [(corpus_name(name, lang), name) for name in CORPUS_NAMES]


def chosen_corpus(name: Any, text: Any, progress: Any = None) -> Corpus:
    """Return the corpus that a form asks for: loaded by its name, or made of the user's own text."""
    return own_text(text_of(text, MAX_CHARACTERS, "Your text")) if name == "own" else load_corpus(name, progress)


def vocab_size_of(corpus: Any, tokenizer: Any, text: Any) -> int:
    """Return the size of the vocabulary that a corpus and a tokenizer lead to, if possible without the text itself."""
    if tokenizer == "gpt2":
        return GPT2_VOCAB_SIZE
    if corpus == "own":
        return max(1, len(set(text_of(text, MAX_CHARACTERS, "Your text"))))
    return DISTINCT.get(corpus) or _characters(corpus)


@lru_cache
def _characters(corpus: str) -> int:
    return len(set(load_corpus(corpus).text))
