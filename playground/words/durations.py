"""Durations in words: about 40 s, about 1.5 hours, about 3,100 years."""

import math

from playground.words.numbers import format_number
from playground.words.translate import translate

YEAR = 365.25 * 86_400
_UNITS = {"seconds": (90, 1), "minutes": (5400, 60), "hours": (172_800, 3600), "days": (math.inf, 86_400)}


def duration(seconds: float | None, lang: str) -> str:
    """Return a time in the unit that suits it: about 40 s, about 3 min, about 11.0 hours; None: not measured yet."""
    if seconds is None:
        return translate("time_unknown", lang)
    unit, size = next((unit, size) for unit, (until, size) in _UNITS.items() if seconds < until)
    return translate("about_time", lang, time=translate(unit, lang, n=max(1, seconds) / size))


def long_time(seconds: float | None, lang: str) -> str:
    """Return a time that may last for thousands of years; None: not measured yet."""
    if seconds is None or seconds < YEAR:
        return duration(seconds, lang)
    years = float(f"{seconds / YEAR:.2g}")
    years = translate("count_years", lang, n=format_number(years, lang, ",.0f" if years >= 10 else ".1f"))
    return translate("about_time", lang, time=years)
