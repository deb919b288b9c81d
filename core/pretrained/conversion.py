"""Our GPT and Hugging Face's GPT-2: the same numbers in two layouts, turned into each other exactly.

The names are the same already. What differs: GPT-2's file holds each linear layer inside the blocks transposed (in x
out, a "Conv1D"), and always has biases. Nothing here uses the network; `transformers` is imported only inside
functions, for that takes seconds.

Left out on purpose: every GPT-2 that computes something else than our GPT; it is refused, with what sets it apart.
"""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.config import GPTConfig
from core.model import GPT
from core.parameters import empty_model
from core.pretrained.weights import load_weights
from core.tokenizers import GPT2_VOCAB_SIZE, BPETokenizer, CharTokenizer, Tokenizer, byte_letters

HFModel = Any  # a GPT2LMHeadModel of transformers
HFConfig = Any  # and its GPT2Config

_TRANSPOSED = (".c_attn.weight", ".c_proj.weight", ".c_fc.weight")
_ACTIVATIONS = {"gelu_new": "gelu", "gelu_pytorch_tanh": "gelu", "relu": "relu"}  # the first two are one function
_EPS = 1e-5  # core/model.py's, inside LayerNorm
_MUST_BE = {
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "add_cross_attention": False,
    "layer_norm_epsilon": _EPS,
}
_bars = threading.RLock()  # transformers' progress bars are one switch for the whole process


def from_hf(hf_model: HFModel) -> GPT:
    """Turn a Hugging Face GPT-2 of any shape into our GPT, in eval mode, with weights of its own.

    Every name and shape is checked. Raises ValueError for what our GPT is not: another activation, another scaling of
    the scores, another eps, another width of the MLP. Dropout is one number here; GPT-2's resid_pdrop is taken.
    """
    tied = hf_model.lm_head.weight is hf_model.transformer.wte.weight
    return take_over(hf_model, shape_of(hf_model.config, tied), keep=True)


def shape_of(config: HFConfig, tied: bool | None = None) -> GPTConfig:
    """Turn Hugging Face's configuration into ours; ValueError for a model that ours cannot be."""
    for name, wanted in _MUST_BE.items():
        if (given := getattr(config, name)) != wanted:
            raise ValueError(f"This GPT-2 has {name}={given}, but our GPT computes with {wanted}; load another model")
    if config.n_inner not in (None, 4 * config.n_embd):
        raise ValueError(f"This GPT-2 has n_inner={config.n_inner}, but our MLP is 4 * n_embd wide; load another model")
    if config.activation_function not in _ACTIVATIONS:
        raise ValueError(
            f"This GPT-2 has activation_function={config.activation_function!r}; our GPT has {', '.join(_ACTIVATIONS)}"
        )
    return GPTConfig.parse(
        {
            "block_size": config.n_positions,
            "vocab_size": config.vocab_size,
            "n_layer": config.n_layer,
            "n_head": config.n_head,
            "n_embd": config.n_embd,
            "dropout": float(config.resid_pdrop),
            "activation": _ACTIVATIONS[config.activation_function],
            "tie_weights": config.tie_word_embeddings if tied is None else tied,
        }
    )


def take_over(hf_model: HFModel, config: GPTConfig, keep: bool = False) -> GPT:
    """Move the weights of a Hugging Face model into our GPT of this shape, in eval mode; ValueError if they misfit.

    Unless it is to be kept, hf_model is emptied tensor by tensor, so that no two whole copies are ever in memory.
    """
    tensors = {}
    for name, parameter in hf_model.named_parameters():  # names a tied matrix once
        value = parameter.detach().to("cpu", torch.float32)
        value = value.t() if name.endswith(_TRANSPOSED) else value
        tensors[name] = value.clone(memory_format=torch.contiguous_format)
        if not keep:
            parameter.data = torch.empty(0)
    model = empty_model(config)
    assert isinstance(model, GPT)
    load_weights(model, tensors, assign=True)
    return model.eval()


def hf_shapes(config: GPTConfig) -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every tensor in the file of a GPT-2 of this shape; a tied head is not in it."""
    model = empty_model(config)
    return {
        name: tuple(value.shape[::-1] if name.endswith(_TRANSPOSED) else value.shape)
        for name, value in model.named_parameters()
    }


def to_hf(model: GPT) -> HFModel:
    """Turn our GPT into a Hugging Face GPT-2 that gives the same logits, in eval mode, with weights of its own.

    A bias that ours lacks becomes a bias of zero. Raises ValueError for what GPT-2 cannot express.
    """
    from transformers import GPT2Config, GPT2LMHeadModel

    if not isinstance(model, GPT) or type(model.config) is not GPTConfig:
        raise ValueError(f"A {type(model).__name__} model is no GPT-2 and cannot become one; take a run of a GPT")
    config = model.config
    if config.lm_head_bias:
        raise ValueError("GPT-2's output layer has no bias, but this model's has (lm_head_bias); train one without")
    end = GPT2_VOCAB_SIZE - 1 if config.vocab_size == GPT2_VOCAB_SIZE else None  # <|endoftext|>
    with torch.random.fork_rng(devices=[]):  # it draws weights that are replaced at once
        hf_model = GPT2LMHeadModel(
            GPT2Config(
                vocab_size=config.vocab_size,
                n_positions=config.block_size,
                n_embd=config.n_embd,
                n_layer=config.n_layer,
                n_head=config.n_head,
                activation_function={"gelu": "gelu_new", "relu": "relu"}[config.activation],
                resid_pdrop=config.dropout,
                embd_pdrop=config.dropout,
                attn_pdrop=config.dropout,
                layer_norm_epsilon=_EPS,
                tie_word_embeddings=config.tie_weights,
                bos_token_id=end,
                eos_token_id=end,
            )
        )
    ours = model.state_dict()
    with torch.no_grad():
        for name, parameter in hf_model.named_parameters():
            parameter.copy_(_for_hf(name, ours.get(name), parameter))
    return hf_model.eval()


def _for_hf(name: str, value: Tensor | None, wanted: Tensor) -> Tensor:
    if value is None:
        assert name.endswith(".bias"), name
        return torch.zeros_like(wanted)
    return value.t() if name.endswith(_TRANSPOSED) else value


def save_hf(model: GPT, folder: Path, tokenizer: Tokenizer | None = None) -> None:
    """Write a folder that GPT2LMHeadModel.from_pretrained(folder) loads, with the tokenizer and a page that explains.

    GPT-2's byte pairs go into the files that AutoTokenizer reads; characters, which it does not know, into
    characters.json. Raises ValueError for what GPT-2 cannot express, OSError when the disk is full.
    """
    folder = Path(folder)
    hf_model = to_hf(model)
    folder.mkdir(parents=True, exist_ok=True)
    with quiet():
        hf_model.save_pretrained(folder)
    if isinstance(tokenizer, CharTokenizer):
        _write_json(folder / "characters.json", list(tokenizer.chars))
    elif isinstance(tokenizer, BPETokenizer):
        _save_byte_pairs(tokenizer, folder, model.config.block_size)
    (folder / "README.md").write_text(_explanation(model, tokenizer), encoding="utf-8")


def _save_byte_pairs(tokenizer: BPETokenizer, folder: Path, block_size: int) -> None:
    shutil.copyfile(tokenizer.merges, folder / "merges.txt")
    merges = tokenizer.merges.read_text(encoding="utf-8").splitlines()[1:]
    tokens = [*byte_letters(), *(merge.replace(" ", "") for merge in merges), "<|endoftext|>"]
    _write_json(folder / "vocab.json", {token: i for i, token in enumerate(tokens)})
    ends = dict.fromkeys(("bos_token", "eos_token", "unk_token"), "<|endoftext|>")
    _write_json(
        folder / "tokenizer_config.json", {"tokenizer_class": "GPT2Tokenizer", "model_max_length": block_size} | ends
    )


def _write_json(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


def _explanation(model: GPT, tokenizer: Tokenizer | None) -> str:
    config = model.config
    if isinstance(tokenizer, CharTokenizer):
        encoding = (
            "A token is a character: its id is its place in characters.json, counted from 0.\n\n"
            "```python\nimport json\n\n"
            'characters = json.load(open("characters.json", encoding="utf-8"))\n'
            "ids = [characters.index(character) for character in text]\n"
            'text = "".join(characters[i] for i in ids)\n```\n'
        )
    elif isinstance(tokenizer, BPETokenizer):
        encoding = (
            "Tokens are GPT-2's byte pairs.\n\n```python\nfrom transformers import AutoTokenizer\n\n"
            'tokenizer = AutoTokenizer.from_pretrained(".")\nids = tokenizer(text).input_ids\n```\n'
        )
    else:
        encoding = "The tokenizer is not part of this folder.\n"
    return (
        f"# A GPT of {config.n_layer} layers, {config.n_head} heads and width {config.n_embd}\n\n"
        f"It has {config.vocab_size:,} tokens and sees {config.block_size:,} of them at once. "
        "The architecture is GPT-2's, so Hugging Face's transformers loads it:\n\n"
        "```python\nimport torch\nfrom transformers import GPT2LMHeadModel\n\n"
        'model = GPT2LMHeadModel.from_pretrained(".")\n'
        f"logits = model(torch.tensor([ids])).logits  # for at most {config.block_size:,} ids\n```\n\n"
        f"## From text to ids\n\n{encoding}"
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from drawing progress bars, and one thread at a time in it."""
    from transformers.utils import logging

    with _bars:
        shown = logging.is_progress_bar_enabled()
        logging.disable_progress_bar()
        try:
            yield
        finally:
            if shown:
                logging.enable_progress_bar()
