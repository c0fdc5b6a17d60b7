"""Does it pay to launch a pass at once, as a CUDA graph, or to let torch.compile translate the network?"""

from typing import Any

from nstlib import engine
from nstlib.bench.gpu.meter import Work
from nstlib.bench.gpu.workshop import Workshop
from nstlib.bench.step import bare_pass
from nstlib.networks import Network
from nstlib.transfer.objective import Objective, prepare_pair
from nstlib.transfer.run import ClampProjected
from nstlib.transfer.settings import Settings


def captured(shop: Workshop, name: str, size: int) -> dict[str, float]:
    """Return milliseconds of the bare pass and of the library's, launched one by one and as a graph."""
    network = shop.network(name)
    passes = {"bare": bare_pass(shop.pair(size)[0], network), "nstlib": _library_pass(shop, network, size)}
    graphs = {f"{kind}, captured": shop.meter.captured(work) for kind, work in passes.items()}
    return shop.meter.medians(passes | graphs, shop.scale.rounds)


def compiled(shop: Workshop, name: str, size: int) -> dict[str, Any]:
    """Return milliseconds of the bare pass before and after torch.compile, and the seconds that compiling took."""
    network = engine.place(shop.network(name), shop.plan)
    passes = {"bare": _pass(network, shop, size), "bare, compiled": _pass(shop.meter.compiled(network), shop, size)}
    seconds = shop.meter.seconds(passes["bare, compiled"])
    return {"first_seconds": round(seconds, 2), "ms": shop.meter.medians(passes, shop.scale.rounds)}


def _library_pass(shop: Workshop, network: Network, size: int) -> Work:
    """Return the library's forward and backward pass, without the optimiser and without reading anything back."""
    settings = Settings(size=size, scales=1)
    placed = engine.place(network.with_layers(settings.layers), shop.plan)
    pair = prepare_pair(*shop.pair(size), size, placed, shop.plan.device)
    objective = Objective(pair, settings, placed, pair.content)
    x = pair.content.clone().requires_grad_()

    def step() -> None:
        x.grad = None
        objective(ClampProjected.apply(x)).total.backward()

    return step


def _pass(network: Network, shop: Workshop, size: int) -> Work:
    x = shop.pair(size)[0][None].to(shop.plan.device).requires_grad_()

    def step() -> None:
        x.grad = None
        sum(features.sum() for features in network(x).values()).backward()

    return step
