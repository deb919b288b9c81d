"""Marks the fields of a form that are refused, each with its sentence, and brings the first one into view on use.

The value is `{"wrong": {field: sentence}}`, the sentences in the page's language. Left out on purpose: what is wrong,
which the tab with the form says, in the very sentences that would refuse to use it.
"""

from collections.abc import Callable
from typing import Any

from core.options import Options
from playground.widgets.base import Widget


class FormCheck(Widget):
    """Takes no room: it writes beside the fields.

    ids: the elem_id of each field; none for those of the form of a run, `field-` and the field's name. go: the
    selector of the button that uses the form; fold: that of the accordion that the fields stand in. bounds: of fields
    that `playground-sampling` tells on the document, which are asked about (`ask`) only where they are out of them.
    """

    template = "form_check.html"
    scripts = ("form_check.js",)
    styles = ("form_check.css",)


def parsed(
    kind: type[Options], given: dict, spare: dict, wrong: dict[str, str], field_of: Callable[[str], str]
) -> Options | None:
    """Return the options; a field that is refused is put into wrong, and stands at its spare value for the rest.

    field_of: the field that a refusal is about; what has no spare value, or is refused twice, ends in None.
    """
    given = dict(given)
    while True:
        try:
            return kind.parse(given)
        except ValueError as error:
            sentence = str(error)
            name = field_of(sentence)
            if name not in given or name in wrong:
                wrong.setdefault(name, sentence)
                return None
            empty = given[name] is None
            wrong[name] = sentence.replace(f"{name}=None is not possible", f"{name} is empty") if empty else sentence
            given[name] = spare[name]


def named_first(sentence: str) -> str:
    """Return the word that a refusal begins with: for a set of plain options, the field that it is about."""
    return sentence.partition("=")[0].partition(" ")[0]


def told(wrong: dict[str, str], say: Callable[[Any], str]) -> dict:
    """Return the value of the widget; say: puts a refusal into the page's language."""
    return {"wrong": {name: say(sentence) for name, sentence in wrong.items()}}
