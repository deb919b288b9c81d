"""What of a run can be taken away: a row of links to the plain routes of `feed.py`."""

from pathlib import Path

import gradio as gr

from playground.words.translate import translate

_HERE = Path(__file__)


class Downloads(gr.HTML):
    """A row of downloads of one run; takes the arguments of `gr.HTML` that place a widget."""

    def __init__(self, value: dict | None = None, **kwargs):
        super().__init__(
            value,
            html_template="<nav hidden><b></b></nav>",
            css_template=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
            js_on_load=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
            apply_default_css=False,
            **kwargs,
        )

    @staticmethod
    def pack(run: str | None, files: dict[str, str], lang: str, **query: str) -> dict:
        """Return the value: files maps a word's key to the file's name below the run; query goes into each address."""
        words = {key: translate(key, lang) for key in files}
        return {"run": run, "lang": lang, "text": {"title": translate("downloads", lang), **words},
                "files": list(files.items()), "query": query}  # fmt: skip

    def api_info(self) -> dict:
        """Describe the value to API clients: an object, where `gr.HTML` would say a string."""
        return {"type": "object"}
