"""What the worker runs for a studio: steps of ``nstlib.transfer``, and now and then who pulls how hard."""

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
KEPT, LARGEST_KEPT = 2, 256  # pairs whose features are remembered, and their largest side in pixels
_seen: dict[tuple, Pair] = {}  # the newest last
_seen_lock = threading.Lock()


@dataclass(frozen=True)
class RunRequest:
    """One setting of all knobs: two pictures, Settings, layers left out, a network's name, a picture to go on from."""

    content: Picture
    style: Picture
    settings: Settings
    muted: tuple[str, ...] = ()
    network: str = "minivgg"
    start: Picture | None = None


@dataclass(frozen=True)
class RunStarted:
    """What a run does: Settings with the muted layers' λ_l at 0, and the λ_l before that."""

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


def layers(settings: Settings) -> tuple[str, ...]:
    """Every layer that a studio offers, and those that were asked for."""
    return tuple(dict.fromkeys((*networks.DEFAULT, *settings.layers)))


def run(request: RunRequest, check: Callable[[], None]) -> Iterator[RunStarted | Step | GradientShares]:
    """Yield what was begun, the request's steps, and Shares after some of them and at the end."""
    begun, step = begin(request), None
    yield begun
    pair, loaded = (request.content, request.style), network(request.network, layers(request.settings))
    for step in transfer.steps(
        *pair, begun.settings, loaded, start=request.start, check=check, prepare_pair=prepare_pair
    ):
        yield step
        if step.index == FIRST_SHARES:
            yield shares(request, begun.settings, step.picture)
    if step is not None:
        yield shares(request, begun.settings, step.picture)


def begin(request: RunRequest) -> RunStarted:
    """Find a rule's λ_l for the request, and leave out its muted layers."""
    settings = request.settings
    weights = settings.weights_given
    if not weights:
        start = request.content if request.start is None else request.start
        weights = _costs(request, settings, pictures.resize(start, settings.sides()[0])).layer_weights
    if request.muted:
        heard = {layer: 0.0 if layer in request.muted else weight for layer, weight in weights.items()}
        settings = dataclasses.replace(settings, layer_weights=heard)
    return RunStarted(settings, dict(weights))


def shares(request: RunRequest, settings: Settings, picture: Picture) -> GradientShares:
    """Measure who pulls how hard at the picture."""
    costs = _costs(request, settings, picture)
    norms = costs.gradient_norms(picture.to(engine.plan().device))
    pulls = {layer: costs.layer_weights[layer] * costs.factors[layer] * norm for layer, norm in norms.items()}
    total = sum(pulls.values()) or 1.0
    return GradientShares({layer: pull / total for layer, pull in pulls.items()})


def _costs(request: RunRequest, settings: Settings, picture: Picture) -> Objective:
    plan = engine.plan()
    placed = engine.place(network(request.network, layers(settings)).with_layers(settings.layers), plan)
    pair = prepare_pair(request.content, request.style, min(picture.shape[-2:]), placed, plan.device)
    return Objective(pair, settings, placed, picture.to(plan.device))


def prepare_pair(content: Picture, style: Picture, side: int, placed: networks.Network, device: torch.device) -> Pair:
    """``objective.prepare_pair``, remembered for the newest pairs: targets were nearly half of a run's first step."""
    both = ((picture, picture._version) for picture in (content, style))  # a picture changed in place is another
    key = (placed.name, placed.layers, side, *both)
    with _seen_lock:
        pair = _seen.get(key)
    if pair is None:
        pair = objective.prepare_pair(content, style, side, placed, device)
    with _seen_lock:
        _seen.pop(key, None)
        if side <= LARGEST_KEPT:
            _seen[key] = pair
        while len(_seen) > KEPT:
            del _seen[next(iter(_seen))]
    return pair
