"""The parts in the order of their worth: what is cut off is what matters least."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from nstlib.bench.gpu import others, painting, precision, shortcuts, stepping, studio
from nstlib.bench.gpu.workshop import Workshop

Part = tuple[str, Callable[[], Any]]


def parts(shop: Workshop) -> Iterator[Part]:
    """Yield the name of each part and the function that measures it."""
    scale = shop.scale
    yield "device", shop.meter.about
    yield "tests", others.suite
    for size in scale.painted:
        for name in shop.trained:
            yield painting.part(name, size), partial(painting.paint, shop, name, size)
    for size in scale.stepped[:2]:
        yield from _steps(shop, size)
    for name in shop.timed:
        yield f"studio {name}", partial(studio.measure, shop, name)
    yield f"large minivgg {scale.large}", partial(stepping.large, shop, "minivgg")
    for name in shop.trained:
        yield f"precision {name}", partial(precision.measure, shop, name)
    for size in scale.short:
        for name in shop.timed:
            yield f"graph {name} {size}", partial(shortcuts.captured, shop, name, size)
    for size in scale.stepped[2:]:
        yield from _steps(shop, size)
    yield "race", partial(others.raced, shop)
    for size in scale.stepped:
        yield f"transfer {size}", partial(stepping.transfers, shop, size)
    yield f"stages {scale.network}", partial(others.stages, shop, scale.network, max(scale.painted))
    for name in shop.timed:
        yield f"compile {name}", partial(shortcuts.compiled, shop, name, scale.precise)


def _steps(shop: Workshop, size: int) -> Iterator[Part]:
    for name in shop.timed:
        yield f"step {name} {size}", partial(stepping.measure, shop, name, size)
