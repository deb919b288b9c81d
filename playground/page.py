"""What all tabs share: the store, the run in view, the language, and the words that follow it.

Left out on purpose: any widget of one tab. Tabs know this context, not each other.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from core.runs.directory import VALID_ID, RunDir
from core.runs.store import RunStore
from playground.server.run_list import Listed, RunList
from playground.server.settings import Settings
from playground.widgets.translations import Translations

GHOSTS = 4  # earlier curves beside the present one, until somebody chooses
MOST_GHOSTS = 24  # curves to choose from
# What a browser remembers, and what each value looks like: who it is, the run in view, and choices.
MEMORY = {"owner": "[0-9A-Za-z]{32}", "run": f"({VALID_ID.pattern})?", "lang": "en|vi", "unknown": "drop|replace"}


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
    runs: RunList = field(init=False)  # who may see which; the routes answer from it too

    def __post_init__(self):
        self.runs = RunList(self.store, self.settings.profile.shared)

    def readable_run(self, run_id: Any) -> RunDir | None:
        """Return the run called run_id; None when there is none, or when it cannot be read."""
        try:
            run = self.store.get(run_id)
            run.config(), run.status()
            return run
        except ValueError:
            return None

    def visible_runs(self, owner: Any) -> list[Listed]:
        """Return the runs that this browser may see, newest first."""
        return self.runs.visible(owner)

    def ghosts(self, run: RunDir, owner: Any, lang: str) -> list[dict]:
        """Return the other runs on the same text, whose curves can be compared, newest first.

        shown: whether a curve is drawn until somebody chooses; those of the newest earlier runs are.
        """
        listed = {each.run.id: each for each in self.visible_runs(owner)}
        mine = listed.pop(run.id, None)
        found = []
        for other in listed.values() if mine else ():
            if other.status.step > 0 and _same_text(mine, other):
                earlier = other.config.created < mine.config.created
                shown = earlier and sum(ghost["shown"] for ghost in found) < GHOSTS
                found.append({"id": other.run.id, "label": other.short_name(lang), "shown": shown})
        return found[:MOST_GHOSTS]


def remembered(memory: Any) -> dict[str, str]:
    """Return what a browser remembers, without what this page never gave it to remember."""
    memory = memory if isinstance(memory, dict) else {}
    known = {name: memory.get(name) for name in MEMORY if isinstance(memory.get(name), str)}
    return {name: value for name, value in known.items() if re.fullmatch(MEMORY[name], value)}


def _same_text(run: Listed, other: Listed) -> bool:
    try:
        return run.config.corpus == other.config.corpus and run.text_key() == other.text_key()
    except OSError:  # deleted just now
        return False


def run_value(run_id: str | None, lang: str, words: dict, **more: Any) -> dict:
    """Return the value of a component that follows a run."""
    return {"run": run_id, "lang": lang, "text": words, **more}
