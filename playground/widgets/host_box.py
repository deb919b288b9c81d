"""The host's place in the header: a button that opens a box for the teacher's key.

The value is `{"offered", "is_host", "said", "text", "tried"}`. The key comes with the event `enter`, as its `key`; the
browser keeps one that was right, and gives it again to a server that has started anew. `leave` gives the part back.
"""

from typing import Any

from playground.widgets.base import Widget
from playground.words.translate import translate

WORDS = ("button", "is_host", "label", "enter", "leave", "about")


class HostBox(Widget):
    """Let the teacher say who they are."""

    template = "host_box.html"
    scripts = ("host_box.js",)
    styles = ("host_box.css",)

    def preprocess(self, payload: Any) -> None:
        """Return nothing: the value says nothing that the server does not know."""

    @staticmethod
    def pack(offered: bool, is_host: bool, lang: str, said: str = "", tried: int = 0) -> dict:
        """Return the value; tried: differs from one answer to the next."""
        text = {key: translate(f"host_{key}", lang) for key in WORDS}
        return {"offered": offered, "is_host": is_host, "said": said, "text": text, "tried": tried}
