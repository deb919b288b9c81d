"""Two languages, word for word: none is missing in either, and none that is asked for is missing in both."""

import re
from importlib import import_module
from pathlib import Path
from string import Formatter

import pytest

from playground import build
from playground.train import form as forms
from playground.words.refusals import REFUSALS_VI
from playground.words.translate import LANGUAGES, WIDGET_WORDS_VI, WORDS, language, translate, widget_words
from tests.vietnamese import foreign_words

PLAYGROUND = Path(build.__file__).parent
SOURCES = [path.read_text(encoding="utf-8") for path in PLAYGROUND.rglob("*.py")]
SCRIPTS = {path.stem: path.read_text(encoding="utf-8") for path in PLAYGROUND.rglob("*.js")}


def _placeholders(text: str) -> set[tuple]:
    """Return the places of a text, but for the words for one or many ({n:core|cores}), which English alone needs."""
    found = {(name, spec) for _, name, spec, _ in Formatter().parse(text) if name is not None}
    return {place for place in found if "|" not in place[1]}


def test_every_word_is_there_in_both_languages():
    for key, (english, vietnamese) in WORDS.items():
        if key.startswith("help_") and english is None:  # stands with the field
            assert forms.options_of(key.removeprefix("help_")).model_fields[key.removeprefix("help_")].description, key
            assert not _placeholders(vietnamese), key
        else:
            assert english and _placeholders(english) == _placeholders(vietnamese), key
        assert vietnamese, key


def test_every_vietnamese_word_is_vietnamese_or_a_term_of_the_field():
    said = {key: vietnamese for key, (_, vietnamese) in WORDS.items()}
    said |= {f"{name}: {key}": text for name, words in WIDGET_WORDS_VI.items() for key, text in words.items()}
    said |= REFUSALS_VI
    foreign = {key: words for key, text in said.items() if (words := foreign_words(text))}
    assert len(said) > 700 and not foreign


# One word for one thing: what it is called in the Vietnamese page, and what it is not called any more.
OTHER_WORDS = {
    "tốc độ học": r"learning rate", "câu mở đầu": r"\bprompt\b|đoạn mở đầu|phần mở đầu", "lỗi": r"\bhỏng$",
    "chuẩn gradient": "độ dài gradient", "có xác suất cao nhất": "khả dĩ", "đoán ngẫu nhiên đều": "đoán đều",
    "lượt chạy": r"(?<!lần )(?<!tới )(?<!một )\blượt (?!chạy|xuôi|ngược|viết|khác kết)", "tải về": r"mang về",
}  # fmt: skip


def test_one_thing_has_one_name_in_vietnamese():
    said = [vietnamese for _, vietnamese in WORDS.values()] + [*REFUSALS_VI.values()]
    said += [text for words in WIDGET_WORDS_VI.values() for text in words.values()]
    for name, other in OTHER_WORDS.items():
        assert [text for text in said if re.search(other, text, re.IGNORECASE)] == [], name


def test_words_for_one_and_for_many_follow_the_number():
    assert translate("machine", "en", cores=1, device="no GPU") == "1 core, no GPU"
    assert translate("machine", "en", cores=2, device="no GPU") == "2 cores, no GPU"
    assert translate("uploaded", "en", name="a", count=1, distinct=1).startswith("a: 1 character,")


def test_every_table_of_words_is_one_of_the_page_s():
    tables = [path for path in PLAYGROUND.rglob("*words.py") if "WORDS = {" in path.read_text(encoding="utf-8")]
    assert {path.parent.name for path in tables} >= {"train", "generate", "attention", "compare"}
    for path in tables:
        module = import_module(".".join(path.relative_to(PLAYGROUND.parent).with_suffix("").parts))
        assert module.WORDS.items() <= WORDS.items(), path.name
        assert all(WIDGET_WORDS_VI[name] == words for name, words in getattr(module, "WIDGET_WORDS_VI", {}).items())


def test_every_field_of_the_form_has_its_help_in_both_languages():
    for name in forms.NAMES:
        english = forms.options_of(name).model_fields[name].description
        assert english and translate(f"help_{name}", "en", english) == english, name
        assert translate(f"help_{name}", "vi", english) not in ("", english, f"help_{name}"), name


def _asked_for() -> set[str]:
    """Find the keys that stand in the source: translate("key", words={"prop": "key"}, words={"prop": ("key", ...)}."""
    found = set()
    for source in SOURCES:
        found.update(re.findall(r'translate\(\s*"(\w+)"', source))
        for words in re.findall(r"words=\{(.*?)\}", source, re.DOTALL):
            found.update(re.findall(r':\s*\(?"(\w+)"', words))
    return found


def test_every_word_that_the_code_asks_for_is_there():
    asked = _asked_for()
    assert len(asked) > 40 and asked - WORDS.keys() == set()


def test_every_family_of_words_is_whole():
    from core.runs.config import STATES

    # A new corpus or preset is called by its own name until somebody finds words for it; these are well known.
    corpora = ("plays", "shakespeare", "python", "own")
    families = {"state": STATES, "corpus": corpora, "about": corpora, "preset": ("gpt2", "finetune", "custom"),
                "line": ("uniform", "unigram", "bigram", "trigram", "fivegram", "ngram", "entropy"),
                "group": ("model", "training", "run")}  # fmt: skip
    assert {f"{family}_{name}" for family, names in families.items() for name in names} - WORDS.keys() == set()


def _script_words(script: str) -> dict[str, str] | None:
    found = re.search(r"const WORDS = \{(.*?)\n?\};", script, re.DOTALL)
    if found is None:
        return None
    words = re.findall(r"""(\w+):\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")""", found.group(1))
    return {key: single or double for key, single, double in words}


def test_the_scripts_words_were_found():
    found = {name: _script_words(script) for name, script in SCRIPTS.items()}
    assert {name for name, words in found.items() if words} == WIDGET_WORDS_VI.keys()


def test_the_browser_says_everything_in_both_languages():
    for name, vietnamese in WIDGET_WORDS_VI.items():
        english = _script_words(SCRIPTS[name])
        assert vietnamese.keys() == english.keys(), name
        for key, text in english.items():
            same = _placeholders(text) == _placeholders(vietnamese[key]) and bool(text) == bool(vietnamese[key])
            assert same, f"{name}: {key}"


def test_a_component_without_a_translation_speaks_its_own_english():
    assert widget_words("vi") == WIDGET_WORDS_VI
    assert widget_words("en") == {name: {} for name in WIDGET_WORDS_VI}


def test_what_has_no_words_is_called_by_its_key_or_what_was_given():
    assert translate("nothing_such", "vi") == "nothing_such" and translate("nothing_such", "vi", "this") == "this"
    assert translate("help_n_head", "en", "How many heads.") == "How many heads."
    assert translate("nothing_such", "en", "") == ""


@pytest.mark.parametrize(
    ("tag", "lang"),
    [("vi", "vi"), ("vi-VN,vi;q=0.9,en;q=0.8", "vi"), (" VI ", "vi"), ("en", "en"), ("en-GB,vi;q=0.5", "en"),
     ("fr", "en"), ("", "en"), (None, "en"), (5, "en"), (["vi"], "en"), ({"vi": 1}, "en"), ("\ud800", "en")],
)  # fmt: skip
def test_the_language_is_that_of_the_tag_and_otherwise_english(tag, lang):
    assert language(tag) == lang in LANGUAGES
