"""A mixer: the picture that a moved knob makes, before any network is asked.

J = Σ_i w_i T_i is linear in its terms T_i: J_content, each layer's E_l, TV and R. The knobs α, β, λ_l, mute, fader and
convention move the weights w_i alone. So at the picture where a run begins ∂J/∂X = Σ_i w_i ∂T_i/∂X is a mixture of
gradient pictures that these knobs do not change. Computed once for a pair and a statistic, after a first run has begun,
they give each later run's second picture in a few milliseconds.
"""

import dataclasses
import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import torch

from nstlib import engine, pictures
from nstlib.studio.requests import LARGEST_CACHED, Newest, RunRequest, narrowed_network, pair_at, version, watched
from nstlib.style.statistics import STATISTICS
from nstlib.transfer import Picture, masks
from nstlib.transfer.first_move import first_move
from nstlib.transfer.frame import Frame
from nstlib.transfer.objective import Objective, Terms
from nstlib.transfer.run import inner, opening
from nstlib.transfer.settings import Settings
from nstlib.transfer.shapes import Mask

CACHED_MIXERS = 4  # two sizes of a pair, each with two statistics
CACHED_RULES = 16  # λ_l of a mixer
CACHED_PARTS = 2  # pictures to begin with of a mixer


@dataclass(frozen=True)
class GradientParts:
    """What J is made of where a run begins: that picture `start`, its terms, and ∂/∂X of each.

    photo: the photo in its colours, where those are kept.
    """

    start: Picture
    terms: Terms
    gradients: Terms
    photo: Picture | None


@dataclass(frozen=True)
class Reference:
    """What the photo itself costs: E_l(C) by style layer, and K_c = ½ Σ_l ‖F_C‖² over the content layers.

    E_l(X) / E_l(C) is the share of a layer's style cost that is left, J_content / K_c the content lost.
    """

    style_costs: dict[str, float]
    content_scale: float


class Mixer:
    """All that runs share of one pair at one size whose settings name the same layers, statistic and colours."""

    def __init__(self, request: RunRequest, side: int) -> None:
        pair = pair_at(request, side)
        equal = dict.fromkeys(request.settings.style_layers, 1.0)  # a preset may refuse this pair
        neutral = dataclasses.replace(request.settings, layer_weights=equal)
        self.objective = Objective(pair, neutral, narrowed_network(request), pair.content)
        self.pair = dataclasses.replace(pair, features_c={}, features_s=())  # these are large
        self._rules: Newest[dict[str, float]] = Newest(CACHED_RULES)
        self._parts: Newest[GradientParts] = Newest(CACHED_PARTS)

    def rule(self, settings: Settings, given: Picture | None = None) -> dict[str, float]:
        """Return λ_l as the settings say, for a run that begins with `given` or by `settings.init`."""
        if settings.weights_given:
            return settings.weights_given
        measured = settings.layer_weights == "balanced"  # at the picture to begin with
        where = (*_opening_key(settings), version(given)) if measured else ()

        def make() -> dict[str, float]:
            start = opening(self.pair, settings, given) if measured else self.pair.content
            return self.objective.with_settings(settings, start).layer_weights

        return self._rules.get((settings.layer_weights, settings.convention, *where), make)

    def weighted(self, settings: Settings, given: Picture | None = None) -> Objective:
        """Return the objective of these settings."""
        explicit = dataclasses.replace(settings, layer_weights=self.rule(settings, given))
        return self.objective.with_settings(explicit, self.pair.content)

    def learn(self, settings: Settings, photo: Picture, check: Callable[[], None]) -> None:
        """Compute the parts of the gradient where such runs begin, unless they are there."""

        def make() -> GradientParts:
            start = opening(self.pair, settings)
            in_grey = settings.colour == "photo"
            objective = self.objective.with_network(watched(self.objective.network, check))
            terms, gradients = objective.gradients(inner(start, in_grey))
            colours = pictures.resize(photo, min(start.shape[1:])).to(start.device) if in_grey else None
            return GradientParts(start, terms, gradients, colours)

        self._parts.get(_opening_key(settings), make)

    def preview(self, settings: Settings, mask: Mask | None = None) -> Picture | None:
        """Return the picture of Step 1 on the CPU; None where no parts are there, or J is not finite."""
        parts = self._parts.peek(_opening_key(settings))
        if parts is None:
            return None
        objective = self.weighted(settings)
        total, gradient = objective.weighted(parts.terms), objective.weighted(parts.gradients)
        if not math.isfinite(total.item()):
            return None
        masked = None if mask is None else masks.at(masks.checked(mask, Frame(parts.start, settings)), parts.start)
        picture = first_move(parts.start, settings, total, gradient, parts.photo, masked)
        return picture.cpu() if picture.isfinite().all() else None


MIXERS: Newest[Mixer] = Newest(CACHED_MIXERS)
REFERENCES: Newest[Reference] = Newest(CACHED_MIXERS)


def mixer(request: RunRequest, side: int) -> Mixer:
    """Return the mixer of a request's pair at a size, from the newest few."""
    return MIXERS.get(_mixer_key(request, side), lambda: Mixer(request, side), keep=side <= LARGEST_CACHED)


def preview(request: RunRequest, settings: Settings) -> Picture | None:
    """Return the picture that Step 1 of the request's run will show, in a few milliseconds; None if that is not known.

    It is known for every optimiser once a run of the same pair and size, with the same layers, statistic, colours and
    init, has been looked at by `learn`; not for a run that goes on from a picture, has a margin, or has a single pass
    at its first size. Features in float32 give Step 1's picture to rounding errors; in bfloat16 the parts are rounded
    one by one, and Adam then moves about two numbers in a thousand the other way.

    >>> from nstlib import painted, transfer
    >>> request = RunRequest(painted.paint("mosaic", 32), painted.paint("night", 32), Settings(size=32))
    >>> learn(request, request.settings, check=lambda: None)
    >>> louder = dataclasses.replace(request.settings, beta=80.0)
    >>> _, step, *_ = transfer.steps(request.content, request.style, louder)
    >>> bool((preview(request, louder) - step.picture).abs().mean() < 1e-5)
    True
    """
    found = MIXERS.peek(_mixer_key(request, settings.sides()[0])) if _foreseeable(request, settings) else None
    if found is None:
        return None
    with engine.one_thread():
        return found.preview(settings, request.mask)


def learn(request: RunRequest, settings: Settings, check: Callable[[], None]) -> None:
    """Make previews of such requests possible: one forward pass and some backward passes, where not done before."""
    side = settings.sides()[0]
    if _foreseeable(request, settings) and side <= LARGEST_CACHED:
        mixer(request, side).learn(settings, request.content, check)


def reference(request: RunRequest, side: int | None = None) -> Reference:
    """Return the photo's own costs at a size, the last of a run if none is given: from the pair's features, no pass.

    >>> from nstlib import painted, transfer
    >>> request = RunRequest(painted.paint("mosaic", 32), painted.paint("night", 32), Settings(size=32))
    >>> known = reference(request)
    >>> step = next(transfer.steps(request.content, request.style, request.settings))  # a run begins as the photo
    >>> math.isclose(step.style_costs["relu3_1"], known.style_costs["relu3_1"], rel_tol=1e-5)
    True
    """
    side = request.settings.size if side is None else side

    @torch.no_grad()
    def make() -> Reference:
        features = pair_at(request, side).features_c
        objective = mixer(request, side).objective
        costs = {layer: objective.style_cost(features[layer], layer).item() for layer in objective.style_targets}
        return Reference(costs, objective.content_scale.item())

    return REFERENCES.get(_mixer_key(request, side), make)


def _foreseeable(request: RunRequest, settings: Settings) -> bool:
    # Where a run with a mask begins as something other than the photo, the mask changes the picture that J sees first
    seen = request.mask is None or settings.init == "content"
    return request.start is None and seen and not settings.margin and settings.steps_at(1) > 1


def _mixer_key(request: RunRequest, side: int) -> Hashable:
    settings = request.settings
    terms = settings.statistic, settings.content_layers, settings.style_layers, settings.style_blend, settings.colour
    pair = side, settings.style_side(side), version(request.content), version(request.style)
    directions = settings.seed if STATISTICS[settings.statistic].is_drawn else None
    return request.network, engine.plan(), *terms, directions, *pair


def _opening_key(settings: Settings) -> tuple:
    return settings.init, settings.seed if settings.init == "noise" else None
