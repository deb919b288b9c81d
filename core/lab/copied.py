"""Copied or invented: how much of a text stands, letter by letter, in the text that a model learned from.

A suffix automaton (Blumer et al., 1985) of the short text knows all its stretches, in at most twice as many states as
the text has characters. The corpus is read through it, and at each place it tells the longest stretch that ends there:
no hash, so no false match. Read one character after another in Python, five million take seconds. So the corpus is cut
into lanes that are read side by side, one array operation for a character of each; each lane goes on into the next one
by the length of the text, so that no match is cut. The time depends on the lengths alone, not on what is written.

Left out on purpose: matches that differ in case, spelling or a space. A copy with one letter changed is two stretches.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

LONGEST_TEXT = 4_000  # characters; of as many different ones, the automaton's two tables take 64 MB together
FEW = 5  # places that are named
STEP_COST = 1_000  # one more array operation takes about as long as so many more characters in one
PIECE = 2**20  # characters of the corpus that are turned into numbers at once


@dataclass(frozen=True)
class Copy:
    """The longest verbatim match that covers one character of a text: text[start:end]; "" where it stands nowhere."""

    start: int
    end: int
    places: tuple[int, ...]  # where it begins in the corpus: the first few
    count: int  # in how many places it stands, overlapping ones too


def longest_matches(text: str, corpus: str) -> list[int]:
    """Return, for each character of text, how long the longest stretch of text is that covers it and is in corpus.

    Characters are code points, compared as they are; 0 is for one that the corpus does not have. Raises ValueError for
    a text of more than LONGEST_TEXT characters.
    """
    return [end - start for start, end in _stretches(text, corpus)]


def where(text: str, corpus: str, position: int, few: int = FEW) -> Copy:
    """Return the longest verbatim match that covers text[position], and where it stands in the corpus.

    Of several that are as long, it is the first one. Raises ValueError for a text that is too long, or has no such
    position.
    """
    if type(position) is not int or not 0 <= position < len(text):
        raise ValueError(
            f"position={position!r:.40} is not in the text of {len(text):,} characters; choose one of its characters"
        )
    start, end = _stretches(text, corpus)[position]
    found = text[start:end]
    if not found:
        return Copy(start, end, (), 0)
    return Copy(start, end, tuple(islice(_places(found, corpus), few)), _count(found, corpus))


def _stretches(text: str, corpus: str) -> list[tuple[int, int]]:
    """Return (start, end) of the longest match that covers each character of text; an empty one where there is none."""
    if len(text) > LONGEST_TEXT:
        raise ValueError(
            f"The text has {len(text):,} characters, more than the {LONGEST_TEXT:,} that are compared at once; "
            f"shorten it, or compare it in parts"
        )
    if not text or not corpus:
        return [(place, place) for place in range(len(text))]
    lengths = _ending_at(text, corpus)
    longest, starts = np.zeros(len(text), np.int64), np.arange(len(text))
    for last, length in enumerate(lengths):
        covered = slice(last + 1 - length, last + 1)
        longer = longest[covered] < length
        longest[covered][longer] = length
        starts[covered][longer] = last + 1 - length
    return list(zip(starts.tolist(), (starts + longest).tolist(), strict=True))


def _ending_at(text: str, corpus: str) -> list[int]:
    """Return, for each character of text, the length of the longest match with the corpus that ends with it."""
    automaton = _Automaton(text)
    best = _best(automaton, corpus, len(text))
    by_length = np.argsort(automaton.lengths, kind="stable").tolist()
    for state in reversed(by_length[1:]):  # what ends with a match of this state ends with all of the next shorter ones
        if best[state]:
            shorter = automaton.links[state]
            best[shorter] = automaton.lengths[shorter]
    for state in by_length[1:]:
        if not best[state]:
            best[state] = best[automaton.links[state]]
    return [best[state] for state in automaton.prefixes]


class _Automaton:
    """All stretches of a text. A state stands for those that end at the same places of it, of which one is the longest.

    lengths: of the longest stretch of a state. links: the state of the longest of its ends that is not in the state.
    prefixes: the state of the text up to each of its characters.
    """

    def __init__(self, text: str):
        self.letters = sorted(set(text))
        self.edges: list[dict[str, int]] = [{}]
        self.lengths, self.links, self.prefixes = [0], [-1], []
        last = 0
        for letter in text:
            last = self._add(letter, last)
            self.prefixes.append(last)

    def _add(self, letter: str, last: int) -> int:
        """Add a letter after the state of all the text so far, and return the state of all of it."""
        new = self._state({}, self.lengths[last] + 1, 0)
        state = last
        while state >= 0 and letter not in self.edges[state]:
            self.edges[state][letter] = new
            state = self.links[state]
        if state < 0:
            return new
        there = self.edges[state][letter]
        if self.lengths[there] == self.lengths[state] + 1:
            self.links[new] = there
            return new
        split = self._state(dict(self.edges[there]), self.lengths[state] + 1, self.links[there])
        while state >= 0 and self.edges[state].get(letter) == there:
            self.edges[state][letter] = split
            state = self.links[state]
        self.links[there] = self.links[new] = split
        return new

    def _state(self, edges: dict[str, int], length: int, link: int) -> int:
        self.edges.append(edges)
        self.lengths.append(length)
        self.links.append(link)
        return len(self.edges) - 1

    def tables(self) -> tuple[np.ndarray, np.ndarray]:
        """Return what a letter does in each state: (states, 1 + letters) int16; letter 0 is one that the text has not.

        The first table says which state comes next, and the second how long a match can at most be that goes on; -1
        where none does. A state without an edge of that letter does as its link.
        """
        column = {letter: place for place, letter in enumerate(self.letters, start=1)}
        following = np.zeros((len(self.edges), 1 + len(column)), np.int16)
        going_on = np.full_like(following, -1)
        for state in sorted(range(len(self.edges)), key=self.lengths.__getitem__):
            if state:
                following[state], going_on[state] = following[self.links[state]], going_on[self.links[state]]
            own = [column[letter] for letter in self.edges[state]]
            following[state, own] = list(self.edges[state].values())
            going_on[state, own] = self.lengths[state]
        return following, going_on


def _best(automaton: _Automaton, corpus: str, overlap: int) -> list[int]:
    """Return the longest match of the corpus that ends in each state; 0 where none does."""
    best = np.zeros(len(automaton.edges), np.int16)
    for state, length in _read(automaton, corpus, overlap):
        np.maximum.at(best, state, length)
    best[0] = 0
    return best.tolist()


def _read(automaton: _Automaton, corpus: str, overlap: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Read the corpus in lanes, each one and `overlap` characters of the next; yield, after each character of all
    lanes, the state of each lane and the length of the match that ends there (both (lanes,), changed by the next turn).
    """
    following, going_on = (table.ravel() for table in automaton.tables())
    letters = 1 + len(automaton.letters)
    width = max(1, round((len(corpus) * overlap / STEP_COST) ** 0.5))  # the quickest: fewer steps, but more overlap
    lanes = _lanes(_numbers(automaton.letters, corpus), width, overlap)
    state, length = np.zeros(lanes.shape[1], np.int16), np.zeros(lanes.shape[1], np.int16)
    place = np.empty(lanes.shape[1], np.int64)
    for column in lanes:
        np.multiply(state, letters, out=place, dtype=np.int64)
        place += column
        np.take(following, place, out=state)
        np.minimum(length, going_on[place], out=length)
        length += 1
        yield state, length


def _numbers(letters: list[str], corpus: str) -> np.ndarray:
    """Return the corpus as numbers of letters, (N,) from 1; 0 is for all that are not among them."""
    number = np.zeros(0x110000, np.uint16)  # of every character that Unicode can have
    number[[ord(letter) for letter in letters]] = np.arange(1, 1 + len(letters))
    pieces = (corpus[start : start + PIECE] for start in range(0, len(corpus), PIECE))
    points = (np.frombuffer(piece.encode("utf-32-le", "surrogatepass"), "<u4") for piece in pieces)
    return np.concatenate([number[each] for each in points])


def _lanes(numbers: np.ndarray, width: int, overlap: int) -> np.ndarray:
    """Return the corpus in lanes, (steps, lanes): each goes on into the next ones by `overlap`."""
    count = -(-len(numbers) // width)
    padded = np.zeros(count * width + overlap, np.uint16)
    padded[: len(numbers)] = numbers
    return np.lib.stride_tricks.as_strided(padded, (width + overlap, count), (2, 2 * width), writeable=False)


def _places(found: str, corpus: str) -> Iterator[int]:
    """Yield where a stretch begins in the corpus, in order."""
    place = corpus.find(found)
    while place >= 0:
        yield place
        place = corpus.find(found, place + 1)


def _count(found: str, corpus: str) -> int:
    """Return in how many places a stretch stands; `str.count` counts none that overlap, and to find each is slow."""
    reads = _read(_Automaton(found), corpus, len(found) - 1)  # so that each place ends in the lane that it begins in
    return sum(int((length == len(found)).sum()) for _, length in reads)
