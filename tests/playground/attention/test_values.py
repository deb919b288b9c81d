"""The attention of snapshots: the model runs once for a text and snapshot, and what is shown is what it did."""

import threading
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex, to_rgb

from core.attention import attention_maps
from core.insight.silencing import silence_heads
from core.pretrained import loader as gpt2
from core.runs.config import Status
from core.runs.directory import RunDir
from core.runs.plan import plan_run
from core.runs.store import RunStore
from core.runs.training_run import train_run
from core.text.corpora import own_text
from playground.attention import cards, downloads, silencing, values
from playground.attention.examples import own_example
from playground.attention.figures import heatmap_figure
from playground.attention.silencing import silence
from playground.attention.tab import AttentionTab
from playground.attention.values import score_history, text_attention
from playground.models import load_writer
from playground.page import PageContext
from playground.server.files import Asked
from playground.server.settings import Settings
from tests.tiny_runs import wait_for

TEXT = "Anna sang to Otto, and Otto sang to Anna. " * 60
MODEL = {"block_size": 16, "n_layer": 2, "n_head": 2, "n_embd": 16}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    plan = plan_run(own_text(TEXT), {}, MODEL, {"steps": 12, "batch_size": 8})
    run = plan.create(tmp_path_factory.mktemp("attention"))
    for _ in train_run(run):
        pass
    return run


@pytest.fixture
def forwards(run, monkeypatch):
    """Count how often a model runs forward, whichever snapshot it is."""
    values.forget()
    calls = []
    real = torch.nn.Module.__call__

    def counted(self, *args, **kwargs):
        if type(self).__name__ == "GPT":
            calls.append(self)
        return real(self, *args, **kwargs)

    monkeypatch.setattr(torch.nn.Module, "__call__", counted)
    return calls


def test_what_is_shown_is_what_the_snapshot_did(run):
    attention = text_attention(run, "Anna sang")
    writer = load_writer(run)
    idx = torch.tensor([writer.tokenizer.encode("Anna sang")])
    assert torch.equal(attention.observed.weights, attention_maps(writer.model, idx))
    with torch.no_grad():
        probs = torch.softmax(writer.model(idx)[0][0, -1], -1)
    text, probability, token = attention.predictions[-1][0]
    assert probability == pytest.approx(float(probs.max())) and token == int(probs.argmax())
    assert writer.tokenizer.encode(text) == [int(probs.argmax())]
    assert "".join(attention.tokens) == "Anna sang"


def test_another_head_and_the_way_to_its_weights_run_nothing_again(run, forwards):
    attention = text_attention(run, "Otto and Anna")
    ran = len(forwards)
    for layer in range(2):
        for head in range(2):
            scores = text_attention(run, "Otto and Anna").scores_before_mask(layer, head)
            T = len(attention.tokens)
            masked = scores.masked_fill(torch.ones(T, T, dtype=torch.bool).triu(1), -torch.inf)
            np.testing.assert_allclose(masked.softmax(-1), attention.observed.weights[layer, head], atol=1e-6)
    assert len(forwards) == ran


def test_another_text_at_a_known_snapshot_costs_one_forward(run, forwards):
    text_attention(run, "Anna")
    ran = len(forwards)
    text_attention(run, "Otto")
    assert len(forwards) == ran + 1


def test_a_long_text_is_cut_with_a_word_about_it_and_unknown_characters_are_named(run):
    attention = text_attention(run, "Anna sang to Otto, é")
    assert (
        len(attention.tokens) == 16 and "first 16 of 20 tokens" in attention.note and "'é' (U+00E9)" in attention.note
    )
    assert text_attention(run, "").tokens  # an empty text: what the samples go on from


def test_scores_are_told_for_every_snapshot_and_computed_once(run, forwards):
    steps, scores = score_history(run)
    assert steps == run.snapshots() == [0, 1, 2, 5, 10, 12]
    assert all(len(rows) == len(steps) and rows[0].shape == (2, 2) for rows in scores.values())
    ran = len(forwards)
    score_history(run)
    assert len(forwards) == ran


def test_a_large_models_history_tells_what_was_looked_at_and_loads_one_snapshot(run, monkeypatch):
    values.forget()
    monkeypatch.setattr(values, "LARGE", 0)
    loaded, load = [], RunDir.load_snapshot
    monkeypatch.setattr(RunDir, "load_snapshot", lambda self, step=None: loaded.append(step) or load(self, step))
    assert score_history(run)[0] == []
    text_attention(run, "Anna")
    text_attention(run, "Otto", 5)
    assert score_history(run)[0] == [5, 12] and len(loaded) <= 2


def test_what_is_kept_has_no_logits_and_fits_into_its_bytes(run, monkeypatch):
    values.forget()
    attention = text_attention(run, "Anna sang to")
    kept = [attention.observed.weights, attention.observed.q, attention.observed.k]
    words = values.PREDICTION * sum(map(len, attention.predictions))
    assert attention.nbytes() - words == sum(each.untyped_storage().nbytes() for each in kept)  # nor views of more
    assert words == values.PREDICTION * values.MOST_PREDICTIONS * len(attention.ids)
    monkeypatch.setattr(values._attention, "most", 3 * attention.nbytes())
    for i in range(12):
        text_attention(run, "Anna sang to"[i:] + "Otto and Anna"[:i])
    assert values._attention.held() <= 3 * attention.nbytes() and len(values._attention) >= 2


def test_another_language_or_text_runs_nothing_for_the_names_of_heads(run, forwards):
    first = text_attention(run, "Anna, é", lang="en")
    ran = len(forwards)
    second = text_attention(run, "Anna, é", lang="vi")
    assert len(forwards) == ran and first.note != second.note
    other = text_attention(run, "Otto")
    assert len(forwards) == ran + 1 and other.named is first.named  # a label belongs to the head, not to the sentence


def test_silencing_leaves_the_model_as_it_was_goes_on_to_more_text_and_knows_its_error(run):
    writer, before = load_writer(run), text_attention(run, "Anna").observed.weights.clone()
    looks = silence("one", writer, run)
    found = next(looks)
    assert found.rises.fewest() == 0
    for found in looks:
        if found.tokens:
            break
    first = found.tokens
    assert first and found.rises.fewest() >= 2
    means, errors = found.rises.means(), found.rises.errors()
    assert all(np.isfinite(x) for table in (means, errors) for row in table for x in row)
    looks.close()
    assert silencing.known("one").tokens == first and not found.done  # what was measured stays
    *_, last = silence("one", writer, run)
    assert (
        last is found and last.done and last.rises.fewest() == (len(run.text()) - len(run.text()) * 9 // 10 - 1) // 16
    )
    values.forget()
    assert torch.equal(text_attention(run, "Anna").observed.weights, before)


def test_who_silences_takes_turns_in_the_order_of_asking():
    turns, order = silencing.Turns(), []

    def take(name):
        with turns.turn():
            order.append(name)

    with turns.turn():
        threads = []
        for name in "abc":
            threads.append(threading.Thread(target=take, args=(name,)))
            threads[-1].start()
            wait_for(lambda: len(turns) == len(threads) + 1)
        assert order == []
    for thread in threads:
        thread.join(60)
    assert order == list("abc") and len(turns) == 0


@pytest.mark.parametrize("head", [(2, 0), (0, 2), (-1, 0), ("0", 0), (None, None), (0.5, 0)])
def test_a_head_that_is_not_there_is_refused(run, head):
    with pytest.raises(ValueError, match="There is no layer"):
        text_attention(run, "Anna").scores_before_mask(*head)


def test_a_bigram_has_nothing_to_look_into(tmp_path):
    plan = plan_run(own_text(TEXT), {"architecture": "bigram"}, {"block_size": 8}, {"steps": 2})
    run = plan.create(tmp_path)
    for _ in train_run(run):
        pass
    with pytest.raises(ValueError, match="attention"):
        text_attention(run, "Anna")
    with gr.Blocks():
        page = PageContext(RunStore(tmp_path, 1), Settings())
        page.lang = page.run = gr.State()
        tab = AttentionTab(page)
        view, _, silenced, buttons = tab.draw(run.id, "run", "Anna", {}, "en", (0, 0))
    assert buttons["visible"] is False and "this run is a bigram" in view["text"]["empty"].lower()
    assert silenced["text"]["empty"] == "A bigram has no heads, so there is nothing to silence."
    assert "values" not in silenced


def test_without_a_run_or_without_gpt2_the_view_says_what_to_do_and_shows_nothing_of_another(run, monkeypatch):
    monkeypatch.setattr(gpt2, "loaded", lambda *_: None)
    monkeypatch.setattr(gpt2, "is_cached", lambda *_: False)
    with gr.Blocks():
        page = PageContext(RunStore(run.path.parent, 1), Settings())
        page.lang = page.run = gr.State()
        tab = AttentionTab(page)
        view, links, silenced, buttons = tab.draw(None, "run", "Anna", {}, "en", (0, 0))
        assert "no run yet" in view["text"]["empty"] and "tokens" not in view and links["run"] is None
        assert buttons["visible"] is False
        assert tab.draw_lines(None, "run", "en")["data"]
        view, links, silenced, buttons = tab.draw(run.id, "gpt2", "Anna", {}, "vi", (0, 0))
        assert "So sánh" in view["text"]["empty"] and "tokens" not in view and "values" not in silenced
        view, links, _, buttons = tab.draw(run.id, "run", "Anna", {"at": {run.id: 5}}, "en", (1, "mean"))
        assert (view["step"], links["query"]["head"]) == (5, "mean")
        assert buttons["visible"] is True
        view, *_ = tab.draw(run.id, "run", "Anna", {}, "vi", (0, 0))
        assert view["step"] == 12 and "bước 12" in view["of"]
        typed = tab.enter(run.id, "run", "my own words", {}, "en", (0, 0), "an example")
        assert typed[0] == gr.skip()
        assert tab.enter(run.id, "run", "an example", {}, "en", (0, 0), "an example")[0] == own_example(run)


def test_silencing_stops_before_the_next_head_and_when_another_snapshot_is_shown(run):
    with gr.Blocks():
        page = PageContext(RunStore(run.path.parent, 1), Settings())
        page.lang = page.run = gr.State()
        tab, asked = AttentionTab(page), (run.id, "run", "Anna", {}, "en")
        ticket, steps, waiting = tab.begin(*asked)
        assert steps == {"at": {run.id: 12}} and "step 12" in waiting["of"]
        tab.stop()  # in the queue, before anything is computed
        *_, last = tab.silence(ticket, *asked)
        assert not any(np.isfinite(x or np.nan) for row in last["values"] for x in row)
        ticket, *_ = tab.begin(*asked)
        drawn = tab.silence(ticket, *asked)
        next(drawn), next(drawn)
        view, _, other, _ = tab.draw(run.id, "run", "Anna", {"at": {run.id: 5}}, "en", (0, 0))
        assert view["key"] == other["key"] != waiting["key"] and "values" not in other
        assert list(drawn) == []  # nothing goes on filling beside another snapshot
        ticket, *_ = tab.begin(*asked)
        *_, last = tab.silence(ticket, *asked)
        assert last["phase"] == "done" and "tokens of validation text" in last["note"] and last["errors"][0][0] > 0
        *_, again, _ = tab.draw(*asked, (0, 0))
        assert again["values"] == last["values"]  # a computed map that belongs is there again


def test_who_silences_a_run_that_goes_on_is_told_that_the_view_stays_and_how_it_follows_again(run):
    with gr.Blocks():
        page = PageContext(RunStore(run.path.parent, 1), Settings())
        page.lang = page.run = gr.State()
        tab, before = AttentionTab(page), run.status()
        said = {"en": "stays at step 12 with this map", "vi": "dừng ở bước 12 cùng bản đồ này"}
        try:
            run.write_status(Status("paused", 12))
            for lang, words in said.items():
                ticket, steps, waiting = tab.begin(run.id, "run", "Anna", {}, lang)
                assert words in (waiting.get("note") or waiting["text"]["empty"])
                assert all(words in each["note"] for each in tab.silence(ticket, run.id, "run", "Anna", steps, lang))
                drawn = tab.draw(run.id, "run", "Anna", steps, lang, (0, 0))
                assert words in drawn[2]["note"] and drawn[0]["step"] == 12
                _, _, silenced, _ = tab.draw(run.id, "run", "Anna", {"at": {}}, lang, (0, 0))
                assert words not in silenced["note"], "the slider was dragged to its end"
        finally:
            run.write_status(before)
        *_, last = tab.silence(*tab.begin(run.id, "run", "Anna", {}, "en")[:1], run.id, "run", "Anna", {}, "en")
        assert said["en"] not in last["note"], "a run that is over has nothing to follow"


def test_stop_of_who_waits_for_a_turn_frees_the_lane_at_once(run, monkeypatch):
    """A model that waits: the first head of the first page never ends by itself."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(model, x, y, ahead):
        begun.set()
        assert go_on.wait(60)
        yield from silence_heads(model, x, y, ahead)

    monkeypatch.setattr(silencing, "silence_heads", slow)
    silencing._silenced.clear()
    with gr.Blocks():
        page = PageContext(RunStore(run.path.parent, 1), Settings())
        page.lang = page.run = gr.State()
        tab, asked = AttentionTab(page), (run.id, "run", "Anna", {}, "en")
    anna, otto = (SimpleNamespace(session_hash=name) for name in ("anna", "otto"))
    last = {}

    def press(who):
        ticket, *_ = tab.begin(*asked, request=who)
        thread = threading.Thread(target=lambda: last.update({who.session_hash: [*tab.silence(ticket, *asked, who)]}))
        thread.start()
        return thread

    first = press(anna)
    assert begun.wait(60)
    second = press(otto)
    wait_for(lambda: len(silencing.turns) == 2)
    tab.stop(otto)
    second.join(60)
    assert not second.is_alive() and len(silencing.turns) == 1, "it waits for nobody's head"
    assert last["otto"][-1]["phase"] == "stopped" and first.is_alive()
    tab.stop(anna)
    go_on.set()
    first.join(60)
    assert not first.is_alive() and len(silencing.turns) == 0 and not silencing.known(tab_key(run)).done


def tab_key(run):
    return cards.key_of(run, "run", 12)


def test_downloads_give_the_mean_and_use_the_colours_of_the_page(run):
    asked = Asked(run, "heatmap.png", {"text": "Anna", "layer": "1", "head": "mean", "step": "12"}, None)
    answer = downloads.heatmap(asked)
    assert "layer-1-head-mean" in answer.headers["content-disposition"] and answer.body.startswith(b"\x89PNG")
    figure = heatmap_figure(np.tril(np.ones((2, 2))) * 0.25, ["a", "b"], "title")
    image = figure.axes[0].images[0]
    assert image.norm(0.25) == pytest.approx(0.5)  # the square root, as shade() in attention_link.js
    css = (Path(downloads.__file__).parent / "attention_ink.css").read_text()
    assert "--some: #5b9bf5;" in css and "--all: #12307a;" in css
    assert to_hex(image.cmap(1.0)) == "#12307a" and np.allclose(image.cmap(128)[:3], to_rgb("#5b9bf5"), atol=0.01)
