"""What all tabs share: the store, the run in view, the language, and the words that follow it.

Left out on purpose: any widget of one tab. Tabs know this context, not each other.
"""

from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from core.runs.directory import RunDir
from core.runs.store import RunStore
from playground.server.settings import Settings
from playground.widgets.translations import Translations
from playground.words.run_names import run_label, what_changed
from playground.words.translate import translate

GHOSTS = 4  # earlier curves behind the present one


@dataclass
class PageContext:
    """What every tab is made with. `build_app` and the header set the widgets before the first tab is made."""

    store: RunStore
    settings: Settings
    words: Translations = field(default_factory=Translations)
    run: gr.components.Component | None = None  # the picker: its value is the id of the run in view
    lang: gr.components.Component | None = None
    memory: gr.BrowserState | None = None  # what this browser remembers: owner, run, language, choices
    owner: gr.State | None = None  # who this browser is, on a server with several people

    def readable_run(self, run_id: Any) -> RunDir | None:
        """Return the run called run_id; None when there is none, or when it cannot be read."""
        try:
            run = self.store.get(run_id)
            run.config(), run.status()
            return run
        except ValueError:
            return None

    def visible_runs(self, owner: Any) -> list[RunDir]:
        """Return the runs that this browser may see, newest first."""
        mine = owner if isinstance(owner, str) and owner else "-"
        return self.store.runs(mine if self.settings.shared else None)[0]

    def run_choices(self, owner: Any, lang: str) -> list[tuple[str, str]]:
        """Return (words, id) of every run that can be looked at."""
        choices = []
        for number, run in enumerate(reversed(self.visible_runs(owner)), start=1):
            try:
                state = translate(f"state_{run.status().state}", lang)
                choices.append((f"{number} · {run_label(run.config(), lang)} ({state})", run.id))
            except ValueError:  # deleted just now
                continue
        return choices[::-1]

    def ghosts(self, run: RunDir, owner: Any, lang: str) -> list[dict]:
        """Return earlier runs on the same text whose curves can be compared, each named by what changed."""
        config = run.config()
        others = [other for other in self.visible_runs(owner) if other.id != run.id]
        alike = []
        for other in others:
            try:
                theirs, step = other.config(), other.status().step
            except ValueError:  # deleted just now
                continue
            same_text = (theirs.corpus, theirs.tokenizer) == (config.corpus, config.tokenizer)
            if same_text and theirs.created < config.created and step > 0:
                alike.append({"id": other.id, "label": what_changed(config, theirs, lang)})
        return alike[:GHOSTS]


def run_value(run_id: str | None, lang: str, words: dict, **more: Any) -> dict:
    """Return the value of a component that follows a run."""
    return {"run": run_id, "lang": lang, "text": words, **more}
