"""What of the Attention tab belongs to a link: text, model, and the head, which the view holds."""

import re
from typing import Any

from core.runs.directory import RunDir
from playground.attention.examples import examples_of
from playground.linked import Linked, as_text, one_of
from playground.prompts import GPT2, RUN


def in_links(tab: Any) -> list[Linked]:
    """Return the parts of the tab."""
    return [
        Linked("look", tab.text, examples_of(None)[0], as_text),
        Linked("looker", tab.source, RUN, one_of("looker", (RUN, GPT2))),
        Linked("head", None, "0.0", head_named, label="link_head"),
        Linked("", tab.sight),
    ]


def head_named(given: str, run: RunDir | None = None) -> str:
    """Return a layer and a head, such as "1.3" or "1.mean"; the view sees whether the model has them."""
    if not re.fullmatch(r"\d{1,3}\.(\d{1,3}|mean)", given):
        raise ValueError(f"head={given[:40]!r} is not possible; it must be a layer and a head, such as 1.3 or 1.mean")
    return given
