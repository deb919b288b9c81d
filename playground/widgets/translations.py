"""The widgets whose words follow the language."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from playground.words.translate import translate

Key = str | tuple[str, str | None] | Callable[[str], Any]


class Translations:
    """Collects the widgets whose words follow the language, and returns their updates when it changes."""

    def __init__(self, lang: str = "en"):
        self.lang = lang
        self.widgets: list[tuple[gr.components.Component, dict[str, Key]]] = []

    def add(self, kind: type, *args, words: dict[str, Key], **kwargs):
        """Build a widget with translated properties.

        words: property -> key, or (key, default), or what gives the property for a language, such as its choices.
        """
        widget = kind(*args, **kwargs, **_said(words, self.lang))
        self.widgets.append((widget, words))
        return widget

    @property
    def outputs(self) -> list[gr.components.Component]:
        """The widgets, in the order of `updates`."""
        return [widget for widget, _ in self.widgets]

    def updates(self, lang: str) -> list[dict]:
        """Return what to change in each widget for a language."""
        return [gr.update(**_said(words, lang)) for _, words in self.widgets]


def _said(words: dict[str, Key], lang: str) -> dict[str, Any]:
    said = {}
    for name, key in words.items():
        if callable(key):
            said[name] = key(lang)
        else:
            key, default = key if isinstance(key, tuple) else (key, None)
            said[name] = translate(key, lang, default)
    return said
