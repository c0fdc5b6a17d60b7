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
class Wish:
    """One setting of all knobs: two pictures, Settings, layers left out, a network's name, a picture to go on from."""

    content: Picture
    style: Picture
    settings: Settings
    silent: tuple[str, ...] = ()
    network: str = "minivgg"
    start: Picture | None = None


@dataclass(frozen=True)
class Begun:
    """What a run does: Settings with the silent layers' λ_l at 0, and the λ_l before that."""

    settings: Settings
    layer_weights: dict[str, float]


@dataclass(frozen=True)
class Shares:
    """Each style layer's share of the gradient's strength, λ_l f_l ‖∂E_l/∂X‖, at a picture."""

    shares: dict[str, float]


@lru_cache(maxsize=2)
def network(name: str, layers: tuple[str, ...] = networks.DEFAULT) -> networks.Network:
    """Load a network, once."""
    return networks.load(name, layers)


def layers(settings: Settings) -> tuple[str, ...]:
    """Every layer that a studio offers, and those that were asked for."""
    return tuple(dict.fromkeys((*networks.DEFAULT, *settings.layers)))


def run(wish: Wish, check: Callable[[], None]) -> Iterator[Begun | Step | Shares]:
    """Yield what was begun, the wish's steps, and Shares after some of them and at the end."""
    begun, step = begin(wish), None
    yield begun
    pair, loaded = (wish.content, wish.style), network(wish.network, layers(wish.settings))
    for step in transfer.steps(*pair, begun.settings, loaded, start=wish.start, check=check, see=see):
        yield step
        if step.index == FIRST_SHARES:
            yield shares(wish, begun.settings, step.picture)
    if step is not None:
        yield shares(wish, begun.settings, step.picture)


def begin(wish: Wish) -> Begun:
    """Find a rule's λ_l for the wish, and leave out its silent layers."""
    settings = wish.settings
    weights = settings.weights_given
    if not weights:
        start = wish.content if wish.start is None else wish.start
        weights = _costs(wish, settings, pictures.resize(start, settings.sides()[0])).layer_weights
    if wish.silent:
        heard = {layer: 0.0 if layer in wish.silent else weight for layer, weight in weights.items()}
        settings = dataclasses.replace(settings, layer_weights=heard)
    return Begun(settings, dict(weights))


def shares(wish: Wish, settings: Settings, picture: Picture) -> Shares:
    """Measure who pulls how hard at the picture."""
    costs = _costs(wish, settings, picture)
    norms = costs.gradient_norms(picture.to(engine.plan().device))
    pulls = {layer: costs.layer_weights[layer] * costs.factors[layer] * norm for layer, norm in norms.items()}
    total = sum(pulls.values()) or 1.0
    return Shares({layer: pull / total for layer, pull in pulls.items()})


def _costs(wish: Wish, settings: Settings, picture: Picture) -> Objective:
    plan = engine.plan()
    placed = engine.place(network(wish.network, layers(settings)).only(settings.layers), plan)
    pair = see(wish.content, wish.style, min(picture.shape[-2:]), placed, plan.device)
    return Objective(pair, settings, placed, picture.to(plan.device))


def see(content: Picture, style: Picture, side: int, placed: networks.Network, device: torch.device) -> Pair:
    """``objective.see``, remembered for the newest pairs: targets were nearly half of a run's first step."""
    both = ((picture, picture._version) for picture in (content, style))  # a picture changed in place is another
    key = (placed.name, placed.layers, side, *both)
    with _seen_lock:
        pair = _seen.get(key)
    if pair is None:
        pair = objective.see(content, style, side, placed, device)
    with _seen_lock:
        _seen.pop(key, None)
        if side <= LARGEST_KEPT:
            _seen[key] = pair
        while len(_seen) > KEPT:
            del _seen[next(iter(_seen))]
    return pair
