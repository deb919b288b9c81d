"""Characters as people write them, and as a model knows them: forms of one letter, what cannot be seen, what is alike.

A prompt meets a vocabulary of characters letter by letter (`fitted`): a letter is what is seen as one, however many
code points it has. What the model knows stays. Another spelling of the same letter is no other letter: composed or
decomposed, as the model knows it; what nobody sees vanishes. Only then it is replaced by what stands closest to it.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

RARE = 3  # times or less: a model can hardly learn such a character
Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
MANY_MARKS = 31  # on one letter: by Unicode's count (UAX 15, stream-safe text) no language has as many

# What is printed instead of a sign of the typewriter, and letters that Unicode does not take apart.
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′ʹʻʼˈ‹›´`", "'"),
        **dict.fromkeys("“”„‟″«»〝〞", '"'),
        **dict.fromkeys("‐‑‒–—―−﹘﹣", "-"),
        **dict.fromkeys("•‣◦·∙", "*"),
        **dict.fromkeys("\u2028\u2029\x0b\x0c", "\n"),
        "…": "...", "⁄": "/", "×": "x", "÷": "/", "\t": " ", "~": "-", "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe",
        "Ø": "O", "ø": "o", "Đ": "D", "đ": "d", "Ł": "L", "ł": "l", "ß": "ss", "ẞ": "SS", "Þ": "Th", "þ": "th",
        "Ð": "D", "ð": "d", "ı": "i", "Ħ": "H", "ħ": "h", "ŋ": "ng", "Ŋ": "NG",
    }
)  # fmt: skip
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
_LINE = "\t\n\r\x0b\x0c"  # control characters that make lines and columns


@dataclass(frozen=True)
class Letter:
    """What is seen as one letter of a text, what became of it, and how."""

    text: str
    becomes: str
    how: str  # "kept", "respelled" (the same letter), "vanished" (it cannot be seen), "replaced", or "unknown"


def letters(text: str) -> Iterator[str]:
    """Cut a text into what is seen as one: a letter with its marks, a flag, an emoji of several code points."""
    start = 0
    while start < len(text):
        flag = _FLAG.match(text, start)
        end = flag.end() if flag else start + 1
        while end < len(text) and (_extends(text[end]) or text[end - 1] == "\u200d"):
            end += 1
        yield text[start:end]
        start = end


def fitted(text: str, known: Callable[[str], bool]) -> list[Letter]:
    """Fit a text, letter by letter, to the characters that `known` tells of: of a string, whether all are known.

    What has nothing that stands close to it becomes one space, or one line end, or nothing.
    """
    return [_fitted(letter, known) for letter in letters(text)]


def _fitted(letter: str, known: Callable[[str], bool]) -> Letter:
    if known(letter):
        return Letter(letter, letter, "kept")
    seen = "".join(c for c in letter if known(c) or not is_invisible(c))
    if not seen:
        return Letter(letter, "", "vanished")
    for same in (seen, normalized("NFC", seen), normalized("NFD", seen)):
        if known(same):
            return Letter(letter, same, "respelled")
    for close in _close_to(seen):
        if close and known(close):
            return Letter(letter, close, "replaced")
    return Letter(letter, next((blank for blank in " \n" if known(blank)), ""), "unknown")


def _close_to(letter: str) -> Iterator[str]:
    """Yield what stands closest to a letter: a typewriter's sign, its plain form, without marks, its other case."""
    whole = normalized("NFC", letter)
    plain = normalized("NFKD", whole.translate(_ALIKE)).translate(_ALIKE)
    bare = "".join(c for c in plain if not unicodedata.category(c).startswith("M"))
    forms = (whole.translate(_ALIKE), normalized("NFKC", whole), plain, bare)
    yield from forms
    yield from (form.swapcase() for form in forms)


def is_invisible(character: str) -> bool:
    """Tell whether a character takes no place on a page: joiners, marks of direction and of order, soft hyphens."""
    category = unicodedata.category(character)
    return category == "Cf" or 0xFE00 <= ord(character) <= 0xFE0F or (category == "Cc" and character not in _LINE)


def invisible(text: str) -> dict[str, int]:
    """Return the characters of a text that nobody sees, with their numbers; not those that hold an emoji together."""
    counts = {c: n for c, n in Counter(text).items() if is_invisible(c) and c != "\x00"}
    if counts:
        glue = Counter(c for match in _GLUED.finditer(text) for c in match.group())
        counts = {c: n - glue[c] for c, n in counts.items() if n > glue[c]}
    return dict(sorted(counts.items()))


def without_invisible(text: str) -> str:
    """Return a text without the characters that `invisible` counts."""
    if not (gone := invisible(text)):
        return text
    class_of = "".join(map(re.escape, gone))
    return re.sub(f"({_GLUED.pattern})|[{class_of}]", lambda match: match.group(1) or "", text)


def rare(text: str) -> list[str]:
    """Return the characters that come at most RARE times, in their order."""
    return sorted(c for c, n in Counter(text).items() if n <= RARE)


def composed(text: str) -> tuple[str, int]:
    """Return a text with one spelling a letter (NFC), and how many code points its letters have fewer than before."""
    one = normalized("NFC", text)
    return one, 0 if one == text else max(1, len(text) - len(one))


def normalized(form: Form, text: str) -> str:
    """Return what `unicodedata.normalize` does, in a time that grows with the text and not with its square.

    Python puts the marks of one letter in order by moving each past all before it: 200,000 marks take 80 seconds, in
    which no other thread gets on. So long runs of marks are put in order here first, which by Unicode's rules is the
    same text.
    """
    if text.isascii():
        return text
    apart = "NFKD" if "K" in form else "NFD"
    forms = {c: unicodedata.normalize(apart, c) for c in set(text)}
    marks = [c for c, parts in forms.items() if all(map(unicodedata.combining, parts))]
    if marks:
        run = re.compile(f"[{''.join(map(re.escape, marks))}]{{{MANY_MARKS},}}")
        text = run.sub(lambda found: _in_order("".join(map(forms.__getitem__, found.group()))), text)
    return unicodedata.normalize(form, text)


def _in_order(marks: str) -> str:
    return "".join(sorted(marks, key=unicodedata.combining))


def unseen_share(text: str, at: int) -> float:
    """Return the share of the characters from place `at` on that never occur before it."""
    known, counts = set(text[:at]), Counter(text[at:])
    return sum(n for c, n in counts.items() if c not in known) / max(1, counts.total())


def _extends(character: str) -> bool:
    """Tell whether a character belongs to the one before it: marks, joiners, skin tones, later parts of a syllable."""
    code = ord(character)
    if code < 0x300:
        return False
    return (
        unicodedata.category(character).startswith("M")
        or code == 0x200D
        or 0x1F3FB <= code <= 0x1F3FF  # skin tones
        or 0xE0020 <= code <= 0xE007F  # tags of a flag
        or 0x1160 <= code <= 0x11FF  # vowels and ends of a decomposed Korean syllable
    )


# What stands between or after signs and belongs to them: joiners (some scripts need them), the choice of a form (of a
# digit, © and ® too, which are no signs alone), and the tags that make a black flag that of a region.
_GLUED = re.compile(
    "(?<=[^\x00-\u02ff])(?:[\u200c\u200d](?=[^\x00-\u02ff])|[\ufe00-\ufe0f])|(?<=[0-9#*\xa9\xae])[\ufe0e\ufe0f]"
    "|(?<=\U0001f3f4)[\U000e0020-\U000e007e]+\U000e007f"
)
