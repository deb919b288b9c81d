"""How long it takes to find what a text has copied from a corpus, beside looking for it with `in` alone.

    python -m benchmarks.copied --characters 1000 --megabytes 5

The corpus is a built-in text, repeated in another order of its lines until it is long enough. The text is new lines of
the same kind with a stretch of the corpus planted, then the corpus' own, then one letter again and again.
"""

import argparse
import random
import time

from benchmarks.report import head, row
from core.lab.copied import longest_matches
from core.text.corpora import load_corpus


def main(arguments: list[str] | None = None) -> None:
    """Print a row a text: seconds of each way, and how much of the text is copied in stretches of twenty and more."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.copied", description=__doc__.split("\n")[0])
    parser.add_argument("--characters", type=int, default=1000)
    parser.add_argument("--megabytes", type=float, default=5.0)
    asked = parser.parse_args(arguments)
    size, count = int(asked.megabytes * 1e6), asked.characters
    corpus = _long(load_corpus("plays").text, size)
    dice = random.Random(2)
    words = corpus[: 10 * count].split(" ")
    new = " ".join(dice.choices(words, k=count))[:count]
    planted = new[: count // 2] + corpus[size // 2 : size // 2 + count // 10] + new[count // 2 :]
    head("text", "s", "s with `in` alone", "ratio", "copied, 20 and more", "longest")
    for name, text, part in (
        ("words in another order, a tenth copied", planted[:count], corpus),
        ("all copied", corpus[size // 3 : size // 3 + count], corpus),
        ("one letter, in a corpus of it", "a" * count, "a" * size),
        ("one letter and another", "a" * (count - 1) + "b", "a" * size),
    ):
        began = time.perf_counter()
        found = longest_matches(text, part)
        middle = time.perf_counter()
        assert found == plainly(text, part)
        plain, ours = time.perf_counter() - middle, middle - began
        share = sum(length >= 20 for length in found) / len(found)
        row(name, f"{ours:.2f}", f"{plain:.2f}", f"{ours / plain:.2f}", f"{share:.0%}", max(found))


def plainly(text: str, corpus: str) -> list[int]:
    """Return the same lengths by asking of each stretch whether it stands in the corpus, never of a shorter one."""
    found, length = [0] * len(text), 0
    for start in range(len(text)):
        length = max(length - 1, 0)
        while start + length < len(text) and text[start : start + length + 1] in corpus:
            length += 1
        found[start : start + length] = [max(each, length) for each in found[start : start + length]]
    return found


def _long(text: str, size: int) -> str:
    lines, dice, parts, so_far = text.splitlines(keepends=True), random.Random(1), [], 0
    while so_far < size:
        dice.shuffle(lines)
        parts.append("".join(lines))
        so_far += len(parts[-1])
    return "".join(parts)[:size]


if __name__ == "__main__":
    main()
