"""The base class of the page's own widgets: a template, scripts and styles, each in a file of its own.

A widget is a `gr.HTML` whose value is JSON that its script draws. The script may trigger events of its own, which
Gradio finds by their names in quotes: `trigger('choose')` there is `widget.choose(handler)` here. What the scripts
share stands in `dom.js`, which `theme.head` puts on the page once.
"""

import functools
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import gradio as gr


def packed(plain: Any) -> str:
    """Return plain data as one string, which Gradio copies and compares faster than nested lists."""
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


class Widget(gr.HTML):
    """A widget made of files that stand beside its class; takes the arguments of `gr.HTML` that place it.

    Scripts share one scope, in their order. A template is static: Gradio runs it as code, so no text of a user or a
    model is ever put into it. modes: event -> Gradio's `trigger_mode`, where it is not "once".
    """

    template: ClassVar[str]
    scripts: ClassVar[Sequence[str]]
    styles: ClassVar[Sequence[str]] = ()
    modes: ClassVar[dict[str, str]] = {}

    def __init__(self, value: Any = None, **placing: Any):
        super().__init__(
            value,
            html_template=self._read(self.template),
            css_template=self._read(*self.styles),
            js_on_load=self._read(*self.scripts),
            apply_default_css=False,
            **placing,
        )

    @classmethod
    def _read(cls, *names: str) -> str:
        folder = Path(sys.modules[cls.__module__].__file__).parent
        return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)

    def __getattr__(self, name: str) -> Any:
        """Return what listens to one of the script's events, with the mode that the class names for it."""
        listen = super().__getattr__(name)
        return functools.partial(listen, trigger_mode=self.modes[name]) if name in self.modes else listen

    def api_info(self) -> dict[str, str]:
        """Describe the value to API clients: an object, where `gr.HTML` would say a string."""
        return {"type": "object"}
