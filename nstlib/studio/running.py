"""What the worker runs for a studio: steps of ``nstlib.transfer``, and now and then who pulls how hard."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from nstlib import engine, networks, pictures, transfer
from nstlib.objective import Objective
from nstlib.settings import Settings
from nstlib.transfer import Picture, Step

FIRST_SHARES = 8  # steps before the first look at the gradients: the first frames come first


@dataclass(frozen=True)
class Wish:
    """One setting of all knobs: two pictures, Settings, a network's name, and where to go on from (or None)."""

    content: Picture
    style: Picture
    settings: Settings
    network: str = "minivgg"
    start: Picture | None = None


@dataclass(frozen=True)
class Shares:
    """Each style layer's share of the gradient's strength, λ_l f_l ‖∂E_l/∂X‖, at a picture; and the λ_l."""

    shares: dict[str, float]
    layer_weights: dict[str, float]


@lru_cache(maxsize=2)
def network(name: str) -> networks.Network:
    """Load a network with every layer that a studio offers, once."""
    return networks.load(name)


def run(wish: Wish, check: Callable[[], None]) -> Iterator[Step | Shares]:
    """Yield the wish's steps, and Shares after some of them and at the end."""
    step = None
    loaded = network(wish.network)
    for step in transfer.steps(wish.content, wish.style, wish.settings, loaded, start=wish.start, check=check):
        yield step
        if step.index == FIRST_SHARES:
            yield shares(wish, step.picture)
    if step is not None:
        yield shares(wish, step.picture)


def shares(wish: Wish, picture: Picture) -> Shares:
    """Measure who pulls how hard at the picture."""
    side = min(picture.shape[-2:])
    plan = engine.plan()
    placed = engine.place(network(wish.network).only(wish.settings.layers), plan)
    pair = [pictures.resize(each, side).to(plan.device) for each in (wish.content, wish.style)]
    x = picture.to(plan.device)
    objective = Objective(*pair, wish.settings, placed, x)
    norms = objective.gradient_norms(x)
    pulls = {layer: objective.layer_weights[layer] * objective.factors[layer] * norm for layer, norm in norms.items()}
    total = sum(pulls.values()) or 1.0
    return Shares({layer: pull / total for layer, pull in pulls.items()}, dict(objective.layer_weights))
