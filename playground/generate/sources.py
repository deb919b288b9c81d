"""What cannot write: GPT-2 that is not on this machine, a run without a snapshot, a step that it has none of.

Asked at every choice, so nothing is loaded here; what fails only when it is loaded, the text's own card says.
"""

from typing import Any

from core.pretrained import loader
from core.runs.store import RunStore
from playground.prompts import GPT2, check_step
from playground.words.translate import translate

LATEST = "latest"


def wrong_source(store: RunStore, run_id: Any, source: Any, step: Any, lang: str) -> dict[str, str]:
    """Return the field of the choice that cannot write ("source" or "step") with its sentence; nothing where it can."""
    if source == GPT2:
        here = loader.loaded() is not None or loader.is_cached()
        return {} if here else {"source": translate("gpt2_not_loaded", lang)}
    try:
        steps = store.get(run_id).snapshots()
    except ValueError as error:
        return {"source": str(error)}
    try:
        check_step(steps, None if step == LATEST else step)
    except ValueError as error:
        return {"step": str(error)}
    return {}
