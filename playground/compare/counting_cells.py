"""The columns and cells of the counting section's tables: a column is a model, a cell is a text with its layout."""

from dataclasses import dataclass

from core.architectures import architecture_of
from core.config import BigramConfig, GPTConfig
from core.lab.variants import changes_model
from core.pretrained.family import FAMILY, FAMILY_NAMES
from core.runs.config import RunConfig
from playground.compare.count_table import CountTable
from playground.words.numbers import format_number
from playground.words.run_names import run_label, variant_name
from playground.words.translate import translate


@dataclass(frozen=True)
class Column:
    """A model of the tables: its name, its shape, its tokenizer, and the batch size it is timed with."""

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
    sub = run_label(run, lang)
    sub = translate("count_variant", lang, name=sub) if changes_model(run.variant) else sub
    mine = Column(translate("count_run", lang), sub, run.model, None, kind, batch)
    return [mine, beside]


def member(family: str) -> Column:
    """Return a model of the family as a column."""
    return Column(FAMILY_NAMES[family], "", FAMILY[family], family)


def kind_of(config: GPTConfig | BigramConfig, lang: str, variant: str | None = None) -> str:
    """Return a sentence about how a run's architecture differs from GPT-2's."""
    kind = architecture_of(config)
    if variant:
        return translate("beside_kind_variant", lang, variant=variant_name(variant, lang))
    if kind != "gpt":
        return translate(f"beside_kind_{kind}", lang)
    gpt2 = FAMILY["gpt2"]
    fields = ("bias", "qkv_bias", "activation", "tie_weights", "lm_head_bias")
    changes = [f"{name}={getattr(config, name)}" for name in fields if getattr(config, name) != getattr(gpt2, name)]
    return translate("beside_kind_changed" if changes else "beside_kind_same", lang, changes=", ".join(changes))


def table(name: str, head: list[list], rows: list[tuple[str, list]], lang: str, *notes: str) -> dict:
    """Return the value of a CountTable; the keys of its title and its introduction follow from its name."""
    title, about = translate(f"count_{name}_title", lang), translate(f"count_{name}_about", lang)
    return CountTable.pack(title, about, head, rows, tuple(translate(note, lang) for note in notes))


def heading(column: Column) -> dict:
    """Return a column's heading."""
    return {"t": column.name, "sub": column.sub} if column.sub else {"t": column.name}


def grouped(first: str, columns: list[Column], names: list[str], lang: str) -> list[list]:
    """Return two rows of headings: each model over the names of its columns."""
    groups = [{**heading(each), "span": len(names), "begins": True} for each in columns]
    return [["", *groups], [left_aligned(first, lang), *([first_in_group(names[0]), *names[1:]] * len(columns))]]


def left_aligned(key: str, lang: str, wraps: bool = False) -> dict:
    """Return a cell of words, aligned left."""
    return {"t": translate(key, lang), "left": True, "wraps": wraps}


def shape_text(shape: tuple[int, ...], lang: str) -> str:
    """Return a shape as text: 2,304 × 768."""
    return " × ".join(format_number(size, lang) for size in shape)


def first_in_group(text: str) -> dict:
    """Return the first cell of a group of columns, which has a little room before it."""
    return {"t": text, "begins": True}
