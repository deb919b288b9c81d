"""The values of the widgets of the section beside GPT-2, made from models. Every number comes from `core`."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from core.insight.scoring import Reading, read
from core.insight.weight_statistics import (
    Statistics,
    common_range,
    has_statistics,
    histograms,
    pooled,
    positions,
    statistics,
)
from core.pretrained.family import FAMILY_NAMES
from core.pretrained.loader import Proof
from core.tokenizers import Tokenizer
from playground.compare.contenders import Contender
from playground.compare.count_table import CountTable
from playground.compare.text_reading import TextReading
from playground.compare.weight_pictures import WeightPictures
from playground.compare.weight_view import WeightView
from playground.prompts import GPT2, token_text, token_texts
from playground.words.numbers import format_number
from playground.words.translate import marked, translate, widget_words

LIKELIEST = 10
BRIGHT = 0.995  # the share of a picture's values that have less than the full colour


def words_of(widget: str, lang: str) -> dict[str, str]:
    """Return the words of a widget in a language."""
    return widget_words(lang).get(widget, {})


# -- the same text ----------------------------------------------------------------------------------------------------


def reading(contender: Contender, text: str, lang: str, note: str | None = None, second: bool = False) -> dict:
    """Return how a model reads a text: its tokens, the loss of each, and the likeliest next ones."""
    ids, given = contender.ids(text), len(contender.start)
    found = read(contender.model, ids)
    nats = found.nats[given - 1 :]  # those of the text alone
    score = Reading(nats, found.logits).score(len(text)) if text else None
    return TextReading.pack(
        contender.name,
        words_of("text_reading", lang),
        tokens_of(contender.tokenizer, ids[given:].tolist()),
        nats.tolist(),
        score and {"bits_per_character": score.bits_per_character, "bits": score.bits, "characters": score.characters},
        [(token_text(contender.tokenizer, i), i, p) for i, p in found.likeliest(LIKELIEST)],
        note=note,
        second=second,
    )


def gpt2_tokens(text: str, tokenizer: Tokenizer | None, lang: str) -> dict:
    """Return GPT-2's tokens of a text, while its weights are not loaded; none without its tokenizer."""
    tokens = [] if tokenizer is None else tokens_of(tokenizer, tokenizer.encode(text))
    note = None if tokenizer else translate("beside_no_merges", lang)
    words, load = words_of("text_reading", lang), translate("beside_not_loaded", lang)
    return TextReading.pack(FAMILY_NAMES[GPT2], words, tokens, note=note, empty=load, second=True)


def nothing_read(name: str, why: str, lang: str, second: bool = False) -> dict:
    """Return the card of a model that cannot read the text, with the reason."""
    return TextReading.pack(name, words_of("text_reading", lang), empty=why, second=second)


def tokens_of(tokenizer: Tokenizer, ids: list[int]) -> list[tuple[str, int]]:
    """Return (text, id) of each token."""
    return list(zip(token_texts(tokenizer, ids), ids, strict=True))


def proof(found: Proof, vocabulary: int, lang: str) -> list[str]:
    """Return a sentence about how far two computations of the same logits are apart, in parts (`marked`)."""
    compared = {"tokens": found.tokens, "logits": found.tokens * vocabulary, "seconds": found.seconds}
    return marked("beside_proved", lang, largest=found.largest, mean=found.mean, **compared)


# -- weights ----------------------------------------------------------------------------------------------------------

Models = Sequence[tuple[str, nn.Module]]  # each with its name


def weights(models: Models, lang: str) -> list[dict]:
    """Return the values of the table, the charts and the pictures of some models' weights."""
    found = [_by_name(statistics(model)) for _, model in models]
    names = list(dict.fromkeys(name for each in reversed(found) for name in each))  # in GPT-2's order, if it is there
    return [_table(models, found, names, lang), _view(models, found, names, lang), _pictures(models, lang)]


def if_known(model: nn.Module | None) -> nn.Module | None:
    """Return a model if its statistics are cached already: to compute GPT-2's takes a while."""
    return model if model is not None and has_statistics(model) else None


def _by_name(found: Sequence[Statistics]) -> dict[str, list[Statistics]]:
    grouped: dict[str, list[Statistics]] = {}
    for each in found:
        grouped.setdefault(each.name, []).append(each)
    return grouped


def _table(models: Models, found: list[dict], names: list[str], lang: str) -> dict:
    facts = ("mean", "std", "largest", "norm")
    groups = [{"t": name, "span": len(facts), "begins": True} for name, _ in models]
    headings = [translate(f"beside_{fact}", lang) for fact in facts]
    columns = [{"t": headings[0], "begins": True}, *headings[1:]] * len(models)
    rows = []
    for name in names:
        cells = [cell for each in found for cell in _cells(each.get(name), facts, lang)]
        part = translate(f"count_part_{name.rpartition('.')[0]}", lang, " ")
        rows.append(("", [{"t": name, "sub": part.strip()}, *cells]))
    head = [["", *groups], [{"t": translate("beside_parameter", lang), "left": True}, *columns]]
    return CountTable.pack(translate("beside_table_title", lang), translate("beside_table_about", lang), head, rows)


def _cells(layers: list[Statistics] | None, facts: tuple[str, ...], lang: str) -> list:
    if layers is None:
        return [{"t": "–", "begins": True}, *[""] * (len(facts) - 1)]
    together = pooled(layers)
    first, *rest = (three_digits(getattr(together, fact), lang) for fact in facts)
    return [{"t": first, "begins": True}, *rest]


def _view(models: Models, found: list[dict], names: list[str], lang: str) -> dict:
    ranges = {name: common_range(layer for each in found for layer in each.get(name, ())) for name in names}
    packed = [
        {name: _entry(model, layers, ranges[name]) for name, layers in each.items()}
        for (_, model), each in zip(models, found, strict=True)
    ]
    title, about = translate("beside_view_title", lang), translate("beside_view_about", lang)
    return WeightView.pack(title, about, words_of("weight_view", lang), [name for name, _ in models], ranges, packed)


def _entry(model: nn.Module, layers: list[Statistics], ends: tuple[float, float]) -> dict:
    """Return a parameter's rows: of all layers together, and of each."""
    bins = histograms(model, layers[0].name, *ends)
    every = [sum(counts) for counts in zip(*bins.values(), strict=True)]
    rows = [] if layers[0].layer is None else [_row(each, bins[each.layer]) for each in layers]
    return {"all": _row(pooled(layers), every), "layers": rows}


def _row(found: Statistics, bins: Sequence[int]) -> list:
    return [found.count, *(float(f"{fact:.5g}") for fact in (found.mean, found.std, found.largest, found.norm)), bins]


def _pictures(models: Models, lang: str) -> dict:
    pictures: list[dict[str, Any]] = []
    without = []
    for name, model in models:
        found = positions(model)
        if found is None:
            without.append(translate("beside_no_positions", lang, name=name))
            continue
        limit = max(float(found.weights.abs().flatten().quantile(BRIGHT)), 1e-6)
        T, C = model.transformer["wpe"].weight.shape
        captions = [translate("beside_positions", lang, T=T, C=C, limit=three_digits(limit, lang))]
        for key, n in (("beside_every_position", found.rows), ("beside_every_channel", found.columns)):
            captions += [translate(key, lang, n=n)] if n > 1 else []
        cell = translate("beside_cell", lang)
        pictures.append(WeightPictures.picture(name, "; ".join(captions), found.weights.numpy(), limit,
                                               (found.rows, found.columns), cell))  # fmt: skip
        pictures.append(WeightPictures.picture(name, translate("beside_likeness", lang), found.likeness.numpy(), 1.0,
                                               (found.rows, found.rows), translate("beside_pair", lang)))  # fmt: skip
    about = " ".join([translate("beside_pictures_about", lang), *without])
    words = words_of("weight_pictures", lang)
    return WeightPictures.pack(translate("beside_pictures_title", lang), about, words, pictures)


def three_digits(number: float, lang: str) -> str:
    """Return a number in three digits: 0.141, −0.00212, 4.53; in two and a power of ten where it is very small."""
    spec = ".1e" if "e" in f"{number:.3g}" else ".3g"
    return format_number(number, lang, spec).replace("-", "−")
