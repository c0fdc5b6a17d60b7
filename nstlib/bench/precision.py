"""What reduced precision costs: ``python -m nstlib.bench.precision`` runs minivgg on 100 pairs in each precision.

All on the CPU. Five contents and five styles are odd: flat, black, white, noise, one bright pixel. A judge in float32
measures J of the picture at the end of each run, and we divide it by the float32 run's. Steps that differ a little soon
lead to different pictures, so a float32 run whose content got a thousandth of noise shows how much a ratio means.
"""

import math
import statistics
from collections.abc import Iterable

import torch
from jaxtyping import Float
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor

from nstlib import engine, networks, painted, pictures
from nstlib.transfer import DivergedError, steps
from nstlib.transfer.objective import Objective, prepare_pair
from nstlib.transfer.settings import Settings

Picture = Float[Tensor, "3 height width"]
SETTINGS = Settings(size=64, steps=40, scales=1, plateau=0)
CPU = torch.device("cpu")


def odd_pictures(side: int) -> dict[str, Picture]:
    """Return flat, black, white, noise and one bright pixel, (3, side, side)."""
    pixel = torch.zeros(3, side, side)
    pixel[:, side // 2, side // 2] = 1
    noise = torch.rand(3, side, side, generator=torch.Generator().manual_seed(0))
    black = torch.zeros(3, side, side)
    return {"flat": black + 0.5, "black": black, "white": black + 1, "noise": noise, "one pixel": pixel}


def pairs(side: int) -> Iterable[tuple[Picture, Picture]]:
    """Yield 100 pairs of content and style; none pairs a picture with itself, since J would begin at 0."""
    odd = odd_pictures(side)
    contents = [*odd.values(), *(pictures.sample(name, side) for name in list(pictures.SAMPLES)[:5])]
    styles = [*odd.values(), *(painted.paint(name, side) for name in list(painted.STYLES)[:6])]
    unequal = [(content, style) for content in contents for style in styles if content is not style]
    yield from unequal[:100]


def final_picture(content: Picture, style: Picture, network: networks.Network, dtype: torch.dtype) -> Picture | None:
    """Return the last picture of a run in this precision; None if it diverges."""
    plan = engine.Plan(CPU, dtype, torch.get_num_threads(), "a comparison of precisions")
    try:
        *_, last = steps(content, style, SETTINGS, network, plan=plan)
    except DivergedError:
        return None
    return last.picture


def judge(picture: Picture | None, content: Picture, style: Picture, network: networks.Network) -> float:
    """Return J of a picture, measured in float32; NaN if there is none."""
    if picture is None:
        return math.nan
    placed = engine.place(network.with_layers(SETTINGS.layers), engine.Plan(CPU, torch.float32, 1, "the judge"))
    pair = prepare_pair(content, style, SETTINGS.size, placed, CPU)
    with torch.no_grad():
        return Objective(pair, SETTINGS, placed, pair.content)(picture).total.item()


def compare(chosen: Iterable[tuple[Picture, Picture]], network: networks.Network) -> dict[str, list[float]]:
    """Return, for each variant and pair, J / J of the float32 run; NaN if one of the two diverged."""
    generator = torch.Generator().manual_seed(1)
    ratios: dict[str, list[float]] = {"bfloat16": [], "float16": [], "float32, noise of 0.001": []}
    for content, style in chosen:
        nudged = (content + 0.001 * torch.randn(content.shape, generator=generator)).clamp(0, 1)
        exact = judge(final_picture(content, style, network, torch.float32), content, style, network)
        for name, first, dtype in zip(
            ratios, (content, content, nudged), (torch.bfloat16, torch.float16, torch.float32), strict=True
        ):
            cost = judge(final_picture(first, style, network, dtype), content, style, network)
            ratios[name].append(cost / exact)
    return ratios


def table(ratios: dict[str, list[float]]) -> Table:
    """Return the table to print: how many ended without a number, and the ratios' mean, median and spread."""
    report = Table("run", "not a number", "geometric mean", "median", "5 %", "95 %", title="J / J of the float32 run")
    for name, pair_ratios in ratios.items():
        finite = [ratio for ratio in pair_ratios if math.isfinite(ratio)]
        cuts = statistics.quantiles(finite, n=20)
        row = statistics.geometric_mean(finite), statistics.median(finite), cuts[0], cuts[-1]
        report.add_row(name, str(len(pair_ratios) - len(finite)), *(f"{value:.3f}" for value in row))
    return report


def main() -> None:
    """Run all pairs and print the table."""
    engine.plan()  # sets the number of threads
    chosen = track(list(pairs(SETTINGS.size)), "pairs", transient=True)
    Console().print(table(compare(chosen, networks.load("minivgg"))))


if __name__ == "__main__":
    main()
