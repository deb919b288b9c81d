"""Prompts: which model reads them, only characters that it knows, and its tokens as text."""

import codecs
import unicodedata

from core.text.corpora import clean_text
from core.tokenizers import GPT2_VOCAB_SIZE, BPETokenizer, CharTokenizer, Tokenizer, named
from playground.words.translate import translate

RUN, GPT2 = "run", "gpt2"  # the models to choose from: that of the run in view, and the pretrained one
GPT2_PROMPT = "\n"  # what GPT-2 continues when the prompt is empty
MOST_TEXT = 2_000  # characters of a text whose attention is shown; only its first tokens are


def source_choices(lang: str) -> list[tuple[str, str]]:
    """Return (words, value) of each model to choose from."""
    return [(translate("source_run", lang), RUN), (translate("source_gpt2", lang), GPT2)]


def fit_prompt(text: str, tokenizer: Tokenizer, replace: bool, lang: str = "en") -> tuple[str, list[dict], str | None]:
    """Leave out or replace the characters of a prompt that a tokenizer does not know.

    Returns the prompt, what to show of it ({"t", "unknown"} for each character), and a sentence about what was changed.
    """
    text, note = clean_text(text)
    unknown = set(tokenizer.unknown(text))
    if not unknown:
        return text, [], note
    stand_in = {character: _closest(character, tokenizer) if replace else "" for character in unknown}
    shown = [{"t": c if c in unknown and not replace else stand_in.get(c, c), "unknown": c in unknown} for c in text]
    first_seen = [c for c in dict.fromkeys(text) if c in unknown]
    key = "unknown_replaced" if replace else "unknown_dropped"
    sentence = translate(key, lang, names=named(first_seen))
    return "".join(stand_in.get(c, c) for c in text), shown, " ".join(filter(None, [note, sentence]))


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


def _closest(character: str, tokenizer: Tokenizer) -> str:
    """Return the known character that comes closest to an unknown one: its base letter, its other case, or a space."""
    base = unicodedata.normalize("NFKD", character.replace("đ", "d").replace("Đ", "D"))[:1]
    for candidate in (base, base.swapcase(), " ", "\n"):
        if candidate and not tokenizer.unknown(candidate):
            return candidate
    return ""
