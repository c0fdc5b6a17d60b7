"""Train a generator: ``training_steps(photos, style, recipe)`` yields one Training a step, until the recipe's end.

What falls is J of `nstlib.transfer`, the same object with the same settings as where pixels are optimised. There the
picture X of one photo is moved; here it is the generator g's weights θ, for all photos at once:

    min over X of J(X; C)    becomes    min over θ of the mean over photos C of J(g_θ(C); C)

Johnson, Alahi and Li (2016), arXiv:1603.08155. Each step paints one crop of one photo, whose J is lowered by Adam. The
weights that are kept are a running mean of the steps' weights, which is calmer than the last of them.
"""

import copy
import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import UInt8
from torch import Tensor

from nstlib import engine, networks, pictures
from nstlib.errors import NstError
from nstlib.feedforward.network import N_BLOCKS, WIDTHS, Generator, seeded_generator
from nstlib.networks import Network
from nstlib.transfer.adam import Adam
from nstlib.transfer.objective import Costs, Objective, Pair, prepare_pair
from nstlib.transfer.quality import QUALITIES
from nstlib.transfer.run import ClampProjected, DivergedError
from nstlib.transfer.settings import Settings
from nstlib.transfer.shapes import Picture

BETAS = 0.9, 0.99
WARM_UP = 50  # steps
AVERAGING = 0.995
LAST_RATE = 0.02  # of the first

Bytes = UInt8[Tensor, "3 _height _width"]


@dataclass(frozen=True)
class Recipe:
    """What decides a training beside its photos and its style.

    settings: J and its weights, as `nstlib.transfer.Settings` has them; its `size` is the photos' shorter side, and its
    seed decides weights and crops. steps: how many crops are painted. crop: their side in pixels. rate: Adam's, at the
    beginning; it falls to a fiftieth by half a cosine.
    """

    settings: Settings = field(default_factory=lambda: QUALITIES["good"].settings)
    steps: int = 6000
    crop: int = 160
    rate: float = 2e-3
    widths: tuple[int, int, int] = WIDTHS
    n_blocks: int = N_BLOCKS


@dataclass(frozen=True)
class Training:
    """A training after one step: J of its crop before the step, and the generator as far as it has come."""

    index: int
    costs: Costs
    seconds: float
    generator: Generator


def training_steps(
    photos: Sequence[Bytes],
    style: Picture,
    recipe: Recipe,
    network: Network | None = None,
    plan: engine.Plan | None = None,
) -> Iterator[Training]:
    began = time.perf_counter()
    plan = plan or engine.plan()
    settings = recipe.settings
    network = networks.load(layers=settings.layers) if network is None else network.with_layers(settings.layers)
    network = engine.place(network, plan)
    rng = random.Random(settings.seed)
    generator = seeded_generator(settings.seed, recipe.widths, recipe.n_blocks)
    generator = generator.to(plan.device, memory_format=engine.layout(plan))
    average = copy.deepcopy(generator).requires_grad_(False)
    weights = list(generator.parameters())
    optimizer = Adam(weights, [recipe.rate] * len(weights), BETAS)
    pair = prepare_pair(crop(photos, recipe.crop, rng), style, recipe.crop, network, plan.device, settings.size)
    for index in range(recipe.steps):
        photo = crop(photos, recipe.crop, rng).to(plan.device)
        objective = objective_of(photo, pair, settings, network)
        optimizer.rates = [_rate(index, recipe)] * len(weights)
        costs = None

        def evaluate() -> Tensor:
            nonlocal costs
            optimizer.zero_grad()
            with torch.autocast(plan.device.type, plan.dtype, enabled=plan.dtype != torch.float32):
                painted = generator(photo[None])[0]
            costs = objective(ClampProjected.apply(painted.float()))
            costs.total.backward()
            return costs.total

        optimizer.step(evaluate)
        _follow(average, generator, index)
        yield Training(index, costs, time.perf_counter() - began, average)


def objective_of(photo: Picture, pair: Pair, settings: Settings, network: Network) -> Objective:
    """J of a photo and the pair's styles."""
    with torch.no_grad():
        features = {layer: block.squeeze(0) for layer, block in network.iter_features(photo[None])}
    return Objective(replace(pair, content=photo, features_c=features), settings, network, photo)


def crop(photos: Sequence[Bytes], side: int, rng: random.Random) -> Picture:
    photo = rng.choice(photos)
    top, left = (rng.randrange(length - side + 1) for length in photo.shape[1:])
    part = photo[:, top : top + side, left : left + side]
    return (part.flip(2) if rng.random() < 0.5 else part) / 255


def _rate(index: int, recipe: Recipe) -> float:
    rise = min(1, (index + 1) / WARM_UP)
    fall = LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * index / recipe.steps)) / 2
    return recipe.rate * rise * fall


@torch.no_grad()
def _follow(average: Generator, generator: Generator, index: int) -> None:
    keep = min(AVERAGING, index / (index + 10))
    for mean, now in zip(average.parameters(), generator.parameters(), strict=True):
        mean.lerp_(now, 1 - keep)
