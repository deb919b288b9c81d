"""Copied or invented? For each character of a text, the longest stretch around it that stands in a corpus, verbatim.

What a model writes is compared with what it was trained on. A short text that was trained on too long comes back word
for word, and shows as long stretches; spelling that was learnt shows as short ones, for any text has those.

The lengths are exact. Stretches of up to `SHORT` characters are looked up in tables that numpy fills in a few passes
over the corpus; longer ones are searched for in what is then left of it: the places where a short stretch of the text
stands at all. Left out on purpose: what is nearly copied, with a character changed.
"""

from dataclasses import dataclass

import numpy as np

SHORT = 8  # characters; few places of a corpus begin with so many that a text has, too
LIMIT = 4_000  # characters of a text: the tables have the square of it as many places


@dataclass(frozen=True)
class Copy:
    """A stretch of a text, text[start:end], and where it stands in the corpus: the first places, of `count` in all."""

    start: int
    end: int
    places: tuple[int, ...]
    count: int


def longest_matches(text: str, corpus: str) -> list[int]:
    """Return for each character of text the length of the longest match with the corpus that covers it; 0 for none.

    A match is a stretch of the text that stands in the corpus, character for character. Raises ValueError for a text
    that is too long.
    """
    covering = [0] * len(text)
    for start, length in enumerate(_lengths(text, corpus)):
        for at in range(start + length - 1, start - 1, -1):
            if covering[at] >= length:  # so have all before it that this match covers
                break
            covering[at] = length
    return covering


def where(text: str, corpus: str, position: int, most: int = 5) -> Copy | None:
    """Return the longest match that covers a character of text, and its first `most` places; None where none does.

    Of two that are as long, the earlier. Raises ValueError for a text that is too long, IndexError for a position
    outside it.
    """
    if not 0 <= position < len(text):
        raise IndexError(f"position {position} is outside a text of {len(text)} characters")
    lengths = _lengths(text, corpus)
    covering = [start for start in range(position + 1) if start + lengths[start] > position]
    if not covering:
        return None
    start = max(covering, key=lambda start: (lengths[start], -start))
    stretch = text[start : start + lengths[start]]
    places, at = [], corpus.find(stretch)
    while at >= 0 and len(places) < most:
        places.append(at)
        at = corpus.find(stretch, at + 1)
    count = len(places) if at < 0 else _occurrences(stretch, corpus)
    return Copy(start, start + lengths[start], tuple(places), count)


def _occurrences(stretch: str, corpus: str) -> int:
    """Count the places of a stretch, those that overlap too."""
    count, at = 0, corpus.find(stretch)
    while at >= 0:
        count, at = count + 1, corpus.find(stretch, at + 1)
    return count


def _lengths(text: str, corpus: str) -> list[int]:
    """Return for each place of text how much of what begins there stands in the corpus."""
    if len(text) > LIMIT:
        raise ValueError(f"The text has {len(text):,} characters, over the limit of {LIMIT:,}; use a part of it")
    lengths, left = _short_lengths(text, corpus)
    known = 0  # of a match that begins here, for one that began a character earlier was longer by one
    for start in range(len(text)):
        known = max(known - 1, 0)
        if lengths[start] == SHORT:
            known = max(known, SHORT)
            while start + known < len(text) and text[start : start + known + 1] in left:
                known += 1
            lengths[start] = known
    return lengths


def _short_lengths(text: str, corpus: str) -> tuple[list[int], str]:
    """Return the lengths, up to SHORT, and what a longer match can stand in: a part of the corpus."""
    letters = _codes(text)
    alphabet, ids = np.unique(letters, return_inverse=True)
    of_text = [ids.astype(np.int32)]  # for each length the name of the stretch that begins here
    here = _named(_codes(corpus), alphabet)  # the same for the corpus; -1: no stretch of the text
    lengths = np.isin(np.arange(len(alphabet)), here)[of_text[0]].astype(int)
    first_letters, places = here, np.flatnonzero(here >= 0)
    here = here[places]
    for length in range(2, min(SHORT, len(text)) + 1):
        whole = places + length <= len(corpus)
        places, here = places[whole], here[whole]
        base = len(alphabet) + 1
        pairs = of_text[-1][:-1] * base + ids[length - 1 :]
        kinds, names = np.unique(pairs, return_inverse=True)
        table = np.full((int(of_text[-1].max()) + 1) * base, -1, np.int32)
        table[kinds] = np.arange(len(kinds))
        follows = first_letters[places + length - 1]
        here = np.where(follows >= 0, table[here * base + follows], -1)
        places, here = places[here >= 0], here[here >= 0]
        stands = np.zeros(len(kinds), bool)
        stands[here] = True
        lengths[: len(names)][stands[names]] = length
        of_text.append(names.astype(np.int32))
    if len(text) <= SHORT:
        return lengths.tolist(), corpus
    return lengths.tolist(), _left(text, corpus, places)


def _left(text: str, corpus: str, places: np.ndarray) -> str:
    """Join SHORT characters from each of some places on, side by side where they meet, else with no letter between."""
    if not len(places):
        return ""
    gaps = np.flatnonzero(np.diff(places) > 1)  # places side by side are one longer stretch
    starts, ends = places[np.r_[0, gaps + 1]], places[np.r_[gaps, len(places) - 1]] + SHORT
    between = next(chr(code) for code in range(len(text) + 1) if chr(code) not in text)
    return between.join(corpus[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True))


def _codes(text: str) -> np.ndarray:
    """Return the code points of a text, (characters,) of uint32; half a pair of UTF-16 is one like any other."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _named(codes: np.ndarray, alphabet: np.ndarray) -> np.ndarray:
    """Return the place of each code in a sorted alphabet, -1 where it is not in it."""
    if not len(alphabet):
        return np.full(len(codes), -1, np.int32)
    table = np.full(int(alphabet.max()) + 2, -1, np.int32)
    table[alphabet] = np.arange(len(alphabet))
    return table[np.minimum(codes, len(table) - 1)]
