"""train(), with all that happens written into the run's directory: what the command line and the workers both drive.

A generator like train() itself: a turn is a step. Closing it pauses the run; throwing `Stopped` into it ends the run
where it stands. Either way the directory holds all that is needed to go on exactly, and so it does after a crash, from
the last state that was saved.
"""

import functools
import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import asdict

import torch

from core import data
from core.architectures import build_model
from core.device import choose_device, threads_for
from core.optim import make_optimizer
from core.pretrained import loader as gpt2
from core.runs.config import RunConfig, Status
from core.runs.directory import RunDir
from core.sampling import generate
from core.text.ngrams import baselines
from core.tokenizers import Tokenizer, tokenizer_from_json
from core.training import Diverged, StepStats, evaluate, train

SAVE_EVERY = 5.0  # seconds of training between two resume states, or more when saving is slow
WRITE_EVERY = 0.1  # seconds between two writes of metrics
SAMPLE_SEED = 1
FIRST_TOKENS = 2048  # of each part for the estimate at step 0: untrained, a model finds every window equally hard


class Stopped(Exception):
    """Thrown into a recording to end its run where it stands."""


def is_snapshot_step(step: int) -> bool:
    """Tell whether a step is one of 0, 1, 2, 5, 10, 20, 50, 100 ...: most looks where most happens."""
    return step == 0 or str(step).rstrip("0") in {"1", "2", "5"}


def train_run(run: RunDir) -> Iterator[StepStats]:
    """Train the run in its directory from where it stands, one step a turn, and write down what happens.

    The directory's status says "running" from the first turn on, and at the end "done", "stopped" (after Stopped),
    "paused" (after close) or "failed" with a sentence. Errors in what the run asks for are raised as ValueError.
    """
    recording = _prepared(run)
    try:
        yield from recording.steps()
        recording.leave("done")
    except GeneratorExit:
        recording.leave("paused")
        raise
    except Stopped:
        recording.leave("stopped")
    except Diverged as error:
        recording.give_up(error)
    except KeyboardInterrupt:  # in the middle of a step: what was saved before it is whole
        run.write_status(Status("paused", recording.saved_step))
        raise
    except Exception as error:
        run.write_status(Status("failed", recording.step, f"Training ended with an error: {error!s:.300}"))
        raise


def end(run: RunDir) -> None:
    """End a run that nobody trains at the moment, where it stands."""
    if run.status().state in ("queued", "paused"):
        _prepared(run).leave("stopped")


def _prepared(run: RunDir) -> "_TrainingRun":
    """Make ready to train; what stands in the way (a damaged file, no memory) is the run's status too."""
    try:
        return _TrainingRun(run)
    except Exception as error:
        run.write_status(Status("failed", run.status().step, f"{error!s:.300}"))
        raise


class _TrainingRun:
    """The run as it is trained in this process: model, optimizer, and what has not been written yet."""

    def __init__(self, run: RunDir):
        self.run, self.config = run, run.config()
        self.threads = threads_for(self.config.model, self.config.train.batch_size)
        torch.set_num_threads(self.threads)
        self.tokenizer = tokenizer_from_json(self.config.tokenizer)
        self.tokens = data.as_tokens(self.tokenizer.encode(run.text()))
        self.splits = data.split(self.tokens, self.config.model.block_size)
        device = choose_device(self.config.device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.config.train.seed)
            self.model = build_model(self.config.model).to(device)
        self.optimizer = make_optimizer(self.model, self.config.train)
        state = run.read_resume(self.model, self.optimizer)
        if state is None:
            state = {"step": 0, "elapsed": 0.0}
            if self.config.weights == "gpt2":
                gpt2.start_from(self.model)
        self.step, self.elapsed = state["step"], state["elapsed"]
        self.unwritten: list[dict] = []
        self.written_at = self.saved_at = time.monotonic()
        self.saved_step, self.save_took = self.step, 0.0
        self.losses: dict[str, float | None] = {"train": None, "val": None}

    def steps(self) -> Iterator[StepStats]:
        """Yield the steps that are left, each written down as it comes."""
        self._say("running")
        if self.step == 0:
            self._first_look()
        for stats in train(self.model, self.tokens, self.config.train, optimizer=self.optimizer, start_step=self.step):
            self.step = stats.step
            self.elapsed += stats.seconds
            self.unwritten.append(_row(stats, self.elapsed))
            evaluated = stats.val_loss is not None
            if evaluated:
                self.losses = {"train": stats.train_loss, "val": stats.val_loss}
                self._sample()
            if is_snapshot_step(stats.step):
                self._snapshot()
            now = time.monotonic()
            if evaluated or stats.step <= 3 or now - self.written_at > WRITE_EVERY:
                self._write()
            if now - self.saved_at > max(SAVE_EVERY, 20 * self.save_took):
                self._save()
            if self.needs_baselines and self.elapsed > 1.0:
                self._count_baselines()
            yield stats
            torch.set_num_threads(self.threads)  # other runs take turns in this process

    def leave(self, state: str) -> None:
        """Write all that is not written yet, and say where the run stands."""
        self._write()
        if self.step != self.saved_step:
            self._save()
        if state != "paused" and self.step not in self.run.snapshots():
            self._snapshot()
        self._say(state)
        if self.needs_baselines:  # a run too short to have come to it
            self._count_baselines()

    def give_up(self, error: Diverged) -> None:
        """End a run whose loss is no longer a number; the model holds its last good weights again."""
        self.unwritten.append({"step": error.step, "loss": None, "elapsed": self.elapsed})
        self._write()
        self.step = error.kept_step
        if self.step not in self.run.snapshots():
            self._snapshot()
        self._say("failed", str(error))

    @functools.cached_property
    def needs_baselines(self) -> bool:
        return self.run.baselines() is None

    def _first_look(self) -> None:
        """Write down what the untrained model makes of the text: step 0 of the story."""
        limit = min(self.config.train.eval_tokens, FIRST_TOKENS)
        train_loss, val_loss = (evaluate(self.model, part, limit) for part in self.splits)
        self.losses = {"train": train_loss, "val": val_loss}
        self.unwritten.append({"step": 0, "train_loss": train_loss, "val_loss": val_loss, "elapsed": 0.0})
        self._write()  # who watches sees the first point before the first sample is written
        self._sample()
        self._snapshot()

    def _sample(self) -> None:
        text = sample_text(self.model, self.tokenizer, self.config)
        self.run.append("samples", [{"step": self.step, **self.losses, "text": text}])

    def _snapshot(self) -> None:
        if self._is_sound():
            self.run.write_snapshot(self.model, self.step, self.losses)

    def _is_sound(self) -> bool:
        """Tell whether all weights are numbers: a step may break them, and only the next one's loss tells."""
        return all(torch.isfinite(parameter).all() for parameter in self.model.parameters())

    def _write(self) -> None:
        self.run.append("metrics", self.unwritten)
        self.unwritten = []
        self.written_at = time.monotonic()
        self._say("running")

    def _save(self) -> None:
        self._write()
        began = time.monotonic()
        if self._is_sound():
            self.run.write_resume(self.model, self.optimizer, self.step, {"elapsed": self.elapsed})
        self.saved_at, self.saved_step = time.monotonic(), self.step
        self.save_took = self.saved_at - began

    def _say(self, state: str, message: str | None = None) -> None:
        self.run.write_status(Status(state, self.step, message, os.getpid()))

    def _count_baselines(self) -> None:
        values = _baselines_of(*self.splits, self.config.model.vocab_size)
        if self.config.floor is not None:
            values = {**values, "floor": self.config.floor}
        self.run.write_baselines(values)
        self.needs_baselines = False


def sample_text(model: torch.nn.Module, tokenizer: Tokenizer, config: RunConfig) -> str:
    """Write the run's sample: what the model makes of the run's prompt, always from the same seed."""
    prompt = torch.tensor([tokenizer.encode(config.prompt)])
    ids = [token.id for token in generate(model, prompt, config.sample_tokens, seed=SAMPLE_SEED)]
    return tokenizer.decode(ids)


def _row(stats: StepStats, elapsed: float) -> dict:
    row = {key: value for key, value in asdict(stats).items() if value is not None}
    return {**row, "elapsed": round(elapsed, 4), "time": round(time.time(), 3)}


_counted: dict[str, dict[str, float]] = {}  # by checksum: runs on the same text count its n-grams once


def _baselines_of(train_tokens: torch.Tensor, val_tokens: torch.Tensor, vocab_size: int) -> dict[str, float]:
    key = hashlib.sha256(train_tokens.numpy().tobytes() + val_tokens.numpy().tobytes()).hexdigest()
    if key not in _counted:
        _counted[key] = asdict(baselines(train_tokens.numpy(), val_tokens.numpy(), vocab_size))
    return _counted[key]
