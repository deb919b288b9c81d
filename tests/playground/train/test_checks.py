"""What of a form is refused, and beside which field: the sentences that would refuse to train it."""

import json

import pytest

from core.runs.plan import plan_run
from core.text.corpora import Corpus
from playground.train.checks import KEPT, WHOLE, TextFacts, field_of, refusals, vocab_size_of
from playground.train.code_shown import source_of
from playground.train.form import NAMES, defaults, read_form
from playground.words.refusals import refused
from tests.tiny_runs import TEXT, refusal

FACTS = TextFacts.of(TEXT)


def _wrong(facts: TextFacts = FACTS, corpus: str = "own", preset: str = "tiny", **changed) -> dict[str, str]:
    return refusals(read_form(preset, tuple({**defaults(preset), **changed}.values())), corpus, facts, memory=10**10)


def test_nothing_is_wrong_with_a_preset():
    assert _wrong() == {} == _wrong(corpus="plays", preset="express", prompt="Enter ")


def test_every_field_that_is_wrong_is_named_and_not_the_first_alone():
    wrong = _wrong(n_layer=97, batch_size=None, sample_tokens=0, steps=2.5, learning_rate=11)
    assert wrong == {
        "sample_tokens": "sample_tokens=0 is not possible; it must be a whole number from 1 to 1,000",
        "n_layer": "n_layer=97 is not possible; it must be a whole number from 1 to 96",
        "batch_size": "batch_size is empty; it must be a whole number from 1 to 1,024",
        "steps": "steps=2.5 is not possible; it must be a whole number from 1 to 1,000,000",
        "learning_rate": "learning_rate=11 is not possible; it must be a number above 0 and at most 10.0",
    }


@pytest.mark.parametrize(
    ("field", "changed", "said"),
    [
        ("n_embd", {"n_embd": 100, "n_head": 3}, "n_embd=100 is not divisible by n_head=3; try n_embd=99 or 102"),
        ("n_embd", {"architecture": "modern", "n_embd": 9, "n_head": 3}, "heads of odd size"),
        ("warmup_steps", {"warmup_steps": 500, "steps": 400}, "more than the 400 steps of the run"),
        ("prompt", {"prompt": "1 ≠ 2"}, "characters that the text never uses: '≠'"),
        ("block_size", {"block_size": 2000}, "lower block_size"),
        (WHOLE, {"n_layer": 96, "n_embd": 12_288, "n_head": 96, "batch_size": 1024, "block_size": 256}, "GB to train"),
        (WHOLE, {"architecture": "bigram", "tokenizer": "gpt2"}, "vocab_size=50257 is not possible"),
    ],
)
def test_what_only_the_whole_plan_knows_is_refused_beside_its_field(field, changed, said):
    wrong = _wrong(**changed)
    assert list(wrong) == [field] and said in wrong[field]


def test_the_sentence_beside_the_field_is_the_one_that_would_refuse_to_train():
    for changed in ({"n_embd": 100, "n_head": 3}, {"prompt": "≠"}, {"block_size": 2000}, {"sample_tokens": 0}):
        filled = read_form("tiny", tuple({**defaults("tiny"), **changed}.values()))
        said = refusal(plan_run, Corpus("own", TEXT), filled.run, filled.model, filled.train, None, 10**12)
        assert list(_wrong(**changed).values()) == [said]


def test_a_refusal_s_field_is_the_name_that_it_begins_with():
    assert {field_of(f"{name}=5 is not possible; it must be six") for name in NAMES} == set(NAMES)
    assert field_of("made_up=5 is not possible") == field_of("The text is empty; paste one") == WHOLE


def test_the_page_s_own_refusals_are_said_in_vietnamese():
    assert refused(_wrong(steps=None)["steps"], "vi").startswith("steps đang trống; giá trị phải là ")
    warmup = refused(_wrong(warmup_steps=2500, steps=2000)["warmup_steps"], "vi")
    assert warmup.startswith("warmup_steps=2500 nhiều hơn 2.000 bước") and "hãy giảm xuống 200" in warmup


def test_a_text_is_known_by_its_length_and_its_characters():
    assert TextFacts.of("abcab") == TextFacts(5, 3, "abc") == TextFacts.read('[5, 3, "abc"]')
    many = TextFacts.of("".join(map(chr, range(300, 301 + KEPT))))
    assert (many.distinct, many.characters) == (KEPT + 1, "")
    assert vocab_size_of("own", "char", many) == KEPT + 1 and vocab_size_of("own", "gpt2", many) == 50_257
    assert "choose tokenizer='gpt2'" in _wrong(TextFacts(10**6, 2000, ""), prompt="≠")[WHOLE]


@pytest.mark.parametrize("given", [None, 5, "", "{}", "[1, 2]", '["1", 2, "a"]', "[-1, 2, 3]", "[" * 9999, [1, 2, "a"],
                                   json.dumps([True, 2, "a"]), json.dumps([1, 2, ["a"]])], ids=str)  # fmt: skip
def test_what_is_no_count_of_a_text_counts_as_no_text(given):
    assert TextFacts.read(given) == TextFacts()


def test_the_code_that_is_shown_is_that_of_the_run_s_architecture():
    assert "class Modern" in source_of("modern") and "class GPT(" in source_of("gpt")
    assert source_of("bigram").startswith("class Bigram(") and "class GPT" not in source_of("bigram")
