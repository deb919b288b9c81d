"""How long a run will take: two numbers of the machine, measured in a moment and kept in a file."""

import json

import pytest
import torch

from core.config import BigramConfig, GPTConfig, TrainConfig
from core.formula import count_of
from core.runs import cost as speed
from core.runs.cost import BIGRAM_LAYERS, Speed, disk_needed, large_needs, measure_speed, run_seconds, shape_key
from core.runs.machine import step_flops
from core.runs.presets import PRESETS

SMALL = GPTConfig(block_size=32, vocab_size=65, n_layer=2, n_head=2, n_embd=32)
DEEP = SMALL.model_copy(update={"n_layer": 8})
WIDE = SMALL.model_copy(update={"n_embd": 128})


def test_a_prediction_is_steps_times_layers_and_operations():
    machine = Speed(per_layer=0.001, flops_per_second=1e9)
    expected = 0.001 * 3 + step_flops(SMALL, 16) / 1e9
    assert machine.seconds(SMALL, 16, 1) == pytest.approx(expected)
    assert machine.seconds(SMALL, 16, 1000) == pytest.approx(1000 * expected)
    bigram = BigramConfig(block_size=8, vocab_size=65)
    assert machine.seconds(bigram, 4, 1) == pytest.approx(BIGRAM_LAYERS * 0.001 + step_flops(bigram, 4) / 1e9)


def test_more_of_anything_takes_longer():
    machine = Speed(per_layer=0.001, flops_per_second=1e9)
    for larger in (DEEP, WIDE, SMALL.model_copy(update={"block_size": 64})):
        assert machine.seconds(larger, 16, 1) > machine.seconds(SMALL, 16, 1)
    assert machine.seconds(SMALL, 32, 1) > machine.seconds(SMALL, 16, 1)


def test_the_two_numbers_are_found_again_from_the_steps_that_they_predict(monkeypatch):
    machine = Speed(per_layer=0.002, flops_per_second=3e10)
    monkeypatch.setattr(speed, "_step_seconds", lambda model, batch, steps, threads: machine.seconds(model, batch, 1))
    found = measure_speed()
    assert (found.per_layer, found.flops_per_second) == pytest.approx((0.002, 3e10))


def test_a_measurement_that_leaves_nothing_for_a_layer_has_failed(monkeypatch, tmp_path):
    """The wide model may by chance have been as quick as the narrow one, or both as quick as their operations."""
    for times in ([0.01, 0.01], [0.02, 0.01], [0.0, 0.0], [0.001, 5.0]):
        rest = iter(times)
        monkeypatch.setattr(speed, "_step_seconds", lambda *_, rest=rest: next(rest))
        assert (found := measure_speed()) is None or found.per_layer > 0
    monkeypatch.setattr(speed, "_step_seconds", lambda model, batch, *_: 0.02)
    guess = measure_speed(guess=True)  # where nothing better can be had: half of the time for each of the two numbers
    wide = GPTConfig(block_size=64, vocab_size=65, n_layer=3, n_head=4, n_embd=256)
    assert guess.rough and guess.seconds(wide, 16, 1) == pytest.approx(0.02)
    for layer, is_known in ((0.0, False), (1e-9, True)):
        Speed(layer, 1e9).save(tmp_path / "machine.json")
        assert (Speed.load(tmp_path / "machine.json") is not None) is is_known


def test_a_real_measurement_gives_sensible_numbers():
    found = measure_speed(probe_steps=1)
    assert found is None or (0 < found.per_layer < 10 and 1e6 < found.flops_per_second < 1e16)


def test_measuring_leaves_the_number_of_threads_and_the_worlds_randomness_alone():
    torch.manual_seed(5)
    state = torch.get_rng_state()
    torch.set_num_threads(3)
    measure_speed(probe_steps=1)
    assert torch.get_num_threads() == 3 and torch.equal(torch.get_rng_state(), state)


def test_a_speed_comes_back_from_its_file(tmp_path):
    path = tmp_path / "machine.json"
    assert Speed.load(path) is None
    for machine in (Speed(1e-3, 2.5e10), Speed(1e-9, 1.0, {"shape": [0.5, 2.0]}), Speed(1e-3, 2e9, rough=True)):
        machine.save(path)
        assert Speed.load(path) == machine
    assert [file.name for file in tmp_path.iterdir()] == ["machine.json"]


def test_a_damaged_file_is_as_none(tmp_path):
    path = tmp_path / "machine.json"
    for content in (
        "", "{", "[1, 2]", "null", "{}", '{"per_layer": 1}', "[" * 100_000, "\udcff\udcfe\0",
        *(f'{{"per_layer": {layer}, "flops_per_second": {rate}}}' for layer, rate in (
            (1, 0), (1, -5), ('"x"', 5), (1, "null"), ("NaN", 5), (1, "Infinity"), (-1, 5))),
        json.dumps({"per_layer": 1, "flops_per_second": 5, "more": 1}),
        *(json.dumps({"per_layer": 1, "flops_per_second": 5, "learned": learned})
          for learned in (5, [], {"a": 1}, {"a": [1]}, {"a": [0, 1]}, {"a": ["x", 1]}, {"a": [1, -1]})),
    ):  # fmt: skip
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
        assert Speed.load(path) is None, content[:30]


def test_a_run_takes_as_long_as_runs_of_its_shape_took():
    train = TrainConfig(steps=100, eval_interval=30)  # estimates at 0, 30, 60, 90 and 100
    learned = {shape_key(SMALL, train): [0.5, 2.0]}
    assert run_seconds(Speed(1e-3, 1e9, learned), SMALL, train) == 100 * 0.5 + 5 * 2.0
    longer = train.model_copy(update={"steps": 200, "seed": 5, "learning_rate": 0.1})
    assert run_seconds(Speed(1e-3, 1e9, learned), SMALL, longer) == 200 * 0.5 + 8 * 2.0
    assert shape_key(SMALL.model_copy(update={"vocab_size": 70}), train) == shape_key(SMALL, train)
    others = [(DEEP, train), (SMALL.model_copy(update={"dropout": 0.1}), train),
              (SMALL, train.model_copy(update={"optimizer": "adamw"}))]  # fmt: skip
    assert not {shape_key(*other) for other in others} & learned.keys()


def test_a_predicted_run_includes_its_estimates_and_samples():
    machine, train = Speed(1e-3, 1e9), TrainConfig(steps=100, eval_interval=50, eval_tokens=10_000)
    alone = machine.seconds(SMALL, train.batch_size, train.steps)
    often = train.model_copy(update={"eval_interval": 5})
    assert alone < run_seconds(machine, SMALL, train) < run_seconds(machine, SMALL, often)
    assert run_seconds(machine, SMALL, train, sample_tokens=1000) > run_seconds(machine, SMALL, train)


def test_large_runs_say_what_they_take_before_they_start():
    finetune = PRESETS["finetune"]
    shape, train = GPTConfig(vocab_size=50_257, **finetune.model), TrainConfig.parse(finetune.train)
    weights = 4 * count_of(shape)
    # Eight snapshots (0, 1, 2, 5, 10, 20, 50, 60) do not fit into 2 GB; two states of three numbers a parameter beside.
    assert disk_needed(shape, train) == 4 * weights + 3 * 3 * weights
    assert large_needs(shape, train, memory=10**9).keys() == {"disk", "memory"}
    assert large_needs(shape, train, memory=10**12).keys() == {"disk"}
    assert large_needs(SMALL, TrainConfig(), memory=10**9) == {}
