"""What is copied from a corpus is found to the character, as looking at every stretch finds it."""

import random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.lab.copied import LIMIT, SHORT, longest_matches, where


def by_brute_force(text: str, corpus: str) -> list[int]:
    found = [0] * len(text)
    for start in range(len(text)):
        for end in range(start + 1, len(text) + 1):
            if text[start:end] in corpus:
                found[start:end] = [max(each, end - start) for each in found[start:end]]
    return found


few, many = (st.text(alphabet, max_size=40) for alphabet in ("ab", "abc\n\0é\U0001f600\ud800"))


@given(st.one_of(few, many), st.one_of(few, many), st.one_of(few, many))
@example("", "", "")
@example("a", "", "")
@example("abababababab", "ab" * 20, "b")
@example("a" * (SHORT + 1), "a" * SHORT, "b")
@example("abcabcabcabc", "abcabcabXcabcabcabc", "")
def test_lengths_are_those_of_looking_at_every_stretch(text, before, after):
    corpus = before + text[3:] + after + text[: len(text) // 2]  # so that something long is copied
    for part in (corpus, before, after):
        assert longest_matches(text, part) == by_brute_force(text, part)


def test_a_planted_copy_is_found_to_the_character_and_where_it_stands():
    dice = random.Random(1)
    corpus = "".join(dice.choices("abcdefgh \n", k=50_000))
    planted = corpus[31_000:31_060]
    text = "=" * 20 + planted + "=" * 20  # which is nowhere in the corpus
    assert longest_matches(text, corpus) == [0] * 20 + [60] * 60 + [0] * 20
    found = where(text, corpus, 50)
    assert (found.start, found.end, found.places, found.count) == (20, 80, (31_000,), 1)
    assert where(text, corpus, 19) is None


def test_places_are_the_first_few_and_all_are_counted_those_that_overlap_too():
    found = where("xaax", "aaaa-aa", 1, most=2)
    assert (found.start, found.end, found.places, found.count) == (1, 3, (0, 1), 4)
    with pytest.raises(IndexError):
        where("abc", "abc", 3)


def test_a_text_of_letters_that_the_corpus_lacks_is_copied_nowhere():
    assert longest_matches("ÁÂ\U0001f600", "abc" * 9) == [0, 0, 0] == longest_matches("abc", "")


def test_the_corpus_is_passed_over_a_few_times_however_much_of_it_is_copied(monkeypatch):
    """A bound on the work: the passes that numpy makes over the places of the corpus."""
    passes = []
    flatnonzero, where_ = np.flatnonzero, np.where
    monkeypatch.setattr(np, "flatnonzero", lambda given: passes.append(len(given)) or flatnonzero(given))
    monkeypatch.setattr(np, "where", lambda given, *those: passes.append(len(given)) or where_(given, *those))
    corpus = "the cat sat on the mat, and the dog sat on the log.\n" * 400
    assert longest_matches(corpus[:1000], corpus) == [1000] * 1000
    assert sum(passes) <= (SHORT + 2) * len(corpus)


def test_a_text_that_is_too_long_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="over the limit of 4,000; use a part of it"):
        longest_matches("a" * (LIMIT + 1), "a")
