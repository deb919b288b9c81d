"""The text a model writes, token by token, each tinted by its probability and open to a second look.

The value is `{"text", "prompt", "tokens", "speed", "state", "note"}` and grows by appending: `tokens` has a line a
token, the JSON of `{"t", "p", "q", "alts"}` with p the model's own probability, q the one it was drawn with, and alts
up to ten `[text, p, q]`. Left out on purpose: the sampling itself, and changing the text.
"""

import json

from playground.widgets.base import Widget


class WrittenText(Widget):
    """Show what a model writes and what it might have written."""

    template = "written.html"
    scripts = ("written.js",)
    styles = ("written.css",)

    @staticmethod
    def pack(token: dict) -> str:
        """Return a token as a line of the value's `tokens`.

        All of them are one growing string: Gradio copies and compares a value at every update, and is quick with one
        string where a thousand lists of candidates keep the browser too busy to hear a click on Stop.
        """
        rows = [(text, round(p, 5), round(q, 5)) for text, p, q in token["alts"]]
        return json.dumps({**token, "alts": rows, "p": round(token["p"], 5), "q": round(token["q"], 5)}) + "\n"
