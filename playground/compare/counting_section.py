"""The counting section of the Compare tab: the run in view beside GPT-2's family, part by part. Needs no weights."""

from typing import Any

import gradio as gr

from core.formula import RULES, count_of
from core.pretrained.family import FAMILY, FAMILY_NAMES
from core.runs.config import RunConfig
from core.runs.directory import RunDir
from playground.compare.count_table import CountTable
from playground.compare.counting_cells import columns_of
from playground.compare.parameter_list import ParameterList
from playground.compare.parts_chart import PartsChart
from playground.page import PageContext
from playground.widgets.inputs import CHOSEN, UNQUEUED, Dropdown, Radio, show_errors
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
        add(gr.Markdown, elem_classes="intro", words={"value": "count_heading"})
        with gr.Row(equal_height=True):
            with gr.Column(scale=2, min_width=260):
                self.family = add(Dropdown, choices=family_choices("en"), value="gpt2", elem_id="count-family",
                                  words={"label": "count_beside"})  # fmt: skip
            with gr.Column(scale=3, min_width=300):
                self.rule = add(Radio, choices=rule_choices("en"), value="once", elem_id="count-rule",
                                words={"label": "count_rule"})  # fmt: skip
        self.hint = PlainText(visible=False, elem_id="count-hint")
        self.chart = PartsChart(elem_id="count-chart")
        self.numbers = CountTable(elem_id="count-numbers")
        self.parts = CountTable(elem_id="count-parts")
        self.formula = CountTable(elem_id="count-formula")
        self.configs = CountTable(elem_id="count-configs")
        self.scaling = CountTable(elem_id="count-scaling")
        self.list = ParameterList(elem_id="count-list")

    def connect(self, tab: gr.Tab, sight: VisibilityTrigger) -> None:
        """Wire the widgets to each other, to the tab being opened, and to another run or language while it is."""
        page = self.page
        asked = [page.run, self.family, self.rule, page.lang]
        counted = [self.hint, self.chart, self.numbers, self.parts, self.formula]
        compared = [self.configs, self.scaling, self.list]
        draw = {"fn": show_errors(self.draw), "inputs": asked, "outputs": counted}
        more = {"fn": show_errors(self.draw_more), "inputs": asked, "outputs": compared}
        # What is seen first comes first; the rest, which lies further down, right after it.
        for event in (tab.select, sight.due, self.family.input):
            event(**draw, **CHOSEN).then(**more, **UNQUEUED)
        self.rule.input(**draw, **CHOSEN)

    # -- handlers: values in, values out --------------------------------------------------------------------------

    def draw(self, run_id: Any, family: Any, rule: Any, lang: str) -> list:
        """Return the chart and tables that depend on the chosen rule, for the run and the chosen model."""
        from playground.compare import counting_values as values

        run = self._config(run_id)
        columns = columns_of(run, known(family), lang)
        hint = gr.update(value=translate("count_no_run", lang), visible=run is None)
        tables = [make(columns, rule, lang) for make in (values.parts_chart, values.numbers_table, values.parts_table,
                                                         values.formula_table)]  # fmt: skip
        return [hint, *tables]

    def draw_more(self, run_id: Any, family: Any, rule: Any, lang: str) -> list:
        """Return configurations, costs and the list of parameters, which depend on no rule."""
        from playground.compare import family_values as values

        run, family = self._config(run_id), known(family)
        return [
            values.config_table(run, family, lang),
            values.scaling_table(run, family, self.page.store.speed(), lang),
            values.parameter_lists(columns_of(run, family, lang), lang),
        ]

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
