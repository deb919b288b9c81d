"""The runs that the page knows, and the worker processes that train them.

A run's directory says where it stands; what is kept here is only which worker trains it, and can be lost: a server
that starts again finds every run as its directory has it.
"""

import multiprocessing
import os
import shutil
import threading
from collections import Counter
from multiprocessing.connection import wait
from pathlib import Path

from core.corpora import load_corpus
from core.device import cores
from core.planning import Plan, plan_run
from core.presets import PRESETS
from core.run_dir import RunDir, Status, extend, list_runs, sweep
from core.speed import Speed
from playground.worker import SPEED_FILE, work

WELCOME = "welcome"
WELCOME_STEPS = 600
MOST_WORKERS = 4
ACTIVE = ("queued", "running")


class Process:
    """A worker process, its pipe, and whose turn it is in there."""

    def __init__(self, root: Path, measure: bool = False):
        context = multiprocessing.get_context("spawn")
        self.current = context.Array("c", 80)
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs, str(root), self.current, measure), daemon=True)
        self.process.start()
        theirs.close()
        self.runs: set[str] = set()

    def send(self, *command) -> None:
        """Hand over a command; a worker that has just died is replaced by the watch, which hands it over again."""
        try:
            self.pipe.send(command)
        except OSError:
            pass


class RunStore:
    """Start, pause, step, resume, stop, extend and forget runs below `root`."""

    def __init__(self, root: Path, workers: int | None = None):
        """Find the runs that are there; nothing trains until `open`."""
        self.root = Path(root)
        self.root.mkdir(parents=True, exist_ok=True)
        self.size = workers or min(cores(), MOST_WORKERS)
        self.processes: list[Process] = []
        self.deaths: Counter[str] = Counter()  # of the process while it was this run's turn, since it last got on
        self.death_steps: dict[str, int] = {}
        self.lock = threading.RLock()
        self.closed = threading.Event()

    # -- life -----------------------------------------------------------------------------------------------------

    def open(self) -> "RunStore":
        """Start the workers, and take over what an earlier server left."""
        sweep(self.root)
        for run in list_runs(self.root)[0]:
            status = run.status()
            if status.state in ACTIVE and not _alive(status.pid):
                run.write_status(Status("paused", status.step, "The server was started anew; press Play to go on."))
        self.processes = [Process(self.root, measure=i == 0) for i in range(self.size)]
        threading.Thread(target=self._watch, name="worker-watch", daemon=True).start()
        return self

    def close(self) -> None:
        """Pause every run and end the workers."""
        self.closed.set()
        with self.lock:
            for process in self.processes:
                process.pipe.close()
            for process in self.processes:
                process.process.join(10)
                if process.process.is_alive():
                    process.process.kill()

    # -- runs -----------------------------------------------------------------------------------------------------

    def get(self, run_id: str) -> RunDir:
        """Return the run called run_id; ValueError when there is none."""
        return RunDir.open(self.root, run_id)

    def runs(self, owner: str | None = None) -> tuple[list[RunDir], list[str]]:
        """Return the runs that owner may see, newest first (None: all of them), and what is wrong with others."""
        runs, problems = list_runs(self.root)
        if owner is not None:
            runs = [run for run in runs if run.config().owner in (owner, None)]
        return runs, problems

    def speed(self) -> Speed | None:
        """Return how fast this machine trains; None until the first worker has measured it."""
        return Speed.load(self.root / SPEED_FILE)

    def start(self, plan: Plan, paused: bool = False, run_id: str | None = None) -> RunDir:
        """Make a run of a plan and train it; paused: wait for Play."""
        run = plan.create(self.root, run_id)
        if paused:
            run.write_status(Status("paused"))
        else:
            self._train(run)
        return run

    def resume(self, run_id: str) -> None:
        """Go on with a run; nothing happens to one that trains already or is done."""
        run = self.get(run_id)
        if run.status().state not in (*ACTIVE, "done"):
            self._train(run)

    def step(self, run_id: str) -> None:
        """Take one step, then pause."""
        run = self.get(run_id)
        if run.status().state not in (*ACTIVE, "done"):
            self._train(run, steps=1)

    def pause(self, run_id: str) -> None:
        """Pause a run after the step that it is in."""
        run = self.get(run_id)
        if run.status().state in ACTIVE:
            self._send("pause", self._ours(run))

    def stop(self, run_id: str) -> None:
        """End a run where it stands; it can still be gone on with."""
        run = self.get(run_id)
        if run.status().state in (*ACTIVE, "paused"):
            self._send("stop", self._ours(run))

    def extend(self, run_id: str) -> None:
        """Train a finished run for as many steps again; one that is not finished just goes on."""
        run = self.get(run_id)
        status = run.status()
        if status.state in ACTIVE:
            return
        steps = run.config().train.steps
        self._train(extend(run, 2 * steps if status.step >= steps else None))

    def forget(self, run_id: str) -> None:
        """Delete a run and all that it wrote."""
        run = self.get(run_id)
        self._ours(run)
        with self.lock:
            process = self._process_of(run.id)
            if process:
                process.runs.discard(run.id)
                process.send("forget", run.id)
            else:
                shutil.rmtree(run.path, ignore_errors=True)

    def welcome(self) -> RunDir | None:
        """Train a small run on the built-in corpus if there are no runs at all, so that nobody meets an empty page."""
        if list_runs(self.root)[0]:
            return None
        preset = PRESETS["tiny"]
        train = {**preset.train, "steps": WELCOME_STEPS, "eval_interval": 50}
        plan = plan_run(load_corpus("plays"), {"preset": WELCOME}, preset.model, train)
        return self.start(plan, run_id=WELCOME)

    # -- workers --------------------------------------------------------------------------------------------------

    def _train(self, run: RunDir, steps: int | None = None) -> None:
        self._ours(run)
        run.write_status(Status("queued", run.status().step))
        self._send("train", run, steps)

    def _send(self, command: str, run: RunDir, *more) -> None:
        with self.lock:
            process = self._process_of(run.id) or min(self.processes, key=self._load)
            process.runs.add(run.id)
            process.send(command, run.id, *more)

    def _process_of(self, run_id: str) -> Process | None:
        return next((process for process in self.processes if run_id in process.runs), None)

    def _load(self, process: Process) -> int:
        """Count the runs that a process trains, dropping those that have left it."""
        process.runs = {run_id for run_id in process.runs if self._is_active(run_id)}
        return len(process.runs)

    def _is_active(self, run_id: str) -> bool:
        try:
            return self.get(run_id).status().state in ACTIVE
        except ValueError:
            return False

    def _ours(self, run: RunDir) -> RunDir:
        """Refuse to touch a run that another program trains, such as the command line."""
        status = run.status()
        pids = {process.process.pid for process in self.processes}
        if status.state == "running" and status.pid not in pids and _alive(status.pid):
            raise ValueError(f"This run is trained by another program (process {status.pid}); stop it there")
        return run

    def _watch(self) -> None:
        """Replace a worker that died, at once, and hand its runs to the new one."""
        while not self.closed.is_set():
            ready = wait([process.process.sentinel for process in self.processes], timeout=1.0)
            if self.closed.is_set():
                return
            with self.lock:
                for i, process in enumerate(self.processes):
                    if process.process.sentinel in ready:
                        self.processes[i] = self._replaced(process)

    def _replaced(self, dead: Process) -> Process:
        culprit = dead.current.value.decode()
        code = dead.process.exitcode
        fresh = Process(self.root)
        for run_id in sorted(dead.runs):
            if not self._is_active(run_id):
                continue
            run = self.get(run_id)
            step = run.status().step
            if run_id == culprit and self._died_here_before(run_id, step):
                message = (
                    f"The training process ended twice at about step {step} ({_reason(code)}); "
                    f"press Play to try again from the last saved step, or make the model or batch smaller."
                )
                run.write_status(Status("failed", step, message))
                continue
            fresh.runs.add(run_id)
            run.write_status(Status("queued", step, f"The training process ended ({_reason(code)}); going on."))
            fresh.send("train", run_id, None)
        return fresh

    def _died_here_before(self, run_id: str, step: int) -> bool:
        """Count a death, and tell whether it is the second without new saved progress in between."""
        saved = max((int(p.name.removeprefix("step-")) for p in self.get(run_id).path.glob("resume/step-*")), default=0)
        if self.death_steps.get(run_id) != saved:
            self.deaths[run_id] = 0
        self.death_steps[run_id] = saved
        self.deaths[run_id] += 1
        return self.deaths[run_id] >= 2


def _reason(code: int | None) -> str:
    return "killed, perhaps for want of memory" if code == -9 else f"exit code {code}"


def _alive(pid: int | None) -> bool:
    if not pid or os.name == "nt":  # on Windows to ask would be to kill
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
