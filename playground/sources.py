"""What one can write with and look into, the run in view or GPT-2 itself, and how much of it at once."""

from playground.i18n import translate

RUN, GPT2 = "run", "gpt2"
GPT2_PROMPT = "\n"  # what GPT-2 goes on from when nothing is given
MOST_TEXT = 2_000  # characters that a text may have to be looked into; the first tokens of it are looked at
TEMPERATURES = (0.1, 1.0, 10.0)  # at which both continue a text side by side


def source_choices(lang: str) -> list[tuple[str, str]]:
    """Return (words, value) of what one can write with."""
    return [(translate("source_run", lang), RUN), (translate("source_gpt2", lang), GPT2)]
