"""Seconds until a picture is as good: ``python -m nstlib.bench.race 256 --passes 300 --out curves.csv``.

Five loops paint one pair side by side, a pass of each in turn, and only a loop's own seconds count. How good a picture
is, one judge says for all: J of the full-size network in float32, at full size. The loops:

tutorial: what PyTorch's tutorial describes, contiguous float32 and L-BFGS that clamps the picture in its closure.
strong: coarse to fine by √2 from 128 px, Adam whose moments are carried to the next size, clamped pictures, and the
running mean of all pictures as the result; after the description of crowsonkb's style-transfer-pytorch, which makes
500 to 1000 passes a size with a decay of 0.99. Here it has fewer passes, and a mean over the same share of them.
nstlib: this library with the same network and optimizer="pyramid", coarse to fine above 256 px, without an early end.
minivgg: likewise with its own small network, whose own J it minimises while the large one judges it.
drafted: the small network makes a draft, and the same full-size network goes on from it at a quarter of the rate.
"""

import csv
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import torch
import typer
from jaxtyping import Float
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from torch import Tensor
from torch.nn import functional

from nstlib import engine, networks, painted, pictures
from nstlib.bench.step import machine, wait
from nstlib.files import replacing
from nstlib.transfer import steps
from nstlib.transfer.objective import Objective, prepare_pair
from nstlib.transfer.settings import Settings

Picture = Float[Tensor, "3 height width"]
Curve = list[tuple[int, float, float]]  # passes, own seconds, J as the judge sees it

SMALL, DRAFT = 60, 40  # passes of minivgg's run, and of a draft by it
CAREFUL = 0.0125  # learning rate from a draft on: the usual 0.05 would undo it first
ALONE = (
    256  # up to this side the library stays at full size: coarse passes bring strokes, but not a lower J (lesson 08)
)
LATEST = 0.2  # share of the passes at a size that the strong loop's mean is about: 1 - 0.99 is 1 / (0.2 · 500)
JUDGED = 6  # of the long runs every sixth picture is judged
MARKS = (0.1, 0.2, 0.4, 1.0)  # shares of the tutorial's passes: a goal is the lowest J that it had seen by then


class Judge:
    """J of a picture at full size, by the full-size network in float32; the two plain loops minimise just this."""

    def __init__(self, content: Picture, style: Picture, network: networks.Network) -> None:
        self.content, self.style, self.size = content, style, min(content.shape[1:])
        self.settings = Settings(size=self.size, scales=1)
        self.device = engine.plan().device
        self.network = network.with_layers(self.settings.layers)
        self.placed = engine.place(self.network, engine.Plan(self.device, torch.float32, 0, "the judge"))
        self.objective = self._objective(self.size)

    def _objective(self, side: int) -> Objective:
        pair = prepare_pair(self.content, self.style, side, self.placed, self.device)
        return Objective(pair, self.settings, self.placed, pair.content)

    @torch.no_grad()
    def __call__(self, picture: Picture) -> float:
        """J of a picture of any size, resized to the full one as a user would look at it."""
        full = functional.interpolate(picture[None], self.content.shape[1:], mode="bicubic")[0].clamp(0, 1)
        return self.objective(full.to(self.device)).total.item()

    def plain_cost(self, side: int) -> Callable[[Picture], Tensor]:
        """Return J as tutorials write it, in contiguous float32 through autograd, for pictures of `side`."""
        known = self._objective(side)
        network = self.network.to(self.device)

        def cost(x: Picture) -> Tensor:
            features = {layer: block[0] for layer, block in network(x[None]).items()}
            content = sum((features[layer] - goal).square().sum() / 2 for layer, goal in known.content_targets.items())
            style = 0.0
            for layer, goal in known.style_targets.items():
                rows = features[layer].reshape(len(features[layer]), -1)
                energy = (rows @ rows.T / rows.shape[1] - goal).square().sum() / (4 * len(rows) ** 2)
                style = style + known.layer_weights[layer] * energy
            return self.settings.alpha * content / known.content_scale + self.settings.beta * style / known.style_scale

        return cost


def tutorial(judge: Judge, passes: int) -> Iterator[Picture]:
    """L-BFGS as torch has it by default; one evaluation a step is what its 20 in a row are, one by one."""
    cost = judge.plain_cost(judge.size)
    x = judge.content.clone().to(judge.device).requires_grad_()
    optimizer = torch.optim.LBFGS([x], max_iter=1)

    def closure() -> Tensor:
        with torch.no_grad():
            x.clamp_(0, 1)
        optimizer.zero_grad()
        total = 1e3 * cost(x)  # tutorials' costs are large numbers; torch's L-BFGS stops where they are small
        total.backward()
        return total

    for _ in range(passes):
        optimizer.step(closure)
        yield x.detach().clamp(0, 1)


def strong(judge: Judge, passes: int) -> Iterator[Picture]:
    """Coarse to fine, as many passes at each size, carried moments, averaged pictures."""
    sides = [judge.size]
    while sides[0] / 2**0.5 >= 127:
        sides.insert(0, round(sides[0] / 2**0.5))
    x, moments = judge.content, None
    for side in sides:
        finest = side == judge.size
        count = passes - passes // len(sides) * (len(sides) - 1) if finest else passes // len(sides)
        size = pictures.resize(judge.content, side).shape[1:]
        x = functional.interpolate(x[None].cpu(), size, mode="bicubic", antialias=True)[0].clamp(0, 1)
        x = x.to(judge.device).requires_grad_()
        cost, optimizer = judge.plain_cost(side), torch.optim.Adam([x], lr=0.02, betas=(0.9, 0.99))
        if moments:
            optimizer.state[x] = _grown(moments, x)
        decay = max(0.0, 1 - 1 / (LATEST * count))
        mean, weight = torch.zeros_like(x), 1.0
        for _ in range(count):
            optimizer.zero_grad()
            cost(x).backward()
            optimizer.step()
            with torch.no_grad():
                x.clamp_(0, 1)
                mean.lerp_(x, 1 - decay)
            weight *= decay
            yield mean.detach() / (1 - weight)
        x, moments = mean.detach() / (1 - weight), optimizer.state[x]


def _grown(moments: dict[str, Tensor], x: Picture) -> dict[str, Tensor]:
    """Adam's moments at another size; J is a mean, so each pixel's part of it shrinks with their number."""
    ratio = moments["exp_avg"].numel() / x.numel()
    size = tuple(x.shape[1:])
    first = functional.interpolate(moments["exp_avg"][None], size, mode="bicubic")[0] * ratio
    second = functional.interpolate(moments["exp_avg_sq"][None], size, mode="bilinear")[0] * ratio**2
    return {"step": moments["step"], "exp_avg": first, "exp_avg_sq": second}


def drafted(judge: Judge, passes: int, small: networks.Network) -> Iterator[Picture]:
    """Yield the pictures of a draft by the small network, then those of the full-size one that goes on from there."""
    for draft in library(judge, DRAFT, small):
        yield draft
    settings = Settings(
        size=judge.size, steps=passes - DRAFT, scales=1, plateau=0, optimizer="pyramid", learning_rate=CAREFUL
    )
    for step in steps(judge.content, judge.style, settings, judge.network, start=draft):
        yield step.picture


def library(judge: Judge, passes: int, network: networks.Network) -> Iterator[Picture]:
    """Yield the pictures of the library's own run."""
    scales = 1 if judge.size <= ALONE else None
    settings = Settings(size=judge.size, steps=passes, scales=scales, plateau=0, optimizer="pyramid")
    for step in steps(judge.content, judge.style, settings, network):
        yield step.picture


def race(judge: Judge, passes: int, small: networks.Network) -> dict[str, Curve]:
    """Let all loops make their passes in turn; return what the judge said of each, and after which seconds."""
    runs = {
        "tutorial": (passes, tutorial(judge, passes)),
        "strong": (passes, strong(judge, passes)),
        "nstlib": (passes, library(judge, passes, judge.network)),
        "drafted": (passes, drafted(judge, passes, small)),
        "minivgg": (SMALL, library(judge, SMALL, small)),
    }
    seconds, longest = dict.fromkeys(runs, 0.0), max(total for total, _ in runs.values())
    curves: dict[str, Curve] = {name: [] for name in runs}
    with Progress(transient=True) as shown:
        task = shown.add_task("racing", total=longest)
        for done in range(1, longest + 1):
            for name, (total, loop) in runs.items():
                start = time.perf_counter()
                picture = next(loop, None)
                wait()
                if picture is None:
                    continue
                seconds[name] += time.perf_counter() - start
                if done % (1 if total == SMALL else JUDGED) == 0 or done == total:
                    curves[name].append((done, seconds[name], judge(picture)))
            shown.advance(task)
    return curves


def seconds_to(curve: Curve, goal: float) -> float | None:
    """Own seconds of a loop when the judge first saw `goal` or less; None if it never came so far."""
    return next((seconds for _, seconds, cost in curve if cost <= goal), None)


def results(curves: dict[str, Curve]) -> Table:
    """Return the table: for each goal, the seconds that every loop took, and how many times the tutorial's."""
    plain, length = curves["tutorial"], curves["tutorial"][-1][0]
    goals = {}
    for share in MARKS:
        passes = min((done for done, *_ in plain), key=lambda done: abs(done - share * length))
        lowest = min(cost for done, _, cost in plain if done <= passes)  # L-BFGS without a line search leaps at times
        goals[f"tutorial's lowest in {passes} passes"] = lowest
    goals["minivgg's own end + 10 %"] = 1.1 * curves["minivgg"][-1][2]
    shown = Table("goal", "J", *curves, title=machine())
    for name, goal in goals.items():
        tutorial, *others = (seconds_to(curve, goal) for curve in curves.values())
        told = _told(tutorial, None), *(_told(seconds, tutorial) for seconds in others)
        shown.add_row(name, f"{goal:.3f}", *told)
    return shown


def _told(seconds: float | None, plain: float | None) -> str:
    if seconds is None:
        return "never"
    return f"{seconds:.1f} s" + (f", {plain / seconds:.1f} × sooner" if plain else "")


def write(curves: dict[str, Curve], out: Path) -> None:
    """Write all points to a CSV file."""
    with replacing(out) as part, part.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("loop", "passes", "seconds", "J"))
        table.writerows((name, *point) for name, curve in curves.items() for point in curve)


def main(
    size: Annotated[int, typer.Argument(help="Side of the square pictures, in pixels.")] = 256,
    passes: Annotated[int, typer.Option(min=2 * DRAFT, help="Passes of all loops but minivgg's.")] = 300,
    network: Annotated[str, typer.Option(help="The full-size network.")] = "vgg16-hed",
    photo: Annotated[str, typer.Option(help="A sample photo.")] = "cat",
    style: Annotated[str, typer.Option(help="A painted style.")] = "night",
    out: Annotated[Path | None, typer.Option(help="Also write all points to this CSV file.")] = None,
) -> None:
    """Race the loops on one pair and print the table."""
    square = pictures.sample(photo, size)
    top, left = ((length - size) // 2 for length in square.shape[1:])
    content = square[:, top : top + size, left : left + size].contiguous()
    judge = Judge(content, painted.paint(style, (size, size)), networks.load(network))
    curves = race(judge, passes, networks.load("minivgg"))
    Console().print(results(curves))
    if out:
        write(curves, out)


if __name__ == "__main__":
    typer.run(main)
