"""How weights change: which parameters go to which optimizer, Muon, and the learning rate of every step.

The fast recipe is Muon for the matrices of the blocks and AdamW for the rest; the choice beside it is AdamW for all, as
in lectures. `benchmarks/ablation.py` measures what each trick saves; the README has the table.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

from core.config import TrainConfig
from core.parameters import place
from core.precision import compute_dtype

# Applied again and again, a x + b x^3 + c x^5 drives singular values in (0, 1] towards 1 (Jordan et al., 2024).
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
CONTINUED = 0.1  # of its peak has the rate when a finished run is continued
ADAMW_STATE = ("exp_avg", "exp_avg_sq", "step")
NUMBERS_AT_ONCE = 4_000_000  # that Muon makes orthogonal between two looks: a third of a second on a slow machine


class AdamW:
    """Change every weight by about the learning rate, and pull it towards zero (Loshchilov & Hutter, 2019).

    The kernel is that of `torch.optim.AdamW(fused=True)`, but not the class: the first one of a process imports torch's
    compiler. On two quiet cores, `python -m core train` took 2.4 s to its first step instead of 1.6, and 60 MB more. A
    step over a few small tensors also takes 1.2 times as long (`benchmarks/optimizers.py`).
    """

    def __init__(self, groups: list[dict], lr: float, betas: tuple[float, float], eps: float = 1e-8):
        """Each group holds "params" and "weight_decay"."""
        self.param_groups: list[dict[str, Any]] = [{"lr": lr, "betas": betas, "eps": eps, **group} for group in groups]
        self.state: dict[str, Tensor] = {}  # "3.exp_avg": the mean of the 4th parameter's gradients
        for i, p in enumerate(p for group in groups for p in group["params"]):
            self.state |= {f"{i}.exp_avg": torch.zeros_like(p, requires_grad=False)}
            self.state |= {f"{i}.exp_avg_sq": torch.zeros_like(p, requires_grad=False)}
            self.state |= {f"{i}.step": torch.zeros((), device=p.device)}

    @torch.no_grad()
    def step(self) -> None:
        """Change every parameter by its gradient."""
        first = 0
        for group in self.param_groups:
            numbers = range(first, first := first + len(group["params"]))
            means, squares, steps = ([self.state[f"{i}.{key}"] for i in numbers] for key in ADAMW_STATE)
            gradients = [p.grad for p in group["params"]]
            beta1, beta2 = group["betas"]
            settings = {"lr": group["lr"], "weight_decay": group["weight_decay"], "eps": group["eps"]}
            adamw(
                group["params"], gradients, means, squares, [], steps,
                beta1=beta1, beta2=beta2, amsgrad=False, maximize=False, fused=True, **settings,
            )  # fmt: skip


class Muon:
    """Momentum, with every update replaced by the nearest orthogonal matrix (Jordan et al., "Muon", 2024).

    A gradient is mostly a few strong directions; in an orthogonal matrix, the weak ones move as far as the strong. One
    call works on all matrices of a shape, because many small products, one by one as in `torch.optim.Muon`, cost more
    in calls than in arithmetic (`benchmarks/optimizers.py`).
    """

    def __init__(self, groups: list[dict], lr: float, weight_decay: float, momentum: float = 0.9, rounds: int = 4):
        """Each group holds "params", which are matrices, and "cuts": into how many pieces of one shape each is cut, one
        below another (query, key and value are one matrix to the model and three to the optimizer).
        """
        defaults: dict[str, Any] = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "rounds": rounds}
        self.param_groups = [{**defaults, **group} for group in groups]
        self.state: dict[str, Tensor] = {}  # one momentum a group, named by the number of its first matrix
        first = 0
        self.look: Callable[[], None] = lambda: None
        for group in groups:
            self.state[f"{first}.momentum"] = torch.zeros_like(torch.cat(_pieces(group["params"], group["cuts"])))
            first += len(group["params"])

    @torch.no_grad()
    def step(self) -> None:
        """Change every matrix; how far depends on the learning rate alone, not on the size of its gradient.

        All moves are computed before the first is made: until then, `look` may raise, and no step was taken.
        """
        moves = [self._move(*part) for part in zip(self.param_groups, self.state.values(), strict=True)]
        for group, name, (momentum, move) in zip(self.param_groups, self.state, moves, strict=True):
            self.state[name] = momentum
            targets, (rows, columns) = _pieces(group["params"], group["cuts"]), move.shape[1:]
            longer = max(1.0, rows / columns) ** 0.5  # so that a tall matrix, too, changes every output alike
            if group["weight_decay"]:
                torch._foreach_mul_(targets, 1 - group["lr"] * group["weight_decay"])
            torch._foreach_add_(targets, move.float().split(group["cuts"]), alpha=-group["lr"] * longer)

    def _move(self, group: dict, momentum: Tensor) -> tuple[Tensor, Tensor]:
        """Return a group's next momentum, and how each matrix is to change; both are (n, rows, columns)."""
        gradient = torch.cat(_pieces((p.grad for p in group["params"]), group["cuts"]))
        ahead, moves = momentum.lerp(gradient, 1 - group["momentum"]), []
        update = gradient.lerp_(ahead, group["momentum"])  # Nesterov: as if one step further
        for few in update.split(max(1, NUMBERS_AT_ONCE // update[0].numel())):
            self.look()
            moves.append(orthogonal(few, group["rounds"]))
        return ahead, torch.cat(moves) if len(moves) > 1 else moves[0]


def _pieces(matrices: Iterable[Tensor], cuts: list[int]) -> list[Tensor]:
    """View each matrix as its pieces, one below another: (cut, rows, columns)."""
    return [matrix.view(cut, -1, matrix.shape[1]) for matrix, cut in zip(matrices, cuts, strict=True)]


def orthogonal(matrices: Tensor, rounds: int) -> Tensor:
    """Return about U V^T for each U S V^T of matrices (n, rows, columns), by rounds of Newton-Schulz iteration."""
    a, b, c = NEWTON_SCHULZ
    x = matrices.to(compute_dtype(matrices.device))  # it need not be exact: singular values of 0.7 to 1.2 do as well
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)  # no singular value above 1
    tall = x.shape[-2] > x.shape[-1]
    for _ in range(rounds):
        square = torch.bmm(x.mT, x) if tall else torch.bmm(x, x.mT)  # of the shorter side
        rise = torch.baddbmm(square, square, square, beta=b, alpha=c)
        x = torch.baddbmm(x, x, rise, beta=a) if tall else torch.baddbmm(x, rise, x, beta=a)
    return x


class CombinedOptimizer:
    """Several optimizers that step as one.

    param_groups are the groups of all parts. `make_optimizer` sets "peak" in each, the rate that `train` multiplies by
    `rate_factor` at every step. A state key is the part's number and the part's own key, as saved runs hold it:
    "0.3.exp_avg" is the mean gradient of AdamW's 4th parameter, "1.0.momentum" that of Muon's first group.
    """

    def __init__(self, *parts: AdamW | Muon):
        self.parts = parts

    @property
    def param_groups(self) -> list[dict]:
        """The groups of all parts."""
        return [group for part in self.parts for group in part.param_groups]

    def step(self) -> None:
        """Let every part take its step, the last one first: Muon, which may be left before anything has changed."""
        for part in reversed(self.parts):
            part.step()

    def state_dict(self) -> dict[str, Tensor]:
        """Return the state of all parts, by key."""
        return {f"{i}.{name}": value for i, part in enumerate(self.parts) for name, value in part.state.items()}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Copy a state into this one; `pretrained/weights.py` checks one that comes from a file."""
        for name, mine in self.state_dict().items():
            mine.copy_(state[name])


def block_matrices(model: nn.Module) -> list[dict]:
    """Return the matrices inside the model's blocks as groups for Muon, pieces of one shape together."""
    groups: dict[tuple, dict] = {}
    for name, matrix in model.named_parameters():
        if matrix.dim() == 2 and place(name)[1] is not None:
            cut = 3 if "c_attn" in name else 1
            group = groups.setdefault((len(matrix) // cut, matrix.shape[1]), {"params": [], "cuts": []})
            group["params"].append(matrix)
            group["cuts"].append(cut)
    return list(groups.values())


def parameter_groups(model: nn.Module, weight_decay: float, without: Iterable[nn.Parameter] = ()) -> list[dict]:
    """Split the parameters into matrices and embeddings, which decay, and biases and gains, which do not.

    Decay keeps weights small where they multiply; pulling a bias or a gain towards zero has no such use.
    """
    taken = {id(parameter) for parameter in without}
    parameters = [p for p in model.parameters() if id(p) not in taken]
    decayed = [p for p in parameters if p.dim() >= 2]
    plain = [p for p in parameters if p.dim() < 2]
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]


def make_optimizer(model: nn.Module, config: TrainConfig) -> CombinedOptimizer:
    """Make what config.optimizer names: AdamW for all, or Muon for the blocks' matrices and AdamW for the rest."""
    blocks = block_matrices(model) if config.optimizer == "muon" else []
    rest = parameter_groups(model, config.weight_decay, [matrix for group in blocks for matrix in group["params"]])
    betas = (config.beta1, config.beta2)
    parts: list[AdamW | Muon] = [AdamW(rest, config.learning_rate, betas)]
    if blocks:
        rate, decay = config.muon_learning_rate, config.muon_weight_decay
        parts.append(Muon(blocks, lr=rate, weight_decay=decay, momentum=config.muon_momentum))
    optimizer = CombinedOptimizer(*parts)
    for group in optimizer.param_groups:
        group["peak"] = group["lr"]
    given = sum(p.numel() for group in optimizer.param_groups for p in group["params"])
    assert given == sum(p.numel() for p in model.parameters()), "every parameter belongs to one optimizer"
    return optimizer


def learning_rate(step: int, config: TrainConfig) -> float:
    """Return the learning rate of a step (from 0): a linear warm-up, then the schedule's way down to its last value."""
    return config.learning_rate * rate_factor(step, config)


def rate_factor(step: int, config: TrainConfig) -> float:
    """Return the share of its peak that every learning rate has at a step (from 0).

    The warm-up ends, and the last value is reached, at the last step at the latest. When a run is continued, a schedule
    that falls begins once more, but at a tenth of its peak, so that the model keeps what it has learned.
    """
    ends = [0, *config.continued_at, config.steps] if config.schedule != "constant" else [0, config.steps]
    lap = max(i for i, end in enumerate(ends[:-1]) if end <= step)
    lowest, step, n = config.min_learning_rate, step - ends[lap], ends[lap + 1] - ends[lap] - 1
    top = max(CONTINUED, lowest) if lap else 1.0
    warmup = min(config.warmup_steps, n)
    if step < warmup:
        return top * (step + 1) / (warmup + 1)
    progress = min(1.0, (step - warmup) / max(1, n - warmup))
    falling = {"constant": 1.0, "linear": 1 - progress, "cosine": 0.5 * (1 + math.cos(math.pi * progress))}
    return lowest + (top - lowest) * falling[config.schedule]
