"""A run leaves the page as a folder that Hugging Face's own classes load."""

import io
import tempfile
import zipfile

import pytest
import torch
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.pretrained.family import is_gpt2_shaped
from core.runs.config import tokenizer_from_json
from core.runs.directory import RunDir
from core.runs.plan import plan_run
from core.runs.store import RunStore
from core.runs.training_run import train_run
from core.text.corpora import Corpus
from playground.server.routes import Routes
from playground.train import downloads as train_downloads
from tests.tiny_runs import TEXT, tiny_plan


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> RunStore:
    return RunStore(tmp_path_factory.mktemp("runs"), workers=1)


@pytest.fixture(scope="module")
def run(store) -> RunDir:
    run = tiny_plan(2).create(store.root)
    list(train_run(run))
    return run


@pytest.fixture
def client(store) -> TestClient:
    return TestClient(Starlette(routes=Routes(store, train_downloads.DOWNLOADS).list()), raise_server_exceptions=False)


@pytest.mark.parametrize("step", [0, 2])
def test_the_zip_holds_a_model_that_hugging_face_loads_with_the_same_logits(client, run, step, tmp_path, monkeypatch):
    from transformers import GPT2LMHeadModel

    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    answer = client.get(f"/playground/run/{run.id}/huggingface.zip?step={step}")
    assert answer.status_code == 200 and f"step-{step}.zip" in answer.headers["content-disposition"]
    assert list((tmp_path / "temporary").iterdir()) == []  # nothing stays behind
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        packed.extractall(tmp_path)
        (folder,) = {name.split("/")[0] for name in packed.namelist()}
    theirs = GPT2LMHeadModel.from_pretrained(tmp_path / folder).eval()
    ids = torch.tensor([tokenizer_from_json(run.config().tokenizer).encode(run.text()[:6])])
    with torch.no_grad():
        expected = run.load_snapshot(step)(ids)[0]
        torch.testing.assert_close(theirs(ids).logits, expected, atol=1e-5, rtol=0)


def test_what_is_no_gpt2_is_refused_in_a_sentence_and_not_offered(client, store, run):
    plan = plan_run(Corpus("own", TEXT), {"architecture": "bigram"}, {"block_size": 8}, {"steps": 1})
    other = plan.create(store.root)
    list(train_run(other))
    answer = client.get(f"/playground/run/{other.id}/huggingface.zip")
    assert answer.status_code == 404 and "is no GPT-2" in answer.json()["error"]
    assert is_gpt2_shaped(run.config().model) and not is_gpt2_shaped(other.config().model)
