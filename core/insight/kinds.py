"""What kind of token a token is, by its text alone: a vowel, a digit, a whole word.

Left out on purpose: what a model makes of it (`neighbours.py`), and vowels of other scripts than Latin.
"""

import unicodedata

KINDS = ("vowel", "consonant", "capital", "digit", "sign", "space", "word", "piece", "letter", "other")
VOWELS = "aeiouyæøœ"  # without their accents; y is one in Vietnamese, and mostly in English


def kind_of(token: str) -> str:
    """Return one of KINDS for the text of a token, U+FFFD in it where the token is part of a character.

    A word stands behind its space, a piece of one does not; either is a capital if it begins with one. A letter of a
    script that is not Latin is a letter.
    """
    bare = token.strip()
    if not bare:
        return "space" if token else "other"
    first, letters = bare[0], any(map(str.isalpha, bare))
    if "\ufffd" in bare or all(unicodedata.category(c)[0] in "CM" for c in bare):
        return "other"
    if unicodedata.category(first) in ("Lu", "Lt"):
        return "capital"
    if all(unicodedata.category(c)[0] == "N" for c in bare):
        return "digit"
    if not letters:
        return "sign"
    if len(unicodedata.normalize("NFC", bare)) > 1 or bare != token:
        return "piece" if bare[0] == token[0] else "word"
    if not unicodedata.name(first, "").startswith("LATIN"):
        return "letter"
    return "vowel" if unicodedata.normalize("NFD", first)[0] in VOWELS else "consonant"
