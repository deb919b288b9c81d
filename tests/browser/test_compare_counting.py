"""The counting section: its values, its words, and its tables, chart and list in a real browser."""

import json
import re
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from string import Formatter

import pytest
from playwright.sync_api import expect

import playground.compare as components
from core.config import BigramConfig, ModernConfig
from core.formula import RULES, count_of
from core.insight.parameters import total_of
from core.pretrained.family import FAMILY
from core.runs.cost import Speed
from core.runs.plan import plan_run
from core.runs.store import RunStore
from core.text.corpora import Corpus
from playground.compare import counting_values as values
from playground.compare import counting_words
from playground.compare.counting_section import CountingSection, known
from playground.words import translate as i18n
from playground.words.numbers import long_time, percent, si
from tests.served import served_section, visited
from tests.tiny_runs import TEXT, tiny_plan

HOSTILE = "<img src=x onerror='window.hacked=1'> ${window.hacked=2} `{{x}}`"
SPEED = Speed(1e-4, 1e11)


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


# -- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
def test_every_table_has_as_many_cells_in_each_row_as_its_headings_span(run, rule, lang):
    columns = values.columns_of(run, "gpt2", lang)
    tables = [make(columns, rule, lang) for make in (values.numbers_table, values.parts_table, values.formula_table)]
    tables += [values.config_table(run, "gpt2", lang), values.scaling_table(run, "gpt2", SPEED, lang)]
    for each in map(table, tables):
        widths = {sum(cell.get("span", 1) if isinstance(cell, dict) else 1 for cell in head) for head in each["head"]}
        assert widths == {len(each["rows"][0]["cells"])} == {len(row["cells"]) for row in each["rows"]}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("family", FAMILY)
def test_the_breakdown_adds_up_to_the_total_of_its_rule(family, rule):
    rows = list(rows_of(values.parts_table([values.member(family)], rule, "en")).values())
    counts = [int(row[2].replace(",", "")) for row in rows if row[2][:1].isdigit()]
    assert sum(counts[:-1]) == counts[-1] == total_of(FAMILY[family], rule)


@pytest.mark.parametrize("rule", RULES)
def test_the_formula_agrees_with_what_was_counted(run, rule):
    *terms, total, counted = table(values.formula_table(values.columns_of(run, "gpt2-xl", "en"), rule, "en"))["rows"]
    assert texts(total["cells"])[1:] == texts(counted["cells"])[1:]
    said = [cell["sub"] for cell in counted["cells"] if isinstance(cell, dict) and "sub" in cell]
    assert set(said) == {i18n.translate("count_agrees", "en")} and len(said) == (1 if run is None else 2)


def test_gpt2_small_shows_each_number_in_circulation():
    rows = table(values.numbers_table([values.member("gpt2")], "head_again", "en"))["rows"]
    said = ["124,439,808", "163,037,184", "85,056,000", "84,934,656", "117 M"]
    assert [texts(row["cells"])[1] for row in rows] == said
    assert [row["kind"] for row in rows] == ["", "chosen", "", "", ""]


def test_no_paper_is_quoted_for_a_model_that_has_none():
    assert len(table(values.numbers_table([values.member("distilgpt2")], "once", "en"))["rows"]) == 4


def test_the_configurations_are_those_of_the_run_and_the_family():
    config = tiny_plan().config
    rows = rows_of(values.config_table(config, "gpt2", "en"))
    assert rows["n_layer"] == ["1", "12", "24", "36", "48", "6", "96"]
    assert rows["n_embd"] == ["8", "768", "1,024", "1,280", "1,600", "768", "12,288"]
    assert list(rows.values())[-1] == [f"{count_of(each):,}" for each in (config.model, *FAMILY.values())]


def test_costs_are_shown_from_the_smallest_model_to_the_largest():
    rows = list(rows_of(values.scaling_table(tiny_plan().config, "gpt2", SPEED, "en")).values())
    counts = [int(row[3].replace(",", "")) for row in rows]
    assert counts == sorted(counts) and len(counts) == 7
    small = next(row for row in rows if row[3] == "124,439,808")
    assert small[4:8] == ["498 MB", "249 MB", "287 MFLOP", "860 MFLOP"]


def test_times_wait_for_the_machine_to_be_measured(lang):
    rows = rows_of(values.scaling_table(None, "gpt2", None, lang))
    assert {time for row in rows.values() for time in row[-2:]} == {i18n.translate("time_unknown", lang)}


def test_a_run_reads_tiny_shakespeare_with_its_own_tokenizer():
    config = tiny_plan().config
    rows = table(values.scaling_table(config, "gpt2", SPEED, "en"))["rows"]
    assert "1,003,854" in rows[0]["cells"][-2]["sub"] and "301,966" in rows[1]["cells"][-2]["sub"]
    other = replace(config, tokenizer={"kind": "gpt2"})
    assert "301,966" in table(values.scaling_table(other, "gpt2", SPEED, "en"))["rows"][0]["cells"][-2]["sub"]


@pytest.mark.parametrize("rule", RULES)
def test_the_chart_has_every_part_in_its_order(run, rule):
    for model in values.parts_chart(values.columns_of(run, "gpt2", "en"), rule, "en")["models"]:
        assert sum(count for _, _, count, _ in model["parts"]) == model["total"]
        assert all(bool(count) != bool(why) for _, _, count, why in model["parts"])
        assert {name for name, *_ in model["parts"]} <= set(values.PARTS)


def test_the_list_holds_every_parameter_and_module(run, lang):
    lists = values.parameter_lists(values.columns_of(run, "gpt2", lang), lang)["lists"]
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


@pytest.mark.parametrize(
    ("value", "said"),
    [(497_759_232, "498 MB"), (999_600, "1.00 MB"), (1.0766e12, "1.08 TB"), (140, "140 B"), (9.7e21, "9700000 PB")],
)
def test_large_numbers_are_said_in_three_digits(value, said):
    assert si(value, "B") == said


@pytest.mark.parametrize(
    ("part", "said"), [(0, "0.0 %"), (0.31, "31.0 %"), (0.0063, "0.63 %"), (1.4e-7, "0.000014 %"), (1, "100.0 %")]
)
def test_shares_are_said_in_two_digits_or_more(part, said):
    assert percent(part) == said


def test_times_may_last_for_centuries():
    year = 365.25 * 86_400
    assert "3,400 years" in long_time(3410 * year, "en") and "1.7 years" in long_time(1.73 * year, "en")
    assert "days" in long_time(0.9 * year, "en") and "năm" in long_time(5 * year, "vi")


# -- words ------------------------------------------------------------------------------------------------------------


def placeholders(text):
    return {(name, spec) for _, name, spec, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", counting_words.WORDS)
def test_every_word_is_there_in_both_languages(key):
    english, vietnamese = counting_words.WORDS[key]
    assert english and vietnamese and placeholders(english) == placeholders(vietnamese)
    assert i18n.WORDS[key] == (english, vietnamese)


@pytest.mark.parametrize("name", counting_words.WIDGET_WORDS_VI)
def test_the_scripts_words_are_there_in_both_languages(name):
    script = Path(components.__file__).with_name(f"{name}.js").read_text(encoding="utf-8")
    block = re.search(r"const WORDS = \{(.*?)\n\};", script, re.DOTALL).group(1)
    english = {key: one or two for key, one, two in re.findall(r"""(\w+):\s*(?:'([^']*)'|"([^"]*)")""", block)}
    vietnamese = counting_words.WIDGET_WORDS_VI[name]
    assert english.keys() == vietnamese.keys() and i18n.WIDGET_WORDS_VI[name] == vietnamese
    assert all(placeholders(english[key]) == placeholders(vietnamese[key]) for key in english)


def test_no_key_is_shown_instead_of_its_words(run, lang):
    columns = values.columns_of(run, "gpt3", lang)
    shown = [make(columns, "once", lang) for make in (values.numbers_table, values.parts_table, values.formula_table,
                                                      values.parts_chart)]  # fmt: skip
    shown += [values.config_table(run, "gpt3", lang), values.scaling_table(run, "gpt3", None, lang),
              {**values.parameter_lists(columns, lang), "lists": []}]  # fmt: skip
    assert not re.search(r"count_\w+", json.dumps(shown).replace("head_again", ""))


# -- in a browser -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Serve a page with the section alone, beside a picker of runs."""
    root = tmp_path_factory.mktemp("counting")
    store = RunStore(root, 1)
    tiny_plan().create(root, "mine")
    bigram_plan().create(root, "pairs")
    plan = tiny_plan()
    replace(plan, config=replace(plan.config, preset=HOSTILE)).create(root, "hostile")
    with served_section(store, ["mine", "pairs", "hostile", "none"], CountingSection) as url:
        yield url


@contextmanager
def opened(browser, url, width=1280):
    with visited(browser, url, width) as page:
        page.get_by_role("tab", name="Compare").click()
        expect(page.locator("#count-list tbody tr").first).to_be_visible(timeout=30_000)
        yield page


@pytest.fixture(scope="module")
def shared_page(site, browser):
    with opened(browser, site) as page:
        yield page


@pytest.fixture
def page(shared_page):
    """The page with the tiny run beside GPT-2 small, counted once: a visit costs seconds, so the tests share one."""
    choose(shared_page, "run", "mine")
    choose(shared_page, "count-family", "GPT-2 small")
    rule(shared_page, 0)
    expect(shared_page.locator("#count-chart")).to_contain_text("124,439,808")
    expect(shared_page.locator("#count-list .models button")).to_have_text([re.compile("."), "GPT-2 small"])
    return shared_page


def choose(page, elem_id, name):
    page.locator(f"#{elem_id} input").click()
    page.get_by_role("option", name=name).click()


def rule(page, index):
    page.locator("#count-rule input").nth(index).check()


def test_the_run_stands_beside_gpt2_in_chart_and_tables(page):
    expect(page.locator("#count-chart .bar")).to_have_count(2)
    expect(page.locator("#count-chart .row .mark.is-1")).not_to_have_count(0)
    for name in ("numbers", "parts", "formula", "configs", "scaling"):
        expect(page.locator(f"#count-{name} table")).to_contain_text("124,439,808")


def test_the_switch_reproduces_each_number(page):
    for index, number in ((1, "163,037,184"), (2, "85,056,000"), (0, "124,439,808")):
        rule(page, index)
        for name in ("chart", "parts", "formula"):
            expect(page.locator(f"#count-{name}")).to_contain_text(number)
        expect(page.locator("#count-numbers tr.chosen")).to_contain_text(number)


def test_another_model_of_the_family_can_stand_beside_the_run(page):
    choose(page, "count-family", "GPT-3")
    expect(page.locator("#count-chart")).to_contain_text("174,604,259,328")
    expect(page.locator("#count-list .models button")).to_have_text([re.compile("."), "GPT-3"])


def test_the_list_is_searched_in_the_browser(page):
    card = page.locator("#count-list")
    card.locator(".models button").nth(1).click()
    card.locator(".views button").nth(1).click()
    card.locator(".query").fill("h.3.attn.C_ATTN")
    expect(card.locator("tbody tr")).to_have_count(2 + 6)  # weight and bias, each with its q, k and v
    expect(card.locator(".found")).to_contain_text("2")
    expect(card.locator(".found")).to_contain_text("1,771,776")
    expect(card.locator("tbody tr").first).to_contain_text("2,304 × 768")
    expect(card.locator("tbody tr").first).to_contain_text("768 × 2,304")
    card.locator(".query").fill("lm_head")
    expect(card.locator("tbody tr.shared")).to_contain_text("transformer.wte.weight")
    card.locator(".query").fill(HOSTILE[:80])
    expect(card.locator("tbody tr")).to_have_count(0)
    card.locator(".query").fill("")


def test_a_long_list_grows_as_it_is_scrolled(page):
    card = page.locator("#count-list")
    choose(page, "count-family", "GPT-3")
    expect(card.locator(".models button").nth(1)).to_have_text("GPT-3")
    card.locator(".models button").nth(1).click()
    card.locator(".views button").nth(1).click()
    built = card.locator("tbody tr").count()
    assert 100 < built < 400
    card.locator(".frame").evaluate("node => { node.scrollTop = node.scrollHeight; }")
    page.wait_for_function("built => document.querySelectorAll('#count-list tbody tr').length > built", arg=built)


def test_blocks_unfold_in_the_summary_by_module(page):
    card = page.locator("#count-list")
    card.locator(".models button").nth(1).click()
    card.locator(".views button").first.click()
    before = card.locator("tbody tr").count()
    card.locator(".fold").nth(1).click()
    expect(card.locator("tbody tr")).to_have_count(before + 12)
    expect(card.locator(".fold").nth(1)).to_be_focused()
    card.locator(".fold").nth(1).press("Enter")
    expect(card.locator("tbody tr")).to_have_count(before)
    expect(card.locator("tbody")).to_contain_text("1 × 1,024 × 2,304")


def test_a_bigram_has_no_blocks_and_is_shown_all_the_same(page):
    choose(page, "run", "pairs")
    expect(page.locator("#count-formula")).to_contain_text("V²")
    rule(page, 2)
    expect(page.locator("#count-chart .bar .empty")).to_be_visible()


def test_without_a_run_gpt2_stands_alone_and_the_page_says_why(page):
    choose(page, "run", "none")
    expect(page.locator("#count-chart .bar")).to_have_count(1)
    expect(page.locator("#count-hint")).to_be_visible()
    choose(page, "run", "mine")
    expect(page.locator("#count-chart .bar")).to_have_count(2)
    expect(page.locator("#count-hint")).to_be_hidden()


def test_hostile_names_are_shown_literally_and_nothing_runs(page):
    choose(page, "run", "hostile")
    expect(page.locator("#count-configs thead")).to_contain_text(HOSTILE)
    page.wait_for_timeout(200)
    assert page.evaluate("window.hacked") is None and page.locator("[id^=count-] img").count() == 0


def test_the_section_speaks_vietnamese(page):
    page.locator("#lang input").nth(1).check()
    expect(page.locator("#count-parts h4")).to_have_text(counting_words.WORDS["count_parts_title"][1])
    expect(page.locator("#count-list .query")).to_have_attribute("placeholder", re.compile("Tìm"))
    page.locator("#lang input").nth(0).check()
    expect(page.locator("#count-list .query")).to_have_attribute("placeholder", re.compile("Search"))


def test_on_a_phone_tables_scroll_in_their_own_boxes_and_the_page_does_not(site, browser):
    with opened(browser, site, width=390) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        boxes = page.locator("#count-parts .frame, #count-scaling .frame")
        assert all(boxes.evaluate_all("all => all.map((box) => box.scrollWidth > box.clientWidth)"))


def test_the_values_of_a_bigram_run_are_those_of_its_table():
    config = bigram_plan().config
    assert isinstance(config.model, BigramConfig)
    rows = rows_of(values.parts_table(values.columns_of(config, "gpt2", "en"), "once", "en"))
    assert rows["wte"][2] == f"{config.model.vocab_size**2:,}"
