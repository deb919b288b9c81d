"""The live loss chart: training and validation loss on a canvas, with what a loss is worth beside it.

The value is `{"run", "lang", "text", "ghosts"}`: which run to draw, and earlier runs to draw faintly behind
it; the rows come through `feed.js`. Left out on purpose: zooming, and pictures to download (`plots.py`).
"""

from pathlib import Path

import gradio as gr

_HERE = Path(__file__)
_SCRIPTS = ("loss_chart_draw.js", "loss_chart.js")  # one scope, in this order
# Static: Gradio runs a template as code, so nothing is ever put into it.
_TEMPLATE = """
<section class="loss-chart">
  <header class="chart-head">
    <span class="key"><i class="stroke train"></i><span class="train-label"></span>
      <b class="train-value"></b></span>
    <span class="key"><i class="stroke val"></i><span class="val-label"></span>
      <b class="val-value"></b></span>
    <span class="offline" role="status" hidden></span>
    <button type="button" class="log-x" aria-pressed="false"></button>
  </header>
  <div class="plot">
    <canvas role="img" tabindex="0"></canvas>
    <p class="empty"></p>
    <div class="tip" hidden></div>
  </div>
  <p class="spoken" aria-live="polite"></p>
</section>
"""


class LossChart(gr.HTML):
    """Draw the loss of one run as it is trained; takes the arguments of `gr.HTML` that place a widget."""

    def __init__(self, value: dict | None = None, **kwargs):
        super().__init__(
            value,
            html_template=_TEMPLATE,
            css_template=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
            js_on_load="\n".join(_HERE.with_name(name).read_text(encoding="utf-8") for name in _SCRIPTS),
            apply_default_css=False,
            **kwargs,
        )

    def api_info(self) -> dict:
        """Describe the value to API clients: an object, where `gr.HTML` would say a string."""
        return {"type": "object"}
