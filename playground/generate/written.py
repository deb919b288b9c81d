"""The text a model writes, token by token, each tinted by its probability and open to a second look.

The value is `{"text", "prompt", "tokens", "speed", "state", "note"}` and grows by appending: `tokens` has a line
a token, the JSON of `{"t", "p", "q", "alts"}` with p the model's own probability, q the one it was drawn with,
and alts up to ten `[text, p, q]`. Left out on purpose: the sampling itself, and changing the text.
"""

import json
from pathlib import Path

import gradio as gr

_HERE = Path(__file__)
# Static: Gradio runs a template as code, so nothing is ever put into it.
_TEMPLATE = """
<section class="written">
  <div class="page">
    <header class="top">
      <span class="state" role="status"></span><span class="speed"></span>
      <span class="scale" aria-hidden="true"><span class="scale-name"></span><span class="low">0 %</span>
        <i></i><span>100 %</span></span>
    </header>
    <div class="paper" role="group"><span class="prompt"></span><span class="tokens"></span><span
      class="caret" hidden></span></div>
    <p class="empty"></p>
    <p class="note" hidden></p>
  </div>
  <aside class="panel">
    <p class="hint"></p>
    <div class="detail" hidden>
      <h4><span class="glyph"></span><span class="place"></span></h4>
      <p class="keys"><span><i class="bar-p"></i><span class="name-p"></span></span>
        <span><i class="bar-q"></i><span class="name-q"></span></span></p>
      <ol class="alts"></ol>
    </div>
  </aside>
  <p class="spoken" aria-live="polite"></p>
</section>
"""


class WrittenText(gr.HTML):
    """Show what a model writes and what it might have written; takes the placing arguments of `gr.HTML`."""

    def __init__(self, value: dict | None = None, **kwargs):
        super().__init__(
            value,
            html_template=_TEMPLATE,
            css_template=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
            js_on_load=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
            apply_default_css=False,
            **kwargs,
        )

    @staticmethod
    def pack(token: dict) -> str:
        """Return a token as a line of the value's `tokens`.

        All of them are one growing string: Gradio copies and compares a value at every update, and is quick with one
        string where a thousand lists of candidates keep the browser too busy to hear a click on Stop.
        """
        rows = [(text, round(p, 5), round(q, 5)) for text, p, q in token["alts"]]
        return json.dumps({**token, "alts": rows, "p": round(token["p"], 5), "q": round(token["q"], 5)}) + "\n"

    def api_info(self) -> dict:
        """Describe the value to API clients: an object, where `gr.HTML` would say a string."""
        return {"type": "object"}
