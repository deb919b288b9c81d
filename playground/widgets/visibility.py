"""Nothing to see: it tells the server that a tab is looked at while another run or language is put into view.

A hidden tab costs nothing so: it is drawn when it is opened, and what is drawn for Train comes first.
"""

from pathlib import Path

import gradio as gr

_HERE = Path(__file__)


class VisibilityTrigger(gr.HTML):
    """Fires `due` when its value changes while it is in sight; the value is what the tab's drawing depends on."""

    def __init__(self, value: dict | None = None, **kwargs):
        super().__init__(
            value,
            html_template="<i></i>",
            css_template="position: absolute; height: 0; min-height: 0; padding: 0; border: 0;",
            js_on_load=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
            apply_default_css=False,
            **kwargs,
        )

    def api_info(self) -> dict:
        """Describe the value to API clients: an object, where `gr.HTML` would say a string."""
        return {"type": "object"}
