"""The texts to train on: built-in, downloaded (checked and cached), pasted or uploaded.

    plays         made by a program (`core/text/plays.py`), so the best possible loss is known; needs no network
    shakespeare   Tiny Shakespeare, the text of the lecture; downloaded once, or put into the data directory
    python        the standard library of the Python that runs this; needs no network
    own           what the user pastes or uploads

What comes in from outside passes three gates: `decode_text` (`decoding.py`) makes text of an uploaded file's bytes,
`clean_text` takes out what could not be stored or shown (of every string, prompts too), `own_text` refuses
what no model can learn from. `reading.py` says what is in a text. Whether a text is long enough for a block, and its
characters few enough for a token each, is for the plan of a run to say, which knows both.
"""

import re
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.downloads import DownloadError, Progress, cache_directory, fetch, find_file
from core.once import Once
from core.text.characters import composed, without_invisible
from core.text.decoding import MAX_CHARACTERS
from core.text.plays import write_plays
from core.tokenizers import named

CORPUS_NAMES = ("plays", "shakespeare", "python", "own")
DEFAULT_CORPUS = "plays"
DISTINCT = {"plays": 70, "shakespeare": 65}  # different characters of texts that never change: known without the text
MAX_DISTINCT = 1_000  # different characters: each is a row of the embedding and of every logit
PYTHON_CHARACTERS = 1_000_000
TITLE = 40  # characters of an own text's title, or one more

SHAKESPEARE_URL = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
SHAKESPEARE_SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
SHAKESPEARE_NAMES = ("tinyshakespeare.txt", "input.txt")

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_WINDOWS_END = re.compile("(?<!\r)\r+\n")  # also \r\r\n, which converting twice makes


@dataclass(frozen=True)
class Corpus:
    """A text to train on and, where it is known, the loss that no model can beat."""

    name: str
    text: str
    entropy: Callable[[int, int | None], float] | None = None  # nats per character over text[start:end]
    title: str | None = None  # what tells an own text from others


_written: Once[Corpus] = Once(keep=True)  # the plays take half a second to write, modules as long to read


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
            return _written("python", lambda: Corpus(name, _python_source(Path(sysconfig.get_paths()["stdlib"]))))
        case "own":
            raise ValueError("The corpus 'own' is the user's text; paste or upload one for own_text")
    raise ValueError(f"There is no corpus {name!r}; choose one of {', '.join(CORPUS_NAMES)}")


def own_text(text: str, filename: str | None = None, most: int = MAX_CHARACTERS) -> Corpus:
    """Make a corpus of the user's text, cleaned by `clean_text`, with one spelling a letter (NFC).

    Raises ValueError for a text that is empty, all blank, one character over and over, or beyond the limit.
    """
    text, _ = composed(clean_text(text)[0])
    check_length(text, most)
    if not text:
        raise ValueError("The text is empty; paste or upload some text, or choose a built-in corpus")
    if text.isspace():
        raise ValueError("The text is blank; paste or upload some words")
    distinct = set(text)
    if len(distinct) == 1:
        raise ValueError(
            f"The text is nothing but {named(distinct)}, which leaves nothing to learn; add text with other characters"
        )
    return Corpus("own", text, title=title_of(text, filename))


def check_length(text: str, most: int = MAX_CHARACTERS) -> None:
    """Raise ValueError for an own text that is too long, counted in characters of any script, once it is composed."""
    if len(text) > most:
        raise ValueError(f"The text has {len(text):,} characters, over the limit of {most:,}; use a part of it")


def check_distinct(distinct: int) -> None:
    """Raise ValueError for more different characters than can each be a token."""
    if distinct > MAX_DISTINCT:
        raise ValueError(
            f"The text has {distinct:,} different characters, over the limit of {MAX_DISTINCT:,} as each would be a "
            "token of its own; choose tokenizer='gpt2', which reads every text, or use a text in an alphabet"
        )


def title_of(text: str, filename: str | None = None) -> str:
    """Return what tells an own text from others: the name of its file, or its first words."""
    stem = re.split(r"[/\\]", filename or "")[-1].strip()
    words = " ".join(without_invisible(clean_text(stem or text[: 20 * TITLE])[0]).split())
    if len(words) <= TITLE:
        return words
    cut = words[:TITLE].rsplit(" ", 1)[0] if not stem else words[:TITLE]
    return cut.rstrip(" ,;:.") + "…"


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
