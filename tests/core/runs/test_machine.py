"""What a step costs, and how many threads it is worth."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from core.architectures import build_model
from core.config import BigramConfig, GPTConfig
from core.runs import machine
from core.runs.machine import step_flops, threads_for


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
    for here, expected in ((1, 1), (2, 2), (4, 4), (64, machine.MOST_THREADS)):
        monkeypatch.setattr(machine, "cores", lambda here=here: here)
        assert threads_for(large, batch_size=16) == expected
        assert threads_for(small, batch_size=4) == 1
        assert threads_for(BigramConfig(block_size=8, vocab_size=65), batch_size=16) == 1
