"""The shapes of the models that a run can stand beside: GPT-2's four sizes, DistilGPT-2 and GPT-3.

Shapes alone, from the papers: how many parameters they have is counted on the model (`parameters.py`), never typed in.
Left out on purpose: weights (`loader.py`), and what the sizes cost (`runs/cost.py`).
"""

from core.config import BigramConfig, GPTConfig
from core.tokenizers import GPT2_VOCAB_SIZE

_GPT2 = {"block_size": 1024, "vocab_size": GPT2_VOCAB_SIZE}

FAMILY = {
    # Radford et al., 2019, table 2, with the heads of the published weights (64 wide each, in all four).
    "gpt2": GPTConfig(**_GPT2, n_layer=12, n_head=12, n_embd=768),
    "gpt2-medium": GPTConfig(**_GPT2, n_layer=24, n_head=16, n_embd=1024),
    "gpt2-large": GPTConfig(**_GPT2, n_layer=36, n_head=20, n_embd=1280),
    "gpt2-xl": GPTConfig(**_GPT2, n_layer=48, n_head=25, n_embd=1600),
    # Every second block of GPT-2 small, trained to imitate it (Sanh et al., 2019).
    "distilgpt2": GPTConfig(**_GPT2, n_layer=6, n_head=12, n_embd=768),
    # Brown et al., 2020, table 2.1. Its weights were never published; every other layer looks at a band of tokens
    # only, which changes what is computed and no parameter.
    "gpt3": GPTConfig(block_size=2048, vocab_size=GPT2_VOCAB_SIZE, n_layer=96, n_head=96, n_embd=12_288),
}
FAMILY_NAMES = {
    "gpt2": "GPT-2 small",
    "gpt2-medium": "GPT-2 medium",
    "gpt2-large": "GPT-2 large",
    "gpt2-xl": "GPT-2 XL",
    "distilgpt2": "DistilGPT-2",
    "gpt3": "GPT-3",
}
PUBLISHED = tuple(name for name in FAMILY if name != "gpt3")  # those whose weights anyone can have


def is_gpt2_shaped(config: GPTConfig | BigramConfig) -> bool:
    """Tell whether a model is a GPT-2 by its shape, so that Hugging Face's GPT2LMHeadModel can hold it."""
    return type(config) is GPTConfig and not config.lm_head_bias


def gpt2_config(name: str) -> GPTConfig:
    """Return the shape of a published model of the family; ValueError names the choices."""
    if name not in PUBLISHED:
        raise ValueError(f"There is no published model {str(name)[:40]!r}; choose one of: {', '.join(PUBLISHED)}")
    return FAMILY[name]
