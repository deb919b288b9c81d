"""The runs that a viewer may see, each with what tells it from the others: for the picker, and for curves to compare.

What was read of a run is kept until its files change, so that a question costs some stats for each run, and of the
metrics only their newest bytes are read. Left out on purpose: HTTP (`routes.py`).
"""

import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from core.runs.claim import status_now
from core.runs.config import RunConfig, Status
from core.runs.directory import VALID_ID, RunDir, is_number
from core.runs.listing import problem_of
from core.runs.naming import NAME_FILE, RunName, given_name, name_of, number_runs
from core.runs.plain import is_plain, plain
from core.runs.store import RunStore
from core.text.corpora import title_of
from playground.server.rights import HOST, Person
from playground.words.numbers import format_number
from playground.words.run_names import changed_preset, preset_name, run_label, text_name
from playground.words.translate import translate
from playground.words.turning import straight

FILES = ("run.json", "status.json", NAME_FILE, "metrics.jsonl")
BEGINNING = 1_000  # characters of a text in which its title is looked for
SLOW, SHARE, LONGEST = 0.01, 10, 1.0  # seconds: a reading as slow as that holds ten times as long, and a second at most
MOST_PROBLEMS = 3  # sentences about runs that cannot be read
TAIL = 200_000  # bytes of metrics in which the last validation loss is looked for


@dataclass
class Listed:
    """What is known of one run, as of the files in `seen`."""

    run: RunDir
    config: RunConfig
    said: Status  # as it was written
    names: RunName
    seen: tuple
    title: str | None = None  # of an own text
    val_loss: float | None = None
    read_to: int = 0  # the byte of metrics.jsonl up to which val_loss is known
    text: str | None = None  # a digest of corpus.txt
    status: Status = field(init=False)  # as it is: a run that nobody trains any more does not run

    def __post_init__(self):
        self.status = self.said

    def name(self, lang: str) -> str:
        """Return what the run is called: by its owner, on the command line, or by preset, changes and text."""
        return self.own_name or run_label(self.config, lang, self.title)

    @property
    def own_name(self) -> str | None:
        """The name that somebody gave to the run."""
        name = self.names.name
        return straight(name) if name else given_name(self.run.id)

    def short_name(self, lang: str) -> str:
        """Return the name of a curve beside others on the same text."""
        changes = changed_preset(self.config, lang)
        preset = preset_name(self.config.preset, lang)
        return f"{self.names.number} · " + (self.own_name or (f"{preset} ({changes})" if changes else preset))

    def text_key(self) -> str:
        """Return what is the same for two runs on the same text, and different for any other."""
        if self.text is None:
            try:
                known = self.config.text_sha256
                self.text = known or hashlib.sha256(plain(self.run.path / "corpus.txt").read_bytes()).hexdigest()
            except OSError:  # deleted just now, or never there
                return self.run.id
        return self.text


class RunList:
    """The runs of a store, as those who look at them see them; shared: there are several people (`rights.py`)."""

    def __init__(self, store: RunStore, shared: bool = False):
        self.store, self.shared = store, shared
        self.known: dict[str, Listed] = {}
        self.unread: dict[str, str] = {}  # why a run is not among them, by its folder's name
        self.good_until = 0.0  # what is known of runs holds that long; which runs there are, is looked up each time
        self.lock = Lock()

    def all(self) -> list[Listed]:
        """Return every run that can be read, newest first, each with its number."""
        with self.lock:
            return self._read_all()

    def visible(self, person: Person = HOST) -> list[Listed]:
        """Return the runs that a viewer may see, newest first, each with its number."""
        return seen_by(self.all(), person)

    def entries(self, person: Person, lang: str, in_view: str | None = None) -> list[dict]:
        """Return the runs that a viewer is shown, as the picker and the table of runs show them."""
        shown = seen_by(self.all(), person, in_view)
        texts = texts_of(shown, lang)
        return [
            {**_entry(each, lang), **text, "whose": self.whose(each.config.owner, person),
             "may_change": person.may_change(each.config.owner)}
            for each, text in zip(shown, texts, strict=True)
        ]  # fmt: skip

    def problems(self, person: Person) -> list[str]:
        """Return a sentence for each run that cannot be read, for the host: nobody knows whose it is."""
        return [self.unread[name] for name in sorted(self.unread)][:MOST_PROBLEMS] if person.is_host else []

    def whose(self, owner: str | None, person: Person) -> str:
        """Return "" for a person's own run, "all" for one of nobody, "other" for another person's."""
        if not self.shared or (owner is not None and owner == person.owner):
            return ""
        return "all" if owner is None else "other"

    def _read_all(self) -> list[Listed]:
        root = self.store.root
        paths = [path for path in root.iterdir() if _may_be_run(path)] if root.is_dir() else []
        began = time.monotonic()
        known = self.known if began < self.good_until else {}
        found = {path.name: listed for path in paths if (listed := known.get(path.name) or self._read(path))}
        for each in found.values():
            each.status = status_now(each.run, each.said)
        now = time.monotonic()
        if not known and now - began > SLOW:
            self.good_until = now + min(LONGEST, SHARE * (now - began))
        runs = sorted(found.values(), key=lambda each: each.config.created)
        self.known = found
        self.unread = {name: why for name, why in self.unread.items() if name in {path.name for path in paths}}
        unnumbered = [each for each in runs if each.names.number is None]
        if unnumbered:
            others = [each.names.number for each in runs if each.names.number is not None]
            names = number_runs(root, [each.run for each in unnumbered], others)
            for each in unnumbered:
                each.names, written = names[each.run], _state_of(each.run.path / NAME_FILE)
                each.seen = (*each.seen[:2], written, each.seen[3])
        return runs[::-1]

    def _read(self, path: Path) -> Listed | None:
        """Return what is known of the run at path, read again where its files changed; None for what is no run."""
        seen = tuple(map(_state_of, (path / name for name in FILES)))
        if seen[0] is None:
            self.unread.pop(path.name, None)
            return None
        self.unread.pop(path.name, None)
        old, run = self.known.get(path.name), RunDir(path)
        if old and old.seen == seen:
            return old
        try:
            same = old if old and old.seen[0] == seen[0] else None
            config = same.config if same else run.config()
            listed = Listed(run, config, run.status(), name_of(run), seen)
        except ValueError as error:  # damaged, of a later version, or deleted just now
            if run.is_there():
                self.unread[run.id] = problem_of(run.id, error)
            return None
        if same and same.config.created == config.created:
            listed.title, listed.text = same.title, same.text
            listed.val_loss, listed.read_to = same.val_loss, same.read_to
        elif config.corpus == "own":
            listed.title = config.corpus_title or _title(path / "corpus.txt")
        _read_loss(listed)
        return listed


def seen_by(runs: list[Listed], person: Person, in_view: str | None = None) -> list[Listed]:
    """Return those of some runs that a viewer may see, and the one in view."""
    return [each for each in runs if person.may_see(each.config.owner) or each.run.id == in_view]


def texts_of(runs: list[Listed], lang: str) -> list[dict]:
    """Return which text each run learns, by a number and by a name of its own, and what its tokens are.

    Texts that are called alike, as own ones with the same first words, are numbered in the order of their runs.
    """
    numbers: dict[str, int] = {}
    alike: dict[str, list[str]] = {}  # the texts that are called so
    told = []
    for each in reversed(runs):
        key, name = each.text_key(), text_name(each.config, lang, each.title)
        texts = alike.setdefault(name, [])
        if key not in texts:
            texts.append(key)
        which = texts.index(key) + 1
        told.append({"text": numbers.setdefault(key, len(numbers)), "tokenizer": each.config.tokenizer["kind"],
                     "text_name": name if which == 1 else f"{name} ({which})"})  # fmt: skip
    return told[::-1]


def _may_be_run(path: Path) -> bool:
    return VALID_ID.fullmatch(path.name) is not None and is_plain(path, folder=True)


def _state_of(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
        return stat.st_mtime_ns, stat.st_size
    except OSError:
        return None


def _title(path: Path) -> str | None:
    """Return the title of the text of a run that was made before runs kept it."""
    try:
        with open(plain(path), encoding="utf-8", errors="ignore") as file:
            return title_of(file.read(BEGINNING)) or None
    except OSError:
        return None


def _read_loss(listed: Listed) -> None:
    """Read the last validation loss from what was written since the last look, or from the last bytes of it."""
    size = (listed.seen[3] or (0, 0))[1]
    if size < listed.read_to:
        listed.val_loss, listed.read_to = None, 0
    rows, listed.read_to = listed.run.rows("metrics", max(listed.read_to, size - TAIL))
    for row in rows:
        if is_number(row.get("val_loss")):
            listed.val_loss = row["val_loss"]


def _entry(each: Listed, lang: str) -> dict:
    config, status = each.config, each.status
    loss = each.val_loss
    return {
        "id": each.run.id,
        "number": each.names.number,
        "name": each.name(lang),
        "own_name": each.names.name or "",
        "curve": each.short_name(lang),
        "about": run_label(config, lang, each.title) if each.own_name else "",
        "seed": config.train.seed,
        "val_loss": None if loss is None else format_number(loss, lang, ".3f"),
        "state": status.state,
        "state_words": translate(f"state_{status.state}", lang),
        "step": status.step,
        "steps": config.train.steps,
        "age": max(0.0, time.time() - config.created),
    }
