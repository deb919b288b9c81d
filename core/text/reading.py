"""What is in a text that somebody brings: said when it is read, before anything is trained on it.

Each note is a sentence of its own. Some have a remedy that only the reader can choose: taking out what nobody sees.
"""

from dataclasses import dataclass

from core.text.characters import composed, invisible, rare, unseen_share, without_invisible
from core.text.corpora import MAX_DISTINCT, check_length, clean_text, title_of
from core.tokenizers import named

END_OF_TEXT = "<|endoftext|>"  # what parts texts in many collections
NOTICEABLE = 0.005  # of the last tenth: characters that never occur before it


@dataclass(frozen=True)
class Reading:
    """A text as it will be trained on, and what is to be said about it."""

    text: str
    title: str
    distinct: int  # different characters
    notes: tuple[str, ...]
    invisible: int  # characters that nobody sees and that can be taken out


def read_text(text: str, filename: str | None = None, take_out: bool = False) -> Reading:
    """Read an own text; take_out: leave out the characters that nobody sees. ValueError when it is too long."""
    text, cleaned = clean_text(text)
    text, marks = composed(text)
    check_length(text)
    notes = [cleaned] if cleaned else []
    if marks:
        notes.append(f"Letters were composed (NFC, {marks:,} marks), so that each has one spelling.")
    unseen = invisible(text)
    if take_out and unseen:
        text = without_invisible(text)
        notes.append(f"Invisible characters were taken out: {sum(unseen.values()):,}.")
        unseen = {}
    if unseen:
        each = ", ".join(f"U+{ord(c):04X}: {n:,}" for c, n in unseen.items())
        notes.append(f"The text has characters that nobody sees ({each}); each is a token like any other.")
    distinct = len(set(text))
    notes += _about_tokens(text, distinct)
    return Reading(text, title_of(text, filename), distinct, tuple(notes), sum(unseen.values()))


def _about_tokens(text: str, distinct: int) -> list[str]:
    """Return what the text will be as tokens: too many kinds, rare ones, marks between texts, two kinds of text."""
    notes = []
    if distinct > MAX_DISTINCT:
        notes.append(
            f"The text has {distinct:,} different characters, more than the {MAX_DISTINCT:,} that can each be a token; "
            "choose tokenizer gpt2."
        )
    elif seldom := rare(text):
        come = "character comes" if len(seldom) == 1 else "characters come"
        notes.append(f"{len(seldom):,} {come} three times or less: {named(seldom)}.")
    if count := text.count(END_OF_TEXT):
        notes.append(
            f"{END_OF_TEXT} is in the text ({count:,} in all): with GPT-2's tokenizer each is the one token that ends "
            f"a text, with characters it is {len(END_OF_TEXT)} characters like any other."
        )
    share = unseen_share(text, len(text) * 9 // 10)
    if share > NOTICEABLE:
        notes.append(
            f"{100 * share:.1f} % of the last tenth, which is kept for validation, are characters that never occur "
            "before it: no model can learn them."
        )
    return notes
