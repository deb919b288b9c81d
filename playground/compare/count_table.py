"""A table of facts: right-aligned figures, groups of columns, and rows that tell what they are; scrolls in its own box.

The value is `{"table": JSON}`; `count_table.js` says what the JSON holds. Left out on purpose: sorting and editing.
"""

from typing import Any

from playground.widgets.base import Widget, packed


class CountTable(Widget):
    """Show a table of facts."""

    template = "count_table.html"
    scripts = ("count_table.js",)
    styles = ("../widgets/card.css", "count_ink.css", "count_table.css")

    @staticmethod
    def pack(
        title: str, about: str, head: list[list], rows: list[tuple[str, list]], notes: tuple = ()
    ) -> dict[str, Any]:
        """Return the value: rows are (kind, cells); one string, which Gradio compares faster than nested lists."""
        plain = {"title": title, "about": about, "head": head, "notes": list(notes)}
        plain["rows"] = [{"kind": kind, "cells": cells} for kind, cells in rows]
        return {"table": packed(plain)}
