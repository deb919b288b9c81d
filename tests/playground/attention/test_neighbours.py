"""The neighbours' card: every snapshot in one small answer, what cannot be read left out, what is lacking said."""

import base64
import json
import shutil

import gradio as gr
import numpy as np
import pytest
import torch

from core.insight.neighbours import nearest, plane_of
from core.model import GPT, GPTConfig
from core.runs.directory import RunDir
from core.runs.plan import plan_run
from core.runs.store import RunStore
from core.runs.training_run import train_run
from core.text.corpora import own_text
from playground.attention import neighbours_values
from playground.attention.neighbours import LARGEST, NeighbourPlane
from playground.attention.neighbours_values import chosen_tokens, look
from playground.attention.on_demand import OnDemand
from playground.models import Writer
from playground.page import PageContext
from playground.prompts import GPT2, RUN
from playground.server.rights import Person
from playground.server.settings import Settings
from tests.playground.generate.test_writing import Bytes

TEXT = "Anna sang to Otto, and Otto sang to Anna: 1, 2. " * 60
SHAPES = {
    "gpt": {"block_size": 16, "n_layer": 2, "n_head": 2, "n_embd": 16},
    "modern": {"block_size": 16, "n_layer": 1, "n_head": 2, "n_embd": 16},
    "bigram": {"block_size": 16},
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("neighbours")
    for name, shape in SHAPES.items():
        plan = plan_run(own_text(TEXT), {"architecture": name}, shape, {"steps": 5, "batch_size": 8})
        for _ in train_run(plan.create(root, name)):
            pass
    return root


@pytest.fixture
def run(root) -> RunDir:
    return RunDir(root / "gpt")


@pytest.fixture
def card(root) -> OnDemand:
    with gr.Blocks(analytics_enabled=False):
        return OnDemand(PageContext(RunStore(root, 1), Settings()), lambda *given: None)


def bytes_of(packed: str, kind: str, shape: tuple) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed), kind).reshape(shape)


def test_every_snapshot_is_seen_in_the_plane_of_the_last_and_read_from_the_models_own_embedding(run):
    found = look(run, RUN)
    assert found.steps == run.snapshots() == [0, 1, 2, 5] and found.missing == []
    models = [run.load_snapshot(step) for step in found.steps]
    ids = [run.config().tokenizer["chars"].index(name) for name in found.names]
    assert sorted(ids) == list(range(found.vocab_size))
    for part, table, rows in (("wte", found.tokens, ids), ("wpe", found.positions, found.places)):
        frames = [model.transformer[part].weight[rows].detach() for model in models]
        plane = plane_of(frames[-1])
        for when, frame in enumerate(frames):
            assert torch.equal(table.points[when], plane.show(frame)[0])
            assert torch.equal(table.ids[when], nearest(frame, 5)[0])
    kinds = dict(zip(found.names, found.kinds, strict=True))
    assert (kinds["a"], kinds["t"], kinds["O"], kinds["1"], kinds[","], kinds[" "]) == (
        "vowel", "consonant", "capital", "digit", "sign", "space")  # fmt: skip
    assert dict(zip(found.names, found.counts, strict=True)) == {c: TEXT.count(c) for c in set(TEXT)}


def test_an_architecture_without_positions_shows_its_tokens_and_says_what_it_lacks(root, card):
    for name in ("bigram", "modern"):
        value = card.find_neighbours(name, RUN, "en")
        facts = json.loads(value["facts"])
        assert facts["positions"] is None and facts["architecture"] == name and facts["steps"][-1] == 5
        script = NeighbourPlane(render=False).js_on_load
        assert f"no_positions_{name}:" in script
    V = facts["vocab"]
    assert look(RunDir(root / "bigram"), RUN).tokens.width == V  # a row is what it says of each next token


def test_a_damaged_snapshot_is_left_out_and_told_and_without_any_there_is_a_sentence(root, card):
    shutil.copytree(root / "gpt", root / "damaged")
    run = RunDir(root / "damaged")
    weights = {step: run.weights_file(step) for step in run.snapshots()}
    weights[1].write_bytes(weights[1].read_bytes()[:200])
    weights[2].unlink()
    facts = json.loads(card.find_neighbours("damaged", RUN, "en")["facts"])
    assert (facts["steps"], facts["missing"]) == ([0, 5], [1, 2]) and facts["tokens"]["shape"][0] == 2
    shutil.copytree(root / "damaged", root / "all-damaged")
    for step in (0, 5):
        RunDir(root / "all-damaged").weights_file(step).write_bytes(b"damaged")
    value = card.find_neighbours("all-damaged", RUN, "vi")
    assert value["why"].startswith("Không đọc được bản chụp nào") and value["run"] == "all-damaged"


def test_where_there_is_nothing_to_look_at_the_card_says_why_in_its_language(card):
    value = card.find_neighbours("no such run", RUN, "en")
    assert value["why"].startswith("There is no run yet") and value["run"] is None
    assert "Compare tab" in card.find_neighbours("gpt", GPT2, "en")["why"]
    assert "thẻ So sánh" in card.find_neighbours("gpt", GPT2, "vi")["why"]


class Words(Bytes):
    """A large vocabulary: bytes, and a token for every number up to the last."""

    vocab_size = 50_257

    def decode(self, ids):
        return "".join(chr(i) if i < 128 else f" {i}" for i in ids)

    def token_bytes(self, i):
        return self.decode([i]).encode()


def test_of_a_large_vocabulary_the_most_frequent_tokens_of_the_text_are_looked_at(run, monkeypatch):
    monkeypatch.setattr(neighbours_values, "MOST_TOKENS", 6)
    ids, counts, part = chosen_tokens(run, Words())
    often = sorted(set(TEXT), key=lambda c: (-TEXT.count(c), c))[:6]
    assert sorted(map(chr, ids)) == sorted(often) and part == 0 and counts == [TEXT.count(chr(i)) for i in ids]
    monkeypatch.setattr(neighbours_values, "MOST_COUNTED", 40)
    ids, counts, part = chosen_tokens(run, Words())
    assert part == 40 and counts == [TEXT[:40].count(chr(i)) for i in ids]
    assert chosen_tokens(None, Words())[1] == [0] * 6  # no text: whichever come first


def test_gpt2_is_a_single_frame_of_the_most_frequent_tokens(run, card, monkeypatch):
    torch.manual_seed(0)
    model = GPT(GPTConfig(block_size=600, vocab_size=50_257, n_layer=1, n_head=1, n_embd=4)).eval()
    monkeypatch.setattr(neighbours_values, "gpt2_writer", lambda lang: Writer(model, Words()))
    value = card.find_neighbours("gpt", GPT2, "en")
    facts = json.loads(value["facts"])
    assert value["run"] is None and len(facts["steps"]) == 1 and facts["vocab"] == 50_257
    assert sorted(facts["names"]) == sorted(set(TEXT))
    assert facts["places"] == list(range(0, 600, 3)) and facts["all"] == 600


def test_who_may_not_read_the_text_is_told_nothing_that_was_counted_in_it(card, monkeypatch):
    monkeypatch.setattr(card.page, "may_change", lambda run, person: person == "host")
    own, other = (json.loads(card.find_neighbours("gpt", RUN, "en", who)["facts"]) for who in ("host", Person()))
    assert sum(own["counts"]) == len(TEXT) and set(other["counts"]) == {0}
    assert own["names"] == other["names"]


def test_numbers_travel_as_bytes_and_come_back(run):
    found = look(run, RUN)
    value = NeighbourPlane.pack(found, "a run", run.id, stamp=4)
    facts, numbers = json.loads(value["facts"]), json.loads(value["numbers"])
    for name, table in (("tokens", found.tokens), ("positions", found.positions)):
        S, N, K = facts[name]["shape"]
        points = bytes_of(numbers[name]["points"], "<i2", (S, N, 2)) / LARGEST
        assert points == pytest.approx((table.points / table.points.abs().max()).numpy(), abs=1 / LARGEST)
        assert np.array_equal(bytes_of(numbers[name]["ids"], "<u2", (S, N, K)), table.ids.numpy())
        cosines = bytes_of(numbers[name]["cosines"], "<i2", (S, N, K)) / LARGEST
        assert cosines == pytest.approx(table.cosines.numpy(), abs=1 / LARGEST)
    assert value["stamp"] == 4 and facts["tokens"]["company"] == pytest.approx(found.tokens.company, abs=1e-5)


def test_a_run_of_as_many_snapshots_and_rows_as_are_looked_at_stays_under_700_kilobytes():
    S, N = neighbours_values.MOST_FRAMES, neighbours_values.MOST_TOKENS
    frames = list(torch.randn(S, N, 8, generator=torch.Generator().manual_seed(0)))
    table = neighbours_values.table(frames, torch.ones(N, N, dtype=torch.bool))
    found = neighbours_values.Neighbours(
        list(range(S)), [], "gpt", N, ["x" * 8] * N, ["word"] * N, [10**6] * N, 0, N, list(range(N)), table, table
    )
    assert len(json.dumps(NeighbourPlane.pack(found, "x", "x"))) < 700_000


def test_what_was_looked_at_is_kept_until_the_run_goes_on(run, root, monkeypatch):
    assert look(run, RUN) is look(run, RUN)
    shutil.copytree(root / "gpt", root / "goes-on")
    again = RunDir(root / "goes-on")
    first = look(again, RUN)
    shutil.rmtree(again.path / "snapshots" / "step-0000005")
    assert look(again, RUN).steps == [0, 1, 2] and look(again, RUN) is not first
