"""What a model is given: which model it is, a prompt made fit for it, and its tokens as text."""

import unicodedata

from core.text.corpora import clean_text
from core.tokenizers import Tokenizer, named
from playground.words.translate import translate

RUN, GPT2 = "run", "gpt2"  # what one can write with and look into
GPT2_PROMPT = "\n"  # what GPT-2 goes on from when nothing is given
MOST_TEXT = 2_000  # characters that a text may have to be looked into; the first tokens of it are looked at


def source_choices(lang: str) -> list[tuple[str, str]]:
    """Return (words, value) of what one can write with."""
    return [(translate("source_run", lang), RUN), (translate("source_gpt2", lang), GPT2)]


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
    sentence = translate(key, lang, names=named(first_seen))
    return "".join(stand_in.get(c, c) for c in text), shown, " ".join(filter(None, [note, sentence]))


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


def _closest(character: str, tokenizer: Tokenizer) -> str:
    """Return a known character that stands for an unknown one: its base letter, its other case, or a space."""
    base = unicodedata.normalize("NFKD", character.replace("đ", "d").replace("Đ", "D"))[:1]
    for candidate in (base, base.swapcase(), " ", "\n"):
        if candidate and not tokenizer.unknown(candidate):
            return candidate
    return ""
