"""Input that may be anything, at each place where the program takes some: it is parsed, or refused in one sentence.

    python -m benchmarks.contracts --cases 10000

Hypothesis makes the cases: what is possible with some fields changed, anything that JSON can say, and plain bytes. A
refusal is a ValueError, or at the guard a Refusal with a status of 4xx; its sentence has one line, is not without end,
and can be written as UTF-8. What is parsed can be written, too. Everything else counts as a fault, and is shown.
"""

import argparse
import json
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from benchmarks.report import head, number, row
from core.config import BigramConfig, GPTConfig, ModernConfig, SampleConfig, TrainConfig
from core.options import Options
from core.runs.config import ResumeState, RunConfig, tokenizer_from_json
from core.runs.directory import RunDir
from core.runs.naming import name_of
from core.runs.plan import RunOptions
from core.text.decoding import decode_text
from core.text.reading import read_text
from playground.server.bodies import _parse
from playground.server.refusal import Refusal
from playground.server.shapes import Shape

LONGEST = 600  # characters of a refusal
ODD = st.sampled_from('\ud800\udfff\0\n\r\u202e\ufeff\u0301\\"{}[]')
TEXT = st.text(st.characters() | ODD, max_size=30)
NUMBERS = st.sampled_from([10**30, 10**400, 2**63, 1e308]) | st.just(5_000).map(lambda digits: -(10**digits))
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | NUMBERS | TEXT | st.just("x" * 5_000)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8
)
CHARS = st.text(st.sampled_from("abcdé\ud800\0 "), max_size=8).map(lambda text: "".join(sorted(set(text)))) | TEXT
SHAPE = {"block_size": 8, "vocab_size": 4, "n_layer": 1, "n_head": 2, "n_embd": 8}
RUN = {"version": 3, "corpus": "own", "text_sha256": "0" * 64,
       "tokenizer": {"kind": "char", "chars": "\nabc"}, "architecture": "gpt",
       "model": SHAPE, "train": {"steps": 5}, "prompt": "a", "corpus_title": "T", "owner": "o", "created": 1.0,
       "entropy": 1.5, "weights": "new", "preset": "custom", "device": "auto", "sample_tokens": 5}  # fmt: skip
STATUS = {
    "state": "running",
    "step": 5,
    "message": "m",
    "pid": 7,
    "host": "h",
    "boot": "b",
    "lease": 600.0,
    "updated": 1.0,
}
RESUME = {"step": 5, "elapsed": 1.0, "unfinished": {"loss": 1.0, "learning_rate": 0.1, "grad_norm": 1.0, "tokens": 5,
                                                    "seconds": 1.0}}  # fmt: skip


def near(possible: dict, names: tuple[str, ...] = ()) -> st.SearchStrategy:
    """Make what is possible with some fields changed, missing or added; and anything else."""
    fields = st.sampled_from([*possible, *names])
    inner = [st.fixed_dictionaries({name: near(value)}) for name, value in possible.items() if isinstance(value, dict)]
    changes = st.dictionaries(fields, LEAVES, max_size=3) | st.dictionaries(fields | TEXT, JSON, max_size=2)
    changed = st.one_of(changes, *inner).map(lambda more: {**possible, **more})
    less = st.sets(fields, max_size=2).map(lambda gone: {k: v for k, v in possible.items() if k not in gone})
    return changed | less | JSON


def body_of(value: Any) -> bytes:
    """Return a value as JSON, with as much of it as Python can write."""
    try:
        return json.dumps(value).encode()
    except ValueError:  # integers of thousands of digits
        return b"1" * 5_000


FILES = near(STATUS).map(body_of) | st.binary(max_size=60)
BYTES = st.binary(max_size=80) | TEXT.map(lambda text: text.encode("utf-16", "surrogatepass")) | st.builds(
    lambda text, bad: text.encode("utf-8", "replace") * 20 + bad, TEXT, st.binary(max_size=3))  # fmt: skip


def _in_folder(name: str, read: Callable[[RunDir], Any]) -> Callable[[bytes], Any]:
    def act(content: bytes) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / name).write_bytes(content)
            return read(RunDir(Path(folder)))

    return act


def _body(body: bytes) -> Any:
    shape = Shape()
    for start in range(0, len(body), 7):
        shape.see(body[start : start + 7])
    return _parse(body)[0]


def _read(text: str) -> Any:
    return [read_text(text, text, take_out) for take_out in (False, True)][0].text


def _config(plain: Any) -> Any:
    return RunConfig.from_json(plain).to_json()


def _options(kind: type[Options], possible: dict) -> tuple[st.SearchStrategy, Callable[[Any], Any]]:
    return near(possible, tuple(kind.model_fields)), lambda plain: kind.parse(plain).model_dump()


TOKENIZERS = near({"kind": "char"}) | st.fixed_dictionaries({"kind": st.just("char"), "chars": CHARS})
RUN_FILES = near(RUN).map(body_of) | st.binary(max_size=60)
NAMES = near({"number": 1, "name": "n"}).map(body_of)
BASELINES = near({"uniform": 1.0}).map(body_of)
BODIES = near({"data": [1], "fn_index": 0}).map(body_of) | st.binary(max_size=80)
CONTRACTS: dict[str, tuple[st.SearchStrategy, Callable[[Any], Any]]] = {
    "GPTConfig": _options(GPTConfig, SHAPE),
    "ModernConfig": _options(ModernConfig, SHAPE),
    "BigramConfig": _options(BigramConfig, {"block_size": 8, "vocab_size": 4}),
    "TrainConfig": _options(TrainConfig, {"steps": 5}),
    "SampleConfig": _options(SampleConfig, {"top_k": 5}),
    "RunOptions": _options(RunOptions, {"preset": "small"}),
    "ResumeState": _options(ResumeState, RESUME),
    "RunConfig": (near(RUN), _config),
    "tokenizer_from_json": (TOKENIZERS, lambda plain: tokenizer_from_json(plain).vocab_size),
    "run.json": (RUN_FILES, _in_folder("run.json", lambda run: run.config().to_json())),
    "status.json": (FILES, _in_folder("status.json", lambda run: run.status().message)),
    "name.json": (NAMES, _in_folder("name.json", lambda run: name_of(run).name)),
    "baselines.json": (BASELINES, _in_folder("baselines.json", RunDir.baselines)),
    "the guard's bodies": (BODIES, _body),
    "decode_text": (BYTES, lambda data: decode_text(data, replace=len(data) % 2 == 0)[0]),
    "read_text": (TEXT | st.text(max_size=200), _read),
}


def hold(name: str, value: Any) -> str | None:
    """Check one case; return the sentence by which it was refused. AssertionError for a fault."""
    try:
        found = CONTRACTS[name][1](value)
    except (ValueError, Refusal) as error:
        said = str(error)
        assert said and "\n" not in said.strip() and len(said) <= LONGEST, f"no sentence: {said[:1_000]!r}"
        assert not isinstance(error, Refusal) or 400 <= error.status < 500
        said.encode()
        return said
    if name != "baselines.json":  # numbers under any names, of which the page reads its own
        json.dumps(found, ensure_ascii=False).encode()
    return None


def go_through(name: str, cases: int, number_of: int = 1) -> tuple[int, int]:
    """Try so many cases of one contract; return how many were parsed, and how many refused."""
    counts = [0, 0]

    @seed(number_of)
    @settings(max_examples=cases, deadline=None, database=None, suppress_health_check=list(HealthCheck),
              phases=(Phase.generate, Phase.shrink))  # fmt: skip
    @given(CONTRACTS[name][0])
    def each(value: Any) -> None:
        counts[hold(name, value) is not None] += 1

    each()
    return counts[0], counts[1]


def main(arguments: list[str] | None = None) -> None:
    """Print a row a contract."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.contracts", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=10_000, help="of all contracts together")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    head("contract", "parsed", "refused", "faults", "s")
    faults, total, told = 0, 0, []
    for name in CONTRACTS:
        began, counts, fault = time.monotonic(), (0, 0), 0
        try:
            counts = go_through(name, -(-asked.cases // len(CONTRACTS)), asked.seed)
        except BaseException as error:  # whatever else comes is a fault
            if isinstance(error, KeyboardInterrupt):
                raise
            fault, said = 1, traceback.format_exc()
            told.append(f"{name}: {said[-800:]}")
        faults, total = faults + fault, total + sum(counts)
        row(name, *(f"{count:,}" for count in counts), fault, number(time.monotonic() - began, 1))
    row("all", "", f"{total:,} cases", faults, "")
    print("\n".join(told))


if __name__ == "__main__":
    main()
