"""A variant is planned as a healthy run's twin, and trains, rests, goes on, is loaded and writes as any other run."""

import itertools
import json
import re
from collections import Counter

import pytest
import torch

from core import data
from core.config import BigramConfig, TrainConfig
from core.lab.twins import plan_variant
from core.lab.variants import VARIANTS
from core.parameters import count_parameters
from core.runs.built import model_of
from core.runs.config import RunConfig, tokenizer_from_json
from core.runs.directory import RunDir
from core.runs.durable import read_json
from core.runs.plan import again, extend, plan_run
from core.runs.training_run import train_run
from core.sampling import generate
from core.text.corpora import Corpus
from core.tokenizers import split
from tests.older_runs import version_1_run
from tests.tiny_runs import MODEL, PROJECT, TEXT, TRAIN, losses, refusal, undisturbed

STEPS = 4
BIGRAM = {"block_size", "vocab_size"}  # what a bigram has of a shape


def healthy_run(root, options=(), model=(), **train) -> RunDir:
    """Plan a run of a GPT with as many options of its own as it can have."""
    options = {"sample_tokens": 4, "preset": "tiny", **dict(options)}
    shape = {"block_size": 8} if options.get("architecture") == "bigram" else {**MODEL, "dropout": 0.1, **dict(model)}
    return plan_run(
        Corpus("own", TEXT, entropy=lambda start, end: 0.5),
        options,
        shape,
        {**TRAIN, "steps": STEPS, **train},
        memory=10**9,
    ).create(root)


def different(one: dict, other: dict) -> set[str]:
    """Return the keys that only one of two dicts has, or that they have differently."""
    return {key for key in one.keys() | other.keys() if one.get(key, "missing") != other.get(key, "missing")}


# -- the plan ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VARIANTS)
def test_a_twin_differs_from_the_healthy_run_in_nothing_but_the_variant(tmp_path, name):
    run = healthy_run(tmp_path)
    plan = plan_variant(run, name)
    mine, healthy = plan.config.to_json(), run.config().to_json()
    differing = different(mine, healthy) - {"model", "train"}
    for part in ("model", "train"):
        differing |= {f"{part}.{key}" for key in different(mine[part], healthy[part])}
    expected = {
        "one_head": {"model.n_head"},
        "learning_rate_x_100": {"train.learning_rate", "train.muon_learning_rate"},
        "no_attention": {"architecture", *(f"model.{key}" for key in healthy["model"].keys() - BIGRAM)},
        "shuffled_text": {"entropy"},
    }
    assert differing == {"variant", "created", "text_sha256"} | expected.get(name, set())
    assert mine["variant"] == name
    assert (plan.text == run.text()) is (not VARIANTS[name].shuffles)
    assert plan.parameters == count_parameters(model_of(plan.config))["total"]


def test_the_rates_of_both_optimizers_are_a_hundred_times_as_high(tmp_path):
    train = plan_variant(healthy_run(tmp_path), "learning_rate_x_100").config.train
    defaults = TrainConfig()
    assert train.learning_rate == pytest.approx(100 * defaults.learning_rate)
    assert train.muon_learning_rate == pytest.approx(100 * defaults.muon_learning_rate)
    high = healthy_run(tmp_path, learning_rate=0.5)
    assert refusal(plan_variant, high, "learning_rate_x_100").startswith("learning_rate=50.0 is not possible")


def test_a_twin_may_have_another_seed(tmp_path):
    run = healthy_run(tmp_path, seed=5)
    assert plan_variant(run, "one_head").config.train.seed == 5
    assert plan_variant(run, "one_head", seed=6).config.train.seed == 6
    texts = [plan_variant(run, "shuffled_text", seed=seed).text for seed in (None, 5, 6)]
    assert texts[0] == texts[1] != texts[2]
    for seed in (-1, 0.5, "7", True):
        assert refusal(plan_variant, run, "one_head", seed).startswith("seed=")


def test_a_shuffled_text_has_the_letters_of_each_part_in_no_order(tmp_path):
    run = healthy_run(tmp_path)
    plan = plan_variant(run, "shuffled_text")
    for before, after in zip(split(TEXT, 8), split(plan.text, 8), strict=True):
        assert before != after and Counter(before) == Counter(after)
    assert plan.config.entropy is None is not run.config().entropy, "it is known of the text in its order"


def test_what_a_variant_does_not_fit_is_refused(tmp_path):
    run = healthy_run(tmp_path)
    for name in ("", "one_hand", 3, None, {}):
        assert refusal(plan_variant, run, name).startswith("There is no variant ")
    broken = plan_variant(run, "no_scaling").create(tmp_path)
    assert refusal(plan_variant, broken, "one_head").startswith("This run is a variant already (no_scaling)")
    for architecture in ("modern", "bigram"):
        shape = {key: value for key, value in MODEL.items() if architecture == "modern"} or {"block_size": 8}
        other = plan_run(Corpus("own", TEXT), {"architecture": architecture}, shape, {}, memory=10**9).create(tmp_path)
        assert refusal(plan_variant, other, "no_causal_mask").startswith("Variants change GPT-2's architecture")
    single = healthy_run(tmp_path, model={"n_head": 1})
    for name in ("one_head", "scaling_by_n_embd"):
        assert refusal(plan_variant, single, name).startswith(f"{name} would change nothing in a run with n_head=1")
    assert plan_variant(single, "no_scaling").config.variant == "no_scaling"


def test_word_pieces_and_published_weights_are_refused(tmp_path):
    run = healthy_run(tmp_path)
    plain = read_json(run.path / "run.json")
    pieces = {**plain, "tokenizer": {"kind": "gpt2"}, "model": {**plain["model"], "vocab_size": 50257}}
    (run.path / "run.json").write_text(json.dumps(pieces))
    for name in ("shuffled_text", "no_attention"):
        assert refusal(plan_variant, run, name).startswith(f"{name} needs tokens of one character")
    assert plan_variant(run, "no_layer_norm").config.tokenizer == {"kind": "gpt2"}
    (run.path / "run.json").write_text(json.dumps({**pieces, "weights": "gpt2"}))
    assert refusal(plan_variant, run, "one_head").startswith("This run begins with GPT-2's weights")


# -- the run -----------------------------------------------------------------------------------------------------------


def seen_batches(monkeypatch, run: RunDir) -> list[tuple]:
    """Train a run to its end, and return the batches that it learned from."""
    seen = []

    class Watched(data.Batches):
        def at(self, step):
            seen.append(super().at(step))
            return seen[-1]

    with monkeypatch.context() as patch:
        patch.setattr(data, "Batches", Watched)
        assert len(list(train_run(run))) == STEPS
    return seen


@pytest.mark.parametrize("name", VARIANTS)
def test_a_twin_learns_from_the_same_batches_and_starts_with_the_same_weights(tmp_path, monkeypatch, name):
    run = healthy_run(tmp_path)
    plan = plan_variant(run, name)
    twin = plan.create(tmp_path)
    mine, theirs = seen_batches(monkeypatch, twin), seen_batches(monkeypatch, run)
    assert len(mine) == len(theirs) == STEPS
    for one, other in zip(itertools.chain(*mine), itertools.chain(*theirs), strict=True):
        assert one.shape == other.shape
        assert torch.equal(one, other) is (not VARIANTS[name].shuffles)
    if not VARIANTS[name].shuffles:
        assert twin.text() == run.text()
    first = [each.load_snapshot(0).state_dict() for each in (twin, run)]
    if VARIANTS[name].architecture == "gpt":
        assert all(torch.equal(value, first[1][key]) for key, value in first[0].items())


def test_a_shuffled_text_is_cut_at_the_same_places(tmp_path):
    run = healthy_run(tmp_path)
    plan = plan_variant(run, "shuffled_text")
    encode, seed = tokenizer_from_json(plan.config.tokenizer).encode, plan.config.train.seed
    cut = [data.Batches(torch.arange(len(split(encode(text), 8)[0])), 8, 2, seed) for text in (run.text(), plan.text)]
    assert all(torch.equal(cut[0].at(step)[0], cut[1].at(step)[0]) for step in (0, 7, 5000))


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_that_rested_goes_on_bit_for_bit_and_is_loaded_as_it_was(tmp_path, name):
    plan = plan_variant(healthy_run(tmp_path), name)
    whole = undisturbed(tmp_path / "whole", plan)
    run = plan.create(tmp_path)
    assert run.config().variant == name
    training = train_run(run)
    next(training), next(training)
    training.close()
    assert run.status().state == "paused" and len(list(train_run(run))) == STEPS - 2
    assert losses(run) == whole and run.status().state == "done"
    model = run.load_snapshot()
    kept = model.state_dict()
    fresh = model_of(run.config()).eval()
    assert {key: value.shape for key, value in fresh.state_dict().items()} == {k: v.shape for k, v in kept.items()}
    fresh.load_state_dict(kept)
    idx = torch.arange(8)[None] % run.config().model.vocab_size
    assert torch.equal(model(idx)[0], fresh(idx)[0])
    ids = [[token.id for token in generate(each, idx, 12, seed=1)] for each in (model, fresh)]
    assert ids[0] == ids[1] and all("text" in row for row in run.rows("samples")[0])


def test_a_variant_is_run_again_and_trained_further_as_a_variant(tmp_path):
    run = plan_variant(healthy_run(tmp_path), "no_causal_mask").create(tmp_path)
    list(train_run(run))
    assert again(run, new_seed=True).config.variant == "no_causal_mask"
    assert extend(run, 2 * STEPS).config().variant == "no_causal_mask"
    assert type(run.load_snapshot()).__name__ == "no_causal_mask"


def test_nobody_builds_a_runs_model_but_by_the_one_way():
    past_it = re.compile(r"(build_model|empty_model)\([\w.]*config(\(\))?\.model\b")
    files = [path for room in ("core", "playground", "benchmarks") for path in (PROJECT / room).rglob("*.py")]
    assert past_it.search("net = build_model(self.config.model)") and past_it.search("empty_model(run.config().model)")
    found = [path.name for path in files if past_it.search(path.read_text(encoding="utf-8"))]
    assert found == ["built.py"]


# -- run.json ----------------------------------------------------------------------------------------------------------


def test_a_healthy_run_says_nothing_of_variants_and_older_runs_are_healthy(tmp_path):
    plain = healthy_run(tmp_path).config().to_json()
    assert "variant" not in plain and RunConfig.from_json(plain).variant is None
    assert version_1_run(tmp_path).config().variant is None


def test_a_variant_that_there_is_not_or_that_does_not_fit_damages_run_json(tmp_path):
    run = plan_variant(healthy_run(tmp_path), "no_causal_mask").create(tmp_path)
    plain = run.config().to_json()
    assert RunConfig.from_json(plain).to_json() == plain
    for variant in (
        "",
        "os.system",
        5,
        ["no_scaling"],
        {"edits": [["B", "C"]]},
        "no_attention",
        "one_head",
        "x" * 10**6,
    ):
        said = refusal(RunConfig.from_json, {**plain, "variant": variant})
        assert said.startswith("run.json does not describe a run (") and len(said) < 400, said
    assert "GPT-2's weights" in refusal(RunConfig.from_json, {**plain, "weights": "gpt2"})
    bigram = BigramConfig(block_size=8, vocab_size=plain["model"]["vocab_size"]).model_dump()
    changed = {**plain, "architecture": "bigram", "model": bigram}
    assert "does not fit this model" in refusal(RunConfig.from_json, changed)
    assert RunConfig.from_json({**changed, "variant": "no_attention"}).variant == "no_attention"
