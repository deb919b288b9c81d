"""Silencing heads for a page: more and more text, a turn for everybody who silences, and results that are kept.

Left out on purpose: when to stop, which the caller decides: between two heads, and while it waits for its turn.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from core.attention import attention_layers
from core.insight.kept import Kept
from core.insight.silencing import Rises, silence_heads
from core.runs.directory import RunDir
from playground.attention.reference import silencing_windows, validation_tokens
from playground.attention.values import Named
from playground.models import Writer

ROUND_TOKENS = 1_024  # in the first look at all heads, and in each that follows
LARGE = 20_000_000  # parameters: GPT-2 has 144 heads, so a look at all of them takes
LARGE_ROWS, LARGE_WINDOW = 2, 64  # windows of so many tokens
LISTEN = 0.1  # seconds between two looks whether somebody who waits for a turn still wants it
MOST_SECONDS = 180.0  # of adding more text; the first look is always finished


class Turns:
    """Lets one caller at a time compute, in the order in which they came: who has had a turn goes to the end."""

    def __init__(self) -> None:
        self._line: deque[object] = deque()
        self._moved = threading.Condition()

    def __len__(self) -> int:
        """Return how many want a turn now."""
        return len(self._line)

    @contextmanager
    def turn(self, wanted: Callable[[], bool] = lambda: True) -> Iterator[bool]:
        """Wait for one's turn, and hold it until the block ends; False at once where it is wanted no more."""
        me = object()
        with self._moved:
            self._line.append(me)
            while wanted() and not self._moved.wait_for(lambda: self._line[0] is me, LISTEN):
                pass
        try:
            yield wanted()
        finally:
            with self._moved:
                self._line.remove(me)
                self._moved.notify_all()


@dataclass
class Silenced:
    """What is known of a model whose heads were silenced on a text."""

    rises: Rises
    window: int  # tokens of a window
    done: bool = False  # no more text is added
    working: threading.Lock = field(default_factory=threading.Lock)  # two pages that ask for the same do it once

    @property
    def tokens(self) -> int:
        """On how many tokens every head was silenced."""
        return self.window * self.rises.fewest()


turns = Turns()  # one for all pages
_silenced: Kept[Silenced] = Kept(200)


def known(key: str) -> Silenced | None:
    """Return what is known of a model already."""
    return _silenced.known(key)


def round_of(n_params: int, block_size: int) -> tuple[int, int]:
    """Return how many windows of how many tokens are read in one look at all heads."""
    if n_params > LARGE:
        return LARGE_ROWS, min(LARGE_WINDOW, block_size)
    return max(2, ROUND_TOKENS // block_size), block_size


def expected_seconds(named: Named, block_size: int) -> float:
    """Return about how long the first look at all heads takes, whoever else silences now taking turns."""
    rows, T = round_of(named.n_params, block_size)
    L, nh = named.brightest.shape
    return (L * nh + 1) * rows * T * named.seconds_per_token * (1 + len(turns))


def silence(
    key: str, writer: Writer, run: RunDir, wanted: Callable[[], bool] = lambda: True
) -> Iterator[Silenced]:  # fmt: skip
    """Silence each head in turn on validation text of a run, then again on more of it; yield what is known after each.

    What was measured before is gone on with. Who stops listening stops it: nothing is computed between two turns; so
    does `wanted`, which is asked while others have their turns too.
    """
    model, block_size = writer.model, writer.model.config.block_size
    rows, T = round_of(sum(p.numel() for p in model.parameters()), block_size)
    x, y = silencing_windows(validation_tokens(run, writer.tokenizer, block_size), T)
    layers = attention_layers(model)
    silenced = _silenced.get(key, lambda: Silenced(Rises(len(layers), layers[0].n_head), x.shape[1]))
    began = time.monotonic()
    yield silenced
    while (done := silenced.rises.fewest()) < len(x):
        if done and time.monotonic() - began > MOST_SECONDS:
            break
        yield from _one_look(silenced, writer, x[done : done + rows], y[done : done + rows], done, wanted)
        if not wanted():
            return
    silenced.done = True
    yield silenced


def _one_look(
    silenced: Silenced, writer: Writer, x, y, done: int, wanted: Callable[[], bool]
) -> Iterator[Silenced]:  # fmt: skip
    L, nh = silenced.rises.shape
    ahead = {(i, j) for i in range(L) for j in range(nh) if silenced.rises.windows(i, j) > done}
    looks = silence_heads(writer.model, x, y, ahead)
    while True:
        with turns.turn(wanted) as mine:
            found = next(looks, None) if mine else None
        if found is None:
            return
        layer, head, rises = found
        with silenced.working:
            if silenced.rises.windows(layer, head) == done:  # else another page was faster
                silenced.rises.add(layer, head, rises)
        yield silenced
