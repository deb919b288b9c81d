"""The words on the Train tab, each with what it means, where a tap, a click or the keyboard opens it.

The value is `{"lang", "terms": [[key, name, meaning], ...]}`. Beside the list, each term that stands on the page
gets a "?" (`terms.js` knows where) which opens its meaning there.
"""

from playground.widgets.base import Widget
from playground.words.translate import translate

TERMS = ("loss", "train", "val", "lines", "step", "parameters", "token", "tokens_per_second", "steps_per_second",
         "learning_rate", "grad_norm", "seed", "sample", "snapshot", "ghosts")  # fmt: skip


class Terms(Widget):
    """Show what the words on the tab mean."""

    template = "terms.html"
    scripts = ("terms.js",)
    styles = ("terms.css",)


def terms_value(lang: str) -> dict:
    """Return the terms and their meanings in a language."""
    said = [[key, translate(f"term_{key}", lang), translate(f"means_{key}", lang)] for key in TERMS]
    return {"lang": lang, "terms": said, "heading": translate("terms_heading", lang)}
