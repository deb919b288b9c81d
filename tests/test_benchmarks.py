"""The benchmarks: every command starts, measures something, and counts as it says. What they find is not tested."""

import importlib
import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmarks import (
    ablation,
    broken,
    classroom,
    contention,
    copied,
    counting,
    generation,
    machine,
    memory,
    nanogpt,
    racing,
    report,
    throughput,
    time_to_loss,
)
from benchmarks.lecture import HeadByHead, train_head_by_head
from core import data
from core.config import GPTConfig
from core.lab.variants import Variant
from core.model import cross_entropy
from core.runs.presets import PRESETS
from core.training import StepStats, evaluate
from tests.tiny_runs import PROJECT, TEXT

COMMANDS = [
    path.stem
    for path in sorted(Path(machine.__file__).parent.glob("*.py"))
    if 'if __name__ == "__main__"' in path.read_text(encoding="utf-8")
]
TINY = GPTConfig(block_size=16, vocab_size=11, n_layer=1, n_head=2, n_embd=16)
# A stand-in for a checkout: the names that a rival is asked for, and the smallest model that has them.
MODEL_PY = """
from dataclasses import dataclass
import torch
from torch import nn
from torch.nn import functional as F

@dataclass
class GPTConfig:
    block_size: int = 8
    vocab_size: int = 11
    n_layer: int = 1
    n_head: int = 1
    n_embd: int = 8
    dropout: float = 0.0
    bias: bool = True

class GPT(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config, self.table = config, nn.Embedding(config.vocab_size, config.vocab_size)
        print("number of parameters: few")

    def forward(self, idx, targets=None):
        logits = self.table(idx)
        return logits, None if targets is None else F.cross_entropy(logits.flatten(0, 1), targets.flatten())

    def configure_optimizers(self, weight_decay, learning_rate, betas, device_type):
        return torch.optim.AdamW(self.parameters(), lr=learning_rate, betas=betas, weight_decay=weight_decay)

    def generate(self, idx, max_new_tokens):
        return torch.cat([idx, idx[:, :1].repeat(1, max_new_tokens)], dim=1)
"""


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch):
    """Two threads that wait for each other on a busy machine crawl."""
    for module in (racing, throughput, memory):
        monkeypatch.setattr(module, "threads_for", lambda *shape: 1)


@pytest.fixture
def checkout(tmp_path) -> Path:
    (tmp_path / "model.py").write_text(MODEL_PY)
    return tmp_path


@pytest.fixture
def text() -> tuple[torch.Tensor, int]:
    """A text of 1500 characters, eleven of them different."""
    return torch.randint(11, (1500,), generator=torch.Generator().manual_seed(1)), 11


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_tells_how_it_is_used(name, capsys):
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"benchmarks.{name}").main(["--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert told.startswith(f"usage: python -m benchmarks.{name}")


def test_every_command_stands_in_the_readme():
    readme = (Path(machine.__file__).parent / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"python -m benchmarks.{name}" not in readme] == []


def test_copying_is_measured_on_each_kind_of_corpus(capsys):
    copied.main(["--characters", "5000", "--text", "100", "--tries", "1", "--quick"])
    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")][2:]
    assert [cells[4].strip() for cells in rows][0::2] == ["30", "100"]  # the copy of the words, and all of one letter


def test_counting_tells_the_n_of_each_text_beside_its_bars(capsys):
    counting.main(["--corpora", "plays", "--characters", "3000"])
    *_, line = capsys.readouterr().out.splitlines()
    name, order, loss, bar, chosen, _ = (cell.strip() for cell in line.strip("| ").split("|"))
    assert (name, bar) == ("plays", "1.230") and order == chosen and 1 <= int(order) <= 16 and 0 < float(loss) < 5


# -- the frame --------------------------------------------------------------------------------------------------------


def test_peaks_are_positive_and_belong_to_their_types():
    peaks = machine.measure_peaks(side=32, megabytes=1, seconds=0.0)
    assert min(peaks.fp32, peaks.bf16, peaks.memory) > 0
    assert peaks.flops(torch.bfloat16) == 1e9 * peaks.bf16 and peaks.flops(torch.float32) == 1e9 * peaks.fp32


def test_a_busy_machine_is_told_and_an_idle_one_is_not_scolded(capsys, monkeypatch):
    for busy, warned in ((1.3, True), (0.0, False)):
        monkeypatch.setattr(machine, "_others", lambda work, seconds, busy=busy: busy)
        with machine.watched(quick=True, computes_here=False):
            pass
        told = capsys.readouterr().out
        assert ("WARNING" in told) is warned
        assert "load average" in told and f"others use {busy:.2f} cores" in told


def test_what_others_use_is_what_is_used_less_what_this_process_uses():
    assert machine._share((100.0, 10.0), (108.0, 15.0), 2.0) == pytest.approx(1.5)
    assert machine._share(None, (1.0, 1.0), 1.0) is None


def test_figures_over_seeds_are_told_with_their_spread_and_with_what_is_missing():
    assert report.spread([1.0, 2.0, 3.0]) == "2.00 (1.00 to 3.00)"
    assert report.spread([1.5], of=3) == "1.50 [1 of 3]"
    assert report.spread([], of=3) == report.NONE == report.number(None)
    assert report.size(10_788_929) == "10.8M" and report.size(124e6 * 4) == "496M" and report.size(7) == "7"


# -- the race ---------------------------------------------------------------------------------------------------------


class Falling(nn.Module):
    """A model whose loss is what somebody sets it to."""

    def __init__(self):
        super().__init__()
        self.config, self.weight, self.loss = TINY, nn.Parameter(torch.zeros(1)), 4.0

    def forward(self, idx, targets):
        return None, torch.tensor(self.loss)


def falling(name: str, steps: int, seconds: float, fall: float, order: list[str]) -> racing.Racer:
    """Line up a racer whose steps take so many seconds, and whose loss falls by as much from 4 on at each."""
    model = Falling()

    def training():
        for step in itertools.count(1):
            model.loss -= fall
            order.append(name)
            yield StepStats(step, model.loss, 0.1, 1.0, 1, seconds)

    return racing.Racer(name, model, training(), steps)


def test_racers_advance_side_by_side_and_only_training_counts(text):
    order: list[str] = []
    racers = [falling("slow", 200, 0.5, 0.01, order), falling("quick", 40, 0.1, 0.05, order)]
    racing.race(racers, text[0], targets=(3.0,))
    slow, quick = racers
    assert (slow.step, quick.step) == (200, 40) and slow.clock == pytest.approx(100) and quick.clock == pytest.approx(4)
    half = order[:120]  # of all their steps, each has taken about half of its own
    assert 80 <= half.count("slow") <= 120 and 10 <= half.count("quick") <= 30
    assert slow.milliseconds == pytest.approx(500)


def test_a_target_is_reached_at_the_first_look_that_sees_it_and_looks_are_close_there(text):
    racer = falling("one", 200, 0.5, 0.01, [])
    racing.race([racer], text[0], targets=(3.0,))
    step, clock = racer.reached(3.0)
    assert 100 <= step <= 104 and clock == pytest.approx(0.5 * step)  # the loss is 3.0 at step 100; a look every 2 %
    assert racer.reached(1.9) is None and racer.end == pytest.approx(2.0)
    far = [b - a for (a, _, x), (b, *_) in itertools.pairwise(racer.curve) if x > 3.2]
    assert set(far) == {12}


def test_the_clock_can_decide_whose_turn_it_is(text):
    order: list[str] = []
    racers = [falling("slow", 100, 1.0, 0.01, order), falling("quick", 100, 0.1, 0.01, order)]
    racing.race(racers, text[0], targets=(), by="clock")
    assert set(order[-50:]) == {"slow"}  # the quick one was through before a fifth of the other's time was over


def test_a_preset_in_the_race_learns_what_it_learns_on_the_page(text):
    racer = racing.ours("tiny", PRESETS["tiny"], *text, seed=3, most_steps=6)
    again = racing.ours("tiny", PRESETS["tiny"], *text, seed=3, most_steps=6)
    racing.race([racer], data.split(text[0], 1)[1], targets=())
    *_, last = again.training
    assert last.step == 6 and last.val_loss == pytest.approx(racer.end, abs=1e-6)


# -- nanoGPT ----------------------------------------------------------------------------------------------------------


def test_a_folder_that_is_no_checkout_is_refused(tmp_path):
    with pytest.raises(ValueError, match="There is no model.py in .*; name a checkout"):
        nanogpt.load_nanogpt(tmp_path)


def test_the_rival_follows_its_recipe(checkout, text, capsys):
    racer = nanogpt.rival(nanogpt.load_nanogpt(checkout), *text, seed=1)
    rates = [next(racer.training).learning_rate for _ in range(3)]
    assert rates == pytest.approx([1e-3 / 101, 2e-3 / 101, 3e-3 / 101])  # warm-up over 100 steps
    assert racer.steps == 2000 and capsys.readouterr().out == ""  # what it prints is nobody's business
    x, y = nanogpt._batch(text[0][:1350].numpy(), torch.Generator().manual_seed(1))
    assert x.shape == y.shape == (12, 64) and torch.equal(x[:, 1:], y[:, :-1])


def test_the_rival_is_judged_as_ours_are(checkout, text):
    racer = nanogpt.rival(nanogpt.load_nanogpt(checkout), *text, seed=1, most_steps=3)
    val = data.split(text[0], 1)[1]
    racing.race([racer], val, targets=())
    x, y = data.windows(val, 64)
    assert racer.end == pytest.approx(cross_entropy(racer.model.table.weight[x], y).item(), abs=1e-5)
    assert racer.end == evaluate(racer.model, val)


# -- the commands -----------------------------------------------------------------------------------------------------


def test_time_to_loss_prints_a_row_a_run_and_a_row_a_recipe(checkout, text, monkeypatch, capsys):
    monkeypatch.setattr(time_to_loss, "read_text", lambda corpus: text)
    flags = ["--presets", "tiny", "--also", "strict", "--seeds", "2", "--steps", "3", "--quick"]
    time_to_loss.main(["--nanogpt", str(checkout), *flags])
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    runs = ["| nanoGPT", "| tiny", "| strict"]
    assert [row[0] for row in rows] == ["| run", "| ---", *runs, *runs, "| run", "| ---", *runs]
    assert {len(row) for row in rows[:8]} == {11} and {len(row) for row in rows[8:]} == {9}


def test_a_variant_is_trained_beside_the_healthy_run_on_every_seed_and_what_it_wrote_is_read(tmp_path, capsys):
    (tmp_path / "own.txt").write_text(TEXT)
    asked = ["--text", str(tmp_path / "own.txt"), "--steps", "2", "--seeds", "2", "--characters", "30"]
    broken.main([*asked, "--only", "no_causal_mask", "no_attention"])
    told = capsys.readouterr().out.splitlines()
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in told if line.startswith("|")]
    assert [cells[0] for cells in rows] == ["run", "---", "healthy", "no_causal_mask", "no_attention"]
    seeds = {line.split(":")[0].strip(): float(line.split(":")[1]) for line in told if line.startswith("  seed")}
    assert len(seeds) == 6
    mean = {name: (seeds[f"seed 1, {name}"] + seeds[f"seed 2, {name}"]) / 2 for name in ("healthy", "no_causal_mask")}
    loss, difference, within, outcome, check, _, text, pairs = rows[3][1:]
    assert float(loss.split()[0]) == pytest.approx(mean["no_causal_mask"], abs=1e-3)
    assert float(difference) == pytest.approx(mean["no_causal_mask"] - mean["healthy"], abs=1e-3)
    assert float(within) > 0 and outcome in ("noise", "worse", "better") and check == "better_but_garbage"
    assert 1 < float(text.split()[0]) < 9 and 0 < float(pairs.split()[0]) < 100


def test_a_difference_below_twice_its_standard_error_is_noise():
    assert broken.noise([1, 2, 3], [4, 5, 6]) == pytest.approx(2 * (1 / 3 + 1 / 3) ** 0.5)
    assert broken.outcome([1, 2, 3], [1.5, 2.5, 3.5]) == "noise"
    assert broken.outcome([1, 2, 3], [5, 6, 7]) == "worse" and broken.outcome([1, 2, 3], [-5, -6, -7]) == "better"
    assert broken.outcome([1], [9]) == "one seed" and broken.outcome([1, 2], [1, float("inf")]) == "worse"


def test_a_claim_holds_where_it_was_measured():
    def runs(loss: float, text: float) -> list[broken.Measured]:
        return [broken.Measured(loss + shift, text + shift, 0.1) for shift in (-1e-3, 0.0, 1e-3)]

    healthy = runs(2.0, 2.1)
    for loss, text, right in (
        (2.5, 2.1, "worse"), (2.0, 2.1, "same"), (2.02, 2.1, "worse same"),
        (1.0, 3.0, "better_but_garbage"), (1.0, 2.0, ""),
    ):  # fmt: skip
        for check in ("worse", "same", "better_but_garbage"):
            variant = Variant("odd", "", check)
            assert broken.holds(variant, healthy, runs(loss, text)) is (check in right.split()), (loss, text, check)
    assert broken.holds(Variant("odd", "", "worse"), healthy[:1], runs(2.5, 2.1)[:1]) is None


def test_pairs_that_the_text_never_has_are_counted_as_often_as_they_come():
    assert broken.unseen_pairs("abab", "ab ba") == 0 and broken.unseen_pairs("aabaa", "ab ba") == 0.5
    assert broken.unseen_pairs("x", "ab") == 0


def test_ablation_tells_every_variant_beside_the_whole_recipe(text, monkeypatch, capsys):
    monkeypatch.setattr(ablation, "read_text", lambda corpus: text)
    drawn_anew = list(ablation.VARIANTS).index("windows drawn with replacement")
    ablation.main(["--steps", "2", "--only", "1", str(drawn_anew), "--quick"])
    told = capsys.readouterr().out
    named = ("express", "AdamW instead of Muon", "windows drawn with replacement")
    assert all(f"| {name} | 2 |" in told for name in named)
    assert data.Batches.__module__ == "core.data"  # the stand-in is gone again


def test_windows_drawn_anew_are_a_function_of_seed_and_step_too(text):
    batches = ablation.AnyWindows(text[0], 8, 4, seed=1)
    x, y = batches.at(5)
    assert x.shape == (4, 8) and torch.equal(x[:, 1:], y[:, :-1])
    assert torch.equal(x, ablation.AnyWindows(text[0], 8, 4, seed=1).at(5)[0])
    assert not torch.equal(x, batches.at(6)[0])


def test_throughput_counts_the_formulas_operations_against_the_peak_of_the_type(capsys):
    throughput.main(["--presets", "bigram", "--rounds", "1", "--seconds", "0", "--quick"])
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("| bigram"))
    assert "| 4.22k | fp32 | 1 |" in row and row.endswith("% |")


def test_the_lectures_own_code_is_the_lecture_presets_model():
    assert sum(parameter.numel() for parameter in HeadByHead(65).parameters()) == 10_788_929
    assert next(train_head_by_head(torch.randint(11, (300,)), 11, batch_size=1)) > 0


def test_all_writers_write_as_many_tokens_as_they_are_asked_for(checkout):
    found = generation.writers(TINY, nanogpt.load_nanogpt(checkout))
    assert [writer.name.split(",")[0] for writer in found] == ["ours", "ours", "transformers", "nanoGPT"]
    assert [writer.write(5) for writer in found] == [5, 5, 5, 5]
    # One block of 12 C^2 + 13 C, a head of 11 C, two numbers a channel at the end: each four bytes.
    assert found[0].bytes_read == 4 * (12 * 16**2 + 13 * 16 + 11 * 16 + 2 * 16) == 4 * found[1].bytes_read


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="it reads Linux's own figures")
def test_the_peak_of_a_run_counts_what_came_after_the_model():
    assert memory.peak_of(PRESETS["bigram"], steps=2, whole=False) >= 0


def test_contention_tells_each_way_of_waiting_on_the_machine_as_it_is_and_beside_others(capsys):
    contention.main(["--presets", "bigram", "--spinners", "1", "--rounds", "1", "--steps", "1", "--quick"])
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| bigram")]
    assert [row[1] for row in rows] == ["nobody", "1 others"] and {len(row) for row in rows} == {7}
    assert all(float(cell.strip("| ").replace(",", "")) > 0 for row in rows for cell in row[2:])


def test_a_class_is_judged_by_its_slowest_and_by_how_equal_its_runs_are():
    assert classroom.jain([5, 5, 5, 5]) == 1.0 and classroom.jain([8, 0, 0, 0]) == 0.25 and classroom.jain([0]) == 0.0
    assert classroom.at([3.0, 1.0, 2.0], 0.5) == 2.0 and classroom.at([3.0, 1.0, 2.0], 1.0) == 3.0
    assert classroom.at([], 0.95) is None


@pytest.mark.slow
def test_a_small_class_fails_no_request_and_has_the_losses_of_a_run_alone(capsys):
    classroom.main(["--clients", "3", "--minutes", "0.1", "--preset", "tiny", "--within", "1", "--alone", "20"])
    told = capsys.readouterr().out
    assert "and 3 presses, 0 failed" in told and "3 of 3 runs showed a point" in told
    compared = re.search(r"others: (\d+) steps compared, 0 differ", told)
    assert int(compared[1]) > 5 and told.rstrip().endswith("0 tracebacks")


# -- dying well: short forms of what the benchmarks do at length ------------------------------------------------------


def _table(name: str, *flags: str) -> list[dict[str, str]]:
    """Run a benchmark as a user does, and return the rows of its tables, each by the names of its columns."""
    command = [sys.executable, "-m", f"benchmarks.{name}", *flags]
    told = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in told.splitlines() if line[:1] == "|"]
    heads = [i - 1 for i, cells in enumerate(rows) if cells[0] == "---"]
    return [dict(zip(rows[head], cells, strict=True)) for head, end in zip(heads, [*heads[1:], len(rows)], strict=True)
            for cells in rows[head + 2 : end]]  # fmt: skip


def test_damaged_and_hostile_run_folders_are_read_or_refused_in_a_sentence():
    (found,) = _table("damaged", "--folders", "12")
    counts = [found[name] for name in ("folders", "crashes", "executions", "no sentence", "neighbours harmed")]
    assert counts == ["12", "0", "0", "0", "0"]


@pytest.mark.slow
def test_kills_while_saving_ends_of_servers_and_stopped_workers_lose_nothing():
    killed, ended, stopped = _table("killing", "--kills", "5", "--ends", "1", "--stops", "2")
    for each in (killed, stopped):
        assert [each[name] for name in ("states lost", "unreadable", "stray files", "other losses")] == ["0"] * 4
    assert [ended[name] for name in ("steps lost", "not in pause", "stray files")] == ["0"] * 3


@pytest.mark.slow
def test_of_servers_and_command_lines_that_reach_for_one_run_one_gets_it():
    for found in _table("races", "--races", "2"):
        counts = [found[name] for name in ("steps trained twice", "steps missing", "runs that are not done")]
        assert counts == ["0", "0", "0"]
