"""What the page shows of a broken run is right of it, or refused in a sentence."""

import json

import gradio as gr
import pytest
import torch
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.insight.lens import logit_lens
from core.insight.silencing import silence_heads
from core.lab.twins import plan_variant
from core.lab.variants import VARIANTS
from core.runs.plan import plan_run
from core.runs.store import RunStore
from core.runs.training_run import train_run
from core.text.corpora import own_text
from playground.attention import cards, downloads, neighbours_values
from playground.attention.neighbours import NeighbourPlane
from playground.attention.on_demand import OnDemand
from playground.attention.values import text_attention
from playground.compare import pretrained_values
from playground.compare.counting_cells import columns_of, kind_of
from playground.models import load_writer
from playground.page import PageContext
from playground.prompts import RUN
from playground.server.routes import Routes
from playground.server.settings import Settings
from playground.train import downloads as train_downloads
from playground.words.run_names import variant_name
from tests.tiny_runs import refusal

TEXT = "Anna sang to Otto, and Otto sang to Anna. " * 60
MODEL = {"block_size": 16, "n_layer": 2, "n_head": 2, "n_embd": 16}
COMPILED = [name for name in VARIANTS if VARIANTS[name].edits]
WITH_HEADS = [name for name in VARIANTS if VARIANTS[name].architecture == "gpt"]


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> RunStore:
    return RunStore(tmp_path_factory.mktemp("runs"), workers=1)


@pytest.fixture(scope="module")
def runs(store) -> dict:
    """Train a healthy run and its ten twins for five steps each."""
    train = {"steps": 5, "batch_size": 4, "eval_interval": 5, "eval_tokens": 64}
    healthy = plan_run(own_text(TEXT), {"preset": "tiny", "sample_tokens": 4}, MODEL, train, memory=10**9)
    runs = {None: healthy.create(store.root)}
    runs |= {name: plan_variant(runs[None], name).create(store.root) for name in VARIANTS}
    for run in runs.values():
        list(train_run(run))
    return runs


@pytest.fixture
def client(store) -> TestClient:
    kinds = {**train_downloads.DOWNLOADS, **downloads.DOWNLOADS}
    return TestClient(Starlette(routes=Routes(store, kinds).list()), raise_server_exceptions=False)


@pytest.mark.parametrize("name", [None, *VARIANTS])
def test_only_what_gpt2_computes_is_offered_as_a_gpt2(client, runs, name):
    run, is_gpt2 = runs[name], name not in COMPILED and name != "no_attention"
    assert ("download_hf" in train_downloads.files_of(run)) is is_gpt2
    why = train_downloads.missing_of(run, "en")
    assert (why is None) is is_gpt2 and (name not in COMPILED or why.endswith(f"{variant_name(name, 'en')}."))
    if not is_gpt2:
        answer = client.get(f"/playground/run/{run.id}/huggingface.zip")
        assert answer.status_code == 404 and "is no GPT-2 and cannot become one" in answer.json()["error"]
        assert "A GPT model" not in answer.json()["error"]


@pytest.mark.parametrize("name", [None, *WITH_HEADS])
def test_attention_that_is_shown_is_the_models_own_and_scores_lead_to_it(runs, name):
    run = runs[name]
    if name == "no_causal_mask":  # the map is a triangle
        assert cards.missing(run, RUN, "en") == refusal(text_attention, run, "Anna")
        assert cards.missing(run, RUN, "vi").startswith("Lượt chạy này không có mặt nạ nhân quả")
        return
    assert cards.missing(run, RUN, "en") is None
    seen = text_attention(run, "Anna sang")
    weights = seen.observed.weights
    assert weights.triu(1).abs().max() == 0 and torch.allclose(weights.sum(-1), torch.ones(weights.shape[:-1]))
    if name in ("no_scaling", "scaling_by_n_embd"):
        assert refusal(seen.scores_before_mask, 1, 0).startswith("The scores are told as q·k / √head_size")
        assert refusal(seen.scores_before_mask, 9, 0).startswith("There is no layer 9")
        return
    future = torch.full((9, 9), -torch.inf).triu(1)
    assert torch.allclose((seen.scores_before_mask(1, 0) + future).softmax(-1), weights[1, 0], atol=1e-6)


@pytest.mark.parametrize("name", ["no_causal_mask", "no_scaling"])
def test_a_map_to_download_is_refused_only_where_it_would_mislead(client, runs, name):
    answer = client.get(f"/playground/run/{runs[name].id}/weights.npz?text=Anna&layer=0&head=0")
    assert answer.status_code == (404 if name == "no_causal_mask" else 200)
    if name == "no_causal_mask":
        assert answer.json()["error"].startswith("This run has no causal mask")


@pytest.mark.parametrize("name", WITH_HEADS)
def test_the_last_layer_of_the_lens_says_what_the_model_says_and_heads_can_be_silenced(runs, name):
    model = load_writer(runs[name]).model
    idx = torch.tensor([[1, 4, 2, 2, 6, 0]])
    said = logit_lens(model, idx)
    assert said.shape[0] == 3
    torch.testing.assert_close(said[-1], model(idx)[0][0].detach().log_softmax(-1), atol=1e-5, rtol=0)
    silenced = list(silence_heads(model, idx, idx.roll(-1, 1)))
    assert len(silenced) == 2 * (VARIANTS[name].n_head or 2)


@pytest.mark.parametrize("name", VARIANTS)
def test_neighbours_and_weights_are_those_of_the_variant(runs, store, name):
    run = runs[name]
    found = neighbours_values.look(run, RUN)
    assert found.steps[-1] == 5 and found.missing == []
    assert (found.positions is None) == (name in ("no_position_embedding", "no_attention"))
    model = load_writer(run).model
    table, _, pictures = pretrained_values.weights([("broken", model)], "en")
    rows = [row["cells"][0]["t"] for row in json.loads(table["table"])["rows"]]
    assert any("wpe" in row for row in rows) == (found.positions is not None)
    assert any("ln_" in row for row in rows) == (name not in ("no_layer_norm", "no_attention"))
    assert pictures["about"].endswith("broken has no wpe.") == (found.positions is None)
    if name == "no_position_embedding":
        with gr.Blocks(analytics_enabled=False):
            card = OnDemand(PageContext(store, Settings()), lambda *given: None)
        assert json.loads(card.find_neighbours(run.id, RUN, "en")["facts"])["positions"] is None
        assert "no_positions_gpt:" in NeighbourPlane(render=False).js_on_load


def test_a_variant_is_told_from_the_healthy_run_where_it_stands_beside_gpt2(runs):
    for name, run in runs.items():
        config = run.config()
        said = kind_of(config.model, "en", config.variant)
        assert ("with something broken" in said) is (name is not None)
        sub = columns_of(config, "gpt2", "en")[0].sub
        assert sub.endswith("counted without the change") is (name in COMPILED)
