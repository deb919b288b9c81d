"""Bytes of files: a zoo of files that are text, nearly text, and not text."""

import bz2
import gzip
import io
import json
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.decoding import BadBytes, decode_text

TEXT = "Zwölf Boxkämpfer jagen Viktor.\nΩμέγα, 你好, 👋!\n"
LATIN = "Le c\u0153ur d\u00e9\u00e7u mais l'\u00e2me plut\u00f4t na\u00efve. " * 20


def png() -> bytes:
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\x00\x00")) + chunk(b"IEND", b"")


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("corpus.txt", "to be " * 1000)
    return file.getvalue()


def test_a_text_is_read_in_each_encoding_that_declares_itself_and_in_either_byte_order():
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        assert decode_text(TEXT.encode(encoding)) == (TEXT, None), (
            encoding
        )  # Python writes the mark for utf-16 and utf-32
    for mark, encoding in ((b"\xfe\xff", "utf-16-be"), (b"\x00\x00\xfe\xff", "utf-32-be")):
        assert decode_text(mark + TEXT.encode(encoding)) == (TEXT, None), encoding


NO_TEXTS = [
    (png(), "a PNG image"),
    (zipped(), "a zip archive or an office document"),
    (gzip.compress(b"\x00" * 10_000_000), "a gzip archive"),  # a bomb: refused unopened
    (bz2.compress(b"to be"), "a bzip2 archive"),
    (b"%PDF-1.7\n", "a PDF document"),
    (b"\x00" * 1000, "a binary file"),
    (b"text and then" + b"\x00" * 5 + b" text", "a binary file"),
    (bytes(range(256)) * 10, "a binary file"),
    (LATIN.encode("utf-16-le"), "UTF-16 or UTF-32 without its byte order mark"),
    (LATIN.encode("utf-32-be"), "UTF-16 or UTF-32 without its byte order mark"),
    ("Ω".encode("utf-16-le") * 50, "a binary file"),
    (LATIN.encode("cp1252"), "an older encoding, such as Latin-1 or Windows-1252"),
    ("naïve".encode("latin-1"), r"Byte 2 \(0xEF, in line 1\).*an older encoding"),
    (b"\xff\xfe" + "\ud800".encode("utf-16-le", "surrogatepass") + b"a\x00", "UTF-16 but is damaged"),
]


def test_what_is_no_text_is_refused_with_what_it_looks_like_and_what_to_do():
    for data, looks_like in NO_TEXTS:
        with pytest.raises(ValueError, match=looks_like) as caught:
            decode_text(data)
        assert str(caught.value).endswith(" save it as plain text in UTF-8 and upload that"), looks_like
        assert "\n" not in str(caught.value), looks_like


def test_a_file_too_big_to_be_allowed_is_refused_before_it_is_decoded():
    with pytest.raises(ValueError, match="45,000,001 bytes.*use a part of it"):
        decode_text(bytes(45_000_001))


@given(st.binary(max_size=200))
def test_any_bytes_become_text_that_can_be_stored_or_one_sentence(data):
    try:
        text, _ = decode_text(data)
    except ValueError as error:
        assert type(error) in (ValueError, BadBytes) and "\n" not in str(error)
    else:
        json.dumps(text, ensure_ascii=False).encode()


def test_a_file_that_is_cut_inside_its_last_character_is_read_without_it_and_says_so():
    whole = TEXT + "你"
    for encoding, cut in (("utf-8", 1), ("utf-8", 2), ("utf-8-sig", 1), ("utf-16", 1), ("utf-32", 3)):
        said = (TEXT, "The file ends inside a character, which was left out.")
        assert decode_text(whole.encode(encoding)[:-cut]) == said, (encoding, cut)


def test_a_bad_byte_is_named_with_its_line_and_replaced_when_that_is_asked_for():
    data = TEXT.encode() + b"and \xff on\n" + TEXT.encode()
    with pytest.raises(BadBytes) as caught:
        decode_text(data)
    assert f"Byte {len(TEXT.encode()) + 4} (0xFF, in line 3) is not valid in UTF-8 (such places in all: 1);" in str(
        caught.value
    )
    text, note = decode_text(data, replace=True)
    assert text == TEXT + "and \ufffd on\n" + TEXT
    assert note == "1 place that is not valid was replaced by \ufffd (U+FFFD)."
    real = TEXT + "a real \ufffd stays\n"
    assert decode_text(real.encode()) == (real, None)


def test_a_damaged_letter_is_one_place_however_many_of_its_bytes_are_bad():
    for letter in ("ế", "👋"):  # three bytes, four
        whole = letter.encode()
        for i, byte in [(i, byte) for i in range(len(whole)) for byte in (0xFF, 0xC3, ord("A"))]:
            damaged = b"b" + whole[:i] + bytes([byte]) + whole[i + 1 :] + b"n"
            with pytest.raises(BadBytes, match=r"such places in all: 1\)"):
                decode_text(damaged)
            text, note = decode_text(damaged, replace=True)
            assert note == "1 place that is not valid was replaced by \ufffd (U+FFFD)." and "\ufffd\ufffd" not in text
            assert text[0] + text[-1] == "bn"
    two = b"b\xe1\xff\xbfn, " * 2 + b"and much more" * 20
    assert decode_text(two, replace=True)[1] == "2 places that are not valid were replaced by \ufffd (U+FFFD)."


def test_words_of_bad_bytes_are_another_encoding_though_each_is_one_place():
    for data in (
        "Привет".encode("cp1251"),
        "Привет, мир. ".encode("cp1251") * 50,
        "语言模型学习文本".encode("gbk") * 60,
    ):
        with pytest.raises(ValueError, match="an older encoding") as caught:
            decode_text(data)
        assert not isinstance(caught.value, BadBytes)


def test_another_encoding_is_not_offered_as_damage():
    with pytest.raises(ValueError, match="an older encoding") as caught:
        decode_text(LATIN.encode("cp1252"), replace=True)
    assert not isinstance(caught.value, BadBytes)
