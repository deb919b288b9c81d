"""What a step costs, and how many threads it is worth."""

import functools
import math
import os
import subprocess
import sys

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from core.architectures import build_model
from core.config import BigramConfig, GPTConfig, ModernConfig
from core.runs import machine, waiting
from core.runs.cost import flops_per_token
from core.runs.machine import Load, cores, step_flops, threads_for
from core.runs.waiting import CALM, WAITING, Waiting, set_waiting
from tests.tiny_runs import PROJECT


@pytest.mark.parametrize(("n_layer", "n_embd", "block_size"), [(2, 64, 32), (4, 128, 64), (3, 96, 128)], ids=str)
def test_the_estimate_of_a_step_is_about_what_pytorch_counts(n_layer, n_embd, block_size):
    config = GPTConfig(block_size=block_size, vocab_size=65, n_layer=n_layer, n_head=4, n_embd=n_embd)
    with torch.device("meta"), FlopCounterMode(display=False) as counted:
        idx = torch.zeros(8, block_size, dtype=torch.long)
        build_model(config)(idx, idx)[1].backward()
    assert step_flops(config, batch_size=8) == pytest.approx(counted.get_total_flops(), rel=0.1)


@pytest.mark.parametrize("shape", [GPTConfig, ModernConfig])
def test_what_is_only_looked_up_is_not_counted_as_operations(shape):
    """With a wte of its own beside the head, or with a large vocabulary, the difference is a third of all."""
    sizes = {"block_size": 32, "vocab_size": 2000, "n_layer": 2, "n_head": 4, "n_embd": 64}
    config = shape(**sizes, tie_weights=False)
    with torch.device("meta"), FlopCounterMode(display=False) as counted:
        idx = torch.zeros(8, 32, dtype=torch.long)
        build_model(config)(idx, idx)[1].backward()
    assert step_flops(config, batch_size=8) == pytest.approx(counted.get_total_flops(), rel=0.06)
    if shape is GPTConfig:
        assert step_flops(config, 8) == step_flops(shape(**sizes, tie_weights=True), 8)


class Counted:
    """A number that counts the operations done with it."""

    done = 0

    def __init__(self, value: float):
        self.value = value

    def _done(self, value: float) -> "Counted":
        Counted.done += 1
        return Counted(value)

    def __add__(self, other):
        return self._done(self.value + other.value)

    def __sub__(self, other):
        return self._done(self.value - other.value)

    def __mul__(self, other):
        return self._done(self.value * other.value)

    def exp(self):
        return self._done(math.exp(self.value))


@pytest.mark.parametrize("size", [65, 500])
def test_a_bigrams_step_costs_what_a_count_by_hand_gives(size):
    """Of one token: the loss from its row of logits, and the gradient, which is added to that of the row."""
    row, target = [Counted(0.01 * i) for i in range(size)], 3
    Counted.done, largest = 0, max(row, key=lambda logit: logit.value)
    powers = [(logit - largest).exp() for logit in row]
    total = functools.reduce(Counted.__add__, powers)
    loss = math.log(total.value) - (row[target] - largest).value
    forward = Counted.done
    share, mean, gradient = Counted(1 / total.value), Counted(1 / 32), [Counted(0.0) for _ in row]
    probs = [power * share for power in powers]
    probs[target] = probs[target] - Counted(1.0)
    gradient = [old + prob * mean for old, prob in zip(gradient, probs, strict=True)]
    values = torch.tensor([logit.value for logit in row], requires_grad=True)
    expected = torch.nn.functional.cross_entropy(values[None], torch.tensor([target]))
    assert loss == pytest.approx(expected.item(), rel=1e-5)
    expected.backward()
    assert [entry.value * 32 for entry in gradient] == pytest.approx(values.grad.tolist(), abs=1e-5)
    assert flops_per_token(BigramConfig(block_size=8, vocab_size=size)) == (3 * size, 6 * size)
    assert (forward, Counted.done) == (pytest.approx(3 * size, abs=1), pytest.approx(6 * size, abs=2))
    assert step_flops(BigramConfig(block_size=8, vocab_size=size), batch_size=4) == 4 * 8 * 6 * size


def test_small_steps_take_one_thread_and_large_ones_the_cores_up_to_a_limit(monkeypatch):
    small = GPTConfig(block_size=32, vocab_size=65, n_layer=2, n_head=2, n_embd=32)
    large = GPTConfig(block_size=256, vocab_size=65, n_layer=6, n_head=6, n_embd=384)
    for here, expected in ((1, 1), (2, 2), (4, 4), (64, machine.MOST_THREADS)):
        monkeypatch.setattr(machine, "cores", lambda here=here: here)
        assert threads_for(large, batch_size=16) == expected
        assert threads_for(small, batch_size=4) == 1
        assert threads_for(BigramConfig(block_size=8, vocab_size=65), batch_size=16) == 1


def test_cores_are_those_that_this_process_may_use(monkeypatch):
    monkeypatch.setattr(machine, "cpu_limit", lambda: None)
    assert 1 <= cores() <= os.cpu_count()
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 5, 6}, raising=False)
    assert cores() == 3
    for limit, expected in ((2.0, 2), (1.5, 2), (0.1, 1), (64.0, 3)):
        monkeypatch.setattr(machine, "cpu_limit", lambda limit=limit: limit)
        assert cores() == expected
    monkeypatch.setattr(machine, "cpu_limit", lambda: None)
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cores() == os.cpu_count()


def test_what_others_compute_is_all_that_was_computed_but_this_processs_own():
    assert Load(12.0, 3.0, 102.0).others_since(Load(10.0, 2.0, 100.0)) == 0.5
    assert Load(11.0, 4.0, 102.0).others_since(Load(10.0, 2.0, 100.0)) == 0.0  # clocks of different ticks


def test_a_machine_is_busy_when_little_is_left_of_its_cores(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    for load, busy in ((0.5, False), (2.9, False), (3.1, True), (9.0, True)):
        monkeypatch.setattr(os, "getloadavg", lambda load=load: (load, 0.0, 0.0), raising=False)
        assert machine.is_busy() is busy
    monkeypatch.delattr(os, "getloadavg")
    assert machine.is_busy() is False


class Scheduler:
    """A kernel that tells what it is told to tell, and a clock that goes a second a look."""

    def __init__(self):
        self.now, self.computed, self.delayed = 0.0, 1.0, 0.5

    def tell(self) -> tuple[float, float]:
        return self.computed, self.delayed

    def look(self, looker: Waiting, delayed: float, computed: float = 1.0) -> bool:
        """Let threads compute and wait for a core meanwhile; return whether they wait briefly for each other now."""
        self.now, self.computed, self.delayed = self.now + 1, self.computed + computed, self.delayed + delayed
        looker.look()
        return looker.team is not None


class Asleep:
    """A team that is none."""

    def __init__(self, size: int):
        assert size >= 1

    def end(self) -> None:
        pass


@pytest.fixture
def nothing_said(monkeypatch):
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    monkeypatch.setattr(waiting, "can_look", lambda: True)


def test_threads_spin_long_on_a_quiet_machine_and_briefly_beside_others(monkeypatch, nothing_said):
    monkeypatch.setattr(waiting, "Team", Asleep)
    kernel = Scheduler()
    looker = Waiting(kernel.tell, lambda: kernel.now)
    assert kernel.look(looker, 9.0)  # nothing is known yet
    assert [kernel.look(looker, 0.01) for _ in range(CALM)] == [True] * (CALM - 1) + [False]
    assert not kernel.look(looker, 0.12)  # between the two bounds all stays
    assert kernel.look(looker, 9.0)
    assert [kernel.look(looker, each) for each in (0.12, 0.01, 0.5, 0.01)] == [True] * 4  # calm is counted anew
    assert not kernel.look(looker, 0.01)
    assert not kernel.look(looker, 0.01, computed=0.001)  # it has computed nothing: that says nothing
    kernel.now -= 1  # and no second look at once
    assert not kernel.look(looker, 9.0)


def test_where_somebody_said_how_to_wait_or_nothing_is_told_nobody_looks(monkeypatch, nothing_said):
    monkeypatch.setattr(waiting, "can_look", lambda: False)
    assert not Waiting().is_on
    monkeypatch.setattr(waiting, "can_look", lambda: True)
    assert Waiting().is_on
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    assert not Waiting().is_on
    monkeypatch.setattr(os, "scandir", lambda path: [])
    assert waiting.waited() is None


@pytest.mark.skipif(waiting.waited() is None, reason="this system does not tell how long threads wait")
def test_a_sleeping_team_changes_no_number_and_leaves_nothing_behind():
    def products(sleeping: bool) -> list[float]:
        torch.manual_seed(1)
        x, threads = torch.randn(256, 256), len(os.listdir("/proc/self/task"))
        team = waiting.Team(3) if sleeping else None
        torch.set_num_threads(2)
        found = [(x @ x.roll(k, 0)).sum().item() for k in range(9)] + [x.softmax(-1).sum().item()]
        if team:
            assert len(os.listdir("/proc/self/task")) >= threads + 3
            team.end()
            assert not team.thread.is_alive()
        return found

    products(False)  # its own second thread is there by then
    assert products(True) == products(False)
    before = waiting.waited()
    sum(range(300_000))
    assert waiting.waited()[0] > before[0]


def test_threads_wait_briefly_and_then_sleep_unless_somebody_said_how(monkeypatch):
    """Spinning for long, as OpenMP does by itself, makes a step ten times as long beside other work."""
    for given, expected in (
        ({}, WAITING),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, {"OMP_WAIT_POLICY": "ACTIVE"}),
        ({"GOMP_SPINCOUNT": "7"}, {"GOMP_SPINCOUNT": "7"}),
    ):
        set_waiting(given)
        assert given == expected
    program = (
        "import os, sys; from core.runs import processes; assert 'torch' not in sys.modules; processes.prepare(); "
    )
    program += "print(os.environ['GOMP_SPINCOUNT'])"
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == WAITING["GOMP_SPINCOUNT"]
