"""Copied or invented: how long it takes to find what of a text stands verbatim in a corpus, and in how much memory.

    python -m benchmarks.copied

A text of 1,000 characters against corpora of five million: made-up words that come again and again (the text has 300
characters of it, and words of its own), two letters drawn at random, one letter alone (the text is in it everywhere),
and 4,000 different characters, of which the text has as many as it may. No time is a promise: the least of `--tries`.
"""

import argparse
import random
import time
import tracemalloc
from collections.abc import Iterator

from benchmarks.machine import watched
from benchmarks.report import head, row
from core.lab.copied import LONGEST_TEXT, longest_matches, where


def main(arguments: list[str] | None = None) -> None:
    """Print a row for each kind of corpus."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.copied", description=__doc__.split("\n")[0])
    parser.add_argument("--characters", type=int, default=5_000_000, help="of each corpus")
    parser.add_argument("--text", type=int, default=1000, help="characters of the text")
    parser.add_argument("--tries", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="measure the machine's peaks in passing")
    asked = parser.parse_args(arguments)
    with watched(asked.quick):
        head("corpus", "characters", "text", "longest match", "places", "s of all matches", "s of one click", "MB")
        for name, text, corpus in cases(asked.characters, asked.text):
            matches, seconds = timed(asked.tries, longest_matches, text, corpus)
            copy, click = timed(asked.tries, where, text, corpus, matches.index(max(matches)))
            megabytes = most_memory(text, corpus) / 1e6
            row(name, f"{len(corpus):,}", f"{len(text):,}", max(matches), f"{copy.count:,}", f"{seconds:.2f}",
                f"{click:.2f}", f"{megabytes:.0f}")  # fmt: skip


def cases(characters: int, length: int) -> Iterator[tuple[str, str, str]]:
    """Yield (name, text, corpus)."""
    chance = random.Random(1)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 8))) for _ in range(3000)]
    corpus = " ".join(chance.choices(words, k=characters // 4))[:characters]
    copy, own = corpus[characters // 2 :][: length * 3 // 10], " ".join(chance.choices(words, k=length))
    yield "words", f"{copy}#{own}"[:length], corpus
    yield "two letters", "".join(chance.choices("ab", k=length)), "".join(chance.choices("ab", k=characters))
    yield "one letter", "a" * length, "a" * characters
    different = [chr(0x4E00 + i) for i in range(LONGEST_TEXT)]
    yield "4,000 letters", "".join(different), "".join(chance.choices(different, k=characters))


def timed(tries: int, work, *values):
    """Return what the work comes to, and the seconds of its quickest try."""
    seconds = []
    for _ in range(tries):
        began = time.perf_counter()
        found = work(*values)
        seconds.append(time.perf_counter() - began)
    return found, min(seconds)


def most_memory(text: str, corpus: str) -> int:
    """Return the most bytes that are taken at once beside text and corpus."""
    tracemalloc.start()
    longest_matches(text, corpus)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


if __name__ == "__main__":
    main()
