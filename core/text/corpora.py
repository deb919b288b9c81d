"""The texts to train on: built-in, downloaded (checked and cached), pasted or uploaded.

    plays         made by a program (`core/text/plays.py`), so the best possible loss is known; needs no network
    shakespeare   Tiny Shakespeare, the text of the lecture; downloaded once, or put into the data directory
    python        the standard library of the Python that runs this; needs no network
    own           what the user pastes or uploads

What comes in from outside passes three gates: `decode_text` makes text of an uploaded file's bytes,
`clean_text` takes out what could not be stored or shown (of every string, prompts too), `own_text` refuses
what no model can learn from. Whether a text is long enough for a block is for `core/data.py` to say. Left
out on purpose: opening archives, and guessing an encoding, for a wrong guess trains on garbage in silence.
"""

import re
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.downloads import DownloadError, Progress, cache_directory, fetch, find_file
from core.once import Once
from core.text.plays import write_plays
from core.tokenizers import named

CORPUS_NAMES = ("plays", "shakespeare", "python", "own")
DEFAULT_CORPUS = "plays"
DISTINCT = {"plays": 70, "shakespeare": 65}  # different characters of texts that never change: known without the text
MAX_CHARACTERS = 5_000_000  # of an own text
MAX_DISTINCT = 1_000  # different characters: each is a row of the embedding and of every logit
PYTHON_CHARACTERS = 1_000_000

SHAKESPEARE_URL = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
SHAKESPEARE_SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
SHAKESPEARE_NAMES = ("tinyshakespeare.txt", "input.txt")

# How the files begin that are taken for text most often, and what they are.
_SIGNATURES = {
    b"PK\x03\x04": "a zip archive or an office document",
    b"\x1f\x8b": "a gzip archive",
    b"BZh91AY": "a bzip2 archive",
    b"\xfd7zXZ\x00": "an xz archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"%PDF-": "a PDF document",
    b"\x89PNG\r\n": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
}
# Byte order marks. UTF-32's begins with UTF-16's, so it is asked for first.
_MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_REMEDY = "save it as plain text in UTF-8 and upload that"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_WINDOWS_END = re.compile("(?<!\r)\r+\n")  # also \r\r\n, which converting twice makes
_CONTROL_BYTES = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # but not tab, line ends, escape


@dataclass(frozen=True)
class Corpus:
    """A text to train on and, where it is known, the loss that no model can beat."""

    name: str
    text: str
    entropy: Callable[[int, int | None], float] | None = None  # nats per character over text[start:end]


_written: Once[Corpus] = Once(keep=True)  # the plays take half a second to write


def load_corpus(name: str, progress: Progress | None = None) -> Corpus:
    """Return one of the texts that come with the playground.

    Raises ValueError for another name, and DownloadError when Tiny Shakespeare is neither here nor to be had.
    """
    match name:
        case "plays":
            return _written("plays", _write_plays)
        case "shakespeare":
            return Corpus(name, _shakespeare(progress))
        case "python":
            return Corpus(name, _python_source(Path(sysconfig.get_paths()["stdlib"])))
        case "own":
            raise ValueError("The corpus 'own' is the user's text; paste or upload one for own_text")
    raise ValueError(f"There is no corpus {name!r}; choose one of {', '.join(CORPUS_NAMES)}")


def own_text(text: str) -> Corpus:
    """Make a corpus of the user's text, cleaned by `clean_text` (call that before for its notice to show).

    Raises ValueError for a text that is empty, all blank, one character over and over, or beyond the limits.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(
            f"The text has {len(text):,} characters, over the limit of {MAX_CHARACTERS:,}; use a part of it"
        )
    text, _ = clean_text(text)
    if not text:
        raise ValueError("The text is empty; paste or upload some text, or choose a built-in corpus")
    if text.isspace():
        raise ValueError("The text is blank; paste or upload some words")
    distinct = set(text)
    if len(distinct) == 1:
        raise ValueError(
            f"The text is nothing but {named(distinct)}, which leaves nothing to learn; add text with other characters"
        )
    if len(distinct) > MAX_DISTINCT:
        raise ValueError(
            f"The text has {len(distinct):,} different characters, over the limit of {MAX_DISTINCT:,} "
            "as each is a token of its own; use a part of it, or a text in an alphabet"
        )
    return Corpus("own", text)


def decode_text(data: bytes) -> str:
    """Make text of the bytes of an uploaded file: UTF-8, or UTF-8, UTF-16 or UTF-32 with a byte order mark.

    Raises ValueError that says what anything else looks like, and what to do.
    """
    if len(data) > 4 * MAX_CHARACTERS + 4:  # UTF-32 and its mark
        raise ValueError(
            f"The file has {len(data):,} bytes, too many for the {MAX_CHARACTERS:,} characters allowed; "
            "use a part of it"
        )
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            raise ValueError(f"This looks like {kind}, not like plain text; {_REMEDY}")
    encoding = next((encoding for mark, encoding in _MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        cause = f"{_looks_like(data, encoding)} (byte {error.start:,} is not valid)"
        raise ValueError(f"{cause}; {_REMEDY}") from None
    if "\x00" in text:
        cause = f"{_looks_like(data, encoding)} (character {text.index(chr(0)):,} is NUL)"
        raise ValueError(f"{cause}; {_REMEDY}")
    return text


def clean_text(text: str) -> tuple[str, str | None]:
    """Return a text without what cannot be stored or shown, and a sentence about what was changed, or None.

    The boundary for every string that comes in: NUL and lone surrogates become U+FFFD, and Windows line ends
    become plain ones.
    """
    changes = []
    text, replaced = _UNSTORABLE.subn("\ufffd", text)
    if replaced:
        what = "character that cannot be kept was" if replaced == 1 else "characters that cannot be kept were"
        changes.append(f"{replaced:,} {what} replaced by \ufffd (U+FFFD)")
    text, ends = _WINDOWS_END.subn("\n", text)
    if ends:
        changes.append(f"{ends:,} Windows line {'end was' if ends == 1 else 'ends were'} made plain")
    return text, " and ".join(changes) + "." if changes else None


def _looks_like(data: bytes, encoding: str) -> str:
    """Begin the sentence that refuses bytes which are no text in this encoding."""
    if encoding != "utf-8":
        return f"This begins like a text in {encoding.removesuffix('-sig').upper()} but is damaged or binary"
    letters = data.replace(b"\x00", b"")
    controls = len(_CONTROL_BYTES.findall(letters))
    if len(letters) < len(data) * 3 / 4 and controls < len(letters) / 20:  # Latin letters with NULs between
        return "This looks like UTF-16 or UTF-32 without its byte order mark"
    if not _CONTROL_BYTES.search(data):
        return "This is not UTF-8; it looks like text in an older encoding, such as Latin-1 or Windows-1252"
    return "This looks like a binary file, not like plain text"


def _write_plays() -> Corpus:
    plays = write_plays()
    return Corpus("plays", plays.text, plays.cross_entropy)


def _shakespeare(progress: Progress | None) -> str:
    path = find_file(SHAKESPEARE_NAMES, SHAKESPEARE_SHA256)
    if path is None:
        kept = cache_directory() / SHAKESPEARE_NAMES[0]
        try:
            path = fetch(SHAKESPEARE_URL, kept, SHAKESPEARE_SHA256, progress)
        except DownloadError as error:
            raise DownloadError(f"{error}, or choose a built-in corpus, which needs no network") from error
    return path.read_bytes().decode("utf-8")


def _python_source(directory: Path) -> str:
    """Join the public top-level modules of a standard library, in the order of their names, up to about 1 MB.

    Modules that begin with an underscore stay out: some are written at build time and differ from machine to
    machine. So do those beyond ASCII, for a few rare letters would swell the vocabulary.
    """
    text = ""
    for path in sorted(directory.glob("[a-zA-Z]*.py")):
        source = path.read_bytes()
        if source.isascii() and b"\x00" not in source:
            module, _ = clean_text(source.decode("ascii"))
            if len(text) + len(module) <= PYTHON_CHARACTERS:
                text += module
    if not text:
        raise ValueError("This Python keeps no source of its standard library; choose another corpus")
    return text
