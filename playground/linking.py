"""The page's state as a link: the parts that the tabs declare, brought together, read, and offered in the header.

While fields change, the browser writes the address (`widgets/link.js`), and Back and Forward put values into widgets
there too: the two events of `LinkBox` name no function of Python. Only when the page opens is an address read here.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from core.runs.directory import RunDir, no_run
from playground.linked import LONGEST, TEXT, Asked, Linked, names, one_of, read, snapshot
from playground.page import PageContext
from playground.widgets.link_box import LinkBox
from playground.words.refusals import refused
from playground.words.translate import translate


class Linking:
    """What of the page belongs to a link, and what the header says of it."""

    def __init__(self, page: PageContext):
        """Make what is said of links, inside the current Gradio context, below the header; `connect` wires it."""
        self.page, self.box = page, LinkBox(elem_id="link-box")
        self.parts: list[Linked] = []
        self.groups: dict[str, list[Linked]] = {}  # the key of a heading -> the parts below it in the checklist

    def connect(self, app: gr.Blocks, tabs: Mapping[str, Any]) -> None:
        """Gather the parts of the page and of its tabs, by their names, and let the browser hear every change."""
        page_parts = [
            Linked("tab", None, next(iter(tabs)), one_of("tab", list(tabs))),
            Linked("run", self.page.run, None, _run, label="picker_label"),
            Linked("step", None, "", snapshot, label="step_label", place="step-slider"),
            Linked("step_a", None, "", snapshot),
            *(Linked(name, label=f"tab_{name}", place=f"tab:{name}") for name in tabs),
        ]
        of_tabs = {name: list(getattr(tab, "linked", ())) for name, tab in tabs.items()}
        self.groups = {"link_page": page_parts[1:], **{f"tab_{name}": parts for name, parts in of_tabs.items()}}
        self.parts = [*page_parts, *(part for parts in of_tabs.values() for part in parts)]
        self.parts += [Linked(name, None, [], names(name, self._places)) for name in ("hide", "lock")]
        known = [part.name for part in self.parts if part.name]
        assert len(known) == len(set(known)), f"two parts of a link have one name: {sorted(known)}"
        values = self._widgets()
        told = json.dumps({"parts": [part.told() for part in self.parts], "first": next(iter(tabs)), "most": TEXT,
                           "longest": LONGEST})  # fmt: skip
        app.load(None, js=f"() => playground.link.declare({told})")
        put = [part.widget for part in self.parts if part.widget is not None and (part.read or not part.name)]
        tell = "(...values) => playground.link.changed(values)"
        gr.on([widget.change for widget in put], None, values, None, js=tell)
        self.box.gather(None, values, None, js=tell)
        self.box.apply(None, None, put, js="() => playground.link.given()")

    def asked(self, query: Mapping[str, str], run: RunDir | None) -> Asked:
        """Return what a link asks for; run: the one in view."""
        return read(self.parts, query, run)

    @property
    def outputs(self) -> list[gr.components.Component]:
        """The widgets that `values` fills: those of every part but the run in view."""
        return [widget for widget in self._widgets() if widget is not self.page.run]

    def values(self, asked: Asked) -> list:
        """Return the values that a link asks for; a widget that it does not name stays as it is."""
        named = [part.name for part in self.parts if part.read and part.widget not in (None, self.page.run)]
        return [gr.update(value=asked.values[name]) if name in asked.values else gr.skip() for name in named]

    def told(self, bases: Sequence[str], lang: str, asked: Asked | None = None) -> dict:
        """Return the value of the box; asked: what the link wanted that opened the page, only then."""
        labels = {part.name: self._label(part, lang) for parts in self.groups.values() for part in parts}
        places = set(self._places())
        groups = [{"title": translate(title, lang), "names": [part.name for part in parts if part.name in places]}
                  for title, parts in self.groups.items()]  # fmt: skip
        value = LinkBox.pack(labels, groups, TEXT, list(bases), lang, self.page.settings.profile.shared)
        if asked is None:
            return value
        held = {part.name: asked.values[part.name] for part in self.parts
                if part.widget is None and part.name in asked.values}  # fmt: skip
        return {**value, "said": [refused(sentence, lang) for sentence in asked.said], "held": held}

    def _widgets(self) -> list[gr.components.Component]:
        return [part.widget for part in self.parts if part.read and part.widget is not None]

    def _places(self) -> list[str]:
        return [part.name for part in self.parts if part.name and "id" in part.told()]

    def _label(self, part: Linked, lang: str) -> str:
        words = next((words for widget, words in self.page.words.widgets if widget is part.widget), {})
        key = part.label or words.get("label") or words.get("value")
        return translate(key, lang) if isinstance(key, str) else getattr(part.widget, "label", None) or part.name


def _run(given: str, run: RunDir | None) -> str:
    """Return the id of the run that a link names, if it can be looked at: who has its id may (`server/rights.py`)."""
    if run is None or run.id != given:
        raise no_run(given)
    return given
