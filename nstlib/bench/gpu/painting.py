"""Whole pictures: seconds from photo to picture, and whether the costs are those of the CPU in float32."""

import time
from typing import Any

import torch

from nstlib import pictures
from nstlib.bench.gpu.workshop import Workshop
from nstlib.bench.race import Judge
from nstlib.transfer import Step, steps
from nstlib.transfer.settings import Settings

QUICK = 10.0  # seconds: a picture that took less is painted again, since the first also waits for libraries to load
TOLERANCE = 0.02  # of the CPU's J


def part(name: str, size: int) -> str:
    """Return the name of the part of one picture.

    >>> part("minivgg", 256)
    'picture minivgg 256'
    """
    return f"picture {name} {size}"


def paint(shop: Workshop, name: str, size: int) -> dict[str, Any]:
    """Paint one picture, in float32 on a CPU and as the engine plans on a card; write it, and return its costs.

    judged is J of the last picture in float32, as the network at full size sees it.
    """
    content, style = shop.pair(size)
    network = shop.network(name)
    settings = Settings(size=size, steps=shop.scale.passes, plateau=0)
    plan = shop.planned(torch.float32) if shop.plan.device.type == "cpu" else shop.plan

    def run() -> tuple[Step, Step, float]:
        start = time.perf_counter()
        first, *_, last = steps(content, style, settings, network, plan=plan)
        return first, last, round(time.perf_counter() - start, 3)

    first, last, seconds = run()
    again = run()[2] if seconds < QUICK else None
    pictures.write(last.picture, shop.out / f"{name}-{size}.jpg", overwrite=True)
    judged = Judge(content, style, network)(last.picture)
    return {
        "dtype": str(plan.dtype).removeprefix("torch."),
        "seconds": seconds,
        "seconds_again": again,
        "first": _costs(first),
        "last": _costs(last),
        "judged": judged,
    }


def against(ours: dict[str, Any], cpu: dict[str, Any]) -> dict[str, Any]:
    """Return a picture's costs as shares of the CPU's, and whether the end is within the tolerance.

    >>> costs = {"total": 2.0, "content": 0.0, "style": {"relu1_1": 3.0}}
    >>> picture = {"first": costs, "last": costs, "judged": 1.0}
    >>> against(picture | {"judged": 1.03}, picture)
    {'first': 1.0, 'first_style': {'relu1_1': 1.0}, 'last': 1.0, 'judged': 1.03, 'within': False}
    """
    first, theirs = ours["first"], cpu["first"]
    ratios = {
        "first": first["total"] / theirs["total"],
        "first_style": {layer: cost / theirs["style"][layer] for layer, cost in first["style"].items()},
        "last": ours["last"]["total"] / cpu["last"]["total"],
        "judged": ours["judged"] / cpu["judged"],
    }
    ends = (ratios["first"], ratios["last"], ratios["judged"])
    return ratios | {"within": all(abs(ratio - 1) <= TOLERANCE for ratio in ends)}


def compare(parts: dict[str, Any], reference: dict[str, Any]) -> dict[str, Any]:
    """Compare every picture that both journals have."""
    both = {
        name: (found["result"], reference[name]["result"])
        for name, found in parts.items()
        if name.startswith("picture ") and "result" in found and "result" in reference.get(name, {})
    }
    return {name: against(ours, cpu) for name, (ours, cpu) in both.items()}


def _costs(step: Step) -> dict[str, Any]:
    return {"total": step.total, "content": step.content_cost, "style": step.style_costs, "scale": step.scale}
