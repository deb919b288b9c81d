"""The Compare tab: the run in view beside GPT-2, counted part by part, and, once they are here, with its weights."""

import gradio as gr

from core.runs.directory import RunDir
from playground.compare.contents import Contents
from playground.compare.counting_section import CountingSection
from playground.compare.in_links import in_links
from playground.compare.pretrained_section import PretrainedSection
from playground.page import PageContext
from playground.server.rights import Person
from playground.widgets.visibility import VisibilityTrigger


class CompareTab:
    """A row of contents, and under it the pieces of the section in view; each half knows its own widgets."""

    linked = property(in_links)

    def __init__(self, page: PageContext):
        """Build the tab's widgets inside the current Gradio context; `connect` wires them."""
        self.place = Contents(elem_id="compare-section")
        self.sections = [CountingSection(page), PretrainedSection(page)]
        self.sight = VisibilityTrigger()

    def connect(self, tab: gr.Tab) -> None:
        """Wire the widgets to each other, to the tab being opened, and to another run or language while it is."""
        for section in self.sections:
            section.connect(tab, self.sight, self.place)

    def show(self, run: RunDir | None, person: Person, lang: str) -> list:
        """Return what of the tab belongs to another run."""
        seen = VisibilityTrigger.pack(run and run.id, lang)
        return [*(value for section in self.sections for value in section.show(run, lang)), seen]

    @property
    def shown(self) -> list[gr.components.Component]:
        """The widgets that `show` fills."""
        return [*(widget for section in self.sections for widget in section.shown), self.sight]

    def translate(self, lang: str, memory: dict) -> list:
        """Return what else of the tab follows the language."""
        told = gr.update(told=Contents.told_to(lang))
        return [told, *(value for section in self.sections for value in section.translate(lang))]

    @property
    def translated(self) -> list[gr.components.Component]:
        """The widgets that `translate` changes."""
        return [self.place, *(widget for section in self.sections for widget in section.translated)]
