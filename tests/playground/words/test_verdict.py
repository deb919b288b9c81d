"""The line in plain words: the right rung of the ladder, and overfitting when it is there."""

import pytest

from playground.words.translate import LANGUAGES, translate
from playground.words.verdict import overfits, verdict

LADDER = {"uniform": 4.17, "unigram": 3.3, "bigram": 2.5, "trigram": 2.0, "fivegram": 1.7}


def _said(key: str, lang: str = "en", **values) -> str:
    return translate(f"meaning_{key}", lang, **values)


def test_before_the_first_estimate_there_is_nothing_to_say():
    assert verdict([], LADDER, "en") is None
    assert verdict([(0, None, None)], LADDER, "en") is None


def test_before_the_counting_is_done_it_is_awaited():
    assert verdict([(0, 4.2, 4.2)], None, "en") == _said("counting")


@pytest.mark.parametrize(
    ("loss", "key"),
    [
        (9.0, "worse"), (4.48, "worse"), (4.46, "nothing"), (4.17, "nothing"), (4.16, "nothing"),
        (4.14, "uniform"), (3.29, "uniform"), (3.27, "unigram"), (2.4, "bigram"), (1.9, "trigram"), (1.6, "fivegram"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_loss_stands_on_its_rung(loss, key, lang):
    values = {"value": LADDER[key]} if key in LADDER else {}
    assert verdict([(0, loss, loss)], LADDER, lang) == _said(key, lang, **values)


def test_near_the_entropy_of_the_text_there_is_nothing_left_to_learn():
    assert verdict([(0, 1.0, 1.05)], {**LADDER, "entropy": 1.0}, "en") == _said("entropy")
    assert verdict([(0, 1.0, 1.15)], {**LADDER, "entropy": 1.0}, "en") == _said("fivegram", value=1.7)


def test_where_counting_five_is_worse_than_counting_three_the_best_is_named():
    ladder = {"uniform": 10.8, "unigram": 7.0, "bigram": 5.9, "trigram": 5.8, "fivegram": 5.85}
    assert verdict([(0, 5.0, 5.0)], ladder, "en") == _said("trigram", value=5.8)
    assert verdict([(0, 5.8, 5.82)], ladder, "en") == _said("fivegram", value=5.85)


RISING = [(0, 4.0, 4.0), (1, 2.0, 2.0), (2, 1.5, 2.2), (3, 1.0, 2.4)]


def test_overfitting_is_told_with_its_best_step():
    assert overfits(RISING)
    assert verdict(RISING, LADDER, "en") == _said("overfitting", step=1, best=2.0)


@pytest.mark.parametrize(
    "estimates",
    [
        RISING[:2],
        RISING[:3],  # one rise may be chance
        [*RISING[:2], (2, 2.3, 2.2), (3, 2.5, 2.4)],  # both rise: it forgets, it does not overfit
        [*RISING[:3], (3, 1.0, 2.01)],  # it came back
        [(0, 1.0, 1.0), (1, 0.9, 1.01), (2, 0.8, 1.02)],  # too little to matter
        [(0, None, 4.0), (1, None, 2.0), (2, None, 3.0), (3, None, 3.0)],
    ],
)
def test_what_is_no_overfitting_is_not_called_so(estimates):
    assert not overfits(estimates)
