"""The counting section of the Compare tab: the run in view beside GPT-2's family, part by part. Needs no weights."""

from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr

from core.formula import RULES, count_of
from core.pretrained.family import FAMILY, FAMILY_NAMES
from core.runs.config import RunConfig
from core.runs.directory import RunDir
from playground.compare.contents import COUNTING, Contents, piece, section_in_view
from playground.compare.count_table import CountTable
from playground.compare.counting_cells import columns_of
from playground.compare.parameter_list import ParameterList
from playground.compare.parts_chart import PartsChart
from playground.page import PageContext
from playground.widgets.inputs import CHOSEN, Dropdown, Radio, show_errors
from playground.widgets.plain_text import PlainText
from playground.widgets.visibility import VisibilityTrigger
from playground.words.numbers import short
from playground.words.translate import translate


class CountingSection:
    """The widgets of the section and what they do."""

    def __init__(self, page: PageContext):
        """Build the section's widgets inside the current Gradio context; `connect` wires them."""
        self.page = page
        add = page.words.add
        with piece(*COUNTING):
            add(gr.Markdown, elem_classes="intro", words={"value": "count_heading"})
            with gr.Row(equal_height=True):
                with gr.Column(scale=2, min_width=260):
                    self.family = add(Dropdown, choices=family_choices("en"), value="gpt2", elem_id="count-family",
                                      words={"label": "count_beside"})  # fmt: skip
                with piece("parts", "numbers", "formula", scale=3, min_width=300):
                    self.rule = add(Radio, choices=rule_choices("en"), value="once", elem_id="count-rule",
                                    words={"label": "count_rule"})  # fmt: skip
            self.hint = PlainText(visible=False, elem_id="count-hint")
        with piece("parts"):
            self.chart = PartsChart(elem_id="count-chart")
            self.parts = CountTable(elem_id="count-parts")
        with piece("numbers"):
            self.numbers = CountTable(elem_id="count-numbers")
        with piece("formula"):
            self.formula = CountTable(elem_id="count-formula")
        with piece("family"):
            self.configs = CountTable(elem_id="count-configs")
            self.scaling = CountTable(elem_id="count-scaling")
        with piece("list"):
            self.list = ParameterList(elem_id="count-list")

    def connect(self, tab: gr.Tab, sight: VisibilityTrigger, place: Contents) -> None:
        """Wire the widgets to each other, to the section being opened, and to another run or language while it is."""
        page = self.page
        asked = [page.run, self.family, self.rule, page.lang, place]
        drawn = [self.hint, self.chart, self.parts, self.numbers, self.formula, self.configs, self.scaling, self.list]
        for event in (tab.select, place.choose, sight.due, self.family.input, self.rule.input):
            event(show_errors(self.draw), asked, drawn, **CHOSEN)

    # -- handlers: values in, values out --------------------------------------------------------------------------

    def draw(self, run_id: Any, family: Any, rule: Any, lang: str, place: Any) -> list:
        """Return what stands in the section in view, for the run and the chosen model; the others stay as they are."""
        if (section := section_in_view(place)) not in COUNTING:
            return [gr.skip()] * 8
        from playground.compare import counting_values as values
        from playground.compare import family_values

        run, family = self._config(run_id), known(family)
        columns = columns_of(run, family, lang)
        by_rule = {
            "parts": (values.parts_chart, values.parts_table),
            "numbers": (values.numbers_table,),
            "formula": (values.formula_table,),
        }
        made: dict[str, list[Callable[[], Any]]] = {
            **{name: [partial(make, columns, rule, lang) for make in makers] for name, makers in by_rule.items()},
            "family": [
                partial(family_values.config_table, run, family, lang),
                partial(family_values.scaling_table, run, family, self.page.store.speed(), lang),
            ],
            "list": [partial(family_values.parameter_lists, columns, lang)],
        }
        hint = gr.update(value=translate("count_no_run", lang), visible=run is None)
        return [hint, *(make() if name == section else gr.skip() for name, all_of in made.items() for make in all_of)]

    def show(self, run: RunDir | None, lang: str) -> list:
        """Return nothing: the section is drawn when it is opened or scrolled into view."""
        return []

    @property
    def shown(self) -> list[gr.components.Component]:
        """The widgets that `show` fills: none."""
        return []

    def translate(self, lang: str) -> list:
        """Return what else of the section follows the language."""
        return [gr.update(choices=family_choices(lang)), gr.update(choices=rule_choices(lang))]

    @property
    def translated(self) -> list[gr.components.Component]:
        """The widgets that `translate` changes."""
        return [self.family, self.rule]

    def _config(self, run_id: Any) -> RunConfig | None:
        """Return the config of the run in view; None where there is none, or it cannot be read."""
        try:
            return self.page.store.get(run_id).config()
        except ValueError:
            return None


def family_choices(lang: str) -> list[tuple[str, str]]:
    """Return (words, name) of each model of the family, with its size."""
    return [(f"{FAMILY_NAMES[name]} · {short(count_of(config), lang)}", name) for name, config in FAMILY.items()]


def rule_choices(lang: str) -> list[tuple[str, str]]:
    """Return (words, name) of each way to count."""
    return [(translate(f"count_rule_{rule}", lang), rule) for rule in RULES]


def known(family: Any) -> str:
    """Return family if there is such a model; ValueError otherwise."""
    if not isinstance(family, str) or family not in FAMILY:
        raise ValueError(f"There is no model {str(family)[:40]!r} to compare with; choose one of: {', '.join(FAMILY)}")
    return family
