"""Train a generator: ``training_steps(photos, style, recipe)`` yields one TrainingStep for each photo that it paints.

What falls is J of `nstlib.transfer`, by the same object and the same settings as where pixels are optimised. There the
picture X of one photo C is moved; here it is the weights θ of the generator g, for all photos at once:

    min over X of J(X; C)    becomes    min over θ of the mean over all photos C of J(g_θ(C); C)

Johnson, Alahi and Fei-Fei (2016), arXiv:1603.08155. Each step lowers J of one crop of one photo by Adam. What is kept
is a running mean of the weights, which is calmer than the last of them.
"""

import copy
import itertools
import math
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from nstlib import engine, networks
from nstlib.errors import NstError
from nstlib.feedforward.network import N_BLOCKS, NOISE_SIDE, WIDTHS, Generator, Noise, seeded_generator, still_noise
from nstlib.feedforward.painting import MULTIPLE, in_precision, place
from nstlib.feedforward.photos import Bytes, random_crop
from nstlib.networks import Network
from nstlib.transfer.adam import Adam
from nstlib.transfer.objective import Objective, Pair, prepare_pair
from nstlib.transfer.quality import QUALITIES
from nstlib.transfer.run import ClampProjected, DivergedError
from nstlib.transfer.settings import Settings
from nstlib.transfer.shapes import Picture

BETA = 10.0  # half of what the quality good takes: a run begins with the photo, a generator has to learn to keep it
CHROMA_SMOOTHNESS = 5.0  # good takes 40, which leaves a generator, since it begins without colours, in one
BETAS = 0.9, 0.99
WARM_UP = 50  # steps
AVERAGING = 0.995
LAST_RATE = 0.02  # of the largest
LARGEST_GRADIENT = 100.0  # of all weights together; of the first steps most are longer, later one in a thousand
TRIAL_STEPS = 10


def _settings() -> Settings:
    return replace(QUALITIES["good"].settings, beta=BETA, chroma_smoothness=CHROMA_SMOOTHNESS)


@dataclass(frozen=True)
class Recipe:
    """What decides a training, beside its photos and its style.

    settings: J's weights and layers, as `nstlib.transfer.Settings` has them; its `size` is the photos' and the style's
    shorter side, and its seed decides the first weights and the crops. steps: how many crops are painted. crop: their
    side in pixels. rate: Adam's largest; it rises for 50 steps and falls by half a cosine. widths, n_blocks: the
    generator's. Raises NstError for a crop that is no multiple of 4 or larger than the photos, and for no steps.

    >>> Recipe(steps=100).settings.beta
    10.0
    """

    settings: Settings = field(default_factory=_settings)
    steps: int = 12000
    crop: int = 128
    rate: float = 2e-3
    widths: tuple[int, int, int] = WIDTHS
    n_blocks: int = N_BLOCKS

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise NstError(f"Expected at least one step, got {self.steps}: give more, such as 12000.")
        if self.crop % MULTIPLE or not 0 < self.crop <= self.settings.size:
            raise NstError(
                f"Expected crops of a multiple of {MULTIPLE} pixels, at most the photos' {self.settings.size}, "
                f"got {self.crop}: give another crop or size."
            )


@dataclass(frozen=True)
class TrainingStep:
    """J of one crop before the step, the seconds since the start, and the generator as it is after the step.

    The generator goes on changing with the next step: take a copy to keep it.
    """

    index: int
    total: float
    seconds: float
    generator: Generator


def training_steps(
    photos: Sequence[Bytes],
    style: Picture,
    recipe: Recipe | None = None,
    network: Network | None = None,
    plan: engine.Plan | None = None,
) -> Iterator[TrainingStep]:
    """Yield a TrainingStep for each of the recipe's steps; the last one has the trained generator.

    photos: uint8 (3,H,W), the shorter side `recipe.settings.size`: see `nstlib.feedforward.photos`. style: float32
    (3,H,W) in [0,1]. Without a network minivgg is loaded; without a plan the engine chooses device and precision. On
    one thread of one CPU the same arguments give the same generator.

    Raises NstError for settings that the network or the style cannot serve, DivergedError for a J that is not finite.

    >>> from nstlib import painted
    >>> from nstlib.feedforward.photos import sample_photos
    >>> recipe = Recipe(Settings(size=32), steps=2, crop=32, widths=(8, 8, 8), n_blocks=1)
    >>> [step.index for step in training_steps(sample_photos(32), painted.paint("night", 32), recipe)]
    [0, 1]
    """
    began = time.perf_counter()
    recipe = recipe or Recipe()
    settings = recipe.settings
    plan = plan or engine.plan()
    network = networks.load(layers=settings.layers) if network is None else network.with_layers(settings.layers)
    network = engine.place(network, plan)
    rng = random.Random(settings.seed)
    generator = place(seeded_generator(settings.seed, recipe.widths, recipe.n_blocks), plan)
    average = copy.deepcopy(generator).requires_grad_(False)
    weights = list(generator.parameters())
    optimizer = Adam(weights, [recipe.rate] * len(weights), BETAS)
    first = random_crop(photos, recipe.crop, rng)
    pair = prepare_pair(first, style, recipe.crop, network, plan.device, settings.style_side(settings.size))
    for index in range(recipe.steps):
        photo = random_crop(photos, recipe.crop, rng).to(plan.device)
        noise = still_noise(recipe.crop, recipe.crop, (rng.randrange(NOISE_SIDE), rng.randrange(NOISE_SIDE)))
        objective = _objective(photo, pair, settings, network)

        def evaluate(photo: Picture = photo, noise: Noise = noise, objective: Objective = objective) -> Tensor:
            optimizer.zero_grad()
            painted = in_precision(generator, photo[None], plan, noise)[0]
            total = objective(ClampProjected.apply(painted)).total
            total.backward()
            _shorten(weights)
            return total

        optimizer.rates = [_rate(index, recipe)] * len(weights)
        total = optimizer.step(evaluate).item()
        if not math.isfinite(total):
            raise DivergedError(
                f"J became {total} at step {index + 1}: take a smaller rate than {recipe.rate:g}, or a smaller beta "
                f"than {settings.beta:g}."
            )
        _follow(average, generator, index)
        yield TrainingStep(index, total, time.perf_counter() - began, average)


def steps_within(seconds: float, photos: Sequence[Bytes], style: Picture, recipe: Recipe) -> int:
    """How many steps of the recipe this machine takes in that time, by the median of a few that it tries.

    >>> from nstlib import painted
    >>> from nstlib.feedforward.photos import sample_photos
    >>> recipe = Recipe(Settings(size=32), crop=32, widths=(8, 8, 8), n_blocks=1)
    >>> steps_within(60, sample_photos(32), painted.paint("night", 32), recipe) > 60
    True
    """
    trial = training_steps(photos, style, replace(recipe, steps=TRIAL_STEPS))
    ends = [step.seconds for step in trial]
    lasted = [end - begin for begin, end in itertools.pairwise(ends)]
    return max(1, int(seconds / statistics.median(lasted)))


def _objective(photo: Picture, pair: Pair, settings: Settings, network: Network) -> Objective:
    """J of this photo, with the style of a pair."""
    with torch.no_grad():
        features = {layer: block.squeeze(0) for layer, block in network.iter_features(photo[None])}
    return Objective(replace(pair, content=photo, features_c=features), settings, network, photo)


def _rate(index: int, recipe: Recipe) -> float:
    rise = min(1, (index + 1) / WARM_UP)
    fall = LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * index / recipe.steps)) / 2
    return recipe.rate * rise * fall


def _shorten(weights: list[Tensor]) -> None:
    """Shorten all gradients by one factor if they are too long together; set all to 0 if one is not finite.

    On a flat crop σ is nearly 0, and the first layer divides by it. Adam would remember one such step for a hundred.
    """
    length = torch.nn.utils.clip_grad_norm_(weights, LARGEST_GRADIENT)
    if not length.isfinite():
        for tensor in weights:
            tensor.grad.zero_()


@torch.no_grad()
def _follow(average: Generator, generator: Generator, index: int) -> None:
    """Move the running mean of the weights; at first it forgets fast, since the first weights are worth little."""
    keep = min(AVERAGING, index / (index + 10))
    for mean, now in zip(average.parameters(), generator.parameters(), strict=True):
        mean.lerp_(now, 1 - keep)
