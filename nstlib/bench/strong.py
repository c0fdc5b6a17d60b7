"""A strong plain loop, written from the description of crowsonkb's style-transfer-pytorch (2021).

Coarse to fine by √2 from 128 px, Adam with its moments carried to the next size, clamped pictures, and the running mean
of all pictures as the result. That program makes 500 to 1000 passes a size with a decay of 0.99; here there are fewer
passes, and a mean over the same share of them.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional

from nstlib import pictures
from nstlib.transfer.shapes import Picture

COARSEST = 127  # pixels
RATE = 0.02
MEAN_SHARE = 0.2  # of the passes at a size, in the running mean: 1 - 0.99 is 1 / (0.2 · 500)


def sides(size: int) -> list[int]:
    """Shorter sides from about 128 px to `size`.

    >>> sides(256)
    [128, 181, 256]
    """
    found = [size]
    while found[0] / 2**0.5 >= COARSEST:
        found.insert(0, round(found[0] / 2**0.5))
    return found


def strong(
    content: Picture,
    size: int,
    cost_at: Callable[[int], Callable[[Picture], Tensor]],
    passes: int,
    device: torch.device,
) -> Iterator[Picture]:
    """Yield the running mean after each pass; ``cost_at(side)`` is the J of pictures of that size."""
    x = content
    moments = None
    scales = sides(size)
    for side in scales:
        count = passes - passes // len(scales) * (len(scales) - 1) if side == size else passes // len(scales)
        shape = pictures.resize(content, side).shape[1:]
        x = functional.interpolate(x[None].cpu(), shape, mode="bicubic", antialias=True)[0].clamp(0, 1)
        x = x.to(device).requires_grad_()
        cost = cost_at(side)
        optimizer = torch.optim.Adam([x], lr=RATE, betas=(0.9, 0.99))
        if moments:
            optimizer.state[x] = _enlarged(moments, x)
        decay = max(0.0, 1 - 1 / (MEAN_SHARE * count))
        mean = torch.zeros_like(x)
        weight = 1.0
        for _ in range(count):
            optimizer.zero_grad()
            cost(x).backward()
            optimizer.step()
            with torch.no_grad():
                x.clamp_(0, 1)
                mean.lerp_(x, 1 - decay)
            weight *= decay
            yield mean.detach() / (1 - weight)
        moments = optimizer.state[x]
        x = mean.detach() / (1 - weight)


def _enlarged(moments: dict[str, Tensor], x: Picture) -> dict[str, Tensor]:
    """Adam's moments at another size; J is a mean, so each pixel's part of it shrinks with their number."""
    ratio = moments["exp_avg"].numel() / x.numel()
    size = tuple(x.shape[1:])
    first = functional.interpolate(moments["exp_avg"][None], size, mode="bicubic")[0] * ratio
    second = functional.interpolate(moments["exp_avg_sq"][None], size, mode="bilinear")[0] * ratio**2
    return {"step": moments["step"], "exp_avg": first, "exp_avg_sq": second}
