"""GPT-2's published weights in our own GPT: loaded once, checked, and shared by all who ask.

`hub.py` brings the files, `transformers` reads them, `conversion.py` moves them into our layout. To load takes from
seconds to minutes, so it can go on in a thread of its own (`begin`), with `status` telling everybody the same. Torch is
imported only when a model is: a page can ask for the status before that.

Left out on purpose: shapes (`family.py`).
"""

import json
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from safetensors import SafetensorError, safe_open

from core.config import GPTConfig
from core.downloads import DownloadError, Progress
from core.pretrained import hub
from core.pretrained.family import FAMILY_NAMES, gpt2_config
from core.tokenizers import BPETokenizer

if TYPE_CHECKING:
    from torch import Tensor

    from core.model import GPT

HFModel = Any  # a GPT2LMHeadModel of transformers

SOURCES = {
    "gpt2": hub.Commit("openai-community/gpt2", "607a30d783dfa663caf39e06633721c8d4cfcd7e"),
    "gpt2-medium": hub.Commit("openai-community/gpt2-medium", "6dcaa7a952f72f9298047fd5137cd6e4f05f41da"),
    "gpt2-large": hub.Commit("openai-community/gpt2-large", "32b71b12589c2f8d625668d2335a01cac3249519"),
    "gpt2-xl": hub.Commit("openai-community/gpt2-xl", "15ea56dee5df4983c59b2538573817e1667135e2"),
    "distilgpt2": hub.Commit("distilbert/distilgpt2", "2290a62682d06624634c1f46a6ad5be0f47f38aa"),
}
WEIGHTS = "model.safetensors"
NEEDED = ("config.json", WEIGHTS)
WELCOME = ("merges.txt", "generation_config.json")  # the tokenizer, and what transformers writes with


@dataclass(frozen=True)
class Loading:
    """How far the loading of a model is."""

    state: Literal["absent", "downloading", "reading", "ready", "failed"]
    done: int = 0  # bytes
    total: int | None = None  # bytes; None until it is known, and when nothing needs downloading
    message: str | None = None  # why it failed, and what to do: one sentence


@dataclass(frozen=True)
class Proof:
    """How far the logits of our GPT and of Hugging Face's model, with the same weights, are apart."""

    largest: float
    mean: float
    tokens: int
    seconds: float


_in_flight: dict[str, Future["GPT"]] = {}  # what is being loaded, and what is there
_told: dict[str, Loading] = {}
_lock = threading.Lock()
_proving = threading.Lock()


def load_gpt2(name: str = "gpt2", progress: Progress | None = None) -> "GPT":
    """Return GPT-2 with its published weights, in eval mode; to be read, not changed, for all callers share it.

    Downloads what is not in the Hub's cache. Callers at the same time share one download and one copy, its failure
    included; `progress` is that of the first. Raises DownloadError with cause and remedy; the next call tries again.
    """
    flight, mine = _claim(name)
    if mine:
        _run_load(name, flight, progress)
    return flight.result()


def begin(name: str = "gpt2") -> None:
    """Start to load a model in the background, unless that is under way or done; after a failure it tries again."""
    flight, mine = _claim(name)
    if mine:
        threading.Thread(target=_run_load, args=(name, flight, None), name=f"load-{name}", daemon=True).start()


def status(name: str = "gpt2") -> Loading:
    """Tell how far the loading of a model is: cheap, from any thread."""
    gpt2_config(name)
    return _told.get(name, Loading("absent"))


def loaded(name: str = "gpt2") -> "GPT | None":
    """Return the model if it is in memory."""
    gpt2_config(name)
    flight = _in_flight.get(name)
    return flight.result() if flight is not None and status(name).state == "ready" else None


def unload(name: str = "gpt2") -> None:
    """Forget a model that is in memory, and a failure; what is under way goes on."""
    gpt2_config(name)
    with _lock:
        if name not in _in_flight or _in_flight[name].done():
            _in_flight.pop(name, None)
            _told.pop(name, None)


def is_cached(name: str = "gpt2") -> bool:
    """Tell whether the Hub's cache has all that is needed, so that no network is."""
    gpt2_config(name)
    return SOURCES[name].has(NEEDED)


def gpt2_tokenizer(name: str = "gpt2") -> BPETokenizer:
    """Make GPT-2's tokenizer; the merges that came with the weights will do."""
    gpt2_config(name)
    return BPETokenizer(merges=SOURCES[name].folder / "merges.txt")


def check_start(config: GPTConfig, tokenizer: str) -> None:
    """Refuse a model that cannot start from GPT-2 small's published weights: ValueError, one sentence.

    Its window may be shorter and its dropout its own; all else decides what the weights mean.
    """
    if not is_cached():
        raise ValueError("GPT-2's weights are not on this machine yet; load them in the Compare tab")
    theirs = _read_config("gpt2")
    if tokenizer != "gpt2":
        raise ValueError("tokenizer='char' does not fit GPT-2's weights; choose tokenizer='gpt2'")
    for name in GPTConfig.model_fields:
        ours, needed = getattr(config, name), getattr(theirs, name)
        if name in ("dropout", "init"):
            continue
        if name == "qkv_bias":  # None: as `bias`
            ours, needed = ours is not False, True
        if ours > needed if name == "block_size" else ours != needed:
            most = "at most " if name == "block_size" else ""
            raise ValueError(f"{name}={ours!r} does not fit GPT-2's weights; choose {most}{needed!r}")


def start_from(model: "GPT", name: str = "gpt2") -> None:
    """Put the published weights into a model of that shape, or of a shorter window (its first positions)."""
    kept = loaded(name) is not None
    tensors = load_gpt2(name).state_dict()
    tensors["transformer.wpe.weight"] = tensors["transformer.wpe.weight"][: model.config.block_size]
    model.load_state_dict(tensors)
    if not kept:
        unload(name)


def prove(name: str, ids: "Tensor") -> Proof:
    """Run ids (1, T) through our GPT and through Hugging Face's own model, read afresh, and compare all logits.

    Nothing is downloaded: ValueError when the weights are not on this machine, or the ids do not fit.
    """
    from core.model import eval_mode

    if loaded(name) is None and not is_cached(name):
        raise ValueError(f"The weights of {FAMILY_NAMES[name]} are not on this machine yet; load them first")
    ours = load_gpt2(name)
    if ids.dim() != 2 or not ids.numel() or int(ids.min()) < 0 or int(ids.max()) >= ours.config.vocab_size:
        raise ValueError(f"The proof needs one row of ids from 0 to {ours.config.vocab_size - 1:,}; write some text")
    with _proving:  # one second copy at a time
        began = time.perf_counter()
        with eval_mode(ours):
            logits = ours(ids)[0]  # (1, T, V)
            apart = (_read_hf(name, ours.config)(ids).logits - logits).abs()
        return Proof(apart.max().item(), apart.mean().item(), ids.numel(), time.perf_counter() - began)


def _claim(name: str) -> tuple[Future["GPT"], bool]:
    """Return the flight that brings a model, and whether the caller has to fly it."""
    gpt2_config(name)
    with _lock:
        if name in _in_flight:
            return _in_flight[name], False
        flight = _in_flight[name] = Future()
        _told[name] = Loading("reading" if is_cached(name) else "downloading")
        return flight, True


def _run_load(name: str, flight: Future["GPT"], progress: Progress | None) -> None:
    try:
        model = _load(name, progress)
    except BaseException as error:  # whatever it was, those who wait must not wait for ever
        failure = error if isinstance(error, DownloadError) else _unexpected(name, error)
        with _lock:
            _told[name] = replace(_told[name], state="failed", message=str(failure))
            del _in_flight[name]
        flight.set_exception(failure)
        if not isinstance(error, Exception):
            raise
    else:
        _told[name] = replace(_told[name], state="ready")
        flight.set_result(model)


def _unexpected(name: str, error: BaseException) -> DownloadError:
    match error:
        case ImportError():
            cause = "transformers is not installed; install what requirements.txt names"
        case MemoryError() | RuntimeError():  # torch runs out of memory with the latter
            cause = f"{error!s:.80}; free some memory and try again"
        case Exception():
            cause = f"{type(error).__name__}: {error!s:.80}; try again"
        case _:
            cause = "it was stopped; try again"
    return DownloadError(f"{FAMILY_NAMES[name]} could not be loaded: {' '.join(cause.split())}")


def _load(name: str, progress: Progress | None) -> "GPT":
    from core.pretrained.conversion import take_over

    source = SOURCES[name]

    def report(done: int, total: int | None) -> None:
        _told[name] = Loading("downloading", done, total)
        if progress:
            progress(done, total)

    if not is_cached(name):
        source.fetch([NEEDED[0], *WELCOME, WEIGHTS], optional=WELCOME, progress=report)
    _told[name] = replace(_told[name], state="reading")
    source.check(WEIGHTS)
    config = _read_config(name)
    hf_model = _read_hf(name, config)
    try:
        return take_over(hf_model, config)
    except ValueError:  # NaN, say: all else has been checked
        source.discard(WEIGHTS)
        raise


def _read_config(name: str) -> GPTConfig:
    """Read the shape from the cached config.json; one that is not this model's is put away."""
    from transformers import GPT2Config

    from core.pretrained.conversion import shape_of

    path = SOURCES[name].folder / "config.json"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.get("model_type") != "gpt2":
            raise ValueError("not a GPT-2")
        # GPT-2 was trained with dropout; without training it needs none.
        config = shape_of(GPT2Config(**data)).model_copy(update={"dropout": 0.0})
    except Exception:  # whatever a page to log in, or half a file, does to what reads it
        SOURCES[name].discard("config.json")
    # A Hub on this very machine is a stand-in, whose GPT-2 may have any shape.
    if config != gpt2_config(name) and not hub.is_on_this_machine():
        SOURCES[name].discard("config.json")
    return config


def _read_hf(name: str, config: GPTConfig) -> HFModel:
    """Let transformers read the cached weights, and make sure that it found each of them; no network."""
    import torch
    from transformers import AutoModelForCausalLM

    from core.pretrained.conversion import quiet

    folder = SOURCES[name].folder
    if not _has_all_weights(folder / WEIGHTS, config):
        SOURCES[name].discard(WEIGHTS)
    with quiet():
        hf_model, info = AutoModelForCausalLM.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
            output_loading_info=True,
        )
    if wrong := [*info["missing_keys"], *info["unexpected_keys"], *info["mismatched_keys"], *info["error_msgs"]]:
        raise RuntimeError(f"transformers did not understand {wrong[0]!s:.40}")
    return hf_model.eval()


def _has_all_weights(path: Path, config: GPTConfig) -> bool:
    """Tell whether a safetensors file is whole and holds the tensors of a GPT-2 of this shape, by its header alone."""
    from core.pretrained.conversion import hf_shapes

    wanted = {name.removeprefix("transformer."): shape for name, shape in hf_shapes(config).items()}
    try:
        with safe_open(path, framework="pt") as file:
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}
    except (SafetensorError, OSError):
        return False
    found = {name.removeprefix("transformer."): shape for name, shape in shapes.items()}
    return all(found.get(name) == shape for name, shape in wanted.items())
