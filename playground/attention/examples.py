"""The example texts of the tab, by the kind of text that a run was trained on."""

from core.runs.directory import RunDir
from core.text.corpora import DEFAULT_CORPUS

# Texts in which known patterns show: a name called again, brackets and quotes that close, words that come back.
EXAMPLES = {
    "plays": ("SILLOLIN:\nCome, Sillolin, come!", '[Enter HOBVER, crying "By cart!"]', "the cat and the cat and the"),
    "shakespeare": ("ROMEO:\nO Romeo, Romeo!", "KING RICHARD:\nWhat, King Richard?", "my lord, my lord, my good lord"),
    "python": ("def first(first):\n    return first", "(a, (b, [c]))", "import os\nimport sys\nimport re"),
    "own": (),
}


def examples_of(run: RunDir | None, reads_text: bool = True) -> tuple[str, ...]:
    """Return the examples for a run; for one on a user's own text its beginning, if that may be read."""
    known = EXAMPLES.get(run.config().corpus if run else DEFAULT_CORPUS)
    return known or (own_example(run) if reads_text else _written(run),)


def _written(run: RunDir | None) -> str:
    """Return the end of what the run wrote last: a text in its characters, and not the one that it learns from."""
    samples = [row.get("text") for row in run.rows("samples")[0]] if run else []
    texts = [text for text in samples if isinstance(text, str) and text.strip()]
    return " ".join(texts[-1].split())[-40:] if texts else ""


def own_example(run: RunDir | None) -> str:
    """Return the beginning of a user's own text, for a run on it."""
    return " ".join(run.text()[:200].split())[:40] if run else ""
