"""The runs that the page knows, and the worker processes that train them.

A run's directory says what state it is in. In memory the store keeps only which worker trains it, and that may be
lost: a server that starts again reads everything else from the directories.
"""

import secrets
import threading
import time
from contextlib import suppress
from pathlib import Path

from core.runs.admission import Admission, Waiting
from core.runs.claim import Claim, Taken, is_trained
from core.runs.config import ACTIVE, RunConfig, Status
from core.runs.cost import SPEED_FILE, Speed
from core.runs.directory import RunDir
from core.runs.durable import make_folder
from core.runs.handover import Handover
from core.runs.listing import delete, list_runs
from core.runs.machine import cores, step_flops
from core.runs.memory import memory_lately
from core.runs.plan import Plan, again, extend, plan_run
from core.runs.presets import PRESETS
from core.runs.processes import Process
from core.runs.pulse import Shares
from core.runs.recovery import recover
from core.runs.seen import Seen
from core.runs.watch import Watch
from core.text.corpora import DEFAULT_CORPUS, load_corpus

WELCOME = "welcome"
WELCOME_STEPS = 600
MAX_WORKERS = 4
SLOW = 1e11  # operations of a step, from which on a run trains in a worker for slow ones: about half a second
LAST_WORDS = 9.0  # seconds that all workers together have to save their runs when the store is closed
LATE = 5.0  # seconds of silence, after which people are told that a worker hangs


class RunStore:
    """Start, pause, step, resume, stop, extend and delete runs below `root`."""

    def __init__(self, root: Path, workers: int | None = None):
        """Make the folder of runs; nothing trains until `open`."""
        self.root = Path(root)
        make_folder(self.root)
        self.size = workers or min(cores(), MAX_WORKERS)
        self.processes: list[Process] = []
        self.handover, self.seen, self.shares = Handover(self.root), Seen(self.root), Shares()
        self.admission = Admission(self.seen, lambda: self.processes)
        self.lock = threading.RLock()
        self.ready = threading.Event()  # the workers have been started
        self.warm_up_requested = threading.Event()
        self.closed = threading.Event()

    # -- start and end ------------------------------------------------------------------------------------------

    def open(self) -> "RunStore":
        """Recover what an earlier server left, and start the workers."""
        self.recover()
        self.start_workers()
        return self

    def recover(self) -> None:
        """Clean up after an earlier server, and let what it trained go on from its last state."""
        recover(self.root)

    def start_workers(self) -> None:
        """Start the workers; if torch is still being imported for them, wait until it is."""
        processes = [self._process(place) for place in range(self.size)]
        with self.lock:
            self.processes = processes
            self.ready.set()
            if self.warm_up_requested.is_set():
                self._warm_up_workers()
        Watch(lambda: list(self.processes), self._process, self._replace, self.closed, self._let_in).start()

    def warm_up(self) -> None:
        """Let the workers pay for torch's first uses, once: the page is there, so nothing waits for the cores now."""
        with self.lock:
            if not self.warm_up_requested.is_set():
                self.warm_up_requested.set()
                self._warm_up_workers()

    def _warm_up_workers(self) -> None:
        for process in self.processes:
            process.warm_up()

    def close(self) -> None:
        """Pause every run and end the workers."""
        self.closed.set()
        with self.lock:
            for process in self.processes:
                process.pipe.close()
            until = time.monotonic() + LAST_WORDS
            for process in self.processes:
                process.process.join(max(0.0, until - time.monotonic()))
                if process.process.is_alive():
                    process.process.kill()

    # -- runs -----------------------------------------------------------------------------------------------------

    def get(self, run_id: str) -> RunDir:
        """Return the run called run_id; ValueError when there is none."""
        return RunDir.open(self.root, run_id)

    def is_training(self) -> bool:
        """Tell whether any run trains in a worker."""
        with self.lock:
            run_ids = [run_id for process in self.processes for run_id in process.commands]
        return any(map(self.seen.is_active, run_ids))

    def trouble(self, run_id: str) -> str | None:
        """Return what keeps a run's worker from its work, in a sentence; None while all is well."""
        process = next((process for process in self.processes if run_id in process.commands), None)
        if process is None or process.pulse.silent < LATE or not self.seen.is_active(run_id):
            return None
        return (
            f"The training process has shown no sign of life for {process.pulse.silent:.0f} s; if it stays so, another "
            f"one goes on from the last saved step, and does what you press now"
        )

    def most_memory(self) -> int:
        """Return how many bytes a run may need: what is free, and what the workers hold for runs that will end."""
        return memory_lately() + sum(process.held() for process in self.processes)

    def speed(self) -> Speed | None:
        """Return how fast this machine trains; None until the first worker has measured it."""
        return Speed.load(self.root / SPEED_FILE)

    def start(self, plan: Plan, paused: bool = False, run_id: str | None = None) -> RunDir:
        """Make a run of a plan and train it; paused: let it wait for `resume`."""
        if not self.processes:
            raise ValueError("The training processes have not started yet; try again in a few seconds")
        run_id, config = secrets.token_hex(16) if run_id is None else run_id, plan.config
        with self.lock:  # two plans at once: the second one sees what the first was promised
            self.admission.check_disk(config)
            is_let_in = paused or self.admission.asks(run_id, config)
        run = None
        try:
            run = plan.create(self.root, run_id)
            if paused:
                run.write_status(Status("paused", run.status().step))
            else:
                self._begin(run, config, None, is_let_in)
        except Exception:  # refused: no run is left that nobody trains
            self.admission.forget(run_id)
            if run:
                delete(run)
            raise
        return run

    def restart(self, run_id: str, new_seed: bool = False) -> RunDir:
        """Start a run once more, with another seed if told so, and then stop the old one.

        Nothing has happened to the old run when the new one is refused. A run in pause is begun again in pause.
        """
        old = self.get(run_id)
        plan, paused = again(old, new_seed=new_seed), old.status().state == "paused"
        with self.lock:
            self._process_of(old)  # refuses a run that another program trains
        new = self.start(plan, paused=paused)
        self.stop(run_id)
        return new

    def resume(self, run_id: str) -> None:
        """Train a run further, unless it trains already or is done."""
        self._train(self.get(run_id))

    def step(self, run_id: str) -> None:
        """Take one step, then pause, unless the run trains or is done."""
        self._train(self.get(run_id), steps=1)

    def pause(self, run_id: str) -> None:
        """Pause a run after its current step."""
        run = self.get(run_id)
        with self.lock:
            process, status = self._process_of(run), run.status()
            if process:
                process.send("pause", run.id)
            elif status.state in ACTIVE:  # it waits for memory, or its process is gone
                self.admission.forget(run.id)
                run.write_status(Status("paused", status.step))

    def stop(self, run_id: str) -> None:
        """End a run at its current step; `resume` can still train it further."""
        run = self.get(run_id)
        with self.lock:
            process = self._process_of(run)
            if process is None and run.status().state in (*ACTIVE, "paused"):
                self.admission.forget(run.id)
                run.write_status(Status("paused", run.status().step))
                process = self._worker_for(run.config())
            if process:
                process.send("stop", run.id)

    def extend(self, run_id: str) -> None:
        """Train a finished run for as many steps again; resume one that is not finished."""
        run = self.get(run_id)
        with self.lock:
            if self._process_of(run) is None:
                with Claim(run):  # another server may be asked the same at this moment
                    config, status = run.config(), run.status()
                    if status.step >= config.train.steps:
                        self._worker_for(config).check_room()
                        self.admission.check(config)
                        extend(run, 2 * config.train.steps)
                        run.write_status(Status("paused", status.step))
            self._train(run)

    def delete(self, run_id: str) -> None:
        """Delete a run and all that it wrote."""
        run = self.get(run_id)
        with self.lock:
            process = self._process_of(run)
            if process:
                process.send("delete", run.id)
            else:
                self.admission.forget(run.id)
                delete(run)

    def welcome(self) -> RunDir | None:
        """Train a small run on the built-in corpus if there are no runs at all, so that no page is empty."""
        if list_runs(self.root)[0] or (self.root / WELCOME).exists():
            return None
        preset = PRESETS["tiny"]
        train = {**preset.train, "steps": WELCOME_STEPS, "eval_interval": 50}
        plan = plan_run(load_corpus(DEFAULT_CORPUS), {"preset": WELCOME}, preset.model, train)
        return self.start(plan, run_id=WELCOME)

    # -- workers --------------------------------------------------------------------------------------------------

    def _train(self, run: RunDir, steps: int | None = None) -> None:
        with self.lock:
            process, status = self._process_of(run), run.status()
            if process:
                if not process.commands[run.id].is_to_the_end:
                    process.send("train", run.id, steps)
            elif run.id in self.admission.waiting:
                self.admission.waiting[run.id].steps = steps
            elif status.state != "done":
                config = run.config()
                is_let_in = self.admission.asks(run.id, config)
                self._begin(run, config, steps, is_let_in)

    def _begin(self, run: RunDir, config: RunConfig, steps: int | None, is_let_in: bool) -> None:
        """Send a run to a worker, or let it wait for memory."""
        with self.lock:
            self.admission.is_made(run.id)
            process = self._worker_for(config)
            process.check_room()
            run.write_status(Status("queued", run.status().step))
            if is_let_in:
                self.handover.forgive(run.id)
                process.send("train", run.id, steps)
            else:
                self.admission.wait(run.id, Waiting(config, steps))

    def _let_in(self) -> None:
        def begin(run_id: str, waiting: Waiting) -> None:
            run = self.get(run_id)
            self._begin(run, run.config(), waiting.steps, is_let_in=True)

        with self.lock:
            self.admission.let_in(begin)

    def _process_of(self, run: RunDir) -> Process | None:
        """Return the worker that has a run; None when no worker has it, and its directory alone says its state.

        A worker has a run while it trains the run or has commands for it to handle. All further commands for the run
        go to that worker, which handles them in their order.
        Raises ValueError for a run that another program trains, such as the command line.
        """
        for process in self.processes:
            if run.id in process.commands:
                waiting, status = not process.has_handled(run.id), run.status()  # must be read in this order
                is_there = status.state == "queued" or status.pid == process.process.pid
                if waiting or (status.state in ACTIVE and is_there):
                    return process
                del process.commands[run.id]
        status = run.status()
        if is_trained(run, status):
            raise Taken(status)
        return None

    def _worker_for(self, config: RunConfig) -> Process:
        """Return the worker for a run: where its owner's runs are already, or else where the fewest owners have some.

        Runs whose steps are slow have a worker of their own, which is started with the first of them: it lets the
        others have the cores in the middle of a step, and whoever is in one process with them could not have them.
        """
        if not self.processes:
            raise ValueError("The training processes have not started yet; try again in a few seconds")
        if step_flops(config.model, config.train.batch_size) >= SLOW:
            if len(self.processes) == self.size:
                with suppress(OSError, EOFError):  # no memory for one more: then it takes turns with the others
                    self.processes.append(self._process(self.size))
            return self.processes[-1]
        owners = {}
        for i, process in enumerate(self.processes[: self.size]):
            owners[i] = {self.seen.owner(run_id) for run_id in filter(self.seen.is_active, process.commands)}
        theirs = next((i for i in owners if config.owner in owners[i]), None)
        return self.processes[min(owners, key=lambda i: len(owners[i])) if theirs is None else theirs]

    def _process(self, place: int) -> Process:
        """Start the worker of a place in the list; the one that measures the machine is the first."""
        return Process(self.root, self.shares, place, measure=place == 0)

    def _replace(self, place: int, successor: Process) -> None:
        with self.lock:
            if self.closed.is_set():
                successor.pipe.close()
            dead, self.processes[place] = self.processes[place], successor
            self.handover.hand_over(dead, successor)
