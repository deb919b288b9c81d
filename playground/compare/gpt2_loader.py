"""The card that loads GPT-2: how far the loading is, the same to all who look.

The value is `{"text", "state", "done", "total", "message", "cached"}`. The card asks for it by itself while it is seen
(event `ask_state`), asks to load on a click (`ask_load`), and tells once when the model has arrived (`arrived`). Left
out on purpose: the loading itself (`core.pretrained.loader`).
"""

from playground.widgets.base import Widget


class Gpt2Loader(Widget):
    """Show how far the loading of GPT-2 is."""

    template = "gpt2_loader.html"
    scripts = ("gpt2_loader.js",)
    styles = ("../widgets/card.css", "beside_ink.css", "gpt2_loader.css")
