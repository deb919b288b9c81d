"""Letters as people write them: every spelling of a letter is that letter, and what is alike stands in for it."""

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.characters import composed, fitted, invisible, letters, normalized, unseen_share, without_invisible
from core.text.reading import read_text

ASCII = "\n" + "".join(map(chr, range(32, 127)))
FAMILY, THUMB, FLAG, HEART = "👨\u200d👩\u200d👧\u200d👦", "👍\U0001f3fd", "🇻🇳", "❤\ufe0f"


def fit(text: str, vocabulary: str = ASCII) -> str:
    known = set(vocabulary)
    return "".join(letter.becomes for letter in fitted(text, lambda letter: known.issuperset(letter)))


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_every_spelling_of_a_letter_is_what_the_model_knows(form):
    for words in ("Một hai ba bốn,", "한국어 글", "Ελληνικά", "हिन्दी"):
        vocabulary = unicodedata.normalize(form, words)
        assert fit(unicodedata.normalize("NFD", words), vocabulary) == vocabulary, words
        assert fit(unicodedata.normalize("NFC", words), vocabulary) == vocabulary, words
    how = [letter.how for letter in fitted(unicodedata.normalize("NFD", "bốn"), lambda letter: letter in "bốn")]
    assert how == ["kept", "respelled", "kept"]


def test_signs_of_the_printing_house_become_those_of_the_typewriter():
    assert fit("It’s “fine” — a ﬂag…") == 'It\'s "fine" - a flag...'
    assert fit("æther, Straße, Đà Nẵng, ½, Ａ\u00a0B") == "aether, Strasse, Da Nang, 1/2, A B"
    assert fit("É", "e") == "e" and fit("É", "Ee") == "E" and fit("ﬂ", "x ") == " "


def test_what_nobody_sees_vanishes_without_a_space():
    assert fit("soft\u00adhy\u200bphen\ufeff\u202e\x85") == "softhyphen"


def test_what_is_seen_as_one_has_one_stand_in():
    for sign in (FAMILY, THUMB, FLAG, HEART, "😀", "1\ufe0f\u20e3"):
        assert list(letters(f"a{sign}b")) == ["a", sign, "b"]
        assert fit(f"a{sign}b", "ab ") == "a b"
    assert fit(FLAG + FLAG, " ") == "  "


@given(st.text(max_size=40))
def test_any_text_fits_and_nothing_of_it_is_forgotten(text):
    each = fitted(text, set(ASCII).issuperset)
    assert "".join(letter.text for letter in each) == text
    assert set(ASCII).issuperset("".join(letter.becomes for letter in each))
    assert "".join(letter.becomes for letter in each if letter.how == "kept") == "".join(c for c in text if c in ASCII)


# -- a text that is read ----------------------------------------------------------------------------------------------

HIDDEN = "a\ufeffb\u200b\u200bc\u202ed\x85"


def test_what_nobody_sees_is_counted_and_taken_out_but_not_what_holds_signs_together():
    text = f"{HIDDEN} {FAMILY}{HEART} نمی\u200cخواهم 1\ufe0f\u20e3"
    assert invisible(text) == {"\x85": 1, "\u200b": 2, "\u202e": 1, "\ufeff": 1}
    assert without_invisible(text) == text.replace(HIDDEN, "abcd") and without_invisible("abc") == "abc"


SIGNS = {
    "flag of England": "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "flag of Scotland": "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "keycap": "1\ufe0f\u20e3",
    "digit as text": "1\ufe0e",
    "registered": "©\ufe0f®\ufe0e",
    "skin tone": "👍\U0001f3fd",
    "couple of two tones": "👩\U0001f3fb\u200d❤\ufe0f\u200d💋\u200d👨\U0001f3ff",
    "family": FAMILY,
    "pirates": "🏴\u200d☠\ufe0f",
    "rainbow": "🏳\ufe0f\u200d🌈",
    "regional indicators": "🇻🇳🇬🇧",
}


def test_no_sign_of_several_characters_is_torn_when_what_nobody_sees_is_taken_out():
    for name, sign in SIGNS.items():
        assert invisible(sign) == {}, name
        assert without_invisible(f"a\u200b{sign}\u202eb{sign}") == f"a{sign}b{sign}", name
        assert list(letters(f"a{sign}"))[0] == "a" and "".join(letters(sign)) == sign


def test_tags_that_make_no_flag_are_seen_by_nobody_and_taken_out():
    tags = "".join(chr(0xE0000 + ord(c)) for c in "hidden")
    for text in (f"a{tags}\U000e007fb", f"😀{tags}\U000e007f", f"🏴{tags}", "❤\u200da"):
        gone = "".join(c for c in text if c in tags or c in "\u200d\U000e007f")
        assert without_invisible(text) == "".join(c for c in text if c not in gone)


def test_reading_names_invisible_and_rare_characters_and_takes_out_what_nobody_sees():
    text = (HIDDEN + " and on\n") * 3 + "x" * 10
    read = read_text(text)
    assert read.text == text and read.invisible == 15
    assert "nobody sees (U+0085: 3, U+200B: 6, U+202E: 3, U+FEFF: 3)" in read.notes[0]
    assert read.notes[1].startswith("7 characters come three times or less: '\\n' (U+000A)")
    clean = read_text(text, take_out=True)
    assert clean.text == text.replace(HIDDEN, "abcd") and clean.invisible == 0
    assert clean.notes[0] == "Invisible characters were taken out: 15."


def test_reading_says_that_spellings_were_made_one():
    read = read_text("bốn " * 10 + unicodedata.normalize("NFD", "bốn ") * 10)
    assert read.text == "bốn " * 20 and read.distinct == 4
    assert read.notes == ("Letters were composed (NFC, 20 marks), so that each has one spelling.",)


def test_reading_says_what_marks_between_texts_will_be_and_that_many_characters_need_another_tokenizer():
    (said,) = read_text("one<|endoftext|>two" * 9).notes
    assert "(9 in all): with GPT-2's tokenizer each is the one token that ends a text" in said and "13 char" in said
    chinese = "".join(map(chr, range(0x4E00, 0x4E00 + 1001)))
    assert "more than the 1,000 that can each be a token; choose tokenizer gpt2" in read_text(chinese * 4).notes[0]


def test_a_last_tenth_of_another_kind_is_said_before_training():
    text = "only english words here, again and again. " * 90 + "ничего английского " * 20
    share = unseen_share(text, len(text) * 9 // 10)
    (said,) = read_text(text).notes
    assert share > 0.5 and said.startswith(f"{100 * share:.1f} % of the last tenth")
    assert read_text("one kind of text, all the way. " * 90).notes == ()


MARKS = "\u0301\u0323\u0344\u302a\u3099\uff9e\u0f73\u0f71"  # of several classes; two of them are made of two


@given(st.lists(st.tuples(st.text("aเeか\u1100\u1161ệ ", max_size=3), st.text(MARKS, max_size=80)), max_size=4))
def test_many_marks_on_one_letter_become_what_unicode_says(parts):
    text = "".join(letter + marks for letter, marks in parts)
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert normalized(form, text) == unicodedata.normalize(form, text)


def test_a_hundred_thousand_marks_on_one_letter_are_put_in_order_before_python_would_take_a_minute_for_it(monkeypatch):
    given_to_python = []

    class Spied:
        combining, category = unicodedata.combining, unicodedata.category

        def normalize(form: str, text: str) -> str:
            given_to_python.append(text)
            return unicodedata.normalize(form, text)

    monkeypatch.setattr("core.text.characters.unicodedata", Spied)
    text, _ = composed("a" + "\u0301\u0323" * 100_000)
    assert text == "\u1ea1" + "\u0323" * 99_999 + "\u0301" * 100_000
    classes = [unicodedata.combining(c) for c in max(given_to_python, key=len)]
    assert sum(a > b for a, b in itertools.pairwise(classes)) == 0
