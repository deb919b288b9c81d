"""How fast each preset trains, and how much that is of what the machine can do; and the lecture's own code beside ours.

    python -m benchmarks.throughput --seconds 5 --rounds 3
    python -m benchmarks.throughput --lecture --rounds 5

The presets take turns, some seconds each; figures are medians over all their steps but the first of a turn. Operations
are counted by the formula of core.runs.machine.step_flops, so the share of the peak is one of useful work: dropout,
Muon and rounding cost time and count for nothing. The peak is that of matrix products in the type that the preset
computes in.
"""

import argparse
import statistics
import time
from collections.abc import Iterator

import torch
from torch import Tensor

from benchmarks.lecture import HeadByHead, train_head_by_head
from benchmarks.machine import Peaks, watched
from benchmarks.racing import NEVER, ours, shape_of
from benchmarks.report import head, number, row, size
from core.config import TrainConfig
from core.formula import count_of
from core.precision import compute_dtype
from core.runs.machine import step_flops, threads_for
from core.runs.presets import PRESETS, Preset
from core.tokenizers import GPT2_VOCAB_SIZE

CHARACTERS = 65  # of Tiny Shakespeare; how fast a step is does not depend on the text, so it is noise here
LEAST = 2  # steps of a turn, however long they take: the first is not counted
MOST_PRESETS = [name for name in PRESETS if name != "gpt2"]  # which takes gigabytes, and seconds a step


def main(arguments: list[str] | None = None) -> None:
    """Print a row a preset, or with --lecture a row a side and their ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__.split("\n")[0])
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=MOST_PRESETS, metavar="PRESET")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0, help="of a turn; at least two steps")
    parser.add_argument("--lecture", action="store_true", help="the lecture preset beside the lecture's own code")
    parser.add_argument("--batch", type=int, help="with --lecture: a smaller batch, to try the command out")
    parser.add_argument("--quick", action="store_true", help="measure the machine's peaks in passing")
    asked = parser.parse_args(arguments)
    threads = torch.get_num_threads()
    with watched(quick=asked.quick) as peaks:
        if asked.lecture:
            compare_with_the_lecture(asked.rounds, asked.batch, peaks, threads)
        else:
            measure(asked.presets, asked.rounds, asked.seconds, peaks)


def measure(names: list[str], rounds: int, seconds: float, peaks: Peaks) -> None:
    """Let the presets take turns and print what each comes to."""
    sizes = {name: GPT2_VOCAB_SIZE if PRESETS[name].tokenizer == "gpt2" else CHARACTERS for name in names}
    runs = {name: steps_of(PRESETS[name], sizes[name]) for name in names}
    for name in names:
        for _ in range(LEAST):  # first uses
            next(runs[name])
    taken: dict[str, list[float]] = {name: [] for name in names}
    for number_ in range(rounds):
        for name in names:
            taken[name] += _turn(runs[name], seconds)
        print(f"round {number_ + 1} of {rounds}", flush=True)
    head("preset", "parameters", "type", "threads", "ms/step", "steps/s", "tokens/s", "GFLOP/s", "% of peak")
    for name in names:
        shape, batch = shape_of(PRESETS[name], sizes[name]), TrainConfig.parse(PRESETS[name].train).batch_size
        _tell(name, shape, batch, statistics.median(taken[name]), peaks)


def steps_of(preset: Preset, vocab_size: int, batch_size: int | None = None) -> Iterator[float]:
    """Train a preset on noise for as long as it is asked; yield the seconds of every step."""
    train = {**preset.train, "steps": NEVER}
    if batch_size is not None:
        train["batch_size"] = batch_size
    racer = ours("", Preset(preset.model, train, preset.architecture), _noise(vocab_size), vocab_size, seed=1)
    while True:
        torch.set_num_threads(racer.threads)
        yield next(racer.training).seconds


def compare_with_the_lecture(rounds: int, batch: int | None, peaks: Peaks, threads: int) -> None:
    """Train both sides by turns, a step each, and print medians and their ratio."""
    preset = PRESETS["lecture"]
    shape = shape_of(preset, CHARACTERS)
    batch = batch or preset.train["batch_size"]
    parameters = sum(p.numel() for p in HeadByHead(CHARACTERS).parameters())
    assert parameters == count_of(shape), "both sides are the same model"
    sides = {
        "ours": steps_of(preset, CHARACTERS, batch),
        "head by head, fp32": train_head_by_head(_noise(CHARACTERS), CHARACTERS, batch),
    }
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds + 1):
        for name, steps in sides.items():
            torch.set_num_threads(threads)
            seconds = next(steps)
            if turn:  # the first pays for first uses
                taken[name].append(seconds)
                print(f"round {turn}: {name} {seconds:.2f} s", flush=True)
    medians = {name: statistics.median(each) for name, each in taken.items()}
    head("lecture preset", "parameters", "s/step", "least", "most", "GFLOP/s")
    for name, each in taken.items():
        rate = step_flops(shape, batch) / medians[name] / 1e9
        row(name, size(parameters), f"{medians[name]:.2f}", f"{min(each):.2f}", f"{max(each):.2f}", f"{rate:,.0f}")
    ratio = medians["head by head, fp32"] / medians["ours"]
    print(f"\nThe lecture's code takes {ratio:.2f} times as long as ours (medians of {rounds}, by turns)")


def _turn(steps: Iterator[float], seconds: float) -> list[float]:
    until, taken = time.perf_counter() + seconds, []
    while len(taken) < LEAST or time.perf_counter() < until:
        taken.append(next(steps))
    return taken[1:]  # the first finds cold caches


def _tell(name: str, shape, batch: int, seconds: float, peaks: Peaks) -> None:
    dtype = compute_dtype(torch.device("cpu"), getattr(shape, "n_embd", 0))
    rate = step_flops(shape, batch) / seconds
    kind = "bf16" if dtype == torch.bfloat16 else "fp32"
    speeds = (f"{1000 * seconds:.2f}", number(1 / seconds, 1), f"{batch * shape.block_size / seconds:,.0f}")
    share = f"{100 * rate / peaks.flops(dtype):.0f} %"
    row(name, size(count_of(shape)), kind, threads_for(shape, batch), *speeds, f"{rate / 1e9:,.0f}", share)


def _noise(vocab_size: int) -> Tensor:
    return torch.randint(vocab_size, (200_000,), generator=torch.Generator().manual_seed(1))


if __name__ == "__main__":
    main()
