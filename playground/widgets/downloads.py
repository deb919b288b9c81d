"""What of a run can be taken away: a row of links to the plain routes of `playground/server/routes.py`."""

from playground.widgets.base import Widget
from playground.words.translate import translate


class Downloads(Widget):
    """A row of downloads of one run."""

    template = "downloads.html"
    scripts = ("downloads.js",)
    styles = ("downloads.css",)

    @staticmethod
    def pack(run: str | None, files: dict[str, str], lang: str, note: str | None = None, **query: str) -> dict:
        """Return the value: files maps a word's key to the file's name below the run; query goes into each address.

        note: a sentence at the end, such as why a file is not there.
        """
        words = {key: translate(key, lang) for key in files}
        return {"run": run, "lang": lang, "text": {"title": translate("downloads", lang), **words},
                "files": list(files.items()), "query": query, "note": note}  # fmt: skip
