"""Snapshots and GPT-2, cached for the tabs. This file imports torch, so handlers import it when they first need it."""

from dataclasses import dataclass
from functools import lru_cache

import torch

from core.insight.kept import Kept
from core.once import Once
from core.pretrained import loader
from core.pretrained.rounded import int8
from core.runs.config import tokenizer_from_json
from core.runs.directory import RunDir
from core.tokenizers import Tokenizer
from playground.prompts import check_step
from playground.words.translate import translate

MOST_WEIGHTS = 1_050_000_000  # bytes of snapshots in memory: two of GPT-2's shape, hundreds of small ones
torch.set_num_threads(1)  # two threads that wait for each other beside a training run crawl


@dataclass(frozen=True)
class Writer:
    """A model in eval mode and its tokenizer."""

    model: torch.nn.Module
    tokenizer: Tokenizer


# From "Alice's Adventures in Wonderland", Lewis Carroll, 1865: what GPT-2's heads are named by; its losses in
# 8 bits and in full are compared on the first paragraph.
ALICE = """\
Alice was beginning to get very tired of sitting by her sister on the bank, and of having nothing to do: once \
or twice she had peeped into the book her sister was reading, but it had no pictures or conversations in it, \
"and what is the use of a book," thought Alice "without pictures or conversations?"

So she was considering in her own mind (as well as she could, for the hot day made her feel very sleepy and \
stupid), whether the pleasure of making a daisy-chain would be worth the trouble of getting up and picking the \
daisies, when suddenly a White Rabbit with pink eyes ran close by her.

There was nothing so very remarkable in that; nor did Alice think it so very much out of the way to hear the \
Rabbit say to itself, "Oh dear! Oh dear! I shall be late!" (when she thought it over afterwards, it occurred \
to her that she ought to have wondered at this, but at the time it all seemed quite natural); but when the \
Rabbit actually took a watch out of its waistcoat-pocket, and looked at it, and then hurried on, Alice started \
to her feet, for it flashed across her mind that she had never before seen a rabbit with either a waistcoat- \
pocket, or a watch to take out of it, and burning with curiosity, she ran across the field after it, and \
fortunately was just in time to see it pop down a large rabbit-hole under the hedge.

In another moment down went Alice after it, never once considering how in the world she was to get out again.

The rabbit-hole went straight on like a tunnel for some way, and then dipped suddenly down, so suddenly that \
Alice had not a moment to think about stopping herself before she found herself falling down a very deep well.

Either the well was very deep, or she fell very slowly, for she had plenty of time as she went down to look \
about her and to wonder what was going to happen next. First, she tried to look down and make out what she was \
coming to, but it was too dark to see anything; then she looked at the sides of the well, and noticed that \
they were filled with cupboards and book-shelves; here and there she saw maps and pictures hung upon pegs."""
PARAGRAPH = ALICE.partition("\n\n")[0]


def gpt2_writer(lang: str = "en") -> Writer:
    """Return GPT-2 with its published weights; ValueError when they are not on this machine."""
    model = loader.loaded()
    if model is None:
        if not loader.is_cached():
            raise ValueError(translate("gpt2_not_loaded", lang))
        model = loader.load_gpt2()  # it is on this machine: a matter of seconds
    return Writer(model, _gpt2_tokenizer())


def has_int8() -> bool:
    """Tell whether this torch multiplies 8-bit weights; where it has an engine for that and uses none, choose it."""
    quantized = torch.backends.quantized
    if quantized.engine == "none":  # so on Macs
        quantized.engine = next((name for name in quantized.supported_engines if name != "none"), "none")
    return quantized.engine != "none"


def int8_gpt2_writer(lang: str = "en") -> tuple[Writer, str]:
    """Return GPT-2 with the weights of its linear layers in 8 bits, and a sentence about what that costs."""
    if not has_int8():
        raise ValueError("This torch cannot multiply 8-bit weights on this machine; write with the full weights")
    writer = gpt2_writer(lang)
    rounded, exact_loss, rounded_loss = _rounded("gpt2", _int8_gpt2)
    return Writer(rounded, writer.tokenizer), translate("int8_note", lang, exact=exact_loss, rounded=rounded_loss)


_rounded: Once[tuple[torch.nn.Module, float, float]] = Once(keep=True)  # one in memory for all


def _int8_gpt2() -> tuple[torch.nn.Module, float, float]:
    """Return the rounded model, and both models' loss on the same paragraph, in nats per token."""
    writer = gpt2_writer()
    rounded = int8(writer.model)
    idx = torch.tensor([writer.tokenizer.encode(PARAGRAPH)])
    with torch.no_grad():
        losses = [float(model(idx[:, :-1], idx[:, 1:])[1]) for model in (writer.model, rounded)]
    return rounded, *losses


@lru_cache(maxsize=1)
def _gpt2_tokenizer() -> Tokenizer:
    return loader.gpt2_tokenizer()


def weight_bytes(writer: Writer) -> int:
    """Return how many bytes the weights of a writer take."""
    return sum(weight.nbytes for weight in (*writer.model.parameters(), *writer.model.buffers()))


_writers: Kept[Writer] = Kept(MOST_WEIGHTS, weight_bytes)  # two callers load one copy


def load_writer(run: RunDir, step: int | None = None) -> Writer:
    """Return the model of a run's snapshot (the last by default), kept in memory for the next time."""
    step = check_step(run.snapshots(), step)
    key = (str(run.path), step, snapshot_stamp(run, step))
    return _writers.get(key, lambda: Writer(run.load_snapshot(step), tokenizer_from_json(run.config().tokenizer)))


def nearest(run: RunDir, step: int | None = None, lang: str = "en") -> tuple[Writer, int, str | None]:
    """Return the model of a snapshot (the last by default), or of the nearest to it that there is and can be read.

    With it comes its step, and a sentence where it is not the one that was asked for. Raises ValueError where none is.
    """
    steps = run.snapshots()
    newest, trouble = check_step(steps, None), None
    wanted = newest if step is None else step
    for each in sorted(steps, key=lambda other: (abs(other - wanted), other)):
        try:
            writer = load_writer(run, each)
        except (ValueError, OSError) as error:  # damaged, or deleted just now
            trouble = trouble or error
            continue
        key = None if each == wanted else "moment_damaged" if wanted in steps else "moment_gone"
        return writer, each, key and translate(key, lang, wanted=wanted, step=each)
    raise trouble


def snapshot_stamp(run: RunDir, step: int) -> int:
    """Return a stamp that differs between a snapshot and a later one under the same path."""
    return (run.path / "snapshots" / f"step-{step:07d}").stat().st_mtime_ns
