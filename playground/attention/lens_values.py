"""What a model would say after each of its layers of the text in view; it is kept, so that opening it again is free.

Only the likeliest tokens of each place are kept: all of GPT-2's log-probabilities would take 170 MB a text. Left out on
purpose: the lens itself (`core/insight/lens.py`), and the widget (`lens.py`).
"""

from dataclasses import dataclass

import torch

from core.insight.kept import Kept
from core.insight.lens import read_layers
from core.runs.directory import RunDir
from playground.attention.values import TextAttention
from playground.models import gpt2_writer, load_writer, snapshot_stamp
from playground.prompts import GPT2, token_texts

MOST_CANDIDATES = 10  # of each place, the likeliest first
MOST_BYTES = 8_000_000  # that are kept: GPT-2's longest text takes 0.1 MB


@dataclass(frozen=True)
class Lens:
    """The likeliest tokens at each depth of a model of L layers, for a text of T tokens: K of each place."""

    ids: torch.Tensor  # (L + 1, T, K), the likeliest first
    probs: torch.Tensor  # (L + 1, T, K)
    texts: dict[int, str]  # of each id that occurs

    def nbytes(self) -> int:
        """Return how many bytes the numbers take, and the texts about."""
        return self.ids.nbytes + self.probs.nbytes + 100 * len(self.texts)


_lenses: Kept[Lens] = Kept(MOST_BYTES, Lens.nbytes)


def look(run: RunDir | None, source: str, attention: TextAttention, lang: str = "en") -> Lens:
    """Read the text of a view through the lens; ValueError when its model or snapshot is gone."""
    if source == GPT2 or run is None:
        key, writer = (GPT2,), gpt2_writer(lang)
    else:
        writer = load_writer(run, attention.step)
        key = (str(run.path), attention.step, snapshot_stamp(run, attention.step))

    def read() -> Lens:
        K = min(MOST_CANDIDATES, writer.model.config.vocab_size)
        best = [layer.exp().topk(K) for layer in read_layers(writer.model, attention.ids[None])]
        ids, probs = torch.stack([each.indices for each in best]), torch.stack([each.values for each in best])
        return Lens(ids, probs, {i: token_texts(writer.tokenizer, [i])[0] for i in ids.unique().tolist()})

    return _lenses.get((*key, *attention.ids.tolist()), read)
