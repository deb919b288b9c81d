"""The values of what no counting rule changes: the family's configurations and costs, and the list of parameters.

Every number comes from `core`; here it only gets its words. Pure: no Gradio events, no store of runs.
"""

from core.architectures import architecture_of
from core.config import BigramConfig, GPTConfig
from core.formula import count_of
from core.insight.modules import list_modules
from core.insight.parameters import list_parameters
from core.pretrained.family import FAMILY
from core.runs.config import RunConfig
from core.runs.cost import BYTES, SHAKESPEARE_TOKENS, WEBTEXT_TOKENS, Speed, flops_per_token, pass_seconds
from playground.compare.counting_cells import (
    Column,
    columns_of,
    first_in_group,
    heading,
    left_aligned,
    member,
    shape_text,
    table,
)
from playground.compare.parameter_list import ParameterList
from playground.words.durations import long_time
from playground.words.numbers import format_number, short, si
from playground.words.translate import translate, widget_words

FIELDS = ("n_layer", "n_head", "n_embd", "block_size", "vocab_size", "bias", "qkv_bias", "activation", "tie_weights",
          "lm_head_bias")  # fmt: skip


def config_table(run: RunConfig | None, family: str, lang: str) -> dict:
    """Return the table of the configurations of the run and of the whole family."""
    chosen = columns_of(run, family, lang)
    columns = [*chosen[:-1], *map(member, FAMILY)]
    fields = [(name, [_field(name, each.config, lang) for each in columns]) for name in FIELDS]
    fields.insert(0, ("architecture", [architecture_of(each.config) for each in columns]))
    heads = [each.config.n_embd // each.config.n_head if hasattr(each.config, "n_head") else "–" for each in columns]
    fields.insert(4, (translate("count_head_size", lang), [str(size) for size in heads]))
    kinds = [translate("characters" if each.tokenizer == "char" else "bpe_tokens", lang) for each in columns]
    fields.append((translate("count_tokens", lang), kinds))
    rows = [("", [name, *(_mine(cell, each, family) for cell, each in zip(cells, columns, strict=True))])
            for name, cells in fields]  # fmt: skip
    totals = [_mine(format_number(count_of(each.config), lang), each, family) for each in columns]
    rows.append(("total", [translate("count_parameters", lang), *totals]))
    head = [left_aligned("count_field", lang), *({**heading(each), "mine": each.key == family} for each in columns)]
    return table("config", [head], rows, lang)


def _field(name: str, config: GPTConfig | BigramConfig, lang: str) -> str:
    value = getattr(config, name, "–")
    if name == "qkv_bias" and value is None:
        value = config.bias
    if isinstance(value, bool):
        return translate("count_yes" if value else "count_no", lang)
    return format_number(value, lang) if isinstance(value, int) else value


def _mine(text: str, column: Column, family: str) -> dict | str:
    return {"t": text, "mine": True} if column.key == family else text


def scaling_table(run: RunConfig | None, family: str, speed: Speed | None, lang: str) -> dict:
    """Return the table of sizes and costs, smallest model first: memory, operations, and time on this machine."""
    chosen = columns_of(run, family, lang)
    columns = sorted([*chosen[:-1], *map(member, FAMILY)], key=lambda each: count_of(each.config))
    rows = [("chosen" if each.key in (None, family) else "", _cost_row(each, speed, lang)) for each in columns]
    singles = ("layers", "heads", "width", "parameters")
    groups = ["", {"t": "", "span": len(singles)},
              *({"t": translate(f"count_{key}", lang), "span": 2, "begins": True}
                for key in ("memory", "flops", "one_pass"))]  # fmt: skip
    names = [translate(f"count_{key}", lang) for key in singles]
    for first, second in (("fp32", "bf16"), ("forward", "training"), ("shakespeare", "webtext")):
        names += [first_in_group(translate(f"count_{first}", lang)), translate(f"count_{second}", lang)]
    head = [groups, [left_aligned("count_model", lang), *names]]
    notes = ["count_memory_note", "count_flops_note", "count_time_note"]
    if speed and speed.rough:
        notes.append("count_rough_note")
    return table("scaling", head, rows, lang, *notes)


def _cost_row(column: Column, speed: Speed | None, lang: str) -> list:
    config, count = column.config, count_of(column.config)
    sizes = [_field(name, config, lang) for name in ("n_layer", "n_head", "n_embd")]
    forward, training = flops_per_token(config)
    fp32, bf16 = (si(count * BYTES[kind], "B", lang) for kind in ("fp32", "bf16"))
    flops = [first_in_group(si(forward, "FLOP", lang)), si(training, "FLOP", lang)]
    times = []
    for texts in (SHAKESPEARE_TOKENS, WEBTEXT_TOKENS):
        tokens = texts[column.tokenizer]
        seconds = pass_seconds(config, tokens, speed, column.batch_size) if speed else None
        said = format_number(tokens, lang) if tokens < 1e7 else short(tokens, lang)
        times.append({"t": long_time(seconds, lang), "sub": translate("count_token_count", lang, tokens=said)})
    name = {"t": column.name, "sub": column.sub}
    return [name, *sizes, format_number(count, lang), first_in_group(fp32), bf16, *flops,
            {**times[0], "begins": True}, times[1]]  # fmt: skip


def parameter_lists(columns: list[Column], lang: str) -> dict:
    """Return the value of the ParameterList: parameters and modules of each model."""
    lists = []
    for each in columns:
        parameters, modules = list_parameters(each.config), list_modules(each.config)
        lists.append(ParameterList.pack(each.name, _list_note(each.config, lang), parameters, modules))
    return {"title": translate("count_list_title", lang), "about": translate("count_list_about", lang), "lists": lists,
            "text": widget_words(lang).get("parameter_list", {})}  # fmt: skip


def _list_note(config: GPTConfig | BigramConfig, lang: str) -> str:
    fused = next((each for each in list_parameters(config) if each.name.endswith("c_attn.weight")), None)
    if fused is None:
        return translate("count_bigram_note", lang)
    here, there = (shape_text(shape, lang) for shape in (fused.shape, fused.stored))
    return translate("count_stored_note", lang, here=here, there=there)
