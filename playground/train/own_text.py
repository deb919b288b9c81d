"""The user's own text: pasted or uploaded, what is in it said beside it, and what can be done about that with a click.

A refusal is no error here: it stands in the line below the file, which is taken away, and the box keeps what it had.
What was pasted or read is remembered by the browser until it is trained on. Left out on purpose: what is worth
learning from, which `core.text` says when a run is planned.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from core.text.decoding import BadBytes, decode_text
from core.text.reading import Reading, read_text
from playground.widgets.inputs import CHOSEN, UNQUEUED, File, Textbox
from playground.widgets.plain_text import PlainText
from playground.widgets.translations import Translations
from playground.words.refusals import refused
from playground.words.translate import translate


class OwnText:
    """The box, the file, the line about them and its two buttons; `group` holds them all."""

    def __init__(self, words: Translations):
        """Build the widgets inside the current Gradio context; `connect` wires them."""
        add = words.add
        with gr.Group(visible=False, elem_classes="own") as self.group:
            self.text = add(Textbox, lines=6, max_lines=12, elem_id="own-text",
                            words={"label": "own_text", "placeholder": "own_placeholder"})  # fmt: skip
            self.file = add(File, type="filepath", height=132, elem_id="own-file", words={"label": "upload"})
            self.said = PlainText(elem_id="own-said")
            small = {"size": "sm", "visible": False}
            self.take_out = add(gr.Button, elem_id="own-take-out", words={"value": "own_take_out"}, **small)
            self.replace = add(gr.Button, elem_id="own-replace", words={"value": "own_replace"}, **small)
        self.recalled = Textbox(visible="hidden", elem_id="own-recalled")  # changes where there is a text
        self.name = gr.State(None)  # of the file that the text in the box came from
        self.damaged = gr.State(None)  # the file whose bad bytes may be replaced

    def connect(self, lang: gr.components.Component) -> None:
        """Wire the widgets to each other."""
        told = [self.text, self.file, self.said, self.take_out, self.replace, self.name, self.damaged]
        for read in (
            self.file.upload(self.read_file, [self.file, lang], told, **UNQUEUED),
            self.replace.click(self.replace_bytes, [self.damaged, lang], told, **UNQUEUED),
            self.take_out.click(self.without_invisible, [self.text, self.name, lang], told, **UNQUEUED),
        ):
            read.then(None, self.text, js=REMEMBER_JS)
        self.text.blur(self.read_pasted, [self.text, lang], told, js=IF_NEW_JS, **UNQUEUED)
        self.file.clear(lambda: "", None, self.said, **UNQUEUED)
        self.again = ([self.text, self.name, lang], [self.said, self.take_out, self.replace])
        lang.input(self.tell_again, *self.again, **CHOSEN)

    def recall(self, opened: Any, corpus: gr.components.Component) -> Any:
        """Put the text that was not trained on yet back into the box, once the page has `opened`; return that event."""
        self.recalled.change(self.tell_again, *self.again, **UNQUEUED)
        return opened.then(None, [corpus, self.text], [corpus, self.text, self.recalled], js=RECALL_JS)

    # -- handlers: values in, values out --------------------------------------------------------------------------

    def read_file(self, path: Any, lang: str) -> list:
        """Return what becomes of every widget when a file is uploaded."""
        return self._read(path, lang) if path is not None else [gr.skip()] * 7

    def replace_bytes(self, path: Any, lang: str) -> list:
        """Read the damaged file with its bad bytes replaced."""
        return self._read(path, lang, replace=True) if path else [gr.skip()] * 7

    def read_pasted(self, text: Any, lang: str) -> list:
        """Say what is in a text that was typed or pasted; None: it is known."""
        if not isinstance(text, str) or not text:
            return [gr.skip()] * 7
        try:
            said = _said(read_text(text), lang)
        except ValueError as error:  # too long: it stays in the box, to be shortened
            return [gr.skip(), None, f"⚠ {refused(error, lang)}", *_offered(), None, None]
        return [gr.skip(), None, *said, None, None]

    def tell_again(self, text: Any, name: Any, lang: str) -> list:
        """Say once more what is in the text: after a reload, and in another language."""
        try:
            return _said(read_text(text, name), lang, name) if isinstance(text, str) and text else ["", *_offered()]
        except ValueError as error:
            return [f"⚠ {refused(error, lang)}", *_offered()]

    def without_invisible(self, text: Any, name: Any, lang: str) -> list:
        """Take the characters out that nobody sees."""
        reading = read_text(text, name, take_out=True) if isinstance(text, str) else None
        return [reading.text, gr.skip(), *_said(reading, lang, name), name, None] if reading else [gr.skip()] * 7

    def _read(self, path: str, lang: str, replace: bool = False) -> list:
        name = Path(path).name[:60]
        try:
            if not path:
                raise ValueError("What was uploaded is no file; choose one with some text in it")
            text, note = decode_text(Path(path).read_bytes(), replace)
            if not text.strip():
                raise ValueError("The file is empty; choose one with some text in it")
            reading = read_text(text, name)
            return [reading.text, gr.skip(), *_said(reading, lang, name, note), name, None]
        except (ValueError, OSError) as error:
            said = translate("own_refused", lang, name=name, cause=refused(error, lang))
            damaged = path if isinstance(error, BadBytes) else None
            return [gr.skip(), None, f"⚠ {said}", *_offered(replace=bool(damaged)), gr.skip(), damaged]


def _said(reading: Reading, lang: str, name: str | None = None, note: str | None = None) -> list:
    """Return the line about a text, and whether its two buttons are shown."""
    count, title = len(reading.text), name or f"“{reading.title}”"
    said = translate("uploaded", lang, name=title, count=count, distinct=reading.distinct)
    notes: Sequence[str] = [refused(each, lang) for each in (note, *reading.notes) if each]
    return [" ".join([f"{said}.", *notes]), *_offered(take_out=reading.invisible > 0)]


def _offered(take_out: bool = False, replace: bool = False) -> list:
    return [gr.update(visible=take_out), gr.update(visible=replace)]


# A page whose storage is blocked, or full, remembers nothing and works.
REMEMBER_JS = """(text) => {
  playground.ownText = text;
  try { localStorage.setItem('gpt-playground-own-text', text ?? ''); } catch { }
}"""
IF_NEW_JS = """(text, lang) => {
  if (text === (playground.ownText ?? '')) return [null, lang];
  playground.ownText = text;
  try { localStorage.setItem('gpt-playground-own-text', text ?? ''); } catch { }
  return [text, lang];
}"""
RECALL_JS = """(corpus, text) => {
  let kept = '';
  try { kept = localStorage.getItem('gpt-playground-own-text') ?? ''; } catch { }
  const link = playground.link, asks = link.named('corpus', 'preset', 'text'); // then it says which text to learn from
  if (link.named('text')) kept = text;
  playground.ownText = kept || text;
  const words = playground.ownText;
  return [kept && !asks ? 'own' : corpus, words, words ? String(performance.now()) : ''];
}"""
FORGET_JS = "() => { try { localStorage.removeItem('gpt-playground-own-text'); } catch { } }"
