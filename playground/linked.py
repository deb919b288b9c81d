"""What of the page belongs to a link: each tab declares its parts here in one line, and every link is read here.

A part is a name in the address, the widget whose value it is, the value that need not be said, and how a text of the
address becomes a value. What differs is written by the browser (`widgets/link.js`), without a request; what a link asks
for is read when the page opens, through the contracts that every other input goes through. What is refused is one
sentence, and its widget stays as it was. Left out on purpose: the widgets of the header (`linking.py`).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import create_model

from core.options import Options
from core.runs.directory import RunDir
from playground.prompts import check_step

TEXT = 200  # characters of a text that a link holds: of what is longer it says nothing
LONGEST = 2_000  # characters of what follows the question mark; every request of the page carries it too
MOST_SAID = 3  # refusals that are said one by one
NUMBER = re.compile(r"[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
# What others write into addresses, or stands there for other scripts of the page; and how such names begin.
OTHERS, OTHERS_BEGIN = ("lang", "present", "fbclid", "gclid"), ("__", "utm_")

Reader = Callable[[str, RunDir | None], Any]  # a text of an address, and the run in view -> the value; or ValueError


@dataclass(frozen=True)
class Linked:
    """One part of the page in a link: `Linked("family", self.family, "gpt2", one_of("family", FAMILY))`.

    widget: None where a script holds the value, a text, which tells it with `playground.link.hold(name, ...)`.
    default: what need not be said; None: it always is. by: where it is another, by the value of the part `by_part`.
    only_if: the part and the value without which this one does not count, and is not said.
    read: None for what a link can only hide or lock. label: the key of its words, where the widget has none.
    place: the elem_id of what is hidden or locked, where it is not the widget's. No name: a widget that is given
    another word when a link or the browser's Back has put values into widgets, so that what hangs on them is redrawn.
    """

    name: str
    widget: Any = None
    default: Any = None
    read: Reader | None = None
    by: Mapping[str, Any] | None = None
    by_part: str = ""
    only_if: tuple[str, Any] | None = None
    label: str = ""
    place: str = ""

    def told(self) -> dict[str, Any]:
        """Return what the browser has to know of the part."""
        told = {"name": self.name, "default": self.default, "id": self.place or getattr(self.widget, "elem_id", None),
                "held": self.widget is None, "text": self.read is as_text, "is_value": self.read is not None,
                "by": self.by, "by_part": self.by_part if self.by else "", "only_if": self.only_if}  # fmt: skip
        return {key: value for key, value in told.items() if key == "default" or value not in (None, False, "")}


@dataclass
class Asked:
    """What a link asks for: the value of each part that it names well, and what is said of the others, in English."""

    values: dict[str, Any] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def value(self, part: Linked, otherwise: Any) -> Any:
        """Return what the link asks of a part; otherwise where it asks nothing."""
        return self.values.get(part.name, otherwise)


def read(parts: Sequence[Linked], query: Mapping[str, str], run: RunDir | None = None) -> Asked:
    """Read a link that may be anything; run: the one in view, whose snapshots can be named."""
    known, asked = {part.name: part for part in parts if part.read}, Asked()
    for name, given in query.items():
        part = known.get(name)
        if part is None:
            if name not in OTHERS and not name.startswith(OTHERS_BEGIN):
                asked.said.append(f"A link has no part called {name[:40]!r}")
            continue
        if part.read is as_text and len(given) > TEXT:
            asked.said.append(f"{name} has {len(given):,} characters; a link holds the first {TEXT}")
            given = given[:TEXT]
        try:
            asked.values[name] = part.read(given, run)
        except ValueError as error:
            asked.said.append(str(error))
    for part in known.values():
        if part.only_if and asked.values.get(part.only_if[0]) != part.only_if[1]:
            asked.values.pop(part.name, None)
    if len(asked.said) > MOST_SAID:
        asked.said[MOST_SAID:] = [f"{len(asked.said) - MOST_SAID:,} more of its parts are not possible"]
    return asked


# -- how a text becomes a value --------------------------------------------------------------------------------------


def as_text(given: str, run: RunDir | None = None) -> str:
    """Return a text as it stands in the link; `read` has cut it."""
    return given


def one_of(name: str, choices: Sequence[str]) -> Reader:
    """Return the reader of a choice."""

    def chosen(given: str, run: RunDir | None = None) -> str:
        if given not in choices:
            raise ValueError(f"{name}={given[:40]!r} is not possible; it must be one of {', '.join(choices)}")
        return given

    return chosen


def flag(name: str) -> Reader:
    """Return the reader of a yes or no."""
    return lambda given, run=None: one_of(name, ("true", "false"))(given) == "true"


def option(kind: type[Options], name: str, said_as: str = "") -> Reader:
    """Return the reader of one option, by the bounds that stand in its field; said_as: its name in links, if another.

    What only several options say together (n_embd is divisible by n_head) is said beside the fields, as ever.
    """
    said_as = said_as or name
    known: Any = kind.model_fields[name]
    alone = create_model(kind.__name__, __base__=Options, **{said_as: (known.annotation, known)})

    def read_option(given: str, run: RunDir | None = None) -> Any:
        return getattr(alone.parse({said_as: spelled(given, known.annotation)}), said_as)

    return read_option


def spelled(given: str, annotation: Any) -> Any:
    """Return what a text says to a field: its number, true or false, None for nothing; else the text."""
    kinds = getattr(annotation, "__args__", (annotation,))
    if not given and str not in kinds:
        return None
    if bool in kinds:
        return {"true": True, "false": False}.get(given, given)
    if not {int, float}.isdisjoint(kinds) and NUMBER.fullmatch(given):
        return int(given) if re.fullmatch(r"[+-]?\d+", given) else float(given)
    return given


def snapshot(given: str, run: RunDir | None) -> int:
    """Return a step of which the run in view has a snapshot."""
    step = spelled(given, int)
    return check_step(run.snapshots() if run else [], given if step is None else step)


def names(name: str, known: Callable[[], Sequence[str]]) -> Reader:
    """Return the reader of a list of parts that a link hides or locks; known: those there are."""

    def named(given: str, run: RunDir | None = None) -> list[str]:
        asked = [each for each in given.split(",") if each]
        if unknown := next((each for each in asked if each not in known()), None):
            raise ValueError(f"{name}={unknown[:40]!r} is not possible; the page has no such part")
        return list(dict.fromkeys(asked))

    return named
