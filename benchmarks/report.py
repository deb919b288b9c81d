"""How measurements are printed: rows of a Markdown table, ready for the README, each as soon as it is known."""

import statistics
from collections.abc import Sequence

NONE = "–"


def head(*names: str) -> None:
    """Begin a table: the first column is words, the others are numbers."""
    print()
    row(*names)
    print("| --- |" + " ---: |" * (len(names) - 1), flush=True)


def row(*cells: object) -> None:
    """Print one row."""
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def spread(values: Sequence[float], digits: int = 2, unit: str = "", of: int | None = None) -> str:
    """Return mean, least and most of values as words; with `of`, how many out of how many there are, unless all."""
    if not values:
        return NONE
    words = f"{statistics.mean(values):,.{digits}f}{unit}"
    if len(values) > 1:
        words += f" ({min(values):,.{digits}f} to {max(values):,.{digits}f})"
    return words if of is None or of == len(values) else f"{words} [{len(values)} of {of}]"


def number(value: float | None, digits: int = 2) -> str:
    """Return a number as words; a dash where there is none."""
    return NONE if value is None else f"{value:,.{digits}f}"


def size(count: float) -> str:
    """Return a large count as in 10.8M."""
    unit, letter = next((pair for pair in ((1e9, "G"), (1e6, "M"), (1e3, "k")) if count >= pair[0]), (1, ""))
    return f"{count / unit:.3g}{letter}"
