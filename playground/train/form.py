"""The form of a run: a widget for every option, and the conversion of the widgets' values to a plan and back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from core.architectures import ARCHITECTURES, EDITABLE_FIELDS, architecture_of
from core.config import GPTConfig, TrainConfig
from core.formula import GPT2_SMALL, count_of
from core.options import Options
from core.runs.config import RunConfig
from core.runs.cost import Speed, large_needs, run_seconds
from core.runs.plan import RunOptions
from core.runs.presets import DEFAULT_PRESET, PRESETS
from core.text.corpora import CORPUS_NAMES, DEFAULT_CORPUS
from core.tokenizers import GPT2_VOCAB_SIZE
from playground.linked import Linked, as_text, one_of, option
from playground.widgets.inputs import Checkbox, Dropdown, Number, Textbox
from playground.widgets.translations import Translations
from playground.words.durations import duration
from playground.words.numbers import format_number, short
from playground.words.run_names import listed, preset_name
from playground.words.translate import marked, translate

MODEL = ("block_size", "n_layer", "n_head", "n_embd", "dropout", "bias", "qkv_bias", "activation", "tie_weights",
         "lm_head_bias", "init")  # fmt: skip
TRAIN = ("optimizer", "precision", "steps", "batch_size", "learning_rate", "muon_learning_rate", "muon_momentum",
         "muon_weight_decay", "schedule", "warmup_steps", "min_learning_rate", "weight_decay",
         "beta1", "beta2", "grad_clip", "eval_interval", "eval_tokens")  # fmt: skip
RUN = ("architecture", "tokenizer", "weights", "device", "prompt", "sample_tokens")
NAMES = (*MODEL, *TRAIN, "seed", *RUN)  # in the order in which handlers get them
AXES = ("steps", "tokens", "seconds")  # of the chart, as loss_chart_axes.js has them; and the steps of its means
MEANS = ("1", "5", "11", "21", "51", "101", "201", "501", "1001", "2001", "5001")
GROUPS = {
    "model": ("architecture", "tokenizer", "weights", *MODEL),
    "training": ("seed", *TRAIN),
    "run": ("prompt", "sample_tokens", "device"),
}
# How far an arrow key goes; 1 for every other number. A rate goes by one of its first digit (widgets/form_check.js).
STEPS = {
    "block_size": 8, "n_embd": 16, "dropout": 0.05, "muon_learning_rate": 0.001, "muon_momentum": 0.01,
    "muon_weight_decay": 0.01, "steps": 100, "learning_rate": 0.001, "warmup_steps": 5, "min_learning_rate": 0.05,
    "weight_decay": 0.01, "beta1": 0.01, "beta2": 0.001, "grad_clip": 0.1, "eval_interval": 10, "eval_tokens": 1024,
    "sample_tokens": 10,
}  # fmt: skip


def options_of(name: str) -> type[Options]:
    """Return the options that a field belongs to."""
    return next(kind for kind in (GPTConfig, TrainConfig, RunOptions) if name in kind.model_fields)


def build_field(name: str, words: Translations, value: Any) -> gr.components.Component:
    """Build the widget of a field; its label is the field's name, its help the field's description."""
    kind = options_of(name)
    field = kind.model_fields[name]
    common = {"label": name, "words": {"info": (f"help_{name}", field.description)}, "value": value}
    common["elem_id"] = f"field-{name}"
    low, high = kind.bounds(name)
    choices = getattr(field.annotation, "__args__", ())
    if name == "qkv_bias":
        return words.add(Dropdown, **{**common, "words": {**common["words"], "choices": qkv_bias_choices}})
    if field.annotation is bool:
        return words.add(Checkbox, **common)
    if choices and all(isinstance(choice, str) for choice in choices):
        return words.add(Dropdown, choices=list(choices), **common)
    if field.annotation is str:
        return words.add(Textbox, lines=1, max_length=2000, **common)
    step = STEPS.get(name, 1)
    if low and low % step:
        low = None  # a browser counts its steps from the lowest value: 64 would go to 65, and not to 72
    return words.add(Number, minimum=low, maximum=high, step=step, **common)


def in_links(tab: Any) -> list[Linked]:
    """Return what of the Train tab belongs to a link: text, preset, and each field that is not as the preset has it."""
    return [
        Linked("corpus", tab.corpus, DEFAULT_CORPUS, one_of("corpus", CORPUS_NAMES)),
        Linked("text", tab.text, "", as_text, only_if=("corpus", "own")),
        Linked("preset", tab.preset, None, one_of("preset", (*PRESETS, "custom"))),
        Linked("advanced", tab.fold),
        *(_field_in_links(name, widget) for name, widget in tab.fields.items()),
        Linked("x", None, AXES[0], one_of("x", AXES), label="link_x"),
        Linked("log", None, "", one_of("log", ("", "x", "y", "xy")), label="link_log"),
        Linked("mean", None, MEANS[0], one_of("mean", MEANS), label="link_mean"),
        Linked("downloads", tab.downloads, label="downloads"),
        Linked("", tab.filled_in),
    ]


def _field_in_links(name: str, widget: gr.components.Component) -> Linked:
    reader = one_of(name, ("auto", "yes", "no")) if name == "qkv_bias" else option(options_of(name), name)
    reader = as_text if name == "prompt" else reader
    usual = defaults(DEFAULT_PRESET)[name]
    by = {preset: value for preset in PRESETS if (value := defaults(preset)[name]) != usual}
    return Linked(name, widget, usual, reader, by, "preset")


def of_link(asked: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]] | None:
    """Return corpus, preset and every field's value as a link asks; None where it names no part of the form."""
    if asked.keys().isdisjoint({"corpus", "text", "preset", *NAMES}):
        return None
    preset = asked.get("preset", DEFAULT_PRESET)
    as_preset = defaults(preset if preset in PRESETS else DEFAULT_PRESET)
    return asked.get("corpus", DEFAULT_CORPUS), preset, {name: asked.get(name, as_preset[name]) for name in NAMES}


def qkv_bias_choices(lang: str) -> list[tuple[str, str]]:
    """Return (words, value) of the three answers of qkv_bias."""
    return [(translate(f"qkv_bias_{value}", lang), value) for value in ("auto", "yes", "no")]


def defaults(preset: str) -> dict[str, Any]:
    """Return the value of every field for a preset."""
    chosen = PRESETS[preset]
    given = {**chosen.model, **chosen.train, "architecture": chosen.architecture, "tokenizer": chosen.tokenizer}
    given["weights"] = chosen.weights
    if chosen.architecture in EDITABLE_FIELDS:  # the fields that it does not use show those of small
        given = {**PRESETS["small"].model, **given}
    return {name: _shown(name, given.get(name, _default(name))) for name in NAMES}


def fill_js() -> str:
    """Return the JavaScript function that fills the form: preset -> all fields' values, and a new word."""
    values = json.dumps({name: list(defaults(name).values()) for name in PRESETS})
    return f"(preset) => [...({values})[preset], String(performance.now())]"


def values_of(config: RunConfig) -> dict[str, Any]:
    """Return the value of every field for an existing run, so that it can be changed and trained again."""
    architecture = architecture_of(config.model)
    model = {name: getattr(config.model, name) for name in EDITABLE_FIELDS.get(architecture, MODEL)}
    given = {**model, **config.train.model_dump(), "architecture": architecture}
    given |= {"tokenizer": config.tokenizer["kind"], "device": config.device, "sample_tokens": config.sample_tokens}
    given["weights"] = config.weights
    by_itself = config.prompt == "\n" or (len(config.prompt) == 1 and "\n" not in config.tokenizer.get("chars", "\n"))
    given["prompt"] = "" if by_itself else config.prompt  # what `plan_run` takes where nothing is asked for
    return defaults("small") | {name: _shown(name, value) for name, value in given.items() if name in NAMES}


@dataclass(frozen=True)
class Filled:
    """A form's values, sorted into the options of run, model and training; nothing is checked yet."""

    run: dict
    model: dict
    train: dict


def read_form(preset: object, values: tuple) -> Filled:
    """Sort a form's values, which come in the order of NAMES, into what `plan_run` takes."""
    given = dict(zip(NAMES, values, strict=True))
    if isinstance(given["qkv_bias"], str):
        given["qkv_bias"] = {"yes": True, "no": False, "auto": None}.get(given["qkv_bias"], given["qkv_bias"])
    architecture = given["architecture"] if isinstance(given["architecture"], str) else ""
    model = {name: given[name] for name in EDITABLE_FIELDS.get(architecture, MODEL)}
    train = {name: given[name] for name in (*TRAIN, "seed")}
    return Filled({"preset": preset, **{name: given[name] for name in RUN}}, model, train)


def count_line(
    filled: Filled, vocab_size: int, speed: Speed | None, lang: str, busy: bool = False, memory: int | None = None
) -> list[str]:
    """Return what a form's model is and what its training costs, in parts as `marked` gives them.

    busy adds that it may take longer; memory, the bytes that may be used, what a large run takes of disk and memory.

    Raises ValueError for a form that describes no model.
    """
    shape = shape_of(filled.run["architecture"])
    model = shape.parse({**filled.model, "vocab_size": vocab_size})
    train = TrainConfig.parse(filled.train)
    count = count_of(model)
    share = 100 * count / GPT2_SMALL
    share = f"{format_number(share, lang, '.3g' if share < 999.5 else ',.0f')} %"
    rough = speed is not None and speed.is_rough_for(model, train)
    time = duration(run_seconds(speed, model, train) if speed else None, lang)
    told = ("fact_time_rough" if rough else "fact_time") if speed else "time_unknown"
    size = marked("fact_parameters", lang, count=count, share=share)
    facts = [translate(told, lang, time=time)]
    if busy and speed and not rough:
        facts.append(translate("fact_busy", lang))
    if memory is not None:
        needs = large_needs(model, train, memory).items()
        facts += [translate(f"needs_{kind}", lang, size=f"{format_number(needed / 1e9, lang, '.1f')} GB")
                  for kind, needed in needs]  # fmt: skip
    return [*size[:-1], " · ".join([size[-1], *facts])]


def changed_line(preset: object, values: tuple, lang: str) -> list[str]:
    """Return what of a preset was changed, such as "tiny, changed: n_layer 24", in parts; none where nothing was."""
    if not isinstance(preset, str) or preset not in PRESETS:
        return []
    as_it_was, now = defaults(preset), dict(zip(NAMES, values, strict=True))
    architecture = now["architecture"] if isinstance(now["architecture"], str) else ""
    of_no_use = {"prompt", "sample_tokens", "device", *MODEL} - set(EDITABLE_FIELDS.get(architecture, MODEL))
    shown = listed({name: now[name] for name in NAMES if name not in of_no_use and now[name] != as_it_was[name]}, lang)
    return marked("preset_changed", lang, name=preset_name(preset, lang), changes=shown) if shown else []


def preset_choices(vocab_size: int, speed: Speed | None, lang: str) -> list[tuple[str, str]]:
    """Return (words, name) of each preset: its name, its parameters, and its time on this machine, once it is known."""
    choices = []
    for name, preset in PRESETS.items():
        size = vocab_size if preset.tokenizer == "char" else GPT2_VOCAB_SIZE
        shape = ARCHITECTURES[preset.architecture]
        model, train = shape.parse({**preset.model, "vocab_size": size}), TrainConfig.parse(preset.train)
        facts = [preset_name(name, lang), short(count_of(model), lang)]
        if speed:
            time = duration(run_seconds(speed, model, train), lang)
            facts.append(translate("time_rough", lang, time=time) if speed.is_rough_for(model, train) else time)
        choices.append((" · ".join(facts), name))
    return choices


def shape_of(architecture: object) -> type[Options]:
    """Return the options class of an architecture; the GPT's for an unknown one, which `plan_run` refuses."""
    return ARCHITECTURES.get(architecture if isinstance(architecture, str) else "", GPTConfig)


def _default(name: str) -> Any:
    return options_of(name).model_fields[name].default


def _shown(name: str, value: Any) -> Any:
    return {True: "yes", False: "no", None: "auto"}[value] if name == "qkv_bias" else value
