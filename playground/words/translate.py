"""The page's words in English and Vietnamese, side by side, so that neither is forgotten.

Each tab keeps its words in its own folder and hands them on with `add_words`; what several say is in `shared.py`.
Gradio's own I18n picks only languages that Gradio ships, which leaves Vietnamese out; so the page chooses by itself.
Names that the code uses (n_layer, learning_rate) stay as they are in both.
"""

from typing import Any

from playground.words import link_words, shared
from playground.words.numbers import fill

LANGUAGES = {"en": "English", "vi": "Tiếng Việt"}

Words = dict[str, tuple[str | None, str]]  # key -> (English, Vietnamese)
WidgetWords = dict[str, dict[str, str]]  # widget -> key -> Vietnamese; English stands in the widget's script

WORDS: Words = {}
WIDGET_WORDS_VI: WidgetWords = {}


def add_words(words: Words, widget_words_vi: WidgetWords | None = None) -> None:
    """Add a room's words; ValueError for a key that another room has taken for something else."""
    for known, new in ((WORDS, words), (WIDGET_WORDS_VI, widget_words_vi or {})):
        if taken := [key for key in new if key in known and known[key] != new[key]]:
            raise ValueError(f"The words {', '.join(taken)} stand in another room already; choose other keys")
        known.update(new)


def widget_words(lang: str) -> WidgetWords:
    """Return what each widget says in a language; nothing where its script's English will do."""
    return WIDGET_WORDS_VI if lang == "vi" else {name: {} for name in WIDGET_WORDS_VI}


def translate(key: str, lang: str, default: str | None = None, /, **values: Any) -> str:
    """Return the words for key, filled with values whose numbers follow the language.

    Where the language has none: default, then English, then the key itself. Without values nothing is filled: a text
    with placeholders may be for the browser to fill.
    """
    english, vietnamese = WORDS.get(key, (None, None))
    choices = (vietnamese if lang == "vi" else english, default, english, key)
    text = next(text for text in choices if text is not None)
    return fill(text, lang, **values) if values else text


def marked(key: str, lang: str, /, **values: Any) -> list[str]:
    """Return the words for key in parts, every second of which stood between ** and is strong.

    The marks are read before anything is filled in: a value that holds some is a text as any other (`PlainText`).
    """
    return [fill(part, lang, **values) for part in translate(key, lang).split("**")]


def language(text: object) -> str:
    """Return the language that a tag such as "vi-VN,vi;q=0.9" asks for; English for anything else."""
    return "vi" if isinstance(text, str) and text.strip().lower().startswith("vi") else "en"


for _known in (shared, link_words):
    add_words(_known.WORDS)
