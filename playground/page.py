"""What all tabs share: the store, the run in view, the language, and the words that follow it.

Left out on purpose: any widget of one tab. Tabs know this context, not each other.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from core.runs.directory import VALID_ID, RunDir, no_run
from core.runs.store import RunStore
from playground.server.limits import Limits
from playground.server.line import Line
from playground.server.rights import Person, Rights
from playground.server.run_list import RunList
from playground.server.settings import Settings
from playground.widgets.translations import Translations

# What a browser remembers, and what each value looks like: the run in view, and choices.
MEMORY = {"run": f"({VALID_ID.pattern})?", "lang": "en|vi", "unknown": "drop|replace"}


@dataclass
class PageContext:
    """What every tab is made with. `build_app` and the header set the widgets before the first tab is made."""

    store: RunStore
    settings: Settings
    words: Translations = field(default_factory=Translations)
    run: gr.components.Component | None = None  # the picker: its value is the id of the run in view
    moments: gr.components.Component | None = None  # the slider: which steps were chosen (`moments.py`)
    lang: gr.components.Component | None = None
    memory: gr.BrowserState | None = None  # what this browser remembers: run, language, choices
    person: gr.components.Component | None = None  # who looks: the browser sends a token, a handler gets a `Person`
    runs: RunList = field(init=False)  # the routes answer from it too, as from the rights
    rights: Rights = field(init=False)  # who may do what
    limits: Limits = field(init=False)  # how much one person may have
    line: Line = field(default_factory=Line)  # of those who press Train; the guard looks at it too

    def __post_init__(self):
        profile = self.settings.profile
        self.runs = RunList(self.store, profile.shared)
        self.rights = Rights(profile, self.settings.teacher_key, is_made=self.settings.key_is_made)
        self.limits = Limits(self.runs, profile)

    def readable_run(self, run_id: Any) -> RunDir | None:
        """Return the run called run_id; None when there is none, or when it cannot be read."""
        try:
            run = self.store.get(run_id)
            run.config(), run.status()
            return run
        except ValueError:
            return None

    def changeable_run(self, run_id: Any, person: Person) -> RunDir:
        """Return the run called run_id; ValueError, with the same sentence, when there is none or a person may not."""
        run = self.store.get(run_id)
        if not self.may_change(run, person):
            raise no_run(run_id)
        return run

    def may_change(self, run: RunDir, person: Person) -> bool:
        """Tell whether a person may change a run, and read its text; the host may even where it cannot be read."""
        try:
            return person.may_change(None if person.is_host else run.config().owner)
        except ValueError:  # damaged, or deleted just now
            return False


def remembered(memory: Any) -> dict[str, str]:
    """Return what a browser remembers, without what this page never gave it to remember."""
    memory = memory if isinstance(memory, dict) else {}
    known = {name: memory.get(name) for name in MEMORY if isinstance(memory.get(name), str)}
    return {name: value for name, value in known.items() if re.fullmatch(MEMORY[name], value)}


def run_value(run_id: str | None, lang: str, words: dict, **more: Any) -> dict:
    """Return the value of a component that follows a run."""
    return {"run": run_id, "lang": lang, "text": words, **more}
