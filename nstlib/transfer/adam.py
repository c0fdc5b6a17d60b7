"""Adam that does not load torch's compiler.

m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², x ← x − η · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε): Kingma and Ba,
"Adam" (2015), arXiv:1412.6980. The step is torch's own function; the class around it is ``torch.optim.Adam`` without
its base class, which spends a second on loading that compiler when a process makes its first optimiser. (L-BFGS is
torch's own, and does load it.)
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.optim.adam import adam

EPSILON = 1e-8


class Adam:
    """Move each tensor at its own rate, bit for bit as ``torch.optim.Adam`` does.

    rates: η of each tensor, which may be changed between steps. state: for each tensor m (`exp_avg`), v (`exp_avg_sq`)
    and t (`step`), under torch's names; empty until the first step, unless the caller fills it before.
    """

    def __init__(self, tensors: list[Tensor], rates: list[float], betas: tuple[float, float]) -> None:
        self.tensors = tensors
        self.rates = rates
        self.betas = betas
        self.state: dict[Tensor, dict[str, Tensor]] = {}

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for tensor in self.tensors:
            tensor.grad = None

    def step(self, evaluate: Callable[[], Tensor]) -> Tensor:
        """Call `evaluate`, which computes J and the gradients, then move the tensors; return J."""
        with torch.enable_grad():  # whoever asks for a picture may have gradients switched off
            total = evaluate()
        for tensor, rate in zip(self.tensors, self.rates, strict=True):
            self._move(tensor, rate)
        return total

    @torch.no_grad()
    def _move(self, tensor: Tensor, rate: float) -> None:
        if tensor not in self.state:
            moments = {name: torch.zeros_like(tensor) for name in ("exp_avg", "exp_avg_sq")}
            self.state[tensor] = {"step": torch.tensor(0.0, dtype=torch.float32)} | moments
        state = self.state[tensor]
        lists = ([tensor], [tensor.grad], [state["exp_avg"]], [state["exp_avg_sq"]], [], [state["step"]])
        beta1, beta2 = self.betas
        variants = {"amsgrad": False, "weight_decay": 0, "maximize": False}
        adam(*lists, beta1=beta1, beta2=beta2, lr=rate, eps=EPSILON, **variants)
