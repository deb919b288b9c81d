"""The samples of a run as they come, newest first: step, losses, and what the model wrote.

The value is `{"run", "lang", "text"}`; the rows come through `feed.js`. Left out on purpose: sampling again
(the Generate tab), and keeping more samples than the run itself keeps.
"""

from pathlib import Path

import gradio as gr

_HERE = Path(__file__)
# Static: Gradio runs a template as code, so nothing is ever put into it.
_TEMPLATE = """
<section class="samples">
  <div class="scroll" tabindex="0" role="region">
    <div class="grid" role="table">
      <div class="row heads" role="row">
        <span role="columnheader" data-head="step"></span>
        <span role="columnheader" data-head="train"></span>
        <span role="columnheader" data-head="val"></span>
        <span role="columnheader" data-head="text"></span>
      </div>
      <div class="rows" role="rowgroup"></div>
    </div>
    <p class="empty"></p>
  </div>
</section>
"""


class SampleTable(gr.HTML):
    """List what one run wrote while it was trained; takes the placing arguments of `gr.HTML`."""

    def __init__(self, value: dict | None = None, **kwargs):
        super().__init__(
            value,
            html_template=_TEMPLATE,
            css_template=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
            js_on_load=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
            apply_default_css=False,
            **kwargs,
        )

    def api_info(self) -> dict:
        """Describe the value to API clients: an object, where `gr.HTML` would say a string."""
        return {"type": "object"}
