"""The line in plain words: the right rung of the ladder, and overfitting when it is there."""

import pytest

from playground.words.translate import LANGUAGES, translate
from playground.words.verdict import baseline_lines, overfits, verdict

LADDER = {"uniform": 4.17, "unigram": 3.3, "bigram": 2.5, "trigram": 2.0, "ngram": 1.7, "order": 7, "unseen": 0.0}


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
        (4.14, "uniform"), (3.29, "uniform"), (3.27, "unigram"), (2.4, "bigram"), (1.9, "trigram"), (1.6, "ngram"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_loss_stands_on_its_rung(loss, key, lang):
    for tokenizer in ("char", "gpt2"):
        values = {"value": LADDER.get(key), "order": 7, "tokens": translate(f"counted_{tokenizer}", lang)}
        said = verdict([(0, loss, loss)], LADDER, lang, tokenizer)
        assert said == _said(key, lang, **values if key in LADDER else {})
        assert not any(word in said for word in ("letter", "character", "ký tự")) or tokenizer == "char"


def test_near_the_entropy_of_the_text_there_is_nothing_left_to_learn():
    assert verdict([(0, 1.0, 1.05)], {**LADDER, "entropy": 1.0}, "en") == _said("entropy")
    assert verdict([(0, 0.85, 0.85)], {**LADDER, "entropy": 1.0}, "en") == _said("entropy")  # an estimate's chance
    assert verdict([(0, 0.1, 0.1)], {**LADDER, "entropy": 1.0}, "en") == _said("below")  # no causal mask
    said = _said("ngram", value=1.7, order=7, tokens="characters")
    assert verdict([(0, 1.0, 1.15)], {**LADDER, "entropy": 1.0}, "en") == said


def test_an_older_run_says_five_and_not_the_best():
    ladder = {"uniform": 10.8, "unigram": 7.0, "bigram": 5.9, "trigram": 5.8, "fivegram": 5.75}
    assert verdict([(0, 5.0, 5.0)], ladder, "en", "gpt2") == _said("fivegram", value=5.75, tokens="tokens")
    labels = {line["key"]: line["label"] for line in baseline_lines(ladder, "en")}
    assert labels["fivegram"] == "5-gram" and labels.keys() == {"uniform", "unigram", "bigram", "fivegram"}


def test_the_best_of_counting_is_drawn_with_its_n_and_no_line_twice():
    lines = {line["key"]: line["label"] for line in baseline_lines({**LADDER, "entropy": 1.2}, "en")}
    assert lines.keys() == {"uniform", "unigram", "bigram", "ngram", "entropy"}
    assert lines["ngram"] == "7-gram: the best of counting"
    pairs = {**LADDER, "ngram": 2.5, "order": 2}
    assert [line["key"] for line in baseline_lines(pairs, "en")] == ["uniform", "unigram", "ngram"]
    assert verdict([(0, 2.4, 2.4)], pairs, "en").startswith("Better than the best that counting characters can do")


def test_a_validation_part_of_another_kind_is_never_the_learning_rates_fault():
    assert "learning rate" in verdict([(0, 5.0, 9.0)], LADDER, "en")  # the training part is no better
    assert verdict([(0, 4.2, 4.2), (9, 2.0, 9.0)], LADDER, "en") == _said("other_kind", train=2.0)
    unseen = verdict([(0, 4.2, 4.2), (9, 2.0, 9.0)], {**LADDER, "unseen": 0.51}, "en")
    assert unseen.startswith("51.0 % of the validation part are characters that never occur in the training part")


RISING = [(0, 4.0, 4.0), (1, 2.0, 2.0), (2, 1.5, 2.2), (3, 1.0, 2.4)]


def test_overfitting_is_told_with_its_best_step():
    assert overfits(RISING)
    assert verdict(RISING, LADDER, "en") == _said("overfitting", step=1, best=2.0)
    assert verdict(RISING[:3], LADDER, "en") == _said("overfitting", step=1, best=2.0)  # as soon as it shows
    assert overfits([*RISING[:2], (2, 1.5, 2.08), (3, 1.4, 2.08)])  # a small rise that stays


@pytest.mark.parametrize(
    "estimates",
    [
        RISING[:2],
        [*RISING[:2], (2, 1.5, 2.08)],  # one small rise may be chance: the last estimate is made on more text
        [*RISING[:2], (2, 2.3, 2.2), (3, 2.5, 2.4)],  # both rise: it forgets, it does not overfit
        [*RISING[:3], (3, 1.0, 2.01)],  # it came back
        [(0, 1.0, 1.0), (1, 0.9, 1.01), (2, 0.8, 1.02)],  # too little to matter
        [(0, None, 4.0), (1, None, 2.0), (2, None, 3.0), (3, None, 3.0)],
    ],
)
def test_what_is_no_overfitting_is_not_called_so(estimates):
    assert not overfits(estimates)
