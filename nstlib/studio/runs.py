"""What the worker runs for a studio: steps of ``nstlib.transfer``, and now and then the layers' gradient shares."""

import dataclasses
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import torch

from nstlib import engine, networks, pictures, transfer
from nstlib.transfer import Picture, Step, objective
from nstlib.transfer.objective import Objective, Pair
from nstlib.transfer.settings import Settings

FIRST_SHARES = 8  # steps before the first look at the gradients: the first frames come first
CACHED_PAIRS = 2  # the newest pairs, whose features are kept
LARGEST_CACHED = 256  # pixels on the shorter side of such a pair
_pair_cache: dict[tuple, Pair] = {}  # the newest last
_pair_cache_lock = threading.Lock()


@dataclass(frozen=True)
class RunRequest:
    """What all knobs say: two pictures, Settings, the muted layers, a network's name, a picture to go on from."""

    content: Picture
    style: Picture
    settings: Settings
    muted: tuple[str, ...] = ()
    network: str = "minivgg"
    start: Picture | None = None


@dataclass(frozen=True)
class RunStarted:
    """A run's first item: its Settings, with λ_l = 0 for the muted layers, and the λ_l before that."""

    settings: Settings
    layer_weights: dict[str, float]


@dataclass(frozen=True)
class GradientShares:
    """Each style layer's share of the gradient's strength, λ_l f_l ‖∂E_l/∂X‖, at a picture."""

    shares: dict[str, float]


@lru_cache(maxsize=2)
def network(name: str, layers: tuple[str, ...] = networks.DEFAULT) -> networks.Network:
    """Load a network, once."""
    return networks.load(name, layers)


@lru_cache(maxsize=2)
def placed_network(name: str, layers: tuple[str, ...], plan: engine.Plan) -> networks.Network:
    """Place a network on the device, once: every run takes a copy, which then is made there."""
    return engine.place(network(name, layers), plan)


def layers(settings: Settings) -> tuple[str, ...]:
    """Return every layer that a studio offers, and those that the settings name."""
    return tuple(dict.fromkeys((*networks.DEFAULT, *settings.layers)))


def run(request: RunRequest, check: Callable[[], None]) -> Iterator[RunStarted | Step | GradientShares]:
    """Yield a RunStarted, then the request's steps, with GradientShares after some of them and at the end."""
    started = resolve_weights(request)
    yield started
    settings = started.settings
    loaded = placed_network(request.network, layers(request.settings), engine.plan())
    step = None
    for step in transfer.steps(
        request.content,
        request.style,
        settings,
        loaded,
        start=request.start,
        check=check,
        prepare_pair=prepare_pair,
    ):
        yield step
        if step.index == FIRST_SHARES:
            yield shares(request, settings, step.picture)
    if step is not None:
        yield shares(request, settings, step.picture)


def resolve_weights(request: RunRequest) -> RunStarted:
    """Turn the request's rule into λ_l, and mute its muted layers."""
    settings = request.settings
    weights = settings.weights_given
    if not weights:
        start = request.content if request.start is None else request.start
        weights = _costs(request, settings, pictures.resize(start, settings.sides()[0])).layer_weights
    if request.muted:
        audible = {layer: 0.0 if layer in request.muted else weight for layer, weight in weights.items()}
        settings = dataclasses.replace(settings, layer_weights=audible)
    return RunStarted(settings, dict(weights))


def shares(request: RunRequest, settings: Settings, picture: Picture) -> GradientShares:
    """Measure how hard each style layer pulls at the picture."""
    costs = _costs(request, settings, picture)
    norms = costs.gradient_norms(picture.to(engine.plan().device))
    pulls = {layer: costs.layer_weights[layer] * costs.factors[layer] * norm for layer, norm in norms.items()}
    total = sum(pulls.values()) or 1.0
    return GradientShares({layer: pull / total for layer, pull in pulls.items()})


def _costs(request: RunRequest, settings: Settings, picture: Picture) -> Objective:
    plan = engine.plan()
    placed = placed_network(request.network, layers(settings), plan).with_layers(settings.layers)
    side = min(picture.shape[-2:])
    pair = prepare_pair(
        request.content, request.style, side, placed, plan.device, settings.style_side(side), settings.colour
    )
    return Objective(pair, settings, placed, picture.to(plan.device))


def prepare_pair(
    content: Picture,
    style: Picture,
    side: int,
    placed: networks.Network,
    device: torch.device,
    style_side: int,
    colour: str,
) -> Pair:
    """``objective.prepare_pair``, cached for the newest pairs: it took nearly half of a run's first step."""
    versions = ((picture, picture._version) for picture in (content, style))  # one changed in place is another picture
    key = (placed.name, placed.layers, side, style_side, colour, *versions)
    with _pair_cache_lock:
        pair = _pair_cache.get(key)
    if pair is None:
        pair = objective.prepare_pair(content, style, side, placed, device, style_side, colour)
    with _pair_cache_lock:
        _pair_cache.pop(key, None)
        if side <= LARGEST_CACHED:
            _pair_cache[key] = pair
        while len(_pair_cache) > CACHED_PAIRS:
            del _pair_cache[next(iter(_pair_cache))]
    return pair
