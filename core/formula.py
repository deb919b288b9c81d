"""How many parameters a model has, by the closed form: the letters on paper, and a model's numbers in their place.

It needs no torch. Tests hold it against the parameters of models that are built, which `parameters.py` lists.
"""

from dataclasses import dataclass
from functools import lru_cache

from core.config import BigramConfig, GPTConfig, ModernConfig

GPT2_SMALL = 124_439_808  # tied once; a test counts it

# What is counted. "once": each matrix once, even if two modules share it. "head_again": the output layer as if it had
# a matrix of its own. "no_embeddings": all but wte and wpe.
RULES = ("once", "head_again", "no_embeddings")


@lru_cache(maxsize=256)
def count_of(config: GPTConfig | BigramConfig) -> int:
    """Return how many parameters a model has; a matrix that two modules share counts once."""
    return sum(term.count for term in formula(config))


@dataclass(frozen=True)
class Term:
    """One term of the closed form: its name, its letters, the numbers in their place, and its value."""

    name: str
    letters: str
    numbers: str
    count: int


def formula(config: GPTConfig | BigramConfig, rule: str = "once") -> tuple[Term, ...]:
    """Return the closed form term by term, by one of RULES; for GPT-2 12 L C^2 + 13 L C + 2 C + (V + T) C."""
    V, T = config.vocab_size, config.block_size
    if isinstance(config, BigramConfig):
        table = Term("table", "V²", f"{V:,}²", V * V)
        return () if rule == "no_embeddings" else (table,)
    L, C = config.n_layer, config.n_embd
    modern = isinstance(config, ModernConfig)  # it has no biases, no weights in its norms and no wpe
    terms = [Term("matrices", "12·L·C²", f"12 × {L:,} × {C:,}²", 12 * L * C * C)]
    if not modern:
        terms += _vectors(config)
    if rule != "no_embeddings" and not modern:
        terms.append(Term("embeddings", "(V + T)·C", f"({V:,} + {T:,}) × {C:,}", (V + T) * C))
    elif rule != "no_embeddings":
        terms.append(Term("embeddings", "V·C", f"{V:,} × {C:,}", V * C))
    if not config.tie_weights or rule == "head_again":
        terms.append(Term("head", "V·C", f"{V:,} × {C:,}", V * C))
    if config.lm_head_bias:
        terms.append(Term("head_bias", "V", f"{V:,}", V))
    return tuple(terms)


def _vectors(config: GPTConfig) -> list[Term]:
    """Count LayerNorms and biases: those of every block, and ln_f."""
    L, C, bias = config.n_layer, config.n_embd, config.bias
    qkv_bias = bias if config.qkv_bias is None else config.qkv_bias
    # In a block: two LayerNorms' weights; their biases, those of the two c_proj, the four-fold one of c_fc; q, k, v.
    each = 2 + bias * (2 + 2 + 4) + qkv_bias * 3
    last = Term("norm", "2·C", f"2 × {C:,}", 2 * C) if bias else Term("norm", "C", f"{C:,}", C)
    return [Term("vectors", f"{each}·L·C", f"{each} × {L:,} × {C:,}", each * L * C), last]
