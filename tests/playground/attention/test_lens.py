"""The lens of a text in view: what is shown is what the layers say, kept, and small enough to send."""

import base64
import json

import numpy as np
import pytest
import torch

from core.insight.lens import logit_lens
from core.runs.plan import plan_run
from core.runs.training_run import train_run
from core.text.corpora import own_text
from playground.attention import lens_values
from playground.attention.lens import LensGrid
from playground.attention.values import text_attention
from playground.models import load_writer
from playground.prompts import RUN

TEXT = "Anna sang to Otto, and Otto sang to Anna. " * 60
MODEL = {"block_size": 16, "n_layer": 2, "n_head": 2, "n_embd": 16}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = plan_run(own_text(TEXT), {}, MODEL, {"steps": 5, "batch_size": 8}).create(tmp_path_factory.mktemp("lens"))
    for _ in train_run(run):
        pass
    return run


def test_the_ten_of_each_place_are_those_of_the_lens_and_the_last_row_is_the_views_own(run):
    attention = text_attention(run, "Anna sang")
    seen = lens_values.look(run, RUN, attention)
    exact = logit_lens(load_writer(run).model, attention.ids[None]).exp()
    assert torch.equal(seen.probs, exact.topk(10).values) and seen.ids.shape == (3, 9, 10)
    for position, predicted in enumerate(attention.predictions):
        assert [token for _, _, token in predicted] == seen.ids[-1, position].tolist()
        assert [text for text, _, _ in predicted] == [seen.texts[i] for i in seen.ids[-1, position].tolist()]
        assert seen.probs[-1, position].tolist() == pytest.approx([part for _, part, _ in predicted], abs=1e-6)


def test_what_was_read_once_is_not_read_again_and_each_snapshot_has_its_own(run, monkeypatch):
    attention, calls = text_attention(run, "Otto"), []
    real = lens_values.read_layers
    monkeypatch.setattr(lens_values, "read_layers", lambda *given: calls.append(given) or real(*given))
    first = lens_values.look(run, RUN, attention)
    assert lens_values.look(run, RUN, attention) is first and len(calls) == 1
    assert lens_values.look(run, RUN, text_attention(run, "Otto", 0)) is not first and len(calls) == 2


def test_the_numbers_travel_as_bytes_and_come_back(run):
    attention = text_attention(run, "Anna sang")
    seen = lens_values.look(run, RUN, attention)
    value = LensGrid.pack(attention.tokens, seen.ids, seen.probs, seen.texts, stamp=3, came=attention.ids.tolist())
    facts = json.loads(value["facts"])
    places = np.frombuffer(base64.b64decode(value["places"]), "<u2").reshape(facts["shape"])
    probs = np.frombuffer(base64.b64decode(value["probs"]), "<f4").reshape(facts["shape"])
    assert np.array_equal(np.array(facts["ids"])[places], seen.ids.numpy())
    assert np.array_equal(probs, seen.probs.numpy()) and facts["came"] == attention.ids.tolist()
    assert [facts["words"][i] for i in places[0, 0]] == [seen.texts[i] for i in seen.ids[0, 0].tolist()]


def test_the_longest_text_of_the_deepest_model_stays_under_500_kilobytes():
    ids = np.arange(97 * 64 * 10).reshape(97, 64, 10)
    value = LensGrid.pack(["x"] * 64, ids, np.full(ids.shape, 1 / 3), dict.fromkeys(range(ids.size), "x"))
    assert len(value["places"]) + len(value["probs"]) < 500_000
    assert max(np.frombuffer(base64.b64decode(value["places"]), "<u2")) == ids.size - 1
