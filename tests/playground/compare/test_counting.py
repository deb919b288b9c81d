"""The counting section without a browser: its tables, its chart and its list, beside what is counted elsewhere."""

import json
import re
from dataclasses import replace

import pytest

from core.config import BigramConfig, ModernConfig
from core.formula import RULES, count_of
from core.insight.parameters import total_of
from core.pretrained.family import FAMILY
from core.runs.cost import Speed
from core.runs.plan import plan_run
from core.text.corpora import Corpus
from playground.compare import counting_values as values
from playground.compare import family_values
from playground.compare.counting_cells import columns_of, member
from playground.compare.counting_section import family_choices, known
from playground.words.numbers import localize
from playground.words.translate import translate
from tests.tiny_runs import TEXT, tiny_plan

SPEED = Speed(1e-4, 1e11)
ROUGH = replace(SPEED, rough=True)


def bigram_plan():
    return plan_run(Corpus("own", TEXT), {"architecture": "bigram"}, {"block_size": 8}, {"steps": 10}, memory=10**9)


def table(value):
    return json.loads(value["table"])


def texts(cells):
    return [cell if isinstance(cell, str) else cell["t"] for cell in cells]


def rows_of(value):
    return {texts(row["cells"])[0]: texts(row["cells"])[1:] for row in table(value)["rows"]}


@pytest.fixture(params=["en", "vi"])
def lang(request):
    return request.param


@pytest.fixture(params=["gpt", "modern", "bigram", None])
def run(request):
    config = tiny_plan().config
    modern = ModernConfig(block_size=8, vocab_size=11, n_layer=2, n_head=2, n_embd=12)
    runs = {"gpt": config, "modern": replace(config, model=modern), "bigram": bigram_plan().config, None: None}
    return runs[request.param]


@pytest.mark.parametrize("rule", RULES)
def test_every_table_has_as_many_cells_in_each_row_as_its_headings_span(run, rule, lang):
    columns = columns_of(run, "gpt2", lang)
    tables = [make(columns, rule, lang) for make in (values.numbers_table, values.parts_table, values.formula_table)]
    tables += [family_values.config_table(run, "gpt2", lang), family_values.scaling_table(run, "gpt2", SPEED, lang)]
    for each in map(table, tables):
        widths = {sum(cell.get("span", 1) if isinstance(cell, dict) else 1 for cell in head) for head in each["head"]}
        assert widths == {len(each["rows"][0]["cells"])} == {len(row["cells"]) for row in each["rows"]}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("family", FAMILY)
def test_the_breakdown_adds_up_to_the_total_of_its_rule(family, rule):
    rows = list(rows_of(values.parts_table([member(family)], rule, "en")).values())
    counts = [int(row[2].replace(",", "")) for row in rows if row[2][:1].isdigit()]
    assert sum(counts[:-1]) == counts[-1] == total_of(FAMILY[family], rule)


@pytest.mark.parametrize("rule", RULES)
def test_the_formula_agrees_with_what_was_counted(run, rule):
    *terms, total, counted = table(values.formula_table(columns_of(run, "gpt2-xl", "en"), rule, "en"))["rows"]
    assert texts(total["cells"])[1:] == texts(counted["cells"])[1:]
    said = [cell["sub"] for cell in counted["cells"] if isinstance(cell, dict) and "sub" in cell]
    assert set(said) == {translate("count_agrees", "en")} and len(said) == (1 if run is None else 2)


def test_gpt2_small_shows_each_number_in_circulation():
    rows = table(values.numbers_table([member("gpt2")], "head_again", "en"))["rows"]
    said = ["124,439,808", "163,037,184", "85,056,000", "84,934,656", "117 M"]
    assert [texts(row["cells"])[1] for row in rows] == said
    assert [row["kind"] for row in rows] == ["", "chosen", "", "", ""]


def test_no_paper_is_quoted_for_a_model_that_has_none():
    assert len(table(values.numbers_table([member("distilgpt2")], "once", "en"))["rows"]) == 4


def test_the_configurations_are_those_of_the_run_and_the_family():
    config = tiny_plan().config
    rows = rows_of(family_values.config_table(config, "gpt2", "en"))
    assert rows["n_layer"] == ["1", "12", "24", "36", "48", "6", "96"]
    assert rows["n_embd"] == ["8", "768", "1,024", "1,280", "1,600", "768", "12,288"]
    assert list(rows.values())[-1] == [f"{count_of(each):,}" for each in (config.model, *FAMILY.values())]


def test_costs_are_shown_from_the_smallest_model_to_the_largest():
    rows = list(rows_of(family_values.scaling_table(tiny_plan().config, "gpt2", SPEED, "en")).values())
    counts = [int(row[3].replace(",", "")) for row in rows]
    assert counts == sorted(counts) and len(counts) == 7
    small = next(row for row in rows if row[3] == "124,439,808")
    assert small[4:8] == ["498 MB", "249 MB", "285 MFLOP", "855 MFLOP"]


def test_times_wait_for_the_machine_to_be_measured(lang):
    rows = rows_of(family_values.scaling_table(None, "gpt2", None, lang))
    assert {time for row in rows.values() for time in row[-2:]} == {translate("time_unknown", lang)}


def test_times_from_a_busy_machine_are_called_rough(lang):
    notes = [table(family_values.scaling_table(None, "gpt2", each, lang))["notes"] for each in (SPEED, ROUGH)]
    assert notes[1] == [*notes[0], translate("count_rough_note", lang)]


def test_a_run_reads_tiny_shakespeare_with_its_own_tokenizer():
    config = tiny_plan().config
    rows = table(family_values.scaling_table(config, "gpt2", SPEED, "en"))["rows"]
    assert "1,003,854" in rows[0]["cells"][-2]["sub"] and "304,222" in rows[1]["cells"][-2]["sub"]
    other = replace(config, tokenizer={"kind": "gpt2"})
    assert "304,222" in table(family_values.scaling_table(other, "gpt2", SPEED, "en"))["rows"][0]["cells"][-2]["sub"]


@pytest.mark.parametrize("rule", RULES)
def test_the_chart_has_every_part_in_its_order(run, rule):
    for model in values.parts_chart(columns_of(run, "gpt2", "en"), rule, "en")["models"]:
        assert sum(count for _, _, count, _ in model["parts"]) == model["total"]
        assert all(bool(count) != bool(why) for _, _, count, why in model["parts"])
        assert {name for name, *_ in model["parts"]} <= set(values.PARTS)


def test_the_list_holds_every_parameter_and_module(run, lang):
    lists = family_values.parameter_lists(columns_of(run, "gpt2", lang), lang)["lists"]
    facts = json.loads(lists[-1]["facts"])
    assert sum(count for _, _, _, count, _, owner, _ in facts["parameters"] if not owner) == 124_439_808
    fused = next(row for row in facts["parameters"] if row[0].endswith("h.0.attn.c_attn.weight"))
    assert fused[1:3] == [[2304, 768], [768, 2304]] and [each[0] for each in fused[-1]] == ["q", "k", "v"]
    assert facts["modules"][0][3] == [1, 1024, 50_257]


@pytest.mark.parametrize("wrong", ["gpt-2", "", None, 5, ["gpt2"], {"gpt2": 1}, "x" * 1000])
def test_a_model_that_is_not_in_the_family_is_refused_in_one_short_sentence(wrong):
    with pytest.raises(ValueError, match="choose one of: gpt2, ") as refused:
        known(wrong)
    assert len(str(refused.value)) < 200


def test_the_numbers_of_every_table_are_the_same_in_vietnamese_but_for_their_separators(run):
    def cells(lang):
        columns = columns_of(run, "gpt2-xl", lang)
        tables = [make(columns, "once", lang) for make in (values.numbers_table, values.parts_table,
                                                           values.formula_table)]  # fmt: skip
        tables += [family_values.config_table(run, "gpt2", lang), family_values.scaling_table(run, "gpt2", None, lang)]
        return [text for each in tables for row in table(each)["rows"] for text in texts(row["cells"])]

    english, vietnamese = cells("en"), cells("vi")
    numbers = [
        i for i, text in enumerate(english) if re.fullmatch(r"[0-9][0-9.,²×+() ]*( %| [kMGTPB]?B?(FLOP)?)?", text)
    ]
    assert [vietnamese[i] for i in numbers] == [localize(english[i], "vi") for i in numbers]
    assert "1.557.611.200" in vietnamese and "1.542 M" in vietnamese and not any("1,557" in text for text in vietnamese)


def test_the_choice_of_a_model_says_its_size_in_the_language():
    assert ("GPT-2 XL · 1.56 B", "gpt2-xl") in family_choices("en")
    assert ("GPT-2 XL · 1,56 B", "gpt2-xl") in family_choices("vi")


def test_no_key_is_shown_instead_of_its_words(run, lang):
    columns = columns_of(run, "gpt3", lang)
    shown = [make(columns, "once", lang) for make in (values.numbers_table, values.parts_table, values.formula_table,
                                                      values.parts_chart)]  # fmt: skip
    shown += [family_values.config_table(run, "gpt3", lang), family_values.scaling_table(run, "gpt3", None, lang),
              {**family_values.parameter_lists(columns, lang), "lists": []}]  # fmt: skip
    assert not re.search(r"count_\w+", json.dumps(shown).replace("head_again", ""))


def test_the_values_of_a_bigram_run_are_those_of_its_table():
    config = bigram_plan().config
    assert isinstance(config.model, BigramConfig)
    rows = rows_of(values.parts_table(columns_of(config, "gpt2", "en"), "once", "en"))
    assert rows["wte"][2] == f"{config.model.vocab_size**2:,}"
