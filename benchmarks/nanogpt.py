"""nanoGPT as a rival: its own model and optimizer from a checkout that the command line names, and its CPU recipe.

Nothing of it is kept here. What its train.py does around the model is done anew, step by step: windows drawn at random
from 16-bit tokens, cosine with warm-up, gradients clipped, AdamW as its `configure_optimizers` makes it, all in fp32,
as it runs on a CPU. Left out, to its advantage: reading the file anew for each batch, and a printed line a step.
"""

import contextlib
import importlib.util
import io
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.racing import Racer
from core import data
from core.config import TrainConfig
from core.optim import learning_rate
from core.training import StepStats

THREADS = torch.get_num_threads()  # as many as torch takes by itself: asked before anybody else is lined up
# The command of its README for a CPU, over config/train_shakespeare_char.py.
SHAPE = {"block_size": 64, "n_layer": 4, "n_head": 4, "n_embd": 128, "dropout": 0.0, "bias": False}
BATCH = 12
RECIPE = TrainConfig(
    steps=2000,
    batch_size=BATCH,
    learning_rate=1e-3,
    min_learning_rate=0.1,  # 1e-4
    schedule="cosine",
    warmup_steps=100,
    weight_decay=0.1,
    beta1=0.9,
    beta2=0.99,
    grad_clip=1.0,
)


def load_nanogpt(checkout: Path) -> ModuleType:
    """Import model.py of a checkout of github.com/karpathy/nanoGPT; ValueError when it is not there."""
    path = Path(checkout) / "model.py"
    if not path.is_file():
        raise ValueError(f"There is no model.py in {checkout}; name a checkout of github.com/karpathy/nanoGPT")
    spec = importlib.util.spec_from_file_location("nanogpt_model", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclass looks itself up there
    spec.loader.exec_module(module)
    return module


def build(module: ModuleType, **shape: object) -> nn.Module:
    """Build its GPT of a shape, without the lines that it prints."""
    with contextlib.redirect_stdout(io.StringIO()):
        return module.GPT(module.GPTConfig(**shape))


def rival(module: ModuleType, tokens: Tensor, vocab_size: int, seed: int, most_steps: int | None = None) -> Racer:
    """Line up nanoGPT's CPU recipe; most_steps ends it early."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = build(module, vocab_size=vocab_size, **SHAPE)
    with contextlib.redirect_stdout(io.StringIO()):
        optimizer = model.configure_optimizers(
            RECIPE.weight_decay, RECIPE.learning_rate, (RECIPE.beta1, RECIPE.beta2), "cpu"
        )
    text = data.split(tokens, SHAPE["block_size"])[0].numpy().astype(np.uint16)  # as its prepare.py cuts it
    training = _train(model, optimizer, text, torch.Generator().manual_seed(seed))
    return Racer("nanoGPT", model, training, min(RECIPE.steps, most_steps or RECIPE.steps), THREADS)


def _train(
    model: nn.Module, optimizer: torch.optim.Optimizer, text: np.ndarray, random: torch.Generator
) -> Iterator[StepStats]:
    model.train()
    for step in range(RECIPE.steps):
        began = time.perf_counter()
        rate = learning_rate(step, RECIPE)
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = model(*_batch(text, random))[1]
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), RECIPE.grad_clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        loss = loss.item()
        seconds = time.perf_counter() - began
        yield StepStats(step + 1, loss, rate, float(norm), BATCH * SHAPE["block_size"], seconds)


def _batch(text: np.ndarray, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw x, y (B, T): windows that begin anywhere, with replacement, each made a tensor of its own and stacked."""
    T = SHAPE["block_size"]
    starts = torch.randint(len(text) - T, (BATCH,), generator=random).tolist()
    x, y = (
        torch.stack([torch.from_numpy(text[start + ahead : start + ahead + T].astype(np.int64)) for start in starts])
        for ahead in (0, 1)
    )
    return x, y
