"""A newcomer adds a preset, a corpus or a score for heads in one folder: the page shows it by its own name."""

import gradio as gr
import pytest
import torch

from core.insight import heads
from core.runs.plan import plan_run
from core.runs.presets import PRESETS, Preset
from core.runs.store import RunStore
from core.runs.training_run import train_run
from core.text import corpora
from core.text.corpora import Corpus
from playground.attention import values
from playground.attention.tab import AttentionTab
from playground.generate.tab import GenerateTab
from playground.page import PageContext
from playground.server.rights import HOST
from playground.server.settings import Settings
from playground.train import checks
from playground.train import tab as train_tab
from playground.train.form import count_line, defaults, preset_choices, read_form
from playground.train.tab import TrainTab, corpus_choices
from playground.words.run_names import run_label
from tests.tiny_runs import MODEL, TEXT, TRAIN, tiny_plan

NANO = Preset(model={"block_size": 8, "n_layer": 1, "n_head": 1, "n_embd": 16}, train={"steps": 5})
LANGUAGES = ("en", "vi")


@pytest.fixture
def page(tmp_path) -> PageContext:
    return PageContext(RunStore(tmp_path, 1), Settings())


def test_a_new_preset_is_offered_counted_and_shown_by_its_own_name(monkeypatch, page):
    monkeypatch.setitem(PRESETS, "nano", NANO)
    for lang in LANGUAGES:
        words = {name: words for words, name in preset_choices(65, None, lang)}["nano"]
        assert words.startswith("nano · ")
        assert "GPT-2 small" in count_line(read_form("nano", tuple(defaults("nano").values())), 65, None, lang)[2]
    with gr.Blocks():
        tab = TrainTab(page)
    assert "nano" in [name for _, name in tab.preset.choices]
    plan = tiny_plan(preset="nano")
    assert all(run_label(plan.config, lang).startswith("nano ") for lang in LANGUAGES)


def test_a_new_corpus_is_offered_described_by_nothing_and_shown_by_its_own_name(monkeypatch, page):
    names = (*corpora.CORPUS_NAMES, "letters")
    for module in (corpora, train_tab):
        monkeypatch.setattr(module, "CORPUS_NAMES", names)
    for module in (train_tab, checks):
        monkeypatch.setattr(module, "load_corpus", lambda name, progress=None: Corpus(name, TEXT))
    for lang in LANGUAGES:
        assert ("letters", "letters") in corpus_choices(lang)
    with gr.Blocks():
        tab = TrainTab(page)
        others = [GenerateTab(page), AttentionTab(page)]
    for lang in LANGUAGES:
        assert tab.choose_corpus("letters", lang)[0] == ""
        assert tab.count_parameters("tiny", "letters", "", lang, *defaults("tiny").values())[0][0] == ""
    plan = plan_run(Corpus("letters", TEXT), {}, MODEL, TRAIN, memory=10**9)
    run = plan.create(page.store.root)
    assert run_label(run.config(), "en").endswith(" on letters")
    assert tab.fill(run, "vi")[0] == "letters"
    for each in (tab, *others):
        assert len(each.show(run, HOST, "vi")) == len(each.shown)


def test_a_new_score_for_heads_reaches_the_view_and_the_lines(monkeypatch, page):
    monkeypatch.setattr(heads, "PATTERNS", (*heads.PATTERNS, "second"))
    monkeypatch.setattr(heads, "_patterns", _with_second(heads._patterns))
    values.forget()
    run = tiny_plan(2).create(page.store.root)
    list(train_run(run))
    attention = values.text_attention(run, "3 times 4")
    assert torch.isfinite(attention.scores["second"]).all()
    _, scores = values.score_history(run)
    assert scores["second"][0].shape == attention.scores["self"].shape
    values.forget()


def _with_second(patterns):
    def patterns_and_one(ids):
        found = patterns(ids)
        keys = torch.zeros_like(found["self"])
        keys[2:, 1] = True
        return {**found, "second": keys}

    return patterns_and_one
