"""What writes: a run at the step in view, or GPT-2; and what cannot, asked at every choice: nothing is loaded for it.

What fails only when it is loaded, the text's own card says.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.pretrained import loader
from core.runs.store import RunStore
from playground.prompts import GPT2, GPT2_PROMPT, check_step
from playground.widgets.inputs import text_of
from playground.words.run_names import run_label
from playground.words.translate import LANGUAGES, translate

if TYPE_CHECKING:
    from playground.models import Writer

MOST_PROMPT = 10_000  # characters that a model is given; of a longer text, the last ones
MOST_TEXT = 1_000_000  # characters that are read at all


@dataclass(frozen=True)
class Source:
    """A model that writes. key: what tells it from others; by: its name in each language, should that change."""

    writer: "Writer"
    key: tuple
    fallback: str  # what it continues when the prompt is empty
    by: dict[str, str]
    said: str | None = None  # a sentence about it


def source_of(store: RunStore, run_id: Any, source: Any, eight_bits: Any, step: int | None, lang: str) -> Source:
    """Load what writes; step: of a run, None for the newest. ValueError, in words, where there is nothing that can."""
    from playground import models

    if source == GPT2:
        writer, said = models.int8_gpt2_writer(lang) if eight_bits is True else (models.gpt2_writer(lang), None)
        by = {each: translate("source_gpt2", each) for each in LANGUAGES}
        return Source(writer, (GPT2, eight_bits is True), GPT2_PROMPT, by, said)
    run = store.get(run_id)
    writer, step, said = models.nearest(run, step, lang)
    config = run.config()
    by = {each: translate("snapshot_name", each, name=run_label(config, each), step=step) for each in LANGUAGES}
    return Source(writer, (str(run.path), step, models.snapshot_stamp(run, step)), config.prompt, by, said)


def wrong_source(store: RunStore, run_id: Any, source: Any, lang: str) -> dict[str, str]:
    """Return the field "source" with why the model that is chosen cannot write; nothing where it can."""
    if source == GPT2:
        here = loader.loaded() is not None or loader.is_cached()
        return {} if here else {"source": translate("gpt2_not_loaded", lang)}
    try:
        check_step(store.get(run_id).snapshots(), None)
    except ValueError as error:
        return {"source": str(error)}
    return {}


def prompt_of(value: Any) -> str:
    """Return a prompt as it was typed; ValueError for what is none, or too long to be read."""
    return text_of(value, MOST_TEXT, "The prompt")
