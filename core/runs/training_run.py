"""Train a run and write everything that happens into its directory, for the command line and the workers alike.

`train_run` is a generator like `core.training.train`, and yields one step a turn. Closing it pauses the run; throwing
`Stopped` into it ends the run at its current step. Either way the directory holds all that is needed to go on exactly.
After a crash, the run goes on from the last state that was saved.
"""

import hashlib
import os
import time
from collections.abc import Generator
from dataclasses import asdict

import torch

from core import data
from core.architectures import build_model
from core.device import choose_device
from core.model import GPT
from core.modern import Model
from core.optim import make_optimizer
from core.pretrained import loader
from core.runs.config import RunConfig, State, Status, tokenizer_from_json
from core.runs.directory import RunDir
from core.runs.learned import learn
from core.runs.machine import Load, threads_for
from core.runs.memory import told
from core.runs.snapshots import is_snapshot_step
from core.sampling import generate
from core.text.ngrams import baselines
from core.tokenizers import Tokenizer
from core.training import Diverged, StepStats, evaluate, train

SAVE_EVERY = 5.0  # seconds of training between two resume states, or more when saving is slow
WRITE_EVERY = 0.1  # seconds between two writes of metrics
SAMPLE_SEED = 1
FIRST_TOKENS = 2048  # of each part, for the estimate at step 0: all windows are equally hard for an untrained model


class Stopped(Exception):
    """Thrown into `train_run` to end the run at its current step."""


def train_run(run: RunDir) -> Generator[StepStats, None, None]:
    """Train a run from its current step, one step a turn, and write what happens into its directory.

    Its status is "running" from the first turn on, and in the end "done", "stopped" (after Stopped), "paused" (after
    close) or "failed" with a sentence. Raises ValueError when the run cannot be trained as its directory says.
    """
    training = _prepared(run)
    try:
        yield from training.steps()
        training.leave("done")
    except GeneratorExit:
        training.leave("paused")
        raise
    except Stopped:
        training.leave("stopped")
    except Diverged as error:
        training.give_up(error)
    except KeyboardInterrupt:  # in the middle of a step: what was saved before it is whole
        run.write_status(Status("paused", training.saved_step))
        raise
    except Exception as error:
        run.write_status(Status("failed", training.step, told(error)))
        raise


def end(run: RunDir) -> None:
    """End a run that nobody trains at the moment, at its current step."""
    if run.status().state in ("queued", "paused"):
        _prepared(run).leave("stopped")


def _prepared(run: RunDir) -> "_TrainingRun":
    """Build all that training needs; an error (a damaged file, no memory) also becomes the run's status."""
    try:
        return _TrainingRun(run)
    except Exception as error:
        run.write_status(Status("failed", run.status().step, told(error)))
        raise


class _TrainingRun:
    """A run while this process trains it: its model and optimizer, and the rows that are not written yet."""

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
        if state is None and self.config.weights == "gpt2":
            if not isinstance(self.model, GPT):
                raise ValueError("weights='gpt2' fits no other architecture than 'gpt'; choose weights='new'")
            loader.start_from(self.model)
        self.step, self.elapsed = (state.step, state.elapsed) if state else (0, 0.0)
        self.load, self.resumed_at = Load.now(), time.monotonic()
        self.needs_baselines = run.baselines() is None
        self.unwritten: list[dict] = []
        self.written_at = self.saved_at = time.monotonic()
        self.saved_step, self.save_took = self.step, 0.0
        self.losses: dict[str, float | None] = {"train": None, "val": None}

    def steps(self) -> Generator[StepStats, None, None]:
        """Train the steps that are left, and write down each one before it is yielded."""
        self._write_status("running")
        self.resumed_at = time.monotonic()
        if self.step == 0:
            self._first_look()
        for stats in train(self.model, self.tokens, self.config.train, optimizer=self.optimizer, start_step=self.step):
            self.step = stats.step
            self._count_time()
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
            self._count_time()
            yield stats
            self.resumed_at = time.monotonic()  # the time between two turns is others'
            torch.set_num_threads(self.threads)  # other runs had their turns in this process

    def leave(self, state: State) -> None:
        """Write everything that is not written yet, and then the state."""
        self._write()
        if self.step != self.saved_step:
            self._save()
        if state != "paused" and self.step not in self.run.snapshots():
            self._snapshot()
        self._write_status(state)
        if state == "done":
            learn(self.run.path.parent, self.config, self.run.rows("metrics")[0], self.load)
        if self.needs_baselines:  # the run was too short to count them earlier
            self._count_baselines()

    def give_up(self, error: Diverged) -> None:
        """End a run whose loss is no longer a number; the model holds its last good weights again."""
        self.unwritten.append({"step": error.step, "loss": None, "elapsed": self.elapsed})
        self._write()
        self.step = error.kept_step
        if self.step not in self.run.snapshots():
            self._snapshot()
        self._write_status("failed", str(error))

    def _first_look(self) -> None:
        """Write down the losses and a sample of the untrained model, as step 0."""
        limit = min(self.config.train.eval_tokens, FIRST_TOKENS)
        train_loss, val_loss = (evaluate(self.model, part, limit) for part in self.splits)
        self.losses = {"train": train_loss, "val": val_loss}
        self.unwritten.append({"step": 0, "train_loss": train_loss, "val_loss": val_loss, "elapsed": 0.0})
        self._write()  # so that the chart has its first point before the first sample is ready
        self._sample()
        self._snapshot()

    def _count_time(self) -> None:
        """Add the time since the turn began, or since it was last counted: steps, estimates, samples and files."""
        now = time.monotonic()
        self.elapsed += now - self.resumed_at
        self.resumed_at = now

    def _sample(self) -> None:
        text = sample_text(self.model, self.tokenizer, self.config)
        self.run.append("samples", [{"step": self.step, **self.losses, "text": text}])

    def _snapshot(self) -> None:
        if self._is_sound():
            self.run.write_snapshot(self.model, self.step, self.losses)

    def _is_sound(self) -> bool:
        """Tell whether all weights are finite: a step may break them, and only the loss of the next one shows it."""
        return all(torch.isfinite(parameter).all() for parameter in self.model.parameters())

    def _write(self) -> None:
        self.run.append("metrics", self.unwritten)
        self.unwritten = []
        self.written_at = time.monotonic()
        self._write_status("running")

    def _save(self) -> None:
        self._write()
        began = time.monotonic()
        if self._is_sound():
            self.run.write_resume(self.model, self.optimizer, self.step, {"elapsed": self.elapsed})
        self.saved_at, self.saved_step = time.monotonic(), self.step
        self.save_took = self.saved_at - began

    def _write_status(self, state: State, message: str | None = None) -> None:
        self.run.write_status(Status(state, self.step, message, os.getpid()))

    def _count_baselines(self) -> None:
        values = _baselines_of(*self.splits, self.config.model.vocab_size)
        if self.config.entropy is not None:
            values = {**values, "entropy": self.config.entropy}
        self.run.write_baselines(values)
        self.needs_baselines = False


def sample_text(model: Model, tokenizer: Tokenizer, config: RunConfig) -> str:
    """Continue the run's prompt with the model, always from the same seed."""
    prompt = torch.tensor([tokenizer.encode(config.prompt)])
    ids = [token.id for token in generate(model, prompt, config.sample_tokens, seed=SAMPLE_SEED)]
    return tokenizer.decode(ids)


def _row(stats: StepStats, elapsed: float) -> dict:
    row = {key: value for key, value in asdict(stats).items() if value is not None}
    return {**row, "elapsed": round(elapsed, 4), "time": round(time.time(), 3)}


_counted: dict[str, dict[str, float]] = {}  # by checksum: runs on the same text share one count of its n-grams


def _baselines_of(train_tokens: torch.Tensor, val_tokens: torch.Tensor, vocab_size: int) -> dict[str, float]:
    key = hashlib.sha256(train_tokens.numpy().tobytes() + val_tokens.numpy().tobytes()).hexdigest()
    if key not in _counted:
        _counted[key] = baselines(train_tokens.numpy(), val_tokens.numpy(), vocab_size)
    return _counted[key]
