"""Characters that turn a line round: a name that holds one would turn the words beside it, and hide what it says.

Each is shown by its number, as `straight` in dom.js does it. No script needs them: letters know their own direction.
"""

import html
import re

_TURNS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def straight(text: str) -> str:
    """Return a text that cannot turn itself, nor what stands around it; anything else in it as it is."""
    return _TURNS.sub(lambda found: f"<{ord(found[0]):04x}>", text)


def for_toast(sentence: str) -> str:
    """Return a sentence as Gradio's toasts show it as it is: they draw HTML, and a sentence quotes what was given."""
    return html.escape(straight(sentence), quote=False)
