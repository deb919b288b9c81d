"""The Train tab: what to train on the left, the loss and its transport in the middle, the samples on the right."""

import time
from typing import Any

import gradio as gr

from core.architectures import architecture_of
from core.runs.directory import RunDir
from core.runs.machine import is_busy
from core.runs.memory import memory_lately
from core.runs.plan import plan_run
from core.runs.presets import DEFAULT_PRESET, PRESETS
from core.runs.store import WELCOME
from core.text.corpora import CORPUS_NAMES, DEFAULT_CORPUS, DISTINCT, Corpus, load_corpus, own_text
from core.text.decoding import MAX_CHARACTERS
from playground.linked import Asked
from playground.page import PageContext, run_value
from playground.server import line
from playground.server.rights import HOST, Person
from playground.train import downloads
from playground.train import form as run_form
from playground.train.checks import FACTS_JS, WHOLE, TextFacts, refusals, vocab_size_of
from playground.train.code_shown import SOURCES, CodeView
from playground.train.loss_chart import LossChart
from playground.train.own_text import FORGET_JS, OwnText
from playground.train.samples import SampleTable
from playground.train.terms import Terms, terms_value
from playground.train.transport import REFUSED_JS, Transport
from playground.widgets.downloads import Downloads
from playground.widgets.form_check import FormCheck
from playground.widgets.inputs import CHOSEN, UNQUEUED, Dropdown, Radio, Textbox, event_value, show_errors, text_of
from playground.widgets.plain_text import PlainText
from playground.words.refusals import refused
from playground.words.run_names import corpus_name
from playground.words.translate import marked, translate, widget_words

LOOK, ROUGH_LOOK = 2.0, 30.0  # seconds between two looks for the machine's speed; for a better one than a rough one
FILLED_JS = "() => String(performance.now())"


class TrainTab:
    """The widgets of the tab and what they do."""

    files, linked = downloads.DOWNLOADS, property(run_form.in_links)

    def __init__(self, page: PageContext):
        """Build the tab's widgets inside the current Gradio context; `connect` wires them."""
        self.page = page
        add = page.words.add
        add(gr.Markdown, elem_classes="intro", words={"value": "train_intro"})
        with gr.Row(elem_classes="train-row", equal_height=False):
            with gr.Column(scale=3, min_width=270, elem_classes="what"):
                self._build_what()
            with gr.Column(scale=10, min_width=340, elem_classes="beside"):
                self._build_fields()
                with gr.Row(elem_classes="seen", equal_height=False):
                    with gr.Column(scale=6, min_width=340, elem_classes="watch"):
                        self.chart = LossChart(elem_id="loss-chart")
                        self.transport = Transport(elem_id="transport")
                        self.terms = Terms(terms_value("en"), elem_id="terms")
                    with gr.Column(scale=4, min_width=290, elem_classes="read"):
                        self.samples = SampleTable(elem_id="samples")
        self.downloads = Downloads(elem_id="downloads")
        with gr.Accordion(
            translate("how_it_works", "en", file="core/model.py"), open=False, elem_id="code"
        ) as self.code:
            self.source = CodeView(elem_id="code-view")

    def _build_what(self) -> None:
        add = self.page.words.add
        self.corpus = add(Dropdown, choices=corpus_choices("en"), value=DEFAULT_CORPUS, words={"label": "corpus"},
                          elem_id="corpus")  # fmt: skip
        self.about = PlainText(translate(f"about_{DEFAULT_CORPUS}", "en", ""), elem_id="corpus-about")
        self.own_text = OwnText(self.page.words)
        self.own, self.text = self.own_text.group, self.own_text.text
        self.facts = Textbox(visible="hidden", elem_id="text-facts")  # of the own text: `checks.TextFacts`
        self.filled_in = Textbox(visible="hidden", elem_id="filled-in")  # changes whenever the form was filled
        presets = run_form.preset_choices(DISTINCT[DEFAULT_CORPUS], None, "en")
        self.preset = add(Radio, choices=presets, value=DEFAULT_PRESET, elem_id="preset",
                          words={"label": "preset", "info": "preset_help"})  # fmt: skip
        self.clock = gr.Timer(LOOK, active=False)
        with gr.Column(elem_id="go"):  # stays in sight
            self.count = PlainText(elem_id="count-line")
            self.button = add(gr.Button, variant="primary", size="lg", elem_id="train-button",
                              words={"value": "train_button"})  # fmt: skip

    def _build_fields(self) -> None:
        add, first = self.page.words.add, run_form.defaults(DEFAULT_PRESET)
        self.fields: dict[str, gr.components.Component] = {}
        self.check = FormCheck({"wrong": {}}, elem_id="form-check")
        with add(gr.Accordion, open=False, elem_id="advanced", words={"label": "advanced"}) as self.fold:
            for group, names in run_form.GROUPS.items():
                add(gr.Markdown, elem_classes="group", words={"value": f"group_{group}"})
                with gr.Row(elem_classes="fields"):
                    for name in names:
                        self.fields[name] = run_form.build_field(name, self.page.words, first[name])

    @property
    def form(self) -> list[gr.components.Component]:
        """The fields, in the order of `run_form.NAMES`."""
        return [self.fields[name] for name in run_form.NAMES]

    def connect(self, tab: gr.Tab) -> None:
        """Wire the widgets to each other and to the run in view."""
        page = self.page
        counted = [self.preset, self.corpus, self.facts, page.lang, *self.form]
        told = [self.count, self.check]
        self.clock.tick(self.tell_times, page.lang, [self.preset, self.filled_in, self.clock], **UNQUEUED)
        for event in (self.corpus.change, page.lang.input):
            event(self.choose_corpus, [self.corpus, page.lang], [self.about, self.own], **CHOSEN)
        self.own_text.connect(page.lang)
        self.text.change(None, self.text, self.facts, js=FACTS_JS)  # in the browser: only Train sends the text
        for chosen in (self.preset.input, self.check.again):  # again: Gradio says nothing of what is chosen already
            # In the browser, so at once: Train may come next.
            chosen(None, self.preset, [*self.form, self.filled_in], js=run_form.fill_js())
        typed = [self.fields["prompt"].change]  # Gradio's `input` of a text tells of keys, and not of a paste
        typed += [widget.input for widget in (self.corpus, *self.form)]
        changed = [self.facts.change, page.lang.change, self.filled_in.change, *typed]
        gr.on(changed, self.count_parameters, counted, told, **CHOSEN)  # one event: answers come in their order
        given = [self.preset, page.person, self.own_text.name, self.corpus, self.text, page.lang, *self.form]
        trains = {"concurrency_limit": 8, "concurrency_id": line.NAME, "show_progress_on": [self.count]}
        start = page.line.worked_off()(self.start)  # each press is timed
        begun = (show_errors(start), given, [page.run, *self.shown])
        self.button.click(*begun, **trains, api_name="train").success(None, js=FORGET_JS)
        play = self.transport.begin(*begun, **trains, api_visibility="private")  # Play, where there is no run
        play.success(None, js=FORGET_JS)
        play.failure(None, js=REFUSED_JS)
        commanded = self.transport.command(
            show_errors(self.command), [page.run, page.person, page.lang],
            [self.fields["seed"], page.run, *self.shown], **UNQUEUED,
        )  # fmt: skip
        commanded.failure(None, js=REFUSED_JS)
        commanded.success(None, None, self.filled_in, js=FILLED_JS)

    # -- handlers: values in, values out --------------------------------------------------------------------------

    def choose_corpus(self, corpus: Any, lang: str) -> tuple:
        """Return what a corpus is, and whether the box for an own text is shown."""
        about = translate(f"about_{corpus}", lang, "") if corpus in CORPUS_NAMES else ""
        return about, gr.update(visible=corpus == "own")

    def count_parameters(self, preset: Any, corpus: Any, facts: Any, lang: str, *values: Any) -> list:
        """Return the count line of the form's model, or why the form describes none, and the fields that are wrong.

        facts: what the browser counted of the own text (`checks.FACTS_JS`).
        """
        return self._told(preset, corpus, TextFacts.read(facts), lang, values)

    def _told(self, preset: Any, corpus: Any, facts: TextFacts, lang: str, values: tuple) -> list:
        filled = run_form.read_form("custom", values)
        try:
            wrong = refusals(filled, corpus, facts, self.page.store.most_memory())
            if not wrong and corpus == "own" and not facts.length:
                return [marked("own_empty", lang), {"wrong": {}}]
            if not wrong:
                size = vocab_size_of(corpus, filled.run["tokenizer"], facts)
                speed, memory = self.page.store.speed(), memory_lately()
                line = run_form.count_line(filled, size, speed, lang, is_busy(), memory)
                if changed := run_form.changed_line(preset, values, lang):
                    line = [*line[:-1], f"{line[-1]}\n{changed[0]}", *changed[1:]]
                return [line, {"wrong": {}}]
        except (ValueError, OSError) as error:
            wrong = {WHOLE: str(error)}
        wrong = {name: refused(sentence, lang) for name, sentence in wrong.items()}
        return [f"⚠ {next(iter(wrong.values()))}", {"wrong": wrong}]

    def tell_times(self, lang: str) -> list:
        """Return the presets with their times, once the speed is known; the clock stops when it is no rough one."""
        speed = self.page.store.speed()
        if speed is None:
            return [gr.skip()] * 3
        return [self._presets(lang), str(time.monotonic()), gr.Timer(ROUGH_LOOK, active=speed.rough)]

    def start(
        self, progress=gr.Progress(), preset: Any = None, person: Person = HOST, filename: Any = None,  # noqa: B008
        corpus: Any = None, text: Any = None, lang: str = "en", *values: Any,
    ) -> list:  # fmt: skip
        """Check the form, start the run, and show it. Gradio passes `progress` by itself."""
        filled = run_form.read_form(preset if preset in PRESETS else "custom", values)

        def tell(done: int, total: int | None) -> None:
            progress((done, total), desc=translate("downloading", lang), unit="B")

        chosen = chosen_corpus(corpus, text, tell, filename, self.page.settings.profile.characters)
        facts = TextFacts.of(chosen.text) if corpus == "own" else TextFacts()
        memory = self.page.store.most_memory()
        if wrong := refusals(filled, corpus, facts, memory):
            raise ValueError(next(iter(wrong.values())))
        owner = person.owner if self.page.settings.profile.shared else None
        plan = plan_run(
            chosen, filled.run, filled.model, filled.train, owner=owner, memory=self.page.store.most_memory()
        )
        with self.page.limits.new_run(person, plan.config):
            run = self.page.store.start(plan)
        return self._put_into_view(run, person, lang)

    def command(self, run_id: Any, person: Person, lang: str, event: gr.EventData = None) -> list:
        """Do the command of a transport button to the run that its event names; a new seed is the form's too."""
        store, limits, command = self.page.store, self.page.limits, event_value(event, "command")
        run = self.page.changeable_run(event_value(event, "run") or run_id, person)
        ends = {"pause": store.pause, "stop": store.stop}
        trains = {"play": store.resume, "step": store.step, "continue": store.extend}
        if command not in (*ends, *trains, "reset", "new_seed"):
            raise ValueError(f"There is no command {str(command)[:20]!r}; use the buttons under the chart")
        if command in ends:
            ends[command](run.id)
            return [gr.skip()] * (2 + len(self.shown))
        if command in trains:
            with limits.more_steps(person, run):
                trains[command](run.id)
            return [gr.skip()] * (2 + len(self.shown))
        with limits.new_run(person, run.config(), instead_of=run):
            new = store.restart(run.id, new_seed=command == "new_seed")
        seed = new.config().train.seed if command == "new_seed" else gr.skip()
        return [seed, *self._put_into_view(new, person, lang)]

    def _put_into_view(self, run: RunDir, person: Person, lang: str) -> list:
        """Return the values of the picker and of this tab: the chart shows a new run before the other tabs do."""
        return [run.id, *self.show(run, person, lang)]

    def show(self, run: RunDir | None, person: Person, lang: str) -> list:
        """Return the values of chart, transport, samples and downloads for a run."""
        run_id = run.id if run else None
        whose = run and not self.page.may_change(run, person) and self.page.runs.whose(run.config().owner, person)
        words = widget_words(lang)
        return [
            run_value(run_id, lang, words["loss_chart"]),
            run_value(run_id, lang, words["transport"], can_start=run is None, read_only=whose or ""),
            run_value(run_id, lang, words["samples"]),
            Downloads.pack(run_id, downloads.files_of(run), lang, downloads.missing_of(run, lang)),
            *self._code_of(run, lang),
        ]

    def _code_of(self, run: RunDir | None, lang: str) -> list:
        """Return the heading and the code of the model that a run trains; GPT-2's where there is no run."""
        architecture = architecture_of(run.config().model) if run else "gpt"
        label = translate("how_it_works", lang, file=SOURCES[architecture])
        return [gr.update(label=label), CodeView.pack(architecture, lang)]

    @property
    def shown(self) -> list[gr.components.Component]:
        """The widgets that `show` fills."""
        return [self.chart, self.transport, self.samples, self.downloads, self.code, self.source]

    def recall(self, opened: Any) -> Any:
        """Bring back what was not trained on yet, once the page has `opened`; return the event of that."""
        return self.own_text.recall(opened, self.corpus)

    def fill(self, run: RunDir | None, lang: str, person: Person = HOST, asked: Asked | None = None) -> list:
        """Return the form and its count line: as a link asks, else that of a run, so that a refresh keeps what was set.

        A run on somebody else's own text, or on one that there is not here, leaves the form as at first.
        """
        values, corpus, preset, text = run_form.defaults(DEFAULT_PRESET), DEFAULT_CORPUS, DEFAULT_PRESET, ""
        config = run.config() if run is not None and run.id != WELCOME else None
        if config and config.corpus in CORPUS_NAMES and (config.corpus != "own" or self.page.may_change(run, person)):
            values, corpus, preset = run_form.values_of(config), config.corpus, config.preset
            text = run.text() if corpus == "own" else ""
        if asked and (form := run_form.of_link(asked.values)):
            corpus, preset, values = form
            text = asked.values.get("text", text) if corpus == "own" else ""
        told = self._told(preset, corpus, TextFacts.of(text), lang, tuple(values.values()))
        return [corpus, text, *self.choose_corpus(corpus, lang), preset, *told, *values.values()]

    @property
    def filled(self) -> list[gr.components.Component]:
        """The widgets that `fill` fills."""
        return [self.corpus, self.text, self.about, self.own, self.preset, self.count, self.check, *self.form]

    def translate(self, lang: str, memory: dict) -> list:
        """Return what else of the tab follows the language."""
        speed = self.page.store.speed()
        return [
            gr.update(choices=corpus_choices(lang)),
            self._presets(lang),
            gr.Timer(LOOK if speed is None else ROUGH_LOOK, active=speed is None or speed.rough),
            terms_value(lang),
        ]

    @property
    def translated(self) -> list[gr.components.Component]:
        """The widgets that `translate` changes."""
        return [self.corpus, self.preset, self.clock, self.terms]

    def _presets(self, lang: str) -> dict:
        return gr.update(choices=run_form.preset_choices(DISTINCT[DEFAULT_CORPUS], self.page.store.speed(), lang))


def corpus_choices(lang: str) -> list[tuple[str, str]]:
    """Return (words, name) of each corpus."""
    return [(corpus_name(name, lang), name) for name in CORPUS_NAMES]


def chosen_corpus(
    name: Any, text: Any, progress: Any = None, filename: str | None = None, most: int = MAX_CHARACTERS
) -> Corpus:
    """Return the corpus that a form asks for: loaded by its name, or made of the user's own text."""
    if name != "own":
        return load_corpus(name, progress)
    return own_text(text_of(text, 3 * most, "Your text"), filename, most)  # as long as a text that is taken apart
