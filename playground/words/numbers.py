"""Numbers as a language writes them: 10,788,929 and 1.5 in English, 10.788.929 and 1,5 in Vietnamese.

Python's `format` rounds, which keeps the digits the same in all languages; Babel knows each language's separators.
Left out on purpose: durations, which are words as well (`durations.py`), and numbers that the browser writes.
"""

import math
import re
from functools import lru_cache
from string import Formatter
from typing import Any

from playground.words.turning import straight

# A number with a comma or a point in it; no address or version, which have more points.
_SEPARATED = re.compile(r"(?<![0-9.])(?:[0-9]+(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+\.[0-9]+)(?!\.?[0-9])")
_PREFIXES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def format_number(value: float, lang: str, spec: str = ",") -> str:
    """Return a number formatted by one of Python's format specs, with the separators of a language."""
    return localize(format(value, spec), lang)


def localize(text: str, lang: str) -> str:
    """Return a text of numbers as Python writes them, such as "12 × 6 × 1,600²", with the separators of a language."""
    if lang != "vi":
        return text
    return _SEPARATED.sub(lambda match: match.group().translate(_separators(lang)), text)


def fill(text: str, lang: str, **values: Any) -> str:
    """Fill a text's placeholders as `str.format` does, with the separators of a language in every number.

    What fills it cannot turn its line round.
    """
    return _LocalFormatter(lang).format(text, **values)


def short(count: int, lang: str) -> str:
    """Return a count in thousands, millions or billions: 4.9 k, 810 k, 10.8 M, 1.56 B."""
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if count >= 0.9995 * size:  # from there on, three digits are those of the larger unit
            return f"{format_number(count / size, lang, '.3g')} {unit}"
    return str(count)


def si(value: float, unit: str, lang: str) -> str:
    """Return a value in three digits with its SI prefix: 498 MB, 1.08 TFLOP."""
    for size, prefix in _PREFIXES:
        if value >= 0.9995 * size:
            return f"{_three_digits(value / size, lang)} {prefix}{unit}"
    return f"{_three_digits(value, lang)} {unit}".rstrip()


def percent(part: float, lang: str) -> str:
    """Return a share: 31.0 %, 0.63 %, 0.0012 %."""
    if part == 0 or part >= 0.00995:
        return f"{format_number(100 * part, lang, '.1f')} %"
    decimals = 1 - math.floor(math.log10(100 * part))  # two digits, however small
    return f"{format_number(100 * part, lang, f'.{decimals}f')} %"


def _three_digits(value: float, lang: str) -> str:
    return format_number(value, lang, ".0f" if value >= 99.95 else ".1f" if value >= 9.995 else ".2f")


@lru_cache
def _separators(lang: str) -> dict[int, str]:
    from babel.numbers import get_decimal_symbol, get_group_symbol  # here: a page in English does without Babel

    return str.maketrans({",": get_group_symbol(lang), ".": get_decimal_symbol(lang)})


class _LocalFormatter(Formatter):
    """`str.format` whose numbers follow a language."""

    def __init__(self, lang: str):
        self.lang = lang

    def format_field(self, value: Any, format_spec: str) -> str:
        """Format one placeholder's value; a spec such as "core|cores" gives the word for one or for many."""
        if "|" in format_spec:
            one, many = format_spec.split("|")
            return one if value == 1 else many
        text = super().format_field(value, format_spec)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return localize(text, self.lang) if is_number else straight(text)
