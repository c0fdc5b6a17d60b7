"""Optimise the pixels: ``steps(content, style, settings, network)`` yields one Step per forward and backward pass.

The optimiser minimises J = α · J_content / K_c + β · Σ_l λ_l f_l E_l / K_s + γ · TV / n + δ · R / n, where K_c is
½‖F_C‖² and K_s the mean over the style layers of E_l(S against zero features): one number of each for a pair of
pictures, never one for each layer. So α and β mean the same for every pair, while N, M, λ and the convention's factor
f_l keep their effect between layers. TV is the total variation, R the roughness of the chroma, n how many numbers the
picture has. Of several styles E_l is the mean, see `nstlib.transfer.objective`. A Step reports the raw costs of Gatys
et al. (2016) beside J.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from nstlib import engine, networks, pictures
from nstlib.errors import NstError
from nstlib.transfer import masks
from nstlib.transfer.colour import grey, keep_colours
from nstlib.transfer.frame import Frame, resample_to
from nstlib.transfer.masks import Masked
from nstlib.transfer.objective import Costs, Objective, Pair, prepare_pair
from nstlib.transfer.parameterization import Parameterization
from nstlib.transfer.settings import Settings
from nstlib.transfer.shapes import Mask, Picture

PLATEAU_STEPS = 20


@dataclass(frozen=True)
class Step:
    """One forward and backward pass: the picture it saw and that picture's costs.

    picture: a copy, float32 (3,H,W) in [0,1] on the CPU. content_cost: J_content. style_costs: E_l by layer. total: J.
    seconds: since the run began. scale: which size this is, from 1. Where the photo's colours are kept, the costs are
    those of the picture in grey; where a margin is painted, the picture's with it.

    >>> from nstlib import painted
    >>> first = next(steps(painted.paint("mosaic", 32), painted.paint("night", 32), Settings(size=32)))
    >>> first.index, first.scale, first.picture.shape, first.content_cost < 1e-3  # a run starts as the content
    (0, 1, torch.Size([3, 32, 32]), True)
    >>> list(first.style_costs)
    ['relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1']
    """

    index: int
    picture: Picture
    content_cost: float
    style_costs: dict[str, float]
    total: float
    seconds: float
    scale: int


class DivergedError(NstError):
    """A cost became infinite or not a number; the message says where, the likely cause and what to do.

    >>> from nstlib import painted
    >>> pair = painted.paint("mosaic", 32), painted.paint("night", 32)
    >>> stylize(*pair, Settings(size=32, beta=1e39))
    Traceback (most recent call last):
    nstlib.transfer.run.DivergedError: J became inf, because alpha, beta or the layer weights are too large ...
    """


def steps(
    content: Picture,
    style: Picture | Sequence[Picture],
    settings: Settings | None = None,
    network: networks.Network | None = None,
    *,
    start: Picture | None = None,
    mask: Mask | None = None,
    check: Callable[[], None] | None = None,
    prepare_pair: Callable[..., Pair] = prepare_pair,
    plan: engine.Plan | None = None,
) -> Iterator[Step]:
    """Yield a Step for each pass: the first shows the starting picture, the last the result.

    Pictures are float32 (3,H,W) in [0,1] of any size; both are resized to `settings.size` on the shorter side. `style`
    may also be a list of pictures, blended by `settings.style_blend`; the init "style" is the first. Without a network
    minivgg is loaded. `start` is a picture to go on from, in place of `settings.init`. `mask`, float32 (H,W) in [0,1],
    is 1 where the style may go and 0 where the photo stays: see `nstlib.transfer.masks`. `check` is called between
    layers, forward and backward, and ends the run at once by raising. `prepare_pair` is the function of
    `nstlib.transfer.objective`, or one that remembers its results, for many runs of one pair. `plan` is another device
    or precision than the engine's own choice.

    Raises NstError for settings that these pictures or this network cannot serve, DivergedError for costs that are
    not finite.

    >>> from nstlib import painted
    >>> content, style = painted.paint("mosaic", 32), painted.paint("night", (32, 48))
    >>> totals = [step.total for step in steps(content, style, Settings(size=32, steps=5))]
    >>> len(totals), totals[-1] < totals[0]
    (5, True)
    >>> blended = steps(content, [style, painted.paint("waves", 32)], Settings(size=32, style_blend=(2, 1)))
    >>> next(blended).picture.shape
    torch.Size([3, 32, 32])
    """
    began = time.perf_counter()
    settings = settings or Settings()
    plan = plan or engine.plan()
    network = (network or networks.load(layers=settings.layers)).with_layers(settings.layers)
    network = engine.place(network, plan)
    index = 0
    parameters = None
    frame = Frame(content, settings)
    x = None if start is None else frame.around(pictures.checked(start))
    mask = None if mask is None else masks.checked(mask, frame)
    in_grey = settings.colour == "photo"
    style = style if isinstance(style, Tensor) else tuple(style)
    if check:
        watch(network, check)
    loss_scale = LossScale()
    for scale, side in enumerate(settings.sides(), start=1):
        framed = frame.side(side)
        styles = settings.style_side(side), settings.colour
        pair = prepare_pair(frame.content, style, framed, network, plan.device, *styles)
        photo = pictures.resize(frame.content, framed).to(plan.device) if in_grey else None
        with engine.keeping_memory(pair.content[0].numel()) as give_back:
            x = opening(pair, settings, x)
            masked = None if mask is None else masks.at(mask, pair.content)
            objective = Objective(pair, settings, network, x)
            del pair  # else all features of both pictures would stay in memory while the picture moves
            give_back()
            parameters = Parameterization(x, settings, previous=parameters, first=index)
            parameters.set_rates(index)
            for costs, picture in _descend(
                parameters, objective, loss_scale, settings.steps_at(scale), in_grey, masked
            ):
                if in_grey:
                    picture = keep_colours(picture, photo)
                parameters.set_rates(index + 1)
                if index == parameters.first:
                    give_back()  # the first pass leaves gaps between what it made for all others
                picture = frame.cut(picture, side).cpu()
                yield Step(index, picture, *costs, time.perf_counter() - began, scale)
                index += 1
            x = parameters.x().detach().clamp(0, 1).cpu()


def stylize(
    content: Picture,
    style: Picture | Sequence[Picture],
    settings: Settings | None = None,
    network: networks.Network | None = None,
    *,
    mask: Mask | None = None,
) -> Picture:
    """Run `steps` to its end and return the last picture, float32 (3,H,W) in [0,1].

    It has the content's proportions. `mask` says where the style may go. Raises what `steps` raises.

    >>> from nstlib import painted
    >>> picture = stylize(painted.paint("mosaic", (32, 40)), painted.paint("night", 32), Settings(size=32, steps=3))
    >>> picture.shape, picture.dtype, bool(picture.min() >= 0 and picture.max() <= 1)
    (torch.Size([3, 32, 40]), torch.float32, True)
    """
    for step in steps(content, style, settings, network, mask=mask):  # noqa: B007  the last one is the result
        pass
    return step.picture


def opening(pair: Pair, settings: Settings, given: Picture | None = None) -> Picture:
    """The picture that a pair's size begins with: the `given` one, resampled, or else what `settings.init` says."""
    x = resample_to(_initial(pair, settings) if given is None else given, pair.content)
    return (grey(x) if settings.colour == "photo" else x).to(pair.content.device).contiguous()


def _initial(pair: Pair, settings: Settings) -> Picture:
    if settings.init == "noise":
        return torch.rand(pair.content.shape, generator=torch.Generator().manual_seed(settings.seed))
    return pair.content if settings.init == "content" else pair.styles[0]


class LossScale:
    """A factor that makes J a thousand at the first pass: torch's L-BFGS ignores curvature below an absolute 1e-10.

    So a constant in front of J changes nothing, as it should. All scales share the factor, as Adam's moments need.
    """

    factor: float | None = None

    def __call__(self, total: Tensor) -> Tensor:
        """J times the factor, which the first J sets."""
        if self.factor is None:
            first = total.item()
            self.factor = 1e3 / first if 0 < first < math.inf else 1.0
        return self.factor * total


def _descend(
    parameters: Parameterization,
    objective: Objective,
    loss_scale: LossScale,
    n_steps: int,
    in_grey: bool,
    masked: Masked | None,
) -> Iterator[tuple[tuple[float, dict[str, float], float], Picture]]:
    """Yield J_content, E_l and J of each pass, and its picture on the device; in between, x moves on.

    A GPU works off a queue, so nothing is read back before all of a pass is in it: one wait a pass, not one a number.
    """
    totals = []
    settings = parameters.settings
    redraw = settings.redraw and objective.statistic.is_drawn
    each_pass = redraw and settings.optimizer != "lbfgs"  # it needs gradients of one function
    plateau = 0 if each_pass else settings.plateau  # where J also moves with the directions, none can be seen

    def evaluate() -> Tensor:
        nonlocal values, inside
        parameters.optimizer.zero_grad()
        inside = inner(parameters.x(), in_grey, masked)
        costs = objective(inside)
        values = _stacked(costs)
        scaled = loss_scale(costs.total)
        scaled.backward()
        return scaled

    for step in range(n_steps):
        if each_pass or (redraw and step == 0):
            objective.redraw(parameters.first + step)
        values = inside = None
        parameters.optimizer.step(evaluate)
        picture = inside.detach()  # given away only once the backward pass is done with it
        inside = None  # nor may it keep the pass's graph alive while the caller looks at the picture
        numbers = _numbers(values, objective.style_targets)
        _require_finite(*numbers, picture)
        yield numbers, picture
        totals.append(numbers[-1])
        before = totals[-1 - PLATEAU_STEPS] if len(totals) > PLATEAU_STEPS else math.inf
        if plateau and before < math.inf and 0 <= before - totals[-1] <= plateau * before:
            return


def inner(x: Picture, in_grey: bool, masked: Masked | None = None) -> Picture:
    """The picture that J sees of x: clamped to [0, 1], grey where the photo's colours are kept, masked by a mask."""
    inside = ClampProjected.apply(x)
    if in_grey:
        inside = inside.mean(0, keepdim=True).expand(3, -1, -1)  # equal gradients: x, grey at first, stays so
    return masked(inside) if masked else inside


class ClampProjected(torch.autograd.Function):
    """x clamped to [0, 1], whose gradient is kept where it points back inside.

    Clamping x itself between two steps of L-BFGS would falsify the differences that it remembers.
    """

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        """Clamp x to [0, 1]."""
        ctx.save_for_backward(x)
        return x.clamp(0, 1)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        """Keep the gradient, but not where a step against it would lead further outside."""
        (x,) = ctx.saved_tensors
        gradient = gradient.clone(memory_format=torch.contiguous_format)  # as x is; the network's is channels-last
        outwards = (gradient > 0) & (x <= 0) | (gradient < 0) & (x >= 1)  # x moves against its gradient
        return gradient.masked_fill_(outwards, 0)


def watch(network: networks.Network, check: Callable[[], None]) -> None:
    """Call `check` after each layer of this placed copy of a network, forward and backward."""

    def backward(gradient: Tensor) -> None:
        check()

    def forward(stage, inputs, output: Tensor) -> None:
        check()
        if output.requires_grad:
            output.register_hook(backward)

    for stage in network.stages.values():
        stage.register_forward_hook(forward)


def _stacked(costs: Costs) -> Float[Tensor, " n_costs"]:
    """J_content, every E_l and J in one tensor, which is read in one go."""
    return torch.stack([costs.content, *costs.style.values(), costs.total]).detach()


def _numbers(values: Float[Tensor, " n_costs"], layers: Iterable[str]) -> tuple[float, dict[str, float], float]:
    content, *style, total = values.tolist()
    return content, dict(zip(layers, style, strict=True)), total


def _require_finite(content: float, style: dict[str, float], total: float, picture: Picture) -> None:
    """Raise DivergedError, naming the cause, unless J is finite."""
    if math.isfinite(total):
        return
    parts = {"the content cost": content} | {f"the style cost of {layer}": cost for layer, cost in style.items()}
    wrong = [name for name, cost in parts.items() if not math.isfinite(cost)]
    if not picture.isfinite().all():
        cause = "the optimiser's last step left pixels without a finite value. Use Adam, or smaller weights in J"
    elif wrong:
        cause = f"the features overflow, first seen in {wrong[0]}. Check the network's weights and input"
    else:
        cause = "alpha, beta or the layer weights are too large for float32. Use smaller ones; only ratios matter"
    raise DivergedError(f"J became {total}, because {cause}.")
