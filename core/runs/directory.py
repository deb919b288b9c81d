"""A run on disk. All results go through its directory: the trainer writes it, and the page reads it by cursor.

    run.json              the version of the format; what is trained, on what, and how (rewritten by `plan.extend`)
    corpus.txt            the text itself, so that the directory is complete on any machine
    status.json           state, step, message, and the process that trains; it holds .trainer.lock (`claim.py`)
    metrics.jsonl         a line a step           samples.jsonl   a line a sample
    name.json             its number among the runs, and the name that it was given (`naming.py`)
    baselines.json        the losses of simple models on this text, and its entropy where it is known
    snapshots/step-*/     model.safetensors, meta.json: to look back at
    resume/step-*/        model.safetensors, optimizer.safetensors, state.json: to go on from, exactly
    kept/step-*/          the same, of a few steps: to fork the run there (`lab/forks.py`)

A file or a snapshot becomes visible by an atomic rename, complete or not at all, after a power cut too (`durable.py`).
The last two states to go on from are kept. Weights are safetensors, everything
else is JSON; nothing is ever pickled. What is no file or folder of the run's own, such as a link, is not there
(`plain.py`). `training_run.py` writes these files while a model trains, `listing.py` deals with many such directories,
and `config.py` says what run.json and status.json hold.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.runs.built import model_of
from core.runs.config import HOST, ResumeState, RunConfig, Status, checked
from core.runs.durable import make_folder, publish, read_json, sync_file, write_file, write_json, write_over_if_full
from core.runs.plain import is_plain, plain, read_plain
from core.runs.snapshots import kept, mark_used, most_states, thin
from core.runs.states import read_state, write_state
from core.runs.step_folders import discard_step, step_folders, write_step_folder

if TYPE_CHECKING:
    from core.modern import Model
    from core.optim import CombinedOptimizer

VALID_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
MOST_TEXT, MOST_ROWS = 2**26, 2**29  # bytes: of five million letters, and of a million steps
STATES_KEPT = 2  # to go on from: should the last one be damaged, there is the one before it


def being_made() -> str:
    """Return a new hidden name for a run's folder that this process makes or deletes."""
    return f".new-{os.getpid()}-{host_mark()}-{secrets.token_hex(8)}"


def host_mark() -> str:
    """Return a short mark of this machine."""
    return hashlib.sha256(HOST.encode()).hexdigest()[:8]


class RunDir:
    """One run's directory. It keeps nothing but the path in memory, so several processes may use the same run."""

    def __init__(self, path: Path):
        self.path = Path(path)
        self.id = self.path.name

    @classmethod
    def create(
        cls, root: Path, config: RunConfig, text: str, run_id: str | None = None,
        fill: Callable[["RunDir"], None] = lambda run: None,
    ) -> "RunDir":  # fmt: skip
        """Make a new run below root, all of it or nothing; ValueError when run_id is taken or not a plain name.

        fill: puts more into its directory, before anybody sees that.
        """
        run_id = secrets.token_hex(16) if run_id is None else run_id
        if not VALID_ID.fullmatch(run_id):
            raise ValueError(f"A run cannot be called {run_id[:70]!r}; use letters, digits, - and _ (at most 64)")
        making = root / being_made()
        try:
            make_folder(root)
            making.mkdir()
            write_file(making / "corpus.txt", corpus := text.encode())
            config = replace(config, text_sha256=hashlib.sha256(corpus).hexdigest())
            write_file(making / "run.json", json.dumps(config.to_json(), indent=1).encode())
            cls(making).write_status(Status("queued"))
            fill(cls(making))
            publish(making, root / run_id)
        except OSError as error:
            if (root / run_id).exists():
                raise ValueError(f"There is already a run called {run_id!r}; choose another name") from None
            raise ValueError(
                f"The run could not be written ({error.strerror}); free some disk space, or choose another place"
            ) from None
        finally:
            shutil.rmtree(making, ignore_errors=True)  # after the rename there is nothing of that name
        return cls(root / run_id)

    @classmethod
    def open(cls, root: Path, run_id: Any) -> "RunDir":
        """Return the run called run_id; ValueError when there is none."""
        named = isinstance(run_id, str) and VALID_ID.fullmatch(run_id)
        if not (named and is_plain(root / run_id, folder=True) and is_plain(root / run_id / "run.json")):
            raise no_run(run_id)
        return cls(root / run_id)

    def is_there(self) -> bool:
        """Tell whether the run has not been deleted."""
        return is_plain(self.path / "run.json")

    def clear_away(self) -> None:
        """Delete what a trainer wrote of a run while its folder was being deleted by hand."""
        if not self.is_there() and not (self.path / "corpus.txt").exists():
            shutil.rmtree(self.path, ignore_errors=True)

    # -- what the run is ------------------------------------------------------------------------------------------

    def config(self) -> RunConfig:
        """Read run.json; ValueError when it is damaged."""
        return RunConfig.from_json(read_json(self.path / "run.json"))

    def write_config(self, config: RunConfig) -> None:
        """Replace run.json, for a run that is to train longer."""
        write_json(self.path / "run.json", config.to_json())

    def hash_owner(self) -> None:
        """Write run.json anew where its owner's token itself stands, as earlier versions had it."""
        config = self.config()
        if config.owner != read_json(self.path / "run.json").get("owner"):
            with suppress(OSError):  # nobody may write there
                self.write_config(config)

    def text(self) -> str:
        """Read the corpus; ValueError when it is missing, damaged or not the text that the run was made with."""
        try:
            corpus = read_plain(self.path / "corpus.txt", MOST_TEXT)
            text = corpus.decode()
        except (OSError, ValueError) as error:
            raise ValueError(f"corpus.txt cannot be read ({type(error).__name__})") from None
        if self.config().text_sha256 not in (None, hashlib.sha256(corpus).hexdigest()):
            raise ValueError(
                "corpus.txt is not the text that this run was made with (its checksum is another); "
                "put that text back, or start a new run"
            )
        return text

    def status(self) -> Status:
        """Read the run's state and step; ValueError when status.json is damaged."""
        told = read_json(self.path / "status.json")
        try:
            return checked(Status, told)
        except ValueError as error:
            raise ValueError(f"status.json does not say where a run stands ({error})") from None

    def write_status(self, status: Status) -> None:
        """Replace status.json, with the time of now; on a full disk too.

        Of a run that is running it is written ten times a second, and not synced: where it stands is told by its rows
        and states too (`recovery.py`).
        """
        told = {**asdict(status), "updated": time.time()}
        write_over_if_full(self.path / "status.json", told, synced=status.state != "running")

    # -- what it wrote --------------------------------------------------------------------------------------------

    def append(self, name: str, rows: list[dict]) -> None:
        """Add rows to name.jsonl in one write. If a crash cut the last line short, the new rows begin on a new line."""
        if not rows:
            return
        with open(plain(self.path / f"{name}.jsonl", may_be_new=True), "ab+") as file:
            if file.tell() and file.seek(-1, os.SEEK_END) >= 0 and file.read(1) != b"\n":
                file.write(b"\n")
            file.write("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode())

    def sync_rows(self) -> None:
        """Wait until all rows are on the disk: a state to go on from must not count before the rows up to it."""
        for name in ("metrics", "samples"):
            sync_file(self.path / f"{name}.jsonl")

    def rows(self, name: str, offset: int = 0, holding: bytes = b"") -> tuple[list[dict], int]:
        """Read the rows of name.jsonl from a byte offset, but for broken lines; return them and the next offset.

        holding: what a line must have in it; of a long file, the others are not parsed.
        None of a file that is not there, or is no file that can be read: the run's other files may be whole.
        """
        try:
            data = read_plain(self.path / f"{name}.jsonl", MOST_ROWS, offset)
        except OSError:
            return [], offset
        whole = data[: data.rfind(b"\n") + 1]
        return list(_parsed(whole, holding)), offset + len(whole)

    def last_row(self) -> int:
        """Return the last step that has a row; -1 without one."""
        steps = (row.get("step") for row in self.rows("metrics")[0])
        return max((step for step in steps if type(step) is int), default=-1)

    def baselines(self) -> dict[str, float] | None:
        """Read the losses of simple models on this text; None when they are not counted, or the file is damaged."""
        try:
            values = read_json(self.path / "baselines.json")
        except ValueError:
            return None
        if not isinstance(values, dict) or "uniform" not in values or not all(map(is_number, values.values())):
            return None  # everything is measured against a uniform guess
        if "floor" in values:  # what version 1 called it
            values["entropy"] = values.pop("floor")
        return values

    def write_baselines(self, values: dict[str, float]) -> None:
        """Write the losses of simple models on this text, in nats per token, by name."""
        write_json(self.path / "baselines.json", values)

    # -- weights (only these methods need torch, and import it) ----------------------------------------------------

    def write_snapshot(self, model: "Model", step: int, meta: dict) -> None:
        """Keep the weights of a step, to look back at; of a large model, earlier ones may go."""
        from core.pretrained.weights import weights

        write_step_folder(self.path, "snapshots", step, {"model": weights(model)}, {"meta": {**meta, "step": step}})
        thin(dict(step_folders(self.path / "snapshots")))

    def snapshots(self) -> list[int]:
        """Return the steps that have a snapshot, in order."""
        return [step for step, _ in step_folders(self.path / "snapshots")]

    def weights_file(self, step: int) -> Path:
        """Return the file with the weights of a snapshot; ValueError when there is none."""
        if folder := dict(step_folders(self.path / "snapshots")).get(step):
            if is_plain(folder / "model.safetensors"):
                return folder / "model.safetensors"
        file = f"step-{step:07d}/model.safetensors"
        raise ValueError(f"{file} cannot be read ({FileNotFoundError.__name__})")

    def load_snapshot(self, step: int | None = None) -> "Model":
        """Build the model of a step (the last one by default) in eval mode; ValueError when it cannot be read."""
        from core.pretrained.weights import load_weights, read_tensors

        found = dict(step_folders(self.path / "snapshots"))
        step = max(found, default=None) if step is None else step
        if step not in found:
            raise ValueError(f"The run has no snapshot of step {step}; it has {_listed(found)}")
        mark_used(found[step])
        model = model_of(self.config(), empty=True)
        load_weights(model, read_tensors(self.weights_file(step)), assign=True)
        return model.eval()

    def write_resume(self, model: "Model", optimizer: "CombinedOptimizer", step: int, state: dict) -> None:
        """Keep all that is needed to go on from a step exactly, and the state before it; delete older ones then."""
        self.sync_rows()
        write_state(self.path, "resume", model, optimizer, step, state)
        steps = self.saved_steps()
        for old in set(steps) - {step, *[each for each in steps if each <= step][-STATES_KEPT:]}:
            discard_step(self.path, "resume", old)

    def write_kept(self, model: "Model", optimizer: "CombinedOptimizer", step: int, state: dict) -> None:
        """Keep the same of a step at which the run can be forked later; others may go, and a large model keeps none."""
        if most := most_states(sum(parameter.numel() for parameter in model.parameters())):
            self.sync_rows()
            write_state(self.path, "kept", model, optimizer, step, state)
            steps = self.kept_steps()
            for old in set(steps) - set(kept(steps, most)):
                discard_step(self.path, "kept", old)

    def saved_steps(self) -> list[int]:
        """Return the steps that have a state to go on from, in order."""
        return [step for step, _ in step_folders(self.path / "resume")]

    def kept_steps(self) -> list[int]:
        """Return the steps that have a state which was kept to fork the run, in order."""
        return [step for step, _ in step_folders(self.path / "kept")]

    def read_resume(self, model: "Model", optimizer: "CombinedOptimizer") -> ResumeState | None:
        """Load the newest complete resume state into model and optimizer; return its state.json, None without one.

        ValueError for a fork without one: its own start is no fresh model.
        """
        for step, folder in reversed(step_folders(self.path / "resume")):
            try:
                return read_state(folder, step, model, optimizer)
            except (ValueError, OSError):  # damaged: an older one may be complete, the start always is
                discard_step(self.path, "resume", step)
        if began := self.config().parent_step:
            raise ValueError(
                f"No state of this fork is left, not even that of step {began:,} which it began with; "
                f"fork its parent once more"
            )
        return None


def no_run(run_id: Any) -> ValueError:
    """Return the refusal of an id that names no run; of one that somebody may not change, it is the same."""
    name = run_id[:40] if isinstance(run_id, str) else type(run_id).__name__
    return ValueError(f"There is no run called {name!r}; choose one from the list")


def is_number(value: Any) -> bool:
    """Tell whether a JSON value is a number to compute with: no bool, no NaN, no integer of hundreds of digits."""
    return type(value) in (int, float) and abs(value) < 1e300


def _parsed(lines: bytes, holding: bytes = b"") -> Iterator[dict]:
    for line in lines.splitlines():
        if holding not in line:
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            yield row


def _listed(steps: dict[int, Path]) -> str:
    return ", ".join(str(step) for step in sorted(steps)) or "none yet"
