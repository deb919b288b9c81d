"""The ways out of a run while it trains: to end it at its step, and to leave a slow step between two layers.

Whoever trains by turns obeys between two steps. Where a step takes seconds that is late, so `SlowSteps` looks for a
command between the layers too, forward and backward, and between Muon's matrices. A step that is left is thrown away
whole: nothing that lasts has changed before the last look, and its batch and its dropout follow from its number. It is
taken anew, to the bit.
"""

from collections.abc import Callable, Iterator

from torch import Tensor, nn

from core.modern import Model
from core.optim import CombinedOptimizer, Muon
from core.runs.machine import step_flops
from core.training import StepStats

SLOW = 1e10  # operations of a step: a busy machine of 5 GFLOP/s takes two seconds for them
PATIENCE = 3  # times in a row that a step is left; then it is taken whole, however many commands come

IsCalled = Callable[[float], bool]  # waits so many seconds for a command, and tells whether there is one


class Stopped(Exception):
    """Thrown into `train_run` to end the run at its current step."""


class Deleted(Exception):
    """Thrown into `train_run` to leave the run as it is on disk, because that is deleted next."""


class Left(Exception):
    """Raised in the middle of a step: somebody is waiting."""


class SlowSteps:
    """The steps of a training, each of which may be left and taken anew."""

    def __init__(self, model: Model, optimizer: CombinedOptimizer, batch_size: int, is_called: IsCalled | None):
        """Without is_called, or with a model whose steps are short, every step is taken whole."""
        self.model, self.is_called, self.left = model, is_called, 0
        if is_called and step_flops(model.config, batch_size) >= SLOW:
            self._watch(optimizer, is_called)

    def _watch(self, optimizer: CombinedOptimizer, is_called: IsCalled) -> None:
        """Let the model's layers, those of its copy that training computes with, and Muon look for a command."""

        def look(*_: object) -> None:
            # Weights that are broken go on to their end: only this training knows the last ones that were good.
            if self.left < PATIENCE and is_called(0.0) and all(p.isfinite().all() for p in self.model.parameters()):
                raise Left

        def after(module: nn.Module, inputs: tuple, output: object) -> None:  # a function: a copy's hook is this one
            if module.training and isinstance(output, Tensor) and output.requires_grad:
                look()
                output.register_hook(look)

        for part in optimizer.parts:
            if isinstance(part, Muon):
                part.look = look
        for module in self.model.modules():
            if isinstance(module, nn.Linear):
                module.register_forward_hook(after)

    def of(self, begin: Callable[[], Iterator[StepStats]]) -> Iterator[StepStats | None]:
        """Yield what a training yields, and None when a step was left; then begin again where it was."""
        while True:
            try:
                for stats in begin():
                    self.left = 0
                    yield stats
                return
            except Left:
                self.left += 1  # and outside of this block, what the step had computed is gone
            yield None
