"""The widgets whose words follow the language."""

import gradio as gr

from playground.words.translate import translate


class Translations:
    """Collects the widgets whose words follow the language, and returns their updates when it changes."""

    def __init__(self, lang: str = "en"):
        self.lang = lang
        self.widgets: list[tuple[gr.components.Component, dict[str, tuple[str, str | None]]]] = []

    def add(self, kind: type, *args, words: dict[str, str | tuple[str, str | None]], **kwargs):
        """Build a widget with translated properties; words: property -> key, or property -> (key, default)."""
        keys = {prop: key if isinstance(key, tuple) else (key, None) for prop, key in words.items()}
        widget = kind(*args, **kwargs, **{p: translate(k, self.lang, d) for p, (k, d) in keys.items()})
        self.widgets.append((widget, keys))
        return widget

    @property
    def outputs(self) -> list[gr.components.Component]:
        """The widgets, in the order of `updates`."""
        return [widget for widget, _ in self.widgets]

    def updates(self, lang: str) -> list[dict]:
        """Return what to change in each widget for a language."""
        return [gr.update(**{p: translate(k, lang, d) for p, (k, d) in keys.items()}) for _, keys in self.widgets]
