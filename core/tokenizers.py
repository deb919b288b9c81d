"""From text to tokens and back: one token a character, or GPT-2's byte pairs.

Both tokenizers have the same four members: `vocab_size`, `encode(text)`, `decode(ids)`, and `unknown(text)`, the
characters without a token. A character tokenizer is made from the text that a model is trained on. GPT-2's tokenizer
is fixed and reads any text. Left out on purpose: learning a byte-pair vocabulary.
"""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core.downloads import DownloadError, Progress, cache_directory, fetch, find_file
from core.once import Once

if TYPE_CHECKING:
    from torch import Tensor

MERGES_URL = "https://openaipublic.blob.core.windows.net/gpt-2/encodings/main/vocab.bpe"
MERGES_SHA256 = "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"
MERGES_NAMES = ("gpt2-vocab.bpe", "vocab.bpe", "merges.txt")  # ours, tiktoken's, Hugging Face's
GPT2_VOCAB_SIZE = 50_257

# GPT-2 cuts a text by this pattern before it pairs bytes: endings such as 's, then words, numbers and signs, each with
# the space before it, then blanks. The published pattern has + where this one has the faster ++ (never give back).
GPT2_PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"

# A long run of blanks before something else. tiktoken's blanks are Python's without four control characters.
_LONG_BLANK = re.compile(r"(?<![^\S\x1c-\x1f])[^\S\x1c-\x1f]{1000,}(?=[\S\x1c-\x1f])")

_encodings: Once[Any] = Once(keep=True)  # one in memory for all

Tokens = TypeVar("Tokens", "Tensor", list[int])


class CharTokenizer:
    """One token a character: ids are the places of the characters in sorted order."""

    def __init__(self, chars: str):
        """Take the vocabulary; raises ValueError unless the characters are distinct and sorted."""
        if not chars:
            raise ValueError("A vocabulary needs at least one character, but the text is empty; add text")
        if list(chars) != sorted(set(chars)):
            raise ValueError(
                "The characters of a vocabulary must be distinct and sorted, or ids would change their "
                "meaning; use CharTokenizer.from_text"
            )
        if halves := [c for c in chars if "\ud800" <= c <= "\udfff"]:
            raise ValueError(
                f"A vocabulary cannot hold half a character, such as {named(halves[:1])}; "
                "pass the text through clean_text first"
            )
        self.chars = chars
        self._id_of = {character: i for i, character in enumerate(chars)}
        self._char_of = dict(enumerate(chars))  # a dict: in a list, -1 would be the last character

    @classmethod
    def from_text(cls, text: str) -> "CharTokenizer":
        """Make the tokenizer whose vocabulary is the characters of a text."""
        return cls("".join(sorted(set(text))))

    @property
    def vocab_size(self) -> int:
        """The number of tokens."""
        return len(self.chars)

    def encode(self, text: str) -> list[int]:
        """Turn text into ids; raises ValueError that names the characters outside the vocabulary."""
        try:
            return list(map(self._id_of.__getitem__, text))
        except KeyError:
            raise ValueError(
                f"The model has never seen {named(self.unknown(text))}, so there is no token for it; "
                "leave it out or replace it, or train on a text that has it"
            ) from None

    def decode(self, ids: Iterable[int]) -> str:
        """Turn ids into text; raises ValueError for an id outside the vocabulary."""
        try:
            return "".join(map(self._char_of.__getitem__, ids))
        except KeyError as error:
            raise _no_such_token(error.args[0], self.vocab_size) from None

    def unknown(self, text: str) -> list[str]:
        """Return the distinct characters of a text that have no token, in order of appearance."""
        return [character for character in dict.fromkeys(text) if character not in self._id_of]


class BPETokenizer:
    """GPT-2's byte-pair encoding, by tiktoken; it works on UTF-8 bytes, so it knows every text.

    All text is plain text, but for "<|endoftext|>", which GPT-2 saw between two texts and which is a token of its own.
    """

    vocab_size = GPT2_VOCAB_SIZE

    def __init__(self, progress: Progress | None = None, merges: Path | None = None):
        """Read the merges, and download them if they are not here; raises DownloadError if that fails.

        `merges` is one more file that may hold them, such as the merges.txt beside GPT-2's weights.
        """
        self.merges = _merges_file(progress, merges)
        self._encoding = _encodings(self.merges, lambda: _read_encoding(self.merges))

    def encode(self, text: str) -> list[int]:
        """Turn text into ids; half a surrogate pair counts as U+FFFD."""
        ids, done = [], 0
        # A long run of blanks before a word overflows tiktoken's stack, and tiktoken then raises a BaseException.
        # The pattern parts such a run before its last blank anyway, so a cut there changes no token.
        for blank in _LONG_BLANK.finditer(text):
            ids += self._encoding.encode(text[done : blank.end() - 1], allowed_special="all")
            done = blank.end() - 1
        return ids + self._encoding.encode(text[done:], allowed_special="all")

    def decode(self, ids: Iterable[int]) -> str:
        """Turn ids into text, U+FFFD for part of a character; raises ValueError for an id out of range."""
        ids = list(ids)
        for i in ids:
            if not 0 <= i < self.vocab_size:
                raise _no_such_token(i, self.vocab_size)
        return self._encoding.decode(ids)

    def token_bytes(self, i: int) -> bytes:
        """Return the bytes of one token, which may be part of a character."""
        return self._encoding.decode_single_token_bytes(i)

    def unknown(self, text: str) -> list[str]:
        """Return []: every character is bytes, and every byte has a token."""
        return []


GPT2Tokenizer = BPETokenizer  # its former name
Tokenizer = CharTokenizer | BPETokenizer


def named(characters: Iterable[str], most: int = 10) -> str:
    """Name characters with their code points, since some look alike or cannot be printed: 'é' (U+00E9)."""
    characters = list(characters)
    names = ", ".join(f"{character!r} (U+{ord(character):04X})" for character in characters[:most])
    return names if len(characters) <= most else f"{names} and {len(characters) - most:,} more"


def _no_such_token(i: int, vocab_size: int) -> ValueError:
    return ValueError(f"There is no token {i} among 0 to {vocab_size - 1}; decode with the tokenizer that made the ids")


def _merges_file(progress: Progress | None, elsewhere: Path | None) -> Path:
    others = [elsewhere] if elsewhere else []
    if folder := os.environ.get("TIKTOKEN_CACHE_DIR"):
        others.append(Path(folder, hashlib.sha1(MERGES_URL.encode()).hexdigest()))  # how tiktoken names what it keeps
    if found := find_file(MERGES_NAMES, MERGES_SHA256, others):
        return found
    try:
        return fetch(MERGES_URL, cache_directory() / MERGES_NAMES[0], MERGES_SHA256, progress)
    except DownloadError as error:
        raise DownloadError(f"{error}, or choose the character tokenizer, which needs no file") from error


def _read_encoding(merges: Path) -> Any:
    import tiktoken  # here: training on characters does not need it

    return tiktoken.Encoding(
        "gpt2",
        pat_str=GPT2_PATTERN,
        mergeable_ranks=merge_ranks(merges.read_text(encoding="utf-8")),
        special_tokens={"<|endoftext|>": GPT2_VOCAB_SIZE - 1},
        explicit_n_vocab=GPT2_VOCAB_SIZE,
    )


def merge_ranks(merges: str) -> dict[bytes, int]:
    """Turn a list of merges, the most frequent pair first, into the id of every token but the special one.

    The first 256 ids are the single bytes, and each merge makes the next id. So GPT-2's encoder.json, a list of the
    ids, is not needed.
    """
    byte_of = byte_letters()
    ranks = {bytes([b]): rank for rank, b in enumerate(byte_of.values())}
    for line in merges.splitlines()[1:]:  # the first line is the version
        ranks[bytes(byte_of[character] for character in line.replace(" ", ""))] = len(ranks)
    return ranks


def byte_letters() -> dict[str, int]:
    """Return the character that GPT-2's files write for each byte, in the order of the first 256 ids.

    Bytes that are printable in Latin-1 come first and are written as themselves; the others are U+0100 and on.
    """
    printable = [b for b in range(256) if chr(b).isprintable() and chr(b) != " "]
    others = [b for b in range(256) if b not in printable]
    return {chr(b): b for b in printable} | {chr(256 + n): b for n, b in enumerate(others)}


def split(tokens: Tokens, block_size: int) -> tuple[Tokens, Tokens]:
    """Cut tokens (N,) into the first 90 % to train on and the last 10 % to validate on.

    Raises ValueError when either part is too short for one window of block_size + 1 tokens.
    """
    N = len(tokens)
    needed = 10 * (block_size + 1)
    if N // 10 < block_size + 1:
        fits = N // 10 - 1
        remedy = f"lower block_size to {fits} or add text" if fits >= 1 else "add text"
        raise ValueError(
            f"The text has {N:,} {'token' if N == 1 else 'tokens'}, but block_size={block_size} needs at least "
            f"{needed:,} (90 % to train on, 10 % to validate on, each longer than one block); {remedy}"
        )
    at = N * 9 // 10
    return tokens[:at], tokens[at:]  # pyrefly: ignore[bad-return]
