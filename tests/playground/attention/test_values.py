"""The attention of snapshots: the model runs once for a text and snapshot, and what is shown is what it did."""

import threading

import numpy as np
import pytest
import torch

from core.attention import attention_maps
from core.runs.directory import RunDir
from core.runs.plan import plan_run
from core.runs.training_run import train_run
from core.text.corpora import own_text
from playground.attention import silencing, values
from playground.attention.silencing import silence
from playground.attention.values import score_history, text_attention
from playground.models import load_writer
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
    assert attention.nbytes() == sum(each.untyped_storage().nbytes() for each in kept)  # nor views of more
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
