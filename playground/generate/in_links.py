"""What of the Generate tab belongs to a link: model, prompt, and how it is drawn."""

from typing import Any

from core.config import SampleConfig
from playground.linked import Linked, as_text, flag, one_of, option
from playground.prompts import GPT2, RUN

# Each option, and its value at first and where another one is refused.
OPTIONS = {"max_new_tokens": 200, "temperature": 0.8, "top_k": None, "top_p": 1.0, "seed": 1}


def in_links(tab: Any) -> list[Linked]:
    """Return the parts of the tab; Train has a `prompt` and a `seed` of its own."""
    return [
        Linked("writer", tab.source, RUN, one_of("writer", (RUN, GPT2))),
        Linked("int8", tab.int8, False, flag("int8")),
        Linked("write", tab.prompt, "", as_text),
        Linked("length", tab.length, OPTIONS["max_new_tokens"], option(SampleConfig, "max_new_tokens", "length")),
        Linked("temperature", tab.temperature, OPTIONS["temperature"], option(SampleConfig, "temperature")),
        Linked("top_k", tab.top_k, OPTIONS["top_k"], option(SampleConfig, "top_k")),
        Linked("top_p", tab.top_p, OPTIONS["top_p"], option(SampleConfig, "top_p")),
        Linked("sample_seed", tab.seed, OPTIONS["seed"], option(SampleConfig, "seed", "sample_seed")),
        Linked("keep_seed", tab.keep_seed, False, flag("keep_seed")),
        Linked("unknown", tab.unknown, "replace", one_of("unknown", ("replace", "drop"))),
        Linked("", tab.sight),
    ]
