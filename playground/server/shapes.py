"""The shape of a JSON body, looked at while it arrives: how deep, how many values. Nothing is built of it.

Thirty megabytes of brackets, or a hundred thousand keys, cost a gigabyte and half a minute once they are parsed.
Here strings are skipped as a whole and marks are counted; after a few thousand of them it is clear that no page of ours
sends this. So a body costs as many steps as it has marks, at most MOST_MARKS, and about 1 ms for 64 kB of text.
"""

import re

from playground.server.refusal import Refusal

MOST_MARKS = 4_000  # brackets, commas and strings; the largest form of the page has about a hundred
DEEPEST = 16
MOST_LETTERS = 6_000_000  # of all strings: a text may have five million, and whoever sends some more hears that of it
MOST_QUOTES = 500  # within a string, looked at one by one
SLICE = 2**16
MARK = re.compile(rb'["\[\]{},]')
IN_STRING = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)


class Shape:
    """What is known of a body that arrives; `see` is told each part of it."""

    def __init__(self):
        self.depth = self.marks = self.letters = 0
        self.in_string = self.escaped = False

    def see(self, part: bytes) -> None:
        """Look at a further part; Refusal as soon as there is too much of anything."""
        for start in range(0, len(part), SLICE):
            self._see(part[start : start + SLICE])

    def _see(self, part: bytes) -> None:
        if b"\0" in part:
            raise Refusal(400, "The request is not JSON in UTF-8; send it as the page does")
        place = 1 if self.escaped and part else 0
        self.escaped = self.escaped and not part
        if self.in_string and self._is_inside(part[place:]):
            return
        while place < len(part):
            if self.in_string:
                place = self._leave_string(part, place)
            elif mark := MARK.search(part, place):
                self._count(mark.group())
                place = mark.end()
            else:
                return

    def _is_inside(self, part: bytes) -> bool:
        """Tell whether a string goes on through a whole part: most parts of a long text, however many quotes it has."""
        if b"\\\\" in part:
            bare = part.replace(b"\\\\", b"").replace(b'\\"', b"")
            is_inside, escaped = b'"' not in bare, bare.endswith(b"\\")
        else:  # counting is quicker
            is_inside, escaped = part.count(b'"') == part.count(b'\\"'), part.endswith(b"\\")
        if is_inside:
            self.escaped = escaped
            # At the least: an escape takes two bytes, \\u takes six. A text without any has twice as many, at no cost.
            self.letters += max(0, len(part.decode(errors="ignore")) - 4 * part.count(b"\\u")) // 2
            if self.letters > MOST_LETTERS:
                raise Refusal(413, f"The request has more than {MOST_LETTERS:,} characters; send less")
        return is_inside

    def _leave_string(self, part: bytes, place: int) -> int:
        """Return the place behind the end of a string, or that of the part's end where the string goes on."""
        for _ in range(MOST_QUOTES):
            quote = part.find(b'"', place)
            run = part[place:quote] if quote >= 0 else part[place:]
            is_escaped = (len(run) - len(run.rstrip(b"\\"))) % 2 == 1
            if quote < 0:
                self.escaped = is_escaped  # by the last byte: what it stands before is to come
                return len(part)
            place = quote + 1
            if not is_escaped:
                self.in_string = False
                return place
        found = IN_STRING.match(part, place)  # slower, but for as many quotes as there may be
        place = found.end() if found else place
        self.escaped = part[place : place + 1] == b"\\"
        self.in_string = self.escaped or place == len(part)
        return min(place + 1, len(part))

    def _count(self, mark: bytes) -> None:
        self.marks += 1
        if mark == b'"':
            self.in_string = True
        elif mark in b"[{":
            self.depth += 1
        elif mark in b"]}":
            self.depth -= 1
        if self.depth > DEEPEST:
            raise Refusal(400, "The request is nested too deeply; send plain values")
        if self.marks > MOST_MARKS:
            raise Refusal(413, "The request holds too many values; send fewer at once")
