"""Break it: what a GPT loses when one thing about it is changed. `VARIANTS` lists the changes by name.

A variant that changes the model is a handful of lines of `core/model.py` and what stands in their place. The model that
trains is compiled from the source with these lines replaced, so `Variant.diff` shows what runs, and the lesson itself
knows of none of it. Other variants change a setting or the text, which `twins.py` does when it plans a run.

A run's model is built from here, so this file knows the lesson alone, and no run. It imports no torch: run.json is
checked before anybody needs one. Left out on purpose: what was measured (`benchmarks/broken.py`).
"""

import difflib
import functools
import linecache
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal

from core.architectures import build_model
from core.config import BigramConfig, GPTConfig

if TYPE_CHECKING:
    from core.modern import Model

SOURCE = Path(__file__).parents[1] / "model.py"

RATES = ("learning_rate", "muon_learning_rate")  # of AdamW and of Muon

Edit = tuple[str, str]  # lines of core/model.py, and what stands in their place
Check = Literal["worse", "same", "better_but_garbage"]


@dataclass(frozen=True)
class Variant:
    """One change to a GPT, and what is to be expected of it.

    claim: two sentences. check: what they say of the validation loss beside the healthy run's, as
    `python -m benchmarks.broken` measures it; "same" is a difference that nobody would see, and "better_but_garbage" a
    lower loss with a text that the healthy model finds less likely than its own.
    """

    name: str
    claim: str
    check: Check
    edits: tuple[Edit, ...] = ()  # none: the model is GPT itself, or a Bigram
    n_head: int | None = None  # None: as many as the run has
    rate: float = 1.0  # what both learning rates are multiplied by
    architecture: Literal["gpt", "bigram"] = "gpt"
    shuffles: bool = False  # the characters of the text

    def diff(self) -> str:
        """Return the lines of core/model.py that the variant changes, as a unified diff; "" when it changes none."""
        before = SOURCE.read_text(encoding="utf-8")
        old, new = (each.splitlines(keepends=True) for each in (before, changed(before, self.edits)))
        return "".join(difflib.unified_diff(old, new, "core/model.py", f"core/model.py, {self.name}", n=1))

    def changes(self) -> set[str]:
        """Return the names of the settings that the variant itself changes."""
        is_changed = dict.fromkeys(RATES, self.rate != 1)
        is_changed |= {"n_head": self.n_head is not None, "architecture": self.architecture != "gpt"}
        return {name for name, changes in is_changed.items() if changes}


_LISTED = (
    Variant(
        "no_causal_mask",
        "Every token sees the tokens after it, and the next one is what it has to predict: it copies it, and the loss "
        "dives below what any honest model reaches. When it writes there is nothing ahead to copy, and it has learnt "
        "nothing else: the text is garbage.",
        "better_but_garbage",
        edits=(
            (
                "The causal mask adds minus infinity to the future.\n"
                "        mask = torch.full((T, T), -math.inf, dtype=x.dtype, device=x.device).triu(1)\n",
                "No causal mask: the future is seen.\n"
                "        mask = torch.zeros(T, T, dtype=x.dtype, device=x.device)\n",
            ),
        ),
    ),
    Variant(
        "no_position_embedding",
        "Attention by itself cannot tell the order of what it sees; only the causal mask leaves it a hint. Spelling "
        "depends on which letter stood last, so the model learns more slowly and ends higher.",
        "worse",
        edits=(
            (
                "        if config.tie_weights:\n",
                '        del self.transformer["wpe"]  # once drawn, so that all else starts as in the healthy run\n'
                "        if config.tie_weights:\n",
            ),
            (
                "        position = torch.arange(T, device=idx.device)\n"
                "        x = self.transformer.wte(idx) + self.transformer.wpe(position)  # (B, T, C)\n",
                "        x = self.transformer.wte(idx)  # (B, T, C)\n",
            ),
        ),
    ),
    Variant(
        "no_residual_connections",
        "Every block has to hand on all that it was given, through its own weights, instead of adding to it. What the "
        "token was must survive every block, and the gradient the way back, so the model learns more slowly and ends "
        "higher.",
        "worse",
        edits=(
            ("        x = x + self.attn(self.ln_1(x))\n", "        x = self.attn(self.ln_1(x))\n"),
            ("        return x + self.mlp(self.ln_2(x))\n", "        return self.mlp(self.ln_2(x))\n"),
        ),
    ),
    Variant(
        "no_layer_norm",
        "Nothing brings the numbers of the residual stream to one scale before a block or the output layer reads them. "
        "A small model still learns, but more slowly: its small first numbers give small scores and small gradients.",
        "worse",
        edits=tuple(
            (
                f"{name}nn.LayerNorm(config.n_embd, eps=1e-5, bias=config.bias)",
                f"{name}nn.Identity()",
            )
            for name in ("self.ln_1 = ", "self.ln_2 = ", '"ln_f": ')
        ),
    ),
    Variant(
        "one_head",
        "One head as wide as all of them has as many weights, but only one pattern of attention a layer: it cannot "
        "look at two places for two reasons. In a small model on simple text that costs little or nothing.",
        "same",
        n_head=1,
    ),
    Variant(
        "no_scaling",
        "Without 1/sqrt(head_size) the scores spread more widely, and the softmax is nearer to choosing one token, "
        "where its gradient vanishes. Heads of a small model are narrow: it learns all the same, and ends somewhat "
        "higher.",
        "worse",
        edits=(
            (
                "alpha=1 / math.sqrt(hs))  # q @ k.mT / sqrt(hs) + mask\n",
                "alpha=1)  # q @ k.mT + mask, divided by nothing\n",
            ),
        ),
    ),
    Variant(
        "scaling_by_n_embd",
        "A popular walk-through divides by sqrt(n_embd) where it says head_size, so the scores are smaller by "
        "sqrt(n_head) and attention starts more even. Training makes up for it by larger queries and keys: a bug that "
        "no curve shows.",
        "same",
        edits=(
            (
                "alpha=1 / math.sqrt(hs))  # q @ k.mT / sqrt(hs) + mask\n",
                "alpha=1 / math.sqrt(C))  # q @ k.mT / sqrt(n_embd) + mask\n",
            ),
        ),
    ),
    Variant(
        "learning_rate_x_100",
        "Each step goes a hundred times as far, past whatever it was aimed at. The loss jumps up or stays high, and "
        "what a step has learnt the next one overwrites.",
        "worse",
        rate=100.0,
    ),
    Variant(
        "shuffled_text",
        "The same letters as often as before, in no order at all: nothing before a letter tells of it. The model "
        "learns how often each one comes, and then there is nothing left to learn.",
        "worse",
        shuffles=True,
    ),
    Variant(
        "no_attention",
        "A table of which letter follows which: the bigram of the first lecture, which sees one token. However long it "
        "trains it gets no lower than pairs of letters tell, because all else stands further back.",
        "worse",
        architecture="bigram",
    ),
)
VARIANTS: dict[str, Variant] = {variant.name: variant for variant in _LISTED}


def variant_of(name: object) -> Variant:
    """Return the variant called `name`; ValueError names the choices."""
    if not isinstance(name, str) or name not in VARIANTS:
        raise ValueError(f"There is no variant {str(name)[:40]!r}; choose one of: {', '.join(VARIANTS)}")
    return VARIANTS[name]


def changes_model(name: str | None) -> bool:
    """Tell whether a variant computes something else than the lesson's model does with the same weights."""
    return name is not None and bool(variant_of(name).edits)


def check_shape(name: str | None, config: GPTConfig | BigramConfig) -> None:
    """Refuse a model that is not of the variant's shape, as a run.json may say (ValueError); None fits all."""
    if name is None:
        return
    variant = variant_of(name)
    shape = BigramConfig if variant.architecture == "bigram" else GPTConfig
    if type(config) is not shape or variant.n_head not in (None, getattr(config, "n_head", None)):
        raise ValueError(f"The variant {name} does not fit this model; leave the variant out, or plan it anew")


def build(config: GPTConfig | BigramConfig, name: str | None = None) -> "Model":
    """Build the model of a variant with fresh weights from torch's current seed; None: the healthy one.

    What a variant leaves in place is drawn as in the healthy model, and keeps its name and shape. What it leaves
    nothing to do is not there: no wpe without positions, no weights of norms without norms. Raises ValueError for an
    unknown variant and for a shape that is not its own.
    """
    check_shape(name, config)
    edits = variant_of(name).edits if name else ()
    return compiled(edits, str(name)).GPT(config) if edits else build_model(config)


@functools.cache
def compiled(edits: tuple[Edit, ...], name: str) -> ModuleType:
    """Return core/model.py as a module of its own with the edits made; tracebacks show its changed lines."""
    source = changed(SOURCE.read_text(encoding="utf-8"), edits)
    file = f"<core/model.py, {name}>"
    module = ModuleType(f"core.lab.compiled.{name}")
    exec(compile(source, file, "exec"), module.__dict__)
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    module.GPT.__name__ = name  # a refusal that names the kind of a model does not call this one a GPT
    return module


def changed(source: str, edits: Iterable[Edit]) -> str:
    """Return a source with each edit's old text, which must stand there exactly once, replaced by its new one."""
    for old, new in edits:
        count = source.count(old)
        assert count == 1, f"core/model.py has {count} times what a variant changes: {old!r}"
        source = source.replace(old, new)
    return source
