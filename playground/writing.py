"""Writing with a run's snapshots: the models that are held, prompts made fit for them, and the stream for the page."""

import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import torch

from core import gpt2
from core.config import SampleConfig
from core.corpora import clean_text
from core.precision import int8
from core.run_dir import RunDir
from core.sampling import generate
from core.tokenizers import Tokenizer, named, tokenizer_from_json
from playground.i18n import translate

MOST_SECONDS = 120  # of one request
REFRESH = 0.08  # seconds between two pictures of the stream


@dataclass(frozen=True)
class Writer:
    """A model in eval mode and its tokenizer."""

    model: torch.nn.Module
    tokenizer: Tokenizer


# Lewis Carroll, 1865: what the loss of GPT-2 is compared on, in 8 bits and in full.
PARAGRAPH = (
    "Alice was beginning to get very tired of sitting by her sister on the bank, and of having nothing to do: once or "
    "twice she had peeped into the book her sister was reading, but it had no pictures or conversations in it, and "
    "what is the use of a book, thought Alice, without pictures or conversations?"
)


def gpt2_writer(lang: str = "en") -> Writer:
    """Return GPT-2 with its published weights; ValueError that says where to load it when it is not in memory."""
    model = gpt2.loaded()
    if model is None:
        if not gpt2.is_cached():
            raise ValueError(translate("gpt2_not_loaded", lang))
        model = gpt2.load_gpt2()  # it is on this machine: a matter of seconds
    return Writer(model, _gpt2_tokenizer())


def int8_gpt2_writer(lang: str = "en") -> tuple[Writer, str]:
    """Return GPT-2 with its linear layers' weights in 8 bits, and a sentence about what that costs."""
    writer = gpt2_writer(lang)
    rounded, exact_loss, rounded_loss = _int8_gpt2()
    said = translate("int8_note", lang).format(exact=f"{exact_loss:.3f}", rounded=f"{rounded_loss:.3f}")
    return Writer(rounded, writer.tokenizer), said


@lru_cache(maxsize=1)
def _int8_gpt2() -> tuple[torch.nn.Module, float, float]:
    """Return the rounded model, made once, and both models' loss on the same paragraph, in nats per token."""
    writer = gpt2_writer()
    rounded = int8(writer.model)
    idx = torch.tensor([writer.tokenizer.encode(PARAGRAPH)])
    with torch.no_grad():
        losses = [float(model(idx[:, :-1], idx[:, 1:])[1]) for model in (writer.model, rounded)]
    return rounded, *losses


@lru_cache(maxsize=1)
def _gpt2_tokenizer() -> Tokenizer:
    return gpt2.gpt2_tokenizer()


@lru_cache(maxsize=6)
def _load(path: str, step: int, written: int) -> Writer:
    run = RunDir(path)
    return Writer(run.load_snapshot(step), tokenizer_from_json(run.config().tokenizer))


def load_writer(run: RunDir, step: int | None = None) -> Writer:
    """Return the model of a run's snapshot (the last by default), kept in memory for the next time."""
    steps = run.snapshots()
    if not steps:
        raise ValueError("This run has no snapshot yet; wait for its first step, or choose another run")
    step = steps[-1] if step is None else step
    if type(step) not in (int, float) or step not in steps:
        raise ValueError(f"This run has no snapshot of step {step!r:.20}; choose one of the list")
    step = int(step)
    return _load(str(run.path), step, snapshot_stamp(run, step))


def snapshot_stamp(run: RunDir, step: int) -> int:
    """Return what changes when a snapshot is another one by the same name."""
    return (run.path / "snapshots" / f"step-{step:07d}").stat().st_mtime_ns


def fit_prompt(text: str, tokenizer: Tokenizer, replace: bool, lang: str = "en") -> tuple[str, list[dict], str | None]:
    """Make a prompt of known characters only: unknown ones are left out or replaced.

    Returns the prompt, what to show of it ({"t", "unknown"} a character), and a sentence about what was changed.
    """
    text, note = clean_text(text)
    unknown = set(tokenizer.unknown(text))
    if not unknown:
        return text, [], note
    stand_in = {character: _closest(character, tokenizer) if replace else "" for character in unknown}
    shown = [{"t": c if c in unknown and not replace else stand_in.get(c, c), "unknown": c in unknown} for c in text]
    first_seen = [c for c in dict.fromkeys(text) if c in unknown]
    key = "unknown_replaced" if replace else "unknown_dropped"
    sentence = translate(key, lang).format(names=named(first_seen))
    return "".join(stand_in.get(c, c) for c in text), shown, " ".join(filter(None, [note, sentence]))


def write(
    writer: Writer, text: str, options: SampleConfig, replace: bool, fallback: str, lang: str, said: str | None = None
) -> Iterator[dict]:
    """Yield the value of the WrittenText component again and again, as tokens are added to it; said: a note of ours."""
    tokenizer, T = writer.tokenizer, writer.model.config.block_size
    prompt, shown, note = fit_prompt(text, tokenizer, replace, lang)
    ids = tokenizer.encode(prompt) or tokenizer.encode(fallback)
    note = " ".join(filter(None, [note, said])) or None
    if len(ids) > T:
        sentence = translate("too_long", lang).format(block_size=T, count=len(ids))
        note = " ".join(filter(None, [note, sentence]))
    _mark_unseen(shown, max(0, len(ids) - T), replace)
    if not shown:
        shown = [{"t": t, "unknown": False, "seen": i >= len(ids) - T} for i, t in enumerate(pieces(tokenizer, ids))]
    value = {"lang": lang, "prompt": shown, "tokens": [], "speed": None, "state": "writing", "note": note}
    yield {**value, "tokens": []}
    began = shown_at = time.monotonic()
    joined = Joined(tokenizer)
    for token in generate(writer.model, torch.tensor([ids]), **options.model_dump()):
        alternatives = [[tokenizer.decode([c.id]), c.model_prob, c.prob] for c in token.alternatives]
        text = joined.add(token.id)
        value["tokens"].append({"t": text, "p": token.model_prob, "q": token.prob, "alts": alternatives})
        now = time.monotonic()
        value["speed"] = len(value["tokens"]) / max(now - began, 1e-9)
        if now - began > MOST_SECONDS:
            value["note"] = translate("time_is_up", lang).format(seconds=MOST_SECONDS)
            break
        if now - shown_at > REFRESH:
            shown_at = now
            yield {**value, "tokens": list(value["tokens"])}
    yield {**value, "state": "done"}


class Joined:
    """Tokens to text one by one; a character spread over several tokens stands with the last of them."""

    def __init__(self, tokenizer: Tokenizer):
        self.tokenizer, self.held = tokenizer, []

    def add(self, i: int) -> str:
        """Return the text that a token adds: none as long as it ends within a character (of at most four bytes)."""
        self.held.append(i)
        text = self.tokenizer.decode(self.held)
        if text.endswith("\ufffd") and len(self.held) < 4:
            return ""
        self.held = []
        return text


def pieces(tokenizer: Tokenizer, ids: list[int]) -> list[str]:
    """Return the text of each token."""
    joined = Joined(tokenizer)
    return [joined.add(i) for i in ids]


def _mark_unseen(shown: list[dict], unseen: int, replace: bool) -> None:
    """Mark which characters of a prompt the model sees: not what was left out, nor the first `unseen` of the rest."""
    known = 0
    for piece in shown:
        in_prompt = bool(piece["t"]) and (replace or not piece["unknown"])
        piece["seen"] = in_prompt and known >= unseen
        known += in_prompt


def _closest(character: str, tokenizer: Tokenizer) -> str:
    """Return a known character that stands for an unknown one: its base letter, its other case, or a space."""
    base = unicodedata.normalize("NFKD", character.replace("đ", "d").replace("Đ", "D"))[:1]
    for candidate in (base, base.swapcase(), " ", "\n"):
        if candidate and not tokenizer.unknown(candidate):
            return candidate
    return ""
