"""What an optimiser moves: the pixels x, or a pyramid of pictures that add up to x.

With optimizer="pyramid" x = p_0 + up(p_1 + up(p_2 + …)), each p_k half as wide as the one before, up being bilinear.
One number of a coarse p_k moves a whole patch, so Adam changes colours and large shapes within a few steps. J remains
the same function of x, with the same minima. The pyramid is that of Burt and Adelson, "The Laplacian pyramid as a
compact image code" (1983), with parameters for its levels; on other coordinates for a picture's pixels see Mordvintsev
et al., "Differentiable Image Parameterizations" (2018).
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from nstlib.transfer.adam import Adam
from nstlib.transfer.settings import Settings
from nstlib.transfer.shapes import Picture

COARSEST_SIDE = 8  # pixels of the top of the pyramid, at least
STEADY = 20  # passes at one size after which a pyramid's rates fall as 1/√passes
FINEST, COARSER = 0.6, 0.7  # a level's rate is 0.6 · 0.7^k of the learning rate, all together nearly twice that


class Parameterization:
    """The picture x and what moves it: ``x()`` begins as `start`, and is differentiable in the `levels`."""

    def __init__(
        self, start: Picture, settings: Settings, previous: "Parameterization | None" = None, first: int = 0
    ) -> None:
        """Begin at pass `first` of the run; `previous` is the parameterization of the coarser scale."""
        self.settings = settings
        self.first = first
        self.levels = [start.clone()]
        while settings.optimizer == "pyramid" and min(self.levels[-1].shape[-2:]) >= 2 * COARSEST_SIDE:
            height, width = self.levels[-1].shape[-2:]
            self.levels.append(start.new_zeros(3, (height + 1) // 2, (width + 1) // 2))
        for level in self.levels:
            level.requires_grad_()
        self.optimizer = self._optimizer(previous)

    def x(self) -> Picture:
        """Add up the levels from the coarsest to the finest; values may lie outside [0, 1]."""
        x = self.levels[-1]
        for level in reversed(self.levels[:-1]):
            x = level + _resized(x, level.shape[-2:])
        return x

    def set_rates(self, index: int) -> None:
        """Let Adam's rates fall over the last quarter: constant ones end in noise. L-BFGS scales its own steps.

        A pyramid's also fall as 1/√passes, after `STEADY` passes at one size.
        """
        if self.settings.optimizer != "lbfgs":
            fall = max(0.1, min(1, 4 * (1 - index / self.settings.steps)))
            if self.settings.optimizer == "pyramid":
                fall *= min(1, math.sqrt(STEADY / (index - self.first + 1)))
            self.optimizer.rates = [rate * fall for rate in self._rates()]

    def _rates(self) -> list[float]:
        rate = self.settings.learning_rate
        if self.settings.optimizer == "adam":
            return [rate]
        return [rate * FINEST * COARSER**k for k in range(len(self.levels))]

    def _optimizer(self, previous: "Parameterization | None") -> Adam | torch.optim.LBFGS:
        """Make the optimiser; Adam's moments are carried over from the coarser scale.

        L-BFGS starts anew: it remembers differences between pictures of the old size, where J was curved differently.
        """
        if self.settings.optimizer == "lbfgs":
            # One evaluation a step and no line search, so that each can be shown and stopped
            return torch.optim.LBFGS(self.levels, max_iter=1, history_size=30, tolerance_grad=0, tolerance_change=0)
        # A pyramid's levels settle at different times: a short memory of the gradients' squares lets each go on sooner
        optimizer = Adam(self.levels, self._rates(), betas=(0.9, 0.99 if self.settings.optimizer == "adam" else 0.9))
        if previous is not None:
            for back, level in enumerate(reversed(self.levels), start=1):  # a new finest level learns from the old one
                before = previous.optimizer.state[previous.levels[-min(back, len(previous.levels))]]
                optimizer.state[level] = _moments(before, level)
        return optimizer


def _moments(before: dict[str, Tensor], level: Tensor) -> dict[str, Tensor]:
    """Adam's state for a level, from that of a level of another size."""
    ratio = before["exp_avg"].numel() / level.numel()  # J is a mean: each number's part of it shrinks with their count
    factors = {"exp_avg": ratio, "exp_avg_sq": ratio**2}
    moments = {name: _resized(before[name], level.shape[-2:]) * factor for name, factor in factors.items()}
    return {"step": before["step"].clone()} | moments


def _resized(picture: Tensor, size: tuple[int, int]) -> Tensor:
    return functional.interpolate(picture[None], size, mode="bilinear")[0]
