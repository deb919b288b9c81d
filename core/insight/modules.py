"""The modules of a model from the top down, with the shapes of what comes out of them, as `torchinfo` prints them."""

from dataclasses import dataclass
from functools import lru_cache

from torch import nn

from core.config import BigramConfig, GPTConfig
from core.parameters import Shape, empty_model, list_parameters


@dataclass(frozen=True)
class Module:
    """One module: where it stands, its class, what comes out of it, and the parameters in it and below."""

    name: str
    kind: str
    depth: int
    output: Shape | None  # None: it only holds others, and is never called
    count: int
    same_as: str | None = None  # a parameter in it that is another module's too


@lru_cache(maxsize=32)
def list_modules(config: GPTConfig | BigramConfig, batch_size: int = 1) -> tuple[Module, ...]:
    """List a model's modules from the top down, with the shapes that idx (batch_size, block_size) leads to.

    The shapes are read off the modules, for a forward pass of meta tensors would first import torch's compiler.
    """
    shared = {parameter.name: parameter.same_as for parameter in list_parameters(config)}
    found = []
    for name, module in empty_model(config).named_modules():
        below = [f"{name}.{inner}".removeprefix(".") for inner, _ in module.named_parameters()]
        count = sum(parameter.numel() for parameter in module.parameters())
        same_as = next((shared[inner] for inner in below if shared[inner]), None)
        depth = name.count(".") + 1 if name else 0
        output = _output(name, module, config, batch_size)
        found.append(Module(name, type(module).__name__, depth, output, count, same_as))
    return tuple(found)


def _output(name: str, module: nn.Module, config: GPTConfig | BigramConfig, B: int) -> Shape | None:
    T = config.block_size
    if isinstance(module, nn.ModuleDict | nn.ModuleList):
        return None
    if not name:
        return B, T, config.vocab_size
    if isinstance(module, nn.Linear):
        return B, T, module.out_features
    last = name.rpartition(".")[2]
    if last == "wpe":
        return T, config.n_embd  # positions are the same in every row of a batch
    if last == "attn_dropout":
        return B, config.n_head, T, T
    if last == "qkv":  # the modern attention's: query, key and value as they meet
        return 3, B, config.n_head, T, config.n_embd // config.n_head
    width = config.vocab_size if isinstance(config, BigramConfig) else config.n_embd
    return B, T, 4 * width if last == "act" else width
