"""The parameters of models as `named_parameters` gives them, and their modules as `torchinfo` prints them; searchable.

The value is `{"text", "title", "about", "lists"}`, a list being `{"name", "note", "facts"}` with facts as JSON that the
browser reads when the list is looked at; it filters by itself. Left out on purpose: the weights themselves.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

if TYPE_CHECKING:
    from core.insight.modules import Module
    from core.insight.parameters import Parameter

_HERE = Path(__file__)
# Static: Gradio runs a template as code, so nothing is ever put into it.
_TEMPLATE = """
<section class="parameter-list">
  <h4></h4>
  <p class="about"></p>
  <p class="waiting"></p>
  <div class="body" hidden>
    <div class="chooser">
      <div class="models" role="group"></div>
      <div class="views" role="group"></div>
      <input type="search" class="query" autocomplete="off" spellcheck="false" maxlength="80">
    </div>
    <p class="found" role="status"></p>
    <div class="frame" tabindex="0" role="region"><table><thead></thead><tbody></tbody></table></div>
    <div class="notes"><p class="sum"></p><p class="note"></p></div>
  </div>
</section>
"""


class ParameterList(gr.HTML):
    """List the parameters and modules of one or two models; takes the arguments of `gr.HTML` that place a widget."""

    def __init__(self, value: dict | None = None, **kwargs):
        super().__init__(
            value,
            html_template=_TEMPLATE,
            css_template="".join(
                _HERE.with_name(name).read_text(encoding="utf-8") for name in ("count_ink.css", "parameter_list.css")
            ),
            js_on_load=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
            apply_default_css=False,
            **kwargs,
        )

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
        return {"name": name, "note": note, "facts": json.dumps(facts, separators=(",", ":"))}

    def api_info(self) -> dict:
        """Describe the value to API clients: an object, where `gr.HTML` would say a string."""
        return {"type": "object"}
