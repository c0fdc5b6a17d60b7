"""The picture after a run's first pass, from J and ∂J/∂X where the run begins: no network is asked.

Whoever has that gradient already, as the studio's mixer does, sees at once what the optimiser's first move makes.
It is the optimiser that `nstlib.transfer.run` drives, in the state in which every run begins.
"""

import torch

from nstlib.transfer.colour import keep_colours
from nstlib.transfer.masks import Masked
from nstlib.transfer.parameterization import Parameterization
from nstlib.transfer.run import LossScale, inner
from nstlib.transfer.settings import Settings
from nstlib.transfer.shapes import Picture, Scalar


@torch.enable_grad()
def first_move(
    start: Picture,
    settings: Settings,
    total: Scalar,
    gradient: Picture,
    photo: Picture | None = None,
    masked: Masked | None = None,
) -> Picture:
    """Return the picture of Step 1, float32 (3,H,W) in [0,1], from J and ∂J/∂X at the picture `start` of Step 0.

    With the colour "photo", `photo` is the photo at this size, in its colours. `masked` is the run's mask at this size.
    A `settings.margin` is not cut away.

    >>> start = torch.full((3, 8, 8), 0.5)
    >>> moved = first_move(start, Settings(learning_rate=0.1), torch.tensor(2.0), torch.ones(3, 8, 8))
    >>> moved[0, 0, 0]  # Adam's first move has the length of its rate
    tensor(0.4000)
    """
    in_grey = settings.colour == "photo"
    parameters = Parameterization(start, settings)
    parameters.set_rates(0)
    loss_scale = LossScale()

    def evaluate() -> Scalar:
        parameters.optimizer.zero_grad()
        scaled = loss_scale(total)
        slope = loss_scale.factor * gradient
        plane = inner(parameters.x(), in_grey, masked) * slope  # has the slope that J has there
        plane.sum().backward()  # to hand `backward` a gradient loads sympy first, which takes half a second
        return scaled

    parameters.optimizer.step(evaluate)
    picture = inner(parameters.x().detach(), in_grey, masked)
    return keep_colours(picture, photo) if in_grey else picture
