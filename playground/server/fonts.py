"""Pictures in every script: fonts of this machine that have what a picture says, and code points for what none has.

matplotlib draws a box for a character that its font lacks. Left out on purpose: shaping (letters of Arabic are not
joined), which matplotlib does not do.
"""

from functools import cache, lru_cache

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

_FIRST = {"monospace": "DejaVu Sans Mono"}  # which come with matplotlib
_ELSE = "DejaVu Sans"


def use_fonts(figure: Figure) -> None:
    """Give each text of a figure fonts that have its characters, and write what none has by its code point: <1F600>."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            names = [label.get_text() for label in axis.get_ticklabels()]
            if (spelled := [_spelled(name) for name in names]) != names:
                axis.set_ticklabels(spelled)
    for text in figure.findobj(Text):
        text.set_text(_spelled(text.get_text()))
        family = text.get_fontfamily()
        first = _FIRST.get(family[0], _ELSE)
        missing = [c for c in text.get_text() if not c.isspace() and ord(c) not in _characters(_path(first))]
        if others := list(dict.fromkeys(_font_with(c) for c in missing)):
            text.set_fontfamily([first, *filter(None, others)])


def _spelled(text: str) -> str:
    return "".join(c if c.isspace() or _font_with(c) else f"<{ord(c):04X}>" for c in text)


def _path(name: str) -> str:
    return next(font.fname for font in font_manager.fontManager.ttflist if font.name == name)


@lru_cache(maxsize=4096)
def _font_with(character: str) -> str | None:
    """Return the name of a font that has a character: matplotlib's own first, then upright ones by name."""
    fonts = font_manager.fontManager.ttflist
    rank = lambda font: (not font.name.startswith("DejaVu Sans"), font.style != "normal", font.name)  # noqa: E731
    for font in sorted(fonts, key=rank):
        if "Last Resort" not in font.name and ord(character) in _characters(font.fname):
            return font.name
    return None


@cache
def _characters(path: str) -> frozenset[int]:
    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError):  # a font that cannot be read
        return frozenset()
