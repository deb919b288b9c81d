"""Train a run and write everything that happens into its directory, for the command line and the workers alike.

`train_run` is a generator like `core.training.train`, and yields one step a turn. Closing it pauses the run; throwing
`Stopped` into it ends the run at its current step. Either way the directory holds all that is needed to go on exactly.
After a crash, the run goes on from the last state that was saved. `run_by_turns` is the same for those who want to be
asked more often than once a step: while a run loads, is evaluated, writes a sample, or has its text counted.
"""

import os
import time
from collections.abc import Generator
from contextlib import suppress
from dataclasses import asdict

import torch

from core import data
from core.architectures import build_model
from core.device import choose_device
from core.model import GPT
from core.optim import make_optimizer
from core.pretrained import loader
from core.runs.baseline_count import BaselineCount
from core.runs.config import HOST, State, Status, tokenizer_from_json
from core.runs.directory import RunDir
from core.runs.learned import learn
from core.runs.leaving import Deleted, IsCalled, SlowSteps, Stopped
from core.runs.machine import Load, threads_for
from core.runs.memory import told
from core.runs.snapshots import is_snapshot_step
from core.runs.waiting import use_threads
from core.sampling import generate
from core.training import Diverged, StepStats, Unfinished, evaluate_by_turns, train

SAVE_EVERY = 5.0  # seconds of training between two resume states, or more when saving is slow
WRITE_EVERY = 0.1  # seconds between two writes of metrics
SAMPLE_SEED = 1
FIRST_TOKENS = 2048  # of each part, for the estimate at step 0: all windows are equally hard for an untrained model


def train_run(run: RunDir) -> Generator[StepStats, None, None]:
    """Train a run from its current step, one step a turn, and write what happens into its directory.

    Its status is "running" from the first turn on, and in the end "done", "stopped" (after Stopped), "paused" (after
    close) or "failed" with a sentence. Raises ValueError when the run cannot be trained as its directory says.
    """
    turns = run_by_turns(run)
    try:
        for stats in turns:
            if stats is not None:
                yield stats
    except (Stopped, Deleted) as end_of_it:  # closing reaches the turns by itself
        with suppress(StopIteration):
            turns.throw(end_of_it)
    finally:
        turns.close()


def run_by_turns(run: RunDir, is_called: IsCalled | None = None) -> Generator[StepStats | None, None, None]:
    """Train a run as `train_run` does, and also yield None in the middle of whatever takes long beside the steps.

    is_called: as a worker's; a slow step is left, and taken anew, when it tells of a command.
    """
    training = _TrainingRun(run, is_called)
    try:
        for _ in training.loading:  # what is thrown in ends the turns, but not the loading
            yield None
            use_threads(training.threads)
        yield from training.timed(training.steps())
        training.leave("done")
    except GeneratorExit:
        training.leave("paused")
        raise
    except Stopped:
        training.leave("stopped")
        return
    except Deleted:
        return
    except Diverged as error:
        training.give_up(error)
        return
    except KeyboardInterrupt:  # in the middle of a step: what was saved before it is whole
        run.write_status(Status("paused", training.saved_step))
        raise
    except Exception as error:
        training.fail(error)
        raise
    yield from training.counted()


def end(run: RunDir) -> None:
    """End a run that nobody trains at the moment, at its current step."""
    if run.status().state in ("queued", "paused"):
        training = _TrainingRun(run)
        try:
            training.leave("stopped")
        except Exception as error:
            training.fail(error)
            raise


class _TrainingRun:
    """A run while this process trains it: its model and optimizer, and the rows that are not written yet."""

    def __init__(self, run: RunDir, is_called: IsCalled | None = None):
        """Read nothing yet: `loading` does, a piece a turn."""
        self.run, self.is_loaded, self.is_called = run, False, is_called
        self.loading = self._load()
        self.step, self.elapsed, self.threads = 0, 0.0, 1  # one, until the first step
        self.unfinished: StepStats | None = None  # a step whose estimates and sample are still to be made
        self.message: str | None = None  # what is told while steps are repeated that the page knows already,
        self.repeated_to = 0  # up to this one
        self.unwritten: list[dict] = []
        self.written_at = self.saved_at = time.monotonic()
        self.saved_step, self.save_took = 0, 0.0
        self.losses: dict[str, float | None] = {}  # the last estimates
        self.count: BaselineCount | None = None

    def _load(self) -> Generator[None, None, None]:
        """Build all that training needs, and go to the state that was saved last."""
        self.step = self.saved_step = self.run.status().step
        self.config = self.run.config()
        self.tokenizer = tokenizer_from_json(self.config.tokenizer)
        self.tokens = data.as_tokens(self.tokenizer.encode(self.run.text()))
        self.splits = data.split(self.tokens, self.config.model.block_size)
        self.needs_baselines = self.run.baselines() is None
        yield
        device = choose_device(self.config.device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.config.train.seed)
            self.model = build_model(self.config.model).to(device)
        yield
        self.optimizer = make_optimizer(self.model, self.config.train)
        self._load_state()
        self.is_loaded = True
        yield

    def _load_state(self) -> None:
        saved = max(self.run.saved_steps(), default=0)
        state = self.run.read_resume(self.model, self.optimizer)
        if state is None and self.config.weights == "gpt2":
            if not isinstance(self.model, GPT):
                raise ValueError("weights='gpt2' fits no other architecture than 'gpt'; choose weights='new'")
            loader.start_from(self.model)
        reached = self.step
        self.step, self.elapsed = (state.step, state.elapsed) if state else (0, 0.0)
        self.load, self.resumed_at = Load.now(), time.monotonic()
        self.saved_step = self.step
        if state and state.unfinished and self.run.last_row() < self.step:  # not finished since then
            self.unfinished = StepStats(self.step, **state.unfinished.model_dump())
        if self.step < saved:
            self.repeated_to = max(reached, saved)
            self.message = (
                f"The saved state of step {saved} was damaged. The run goes on from step {self.step} and repeats "
                f"what it did up to step {self.repeated_to}, with the same losses."
            )

    def steps(self) -> Generator[StepStats | None, None, None]:
        """Train the steps that are left, and write down each one before it is yielded."""
        self._write_status("running")
        self.resumed_at = time.monotonic()
        if self.step == 0:
            yield from self._first_look()
        self.threads = threads_for(self.config.model, self.config.train.batch_size)
        use_threads(self.threads)
        slow = SlowSteps(self.model, self.config.train.batch_size, self.is_called)
        for stats in slow.of(self._begin):
            if stats is None:
                yield None
            elif isinstance(stats, Unfinished):
                self.step, self.unfinished = stats.step, stats
                yield None
            else:
                self.step = stats.step
                yield from self._write_down(stats)
                yield stats

    def _begin(self) -> Generator[StepStats, None, None]:
        return train(self.model, self.tokens, self.config.train, optimizer=self.optimizer, start_step=self.step,
                     by_turns=True, unfinished=self.unfinished)  # fmt: skip

    def timed(self, turns: Generator[StepStats | None, None, None]) -> Generator[StepStats | None, None, None]:
        """Hand the turns on, counting as elapsed what each takes: steps, estimates, samples and files."""
        for turn in turns:
            self._count_time()
            yield turn
            self.resumed_at = time.monotonic()  # the time between two turns is others',
            use_threads(self.threads)  # and so is this process's number of threads

    def _count_time(self) -> None:
        now = time.monotonic()
        self.elapsed += now - self.resumed_at
        self.resumed_at = now

    def _write_down(self, stats: StepStats) -> Generator[None, None, None]:
        """Write all that a step leaves, when its time has come."""
        evaluated = stats.val_loss is not None
        if evaluated:
            self.unfinished = stats
            self.losses = {"train": stats.train_loss, "val": stats.val_loss}
            yield from self._sample()
        self.unfinished = None
        self._count_time()
        self.unwritten.append(_row(stats, self.elapsed))
        if is_snapshot_step(stats.step):
            self._snapshot(self.losses if evaluated else {})
        now = time.monotonic()
        if evaluated or stats.step <= 3 or now - self.written_at > WRITE_EVERY:
            self._write()
        if now - self.saved_at > max(SAVE_EVERY, 20 * self.save_took):
            self._save()
        if self.needs_baselines and self.elapsed > 1.0:
            yield from self.counted()

    def leave(self, state: State) -> None:
        """Write everything that is not written yet, and then the state."""
        if not self.is_loaded and state == "paused":
            self.run.write_status(Status(state, self.run.status().step))
            return
        for _ in self.loading:  # a run that is stopped gets a snapshot to look at
            pass
        if self.unfinished and state == "stopped":  # the step ends with what is known of it
            self.unwritten.append(_row(self.unfinished, self.elapsed))
            self.unfinished = None
        self._write()
        if self.step != self.saved_step or self.unfinished:
            self._save()
        if state != "paused" and self.step not in self.run.snapshots():
            self._snapshot({})
        self._write_status(state)
        if state == "done":
            learn(self.run.path.parent, self.config, self.run.rows("metrics")[0], self.load)
        self._begin_to_count()

    def fail(self, error: Exception) -> None:
        """Say why the run cannot go on."""
        self.run.write_status(Status("failed", self.step, told(error)))

    def give_up(self, error: Diverged) -> None:
        """End a run whose loss is no longer a number; the model holds its last good weights again."""
        self.unfinished = None
        self.unwritten.append({"step": error.step, "loss": None, "elapsed": self.elapsed})
        self._write()
        self.step = error.kept_step
        if self.step not in self.run.snapshots():
            self._snapshot({})
        self._write_status("failed", str(error))
        self._begin_to_count()

    def _first_look(self) -> Generator[None, None, None]:
        """Write down the losses and a sample of the untrained model, as step 0."""
        limit = min(self.config.train.eval_tokens, FIRST_TOKENS)
        for name, part in zip(("train", "val"), self.splits, strict=True):
            for loss in evaluate_by_turns(self.model, part, limit):
                self.losses[name] = loss
                yield
        row = {"step": 0, "train_loss": self.losses["train"], "val_loss": self.losses["val"], "elapsed": 0.0}
        if not self.run.rows("metrics")[0]:  # or it was paused in the sample, before which the chart gets this point
            self.run.append("metrics", [row])
        yield from self._sample()
        self._snapshot(self.losses)

    def _sample(self) -> Generator[None, None, None]:
        prompt, ids = torch.tensor([self.tokenizer.encode(self.config.prompt)]), []
        for token in generate(self.model, prompt, self.config.sample_tokens, seed=SAMPLE_SEED):
            ids.append(token.id)
            yield
        self.run.append("samples", [{"step": self.step, **self.losses, "text": self.tokenizer.decode(ids)}])

    def _snapshot(self, losses: dict) -> None:
        """Keep the weights; losses: those of this very step, if there are any."""
        if self._is_sound():
            self.run.write_snapshot(self.model, self.step, losses)

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
            state: dict = {"elapsed": self.elapsed}
            if self.unfinished:
                kept = ("loss", "learning_rate", "grad_norm", "tokens", "seconds")
                state["unfinished"] = {name: getattr(self.unfinished, name) for name in kept}
            self.run.write_resume(self.model, self.optimizer, self.step, state)
        self.saved_at, self.saved_step = time.monotonic(), self.step
        self.save_took = self.saved_at - began

    def _write_status(self, state: State, message: str | None = None) -> None:
        if state == "running" and self.step < self.repeated_to:
            message = self.message
        told = self.step - (self.unfinished is not None)  # the steps whose rows are written or about to be
        self.run.write_status(Status(state, told, message, os.getpid(), HOST))

    def _begin_to_count(self) -> None:
        if self.needs_baselines:  # the run was too short, or ended too soon, to count them earlier
            self.needs_baselines = False
            self.count = BaselineCount(self.run, self.config, *self.splits)

    def counted(self) -> Generator[None, None, None]:
        """Wait until what counting is worth on this text is written; whoever leaves here does not end the count."""
        self._begin_to_count()
        while self.count and self.count.is_alive():
            yield
            self.count.join(0.05)
        if self.count and self.count.error:
            raise self.count.error


def _row(stats: StepStats, elapsed: float) -> dict:
    row = {key: value for key, value in asdict(stats).items() if value is not None}
    return {**row, "elapsed": round(elapsed, 4), "time": round(time.time(), 3)}
