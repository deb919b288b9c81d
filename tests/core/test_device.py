"""Where a run computes, and with how many threads: by what the machine has, and by how large the steps are."""

import os

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from core import device
from core.architectures import build_model
from core.config import BigramConfig, GPTConfig
from core.device import DEVICES, choose_device, cores, step_flops, threads_for


@pytest.fixture
def machine(monkeypatch):
    """Return a function that makes this machine have CUDA or MPS, or not."""

    def has(cuda: bool = False, mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return has


@pytest.mark.parametrize(
    ("has", "chosen"),
    [({}, "cpu"), ({"cuda": True}, "cuda"), ({"mps": True}, "mps"), ({"cuda": True, "mps": True}, "cuda")],
    ids=str,
)
def test_auto_takes_the_fastest_device_there_is(machine, has, chosen):
    machine(**has)
    assert choose_device() == choose_device("auto") == torch.device(chosen)


def test_a_device_that_is_there_is_taken_by_name(machine):
    machine(cuda=True, mps=True)
    assert [choose_device(name).type for name in DEVICES[1:]] == ["cpu", "cuda", "mps"]


def test_a_device_that_is_not_there_is_refused_with_those_that_are(machine):
    machine()
    for name in ("cuda", "mps", "tpu", "", "cuda:7", "meta"):
        with pytest.raises(ValueError, match=f"^device='{name}' is not on this machine; choose auto or one of: cpu$"):
            choose_device(name)


def test_cores_are_those_that_this_process_may_use(monkeypatch):
    assert 1 <= cores() <= os.cpu_count()
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 5, 6}, raising=False)
    assert cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cores() == os.cpu_count()


@pytest.mark.parametrize(("n_layer", "n_embd", "block_size"), [(2, 64, 32), (4, 128, 64), (3, 96, 128)], ids=str)
def test_the_estimate_of_a_step_is_about_what_pytorch_counts(n_layer, n_embd, block_size):
    config = GPTConfig(block_size=block_size, vocab_size=65, n_layer=n_layer, n_head=4, n_embd=n_embd)
    with torch.device("meta"), FlopCounterMode(display=False) as counted:
        idx = torch.zeros(8, block_size, dtype=torch.long)
        build_model(config)(idx, idx)[1].backward()
    assert step_flops(config, batch_size=8) == pytest.approx(counted.get_total_flops(), rel=0.1)


def test_a_bigrams_step_costs_what_its_rows_cost():
    assert step_flops(BigramConfig(block_size=8, vocab_size=65), batch_size=4) == 6 * 4 * 8 * 65


def test_small_steps_take_one_thread_and_large_ones_the_cores_up_to_a_limit(monkeypatch):
    small = GPTConfig(block_size=32, vocab_size=65, n_layer=2, n_head=2, n_embd=32)
    large = GPTConfig(block_size=256, vocab_size=65, n_layer=6, n_head=6, n_embd=384)
    for here, expected in ((1, 1), (2, 2), (4, 4), (64, device.MOST_THREADS)):
        monkeypatch.setattr(device, "cores", lambda here=here: here)
        assert threads_for(large, batch_size=16) == expected
        assert threads_for(small, batch_size=4) == 1
        assert threads_for(BigramConfig(block_size=8, vocab_size=65), batch_size=16) == 1
