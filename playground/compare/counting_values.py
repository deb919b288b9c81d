"""The values of what the counting rule changes: the tables of numbers, parts and formula, and the chart of parts.

Every number comes from `core`; here it only gets its words. Pure: no Gradio events, no store of runs.
"""

from core.config import BigramConfig, GPTConfig
from core.formula import RULES, Term, formula
from core.insight.parameters import Part, list_parts, total_of
from playground.compare.counting_cells import Column, first_in_group, grouped, heading, left_aligned, shape_text, table
from playground.words.numbers import format_number, localize, percent
from playground.words.translate import translate, widget_words

# What the papers' tables say: Radford et al. (2019), table 2, and Brown et al. (2020), table 2.1.
PRINTED = {"gpt2": "117 M", "gpt2-medium": "345 M", "gpt2-large": "762 M", "gpt2-xl": "1,542 M", "gpt3": "175.0 B"}
GROUPS = {"wte": "embedding", "wpe": "embedding", "lm_head": "head", "attn": "attention", "mlp": "mlp"}
PARTS = ("wte", "wpe", "ln_1", "attn.c_attn", "attn.c_proj", "ln_2", "mlp.c_fc", "mlp.c_proj", "ln_f", "lm_head")
TERMS = ("matrices", "vectors", "norm", "embeddings", "head", "head_bias", "table")


def numbers_table(columns: list[Column], rule: str, lang: str) -> dict:
    """Return the table of the numbers that circulate for the same model, each with its counting rule."""
    rows = [("chosen" if each == rule else "", _number_row(each, columns, lang)) for each in RULES]
    rows.append(("", _number_row("matrices", columns, lang)))
    if columns[-1].key in PRINTED:
        rows.append(("", _number_row("paper", columns, lang)))
    head = [left_aligned("count_rule_column", lang), *map(heading, columns), left_aligned("count_seen_column", lang)]
    return table("numbers", [head], rows, lang, "count_why_117")


def _number_row(rule: str, columns: list[Column], lang: str) -> list:
    first = {"t": translate(f"count_rule_{rule}", lang), "sub": translate(f"count_how_{rule}", lang)}
    return [
        first,
        *(_number(rule, each, lang) for each in columns),
        left_aligned(f"count_seen_{rule}", lang, wraps=True),
    ]


def _number(rule: str, column: Column, lang: str) -> str:
    if rule == "paper":
        return localize(PRINTED.get(column.key, "–"), lang)
    if rule == "matrices":
        count = next((term.count for term in formula(column.config) if term.name == "matrices"), None)
        return "–" if count is None else format_number(count, lang)
    return format_number(total_of(column.config, rule), lang)


def parts_table(columns: list[Column], rule: str, lang: str) -> dict:
    """Return the table of parts: shapes, parameters in one block and in all blocks, share of the total."""
    found = [{part.name: part for part in list_parts(each.config, rule)} for each in columns]
    rows = []
    for name in PARTS:
        if any(name in parts for parts in found):
            cells = [cell for each, parts in zip(columns, found, strict=True)
                     for cell in _part_cells(parts.get(name), total_of(each.config, rule), lang)]  # fmt: skip
            rows.append((_state(name, found), [_part_name(name, columns, lang), *cells]))
    totals = [[first_in_group(""), "", format_number(total_of(each.config, rule), lang), ""] for each in columns]
    rows.append(("total", [translate("count_total", lang), *(cell for cells in totals for cell in cells)]))
    names = [translate(f"count_{key}", lang) for key in ("shape", "each", "all", "share")]
    return table("parts", grouped("count_part", columns, names, lang), rows, lang, "count_shapes_note")


def _part_cells(part: Part | None, total: int, lang: str) -> list:
    if part is None:
        return [first_in_group("–"), "", "", ""]
    shapes = " + ".join(shape_text(shape, lang) for shape in part.shapes)
    if part.state != "counted" and not part.count:
        return [first_in_group(shapes), "", translate(f"count_{part.state}", lang), ""]
    each = format_number(part.count // part.blocks, lang) if part.blocks else ""
    times = {"t": each, "sub": f"× {part.blocks}"} if part.blocks else ""
    share = part.count / total if total else 0.0
    return [first_in_group(shapes), times, format_number(part.count, lang), {"t": percent(share, lang), "share": share}]


def _part_name(name: str, columns: list[Column], lang: str) -> dict:
    sub = translate(f"count_part_{name}", lang)
    if name == "wte" and any(isinstance(each.config, BigramConfig) for each in columns):  # its wte is another thing
        sub += "; " + translate("count_part_table", lang)
    return {"t": name, "sub": sub}


def _state(name: str, found: list[dict[str, Part]]) -> str:
    in_block = any(parts[name].blocks for parts in found if name in parts)
    return "inner" if in_block else ""


def formula_table(columns: list[Column], rule: str, lang: str) -> dict:
    """Return the table of the closed form, term by term with each model's numbers, and of what is really there."""
    found = [{term.name: term for term in formula(each.config, rule)} for each in columns]
    rows = []
    for name in TERMS:
        if any(name in terms for terms in found):
            cells = [cell for terms in found for cell in _term_cells(terms.get(name), lang)]
            rows.append(("", [translate(f"count_term_{name}", lang), *cells]))
    sums = [sum(term.count for term in terms.values()) for terms in found]
    counts = [total_of(each.config, rule) for each in columns]
    rows.append(("total", [translate("count_sum", lang), *_last_of_three([format_number(n, lang) for n in sums])]))
    agree = (translate("count_agrees" if a == b else "count_differs", lang) for a, b in zip(sums, counts, strict=True))
    checked = [{"t": format_number(count, lang), "sub": said} for count, said in zip(counts, agree, strict=True)]
    rows.append(("check", [translate("count_counted", lang), *_last_of_three(checked)]))
    names = [translate(f"count_{key}", lang) for key in ("letters", "filled", "parameters")]
    head = grouped("count_term", columns, names, lang)
    for group, each in zip(head[0][1:], columns, strict=True):
        group["sub"] = _sizes(each.config, lang)
    return table("formula", head, rows, lang, "count_formula_note")


def _term_cells(term: Term | None, lang: str) -> list:
    if term is None:
        return [first_in_group("–"), "", ""]
    return [first_in_group(term.letters), localize(term.numbers, lang), format_number(term.count, lang)]


def _last_of_three(cells: list) -> list:
    """Put each cell at the end of a group of three."""
    return [each for cell in cells for each in (first_in_group(""), "", cell)]


def _sizes(config: GPTConfig | BigramConfig, lang: str) -> str:
    sizes = {"L": "n_layer", "C": "n_embd", "V": "vocab_size", "T": "block_size"}
    if isinstance(config, BigramConfig):
        sizes = {"V": "vocab_size"}
    return ", ".join(f"{letter} = {format_number(getattr(config, name), lang)}" for letter, name in sizes.items())


def parts_chart(columns: list[Column], rule: str, lang: str) -> dict:
    """Return the value of the PartsChart: each model's parts in the order in which a token passes them."""
    models = []
    for each in columns:
        parts = [[part.name, group_of(part.name, each.config), part.count,
                  "" if part.count else translate(f"count_{part.state}", lang)]
                 for part in list_parts(each.config, rule)]  # fmt: skip
        models.append({"name": each.name, "total": total_of(each.config, rule), "parts": parts})
    return {"title": translate("count_chart_title", lang), "about": translate("count_chart_about", lang),
            "models": models, "order": list(PARTS), "text": widget_words(lang).get("parts_chart", {})}  # fmt: skip


def group_of(part: str, config: GPTConfig | BigramConfig) -> str:
    """Return the group of a part, which gives it its colour; a bigram's table is its head."""
    if isinstance(config, BigramConfig):
        return "head"
    return GROUPS.get(part.partition(".")[0], "norm")
