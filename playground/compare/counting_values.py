"""What the counting section shows: from configurations to the values of its tables, its chart and its list.

Every number comes from `core`; here it only gets its words. Pure: no Gradio events, no store of runs.
"""

from dataclasses import dataclass
from typing import Any

from core.architectures import architecture_of
from core.config import BigramConfig, GPTConfig
from core.formula import RULES, count_of, formula
from core.insight.modules import list_modules
from core.insight.parameters import Part, list_parameters, list_parts, total_of
from core.pretrained.family import FAMILY, FAMILY_NAMES
from core.runs.config import RunConfig
from core.runs.cost import BYTES, SHAKESPEARE_TOKENS, WEBTEXT_TOKENS, Speed, flops_per_token, pass_seconds
from playground.compare.count_table import CountTable
from playground.compare.parameter_list import ParameterList
from playground.words.numbers import long_time, percent, short, si
from playground.words.run_names import run_label
from playground.words.translate import translate, widget_words

# What the papers' tables say: Radford et al. (2019), table 2, and Brown et al. (2020), table 2.1.
PRINTED = {"gpt2": "117 M", "gpt2-medium": "345 M", "gpt2-large": "762 M", "gpt2-xl": "1,542 M", "gpt3": "175.0 B"}
GROUPS = {"wte": "embedding", "wpe": "embedding", "lm_head": "head", "attn": "attention", "mlp": "mlp"}
PARTS = ("wte", "wpe", "ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj", "ln_f", "lm_head")
TERMS = ("matrices", "vectors", "norm", "embeddings", "head", "head_bias", "table")
FIELDS = ("n_layer", "n_head", "n_embd", "block_size", "vocab_size", "bias", "qkv_bias", "activation", "tie_weights",
          "lm_head_bias")  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A model that is shown: what it is called, its shape, and how it cuts and reads a text."""

    name: str
    sub: str
    config: GPTConfig | BigramConfig
    key: str | None = None  # its name in the family; None: the user's run
    tokenizer: str = "gpt2"
    batch_size: int = 1


def columns_of(run: RunConfig | None, family: str, lang: str) -> list[Column]:
    """Return the models that stand side by side: the run, if there is one, and one of the family."""
    beside = member(family)
    if run is None:
        return [beside]
    kind, batch = run.tokenizer["kind"], run.train.batch_size
    mine = Column(translate("count_run", lang), run_label(run, lang), run.model, None, kind, batch)
    return [mine, beside]


def member(family: str) -> Column:
    """Return a model of the family as a column."""
    return Column(FAMILY_NAMES[family], "", FAMILY[family], family)


# -- tables -----------------------------------------------------------------------------------------------------------


def numbers_table(columns: list[Column], rule: str, lang: str) -> dict:
    """Show the numbers that circulate for the same model, each with its rule."""
    rows = [("chosen" if each == rule else "", _number_row(each, columns, lang)) for each in RULES]
    rows.append(("", _number_row("matrices", columns, lang)))
    if columns[-1].key in PRINTED:
        rows.append(("", _number_row("paper", columns, lang)))
    head = [_left("count_rule_column", lang), *map(_heading, columns), _left("count_seen_column", lang)]
    return _table("numbers", [head], rows, lang, "count_why_117")


def _number_row(rule: str, columns: list[Column], lang: str) -> list:
    first = {"t": translate(f"count_rule_{rule}", lang), "sub": translate(f"count_how_{rule}", lang)}
    return [first, *(_number(rule, each) for each in columns), _left(f"count_seen_{rule}", lang, wraps=True)]


def _number(rule: str, column: Column) -> str:
    if rule == "paper":
        return PRINTED.get(column.key, "–")
    if rule == "matrices":
        return next((f"{term.count:,}" for term in formula(column.config) if term.name == "matrices"), "–")
    return f"{total_of(column.config, rule):,}"


def parts_table(columns: list[Column], rule: str, lang: str) -> dict:
    """Show what each part holds: its shapes, its count in one block and in all, and its share."""
    found = [{part.name: part for part in list_parts(each.config, rule)} for each in columns]
    rows = []
    for name in PARTS:
        if any(name in parts for parts in found):
            cells = [cell for each, parts in zip(columns, found, strict=True)
                     for cell in _part_cells(parts.get(name), total_of(each.config, rule), lang)]  # fmt: skip
            rows.append((_state(name, found), [_part_name(name, columns, lang), *cells]))
    totals = [[_begins(""), "", f"{total_of(each.config, rule):,}", ""] for each in columns]
    rows.append(("total", [translate("count_total", lang), *(cell for cells in totals for cell in cells)]))
    names = [translate(f"count_{key}", lang) for key in ("shape", "each", "all", "share")]
    return _table("parts", _grouped("count_part", columns, names, lang), rows, lang, "count_shapes_note")


def _part_cells(part: Part | None, total: int, lang: str) -> list:
    if part is None:
        return [_begins("–"), "", "", ""]
    shapes = " + ".join(" × ".join(f"{side:,}" for side in shape) for shape in part.shapes)
    if part.state != "counted" and not part.count:
        return [_begins(shapes), "", translate(f"count_{part.state}", lang), ""]
    each = f"{part.count // part.blocks:,}" if part.blocks else ""
    times = {"t": each, "sub": f"× {part.blocks}"} if part.blocks else ""
    share = part.count / total if total else 0.0
    return [_begins(shapes), times, f"{part.count:,}", {"t": percent(share), "share": share}]


def _part_name(name: str, columns: list[Column], lang: str) -> dict:
    only_table = all(isinstance(each.config, BigramConfig) for each in columns)
    return {"t": name, "sub": translate("count_part_table" if only_table else f"count_part_{name}", lang)}


def _state(name: str, found: list[dict[str, Part]]) -> str:
    in_block = any(parts[name].blocks for parts in found if name in parts)
    return "inner" if in_block else ""


def formula_table(columns: list[Column], rule: str, lang: str) -> dict:
    """Show the closed form, term by term with each model's numbers, beside what was counted on the model."""
    found = [{term.name: term for term in formula(each.config, rule)} for each in columns]
    rows = []
    for name in TERMS:
        if any(name in terms for terms in found):
            cells = [cell for terms in found for cell in _term_cells(terms.get(name))]
            rows.append(("", [translate(f"count_term_{name}", lang), *cells]))
    sums = [sum(term.count for term in terms.values()) for terms in found]
    counts = [total_of(each.config, rule) for each in columns]
    rows.append(("total", [translate("count_sum", lang), *_last_of_three(f"{total:,}" for total in sums)]))
    agree = (translate("count_agrees" if a == b else "count_differs", lang) for a, b in zip(sums, counts, strict=True))
    checked = [{"t": f"{count:,}", "sub": said} for count, said in zip(counts, agree, strict=True)]
    rows.append(("check", [translate("count_counted", lang), *_last_of_three(checked)]))
    names = [translate(f"count_{key}", lang) for key in ("letters", "filled", "parameters")]
    head = _grouped("count_term", columns, names, lang)
    for group, each in zip(head[0][1:], columns, strict=True):
        group["sub"] = _sizes(each.config)
    return _table("formula", head, rows, lang, "count_formula_note")


def _term_cells(term: Any) -> list:
    return [_begins(term.letters), term.numbers, f"{term.count:,}"] if term else [_begins("–"), "", ""]


def _last_of_three(cells: Any) -> list:
    return [each for cell in cells for each in (_begins(""), "", cell)]


def _sizes(config: GPTConfig | BigramConfig) -> str:
    if isinstance(config, BigramConfig):
        return f"V = {config.vocab_size:,}"
    return f"L = {config.n_layer}, C = {config.n_embd:,}, V = {config.vocab_size:,}, T = {config.block_size:,}"


def config_table(run: RunConfig | None, family: str, lang: str) -> dict:
    """Show the configuration of the run and of the whole family."""
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
    totals = [_mine(f"{count_of(each.config):,}", each, family) for each in columns]
    rows.append(("total", [translate("count_parameters", lang), *totals]))
    head = [_left("count_field", lang), *({**_heading(each), "mine": each.key == family} for each in columns)]
    return _table("config", [head], rows, lang)


def _field(name: str, config: GPTConfig | BigramConfig, lang: str) -> str:
    value = getattr(config, name, "–")
    if name == "qkv_bias" and value is None:
        value = config.bias
    if isinstance(value, bool):
        return translate("count_yes" if value else "count_no", lang)
    return f"{value:,}" if isinstance(value, int) else value


def _mine(text: str, column: Column, family: str) -> dict | str:
    return {"t": text, "mine": True} if column.key == family else text


def scaling_table(run: RunConfig | None, family: str, speed: Speed | None, lang: str) -> dict:
    """Show sizes and costs from the smallest to the largest: memory, operations, and time on this machine."""
    chosen = columns_of(run, family, lang)
    columns = sorted([*chosen[:-1], *map(member, FAMILY)], key=lambda each: count_of(each.config))
    rows = [("chosen" if each.key in (None, family) else "", _cost_row(each, speed, lang)) for each in columns]
    singles = ("layers", "heads", "width", "parameters")
    groups = ["", {"t": "", "span": len(singles)},
              *({"t": translate(f"count_{key}", lang), "span": 2, "begins": True}
                for key in ("memory", "flops", "one_pass"))]  # fmt: skip
    names = [translate(f"count_{key}", lang) for key in singles]
    for first, second in (("fp32", "bf16"), ("forward", "training"), ("shakespeare", "webtext")):
        names += [_begins(translate(f"count_{first}", lang)), translate(f"count_{second}", lang)]
    head = [groups, [_left("count_model", lang), *names]]
    return _table("scaling", head, rows, lang, "count_memory_note", "count_flops_note", "count_time_note")


def _cost_row(column: Column, speed: Speed | None, lang: str) -> list:
    config, count = column.config, count_of(column.config)
    sizes = [_field(name, config, lang) for name in ("n_layer", "n_head", "n_embd")]
    forward, training = flops_per_token(config)
    fp32, bf16 = (si(count * BYTES[kind], "B") for kind in ("fp32", "bf16"))
    times = []
    for texts in (SHAKESPEARE_TOKENS, WEBTEXT_TOKENS):
        tokens = texts[column.tokenizer]
        seconds = pass_seconds(config, tokens, speed, column.batch_size) if speed else None
        said = translate("count_token_count", lang).format(tokens=f"{tokens:,}" if tokens < 1e7 else short(tokens))
        times.append({"t": long_time(seconds, lang), "sub": said})
    name = {"t": column.name, "sub": column.sub}
    return [name, *sizes, f"{count:,}", _begins(fp32), bf16, _begins(si(forward, "FLOP")), si(training, "FLOP"),
            {**times[0], "begins": True}, times[1]]  # fmt: skip


# -- chart and list ---------------------------------------------------------------------------------------------------


def parts_chart(columns: list[Column], rule: str, lang: str) -> dict:
    """Return the chart's value: each model's parts in the order in which a token passes them."""
    models = []
    for each in columns:
        parts = [[part.name, group_of(part.name, each.config), part.count,
                  "" if part.count else translate(f"count_{part.state}", lang)]
                 for part in list_parts(each.config, rule)]  # fmt: skip
        models.append({"name": each.name, "total": total_of(each.config, rule), "parts": parts})
    return {"title": translate("count_chart_title", lang), "about": translate("count_chart_about", lang),
            "models": models, "order": list(PARTS), "text": widget_words(lang).get("parts_chart", {})}  # fmt: skip


def group_of(part: str, config: GPTConfig | BigramConfig) -> str:
    """Return what kind of part it is; a bigram's table is its head."""
    if isinstance(config, BigramConfig):
        return "head"
    return GROUPS.get(part.partition(".")[0], "norm")


def parameter_lists(columns: list[Column], lang: str) -> dict:
    """Return the list's value: parameters and modules of each model."""
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
    here, there = (" × ".join(f"{side:,}" for side in shape) for shape in (fused.shape, fused.stored))
    return translate("count_stored_note", lang).format(here=here, there=there)


# -- cells ------------------------------------------------------------------------------------------------------------


def _table(name: str, head: list[list], rows: list[tuple[str, list]], lang: str, *notes: str) -> dict:
    title, about = translate(f"count_{name}_title", lang), translate(f"count_{name}_about", lang)
    return CountTable.pack(title, about, head, rows, tuple(translate(note, lang) for note in notes))


def _heading(column: Column) -> dict:
    return {"t": column.name, "sub": column.sub} if column.sub else {"t": column.name}


def _grouped(first: str, columns: list[Column], names: list[str], lang: str) -> list[list]:
    """Return two rows of headings: each model over the names of its columns."""
    groups = [{**_heading(each), "span": len(names), "begins": True} for each in columns]
    return [["", *groups], [_left(first, lang), *([_begins(names[0]), *names[1:]] * len(columns))]]


def _left(key: str, lang: str, wraps: bool = False) -> dict:
    return {"t": translate(key, lang), "left": True, "wraps": wraps}


def _begins(text: str) -> dict:
    """Begin a group of columns: a little room before the cell."""
    return {"t": text, "begins": True}
