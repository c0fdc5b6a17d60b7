"""What the worker runs for a studio: a preview, steps of ``nstlib.transfer``, and the layers' gradient shares."""

import dataclasses
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nstlib import engine, transfer
from nstlib.errors import NstError
from nstlib.studio import mixing
from nstlib.studio.layer_views import GramPictures, gram_pictures, pull_map
from nstlib.studio.mixing import Reference, reference
from nstlib.studio.requests import LARGEST_CACHED, RunRequest, layers, placed_network, prepare_pair, watched
from nstlib.transfer import Picture, Step
from nstlib.transfer.settings import Settings

FIRST_SHARES = 8  # steps before the first look at the gradients: the first frames come first

__all__ = [
    "GradientShares",
    "GramPictures",
    "Preview",
    "Reference",
    "RunRequest",
    "RunStarted",
    "Scales",
    "gram_pictures",
    "layers",
    "placed_network",
    "pull_map",
    "reference",
    "resolve_weights",
    "run",
    "shares",
]


@dataclass(frozen=True)
class RunStarted:
    """A run's first item: its Settings, with λ_l after faders and muting, and the λ_l of the rule, before them."""

    settings: Settings
    layer_weights: dict[str, float]


class Scales:
    """What a run's raw costs are measured by: the terms of J, and the shares of the photo's costs.

    Both are known at the sizes whose features are cached, up to `requests.LARGEST_CACHED` pixels.
    """

    def __init__(self, request: RunRequest, settings: Settings) -> None:
        self._request = request
        self._settings = settings

    def terms(self, step: Step) -> list[float]:
        """Return α J_content / K_c, and β λ_l f_l E_l / K_s by layer: with TV and R they add up to J."""
        side = self._settings.sides()[step.scale - 1]
        if side > LARGEST_CACHED:
            return []
        objective = mixing.mixer(self._request, side).weighted(self._settings, self._request.start)
        unit = self._settings.beta / objective.style_scale.item()
        weights = {
            layer: unit * objective.layer_weights[layer] * objective.factors[layer] for layer in step.style_costs
        }
        content = self._settings.alpha * step.content_cost / objective.content_scale.item()
        return [content, *(weights[layer] * cost for layer, cost in step.style_costs.items())]

    def left(self, step: Step) -> dict[str, float]:
        """Return E_l(X) / E_l(C) by layer, and as `content` J_content / K_c."""
        side = self._settings.sides()[step.scale - 1]
        if side > LARGEST_CACHED:
            return {}
        photo = reference(self._request, side)
        left = {layer: cost / (photo.style_costs[layer] or 1.0) for layer, cost in step.style_costs.items()}
        return left | {"content": step.content_cost / photo.content_scale}


@dataclass(frozen=True)
class Preview:
    """The picture that Step 1 is going to show, before Step 0: see `nstlib.studio.mixing`."""

    picture: Picture


@dataclass(frozen=True)
class GradientShares:
    """Each style layer's share of the gradient's strength, λ_l f_l ‖∂E_l/∂X‖, at a picture."""

    shares: dict[str, float]


def run(request: RunRequest, check: Callable[[], None]) -> Iterator[RunStarted | Preview | Step | GradientShares]:
    """Yield a RunStarted, a Preview where one is known, then the steps, with GradientShares after some and at the end.

    After the first shares, or at the end of a shorter run, it computes what the next run's Preview needs.
    """
    started = resolve_weights(request)
    yield started
    settings = started.settings
    preview = mixing.preview(request, settings)
    if preview is not None:
        yield Preview(preview)
    loaded = placed_network(request.network, layers(request.settings), engine.plan())
    step = None
    for step in transfer.steps(
        request.content,
        request.style,
        settings,
        loaded,
        start=request.start,
        mask=request.mask,
        check=check,
        prepare_pair=prepare_pair,
    ):
        yield step
        if step.index == FIRST_SHARES:
            yield shares(request, settings, step.picture, check)
            mixing.learn(request, settings, check)
    if step is not None:
        yield shares(request, settings, step.picture, check)
        mixing.learn(request, settings, check)


def resolve_weights(request: RunRequest) -> RunStarted:
    """Turn the request's rule into λ_l = rule_l · fader_l, and 0 for its muted layers.

    Where no fader and no muted layer changes anything, the settings stay as they are, with their preset's name. Raises
    NstError for a fader that is no finite number of 0 or more.
    """
    settings = request.settings
    rule = settings.weights_given or mixing.mixer(request, settings.sides()[0]).rule(settings, request.start)
    faders = {layer: 0.0 if layer in request.muted else _fader(request, layer) for layer in rule}
    if any(fader != 1 for fader in faders.values()):
        settings = dataclasses.replace(
            settings, layer_weights={layer: weight * faders[layer] for layer, weight in rule.items()}
        )
    return RunStarted(settings, dict(rule))


def shares(
    request: RunRequest, settings: Settings, picture: Picture, check: Callable[[], None] = lambda: None
) -> GradientShares:
    """Measure how hard each style layer pulls at the picture; `check` is called between layers and may raise."""
    costs = mixing.mixer(request, min(picture.shape[-2:])).weighted(settings, request.start)
    costs = costs.with_network(watched(costs.network, check))
    norms = costs.gradient_norms(picture.to(engine.plan().device))
    pulls = {layer: costs.layer_weights[layer] * costs.factors[layer] * norm for layer, norm in norms.items()}
    total = sum(pulls.values()) or 1.0
    return GradientShares({layer: pull / total for layer, pull in pulls.items()})


def _fader(request: RunRequest, layer: str) -> float:
    fader = (request.faders or {}).get(layer, 1.0)
    if not 0 <= fader < math.inf:
        raise NstError(f"Expected a finite multiplier of 0 or more for {layer}, got {fader}: 1 leaves the rule's λ.")
    return fader
