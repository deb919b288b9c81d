"""Names of runs: by preset, what changed against it, and text."""

from core.architectures import ARCHITECTURES, architecture_of
from core.config import TrainConfig
from core.lab.variants import VARIANTS
from core.runs.config import RunConfig
from core.runs.presets import PRESETS
from playground.words.numbers import format_number
from playground.words.translate import translate

MOST_CHANGES = 3  # of a name; more are told by an ellipsis


def preset_name(preset: str, lang: str) -> str:
    """Return the name of a preset in words, or as the code has it where there are none; the welcome run is a tiny."""
    preset = "tiny" if preset == "welcome" else preset
    return translate(f"preset_{preset}", lang, preset)


def variant_name(variant: str, lang: str) -> str:
    """Return the name of a variant in words."""
    return translate(f"variant_{variant}", lang, variant)


def corpus_name(corpus: str, lang: str) -> str:
    """Return the name of a corpus in words, or as the code has it where there are none."""
    return translate(f"corpus_{corpus}", lang, corpus)


def text_name(config: RunConfig, lang: str, title: str | None = None) -> str:
    """Return what a run's text is called; an own one by its title, which tells it from others."""
    title = config.corpus_title or title
    return f"“{title}”" if config.corpus == "own" and title else corpus_name(config.corpus, lang)


def run_label(config: RunConfig, lang: str, title: str | None = None) -> str:
    """Return a run's name, such as "small (n_layer 6) on Tiny Shakespeare"; title: of an own text."""
    if config.preset == "welcome" and not config.variant:
        return translate("welcome_run", lang)
    preset, changes = preset_name(config.preset, lang), changed_preset(config, lang)
    preset = f"{preset} ({changes})" if changes else preset
    return translate("run_name", lang, preset=preset, corpus=text_name(config, lang, title))


def changed_preset(config: RunConfig, lang: str) -> str:
    """Name what a run changes about its preset: "n_layer 24, seed 7"; empty when nothing, or for no preset of ours.

    Of a variant, its name comes first, and the settings that it itself changes are not told.
    """
    if config.variant:
        rest = {
            name: value for name, value in _changes(config).items() if name not in VARIANTS[config.variant].changes()
        }
        return ", ".join(filter(None, [variant_name(config.variant, lang), listed(rest, lang)]))
    return listed(_changes(config), lang)


def _changes(config: RunConfig) -> dict[str, object]:
    if config.preset not in PRESETS:
        return {}
    preset, mine = PRESETS[config.preset], settings_of(config)
    shape = ARCHITECTURES[preset.architecture].parse({**preset.model, "vocab_size": config.model.vocab_size})
    theirs = {"architecture": preset.architecture, **shape.model_dump(), **TrainConfig(**preset.train).model_dump()}
    theirs["tokenizer"] = preset.tokenizer
    return {name: value for name, value in mine.items() if value != theirs.get(name, value)}


def listed(changes: dict[str, object], lang: str) -> str:
    """Return changed options and their values in words; of many, the first ones."""
    words = {name: f"{name} {_written(name, value, lang)}" for name, value in changes.items()}
    if len(words) <= MOST_CHANGES:
        return ", ".join(words.values())
    seed = [words.pop("seed")] if "seed" in words else []  # which alone tells two runs of one shape apart
    return ", ".join([*list(words.values())[:MOST_CHANGES], *(["…"] if len(words) > MOST_CHANGES else []), *seed])


def settings_of(config: RunConfig) -> dict:
    """Return what can be chosen of a run, by name, but for what follows from the text or from other choices."""
    fields = {"architecture": architecture_of(config.model)}
    fields |= config.model.model_dump() | config.train.model_dump()
    fields["tokenizer"] = config.tokenizer["kind"]
    fields |= {"variant": config.variant} if config.variant else {}
    for follows_from_others in ("vocab_size", "eval_tokens", "eval_interval", "continued_at"):
        fields.pop(follows_from_others, None)
    return fields


def _written(name: str, value: object, lang: str) -> str:
    if name == "seed":
        return str(value)[:20]  # as it stands in its field: a name and no quantity
    if isinstance(value, bool):
        return translate("yes" if value else "no", lang)
    is_number = isinstance(value, int | float)
    return format_number(value, lang, "g" if isinstance(value, float) else ",") if is_number else str(value)[:20]
