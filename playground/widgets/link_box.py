"""The header's word on links: what of the one that was opened is not possible, and the panel of "Copy link".

The value is `{"text", "labels", "groups", "most", "bases"}`, and once, as the page opens, `said` and `held`: the
sentences, and what the link asks of the parts that scripts hold. Its two events end in the browser: `gather` tells
`link.js` every value, `apply` takes those that it has.
"""

from typing import Any

from playground.widgets.base import Widget
from playground.words.translate import translate


class LinkBox(Widget):
    """Say what a link could not, and offer `playground.link.open()`."""

    template = "link_box.html"
    scripts = ("link_box.js",)
    styles = ("dialog.css", "link_box.css")

    @staticmethod
    def pack(labels: dict[str, str], groups: list[dict], most: int, bases: list[str], lang: str, shared: bool) -> dict:
        """Return the value. groups: `{"title", "names"}` of the checklist; bases: addresses that others can open."""
        text: dict[str, Any] = {key: translate(f"link_{key}", lang) for key in WORDS}
        text["who"] = translate("link_who", lang) if shared else ""
        return {"text": text, "labels": labels, "groups": groups, "most": most, "bases": bases}


WORDS = ("title", "address", "copy", "copied", "by_hand", "left", "teacher", "teacher_about", "hide", "lock", "close",
         "wrong", "set_up", "show_all")  # fmt: skip
