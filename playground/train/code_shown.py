"""The code of the model that a run trains, as the Train tab shows it."""

from functools import lru_cache
from pathlib import Path

import core
from playground.widgets.base import Widget
from playground.words.translate import widget_words

CORE = Path(core.__file__).parent
SOURCES = {"gpt": "core/model.py", "modern": "core/modern.py", "bigram": "core/model.py"}


class CodeView(Widget):
    """Shows a Python source, to be read and copied; the value is `{"lang", "code", "text"}`."""

    template = "code_view.html"
    scripts = ("code_view.js",)
    styles = ("code_view.css",)

    @staticmethod
    def pack(architecture: str, lang: str) -> dict:
        """Return the value for the code of an architecture."""
        return {"lang": lang, "code": source_of(architecture), "text": widget_words(lang)["code_view"]}


@lru_cache
def source_of(architecture: str) -> str:
    """Return the code of an architecture: its file, or its part of a file that it shares."""
    source = (CORE.parent / SOURCES[architecture]).read_text(encoding="utf-8")
    if architecture != "bigram":
        return source
    return source[source.index("class Bigram") : source.index("@contextmanager")].rstrip() + "\n"
