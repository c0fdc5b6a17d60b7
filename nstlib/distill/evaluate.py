"""Measure how well minivgg stands in for its teacher: it transfers styles, and the teacher measures the result.

The pairs are photos and paintings that training never saw: 256 px, one scale, from the content picture, 150 evaluations
of L-BFGS on relative content cost + 10 × mean relative style cost (relative: divided by the cost of zero features). The
table shows how far the sum over layers of the relative style cost falls, as the teacher sees it.
"""

import random
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from rich.table import Table
from torch import Tensor
from torch.nn import functional

from nstlib import engine, networks, pictures
from nstlib.bench.held_out import PAIRS
from nstlib.distill.crops import crop, load_pictures
from nstlib.distill.train import LAYERS, SIDE, Run
from nstlib.networks import STYLE_LAYERS, Network
from nstlib.style import mean_gram
from nstlib.style.statistics import STATISTICS
from nstlib.transfer import steps
from nstlib.transfer.settings import Settings

SETTINGS = Settings(size=256, steps=150, scales=1, plateau=0, optimizer="lbfgs")


@dataclass(frozen=True)
class Outcome:
    """One pair: relative style costs by layer before and after, seconds, and the picture."""

    before: dict[str, float]
    after: dict[str, float]
    seconds: float
    picture: Float[Tensor, "3 h w"]

    @property
    def fall(self) -> float:
        """The share of the sum over layers that is gone.

        >>> Outcome(before={"relu1_1": 0.8}, after={"relu1_1": 0.2}, seconds=1.0, picture=torch.zeros(3, 1, 1)).fall
        0.75
        """
        return 1 - sum(self.after.values()) / sum(self.before.values())


def evaluate(name: str, held_out: Path, out: Path, settings: Settings = SETTINGS) -> Table:
    """Transfer all PAIRS with the named network, write the pictures to `out`, return the table."""
    teacher = networks.load("vgg16", STYLE_LAYERS)
    student = networks.load(name, settings.layers)
    table = Table("pair", *STYLE_LAYERS, "fall", "seconds", title=f"{name}: what is left of the style cost")
    outcomes = []
    for number, (photo, painting) in enumerate(PAIRS, start=1):
        content, style = (pictures.read(held_out / f"{stem}.png") for stem in (photo, painting))
        outcome = transfer(content, style, settings, student, teacher)
        outcomes.append(outcome)
        pictures.write(outcome.picture, out / f"{name}_{number}.png", overwrite=True)
        table.add_row(f"{photo} × {painting}", *_cells(outcome.after), f"{outcome.fall:.1%}", f"{outcome.seconds:.1f}")
    left = {layer: statistics.mean(outcome.after[layer] for outcome in outcomes) for layer in STYLE_LAYERS}
    fall = statistics.mean(outcome.fall for outcome in outcomes)
    seconds = statistics.mean(outcome.seconds for outcome in outcomes)
    table.add_row("mean", *_cells(left), f"{fall:.1%}", f"{seconds:.1f}")
    return table


def transfer(content: Tensor, style: Tensor, settings: Settings, student: Network, teacher: Network) -> Outcome:
    """Optimise one pair with the student, and measure it with the teacher in float32."""
    start = time.perf_counter()
    *_, last = steps(content, style, settings, student)
    seconds = time.perf_counter() - start
    before, after = (
        relative_style_costs(picture, pictures.resize(style, settings.size), teacher)
        for picture in (pictures.resize(content, settings.size), last.picture)
    )
    return Outcome(before, after, seconds, last.picture)


@torch.no_grad()
def prediction_errors(run: Run, held_out: Path, crops: int = 48) -> Table:
    """Return the share of energy that the run's linear maps miss of the teacher's features, and of its Gram matrices.

    Measured on seeded crops of the held-out pictures, with the averaged student in float32.
    """
    rng = random.Random(0)
    arrays = load_pictures(held_out)
    teacher = networks.load("vgg16", LAYERS)
    missed = {layer: torch.zeros(4, dtype=torch.double) for layer in LAYERS}
    for _ in range(crops):
        batch = crop(arrays, SIDE, rng)[None]
        goals = teacher(batch)
        features = run.average(batch)
        for layer in LAYERS:
            goal = goals[layer] / run.scales[layer]
            error = functional.conv2d(features[layer], run.maps[layer]) - goal
            gram = mean_gram(goal)
            gram_error = mean_gram(goal + error) - gram
            blocks = (error, goal, gram_error, gram)
            missed[layer] += torch.stack([block.double().square().sum() for block in blocks])
    table = Table("", *LAYERS, title=f"missed share of the teacher's energy, {crops} held-out crops")
    table.add_row("features", *(f"{sums[0] / sums[1]:.3f}" for sums in missed.values()))
    table.add_row("Grams", *(f"{sums[2] / sums[3]:.3f}" for sums in missed.values()))
    return table


@torch.no_grad()
def relative_style_costs(x: Tensor, style: Tensor, network: Network) -> dict[str, float]:
    """Return E_l(X, S) / E_l(0, S) by style layer."""
    engine.plan()  # sets the number of threads
    features_x = network(x[None])
    features_s = network(style[None])
    cost = STATISTICS["gram"].cost
    return {
        layer: (cost(features_x[layer][0], block[0]) / cost(torch.zeros_like(block[0]), block[0])).item()
        for layer, block in features_s.items()
    }


def _cells(costs: dict[str, float]) -> list[str]:
    return [f"{costs[layer]:.3f}" for layer in STYLE_LAYERS]
