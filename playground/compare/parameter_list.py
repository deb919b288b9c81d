"""The parameters of models as `named_parameters` gives them, and their modules as `torchinfo` prints them; searchable.

The value is `{"text", "title", "about", "lists"}`, a list being `{"name", "note", "facts"}` with facts as JSON that the
browser reads when the list is looked at; it filters by itself. Left out on purpose: the weights themselves.
"""

from typing import TYPE_CHECKING, Any

from playground.widgets.base import Widget, packed

if TYPE_CHECKING:
    from core.insight.modules import Module
    from core.insight.parameters import Parameter


class ParameterList(Widget):
    """List the parameters and modules of one or two models."""

    template = "parameter_list.html"
    scripts = ("parameter_list.js",)
    styles = ("../widgets/card.css", "count_ink.css", "parameter_list.css")

    @staticmethod
    def pack(
        name: str, note: str, parameters: "tuple[Parameter, ...]", modules: "tuple[Module, ...]"
    ) -> dict[str, Any]:
        """Return one list of the value; its facts are one string, for Gradio is slow with thousands of nested lists."""
        facts = {
            "parameters": [
                [each.name, each.shape, each.stored, each.count, each.dtype, each.same_as,
                 [[letter, rows.start, rows.stop - 1, shape] for letter, rows, shape in each.slices()]]
                for each in parameters
            ],
            "modules": [[each.name, each.kind, each.depth, each.output, each.count, each.same_as] for each in modules],
        }  # fmt: skip
        return {"name": name, "note": note, "facts": packed(facts)}
