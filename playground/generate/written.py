"""The text a model writes, token by token, each tinted by its probability and open to a second look.

The value is `{"prompt", "tokens", "by", "seed", "speed", "state", "note"}` and grows by appending: `tokens` has a line
a token, the JSON of `{"id", "t", "b", "p", "q", "end", "alts"}`: t is the text that it adds, b the token alone where
that is another (bytes of a character), p the model's own probability, q the one it was drawn with, and alts up to ten
`[id, text, p, q]`. A value without `prompt` changes what it names, such as the state or the language and its words, and
lets the text stand. `mark` is "A" or "B" where two stand side by side, and `over` lets the tokens take
the places of those before, one by one. Left out on purpose: the sampling itself, and changing the text.
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
        rows = [(number, text, _digits(p), _digits(q)) for number, text, p, q in token["alts"]]
        return json.dumps({**token, "alts": rows, "p": _digits(token["p"]), "q": _digits(token["q"])}) + "\n"


def _digits(share: float) -> float:
    return float(f"{share:.5g}")
