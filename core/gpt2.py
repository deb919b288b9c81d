"""GPT-2 in our own GPT, under the names that others rely on. The code is in `pretrained/`.

gpt2_config(name)   the shape of "gpt2", "gpt2-medium", "gpt2-large" or "gpt2-xl"
load_gpt2(name)     our GPT with the published weights, downloaded once
from_hf, to_hf      between Hugging Face's GPT2LMHeadModel and our GPT, exactly
"""

from core.pretrained.conversion import from_hf, to_hf
from core.pretrained.family import gpt2_config
from core.pretrained.loader import load_gpt2

__all__ = ["from_hf", "gpt2_config", "load_gpt2", "to_hf"]
