"""A line of text that changes, set as text: what a `gr.HTML` is given as its value it would run as a template."""

from playground.widgets.base import Widget


class PlainText(Widget):
    """Show the value, a text."""

    template = "plain_text.html"
    scripts = ("plain_text.js",)
