"""What the program refuses and reports, in the page's language.

`core/` says everything in English: a sentence travels through exceptions, files and other processes as text, and the
lesson stays free of words in other languages. Here each sentence stands once more as a template with its Vietnamese:
`refused` finds the template that a sentence was made from and fills the other one with what stood in its places.
A room's own sentences stand with its words and are added with `add_refusals`.
"""

import re
from functools import lru_cache
from typing import Any

from playground.words import link_words, refusals_core, refusals_lab, refusals_page, refusals_runs, refusals_text
from playground.words.numbers import localize

# English template, with names in braces where a sentence varies -> Vietnamese
REFUSALS_VI: dict[str, str] = {}

_PLACE = re.compile(r"\{(\w+)\}")


def add_refusals(sentences: dict[str, str]) -> None:
    """Add a room's sentences; ValueError for a Vietnamese one that needs what the English one does not have."""
    for english, vietnamese in sentences.items():
        if missing := set(_PLACE.findall(vietnamese)) - set(_PLACE.findall(english)):
            raise ValueError(f"The Vietnamese of {english[:40]!r} has places that are not there: {sorted(missing)}")
    REFUSALS_VI.update(sentences)
    _patterns.cache_clear()


def refused(message: Any, lang: str) -> str:
    """Return a sentence of the program in a language; as it is where the language is English or knows it not.

    What fills a place may be such a sentence itself (a cause, a remedy), and is translated too. Else it is a value,
    whose numbers follow the language.
    """
    text = str(message)
    return (_translated(text) if lang == "vi" else None) or text


def _translated(text: str) -> str | None:
    for pattern, vietnamese in _patterns():
        if match := pattern.fullmatch(text):
            places = {name: _translated(value) or localize(value, "vi") for name, value in match.groupdict().items()}
            return _PLACE.sub(lambda place, places=places: places[place.group(1)], vietnamese)
    return None


@lru_cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Return each template as a pattern, those with most words of their own first: they are the more exact."""
    by_words = sorted(REFUSALS_VI.items(), key=lambda pair: -len(_PLACE.sub("", pair[0])))
    return [(_pattern(english), vietnamese) for english, vietnamese in by_words]


def _pattern(english: str) -> re.Pattern[str]:
    parts, seen = _PLACE.split(english), set()
    for i, part in enumerate(parts):
        if i % 2 == 0:
            parts[i] = re.escape(part)
        else:  # a place; the second one of a name holds the same
            parts[i] = f"(?P={part})" if part in seen else f"(?P<{part}>.*?)"
            seen.add(part)
    return re.compile("".join(parts), re.DOTALL)


for _known in (refusals_core, refusals_lab, refusals_runs, refusals_page, refusals_text, link_words):
    add_refusals(_known.SENTENCES)
