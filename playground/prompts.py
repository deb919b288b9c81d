"""Prompts: which model reads them, only characters that it knows, and its tokens as text."""

import unicodedata

from core.text.corpora import clean_text
from core.tokenizers import Tokenizer, named
from playground.words.refusals import refused
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
    text, changed = clean_text(text)
    note = changed and refused(changed, lang)
    unknown = set(tokenizer.unknown(text))
    if not unknown:
        return text, [], note
    stand_in = {character: _closest(character, tokenizer) if replace else "" for character in unknown}
    shown = [{"t": c if c in unknown and not replace else stand_in.get(c, c), "unknown": c in unknown} for c in text]
    first_seen = [c for c in dict.fromkeys(text) if c in unknown]
    key = "unknown_replaced" if replace else "unknown_dropped"
    sentence = translate(key, lang, names=refused(named(first_seen), lang))
    return "".join(stand_in.get(c, c) for c in text), shown, " ".join(filter(None, [note, sentence]))


class DecodeStream:
    """Decode tokens one by one; a character that is spread over several tokens comes with the last of them."""

    def __init__(self, tokenizer: Tokenizer):
        self.tokenizer = tokenizer
        self.pending: list[int] = []  # tokens that end within a character

    def step(self, token_id: int) -> str:
        """Return the text that a token adds: none while it ends within a character, which has at most four bytes."""
        self.pending.append(token_id)
        text = self.tokenizer.decode(self.pending)
        if text.endswith("\ufffd") and len(self.pending) < 4:
            return ""
        self.pending = []
        return text


def token_texts(tokenizer: Tokenizer, ids: list[int]) -> list[str]:
    """Return the text of each token; together they are the text of all."""
    stream = DecodeStream(tokenizer)
    return [stream.step(token_id) for token_id in ids]


def _closest(character: str, tokenizer: Tokenizer) -> str:
    """Return the known character that comes closest to an unknown one: its base letter, its other case, or a space."""
    base = unicodedata.normalize("NFKD", character.replace("đ", "d").replace("Đ", "D"))[:1]
    for candidate in (base, base.swapcase(), " ", "\n"):
        if candidate and not tokenizer.unknown(candidate):
            return candidate
    return ""
