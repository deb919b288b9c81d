"""How models divide their parameters, and how many those are: shares as stacked bars, sizes on a logarithmic axis.

The value is `{"text", "title", "about", "models"}` with a model as `{"name", "total", "parts"}` and a part as
`[name, group, count, why it is none]`. Both pictures are plain boxes placed by the browser, so they follow width and
theme by themselves. Left out on purpose: pictures to download; the table beside it has every number.
"""

from pathlib import Path

import gradio as gr

_HERE = Path(__file__)
# Static: Gradio runs a template as code, so nothing is ever put into it.
_TEMPLATE = """
<section class="parts-chart" hidden>
  <h4></h4>
  <p class="about"></p>
  <ul class="legend" aria-hidden="true"></ul>
  <div class="bars"></div>
  <div class="sizes">
    <p class="keys"></p>
    <ol class="rows"></ol>
    <div class="axis" aria-hidden="true"><span class="track"></span></div>
    <p class="axis-name" aria-hidden="true"></p>
  </div>
</section>
"""


class PartsChart(gr.HTML):
    """Draw the parts of one or two models; takes the arguments of `gr.HTML` that place a widget."""

    def __init__(self, value: dict | None = None, **kwargs):
        super().__init__(
            value,
            html_template=_TEMPLATE,
            css_template="".join(
                _HERE.with_name(name).read_text(encoding="utf-8") for name in ("count_ink.css", "parts_chart.css")
            ),
            js_on_load=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
            apply_default_css=False,
            **kwargs,
        )

    def api_info(self) -> dict:
        """Describe the value to API clients: an object, where `gr.HTML` would say a string."""
        return {"type": "object"}
