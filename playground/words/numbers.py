"""Numbers said as people do: 10.8 M, about 40 s, 0.004 %, 498 MB, 860 MFLOP, about 3,100 years."""

import math

from playground.words.translate import translate

YEAR = 365.25 * 86_400
_PREFIXES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def duration(seconds: float | None, lang: str) -> str:
    """Say a time as people do: about 40 s, about 3 min, about 11 hours."""
    if seconds is None:
        return translate("time_unknown", lang)
    units = {"seconds": (90, 1), "minutes": (5400, 60), "hours": (172_800, 3600), "days": (float("inf"), 86_400)}
    unit, size = next((unit, size) for unit, (until, size) in units.items() if seconds < until)
    return translate("about_time", lang).format(time=translate(unit, lang).format(n=max(1, seconds) / size))


def short(count: int) -> str:
    """Say a count in thousands, millions or billions: 4.9 k, 810 k, 10.8 M, 1.56 B."""
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if count >= 0.9995 * size:  # from there on, three digits are those of the larger unit
            return f"{count / size:.3g} {unit}"
    return str(count)


def si(value: float, unit: str) -> str:
    """Say a value in three digits with its prefix: 498 MB, 1.08 TFLOP."""
    for size, prefix in _PREFIXES:
        if value >= 0.9995 * size:
            return f"{_three_digits(value / size)} {prefix}{unit}"
    return f"{_three_digits(value)} {unit}".rstrip()


def percent(part: float) -> str:
    """Say a share: 31.0 %, 0.63 %, 0.0012 %."""
    if part == 0 or part >= 0.00995:
        return f"{100 * part:.1f} %"
    return f"{100 * part:.{1 - math.floor(math.log10(100 * part))}f} %"  # two digits, however small


def long_time(seconds: float | None, lang: str) -> str:
    """Say a time, also one of thousands of years; None: it is not known yet."""
    if seconds is None or seconds < YEAR:
        return duration(seconds, lang)
    years = float(f"{seconds / YEAR:.2g}")
    years = translate("count_years", lang).format(n=f"{years:,.0f}" if years >= 10 else f"{years:.1f}")
    return translate("about_time", lang).format(time=years)


def _three_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"
