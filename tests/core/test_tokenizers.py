"""Tokenizers: there and back, ids that are known, and GPT-2's against two other implementations."""

import hashlib
import json
import random
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.downloads import DownloadError, find_file
from core.runs.config import tokenizer_from_json, tokenizer_to_json
from core.tokenizers import MERGES_NAMES, MERGES_SHA256, MERGES_URL, BPETokenizer, CharTokenizer, merge_ranks, named

SHAKESPEARE_CHARS = "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ENCODER_URL = "https://openaipublic.blob.core.windows.net/gpt-2/encodings/main/encoder.json"
ENCODER_SHA256 = "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783"

merges = find_file(MERGES_NAMES, MERGES_SHA256)
encoder = find_file(["gpt2-encoder.json", "encoder.json", "vocab.json"], ENCODER_SHA256)
needs_merges = pytest.mark.skipif(merges is None, reason="set GPT_PLAYGROUND_DATA to a folder with GPT-2's files")
needs_both = pytest.mark.skipif(
    merges is None or encoder is None, reason="set GPT_PLAYGROUND_DATA to a folder with GPT-2's files"
)

# One of every kind of trouble: endings, blanks of every sort, scripts, emoji with joiners, marks, signs, control.
HARD_TEXTS = [
    "",
    "Hello, world! It's we'll THEY'RE 's 'S don't 12345 a1b2",
    "  two  spaces   three \n\n new\tlines \r\n  end   ",
    "naïve café Ångström e\u0301 Straße ﬁ İı",
    "你好，世界 こんにちは 안녕 שלום مرحبا नमस्ते",
    "👩‍👩‍👧‍👦 🏳️‍🌈 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \U0010ffff",
    "\x00\x01\x1c \x1d\x1e\x1f\x7f\x85\xa0\u2003\u3000\ufeff\ufffd",
    "<|endofprompt|> is text, as is <|endoftext>",
]


def test_hamlets_question_has_the_ids_of_the_lecture():
    tokenizer = CharTokenizer(SHAKESPEARE_CHARS)
    ids = [32, 53, 1, 40, 43, 6, 1, 53, 56, 1, 52, 53, 58, 1, 58, 53, 1, 40, 43]
    assert tokenizer.vocab_size == 65
    assert tokenizer.encode("To be, or not to be") == ids
    assert tokenizer.decode(ids) == "To be, or not to be"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_characters_come_back_as_they_were(text):
    tokenizer = CharTokenizer.from_text(text)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert set(ids) == set(range(tokenizer.vocab_size))
    assert tokenizer.unknown(text) == []


def test_unknown_characters_are_named_once_in_order_of_appearance():
    assert CharTokenizer("abc").unknown("zebra crossing") == ["z", "e", "r", " ", "o", "s", "i", "n", "g"]


def test_an_unknown_character_is_refused_by_name_and_with_a_way_out():
    with pytest.raises(ValueError, match=r"'é' \(U\+00E9\), '\\u200b' \(U\+200B\).*leave it out or replace it"):
        CharTokenizer("acf").encode("café\u200b")


def test_a_plane_of_unknown_characters_makes_a_short_message():
    with pytest.raises(ValueError, match="and 19,990 more") as caught:
        CharTokenizer("a").encode("".join(map(chr, range(0x4E00, 0x4E00 + 20_000))))
    assert len(str(caught.value)) < 400


def test_a_vocabulary_that_would_change_the_meaning_of_ids_is_refused():
    for chars, cause in {"": "empty", "ba": "sorted", "aa": "distinct", "a\ud800": "half"}.items():
        with pytest.raises(ValueError, match=cause):
            CharTokenizer(chars)


def test_an_id_outside_the_vocabulary_is_refused():
    for wrong in (-1, 3, 2**70):
        with pytest.raises(ValueError, match=f"no token {wrong} among 0 to 2"):
            CharTokenizer("abc").decode([0, wrong])


def test_characters_are_named_such_that_invisible_ones_can_be_told_apart():
    assert named(["\n", "\u00a0", "\U0001f600"]) == r"'\n' (U+000A), '\xa0' (U+00A0), '😀' (U+1F600)"


def test_a_tokenizer_survives_being_written_as_json():
    tokenizer = tokenizer_from_json(json.loads(json.dumps(tokenizer_to_json(CharTokenizer("\n aé😀")))))
    assert tokenizer.chars == "\n aé😀"


def test_a_description_that_is_none_is_refused_in_one_sentence():
    wrong = [None, [], "char", {}, {"kind": "bert"}, {"kind": "char"}, {"kind": "char", "chars": ["a", "b"]}]
    wrong += [{"kind": "char", "chars": "ab", "extra": 1}, {"kind": "char", "chars": "ba"}]
    wrong += [{"kind": "gpt2", "path": "elsewhere"}, {"kind": {"a": {1, 2}}}]
    for data in wrong:
        with pytest.raises(ValueError) as caught:
            tokenizer_from_json(data)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 250, data


def test_merges_number_the_bytes_first_and_then_the_pairs():
    ranks = merge_ranks("#version: 0.2\nt h\nĠ th\n")
    assert len(ranks) == 258
    assert ranks[b"!"] == 0 and ranks[b"\x00"] == 188 and ranks[b" "] == 220
    assert ranks[b"th"] == 256 and ranks[b" th"] == 257


def test_without_file_and_network_gpt2s_tokenizer_says_what_to_do(tmp_path, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # and nobody listens there
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("GPT_PLAYGROUND_MIRROR", f"http://127.0.0.1:{unused.getsockname()[1]}")
        monkeypatch.setenv("GPT_PLAYGROUND_CACHE", str(tmp_path))
        monkeypatch.delenv("GPT_PLAYGROUND_DATA", raising=False)
        monkeypatch.delenv("TIKTOKEN_CACHE_DIR", raising=False)
        with pytest.raises(DownloadError) as caught:
            BPETokenizer()
    assert "put gpt2-vocab.bpe into the folder that GPT_PLAYGROUND_DATA names" in str(caught.value)
    assert "or choose the character tokenizer" in str(caught.value)


@needs_merges
def test_gpt2s_tokens_come_back_as_any_text():
    tokenizer = BPETokenizer()
    for text in HARD_TEXTS:
        assert tokenizer.decode(tokenizer.encode(text)) == text
        assert tokenizer.unknown(text) == []


@needs_merges
def test_gpt2s_tokenizer_has_the_known_ids():
    tokenizer = BPETokenizer()
    assert tokenizer.vocab_size == 50_257
    assert tokenizer.encode("Hello, world!") == [15496, 11, 995, 0]
    assert tokenizer.decode([50256]) == "<|endoftext|>"
    assert tokenizer.encode("one<|endoftext|>two") == [*tokenizer.encode("one"), 50256, *tokenizer.encode("two")]
    assert tokenizer.encode("a\ud800b") == tokenizer.encode("a\ufffdb")


@needs_merges
def test_an_id_that_gpt2_has_not_is_refused():
    for wrong in (-1, 50_257, 2**70):
        with pytest.raises(ValueError, match=f"no token {wrong} among 0 to 50256"):
            BPETokenizer().decode([wrong])


@needs_merges
def test_a_million_blanks_before_a_word_do_not_overflow():
    tokenizer = BPETokenizer()
    for text in (" " * 1_000_000 + "word", "a" + " \n" * 500_000 + "\x1c", "a" * 1_000_000, " " * 1_000_000):
        assert tokenizer.decode(tokenizer.encode(text)) == text


@needs_merges
def test_gpt2s_file_is_found_where_tiktoken_keeps_it(tmp_path, monkeypatch):
    (tmp_path / hashlib.sha1(MERGES_URL.encode()).hexdigest()).write_bytes(merges.read_bytes())
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("GPT_PLAYGROUND_CACHE", str(tmp_path / "none"))
    monkeypatch.setenv("GPT_PLAYGROUND_MIRROR", "none://asked")
    monkeypatch.delenv("GPT_PLAYGROUND_DATA", raising=False)
    assert BPETokenizer().encode("Hello") == [15496]


def random_texts(count):
    """Make texts that mix words, runs of blanks (some past the length at which we cut), signs and any character."""
    draw = random.Random(1)
    blanks = " \n\t\r\x0b\x85\xa0\u2003\x1c"
    parts = [
        lambda: draw.choice(["the", "'s", "'ll", "don't", "2024", "...", "é", "你好", "🏳️‍🌈"]),
        lambda: "".join(draw.choices(blanks, k=draw.choice([1, 2, 3]))),
        lambda: draw.choice(blanks) * draw.choice([1, 999, 1000, 1001, 3000]),
        lambda: chr(draw.choice([draw.randrange(0xD800), draw.randrange(0xE000, 0x110000)])),
    ]
    return ["".join(draw.choice(parts)() for _ in range(draw.randrange(1, 40))) for _ in range(count)]


@needs_both
def test_our_gpt2_tokens_are_tiktokens_own(tmp_path, monkeypatch):
    import tiktoken

    for url, path in ((MERGES_URL, merges), (ENCODER_URL, encoder)):
        (tmp_path / hashlib.sha1(url.encode()).hexdigest()).write_bytes(path.read_bytes())
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    theirs, ours = tiktoken.get_encoding("gpt2"), BPETokenizer()
    assert theirs.n_vocab == ours.vocab_size
    for text in HARD_TEXTS + random_texts(200):
        assert ours.encode(text) == theirs.encode_ordinary(text)


@needs_both
def test_our_gpt2_tokens_are_hugging_faces():
    tokenizers = pytest.importorskip("tokenizers")
    theirs, ours = tokenizers.ByteLevelBPETokenizer(str(encoder), str(merges)), BPETokenizer()
    for text in HARD_TEXTS + random_texts(200):
        assert ours.encode(text) == theirs.encode(text).ids
