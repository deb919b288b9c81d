"""Little plays in verse, written by a seeded generator that knows the exact probability of its own text.

The built-in corpus needs no file and no network, looks like what people know from Shakespeare, and has something to
find for every kind of attention. Names are made up of syllables, so a model can only copy them from where they were
introduced; couplets rhyme; the answer names what was asked for; a speaker repeats an oath, a listener repeats the line
just heard, everybody repeats the refrain; brackets and quotes close.

Every draw goes through `Playwright.choose`, which also notes -log p. The text is a prefix code: wherever there is a
choice, the characters that follow tell the options apart, whatever is chosen later (words of a list are distinct, the
templates of a list open differently, syllables have one length for each place in a name). So a text has exactly one
derivation, and the sum of the notes is the text's own -log probability. That is the entropy below which no model can
get, except by luck on the text at hand or by having memorised it.

Left out on purpose: a general grammar engine, and meaning. The words and templates stand in `plays_grammar.py`.
"""

from __future__ import annotations

import random
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from math import log
from typing import NamedTuple

import numpy as np

from core.text.plays_grammar import GRAMMAR, Grammar

ZIPF_OFFSET = 50  # in a list of words, the one at rank r = 0, 1, ... has weight 1 / (r + ZIPF_OFFSET)


@dataclass(frozen=True)
class Plays:
    """A text, and the -log p of each choice behind it.

    positions: (n_choices,) int64, ascending: where in the text the characters begin that a choice decided.
    nats: (n_choices,) float64, -log p of each choice.
    """

    text: str
    positions: np.ndarray
    nats: np.ndarray

    def cross_entropy(self, start: int = 0, end: int | None = None) -> float:
        """Return the entropy of text[start:end] in nats per character, given the text before it.

        A choice counts as a whole where it begins: a stretch that cuts a word is a few nats off.
        """
        end = len(self.text) if end is None else end
        if not 0 <= start < end <= len(self.text):
            raise ValueError(
                f"text[{start}:{end}] is not a stretch of the {len(self.text)} characters; "
                "choose 0 <= start < end <= the length of the text"
            )
        first, last = np.searchsorted(self.positions, (start, end))
        return float(self.nats[first:last].sum()) / (end - start)


class Choices:
    """What can be chosen: the values, where each ends on the line from 0 to 1, and -log p of each."""

    def __init__(self, values: Sequence, weights: Sequence[float] | None = None):
        sums = list(accumulate(weights or [1.0] * len(values)))  # not sum(): it rounds by the Python version
        self.values = tuple(values)
        self.bounds = [s / sums[-1] for s in sums[:-1]]
        ends = [0.0, *self.bounds, 1.0]
        self.nats = [-log(high - low) for low, high in zip(ends, ends[1:], strict=False)]


class Person(NamedTuple):
    first: str  # first syllable: no other name of the play has it
    name: str
    capitals: str
    cry: str


def zipf(values: Sequence) -> Choices:
    """Return options whose probability falls with their rank."""
    return Choices(values, [1 / (rank + ZIPF_OFFSET) for rank in range(len(values))])


class Playwright:
    """Write plays, one choice after another, and note -log p of each."""

    def __init__(self, grammar: Grammar, draw: Callable[[], float]):
        """Take a grammar and the source of chance: `draw` returns a number in [0, 1)."""
        self.grammar, self.draw = grammar, draw
        self.pieces: list[str] = []  # the text; joined at the end
        self.made_at: list[int] = []  # of each choice: the piece that it decided
        self.nats: list[float] = []
        self.slots: dict[str, Callable[[], None]] = {
            "verses": self.write_couplets, "rhyme": self.write_rhyme, "ask": self.write_asked,
            "name": self.write_name, "friend": self.write_friend, "actor": self.write_actor,
            **{known: partial(self.write_known, known) for known in ("matter", "refrain", "heard", "asked")},
        }  # fmt: skip
        self.words = {slot: zipf(words) for slot, words in grammar.words.items()}
        self.prepare(grammar)

    def prepare(self, g: Grammar) -> None:
        """Make all options that do not depend on the play."""
        self.refrains, self.cries, self.verses, self.answers, self.directions = (
            zipf([self.compile(t) for t in templates])
            for templates in (g.refrains, g.cries, g.verses, g.answers, g.directions)
        )
        self.scene, self.asked_for = self.compile(g.scene), self.compile(g.asked)
        self.turns, self.first_turns = (
            Choices([self.compile(t) for t in turns], [g.turns[t] for t in turns])
            for turns in (list(g.turns), [t for t in g.turns if "{heard}" not in t])
        )
        self.marks = [Choices(list(marks), list(marks.values())) for marks in (g.commas, g.stops)]
        self.cry, self.again, self.more_scenes = (
            Choices((True, False), (weight, 1.0)) for weight in (g.cry_weight, g.again_weight, g.scene_weight)
        )
        self.any_rhyme = zipf([word for group in g.rhymes for word in group])
        self.rhymes_with = {w: zipf([v for v in group if v != w]) for group in g.rhymes for w in group}
        self.middles = Choices(("", *g.name[1]), (g.short_name_weight, *[1.0] * len(g.name[1])))
        self.lasts, self.substances, self.things = (zipf(words) for words in (g.name[2], *g.matter))

    def choose(self, options: Choices):
        """Draw one of the options and note -log p. There is no other way to draw."""
        i = bisect_right(options.bounds, self.draw())
        self.nats.append(options.nats[i])
        self.made_at.append(len(self.pieces))
        return options.values[i]

    def compile(self, template: str) -> list:
        """Turn a template into its parts: text, options to choose from, and what is remembered."""
        for slot, phrase in self.grammar.phrases.items():
            template = template.replace(f"{{{slot}}}", phrase)
        parts = re.split(r"\{(\w+)\}", template)
        parts[1::2] = [self.words[slot] if slot in self.words else self.slots[slot] for slot in parts[1::2]]
        return [part for part in parts if part != ""]

    def write(self, template: list) -> str:
        """Write out a compiled template; return the text."""
        start = len(self.pieces)
        for part in template:
            if type(part) is str:
                self.pieces.append(part)
            elif type(part) is Choices:
                self.pieces.append(self.choose(part))
            else:
                part()
        return "".join(self.pieces[start:])

    def write_play(self) -> None:
        """Write the title, the refrain and the scenes."""
        self.cast: list[Person] = []
        self.pieces.append("THE ")
        substance = self.choose(self.substances)
        self.pieces.append(substance.upper() + " ")
        thing = self.choose(self.things)
        self.pieces += thing.upper(), '\n\nThe song of the play is "'
        self.matter = f"the {substance} {thing}"
        self.refrain = self.write(self.choose(self.refrains))
        self.pieces.append('"\n\n')
        for number in range(1, self.grammar.most_scenes + 1):
            self.pieces.append(f"SCENE {number}")
            self.write_scene()
            if number == self.grammar.most_scenes or not self.choose(self.more_scenes):
                break
        self.pieces.append("THE END\n\n\n")

    def write_scene(self) -> None:
        """Write a scene: two enter and speak, then one event follows another."""
        self.write(self.scene)
        self.stage: list[Person] = []
        self.due: list[Person] = []  # who has entered or been asked, and must speak next
        self.speaker: Person | None = None
        self.heard = self.asked = ""  # the last line of the turn before; what was asked for
        events = {"speak": self.write_turn, "enter": self.write_entrance, "exit": self.write_exit,
                  "direct": self.write_direction, "sing": self.write_song}  # fmt: skip
        self.write_entrance()
        self.write_entrance()
        for _ in range(self.grammar.most_events):
            while self.due:
                self.write_turn()
            event = self.choose(self.possible_events())
            if event == "end":
                break
            events[event]()
        while self.due:
            self.write_turn()
        self.pieces.append("[All go.]\n\n")

    def possible_events(self) -> Choices:
        """Return what can happen now: who comes must have room, who goes must leave two behind."""
        weights = dict(self.grammar.events)
        new = len(self.cast) < self.grammar.most_names
        if len(self.stage) >= self.grammar.most_on_stage or (len(self.stage) == len(self.cast) and not new):
            weights.pop("enter", None)
        if len(self.stage) < 3:
            weights.pop("exit", None)
        return Choices(list(weights), list(weights.values()))

    def write_entrance(self) -> None:
        """Bring on somebody of the play, or somebody new, with the oath by which we know them."""
        self.pieces.append("[Enter ")
        waiting: list[Person | None] = [person for person in self.cast if person not in self.stage]
        if len(self.cast) < self.grammar.most_names:
            waiting.append(None)
        person = self.choose(Choices(waiting))
        if person is None:
            person = self.write_new_person()
            self.cast.append(person)
        else:
            self.pieces.append(f'{person.capitals}, crying "{person.cry}')
        self.pieces.append('"]\n\n')
        self.stage.append(person)
        self.due.append(person)

    def write_new_person(self) -> Person:
        """Make up a name, syllable by syllable, and an oath."""
        taken = [person.first for person in self.cast]
        syllables = []
        firsts = Choices([syllable for syllable in self.grammar.name[0] if syllable not in taken])
        for options in (firsts, self.middles, self.lasts):
            syllables.append(self.choose(options))
            self.pieces.append(syllables[-1].upper())
        name = "".join(syllables)
        self.pieces.append(', crying "')
        return Person(syllables[0], name.capitalize(), name.upper(), self.write(self.choose(self.cries)))

    def write_exit(self) -> None:
        """Send somebody off."""
        self.pieces.append("[Exit ")
        person = self.choose(Choices(self.stage))
        self.stage.remove(person)
        self.pieces.append(f"{person.capitals}.]\n\n")

    def write_direction(self) -> None:
        """Write what is seen or heard on stage."""
        self.pieces.append("[")
        self.write(self.choose(self.directions))
        self.pieces.append(".]\n\n")

    def write_song(self) -> None:
        """Let all sing couplets, with the refrain after each line."""
        self.pieces.append("(All sing)\n")
        self.write_couplets(f"\n{self.refrain}")
        self.heard = ""
        self.pieces.append("\n\n")

    def write_turn(self) -> None:
        """Let the one whose turn it is speak, or else anybody but the last speaker."""
        if self.due:
            self.speaker = self.due.pop(0)
        else:
            self.speaker = self.choose(Choices([person for person in self.stage if person != self.speaker]))
        self.pieces.append(f"{self.speaker.capitals}:\n")
        if self.choose(self.cry):
            self.pieces.append(f"{self.speaker.cry}\n")
        if self.asked:
            self.write(self.choose(self.answers))
            self.heard = self.asked = ""
        else:
            self.write(self.choose(self.turns if self.heard else self.first_turns))
        self.pieces.append("\n\n")

    def write_couplets(self, burden: str = "") -> None:
        """Write couplets that rhyme, `burden` after each line."""
        for number in range(1, self.grammar.most_couplets + 1):
            self.rhyme = self.any_rhyme
            for marks in self.marks:
                self.heard = self.write(self.choose(self.verses))
                self.pieces.append(self.choose(marks))
                self.pieces.append(burden)
                if marks is self.marks[0]:
                    self.pieces.append("\n")
            if number == self.grammar.most_couplets or not self.choose(self.again):
                return
            self.pieces.append("\n")

    def write_rhyme(self) -> None:
        """End a line: the first of a couplet with any word, the second with another that rhymes with it."""
        word = self.choose(self.rhyme)
        self.rhyme = self.rhymes_with[word]
        self.pieces.append(word)

    def write_known(self, what: str) -> None:
        """Write once more what the play has said before: no choice, so it costs nothing."""
        self.pieces.append(getattr(self, what))

    def write_name(self) -> None:
        """Call somebody of the play by name, on stage or not."""
        self.pieces.append(self.choose(Choices([p.name for p in self.cast if p != self.speaker])))

    def write_friend(self) -> None:
        """Call somebody on stage by name."""
        self.friend = self.choose(Choices([person for person in self.stage if person != self.speaker]))
        self.pieces.append(self.friend.name)

    def write_actor(self) -> None:
        """Name somebody on stage in a direction."""
        self.pieces.append(self.choose(Choices(self.stage)).capitals)

    def write_asked(self) -> None:
        """Ask the friend just named for something; the answer will name it again."""
        self.asked = self.write(self.asked_for)
        self.due = [self.friend, *(person for person in self.due if person != self.friend)]


def write_plays(seed: int = 1, characters: int = 1_000_000, grammar: Grammar = GRAMMAR) -> Plays:
    """Write whole plays until there are at least so many characters; the same for a seed on every machine."""
    if characters < 1:
        raise ValueError(f"characters={characters} leaves nothing to write; ask for at least 1")
    playwright = Playwright(grammar, random.Random(seed).random)
    length = 0
    while length < characters:
        start = len(playwright.pieces)
        playwright.write_play()
        length += sum(map(len, playwright.pieces[start:]))
    lengths = np.fromiter(map(len, playwright.pieces), np.int64, len(playwright.pieces))
    begins = np.cumsum(lengths) - lengths
    return Plays("".join(playwright.pieces), begins[playwright.made_at], np.array(playwright.nats))
