"""What counting is worth on each built-in text: the n that is chosen for it and its loss, beside a bar.

    python -m benchmarks.counting --corpora shakespeare plays python

The bars are losses of modified Kneser-Ney counted by another program on the same split, in nats per character: with
five characters on Tiny Shakespeare, with seven, and with the best n on the plays and on Python (of 3.11).
"""

import argparse
import time

from benchmarks.report import head, row
from benchmarks.time_to_loss import read_text
from core.text.corpora import CORPUS_NAMES
from core.text.ngrams import baselines, ngram_cross_entropy
from core.tokenizers import split

BARS = {"shakespeare": {5: 1.561, 7: 1.517}, "plays": {None: 1.230}, "python": {None: 1.290}}  # by n; None: the chosen


def main(arguments: list[str] | None = None) -> None:
    """Print a row a text and bar."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.counting", description=__doc__.split("\n")[0])
    built_in = [name for name in CORPUS_NAMES if name != "own"]
    parser.add_argument("--corpora", nargs="+", choices=built_in, default=built_in, metavar="CORPUS")
    parser.add_argument("--characters", type=int, help="of each text, to try the command out")
    asked = parser.parse_args(arguments)
    head("text", "n", "loss", "bar", "n chosen for it", "s of counting")
    for name in asked.corpora:
        tokens, size = read_text(name)
        train, val = (part.numpy() for part in split(tokens[: asked.characters], 1))
        began = time.perf_counter()
        found = baselines(train, val, size)
        took = time.perf_counter() - began
        for order, bar in BARS[name].items():
            loss = found["ngram"] if order in (None, found["order"]) else ngram_cross_entropy(train, val, order, size)
            row(name, order or found["order"], f"{loss:.4f}", f"{bar:.3f}", found["order"], f"{took:.1f}")


if __name__ == "__main__":
    main()
