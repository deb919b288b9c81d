"""A tree of runs: go on from a step of a run whose state was kept, with a setting changed, in a run of its own.

The fork takes over what its parent had by then: rows, samples, snapshots, and the state with which training goes on
exactly. So its curve leaves the parent's at that step, and without a change it repeats the parent bit for bit. Weights
are taken over as second names of the parent's files, which take no space, and either run can be deleted alone.

What can change is how training goes on, and on what text. Left out on purpose: another shape, vocabulary or optimizer,
for which the kept weights, or what the optimizer remembers, mean nothing.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.architectures import architecture_of
from core.config import TrainConfig
from core.lab.twins import count_of_variant
from core.runs.built import model_of
from core.runs.config import RunConfig, Status, tokenizer_from_json
from core.runs.cost import bytes_needed
from core.runs.directory import RunDir
from core.runs.plan import Plan
from core.runs.snapshots import most_states
from core.runs.states import read_state
from core.runs.step_folders import link_step_folder, step_folders
from core.text.corpora import own_text
from core.tokenizers import named, split

FIXED = ("optimizer", "continued_at")  # of how a run is trained: what the state belongs to, and what is no choice
CHANGES = (*(name for name in TrainConfig.model_fields if name not in FIXED), "dropout", "text")


def fork(run: RunDir, step: int, changes: dict[str, Any], owner: str | None = None) -> RunDir:
    """Make a run beside `run` that goes on from its state after `step`, paused there; owner: whose it is.

    changes: settings of CHANGES by name; a text is cleaned as any own text. Raises ValueError, one sentence, for a step
    that was not kept, a state that is damaged, and a change that does not fit; then there is no new run.
    """
    return plan_fork(run, step, changes, owner).create(run.path.parent)


@dataclass(frozen=True)
class ForkPlan(Plan):
    """A fork that fits its parent, as far as can be told without reading weights; `create` reads them."""

    parent: RunDir
    step: int

    def create(self, root: Path, run_id: str | None = None) -> RunDir:
        """Make the fork's directory below root, on the parent's disk."""
        return RunDir.create(root, self.config, self.text, run_id, fill=self._take_over)

    def _take_over(self, made: RunDir) -> None:
        if self.step > 0:
            self._take_state(made)
            for name in ("metrics", "samples"):
                made.append(name, [row for row in self.parent.rows(name)[0] if _is_upto(row, self.step)])
            made.sync_rows()
            for kind in ("snapshots", "kept"):
                for step, folder in step_folders(self.parent.path / kind):
                    if step <= self.step:
                        _link(folder, made, kind, step)
        baselines = self.parent.baselines()
        if baselines and self.config.text_sha256:  # of this very text
            made.write_baselines(baselines)
        made.write_status(Status("paused", self.step))

    def _take_state(self, made: RunDir) -> None:
        """Link the parent's state, then load it as the fork will; ValueError where that cannot be."""
        import torch  # a plan needs none of these

        from core.optim import make_optimizer

        folder = _states(self.parent).get(self.step)
        if folder is None or not _link(folder, made, "resume", self.step):
            raise _not_kept(self.parent, self.step)
        if not most_states(self.parameters):  # so large a model is loaded by its worker, which tells of any damage
            return
        with torch.random.fork_rng(devices=[]):
            model = model_of(self.config)
        linked = dict(step_folders(made.path / "resume"))[self.step]
        try:
            read_state(linked, self.step, model, make_optimizer(model, self.config.train))
        except (ValueError, OSError) as error:
            others = ", ".join(str(step) for step in forkable_steps(self.parent) if step != self.step)
            raise ValueError(
                f"The state of step {self.step:,} is damaged ({error!s:.200}); fork the run at another step: {others}"
            ) from None


def plan_fork(run: RunDir, step: int, changes: dict[str, Any], owner: str | None = None) -> ForkPlan:
    """Check a fork, as `fork` does, before anything is written; `RunStore.start` makes it and trains it."""
    config, text = run.config(), run.text()
    if type(step) is not int or step not in forkable_steps(run):
        raise _not_kept(run, step)
    config, text = _changed(config, text, changes)
    train = config.train
    if train.steps <= step:
        raise ValueError(
            f"A fork of step {step:,} has nothing to train up to steps={train.steps}; ask for more steps than that"
        )
    before = run.config().train.steps
    more = [at for at in train.continued_at if at <= step or train.steps == before]
    if step == before:  # at its end a run goes on at a low rate, as with `plan.extend`
        more = [*more, step]
    config = replace(
        config,
        train=TrainConfig.parse({**train.model_dump(), "continued_at": more}),
        parent=run.id,
        parent_step=step,
        owner=owner,
        created=time.time(),
    )
    return ForkPlan(
        config, text, count_of_variant(config), bytes_needed(config.model, train.batch_size), parent=run, step=step
    )


def forkable_steps(run: RunDir) -> list[int]:
    """Return the steps after which a run can be forked, in order: its start, those kept, and its last states."""
    return [0, *sorted(_states(run))]


def family(runs: Iterable[RunDir]) -> list[tuple[int, RunDir]]:
    """Return runs as a tree, from top to bottom: each with its depth, followed by its forks, earlier steps first.

    A fork whose parent is not among them stands at depth 0, as does one that claims to descend from itself.
    """
    known = {run.id: (run, run.config()) for run in runs}
    forks: dict[str, list[str]] = {}
    for run_id, (_, config) in known.items():
        forks.setdefault(config.parent if config.parent in known else "", []).append(run_id)
    for children in forks.values():
        children.sort(key=lambda run_id: (known[run_id][1].parent_step or 0, known[run_id][1].created))
    tree: dict[str, int] = {}
    for first in [*forks.get("", []), *known]:  # those of a circle hang on nothing
        below = [(first, 0)]
        while below:
            run_id, depth = below.pop()
            if run_id not in tree:
                tree[run_id] = depth
                below += [(child, depth + 1) for child in reversed(forks.get(run_id, []))]
    return [(depth, known[run_id][0]) for run_id, depth in tree.items()]


def _states(run: RunDir) -> dict[int, Path]:
    """Return the folders of all states of a run by step, those kept before those that it goes on from."""
    return {step: path for kind in ("resume", "kept") for step, path in step_folders(run.path / kind) if step > 0}


def _link(folder: Path, made: RunDir, kind: str, step: int) -> bool:
    """Take over a folder of the parent; tell whether it was there: a run that trains deletes some."""
    try:
        link_step_folder(folder, made.path, kind, step)
    except FileNotFoundError:
        return False
    return True


def _is_upto(row: dict, step: int) -> bool:
    at = row.get("step")
    return type(at) is int and at <= step


def _changed(config: RunConfig, text: str, changes: Any) -> tuple[RunConfig, str]:
    """Return what the fork is and its text; ValueError for a change that does not fit the kept state."""
    if not isinstance(changes, dict):
        raise ValueError(f"The changes of a fork must be named settings, but are of type {type(changes).__name__}")
    model, train = config.model.model_dump(), config.train.model_dump()
    kinds = {
        "architecture": architecture_of(config.model),
        "tokenizer": config.tokenizer["kind"],
        "weights": config.weights,
    }
    for name, value in changes.items():
        _check_name(name, value, {**model, **train, **kinds})
    chosen = {name: value for name, value in changes.items() if name in TrainConfig.model_fields}
    config = replace(config, train=TrainConfig.parse({**train, **chosen}))
    if "dropout" in changes:
        config = replace(config, model=type(config.model).parse({**model, "dropout": changes["dropout"]}))
    if "text" not in changes or changes["text"] == text:
        return config, text
    return _with_text(config, changes["text"], text)


def _check_name(name: Any, value: Any, settings: dict) -> None:
    if name in settings and name not in CHANGES:
        if value != settings[name]:
            raise ValueError(
                f"{name} cannot change in a fork, because the kept state belongs to {name}={settings[name]!r:.40}; "
                f"start a new run for that"
            )
    elif name not in CHANGES:
        raise ValueError(f"A fork has no setting called {name!r:.40}; what can change is {', '.join(CHANGES)}")


def _with_text(config: RunConfig, asked: Any, text: str) -> tuple[RunConfig, str]:
    """Return the fork with another text, which must be of the vocabulary that the model knows."""
    if not isinstance(asked, str):
        raise ValueError(f"A fork's text must be a text, but is of type {type(asked).__name__}; write some letters")
    corpus, tokenizer = own_text(asked), tokenizer_from_json(config.tokenizer)
    if corpus.text == text:
        return config, text
    if unknown := tokenizer.unknown(corpus.text):
        raise ValueError(
            f"The model has no token for {named(unknown)}, which the new text has; leave them out of it, or start a "
            f"new run on it"
        )
    split(tokenizer.encode(corpus.text), config.model.block_size)  # refuses a text that is too short
    config = replace(config, corpus=corpus.name, corpus_title=corpus.title, entropy=None, text_sha256=None)
    return config, corpus.text


def _not_kept(run: RunDir, step: Any) -> ValueError:
    """Return the refusal of a step without a state, which says what there is."""
    steps = ", ".join(map(str, forkable_steps(run)))
    if type(step) is int and step > (at := run.status().step):
        return ValueError(f"The run is at step {at:,} and not at step {step:,} yet; fork it at one of these: {steps}")
    return ValueError(f"No state of step {step!r:.40} was kept; fork the run at one of these: {steps}")
