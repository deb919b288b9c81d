"""What of a form is refused, field by field, while it is filled: in the very sentences that would refuse to train it.

Values in, values out. A text is known here by its length and its characters, so that it need not travel at every
keystroke. Left out on purpose: whether a text can be read and is worth learning from, which `core/text` says.
"""

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.config import TrainConfig
from core.downloads import find_file
from core.options import Options
from core.runs.cost import check_fits
from core.runs.plan import RunOptions, check_start, sample_prompt
from core.text.corpora import DISTINCT, SHAKESPEARE_NAMES, SHAKESPEARE_SHA256, check_distinct, load_corpus
from core.tokenizers import GPT2_VOCAB_SIZE, CharTokenizer, split
from playground.train.form import NAMES, Filled, defaults, shape_of
from playground.widgets.form_check import parsed

KEPT = 1_000  # different characters of a text that are named one by one; of more, only how many there are
WHOLE = ""  # the key of a refusal that belongs to no field


@dataclass(frozen=True)
class TextFacts:
    """What a form has to know of a text: how long it is, how many different characters it has, and which."""

    length: int = 0
    distinct: int = 0
    characters: str = ""  # none where there are too many

    @classmethod
    def of(cls, text: str) -> "TextFacts":
        """Return the facts of a text."""
        found = set(text)
        return cls(len(text), len(found), "".join(sorted(found)) if len(found) <= KEPT else "")

    @classmethod
    def read(cls, given: Any) -> "TextFacts":
        """Return the facts that a browser counted (FACTS_JS); those of no text for anything else."""
        try:
            length, distinct, characters = json.loads(given[: 20 * KEPT])
        except (TypeError, ValueError, RecursionError):
            return cls()
        numbers = all(type(number) is int and 0 <= number <= 10**9 for number in (length, distinct))
        return cls(length, distinct, characters) if numbers and isinstance(characters, str) else cls()


# What `TextFacts.of` counts, counted in the browser: a text of five million characters stays there until Train.
FACTS_JS = """(text) => {
  if (!text) return '';
  const found = new Set();
  let length = 0;
  const read = text.replace(/\\r+\\n/g, '\\n').normalize('NFC');
  for (const character of read) { found.add(character); length += 1; }
  return JSON.stringify([length, found.size, found.size <= KEPT ? [...found].sort().join('') : '']);
}""".replace("KEPT", str(KEPT))


def vocab_size_of(corpus: Any, tokenizer: Any, facts: TextFacts) -> int:
    """Return the size of the vocabulary that a corpus and a tokenizer lead to, if possible without the text itself."""
    if tokenizer == "gpt2":
        return GPT2_VOCAB_SIZE
    if corpus == "own":
        return max(1, facts.distinct)
    return DISTINCT.get(corpus) or len(_characters(corpus))


def refusals(filled: Filled, corpus: Any, facts: TextFacts, memory: int) -> dict[str, str]:
    """Return the sentence that refuses each field, in English; under WHOLE what belongs to no field.

    memory: the most bytes that a run may need.
    """
    wrong: dict[str, str] = {}
    run = _parsed(RunOptions, filled.run, wrong)
    size = vocab_size_of(corpus, filled.run["tokenizer"], facts)
    model = _parsed(shape_of(filled.run["architecture"]), {**filled.model, "vocab_size": size}, wrong)
    train = _parsed(TrainConfig, filled.train, wrong)
    if run is None or model is None or train is None or wrong:
        return wrong

    def _memory(run: Any, model: Any, train: Any, corpus: Any, facts: TextFacts) -> None:
        check_fits(model, train.batch_size, memory)

    for check in (_alphabet, _schedule, _weights, _memory, _length, _prompt):
        try:
            check(run, model, train, corpus, facts)
        except ValueError as error:
            wrong.setdefault(field_of(str(error)), str(error))
    return wrong


def field_of(sentence: str) -> str:
    """Return the field that a refusal is about: the name that it begins with; WHOLE where it begins with none."""
    if sentence.startswith("The sample prompt "):
        return "prompt"
    found = re.match(r"(?:The text has [\d,]+ tokens, but )?(\w+)(?:=| is missing)", sentence)
    return found[1] if found and found[1] in NAMES else WHOLE


def _parsed(kind: type[Options], given: dict, wrong: dict[str, str]) -> Options | None:
    """Return the options; a field that is refused is put into wrong, and stands at its first value for the rest."""
    spare = {**defaults("small"), "qkv_bias": None, "architecture": "gpt"}
    return parsed(kind, given, spare, wrong, field_of)


# -- what only the whole plan knows; each raises ValueError -----------------------------------------------------------


def _alphabet(run: Any, model: Any, train: Any, corpus: Any, facts: TextFacts) -> None:
    if corpus == "own" and run.tokenizer == "char":
        check_distinct(facts.distinct)


def _schedule(run: Any, model: Any, train: Any, corpus: Any, facts: TextFacts) -> None:
    if train.warmup_steps > train.steps:
        raise ValueError(
            f"warmup_steps={train.warmup_steps} is more than the {train.steps:,} steps of the run, so the rate would "
            f"never reach its peak; lower it to {train.steps // 10}, or train for more steps"
        )


def _weights(run: Any, model: Any, train: Any, corpus: Any, facts: TextFacts) -> None:
    if run.weights == "gpt2":
        check_start(model, run.tokenizer)


def _length(run: Any, model: Any, train: Any, corpus: Any, facts: TextFacts) -> None:
    if corpus == "own" and run.tokenizer == "char" and facts.length:
        split(range(facts.length), model.block_size)


def _prompt(run: Any, model: Any, train: Any, corpus: Any, facts: TextFacts) -> None:
    if run.prompt and run.tokenizer == "char":
        characters = facts.characters if corpus == "own" else _characters(corpus)
        if characters:
            sample_prompt(run.prompt, characters, CharTokenizer.from_text(characters))


def _characters(corpus: str) -> str:
    """Return the characters of a built-in text; none for one that would have to be downloaded first."""
    if corpus == "shakespeare" and find_file(SHAKESPEARE_NAMES, SHAKESPEARE_SHA256) is None:
        return ""
    return _characters_here(corpus)


@lru_cache
def _characters_here(corpus: str) -> str:
    return "".join(sorted(set(load_corpus(corpus).text)))
