"""A run on disk. All results go through its directory: the trainer writes it, and the page reads it by cursor.

    run.json              the version of the format; what is trained, on what, and how (rewritten by `plan.extend`)
    corpus.txt            the text itself, so that the directory is complete on any machine
    status.json           state, step, message, and the process that trains
    metrics.jsonl         a line a step           samples.jsonl   a line a sample
    name.json             its number among the runs, and the name that it was given (`naming.py`)
    baselines.json        the losses of simple models on this text, and its entropy where it is known
    snapshots/step-*/     model.safetensors, meta.json: to look back at
    resume/step-*/        model.safetensors, optimizer.safetensors, state.json: to go on from, exactly

A file or a snapshot becomes visible by an atomic rename, complete or not at all. Weights are safetensors, everything
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
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.runs.config import HOST, ResumeState, RunConfig, Status, checked
from core.runs.plain import is_plain, plain
from core.runs.snapshots import mark_used, thin

if TYPE_CHECKING:
    from core.modern import Model
    from core.optim import CombinedOptimizer

VALID_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


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
    def create(cls, root: Path, config: RunConfig, text: str, run_id: str | None = None) -> "RunDir":
        """Make a new run below root, all of it or nothing; ValueError when run_id is taken or not a plain name."""
        run_id = secrets.token_hex(16) if run_id is None else run_id
        if not VALID_ID.fullmatch(run_id):
            raise ValueError(f"A run cannot be called {run_id[:70]!r}; use letters, digits, - and _ (at most 64)")
        making = root / being_made()
        try:
            making.mkdir(parents=True)
            (making / "corpus.txt").write_text(text, encoding="utf-8", newline="")
            (making / "run.json").write_text(json.dumps(config.to_json(), indent=1), encoding="utf-8")
            run = cls(making)
            run.write_status(Status("queued"))
            os.rename(making, root / run_id)
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
        """Read the corpus; ValueError when it is missing or damaged."""
        try:
            with open(plain(self.path / "corpus.txt"), encoding="utf-8", newline="") as file:
                return file.read()
        except (OSError, ValueError) as error:
            raise ValueError(f"corpus.txt cannot be read ({type(error).__name__})") from None

    def status(self) -> Status:
        """Read the run's state and step; ValueError when status.json is damaged."""
        told = read_json(self.path / "status.json")
        try:
            return checked(Status, told)
        except ValueError as error:
            raise ValueError(f"status.json does not say where a run stands ({error})") from None

    def write_status(self, status: Status) -> None:
        """Replace status.json, with the time of now."""
        write_json(self.path / "status.json", {**asdict(status), "updated": time.time()})

    # -- what it wrote --------------------------------------------------------------------------------------------

    def append(self, name: str, rows: list[dict]) -> None:
        """Add rows to name.jsonl in one write. If a crash cut the last line short, the new rows begin on a new line."""
        if not rows:
            return
        with open(plain(self.path / f"{name}.jsonl", may_be_new=True), "ab+") as file:
            if file.tell() and file.seek(-1, os.SEEK_END) >= 0 and file.read(1) != b"\n":
                file.write(b"\n")
            file.write("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode())

    def rows(self, name: str, offset: int = 0) -> tuple[list[dict], int]:
        """Read the rows of name.jsonl from a byte offset, but for broken lines; return them and the next offset.

        None of a file that is not there, or is no file that can be read: the run's other files may be whole.
        """
        try:
            with open(plain(self.path / f"{name}.jsonl"), "rb") as file:
                file.seek(offset)
                data = file.read()
        except OSError:
            return [], offset
        whole = data[: data.rfind(b"\n") + 1]
        return list(_parsed(whole)), offset + len(whole)

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

        self._write_folder("snapshots", step, {"model": weights(model)}, {"meta": {**meta, "step": step}})
        thin(dict(_folders(self.path / "snapshots")))

    def snapshots(self) -> list[int]:
        """Return the steps that have a snapshot, in order."""
        return [step for step, _ in _folders(self.path / "snapshots")]

    def weights_file(self, step: int) -> Path:
        """Return the file with the weights of a snapshot; ValueError when there is none."""
        if folder := dict(_folders(self.path / "snapshots")).get(step):
            if is_plain(folder / "model.safetensors"):
                return folder / "model.safetensors"
        file = f"step-{step:07d}/model.safetensors"
        raise ValueError(f"{file} cannot be read ({FileNotFoundError.__name__})")

    def load_snapshot(self, step: int | None = None) -> "Model":
        """Build the model of a step (the last one by default) in eval mode; ValueError when it cannot be read."""
        from core.parameters import empty_model
        from core.pretrained.weights import load_weights, read_tensors

        found = dict(_folders(self.path / "snapshots"))
        step = max(found, default=None) if step is None else step
        if step not in found:
            raise ValueError(f"The run has no snapshot of step {step}; it has {_listed(found)}")
        mark_used(found[step])
        model = empty_model(self.config().model)
        load_weights(model, read_tensors(self.weights_file(step)), assign=True)
        return model.eval()

    def write_resume(self, model: "Model", optimizer: "CombinedOptimizer", step: int, state: dict) -> None:
        """Keep all that is needed to go on from a step exactly; delete older states once this one is complete."""
        from core.pretrained.weights import optimizer_tensors, weights

        tensors = {"model": weights(model), "optimizer": optimizer_tensors(optimizer)}
        self._write_folder("resume", step, tensors, {"state": {**state, "step": step}})
        for old, folder in _folders(self.path / "resume"):
            if old != step:
                shutil.rmtree(folder, ignore_errors=True)

    def saved_steps(self) -> list[int]:
        """Return the steps that have a state to go on from, in order."""
        return [step for step, _ in _folders(self.path / "resume")]

    def read_resume(self, model: "Model", optimizer: "CombinedOptimizer") -> ResumeState | None:
        """Load the newest complete resume state into model and optimizer; return its state.json, None without one."""
        from core.pretrained.weights import check_weights, load_optimizer, load_weights, read_tensors

        for step, folder in reversed(_folders(self.path / "resume")):
            try:
                state = ResumeState.parse(read_json(folder / "state.json"))
                if state.step != step:
                    raise ValueError(f"{folder.name} holds the state of step {state.step}")
                tensors = read_tensors(plain(folder / "model.safetensors"))
                check_weights(model, tensors)  # before the optimizer changes: both are loaded, or neither
                load_optimizer(optimizer, read_tensors(plain(folder / "optimizer.safetensors")))
                load_weights(model, tensors)
                return state
            except (ValueError, OSError):
                shutil.rmtree(folder, ignore_errors=True)  # damaged: an older one may be complete, the start always is
        return None

    def _write_folder(self, kind: str, step: int, tensors: dict[str, dict], notes: dict[str, dict]) -> None:
        from core.pretrained.weights import save_tensors

        final = self.path / kind / f"step-{step:07d}"
        if final.exists():
            return  # the same step of the same run holds the same numbers
        if final.parent.exists() and not is_plain(final.parent, folder=True):
            raise OSError(f"The folder {kind!r} of the run leads elsewhere; put a plain folder in its place")
        making = self.path / f".{kind}-{step}-{os.getpid()}"
        shutil.rmtree(making, ignore_errors=True)
        try:
            making.mkdir()
            for name, content in tensors.items():
                save_tensors(content, making / f"{name}.safetensors")
            for name, content in notes.items():
                (making / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
            final.parent.mkdir(exist_ok=True)
            os.rename(making, final)
        finally:
            shutil.rmtree(making, ignore_errors=True)  # after the rename there is nothing of that name


def _folders(path: Path) -> list[tuple[int, Path]]:
    children = path.glob("step-*") if is_plain(path, folder=True) else ()
    steps = [(child.name.removeprefix("step-"), child) for child in children if is_plain(child, folder=True)]
    return sorted((int(step), child) for step, child in steps if step.isdecimal())


def no_run(run_id: Any) -> ValueError:
    """Return the refusal of an id that names no run; of one that somebody may not change, it is the same."""
    name = run_id[:40] if isinstance(run_id, str) else type(run_id).__name__
    return ValueError(f"There is no run called {name!r}; choose one from the list")


def is_number(value: Any) -> bool:
    """Tell whether a JSON value is a number to compute with: no bool, no NaN, no integer of hundreds of digits."""
    return type(value) in (int, float) and abs(value) < 1e300


def read_json(path: Path) -> Any:
    """Read a JSON file; ValueError, one sentence, when that is not possible."""
    try:
        return json.loads(plain(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} cannot be read ({type(error).__name__})") from None


def write_json(path: Path, content: Any) -> None:
    """Replace a JSON file, complete or not at all."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")  # threads of one server write here too
    try:
        temporary.write_text(json.dumps(content), encoding="utf-8")
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _parsed(lines: bytes) -> Iterator[dict]:
    for line in lines.splitlines():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            yield row


def _listed(steps: dict[int, Path]) -> str:
    return ", ".join(str(step) for step in sorted(steps)) or "none yet"
