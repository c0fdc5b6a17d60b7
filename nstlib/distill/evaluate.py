"""Measure how well minivgg stands in for its teacher: it transfers styles, and the teacher measures the result.

The pairs are photos and paintings that training never saw: 256 px, one scale, from the content picture, 150 evaluations
of L-BFGS on relative content cost + 10 × mean relative style cost (relative: divided by the cost of zero features). The
teacher is the judge of ``bench.judge``: what is left of the style, the content distance, and the grain.
"""

import random
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from rich.table import Table
from torch import Tensor
from torch.nn import functional

from nstlib import networks, pictures
from nstlib.bench.held_out import PAIRS
from nstlib.bench.judge import LAYERS as LAYERS_OF_THE_JUDGE
from nstlib.bench.judge import PictureJudge, Score
from nstlib.distill.crops import crop, load_pictures
from nstlib.distill.train import LAYERS, SIDE, Run
from nstlib.networks import STYLE_LAYERS, Network
from nstlib.style import mean_gram
from nstlib.transfer import steps
from nstlib.transfer.settings import Settings

SETTINGS = Settings(size=256, steps=150, scales=1, plateau=0, optimizer="lbfgs")


def evaluate(name: str, student: Network, held_out: Path, out: Path, settings: Settings = SETTINGS) -> Table:
    """Transfer all PAIRS with a network that reads the settings' layers; write `name`'s pictures to `out`.

    Returns the table of the pairs' scores and seconds, and of their means.
    """
    teacher = networks.load("vgg16", LAYERS_OF_THE_JUDGE)
    table = Table(
        "pair", *STYLE_LAYERS, "cut", "content", "grain", "seconds", title=f"{name}: what is left of the style"
    )
    scores, times = [], []
    for number, (photo, painting) in enumerate(PAIRS, start=1):
        content, style = (pictures.read(held_out / f"{stem}.png") for stem in (photo, painting))
        picture, seconds = transfer(content, style, settings, student)
        score = PictureJudge(content, style, settings.size, teacher)(picture)
        scores.append(score)
        times.append(seconds)
        pictures.write(picture, out / f"{name}_{number}.png", overwrite=True)
        table.add_row(f"{photo} × {painting}", *_cells(score), f"{seconds:.1f}")
    table.add_row("mean", *_cells(mean_score(scores)), f"{statistics.mean(times):.1f}")
    return table


def transfer(content: Tensor, style: Tensor, settings: Settings, student: Network) -> tuple[Tensor, float]:
    """Optimise one pair with the student; return the picture and the seconds."""
    start = time.perf_counter()
    *_, last = steps(content, style, settings, student)
    return last.picture, time.perf_counter() - start


def mean_score(scores: Sequence[Score]) -> Score:
    """Return the mean of each number.

    >>> parts = [Score(cut, 0.5, 1.0, {"relu1_1": 1 - cut}) for cut in (0.25, 0.75)]
    >>> mean_score(parts)
    Score(cut=0.5, content=0.5, grain=1.0, left={'relu1_1': 0.5})
    """
    left = {layer: statistics.mean(score.left[layer] for score in scores) for layer in scores[0].left}
    return Score(
        *(statistics.mean(getattr(score, name) for score in scores) for name in ("cut", "content", "grain")), left
    )


def _cells(score: Score) -> list[str]:
    return [
        *(f"{left:.3f}" for left in score.left.values()),
        *(f"{each:.2f}" for each in (score.cut, score.content, score.grain)),
    ]


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
