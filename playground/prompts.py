"""Prompts: which model reads them, only characters that it knows, and its tokens as text."""

import codecs
from typing import Any

from core.text.characters import fitted, invisible, is_invisible
from core.text.corpora import clean_text
from core.tokenizers import GPT2_VOCAB_SIZE, BPETokenizer, CharTokenizer, Tokenizer, named
from playground.words.refusals import refused
from playground.words.translate import translate

RUN, GPT2 = "run", "gpt2"  # the models to choose from: that of the run in view, and the pretrained one
GPT2_PROMPT = "\n"  # what GPT-2 continues when the prompt is empty
MOST_TEXT = 2_000  # characters of a text whose attention is shown; only its first tokens are


def source_choices(lang: str) -> list[tuple[str, str]]:
    """Return (words, value) of each model to choose from."""
    return [(translate("source_run", lang), RUN), (translate("source_gpt2", lang), GPT2)]


def check_step(steps: list[int], step: Any) -> int:
    """Return which snapshot of a run is meant, by None the last; ValueError where there is none, or not that one."""
    if not steps:
        raise ValueError("This run has no snapshot yet; wait for its first step, or choose another run")
    step = steps[-1] if step is None else step
    if type(step) not in (int, float) or step not in steps:
        raise ValueError(f"This run has no snapshot of step {step!r:.20}; choose one of the list")
    return int(step)


def fit_prompt(text: str, tokenizer: Tokenizer, replace: bool, lang: str = "en") -> tuple[str, list[dict], str | None]:
    """Put a prompt into the characters that a tokenizer knows: in its spelling, and the others left out or replaced.

    Returns the prompt, what to show of it where something was left out or replaced ({"t", "unknown"} for each letter;
    one of several characters in as many pieces), and a sentence about what was changed.
    """
    text, changed = clean_text(text)
    note = changed and refused(changed, lang)
    if not tokenizer.unknown(text):
        return text, [], note
    notes = [note] if note else []
    letters = fitted(text, lambda part: not tokenizer.unknown(part))
    each = [letter for letter in letters if letter.how != "vanished"]
    gone = {*invisible(text)}.union(*(letter.text for letter in letters if letter.how == "vanished"))
    if vanished := [c for c in dict.fromkeys(text) if c in gone and tokenizer.unknown(c)]:
        notes.append(translate("prompt_vanished", lang, names=named(vanished)))
    if any(x.how == "respelled" and x.becomes != "".join(c for c in x.text if c not in vanished) for x in each):
        notes.append(translate("prompt_respelled", lang))
    strange = [letter for letter in each if letter.how in ("replaced", "unknown")]
    if not strange:
        return "".join(letter.becomes for letter in each), [], " ".join(notes)
    key = "unknown_replaced" if replace else "unknown_dropped"
    names = dict.fromkeys(c for letter in strange for c in letter.text if tokenizer.unknown(c) and not is_invisible(c))
    notes.append(translate(key, lang, names=refused(named(names), lang)))
    shown = []
    for letter in each:
        unknown = letter in strange
        if unknown and not replace:
            shown.append({"t": letter.text, "unknown": True})
        else:
            shown += [{"t": c, "unknown": unknown} for c in letter.becomes]
    return "".join(x.becomes for x in each if replace or x not in strange), shown, " ".join(notes)


class DecodeStream:
    """Decode tokens one by one; a character that is spread over several tokens comes with the last of them."""

    def __init__(self, tokenizer: Tokenizer):
        self.tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def step(self, token_id: int) -> str:
        """Return the text that a token adds: none while it ends within a character."""
        return self._decoder.decode(_token_bytes(self.tokenizer, token_id))

    def end(self) -> str:
        """Return what the last tokens have begun and nobody finished, as U+FFFD; all parts are the text of all."""
        return self._decoder.decode(b"", final=True)


def token_text(tokenizer: Tokenizer, token_id: int) -> str:
    """Return one token as it can be shown alone: its text, and part of a character as its bytes: <E1><BB>."""
    return _token_bytes(tokenizer, token_id).decode("utf-8", "angle_bytes")


def token_texts(tokenizer: Tokenizer, ids: list[int]) -> list[str]:
    """Return each token as it can be shown alone; where none ends within a character, they are the text of all."""
    return [token_text(tokenizer, token_id) for token_id in ids]


def is_end_of_text(tokenizer: Tokenizer, token_id: int) -> bool:
    """Return whether a token is GPT-2's mark between two texts, not the thirteen characters that write it."""
    return isinstance(tokenizer, BPETokenizer) and token_id == GPT2_VOCAB_SIZE - 1


def _token_bytes(tokenizer: Tokenizer, token_id: int) -> bytes:
    if isinstance(tokenizer, CharTokenizer):
        return tokenizer.decode([token_id]).encode()
    return tokenizer.token_bytes(token_id)


def _angle_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(f"<{byte:02X}>" for byte in error.object[error.start : error.end]), error.end


codecs.register_error("angle_bytes", _angle_bytes)
