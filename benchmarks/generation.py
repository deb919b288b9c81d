"""How fast we write, one text at a time, beside transformers with its cache and nanoGPT, which has none.

    python -m benchmarks.generation --nanogpt ../nanoGPT --rounds 3

Two sizes: the lecture's (10.8 million parameters, 250 tokens in a window of 256) and GPT-2 small (200 tokens). Weights
are random: how fast a token comes does not depend on them. transformers writes with the very weights of ours, nanoGPT
with its own of the same shape. All draw from the model's whole distribution, by turns; figures are medians.

To write a token, every weight is read once (but for the positions, and the rows of the embedding where the head is not
the same matrix): so bytes of weights over the memory's GB/s, both measured, is as fast as fp32 can be, unless the
weights fit into the processor's caches.
"""

import argparse
import io
import statistics
import time
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn

from benchmarks.machine import Peaks, watched
from benchmarks.nanogpt import build, load_nanogpt
from benchmarks.report import NONE, head, row, size
from core.config import GPTConfig
from core.formula import count_of
from core.model import GPT
from core.pretrained.conversion import to_hf
from core.pretrained.family import gpt2_config
from core.pretrained.rounded import int8
from core.sampling import generate

SHAPE_OF_BOTH = {"block_size", "vocab_size", "n_layer", "n_head", "n_embd", "bias", "dropout"}
PROMPT = [1, 2, 3, 4]  # with what is written, it fits into the smaller window
WARM = 4  # tokens written before anybody is timed
SIZES: dict[str, tuple[GPTConfig, int]] = {
    "10.8M": (GPTConfig(block_size=256, vocab_size=65, n_layer=6, n_head=6, n_embd=384), 250),
    "124M": (gpt2_config("gpt2"), 200),
}


@dataclass(frozen=True)
class Writer:
    """Somebody who writes: `write` continues the prompt by that many tokens and returns how many came."""

    name: str
    write: Callable[[int], int]
    bytes_read: float  # of weights, for every token


def main(arguments: list[str] | None = None) -> None:
    """Print a table a size: tokens a second, GB/s of weights, and how many times as fast we are."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generation", description=__doc__.split("\n")[0])
    parser.add_argument("--nanogpt", type=Path, help="a checkout of karpathy/nanoGPT; without, it is left out")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, help="write so many, to try the command out")
    parser.add_argument("--quick", action="store_true", help="measure the machine's peaks in passing")
    asked = parser.parse_args(arguments)
    module = load_nanogpt(asked.nanogpt) if asked.nanogpt else None
    with watched(quick=asked.quick) as peaks:
        for name in asked.sizes:
            config, tokens = SIZES[name]
            measure(name, writers(config, module), asked.tokens or tokens, asked.rounds, peaks)


def writers(config: GPTConfig, module: ModuleType | None = None) -> list[Writer]:
    """Return all who can write with a model of this shape; ours comes first."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = GPT(config).eval()
        theirs = build(module, **config.model_dump(include=SHAPE_OF_BOTH)).eval() if module else None
    read = 4.0 * (count_of(config) - config.block_size * config.n_embd)
    idx = torch.tensor([PROMPT])
    found = [Writer("ours, fp32", _ours(model, idx), read)]
    found.append(Writer("ours, int8", _ours(int8(model), idx), read / 4))
    found.append(Writer("transformers, with its cache, fp32", _transformers(to_hf(model), idx), read))
    if theirs is not None:
        found.append(Writer("nanoGPT, no cache, fp32", _nanogpt(theirs, idx), read))
    return found


def _ours(model: nn.Module, idx: Tensor) -> Callable[[int], int]:
    return lambda tokens: sum(1 for _ in generate(model, idx, tokens, seed=1))


def _transformers(model: nn.Module, idx: Tensor) -> Callable[[int], int]:
    def write(tokens: int) -> int:
        options = {"do_sample": True, "top_k": 0, "use_cache": True, "pad_token_id": 0}
        with torch.no_grad():
            written = model.generate(
                idx, attention_mask=torch.ones_like(idx), max_new_tokens=tokens, min_new_tokens=tokens, **options
            )
        return written.shape[1] - idx.shape[1]

    return write


def _nanogpt(model: nn.Module, idx: Tensor) -> Callable[[int], int]:
    def write(tokens: int) -> int:
        with torch.no_grad():
            return model.generate(idx, tokens).shape[1] - idx.shape[1]

    return write


def measure(name: str, found: list[Writer], tokens: int, rounds: int, peaks: Peaks) -> None:
    """Let everybody write by turns, and print what it comes to."""
    taken: dict[str, list[float]] = {writer.name: [] for writer in found}
    with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        for number in range(rounds + 1):
            for writer in found:
                wanted = tokens if number else min(tokens, WARM)
                began = time.perf_counter()
                written = writer.write(wanted)
                seconds = time.perf_counter() - began
                assert written == wanted, f"{writer.name} wrote {written} tokens instead of {wanted}"
                if number:
                    taken[writer.name].append(wanted / seconds)
            print(f"{name}: round {number} of {rounds}", flush=True)
    ours = statistics.median(taken[found[0].name])
    head(f"{name}, {tokens} tokens", "tokens/s", "least", "most", "GB/s of weights", "% of memory's", "ours, fp32 / it")
    for writer in found:
        rates = taken[writer.name]
        median = statistics.median(rates)
        read = median * writer.bytes_read / 1e9
        speeds = (f"{median:,.1f}", f"{min(rates):,.1f}", f"{max(rates):,.1f}")
        ratio = NONE if writer is found[0] else f"{ours / median:.2f}"
        row(writer.name, *speeds, f"{read:.1f}", f"{100 * read / peaks.memory:.0f} %", ratio)
    limit = peaks.memory * 1e9 / found[0].bytes_read
    print(f"\nfp32 weights of {size(found[0].bytes_read)}B at {peaks.memory:.1f} GB/s: {limit:,.1f} tokens/s at most")


if __name__ == "__main__":
    main()
