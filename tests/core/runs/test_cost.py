"""How long a run will take: two numbers of the machine, measured in a moment and kept in a file."""

import json
import math

import pytest
import torch

from core.config import BigramConfig, GPTConfig
from core.runs import cost as speed
from core.runs.cost import BIGRAM_LAYERS, Speed, measure_speed
from core.runs.machine import step_flops

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


def test_a_disturbed_measurement_still_gives_numbers_that_predict(monkeypatch):
    """The wide model may by chance have been as quick as the narrow one."""
    for times in ([0.01, 0.01], [0.02, 0.01], [0.0, 0.0], [0.001, 5.0]):
        rest = iter(times)
        monkeypatch.setattr(speed, "_step_seconds", lambda *_, rest=rest: next(rest))
        found = measure_speed()
        assert 0 <= found.per_layer < math.inf and 0 < found.flops_per_second < math.inf
        assert found.seconds(DEEP, 16, 10) >= 0


def test_a_real_measurement_gives_sensible_numbers():
    found = measure_speed(probe_steps=1)
    assert 0 <= found.per_layer < 10 and 1e6 < found.flops_per_second < 1e16


def test_measuring_leaves_the_number_of_threads_and_the_worlds_randomness_alone():
    torch.manual_seed(5)
    state = torch.get_rng_state()
    torch.set_num_threads(3)
    measure_speed(probe_steps=1)
    assert torch.get_num_threads() == 3 and torch.equal(torch.get_rng_state(), state)


def test_a_speed_comes_back_from_its_file(tmp_path):
    path = tmp_path / "machine.json"
    assert Speed.load(path) is None
    for machine in (Speed(1e-3, 2.5e10), Speed(0.0, 1.0)):
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
    ):  # fmt: skip
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
        assert Speed.load(path) is None, content[:30]
