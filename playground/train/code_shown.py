"""The code of the model that a run trains, as the Train tab shows it."""

from functools import lru_cache
from pathlib import Path

import core

CORE = Path(core.__file__).parent
SOURCES = {"gpt": "core/model.py", "modern": "core/modern.py", "bigram": "core/model.py"}


@lru_cache
def source_of(architecture: str) -> str:
    """Return the code of an architecture: its file, or its part of a file that it shares."""
    source = (CORE.parent / SOURCES[architecture]).read_text(encoding="utf-8")
    if architecture != "bigram":
        return source
    return source[source.index("class Bigram") : source.index("@contextmanager")].rstrip() + "\n"
