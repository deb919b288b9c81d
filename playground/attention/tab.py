"""The Attention tab: what each token of a text attends to, in any snapshot of a run or in GPT-2."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr

from core.runs.directory import RunDir
from core.text.corpora import DEFAULT_CORPUS
from playground.attention import downloads
from playground.attention.attention import AttentionDetail, AttentionView, HeadLines, HeadMap
from playground.page import PageContext
from playground.prompts import GPT2, MOST_TEXT, RUN, source_choices
from playground.widgets.downloads import Downloads
from playground.widgets.inputs import CHOSEN, UNQUEUED, Radio, Textbox, show_errors, text_of
from playground.widgets.visibility import VisibilityTrigger
from playground.words.translate import translate, widget_words

if TYPE_CHECKING:
    from playground.attention.values import TextAttention

REDRAW = 0.25  # seconds between two updates of the map while heads are silenced
# Texts in which known patterns show: a name called again, brackets and quotes that close, words that come back.
EXAMPLES = {
    "plays": ("SILLOLIN:\nCome, Sillolin, come!", '[Enter HOBVER, crying "By cart!"]', "the cat and the cat and the"),
    "shakespeare": ("ROMEO:\nO Romeo, Romeo!", "KING RICHARD:\nWhat, King Richard?", "my lord, my lord, my good lord"),
    "python": ("def first(first):\n    return first", "(a, (b, [c]))", "import os\nimport sys\nimport re"),
    "own": (),
}
FILES = {
    "download_heatmap_png": "heatmap.png",
    "download_heatmap_svg": "heatmap.svg",
    "download_grid_png": "grid.png",
    "download_grid_svg": "grid.svg",
    "download_weights": "weights.npz",
}
CHANNEL = "attention"


class AttentionTab:
    """The widgets of the tab and what they do."""

    files = downloads.DOWNLOADS

    def __init__(self, page: PageContext):
        """Build the tab's widgets inside the current Gradio context; `connect` wires them."""
        self.page = page
        add = page.words.add
        add(gr.Markdown, elem_classes="intro", words={"value": "attention_intro"})
        with gr.Row(equal_height=False):
            with gr.Column(scale=3, min_width=300):
                self.text = add(Textbox, lines=2, max_lines=4, max_length=MOST_TEXT, elem_id="attention-text",
                                value=EXAMPLES[DEFAULT_CORPUS][0], words={"label": "attention_text"})  # fmt: skip
            with gr.Column(scale=2, min_width=280):
                self.source = add(Radio, choices=source_choices("en"), value=RUN, elem_id="attention-source",
                                  words={"label": "source"})  # fmt: skip
                self.examples = gr.Dataset(components=[gr.Textbox(visible=False)], samples=[["\n"]], show_label=False,
                                           type="values", elem_id="attention-examples")  # fmt: skip
        self.view = AttentionView(elem_id="attention-view")
        self.detail = AttentionDetail(elem_id="attention-detail")
        with gr.Row(equal_height=False):
            with gr.Column(scale=1, min_width=320):
                self.go = add(gr.Button, elem_id="silence-button", words={"value": "silence_button"})
                self.map = HeadMap(elem_id="head-map")
            with gr.Column(scale=1, min_width=320):
                self.lines = HeadLines(elem_id="head-lines")
        self.downloads = Downloads(elem_id="attention-downloads")
        self.sight = VisibilityTrigger()
        self.step = gr.State(None)  # of the snapshot; None: the last
        self.head = gr.State((0, 0))  # which head is chosen, for the downloads

    def connect(self, tab: gr.Tab) -> None:
        """Wire the widgets to each other, to the run in view, and to the tab being opened."""
        page = self.page
        asked = [page.run, self.source, self.text, self.step, page.lang]
        drawn = [self.view, self.downloads]
        lines_of = [page.run, self.source, self.text, page.lang]
        lines = {"fn": show_errors(self.draw_lines), "inputs": lines_of, "outputs": [self.lines]}
        tab.select(show_errors(self.draw), [*asked, self.head], drawn, **UNQUEUED).then(**lines, **UNQUEUED)
        self.text.change(show_errors(self.draw), [*asked, self.head], drawn, trigger_mode="always_last", **UNQUEUED)
        self.text.blur(**lines, trigger_mode="always_last", **UNQUEUED)
        queued = {**CHOSEN, "queue": True}  # GPT-2 takes its time
        self.source.input(show_errors(self.draw), [*asked, self.head], drawn, **queued).then(**lines, **UNQUEUED)
        self.examples.click(show_errors(self.use_example), [self.examples, page.lang], [self.text], **UNQUEUED)
        self.sight.due(show_errors(self.draw), [*asked, self.head], drawn, **UNQUEUED).then(**lines, **UNQUEUED)
        self.view.step(show_errors(self.go_to_step), [*asked, self.head], [self.step, *drawn], **UNQUEUED)
        self.view.choose(show_errors(self.choose_head), asked, [self.head, self.downloads], **UNQUEUED)
        self.detail.ask(show_errors(self.explain), asked, [self.detail], **UNQUEUED)
        self.go.click(
            show_errors(self.silence),
            [page.run, self.source, self.step, self.text, page.lang],
            [self.map],
            concurrency_id="compute",
            concurrency_limit=2,
            show_progress="hidden",
            api_visibility="private",
        )

    # -- handlers: values in, values out --------------------------------------------------------------------------

    def draw(self, run_id: Any, source: Any, text: Any, step: Any, lang: str, head: Any) -> list:
        """Return the view of a text, and the downloads that belong to it."""
        if source == GPT2:
            attention = self._attention(run_id, GPT2, text, step, lang)
            return [_packed([], attention, lang), Downloads.pack(None, FILES, lang)]
        run = self.page.store.get(run_id)
        if not has_attention(run) or not run.snapshots():
            why = "no_snapshot_yet" if has_attention(run) else "no_attention"
            empty = {"text": {**widget_words(lang)["attention"], "empty": translate(why, lang)}}
            return [empty, Downloads.pack(None, FILES, lang)]
        attention = self._attention(run_id, RUN, text, step, lang)
        return [_packed(run.snapshots(), attention, lang), _links(run, attention.step, text, head, lang)]

    def draw_lines(self, run_id: Any, source: Any, text: Any, lang: str) -> dict:
        """Return how the scores of each head grew over the run's snapshots."""
        if source == GPT2:
            words = {**widget_words(lang)["attention_lines"], "empty": translate("gpt2_no_history", lang)}
            return HeadLines.pack([], {}, words, CHANNEL)
        run, words = self.page.store.get(run_id), widget_words(lang)["attention_lines"]
        if not has_attention(run) or not run.snapshots():
            return HeadLines.pack([], {}, words, CHANNEL)
        from playground.attention import values

        steps, scores = values.score_history(run, text_of(text, MOST_TEXT, "The text"), lang)
        return HeadLines.pack(steps, scores, words, CHANNEL)

    def go_to_step(
        self, run_id: Any, source: Any, text: Any, step: Any, lang: str, head: Any, event: gr.EventData = None
    ) -> list:
        """Return the same text at another snapshot."""
        step = getattr(event, "step", None)
        return [step, *self.draw(run_id, source, text, step, lang, head)]

    def choose_head(
        self, run_id: Any, source: Any, text: Any, step: Any, lang: str, event: gr.EventData = None
    ) -> list:
        """Return the chosen head and its downloads; the browser has drawn the head already."""
        layer, head = getattr(event, "layer", 0), getattr(event, "head", 0)  # the mean's downloads are head 0's
        chosen = (layer, head if isinstance(head, int) else 0)
        if source == GPT2:
            return [chosen, Downloads.pack(None, FILES, lang)]
        run, attention = self.page.store.get(run_id), self._attention(run_id, RUN, text, step, lang)
        return [chosen, _links(run, attention.step, text, chosen, lang)]

    def explain(self, run_id: Any, source: Any, text: Any, step: Any, lang: str, event: gr.EventData = None) -> dict:
        """Return one head's scores before the mask."""
        layer, head = getattr(event, "layer", 0), getattr(event, "head", 0)
        attention = self._attention(run_id, source, text, step, lang)
        scores = attention.scores_before_mask(layer, head)
        words = widget_words(lang)["attention_detail"]
        return AttentionDetail.pack(attention.tokens, layer, head, scores.numpy(), words, CHANNEL)

    def silence(self, run_id: Any, source: Any, step: Any, text: Any, lang: str) -> Iterator[dict]:
        """Silence each head in turn and draw the rises of the loss as they come."""
        from playground.attention import values

        run, words = self.page.store.get(run_id), widget_words(lang)["attention_map"]
        title = translate("silence_title", lang)
        if source != GPT2 and not has_attention(run):
            raise ValueError(translate("no_attention", lang))
        attention = self._attention(run_id, source, text, step, lang)
        L, nh = attention.observed.weights.shape[:2]
        rises: list[list[float | None]] = [[None] * nh for _ in range(L)]
        yield HeadMap.pack(rises, title, None, words, CHANNEL)
        shown_at = time.monotonic()
        for layer, head, rise in values.silence_gpt2(run, lang) if source == GPT2 else values.silence(run, step):
            rises[layer][head] = rise
            if time.monotonic() - shown_at > REDRAW:
                shown_at = time.monotonic()
                yield HeadMap.pack(rises, title, None, words, CHANNEL)
        yield HeadMap.pack(rises, title, brightness_note(attention, rises, lang), words, CHANNEL)

    def use_example(self, sample: Any, lang: str) -> str:
        """Put an example into the text."""
        return text_of(sample[0] if isinstance(sample, list) and sample else None, MOST_TEXT, "The example")

    def show(self, run: RunDir | None, owner: Any, lang: str) -> list:
        """Return what follows the run in view: its examples, a text of its kind, empty cards, and the tab's `due`."""
        corpus = run.config().corpus if run else DEFAULT_CORPUS
        examples = EXAMPLES.get(corpus) or (own_example(run),)
        words = widget_words(lang)
        view = words["attention"]
        if run and has_attention(run) and run.snapshots():
            view = {**view, "empty": translate("looking", lang)}  # drawn as soon as the tab is opened
        return [
            gr.update(samples=[[example] for example in examples]),
            examples[0],
            {"text": view},
            {"text": words["attention_detail"], "channel": CHANNEL},
            {"text": {**words["attention_map"], "empty": translate("silence_empty", lang)}, "channel": CHANNEL},
            {"text": words["attention_lines"], "channel": CHANNEL},
            None,  # its last snapshot: another run has others
            {"run": run and run.id, "lang": lang},
        ]

    @property
    def shown(self) -> list[gr.components.Component]:
        """The widgets that `show` fills."""
        return [self.examples, self.text, self.view, self.detail, self.map, self.lines, self.step, self.sight]

    def translate(self, lang: str, memory: dict) -> list:
        """Return what else of the tab follows the language."""
        return [gr.update(choices=source_choices(lang))]

    @property
    def translated(self) -> list[gr.components.Component]:
        """The widgets that `translate` changes."""
        return [self.source]

    def _attention(self, run_id: Any, source: Any, text: Any, step: Any, lang: str) -> "TextAttention":
        """Return what the chosen model attends to in the text; ValueError for a text or snapshot that cannot be."""
        from playground.attention import values

        text = text_of(text, MOST_TEXT, "The text")
        if source == GPT2:
            return values.gpt2_text_attention(text, lang)
        return values.text_attention(self.page.store.get(run_id), text, step, lang)


def _packed(steps: list[int], attention: "TextAttention", lang: str) -> dict:
    return AttentionView.pack(
        attention.tokens,
        attention.observed.weights.numpy(),
        attention.predictions,
        {"scores": {name: score.tolist() for name, score in attention.scores.items()}, "labels": attention.labels},
        note=attention.note,
        step=attention.step,
        steps=steps,
        text=widget_words(lang)["attention"],
        lang=lang,
        channel=CHANNEL,
    )


def _links(run: RunDir, step: int, text: str, head: Any, lang: str) -> dict:
    layer, head = head if isinstance(head, list | tuple) and len(head) == 2 else (0, 0)
    return Downloads.pack(run.id, FILES, lang, text=text, step=str(step), layer=str(layer), head=str(head))


def has_attention(run: RunDir) -> bool:
    """Tell whether a run's model has heads to look at."""
    return hasattr(run.config().model, "n_head")


def own_example(run: RunDir | None) -> str:
    """Return the beginning of a user's own text, for a run on it."""
    return " ".join(run.text()[:200].split())[:40] if run else ""


def head_name(place: tuple[int, int], lang: str) -> str:
    """Return a head's name in a sentence: "layer 0, head 1" and not 0.1, which is a number."""
    return translate("head_name", lang, layer=place[0], head=place[1])


def brightness_note(attention: "TextAttention", rises: list[list[float]], lang: str) -> str:
    """Compare the head with the largest single weights to the head whose silencing raises the loss most."""
    brightest = attention.observed.weights[:, :, 1:].amax(-1).mean(-1)  # (L, nh), the mean over queries from 1
    nh = brightest.shape[1]
    bright = divmod(int(brightest.argmax()), nh)
    flat = [(rise, (layer, head)) for layer, row in enumerate(rises) for head, rise in enumerate(row)]
    most, top = max(flat)
    names = {"bright": head_name(bright, lang), "top": head_name(top, lang)}
    said = {"weight": float(brightest[bright]), "most": most, "cost": rises[bright[0]][bright[1]]}
    return translate("silence_same" if bright == top else "silence_note", lang, **names, **said)
