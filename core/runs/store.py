"""The runs that the page knows, and the worker processes that train them.

A run's directory says where it stands; what is kept here is only which worker trains it, and can be lost: a server
that starts again finds every run as its directory has it.
"""

import os
import threading
from collections import Counter
from multiprocessing.connection import wait
from pathlib import Path

from core.device import cores
from core.runs.config import Status
from core.runs.cost import SPEED_FILE, Speed
from core.runs.directory import RunDir, delete, extend, list_runs, sweep
from core.runs.plan import Plan, plan_run
from core.runs.presets import PRESETS
from core.runs.processes import Process
from core.text.corpora import DEFAULT_CORPUS, load_corpus

WELCOME = "welcome"
WELCOME_STEPS = 600
MOST_WORKERS = 4
SHORT_LIFE = 2.0  # seconds; a worker that ends sooner did not come to work
ACTIVE = ("queued", "running")


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
        self.ready, self.settled, self.closed = threading.Event(), threading.Event(), threading.Event()

    # -- life -----------------------------------------------------------------------------------------------------

    def open(self) -> "RunStore":
        """Take over what an earlier server left, and start the workers."""
        self.recover()
        self.start_workers()
        return self

    def recover(self) -> None:
        """Remove what a crash left half-made, and say of each run that trained that it is paused now."""
        sweep(self.root, _is_alive)
        for run in list_runs(self.root)[0]:
            status = run.status()
            if status.state in ACTIVE and not _is_alive(status):
                run.write_status(Status("paused", status.step, "The server was started anew; press Play to go on."))

    def start_workers(self) -> None:
        """Start the workers; this waits for torch to be imported for them, if that is still under way."""
        processes = [Process(self.root, measure=i == 0) for i in range(self.size)]
        with self.lock:
            self.processes = processes
            self.ready.set()
            if self.settled.is_set():
                self._warm_up_workers()
        threading.Thread(target=self._watch, name="worker-watch", daemon=True).start()

    def warm_up(self) -> None:
        """Let the workers make themselves ready, once: somebody has the page, and nobody waits for them."""
        with self.lock:
            if not self.settled.is_set():
                self.settled.set()
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
            runs = [run for run in runs if self._may_see(run, owner)]
        return runs, problems

    def _may_see(self, run: RunDir, owner: str) -> bool:
        try:
            return run.config().owner in (owner, None)
        except ValueError:  # deleted just now
            return False

    def is_training(self) -> bool:
        """Tell whether any run trains here."""
        with self.lock:
            orders = [run_id for process in self.processes for run_id in process.commands]
        return any(map(self._is_active, orders))

    def speed(self) -> Speed | None:
        """Return how fast this machine trains; None until the first worker has measured it."""
        return Speed.load(self.root / SPEED_FILE)

    def start(self, plan: Plan, paused: bool = False, run_id: str | None = None) -> RunDir:
        """Make a run of a plan and train it; paused: wait for Play."""
        if not self.processes:
            raise ValueError("The training processes have not started yet; try again in a few seconds")
        run = plan.create(self.root, run_id)
        if paused:
            run.write_status(Status("paused"))
        else:
            self._train(run)
        return run

    def resume(self, run_id: str) -> None:
        """Go on with a run; nothing happens to one that trains already or is done."""
        self._train(self.get(run_id))

    def step(self, run_id: str) -> None:
        """Take one step, then pause; nothing happens to a run that trains or is done."""
        self._train(self.get(run_id), steps=1)

    def pause(self, run_id: str) -> None:
        """Pause a run after the step that it is in."""
        run = self.get(run_id)
        with self.lock:
            process, status = self._home(run), run.status()
            if process:
                process.send("pause", run.id)
            elif status.state in ACTIVE:  # of a process that is gone
                run.write_status(Status("paused", status.step))

    def stop(self, run_id: str) -> None:
        """End a run where it stands; it can still be gone on with."""
        run = self.get(run_id)
        with self.lock:
            process = self._home(run)
            if process is None and run.status().state in (*ACTIVE, "paused"):
                run.write_status(Status("paused", run.status().step))
                process = self._least_busy()
            if process:
                process.send("stop", run.id)

    def extend(self, run_id: str) -> None:
        """Train a finished run for as many steps again; one that is not finished just goes on."""
        run = self.get(run_id)
        with self.lock:
            if self._home(run) is None:
                config, status = run.config(), run.status()
                if status.step >= config.train.steps:
                    extend(run, 2 * config.train.steps)
                    run.write_status(Status("paused", status.step))
            self._train(run)

    def delete(self, run_id: str) -> None:
        """Delete a run and all that it wrote."""
        run = self.get(run_id)
        with self.lock:
            process = self._home(run)
            if process:
                process.send("delete", run.id)
            else:
                delete(run)

    def welcome(self) -> RunDir | None:
        """Train a small run on the built-in corpus if there are no runs at all, so that nobody meets an empty page."""
        if list_runs(self.root)[0] or (self.root / WELCOME).exists():
            return None
        preset = PRESETS["tiny"]
        train = {**preset.train, "steps": WELCOME_STEPS, "eval_interval": 50}
        plan = plan_run(load_corpus(DEFAULT_CORPUS), {"preset": WELCOME}, preset.model, train)
        return self.start(plan, run_id=WELCOME)

    # -- workers --------------------------------------------------------------------------------------------------

    def _train(self, run: RunDir, steps: int | None = None) -> None:
        with self.lock:
            process, status = self._home(run), run.status()
            if process and process.commands[run.id].is_to_the_end:
                return
            if process is None:
                if status.state == "done":
                    return
                process = self._least_busy()
                self.deaths.pop(run.id, None)
                run.write_status(Status("queued", status.step))
            process.send("train", run.id, steps)

    def _home(self, run: RunDir) -> Process | None:
        """Return the process that a run is in, None when it is in none: then its directory alone says how it stands.

        A run is in a process as long as it trains there or an order about it is waiting: whatever is asked meanwhile
        goes there too, and the process carries it out in the order in which it was asked.
        Raises ValueError for a run that another program trains, such as the command line.
        """
        for process in self.processes:
            if run.id in process.commands:
                waiting, status = not process.has_handled(run.id), run.status()  # asked in this order
                is_there = status.state == "queued" or status.pid == process.process.pid
                if waiting or (status.state in ACTIVE and is_there):
                    return process
                del process.commands[run.id]
        status = run.status()
        if status.state == "running" and _is_alive(status):
            raise ValueError(f"This run is trained by another program (process {status.pid}); stop it there")
        return None

    def _least_busy(self) -> Process:
        if not self.processes:
            raise ValueError("The training processes have not started yet; try again in a few seconds")
        return min(self.processes, key=lambda process: sum(map(self._is_active, process.commands)))

    def _is_active(self, run_id: str) -> bool:
        try:
            return self.get(run_id).status().state in ACTIVE
        except ValueError:
            return False

    def _watch(self) -> None:
        """Replace a worker that died, at once, and hand its runs to the new one."""
        while not self.closed.is_set():
            ready = wait([process.process.sentinel for process in self.processes], timeout=1.0)
            with self.lock:
                if self.closed.is_set():
                    return
                for i, process in enumerate(self.processes):
                    if process.process.sentinel in ready:
                        try:
                            fresh = Process(self.root)
                        except OSError:  # no memory for a new process at the moment
                            self.closed.wait(1.0)
                            continue
                        self.processes[i] = fresh
                        self._hand_over(process, fresh)
                        if fresh.started - process.started < SHORT_LIFE:  # it cannot even start: try, but not at once
                            self.closed.wait(1.0)

    def _hand_over(self, dead: Process, fresh: Process) -> None:
        culprit, code = dead.running_run_id.value.decode(), dead.process.exitcode
        for run_id, order in sorted(dead.commands.items()):
            try:
                run = self.get(run_id)
                status = run.status()
                if status.state not in ACTIVE and dead.has_handled(run_id):
                    continue
                if run_id == culprit and self._died_here_before(run):
                    message = (
                        f"The training process ended twice at about step {status.step} ({_reason(code)}); "
                        f"press Play to try again from the last saved step, or make the model or batch smaller."
                    )
                    run.write_status(Status("failed", status.step, message))
                    continue
                if status.state in ACTIVE:
                    message = f"The training process ended ({_reason(code)}); going on."
                    run.write_status(Status("queued", status.step, message))
                fresh.send(order.command, run_id, order.steps)
            except (ValueError, OSError):  # deleted, damaged or no disk space: the others' turn
                continue

    def _died_here_before(self, run: RunDir) -> bool:
        """Count a death, and tell whether it is the second without new saved progress in between."""
        steps = (path.name.removeprefix("step-") for path in run.path.glob("resume/step-*"))
        saved = max((int(step) for step in steps if step.isdigit()), default=0)
        if self.death_steps.get(run.id) != saved:
            self.deaths[run.id] = 0
        self.death_steps[run.id] = saved
        self.deaths[run.id] += 1
        return self.deaths[run.id] >= 2


def _reason(code: int | None) -> str:
    return "killed, perhaps for want of memory" if code == -9 else f"exit code {code}"


def _is_alive(status: Status) -> bool:
    """Tell whether the process that wrote a status is still there (and not another that got its number since)."""
    if not isinstance(status.pid, int) or status.pid <= 0 or os.name == "nt":  # on Windows to ask would be to kill
        return False
    try:
        os.kill(status.pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    began = _began(status.pid)
    return began is None or began <= (status.updated or 0.0) + 2.0


def _began(pid: int) -> float | None:
    """Return when a process began, in seconds since 1970; None where that cannot be read (not Linux)."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = next(line.split()[1] for line in Path("/proc/stat").read_text().splitlines() if line[:5] == "btime")
        return int(boot) + int(after_name[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, StopIteration):
        return None
