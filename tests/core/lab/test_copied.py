"""What is copied is found to the character: as slow counting finds it, in any alphabet, wherever the corpus is cut."""

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.lab import copied
from core.lab.copied import FEW, LONGEST_TEXT, Copy, longest_matches, where

ANY = st.characters()  # of all of Unicode, halves of surrogate pairs too
FEW_LETTERS = st.text(st.sampled_from("ab"), max_size=40)
PLAIN = st.text(st.sampled_from("abcé\U0001f600\ud800"), max_size=30)


def by_hand(text: str, corpus: str) -> list[int]:
    """Try every stretch of the text."""
    longest = [0] * len(text)
    for start in range(len(text)):
        for end in range(start + 1, len(text) + 1):
            if text[start:end] in corpus:
                for place in range(start, end):
                    longest[place] = max(longest[place], end - start)
    return longest


@settings(deadline=None)
@given(st.one_of(FEW_LETTERS, PLAIN, st.text(ANY, max_size=12)), st.one_of(FEW_LETTERS, PLAIN, st.text(ANY)))
def test_the_lengths_are_those_of_trying_every_stretch(text, corpus):
    assert longest_matches(text, corpus) == by_hand(text, corpus)


@settings(deadline=None)
@given(st.one_of(FEW_LETTERS, PLAIN), st.one_of(FEW_LETTERS, PLAIN), st.sampled_from([0.01, 1, 20, 200]))
@example("abcb", "ab", 0.01)  # one lane: that of the last letter alone was no whole state when the corpus was read
def test_wherever_the_corpus_is_cut_into_lanes_the_lengths_are_the_same(text, corpus, cost):
    whole = longest_matches(text, corpus)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copied, "STEP_COST", cost)
        patch.setattr(copied, "PIECE", 3)
        assert longest_matches(text, corpus) == whole == by_hand(text, corpus)


@settings(deadline=None)
@given(st.one_of(FEW_LETTERS, PLAIN).filter(bool), st.one_of(FEW_LETTERS, PLAIN), st.data())
def test_where_names_a_longest_stretch_and_every_place_that_it_stands_in(text, corpus, data):
    position = data.draw(st.integers(0, len(text) - 1))
    copy = where(text, corpus, position)
    length = by_hand(text, corpus)[position]
    assert copy.end - copy.start == length
    if length == 0:
        assert copy == Copy(position, position, (), 0)
    else:
        assert copy.start <= position < copy.end
        places = [place for place in range(len(corpus)) if corpus.startswith(text[copy.start : copy.end], place)]
        assert copy.places == tuple(places[:FEW]) and copy.count == len(places)


def test_planted_copies_are_found_to_the_character():
    chance = random.Random(4)
    corpus = "".join(chance.choices("abcdefgh ,.\n", k=200_000))
    first, second = corpus[70_000:70_300], corpus[-41:]
    text = f"XYZ{first}#{second}"  # X, Y, Z and # are not in the corpus
    assert longest_matches(text, corpus) == [0] * 3 + [300] * 300 + [0] + [41] * 41
    assert where(text, corpus, 3) == where(text, corpus, 302) == Copy(3, 303, (70_000,), 1)
    assert where(text, corpus, 2) == Copy(2, 2, (), 0)
    assert where(text, corpus, len(text) - 1) == Copy(304, 345, (200_000 - 41,), 1)


def test_of_stretches_that_overlap_each_character_gets_the_longest_that_covers_it():
    assert longest_matches("abcdef", "abcd - cdef - ef") == [4, 4, 4, 4, 4, 4]
    assert longest_matches("abcdef", "abc - cdef") == [3, 3, 4, 4, 4, 4]
    assert where("abcdef", "abcd - cdef", 2) == Copy(0, 4, (0,), 1)  # the first of two


def test_a_stretch_that_overlaps_itself_is_counted_wherever_it_begins():
    assert where("aa", "aaaa b aa", 0) == Copy(0, 2, (0, 1, 2, 7), 4)
    assert where("a" * 50, "a" * 3000, 7, few=2) == Copy(0, 50, (0, 1), 2951)


def test_a_text_longer_than_the_corpus_and_texts_of_nothing_are_fine():
    assert longest_matches("", "abc") == longest_matches("", "") == []
    assert longest_matches("ab", "") == [0, 0]
    assert longest_matches("xabcabcx", "abc") == [0, 3, 3, 3, 3, 3, 3, 0]


def test_a_text_that_is_too_long_and_a_position_outside_are_refused_with_a_remedy():
    assert longest_matches("a" * LONGEST_TEXT, "b" + "a" * LONGEST_TEXT) == [LONGEST_TEXT] * LONGEST_TEXT
    different = "".join(map(chr, range(1000, 1000 + LONGEST_TEXT)))
    assert longest_matches(different, different[::-1]) == [1] * LONGEST_TEXT
    with pytest.raises(ValueError, match=r"4,001 characters, more than the 4,000 .* shorten it"):
        longest_matches("a" * (LONGEST_TEXT + 1), "a")
    for position in (-1, 2, True, 0.5, "0", 10**100):
        with pytest.raises(ValueError, match="is not in the text of 2 characters; choose"):
            where("ab", "ab", position)
    with pytest.raises(ValueError, match="of 0 characters"):
        where("", "ab", 0)
