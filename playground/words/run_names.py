"""Names of runs: by preset and corpus, and beside another run by what differs."""

from core.architectures import architecture_of
from core.runs.config import RunConfig
from core.runs.presets import PRESETS
from playground.words.numbers import format_number
from playground.words.translate import translate


def preset_name(preset: str, lang: str) -> str:
    """Return the name of a preset in words, or as the code has it where there are none."""
    return translate(f"preset_{preset}", lang, preset)


def corpus_name(corpus: str, lang: str) -> str:
    """Return the name of a corpus in words, or as the code has it where there are none."""
    return translate(f"corpus_{corpus}", lang, corpus)


def run_label(config: RunConfig, lang: str) -> str:
    """Return a run's name, such as "small on Tiny Shakespeare"."""
    if config.preset == "welcome":
        return translate("welcome_run", lang)
    preset = preset_name(config.preset, lang)
    return translate("run_name", lang, preset=preset, corpus=corpus_name(config.corpus, lang))


def what_changed(config: RunConfig, other: RunConfig, lang: str) -> str:
    """Name `other` by its differences from `config`: "n_layer 2, learning_rate 0.01", or "same settings"."""
    changes = []
    if other.corpus != config.corpus:
        changes.append(corpus_name(other.corpus, lang))
    mine, theirs = _fields(config), _fields(other)
    if theirs["architecture"] != mine["architecture"]:
        name = other.preset if other.preset in PRESETS else theirs["architecture"]
        return ", ".join([translate(f"preset_{other.preset}", lang, name), *changes])
    changes += [f"{name} {_shown(theirs[name], lang)}" for name in theirs if theirs[name] != mine.get(name)]
    if len(changes) > 3:
        changes = [*changes[:3], "…"]
    return ", ".join(changes) or translate("same_settings", lang)


def _fields(config: RunConfig) -> dict:
    fields = {"architecture": architecture_of(config.model)}
    fields |= config.model.model_dump() | config.train.model_dump()
    fields["tokenizer"] = config.tokenizer["kind"]
    for follows_from_others in ("vocab_size", "eval_tokens", "eval_interval", "continued_at"):
        fields.pop(follows_from_others, None)
    return fields


def _shown(value: object, lang: str) -> str:
    return format_number(value, lang, "g") if isinstance(value, float) else str(value)
