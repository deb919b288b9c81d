"""Train a run and write everything that happens into its directory, for the command line and the workers alike.

`train_run` is a generator like `core.training.train`, and yields one step a turn. Closing it pauses the run; throwing
`Stopped` into it ends the run at its current step. Either way the directory holds all that is needed to go on exactly.
After a crash, the run goes on from the last state that was saved. `run_by_turns` is the same for those who want to be
asked more often than once a step: while a run loads, is evaluated, writes a sample, or has its text counted. One
process at a time trains a run (`claim.py`), and `recorder.py` writes down what happens.
"""

import time
from collections.abc import Generator
from contextlib import suppress

import torch

from core import data
from core.device import choose_device
from core.model import GPT
from core.optim import make_optimizer
from core.pretrained import loader
from core.runs.baseline_count import BaselineCount
from core.runs.built import model_of
from core.runs.claim import Claim, Taken
from core.runs.config import State, Status, tokenizer_from_json
from core.runs.directory import RunDir
from core.runs.learned import learn
from core.runs.leaving import Deleted, IsCalled, SlowSteps, Stopped
from core.runs.machine import Load, threads_for
from core.runs.memory import told
from core.runs.recorder import Recorder
from core.runs.snapshots import is_snapshot_step, is_state_step
from core.runs.waiting import use_threads
from core.sampling import generate
from core.training import Diverged, StepStats, Unfinished, evaluate_by_turns, train

SAMPLE_SEED = 1
FIRST_TOKENS = 2048  # of each part, for the estimate at step 0: all windows are equally hard for an untrained model


def train_run(run: RunDir, claim: Claim | None = None) -> Generator[StepStats, None, None]:
    """Train a run from its current step, one step a turn, and write what happens into its directory.

    Its status is "running" from the first turn on, and in the end "done", "stopped" (after Stopped), "paused" (after
    close, or when the disk is full) or "failed" with a sentence. claim: where who calls holds it already; it is let go.
    Raises ValueError when the run cannot be trained as its directory says, Taken when another process trains it, and
    OSError when nothing can be written.
    """
    turns = run_by_turns(run, claim=claim)
    try:
        for stats in turns:
            if stats is not None:
                yield stats
    except (Stopped, Deleted) as end_of_it:  # closing reaches the turns by itself
        with suppress(StopIteration):
            turns.throw(end_of_it)
    finally:
        turns.close()


def run_by_turns(
    run: RunDir, is_called: IsCalled | None = None, claim: Claim | None = None
) -> Generator[StepStats | None, None, None]:
    """Train a run as `train_run` does, and also yield None in the middle of whatever takes long beside the steps.

    is_called: as a worker's; a slow step is left, and taken anew, when it tells of a command.
    """
    try:
        with claim or Claim(run):
            training = yield from _turns(run, is_called)
        if training:  # let go before its text is counted: who is told that it is done may train it further
            yield from training.counted()
    except Deleted:  # by a command, or by hand
        return
    except (OSError, ValueError) as error:
        if isinstance(error, Taken) or run.is_there():
            raise
        run.clear_away()


def _turns(run: RunDir, is_called: IsCalled | None) -> Generator[StepStats | None, None, "_TrainingRun | None"]:
    training = _TrainingRun(run, is_called)
    try:
        return training if (yield from training.until_left()) else None
    except OSError as error:  # wherever it came from, the last state is whole
        training.record.stall(error)
        raise


def end(run: RunDir) -> None:
    """End a run that nobody trains at the moment, at its current step."""
    if run.status().state in ("queued", "paused"):
        with Claim(run):
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
        self.step, self.elapsed, self.record, self.threads = 0, 0.0, Recorder(run), 1  # one, until the first step
        self.unfinished: StepStats | None = None  # a step whose estimates and sample are still to be made
        self.losses: dict[str, float | None] = {}  # the last estimates
        self.count: BaselineCount | None = None

    def _load(self) -> Generator[None, None, None]:
        """Build all that training needs, and go to the state that was saved last."""
        self.step = self.record.saved_step = self.run.status().step
        self.config = self.run.config()
        self.tokenizer = tokenizer_from_json(self.config.tokenizer)
        self.tokens = data.as_tokens(self.tokenizer.encode(self.run.text()))
        self.splits = data.split(self.tokens, self.config.model.block_size)
        self.needs_baselines = self.run.baselines() is None
        yield
        device = choose_device(self.config.device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.config.train.seed)
            self.model = model_of(self.config).to(device)
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
        self.record.saved_step = self.step
        if state and state.unfinished and self.run.last_row() < self.step:  # not finished since then
            self.unfinished = StepStats(self.step, **state.unfinished.model_dump())
        if self.step < saved or (state is None and reached):
            self.record.repeat(saved or None, self.step, max(reached, saved))

    def until_left(self) -> Generator[StepStats | None, None, bool]:
        """Load and train, and write down how that ended, in whichever way; return whether all steps are done."""
        try:
            for _ in self.loading:  # what is thrown in ends the turns, but not the loading
                yield None
                use_threads(self.threads)
            yield from self.timed(self.steps())
            self.leave("done")
            return True
        except GeneratorExit:
            self.leave("paused")
            raise
        except Stopped:
            self.leave("stopped")
            return False
        except (Deleted, OSError):
            raise
        except Diverged as error:
            self.give_up(error)
            return False
        except KeyboardInterrupt:  # in the middle of a step: what was saved before it is whole
            self.run.write_status(Status("paused", self.record.saved_step))
            raise
        except Exception as error:
            self.fail(error)
            raise

    def steps(self) -> Generator[StepStats | None, None, None]:
        """Train the steps that are left, and write down each one before it is yielded."""
        self._write_status("running")
        self.resumed_at = time.monotonic()
        if self.step == 0:
            yield from self._first_look()
        self.threads = threads_for(self.config.model, self.config.train.batch_size)
        use_threads(self.threads)
        slow = SlowSteps(self.model, self.optimizer, self.config.train.batch_size, self.is_called)
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
        self.record.add(stats, self.elapsed)
        if is_snapshot_step(stats.step):
            self.record.snapshot(self.model, self.step, self.losses if evaluated else {})
        if is_state_step(stats.step):
            self.record.keep(self.model, self.optimizer, self.step, self.elapsed)
        if evaluated or stats.step <= 3 or self.record.is_time_to_write:
            self.record.write(self._told)
        if self.record.is_time_to_save:
            self._save()
        if self.needs_baselines and self.elapsed > 1.0:
            yield from self.counted()

    def leave(self, state: State) -> None:
        """Write everything that is not written yet, and then the state: "paused" where the last weights do not fit."""
        if not self.is_loaded and state == "paused":
            self.run.write_status(Status(state, self.run.status().step))
            return
        for _ in self.loading:  # a run that is stopped gets a snapshot to look at
            pass
        if self.unfinished and state == "stopped":  # the step ends with what is known of it
            self.record.add(self.unfinished, self.elapsed)
            self.unfinished = None
        self.record.write(self._told)
        is_kept = True
        if self.step != self.record.saved_step or self.unfinished:
            is_kept = self._save()
        if state != "paused" and self.step not in self.run.snapshots():
            is_kept = self.record.snapshot(self.model, self.step, {}) and is_kept
        if not is_kept:
            self._write_status("paused", self.record.unsaved)
            return
        self._write_status(state)
        if state == "done" and not self.config.variant:  # whose steps and samples take another time
            learn(self.run.path.parent, self.config, self.run.rows("metrics")[0], self.load)
        self._begin_to_count()

    def fail(self, error: Exception) -> None:
        """Say why the run cannot go on."""
        self.run.write_status(Status("failed", self.step, told(error)))

    def give_up(self, error: Diverged) -> None:
        """End a run whose loss is no longer a number; the model holds its last good weights again."""
        self.unfinished = None
        self.record.unwritten.append({"step": error.step, "loss": None, "elapsed": self.elapsed})
        self.record.write(self._told)
        self.step = error.kept_step
        if self.step not in self.run.snapshots():
            self.record.snapshot(self.model, self.step, {})
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
        self.record.snapshot(self.model, self.step, self.losses)

    def _sample(self) -> Generator[None, None, None]:
        prompt, ids = torch.tensor([self.tokenizer.encode(self.config.prompt)]), []
        for token in generate(self.model, prompt, self.config.sample_tokens, seed=SAMPLE_SEED):
            ids.append(token.id)
            yield
        self.run.append("samples", [{"step": self.step, **self.losses, "text": self.tokenizer.decode(ids)}])

    def _save(self) -> bool:
        self.record.write(self._told)
        state: dict = {"elapsed": self.elapsed}
        if self.unfinished:
            kept = ("loss", "learning_rate", "grad_norm", "tokens", "seconds")
            state["unfinished"] = {name: getattr(self.unfinished, name) for name in kept}
        return self.record.save(self.model, self.optimizer, self.step, state)

    def _write_status(self, state: State, message: str | None = None) -> None:
        self.record.status(state, self._told, message)

    @property
    def _told(self) -> int:
        """The last step whose row is written or about to be."""
        return self.step - (self.unfinished is not None)

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
