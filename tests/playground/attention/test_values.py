"""The attention of snapshots: the model runs once for a text and snapshot, and what is shown is what it did."""

import numpy as np
import pytest
import torch

from core.attention import attention_maps
from core.runs.plan import plan_run
from core.runs.training_run import train_run
from core.text.corpora import own_text
from playground.attention import values
from playground.attention.values import score_history, silence, text_attention
from playground.models import load_writer

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
    values._snapshot_attention.cache_clear()
    values._induction.cache_clear()
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
    text, probability = attention.predictions[-1][0]
    assert probability == pytest.approx(float(probs.max()))
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


def test_scores_are_told_for_every_snapshot(run):
    steps, scores = score_history(run, "Anna sang")
    assert steps == run.snapshots() == [0, 1, 2, 5, 10, 12]
    assert all(len(rows) == len(steps) and rows[0].shape == (2, 2) for rows in scores.values())


def test_silencing_tells_every_head_once_and_leaves_the_model_as_it_was(run):
    before = text_attention(run, "Anna").observed.logits.clone()
    rises = list(silence(run, None))
    assert [(layer, head) for layer, head, _ in rises] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert all(np.isfinite(rise) for _, _, rise in rises)
    values._snapshot_attention.cache_clear()
    assert torch.equal(text_attention(run, "Anna").observed.logits, before)


@pytest.mark.parametrize("head", [(2, 0), (0, 2), (-1, 0), ("0", 0), (None, None), (0.5, 0)])
def test_a_head_that_is_not_there_is_refused(run, head):
    with pytest.raises(ValueError, match="There is no layer .*, head"):
        text_attention(run, "Anna").scores_before_mask(*head)


def test_a_bigram_has_nothing_to_look_into(tmp_path):
    plan = plan_run(own_text(TEXT), {"architecture": "bigram"}, {"block_size": 8}, {"steps": 2})
    run = plan.create(tmp_path)
    for _ in train_run(run):
        pass
    with pytest.raises(ValueError, match="attention"):
        text_attention(run, "Anna")
