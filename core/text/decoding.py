"""From the bytes of a file to text: UTF-8, or UTF-8, UTF-16 or UTF-32 with a byte order mark.

Anything else is refused with what it looks like and what to do. Left out on purpose: opening archives, and guessing an
encoding, for a wrong guess trains on garbage in silence.
"""

import re

MAX_CHARACTERS = 5_000_000  # of an own text, in any script, once its letters are composed
LETTER = 4  # bytes of a character, at most
MOST_BYTES = 9 * MAX_CHARACTERS  # of a file: a Korean syllable that is taken apart is three characters of three bytes
FEW = 0.01  # of a file: as many places that are not valid are damage; more are another encoding

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
# Bytes that are not valid, as "surrogateescape" reads them. All that are next to each other are one place, and so is a
# letter that is broken by one character in its middle: its first byte, that one, and the rest of it.
_BAD = "[\udc80-\udcff]"
_BAD_BYTES, _PLACE = (
    re.compile(f"{_BAD}+"),
    re.compile(f"[\udcc2-\udcf4]{_BAD}{{0,2}}[^\udc80-\udcff][\udc80-\udcbf]{{1,2}}|{_BAD}+"),
)
_CONTROL_BYTES = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # but not tab, line ends, escape


class BadBytes(ValueError):
    """A file that is text but for a few bytes; `decode_text` reads it when they may be replaced."""


def decode_text(data: bytes, replace: bool = False) -> tuple[str, str | None]:
    """Make text of the bytes of a file; return it and a sentence about what was left out or replaced, or None.

    A file that was cut inside its last character is read without that. Raises ValueError that says what anything else
    looks like; BadBytes, which names the first bad byte and its line, unless `replace`: then they become U+FFFD.
    """
    if len(data) > MOST_BYTES:
        raise ValueError(
            f"The file has {len(data):,} bytes, too many for the {MAX_CHARACTERS:,} characters allowed; "
            "use a part of it"
        )
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            raise ValueError(f"This looks like {kind}, not like plain text; {_REMEDY}")
    encoding = next((encoding for mark, encoding in _MARKS.items() if data.startswith(mark)), "utf-8")
    if encoding == "utf-8-sig":
        data, encoding = data.removeprefix(b"\xef\xbb\xbf"), "utf-8"  # so that places are those of the text
    text, note = _decoded(data, encoding, replace)
    if "\x00" in text:
        cause = f"{_looks_like(data, encoding)} (character {text.index(chr(0)):,} is NUL)"
        raise ValueError(f"{cause}; {_REMEDY}")
    return text, note


def _decoded(data: bytes, encoding: str, replace: bool) -> tuple[str, str | None]:
    try:
        return data.decode(encoding), None
    except UnicodeDecodeError as error:
        wrong = error
    if wrong.reason in ("unexpected end of data", "truncated data") and not _is_binary(data, encoding):
        return data[: wrong.start].decode(encoding), "The file ends inside a character, which was left out."
    read = data.decode(encoding, "surrogateescape") if encoding == "utf-8" else ""
    places, bad = len(_PLACE.findall(read)), sum(map(len, _BAD_BYTES.findall(read)))
    most = max(1, FEW * len(data))
    if not 0 < places <= most or bad > LETTER * most or _is_binary(data, encoding):
        cause = f"{_looks_like(data, encoding)} (byte {wrong.start:,} is not valid)"
        raise ValueError(f"{cause}; {_REMEDY}")
    if replace:
        what = "place that is not valid was" if places == 1 else "places that are not valid were"
        return _BAD_BYTES.sub("\ufffd", read), f"{places:,} {what} replaced by \ufffd (U+FFFD)."
    line = data.count(b"\n", 0, wrong.start) + 1
    raise BadBytes(
        f"Byte {wrong.start:,} (0x{data[wrong.start]:02X}, in line {line:,}) is not valid in UTF-8 "
        f"(such places in all: {places:,}); have it replaced, or, if this is text in an older encoding, {_REMEDY}"
    )


def _is_binary(data: bytes, encoding: str) -> bool:
    return encoding == "utf-8" and _CONTROL_BYTES.search(data) is not None


def _looks_like(data: bytes, encoding: str) -> str:
    """Begin the sentence that refuses bytes which are no text in this encoding."""
    if encoding != "utf-8":
        return f"This begins like a text in {encoding.upper()} but is damaged or binary"
    letters = data.replace(b"\x00", b"")
    controls = len(_CONTROL_BYTES.findall(letters))
    if len(letters) < len(data) * 3 / 4 and controls < len(letters) / 20:  # Latin letters with NULs between
        return "This looks like UTF-16 or UTF-32 without its byte order mark"
    if not _CONTROL_BYTES.search(data):
        return "This is not UTF-8; it looks like text in an older encoding, such as Latin-1 or Windows-1252"
    return "This looks like a binary file, not like plain text"
