"""A table of facts: right-aligned figures, groups of columns, and rows that tell what they are; scrolls in its own box.

The value is `{"table": JSON}`; `count_table.js` says what the JSON holds. Left out on purpose: sorting and editing.
"""

import json
from pathlib import Path
from typing import Any

import gradio as gr

_HERE = Path(__file__)
# Static: Gradio runs a template as code, so nothing is ever put into it.
_TEMPLATE = """
<section class="count-table" hidden>
  <h4></h4>
  <p class="about"></p>
  <div class="frame" tabindex="0" role="region"><table><thead></thead><tbody></tbody></table></div>
  <div class="notes"></div>
</section>
"""


class CountTable(gr.HTML):
    """Show a table of facts; takes the arguments of `gr.HTML` that place a widget."""

    def __init__(self, value: dict | None = None, **kwargs):
        super().__init__(
            value,
            html_template=_TEMPLATE,
            css_template="".join(
                _HERE.with_name(name).read_text(encoding="utf-8") for name in ("count_ink.css", "count_table.css")
            ),
            js_on_load=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
            apply_default_css=False,
            **kwargs,
        )

    @staticmethod
    def pack(
        title: str, about: str, head: list[list], rows: list[tuple[str, list]], notes: tuple = ()
    ) -> dict[str, Any]:
        """Return the value: rows are (kind, cells); one string, which Gradio compares faster than nested lists."""
        plain = {"title": title, "about": about, "head": head, "notes": list(notes)}
        plain["rows"] = [{"kind": kind, "cells": cells} for kind, cells in rows]
        return {"table": json.dumps(plain, ensure_ascii=False, separators=(",", ":"))}

    def api_info(self) -> dict:
        """Describe the value to API clients: an object, where `gr.HTML` would say a string."""
        return {"type": "object"}
