"""The embeddings of a run's snapshots, or of GPT-2: where their rows lie, seen in one plane, and who is near whom.

Only the embeddings are read of each snapshot, not its model. Of a large vocabulary, the most frequent tokens of the
run's text are looked at; of many positions, every so many. Left out on purpose: the mathematics
(`core/insight/neighbours.py`), and the widget (`neighbours.py`).
"""

from collections import Counter
from dataclasses import dataclass
from math import ceil

import torch
from torch import Tensor

from core.architectures import architecture_of
from core.insight.kept import Kept
from core.insight.kinds import KINDS, kind_of
from core.insight.neighbours import kept_company, nearest, plane_of
from core.pretrained.weights import read_some
from core.runs.built import model_of
from core.runs.config import tokenizer_from_json
from core.runs.directory import RunDir
from core.runs.snapshots import kept, mark_used
from core.tokenizers import BPETokenizer, Tokenizer
from playground.models import ALICE, gpt2_writer, snapshot_stamp
from playground.prompts import GPT2, token_texts
from playground.words.translate import translate

MOST_TOKENS = 300  # that are looked at: more could not be told apart
MOST_POSITIONS = 256
MOST_FRAMES = 32  # a run has some 15 snapshots; a folder may hold anything
MOST_COUNTED = 1_000_000  # characters of the text in which tokens are counted
NEAREST = 5
MOST_BYTES = 16_000_000  # that are kept: a run of 15 snapshots takes 0.2 MB, with 300 tokens and 256 positions 0.8


@dataclass(frozen=True)
class Table:
    """N rows of an embedding in S snapshots."""

    width: int  # C
    points: Tensor  # (S, N, 2), in the plane of the last snapshot
    seen: list[float]  # the share of the rows' variance that the plane shows, of each snapshot
    explained: tuple[float, float]  # the same along each of its axes, of the last
    ids: Tensor  # (S, N, K): the nearest rows, by their place among the N
    cosines: Tensor  # (S, N, K)
    company: list[float]  # the share of rows whose nearest is of their kind, of each snapshot; none of a single row
    chance: float  # what chance would give

    def nbytes(self) -> int:
        """Return how many bytes the numbers take."""
        return sum(each.nbytes for each in (self.points, self.ids, self.cosines))


@dataclass(frozen=True)
class Neighbours:
    """The embeddings of a model over its snapshots."""

    steps: list[int]  # S of them; a single 0 of GPT-2
    missing: list[int]  # steps whose snapshots cannot be read
    architecture: str
    vocab_size: int
    names: list[str]  # of the tokens, in the order of their kinds
    kinds: list[str]
    counts: list[int]  # how often each comes in the text
    part: int  # characters of a longer text in which they were counted; 0: in all of it
    block_size: int  # positions that there are; 0 where none is learned
    places: list[int]  # those that are looked at
    tokens: Table
    positions: Table | None  # None: this architecture has none

    def nbytes(self) -> int:
        """Return how many bytes the numbers take, and the names about."""
        return self.tokens.nbytes() + (self.positions.nbytes() if self.positions else 0) + 200 * len(self.names)


_found: Kept[Neighbours] = Kept(MOST_BYTES, Neighbours.nbytes)


def look(run: RunDir | None, source: str, reads: bool = True, lang: str = "en") -> Neighbours:
    """Find who is near whom, in every snapshot of a run or in GPT-2; ValueError where there is nothing to look at.

    reads: whether who asks may know the run's text, in which tokens are counted.
    """
    text_of, name = (run if reads else None), (run and str(run.path), run and run.config().created, reads)
    if source == GPT2:
        writer = gpt2_writer(lang)
        state = writer.model.state_dict()
        return _found.get((GPT2, *name), lambda: _compared(text_of, writer.tokenizer, "gpt", {0: state}, []))
    if run is None:
        raise ValueError(translate("attention_no_run", lang))
    stamps = _stamps(run)
    if not stamps:
        raise ValueError(translate("no_snapshot_yet", lang))
    return _found.get((*name, *stamps.items()), lambda: _of_run(run, list(stamps), text_of))


def _stamps(run: RunDir) -> dict[int, int]:
    found = {}
    for step in kept(run.snapshots(), MOST_FRAMES):
        try:
            found[step] = snapshot_stamp(run, step)
        except OSError:  # gone just now
            continue
    return found


def _of_run(run: RunDir, steps: list[int], text_of: RunDir | None) -> Neighbours:
    config = run.config()
    shapes = model_of(config, empty=True)
    names = [name for name in shapes.state_dict() if name.split(".")[-2] in ("wte", "wpe")]
    states, missing = {}, []
    for step in steps:
        try:
            file = run.weights_file(step)
            mark_used(file.parent)
            states[step] = read_some(file, shapes, names)
        except (ValueError, OSError):
            missing.append(step)
    if not states:
        raise ValueError("None of this run's snapshots can be read; choose another run, or train this one again")
    return _compared(text_of, tokenizer_from_json(config.tokenizer), architecture_of(config.model), states, missing)


def _compared(
    text_of: RunDir | None, tokenizer: Tokenizer, architecture: str, states: dict[int, dict[str, Tensor]],
    missing: list[int],
) -> Neighbours:  # fmt: skip
    V = tokenizer.vocab_size
    ids, counts, part = chosen_tokens(text_of, tokenizer)
    kinds = [kind_of(tokenizer.decode([i])) for i in ids]
    rows = _rows(states, "wte", ids)
    number = torch.tensor([KINDS.index(kind) for kind in kinds])
    positions, places = None, []
    if T := next((len(tensor) for name, tensor in next(iter(states.values())).items() if "wpe" in name), 0):
        places = list(range(0, T, ceil(T / MOST_POSITIONS)))
        at = torch.arange(len(places))
        positions = table(_rows(states, "wpe", places), (at[:, None] - at).abs() == 1)
    return Neighbours(
        steps=list(states), missing=missing, architecture=architecture, vocab_size=V,
        names=token_texts(tokenizer, ids), kinds=kinds, counts=counts, part=part, block_size=T, places=places,
        tokens=table(rows, number[:, None] == number), positions=positions,
    )  # fmt: skip


def _rows(states: dict[int, dict[str, Tensor]], part: str, ids: list[int]) -> list[Tensor]:
    """Return rows (N, C) of an embedding in each of some snapshots; copies, so that no file stays mapped."""
    names = [name for name in next(iter(states.values())) if name.split(".")[-2] == part]
    return [state[names[0]].detach()[ids].float() for state in states.values()]


def table(frames: list[Tensor], alike: Tensor) -> Table:
    """Look at rows (N, C) in each of some snapshots; alike: (N, N), which of them are of a kind."""
    plane = plane_of(frames[-1])
    shown = [plane.show(rows) for rows in frames]
    near = [nearest(rows, NEAREST) for rows in frames]
    several = len(alike) > 1
    company = [kept_company(ids[:, 0], alike) for ids, _ in near] if several else []
    return Table(
        width=frames[0].shape[1],
        points=torch.stack([points for points, _ in shown]),
        seen=[seen for _, seen in shown],
        explained=plane.explained,
        ids=torch.stack([ids for ids, _ in near]),
        cosines=torch.stack([cosines for _, cosines in near]),
        company=[found for found, _ in company],
        chance=company[0][1] if several else 0.0,
    )


def chosen_tokens(text_of: RunDir | None, tokenizer: Tokenizer) -> tuple[list[int], list[int], int]:
    """Return the tokens that are looked at, by kind and then by text, and how often each comes in a run's text.

    Last comes in how many of its characters; 0: in all. Of a small vocabulary all are looked at, else the most frequent
    ones of that text. Without a text that can be read, GPT-2's are those of a page of a book, and no count is told.
    """
    try:
        text = text_of.text() if text_of else ""
        counted, part = Counter(tokenizer.encode(text[:MOST_COUNTED])), MOST_COUNTED * (len(text) > MOST_COUNTED)
    except (ValueError, OSError):  # its text is damaged; the snapshots may be whole
        counted, part = Counter(), 0
    told = bool(counted)
    if not told and isinstance(tokenizer, BPETokenizer):
        counted = Counter(tokenizer.encode(ALICE))
    V = tokenizer.vocab_size
    all_of_it = V <= MOST_TOKENS or not counted
    ids = sorted((i for i in range(V) if all_of_it or counted[i]), key=lambda i: (-counted[i], i))[:MOST_TOKENS]
    texts = {i: tokenizer.decode([i]) for i in ids}
    ids.sort(key=lambda i: (KINDS.index(kind_of(texts[i])), texts[i], i))
    return ids, [counted[i] if told else 0 for i in ids], part
