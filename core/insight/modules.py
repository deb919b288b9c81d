"""The modules of a model from the top down, with the shapes of their outputs, as `torchinfo` prints them."""

from dataclasses import dataclass
from functools import lru_cache

from torch import nn

from core.config import BigramConfig, GPTConfig
from core.insight.parameters import Shape, list_parameters
from core.parameters import empty_model


@dataclass(frozen=True)
class Module:
    """One module: where it stands, its class, the shape of its output, and the parameters in it and below."""

    name: str
    kind: str
    depth: int
    output: Shape | None  # None: it only holds others, and is never called
    count: int
    same_as: str | None = None  # a parameter in it that is another module's too


@lru_cache(maxsize=32)
def list_modules(config: GPTConfig | BigramConfig, batch_size: int = 1) -> tuple[Module, ...]:
    """List a model's modules from the top down, with the shapes that idx (batch_size, block_size) leads to.

    The shapes are read off the modules, because a forward pass of meta tensors first imports torch's compiler.
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
    if not name or isinstance(config, BigramConfig):
        return B, T, config.vocab_size
    if isinstance(module, nn.Linear):
        return B, T, module.out_features
    last = name.rpartition(".")[2]
    if last == "wpe":
        return T, config.n_embd  # positions are the same in every row of a batch
    if last == "attn_dropout":
        return B, config.n_head, T, T
    if last == "qkv":  # of the modern attention: query, key and value as they meet
        return 3, B, config.n_head, T, config.n_embd // config.n_head
    return B, T, 4 * config.n_embd if last == "act" else config.n_embd
