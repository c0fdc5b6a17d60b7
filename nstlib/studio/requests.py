"""What a studio asks for, and what it needs that is kept from run to run: the network, and the pair's features."""

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

import torch

from nstlib import engine, networks
from nstlib.transfer import Picture, objective
from nstlib.transfer.objective import Pair
from nstlib.transfer.run import watch
from nstlib.transfer.settings import Settings
from nstlib.transfer.shapes import Mask

CACHED_PAIRS = 2  # the newest pairs, whose features are kept
LARGEST_CACHED = 256  # pixels on the shorter side of such a pair
T = TypeVar("T")
Styles = Picture | tuple[Picture, ...]


@dataclass(frozen=True)
class RunRequest:
    """What all knobs say.

    content, style: two pictures, or several styles, which are blended. muted: layers whose λ_l becomes 0. network: its
    name. start: a picture to go on from. faders: multipliers of the rule's λ_l by layer, 0 or more; a layer that is
    missing has 1. mask: where the style may go, see `nstlib.transfer.masks`.
    """

    content: Picture
    style: Styles
    settings: Settings
    muted: tuple[str, ...] = ()
    network: str = "minivgg"
    start: Picture | None = None
    faders: dict[str, float] | None = None
    mask: Mask | None = None


class Newest(Generic[T]):
    """The newest few values by key; any thread may ask, and two that ask at once may both make a value.

    >>> squares = Newest(most=1)
    >>> squares.get(3, lambda: 9), squares.peek(3), squares.peek(4)
    (9, 9, None)
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._values: dict[Hashable, T] = {}  # the newest last
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._values)

    def peek(self, key: Hashable) -> T | None:
        """Return the value of a key, None if there is none."""
        with self._lock:
            return self._values.get(key)

    def get(self, key: Hashable, make: Callable[[], T], keep: bool = True) -> T:
        """Return the value of a key, now the newest; make it, outside the lock, if there is none."""
        value = self.peek(key)
        if value is None:
            value = make()
        with self._lock:
            self._values.pop(key, None)
            if keep:
                self._values[key] = value
            while len(self._values) > self.most:
                del self._values[next(iter(self._values))]
        return value

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._values.clear()


PAIRS: Newest[Pair] = Newest(CACHED_PAIRS)


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


def narrowed_network(request: RunRequest) -> networks.Network:
    """Return the placed network, asked for the layers of the request's settings alone."""
    placed = placed_network(request.network, layers(request.settings), engine.plan())
    return placed.with_layers(request.settings.layers)


def watched(network: networks.Network, check: Callable[[], None]) -> networks.Network:
    """Return a copy of a placed network that calls `check` between its layers, forward and backward."""
    network = engine.place(network, engine.plan())
    watch(network, check)
    return network


def prepare_pair(
    content: Picture,
    style: Styles,
    side: int,
    placed: networks.Network,
    device: torch.device,
    style_side: int,
    colour: str,
) -> Pair:
    """``objective.prepare_pair``, cached for the newest pairs: it took nearly half of a run's first step."""
    key = (placed.name, engine.plan(), placed.layers, side, style_side, colour, *map(version, (content, style)))

    def make() -> Pair:
        return objective.prepare_pair(content, style, side, placed, device, style_side, colour)

    return PAIRS.get(key, make, keep=side <= LARGEST_CACHED)


def pair_at(request: RunRequest, side: int) -> Pair:
    """Return the request's pair whose shorter side is `side`."""
    settings = request.settings
    style_side = settings.style_side(side)
    placed = narrowed_network(request)
    device = engine.plan().device
    return prepare_pair(request.content, request.style, side, placed, device, style_side, settings.colour)


def version(picture: Styles | None) -> Hashable:
    """Return a key of a picture, or of several: one that is changed in place is another picture."""
    if isinstance(picture, tuple):
        return tuple(map(version, picture))
    return picture if picture is None else (picture, picture._version)
