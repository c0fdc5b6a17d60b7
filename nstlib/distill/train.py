"""Train the pruned student. You can stop it at any time: the same command goes on where it was.

The loss is, summed over layers, the relative error of P · the student's features, as an estimate of the teacher's, and
the same for their Gram matrices. A growing part of the pictures are results of style transfers with the student as it
then was: an optimisation finds what the student is blind to, and the teacher's answers show it.
"""

import csv
import dataclasses
import itertools
import math
import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn

from nstlib import engine, networks
from nstlib.distill.answers import Answers, thin
from nstlib.distill.crops import crop, disturbed_crop, load_pictures
from nstlib.distill.prune import prune
from nstlib.errors import NstError
from nstlib.files import replacing
from nstlib.networks.minivgg import MINIVGG
from nstlib.networks.vgg import Network
from nstlib.style import mean_gram
from nstlib.transfer import steps
from nstlib.transfer.settings import Settings

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1")
SIDE = 128
BATCH = 6
CROPS = 2000
PRUNING_BATCH = 96
LEARNING_RATE = 5e-4  # of conv1_1; a kernel with more inputs has smaller weights and takes smaller steps
WARM_UP = 300  # steps
AVERAGING = 0.998
GRAM_WEIGHT = 1.0
STYLISED_SHARE = 0.4  # of each batch
STYLISE_EVERY = 250  # steps
TRANSFERS = 12  # each time
STYLISED_MOST = 2000  # pictures
PASSES = 50  # of a transfer
MOMENTS = (0, 8, 20, 49)  # in each stretch between two of these passes a picture is kept, and the last one
SAVE_EVERY = 100


@dataclass
class Run:
    """All that a stopped training needs to go on."""

    student: Network
    average: Network
    maps: nn.ParameterDict
    scales: dict[str, float]
    optimizer: torch.optim.Optimizer
    answers: int = 0  # how many are filled
    step: int = 0

    @property
    def widths(self) -> tuple[int, ...]:
        """How many filters the student has in each block."""
        return _widths(self.student.state_dict())


def train(folder: Path, out: Path, total: int, widths: tuple[int, ...] = MINIVGG.widths) -> Run:
    """Train for `total` steps on the pictures under `folder`, keeping answers, checkpoint and log in `out`.

    widths: how many filters the student has in each block. Raises NstError where `out` holds a student of others.
    """
    out.mkdir(parents=True, exist_ok=True)
    engine.plan()  # sets the number of threads
    pictures = load_pictures(folder)
    teacher = networks.load("vgg16", LAYERS)
    run = resume(out / "checkpoint.pt") or _start(teacher, pictures, widths)
    if run.widths != widths:
        raise NstError(
            f"Expected a student of {widths} filters in {out}, found one of {run.widths}: name another folder."
        )
    answers = Answers(out / "answers", teacher, SIDE, CROPS + STYLISED_MOST, run.answers)
    bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with bar, (out / "log.csv").open("a", newline="") as log:
        _ask_about_crops(answers, pictures, bar)
        run.answers = answers.count
        _save(run, out / "checkpoint.pt")
        task = bar.add_task("distilling", total=total, completed=run.step)
        while run.step < total:
            rng = random.Random(run.step)  # a resumed run sees the batches that an unbroken one would see
            if run.step % STYLISE_EVERY == 0 and answers.count + TRANSFERS * len(MOMENTS) <= CROPS + STYLISED_MOST:
                answers.add(_stylise(run.average, pictures, rng))
                run.answers = answers.count
            losses = _train_step(run, answers, rng, _rate(run.step, total))
            run.step += 1
            if run.step % 20 == 0:
                csv.writer(log).writerow([run.step, round(time.time()), *(f"{loss:.4f}" for loss in losses)])
                log.flush()
            if run.step % SAVE_EVERY == 0 or run.step == total:
                _save(run, out / "checkpoint.pt")
            bar.update(task, completed=run.step, description=f"loss {sum(losses):.3f}")
    return run


def new_student(widths: tuple[int, ...]) -> Network:
    """Return a network of minivgg's plan with so many filters in each block, not yet taught."""
    return Network("minivgg", dataclasses.replace(MINIVGG, widths=widths), LAYERS)


def _start(teacher: Network, pictures: list[np.ndarray], widths: tuple[int, ...]) -> Run:
    rng = random.Random(0)
    student = new_student(widths)
    batch = torch.stack([disturbed_crop(pictures, SIDE, rng) for _ in range(PRUNING_BATCH)])
    maps = prune(teacher, student, batch)
    with torch.no_grad():
        parts = [teacher(part) for part in batch.split(8)]
    scales = {
        layer: math.sqrt(sum(part[layer].square().mean().item() for part in parts) / len(parts)) for layer in LAYERS
    }
    return _assemble(student, maps, scales)


def _widths(state: dict[str, Tensor]) -> tuple[int, ...]:
    return tuple(len(state[f"stages.conv{block}_1.weight"]) for block in range(1, len(MINIVGG.widths) + 1))


def _assemble(student: Network, maps: dict[str, Tensor], scales: dict[str, float]) -> Run:
    average = new_student(_widths(student.state_dict()))
    average.load_state_dict(student.state_dict())
    student.requires_grad_(True).to(memory_format=torch.channels_last)
    parameters = nn.ParameterDict({layer: nn.Parameter(matrix[:, :, None, None]) for layer, matrix in maps.items()})
    trained = [*student.parameters(), *parameters.values()]
    optimizer = torch.optim.AdamW(
        [{"params": [parameter], "part": _part(parameter)} for parameter in trained], weight_decay=1e-5
    )
    return Run(student, average, parameters, scales, optimizer)


def _part(parameter: Tensor) -> float:
    """Return a parameter's share of the learning rate: 1/√inputs, 1 for conv1_1; 0.3 for biases."""
    return min(1, math.sqrt(27 / parameter[0].numel())) if parameter.dim() > 1 else 0.3


def _rate(step: int, total: int) -> float:
    """Return the learning rate: a warm-up, then half a cosine down to 2 %."""
    return LEARNING_RATE * min(1, (step + 1) / WARM_UP) * (0.02 + 0.49 * (1 + math.cos(math.pi * step / total)))


def _ask_about_crops(answers: Answers, pictures: list[np.ndarray], bar: Progress) -> None:
    for number in bar.track(range(answers.count, CROPS), description="asking the teacher"):
        answers.add(disturbed_crop(pictures, SIDE, random.Random(f"crop {number}"))[None])


def _stylise(student: Network, pictures: list[np.ndarray], rng: random.Random) -> Float[Tensor, "b 3 side side"]:
    """Return pictures from the beginning, the middle and the end of a few optimisations with the student."""
    results = []
    for _ in range(TRANSFERS):
        content = crop(pictures, SIDE, rng)
        style = crop(pictures, SIDE, rng)
        chosen = {"beta": 10 ** rng.uniform(0.3, 2), "layer_weights": rng.choice(("relative", "relative_geometric"))}
        settings = Settings(size=SIDE, steps=PASSES, scales=1, plateau=0, optimizer="lbfgs", **chosen)
        path = [step.picture for step in steps(content, style, settings, student)]
        results += [*(path[rng.randrange(*stretch)] for stretch in itertools.pairwise(MOMENTS)), path[-1]]
    return torch.stack(results)


def _train_step(run: Run, answers: Answers, rng: random.Random, rate: float) -> list[float]:
    indices = [
        rng.randrange(CROPS, answers.count) if rng.random() < STYLISED_SHARE else rng.randrange(CROPS)
        for _ in range(BATCH)
    ]
    batch, goals = answers.batch(indices)
    features = thin(run.student(batch))
    pairs = {
        layer: (nn.functional.conv2d(block, run.maps[layer]), goals[layer] / run.scales[layer])
        for layer, block in features.items()
    }
    losses = [(estimate - goal).square().mean() for estimate, goal in pairs.values()]
    losses += [GRAM_WEIGHT * _gram_loss(*pairs[layer]) for layer in networks.STYLE_LAYERS]
    for group in run.optimizer.param_groups:
        group["lr"] = rate * group["part"]
    run.optimizer.zero_grad()
    sum(losses).backward()
    nn.utils.clip_grad_norm_(run.student.parameters(), 1.0)
    run.optimizer.step()
    keep = min(AVERAGING, run.step / (run.step + 50))
    with torch.no_grad():
        for mean, now in zip(run.average.parameters(), run.student.parameters(), strict=True):
            mean.lerp_(now, 1 - keep)
    return [loss.item() for loss in losses]


def _gram_loss(estimate: Tensor, goal: Tensor) -> Tensor:
    """Return the batch's mean ‖G_P·student − G_teacher‖² / ‖G_teacher‖²; near-empty pictures count less."""
    gram = mean_gram(goal)
    energy = gram.square().sum((1, 2))
    return ((mean_gram(estimate) - gram).square().sum((1, 2)) / (energy + 0.1 * energy.mean())).mean()


def _save(run: Run, path: Path) -> None:
    state = {
        "student": run.student.state_dict(),
        "average": run.average.state_dict(),
        "maps": {layer: matrix.detach().flatten(1) for layer, matrix in run.maps.items()},
        "scales": run.scales,
        "optimizer": run.optimizer.state_dict(),
        "answers": run.answers,
        "step": run.step,
    }
    with replacing(path) as part:
        torch.save(state, part)


def resume(path: Path) -> Run | None:
    """Read a run from its checkpoint; return None if there is none yet."""
    if not path.is_file():
        return None
    state = torch.load(path, weights_only=True)
    student = new_student(_widths(state["student"]))
    student.load_state_dict(state["student"])
    run = _assemble(student, state["maps"], state["scales"])
    run.average.load_state_dict(state["average"])
    run.optimizer.load_state_dict(state["optimizer"])
    run.answers = state["answers"]
    run.step = state["step"]
    return run
