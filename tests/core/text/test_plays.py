"""The built-in corpus: its floor is exact, its grammar unambiguous, and there is something to attend to."""

import hashlib
import lzma
import os
import re
import subprocess
import sys
from dataclasses import replace
from math import exp, log

import numpy as np
import pytest

from core.text.ngrams import ngram_cross_entropy
from core.text.plays import Choices, Playwright, write_plays
from core.text.plays_grammar import GRAMMAR, Grammar

TINY = Grammar(
    words={"noun": ("ox",), "onset": ("b", "br"), "ending": ("ow", "o")},
    phrases={"coin": "{onset}{ending}"},
    rhymes=(("sea", "tree"),),
    name=(("ma", "to"), (), ("lo",)),
    matter=(("wax",), ("crown",)),
    refrains=("Sing {noun}",),
    cries=("Ho!",),
    verses=("O {noun}, {rhyme}",),
    asked="the {coin}",
    turns={"{verses}": 1.0},
    answers=("Why, {asked} sank.",),
    directions=("{actor} bows",),
    scene="\n\n",
    commas={",": 1.0},
    stops={".": 1.0},
    events={"end": 1.0},
    most_on_stage=3,
    most_names=2,
    most_events=1,
    most_scenes=1,
    most_couplets=1,
)
QUESTIONS = {"{verses}": 3.0, "Say, {friend}, where is {ask}?": 2.0, 'What, "{heard}"?\n{verses}': 1.0}
THREE_NAMES = (("ma", "to", "be"), (), ("lo",))
ALL_EVENTS = {"speak": 5.0, "enter": 2.0, "exit": 2.0, "direct": 1.0, "sing": 1.0, "end": 1.0}
WRAPPED = {"{verses}": 4.0, "({verses})": 2.0, 'Hear: "{refrain}"\n{verses}': 1.0}
VARIANTS = {
    "one of each": TINY,
    "words": replace(TINY, refrains=("Sing {coin}", "Ho {noun}"), verses=("O {rhyme}", "I am {noun}, {rhyme}")),
    "names": replace(TINY, name=(("ma", "to"), ("ri", "lo"), ("lo", "ri")), cries=("Ho!", "Fie!")),
    "marks": replace(TINY, commas={",": 2.0, " -": 1.0}, stops={".": 3.0, "!": 1.0}),
    "wrapped": replace(TINY, turns=WRAPPED),
    "couplets": replace(TINY, turns={"{verses}": 1.0, '"{verses}"': 1.0}, most_couplets=2),
    "questions": replace(TINY, turns=QUESTIONS, answers=("Why, {asked} sank.", "Oh, {asked} and {name}!")),
    "scenes": replace(TINY, most_scenes=2, most_names=3, name=THREE_NAMES, verses=("O {noun}",)),
    "events": replace(TINY, most_names=3, name=THREE_NAMES, verses=("O {noun}",), most_events=2, events=ALL_EVENTS),
}


class Scripted(Playwright):
    """Choose what the script says, then always the first option; note how many options there were."""

    def __init__(self, grammar, script):
        super().__init__(grammar, draw=None)
        self.script, self.open = script, []

    def choose(self, options):
        if len(self.open) == len(self.script):
            self.script.append(0)
        i = self.script[len(self.open)]
        self.open.append(len(options.values))
        self.nats.append(options.nats[i])
        return options.values[i]


def every_play(grammar):
    """Yield (text, probability) of each sequence of choices that there is."""
    script = []
    while True:
        writer = Scripted(grammar, script)
        writer.write_play()
        yield "".join(writer.pieces), exp(-sum(writer.nats))
        while script and script[-1] == writer.open[len(script) - 1] - 1:
            script.pop()
        if not script:
            return
        script[-1] += 1


@pytest.fixture(scope="module")
def plays():
    return write_plays(seed=1, characters=150_000)


def scenes(text):
    return [scene for scene in re.split(r"SCENE \d|THE END", text) if "[All go.]" in scene]


@pytest.mark.parametrize("name", VARIANTS)
def test_each_text_has_one_derivation_and_the_reported_nats_are_its_own(name):
    grammar = VARIANTS[name]
    enumerated = list(every_play(grammar))
    probability = dict(enumerated)
    assert len(enumerated) > 30
    assert len(probability) == len(enumerated), "two sequences of choices gave the same text"
    assert sum(probability.values()) == pytest.approx(1, abs=1e-9)
    for seed in range(20):
        written = write_plays(seed, 1, grammar)
        assert written.nats.sum() == pytest.approx(-log(probability[written.text]), abs=1e-9)


def test_an_ambiguous_grammar_is_found_out():
    twice = replace(TINY, verses=("O {noun}, {rhyme}", "O ox, {rhyme}"))
    texts = [text for text, _ in every_play(twice)]
    assert len(set(texts)) < len(texts)


def test_a_choice_costs_the_log_of_how_often_it_is_drawn():
    options = Choices("abc", (2.0, 1.0, 1.0))
    assert options.nats == pytest.approx([log(2), log(4), log(4)])
    draws = iter([0.0, 0.49, 0.5, 0.74, 0.75, 1 - 2**-53])
    writer = Playwright(TINY, lambda: next(draws))
    assert "".join(writer.choose(options) for _ in range(6)) == "aabbcc"
    assert writer.nats == pytest.approx([log(2), log(2), log(4), log(4), log(4), log(4)])


def openings(template):
    """Return what a template can begin with: its text up to the first slot, or that slot's words."""
    for slot, phrase in GRAMMAR.phrases.items():
        template = template.replace(f"{{{slot}}}", phrase)
    first, text = re.match(r"(?:\{(\w+)\})?([^{]*)", template).groups()
    if first == "verses":
        return [opening for verse in GRAMMAR.verses for opening in openings(verse)]
    words = {"actor": [first.upper() for first in GRAMMAR.name[0]], None: [""], **GRAMMAR.words}[first]
    return words if first == "actor" else [word + text for word in words]


@pytest.mark.parametrize(
    "templates",
    [
        GRAMMAR.refrains,
        GRAMMAR.verses,
        GRAMMAR.cries + tuple(GRAMMAR.turns),
        GRAMMAR.cries + GRAMMAR.answers,
        GRAMMAR.directions + ("Enter ", "Exit ", "All go"),
        tuple(GRAMMAR.commas),
        tuple(GRAMMAR.stops),
    ],
)
def test_no_template_opens_like_another_that_can_stand_in_its_place(templates):
    known = [opening for template in templates for opening in openings(template)]
    for i, one in enumerate(known):
        assert one and not any(other.startswith(one) for other in known[:i] + known[i + 1 :]), one


def test_no_word_is_another_or_the_beginning_of_another():
    rhymes = [word for group in GRAMMAR.rhymes for word in group]
    for words in (*GRAMMAR.words.values(), *GRAMMAR.name, *GRAMMAR.matter, rhymes):
        assert len(set(words)) == len(words)
        assert not any(other.startswith(f"{word} ") for word in words for other in words)
    assert min(map(len, GRAMMAR.rhymes)) >= 2


def test_a_slot_ends_where_no_letter_follows():
    templates = (*GRAMMAR.refrains, *GRAMMAR.cries, *GRAMMAR.verses, *GRAMMAR.turns, *GRAMMAR.answers,
                 *GRAMMAR.directions, GRAMMAR.asked, GRAMMAR.scene)  # fmt: skip
    assert not [template for template in templates if re.search(r"\}[\w{]", template)]


def test_made_up_words_can_be_taken_apart_in_one_way():
    first, middle, last = ({len(s) for s in syllables} for syllables in GRAMMAR.name)
    assert len(first) == len(middle) == len(last) == 1
    vowel = re.compile("[aeiouy]")
    assert not any(vowel.search(part) for slot in ("onset", "coda") for part in GRAMMAR.words[slot])
    assert all(vowel.fullmatch(part) for part in GRAMMAR.words["vowel"])
    assert all(vowel.match(part) for part in GRAMMAR.words["ending"])


def test_the_same_seed_writes_the_same_text_in_another_process(plays):
    code = (
        "import hashlib, core.text.plays as p; t = p.write_plays(1, 150_000).text;"
        "print(hashlib.sha256(t.encode()).hexdigest())"
    )
    env = {**os.environ, "PYTHONHASHSEED": "5", "PYTHONPATH": os.pathsep.join(sys.path)}
    printed = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == hashlib.sha256(plays.text.encode()).hexdigest()


def test_another_seed_writes_another_text(plays):
    assert write_plays(2, 1000).text[:1000] != plays.text[:1000]


def test_whole_plays_are_written_until_the_length_is_reached(plays):
    assert 150_000 <= len(plays.text) < 200_000
    assert plays.text.endswith("THE END\n\n\n")
    shorter = write_plays(1, 10_000).text
    assert plays.text.startswith(shorter) and shorter.count("THE END") >= 1
    with pytest.raises(ValueError, match="characters=0"):
        write_plays(1, 0)


def test_the_work_is_a_few_choices_a_word(plays):
    assert len(plays.nats) == len(plays.positions) < len(plays.text) / 4


def test_the_alphabet_is_small_and_plain(plays):
    assert 50 <= len(set(plays.text)) <= 72
    assert plays.text.isascii()


def test_choices_stand_in_the_order_of_the_text(plays):
    assert plays.positions.dtype == np.int64 and plays.nats.dtype == np.float64
    assert (np.diff(plays.positions) >= 0).all()
    assert 0 <= plays.positions[0] and plays.positions[-1] < len(plays.text)
    assert (plays.nats >= 0).all()


def test_the_cross_entropy_of_the_parts_adds_up_to_the_whole(plays):
    n, cut = len(plays.text), len(plays.text) * 9 // 10
    parts = plays.cross_entropy(0, cut) * cut + plays.cross_entropy(cut) * (n - cut)
    assert parts == pytest.approx(plays.cross_entropy() * n)
    assert plays.cross_entropy() * n == pytest.approx(plays.nats.sum())
    for start, end in ((5, 5), (-1, 5), (0, n + 1)):
        with pytest.raises(ValueError, match="not a stretch"):
            plays.cross_entropy(start, end)


def test_the_floor_lies_where_a_small_model_has_much_to_gain(plays):
    assert 0.55 < plays.cross_entropy() < 0.9


def test_neither_counting_nor_compressing_beats_the_floor(plays):
    ids = np.frombuffer(plays.text.encode(), np.uint8)
    cut = len(ids) * 9 // 10
    floor = plays.cross_entropy(cut)
    for order in (5, 8):
        assert ngram_cross_entropy(ids[:cut], ids[cut:], order, 128) > floor + 0.2
    packed = len(lzma.compress(plays.text.encode(), preset=9)) * 8 * log(2) / len(plays.text)
    assert packed > plays.cross_entropy() + 0.2


def test_brackets_and_quotes_close_in_the_turn_that_opens_them(plays):
    wrapped = 0
    for turn in plays.text.split("\n\n"):
        brackets = re.sub(r'[^()\[\]"]', "", turn)
        wrapped += len(brackets) > 0
        while shorter := re.sub(r'\(\)|\[\]|""', "", brackets):
            assert shorter != brackets, turn
            brackets = shorter
    assert wrapped > 200


def test_a_name_introduced_is_called_again(plays):
    for scene in scenes(plays.text):
        for entrance in re.finditer(r"\[Enter ([A-Z]+),", scene):
            assert f"\n{entrance[1]}:\n" in scene[entrance.end() :]
    names = set(re.findall(r"\[Enter ([A-Z]+),", plays.text))
    assert len(names) > 40
    assert sum(plays.text.count(name.capitalize()) > 0 for name in names) > 0.8 * len(names)


def test_nobody_speaks_who_is_not_on_stage(plays):
    for scene in scenes(plays.text):
        stage = set()
        for what, name in re.findall(r"^(\[Enter |\[Exit |)([A-Z]+)(?:,|:$|\.\])", scene, re.M):
            if what == "[Enter ":
                assert name not in stage
                stage.add(name)
            elif what == "[Exit ":
                stage.remove(name)
            else:
                assert name in stage


def test_the_refrain_comes_back_word_for_word(plays):
    texts = plays.text.split("THE END\n\n\n")[:-1]
    refrains = [re.search(r'The song of the play is "(.*)"', text)[1] for text in texts]
    counts = [text.count(refrain) for text, refrain in zip(texts, refrains, strict=True)]
    assert np.mean(counts) > 5
    assert np.mean(np.array(counts) >= 3) > 0.6


def test_an_answer_names_what_was_asked_for_and_comes_from_the_one_asked(plays):
    question = r"(?:Say|Pray), (\w+), (?:where is|who \w+) (.*)\?\n\n([A-Z]+):\n((?:.+\n)+)"
    found = re.findall(question, plays.text)
    assert len(found) > 50
    for friend, asked, speaker, answer in found:
        assert speaker == friend.upper() and f" {asked}" in answer


def test_a_line_just_heard_is_repeated(plays):
    repeats = list(re.finditer(r'What, "(.+)"\?', plays.text))
    assert len(repeats) > 20
    for repeat in repeats:
        assert repeat[1] in plays.text[repeat.start() - 800 : repeat.start()]


def test_couplets_rhyme(plays):
    group = {word: i for i, words in enumerate(GRAMMAR.rhymes) for word in words}
    ends = [re.findall(r"(\w+)(?: -|[,;.!?])[)\"]?$", turn, re.M) for turn in plays.text.split("\n\n")]
    plain = [found for found in ends if len(found) == 2 and all(word in group for word in found)]
    assert len(plain) > 200
    assert all(group[a] == group[b] and a != b for a, b in plain)
