"""The texts, and the gates for what comes in from outside: a zoo of files that are text, nearly text, and not text."""

import bz2
import gzip
import hashlib
import io
import json
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.downloads import DownloadError, find_file
from core.text import corpora
from core.text.corpora import (
    CORPUS_NAMES,
    MAX_CHARACTERS,
    MAX_DISTINCT,
    SHAKESPEARE_NAMES,
    SHAKESPEARE_SHA256,
    clean_text,
    decode_text,
    load_corpus,
    own_text,
)
from core.tokenizers import CharTokenizer

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


# --- uploaded files -------------------------------------------------------------------------------------------------


def test_a_text_is_read_in_each_encoding_that_declares_itself_and_in_either_byte_order():
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        assert decode_text(TEXT.encode(encoding)) == TEXT, encoding  # Python writes the mark for utf-16 and utf-32
    for mark, encoding in ((b"\xfe\xff", "utf-16-be"), (b"\x00\x00\xfe\xff", "utf-32-be")):
        assert decode_text(mark + TEXT.encode(encoding)) == TEXT, encoding


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
    ("naïve".encode("latin-1"), "an older encoding, such as Latin-1 or Windows-1252"),
    (TEXT.encode("utf-8")[:-2] + b"\xf0\x9f", "an older encoding"),
    (TEXT.encode("utf-16")[:-1], "UTF-16 but is damaged or binary"),
    (b"\xef\xbb\xbf\xff", "UTF-8 but is damaged or binary"),
    (b"\xff\xfe" + "\ud800".encode("utf-16-le", "surrogatepass") + b"a\x00", "UTF-16 but is damaged"),
]


def test_what_is_no_text_is_refused_with_what_it_looks_like_and_what_to_do():
    for data, looks_like in NO_TEXTS:
        with pytest.raises(ValueError, match=looks_like) as caught:
            decode_text(data)
        assert str(caught.value).endswith("; save it as plain text in UTF-8 and upload that"), looks_like
        assert "\n" not in str(caught.value), looks_like


def test_a_file_too_big_to_be_allowed_is_refused_before_it_is_decoded():
    with pytest.raises(ValueError, match="20,000,005 bytes.*use a part of it"):
        decode_text(bytes(20_000_005))


@given(st.binary(max_size=200))
def test_any_bytes_become_text_that_can_be_stored_or_one_sentence(data):
    try:
        text = decode_text(data)
    except ValueError as error:
        assert type(error) is ValueError and "\n" not in str(error)
    else:
        json.dumps(text, ensure_ascii=False).encode()


# --- every string that comes in -------------------------------------------------------------------------------------


def test_a_clean_text_stays_as_it_is_and_needs_no_notice():
    assert clean_text(TEXT) == (TEXT, None)
    assert clean_text("") == ("", None)


def test_what_cannot_be_stored_is_replaced_and_said():
    text, notice = clean_text("a\x00b\ud800c\udfffd\r\ne\r\r\n")
    assert text == "a\ufffdb\ufffdc\ufffdd\ne\n"
    assert notice == (
        "3 characters that cannot be kept were replaced by \ufffd (U+FFFD) and 2 Windows line ends were made plain."
    )
    assert clean_text("\x00")[1] == "1 character that cannot be kept was replaced by \ufffd (U+FFFD)."


@given(st.text(st.sampled_from("\r\n\x00a") | st.characters(exclude_categories=[])))
def test_a_cleaned_text_can_be_stored_and_is_clean(text):
    cleaned, notice = clean_text(text)
    cleaned.encode()
    assert clean_text(cleaned) == (cleaned, None)
    assert (notice is None) == (cleaned == text)


# --- the user's own text --------------------------------------------------------------------------------------------


NOTHING_TO_LEARN = [
    ("", "is empty; paste or upload"),
    (" \n\t" * 4, "The text is blank; paste"),
    ("a" * 40, r"nothing but 'a' \(U\+0061\), which leaves"),
    ("ab" * (MAX_CHARACTERS // 2) + "a", "5,000,001 characters, over the limit of 5,000,000; use a part"),
    ("".join(map(chr, range(0x4E00, 0x4E00 + 1001))), "1,001 different characters, over the limit of 1,000"),
]


def test_a_text_that_nothing_can_be_learnt_from_is_refused():
    for text, cause in NOTHING_TO_LEARN:
        with pytest.raises(ValueError, match=cause) as caught:
            own_text(text)
        assert ";" in str(caught.value) and "\n" not in str(caught.value), cause


def test_a_text_at_the_limits_is_taken():
    corpus = own_text("".join(map(chr, range(0x4E00, 0x4E00 + MAX_DISTINCT))))
    assert (corpus.name, len(corpus.text), corpus.entropy) == ("own", MAX_DISTINCT, None)


def test_one_line_of_five_million_characters_is_taken_whole():
    line = "to be or not " * (MAX_CHARACTERS // 13)
    corpus = own_text(decode_text(line.encode()))
    assert corpus.text == line
    tokenizer = CharTokenizer.from_text(line)
    assert tokenizer.decode(tokenizer.encode(line)) == line


def test_an_own_text_can_be_stored_even_if_nobody_cleaned_it():
    assert own_text("a\ud800\r\nb").text == "a\ufffd\nb"


# --- the texts that come with the playground ------------------------------------------------------------------------


def test_the_plays_are_written_once_and_know_their_entropy():
    corpus = load_corpus("plays")
    assert load_corpus("plays") is corpus
    assert 900_000 < len(corpus.text) < 1_100_000
    assert 0 < corpus.entropy(0, None) < 2
    assert corpus.entropy(len(corpus.text) * 9 // 10, None) == pytest.approx(corpus.entropy(0, None), rel=0.1)
    assert own_text(corpus.text).text == corpus.text


def test_the_python_corpus_is_the_same_each_time_and_is_python():
    corpus = load_corpus("python")
    assert corpus.text == load_corpus("python").text
    assert 500_000 < len(corpus.text) <= 1_000_000
    assert corpus.text.isascii() and len(set(corpus.text)) <= 100
    assert "def " in corpus.text and "import " in corpus.text


def test_a_python_without_source_says_so(tmp_path):
    (tmp_path / "_private.py").write_text("x = 1\n")
    (tmp_path / "accents.py").write_text("# é\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no source of its standard library; choose another corpus"):
        corpora._python_source(tmp_path)


def test_no_corpus_of_another_name_is_loaded():
    with pytest.raises(ValueError, match="choose one of plays, shakespeare, python"):
        load_corpus("hamlet")
    with pytest.raises(ValueError, match="own_text"):
        load_corpus("own")
    assert {"plays", "shakespeare", "python", "own"} <= set(CORPUS_NAMES)


def test_without_file_and_network_shakespeare_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("GPT_PLAYGROUND_CACHE", str(tmp_path))
    monkeypatch.setenv("GPT_PLAYGROUND_MIRROR", "none://asked")
    monkeypatch.delenv("GPT_PLAYGROUND_DATA", raising=False)
    with pytest.raises(DownloadError) as caught:
        load_corpus("shakespeare")
    assert "put tinyshakespeare.txt into the folder that GPT_PLAYGROUND_DATA names" in str(caught.value)
    assert "or choose a built-in corpus" in str(caught.value)


def test_shakespeare_is_read_from_the_data_directory(tmp_path, monkeypatch):
    text = b"Speak, speak.\n"
    monkeypatch.setattr(corpora, "SHAKESPEARE_SHA256", hashlib.sha256(text).hexdigest())
    (tmp_path / "input.txt").write_bytes(text)
    monkeypatch.setenv("GPT_PLAYGROUND_DATA", str(tmp_path))
    assert load_corpus("shakespeare").text == "Speak, speak.\n"


@pytest.mark.skipif(
    find_file(SHAKESPEARE_NAMES, SHAKESPEARE_SHA256) is None,
    reason="set GPT_PLAYGROUND_DATA to a folder with tinyshakespeare.txt",
)
def test_shakespeare_has_the_characters_of_the_lecture():
    text = load_corpus("shakespeare").text
    tokenizer = CharTokenizer.from_text(text)
    assert (len(text), tokenizer.vocab_size) == (1_115_394, 65)
    assert tokenizer.encode("To be, or not to be")[:6] == [32, 53, 1, 40, 43, 6]
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_what_is_known_of_a_text_without_it_is_true():
    assert len(set(load_corpus("plays").text)) == corpora.DISTINCT["plays"]
