"""The texts, and the gates for what comes in from outside."""

import hashlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.downloads import DownloadError, find_file
from core.text import corpora
from core.text.corpora import (
    CORPUS_NAMES,
    MAX_DISTINCT,
    SHAKESPEARE_NAMES,
    SHAKESPEARE_SHA256,
    clean_text,
    load_corpus,
    own_text,
    title_of,
)
from core.text.decoding import MAX_CHARACTERS, decode_text
from core.text.reading import read_text
from core.tokenizers import CharTokenizer

TEXT = "Zwölf Boxkämpfer jagen Viktor.\nΩμέγα, 你好, 👋!\n"


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
]


def test_a_text_that_nothing_can_be_learnt_from_is_refused():
    for text, cause in NOTHING_TO_LEARN:
        with pytest.raises(ValueError, match=cause) as caught:
            own_text(text)
        assert ";" in str(caught.value) and "\n" not in str(caught.value), cause


def test_a_text_at_the_limits_is_taken():
    corpus = own_text("".join(map(chr, range(0x4E00, 0x4E00 + 2 * MAX_DISTINCT))))  # a tokenizer may read them all
    assert (corpus.name, len(corpus.text), corpus.entropy) == ("own", 2 * MAX_DISTINCT, None)
    assert len(own_text("नमस्ते दुनिया " * (MAX_CHARACTERS // 14)).text.encode()) > 2 * MAX_CHARACTERS


def test_one_line_of_five_million_characters_is_taken_whole():
    line = "to be or not " * (MAX_CHARACTERS // 13)
    corpus = own_text(decode_text(line.encode())[0])
    assert corpus.text == line
    tokenizer = CharTokenizer.from_text(line)
    assert tokenizer.decode(tokenizer.encode(line)) == line


def test_an_own_text_can_be_stored_even_if_nobody_cleaned_it():
    assert own_text("a\ud800\r\nb").text == "a\ufffd\nb"


def test_a_text_in_two_spellings_has_one_spelling_a_letter():
    decomposed = unicodedata.normalize("NFD", "Một hai ba bốn. ")
    assert own_text("Một hai ba bốn. " + decomposed).text == "Một hai ba bốn. " * 2


def test_the_limit_counts_the_letters_of_a_text_that_is_taken_apart():
    whole = "한" * MAX_CHARACTERS  # as macOS writes it: 9 bytes a letter, the most of any
    apart = unicodedata.normalize("NFD", whole)
    assert len(apart) > MAX_CHARACTERS and read_text(decode_text(apart.encode())[0]).text == whole
    assert own_text(unicodedata.normalize("NFD", "bốn " * 25), most=100).text == "bốn " * 25
    with pytest.raises(ValueError, match="101 characters, over the limit of 100"):
        own_text(unicodedata.normalize("NFD", "ế" * 101), most=100)
    with pytest.raises(ValueError, match="5,000,001 characters, over the limit of 5,000,000"):
        read_text(unicodedata.normalize("NFD", "ế" * (MAX_CHARACTERS + 1)))


def test_own_texts_are_told_apart_by_their_file_or_their_first_words():
    assert own_text("Call me Ishmael. Some years ago", "/tmp/x/moby dick.md").title == "moby dick.md"
    assert own_text("\ufeff Call me\n\nIshmael").title == "Call me Ishmael"
    assert (
        own_text("Call me Ishmael. Some years ago, never mind how long").title
        == "Call me Ishmael. Some years ago, never…"
    )
    assert title_of("x" * 100) == "x" * 40 + "…" and title_of("", "C:\\texts\\a.txt") == "a.txt" and title_of("") == ""
    assert title_of("", "👨\u200d👩\u200d👧\u200b.txt") == "👨\u200d👩\u200d👧.txt"


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
