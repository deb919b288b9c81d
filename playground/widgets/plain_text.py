"""A line of text that changes, set as text: Markdown would draw a file's or a user's words as pictures and links.

And what a plain `gr.HTML` is given as its value it would run as a template. So `gr.Markdown` says only what stands in
the tables of words (a test walks the page), and this says all that is put together from elsewhere.
"""

from playground.widgets.base import Widget


class PlainText(Widget):
    """Show the value: a text, or parts of one, every second of which is strong (`words.translate.marked`)."""

    template = "plain_text.html"
    scripts = ("plain_text.js",)
    styles = ("plain_text.css",)
