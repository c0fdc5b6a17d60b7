"""Seconds until a picture is as good: ``python -m nstlib.bench.race 256 --passes 300 --out curves.csv``.

Five loops paint one pair side by side, a pass of each in turn, and only a loop's own seconds count. One judge measures
how good a picture is: J of the full-size network in float32, at full size. The loops:

tutorial: what PyTorch's tutorial describes, contiguous float32 and L-BFGS that clamps the picture in its closure.
strong: coarse to fine with carried moments and averaged pictures (see `nstlib.bench.strong`), for the same J.
nstlib: this library with the same network and optimizer="pyramid", coarse to fine above 256 px, without an early end.
minivgg: likewise with its own small network, whose own J it minimises while the large one judges it.
drafted: the small network makes a draft, and the full-size network goes on from it at a quarter of the rate.
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
from nstlib.bench.strong import strong
from nstlib.files import replacing, require_writable
from nstlib.terminal import sentences
from nstlib.transfer import steps
from nstlib.transfer.objective import Objective, prepare_pair
from nstlib.transfer.settings import Settings

Picture = Float[Tensor, "3 height width"]
Curve = list[tuple[int, float, float]]  # passes, own seconds, J as the judge sees it

SMALL_PASSES = 60  # of minivgg's run
DRAFT_PASSES = 40  # of a draft by minivgg
DRAFT_RATE = 0.0125  # learning rate from a draft on: the usual 0.05 would first undo it
ONE_SCALE_SIDE = 256  # up to here the library has one scale: coarse passes bring strokes, but no lower J (lesson 08)
JUDGED_EVERY = 6  # pictures of the long runs
GOAL_SHARES = (0.1, 0.2, 0.4, 1.0)  # of the tutorial's passes: a goal is the lowest J that it had reached by then


class Judge:
    """J of a picture at full size, by the full-size network in float32; the two plain loops minimise that J."""

    def __init__(self, content: Picture, style: Picture, network: networks.Network) -> None:
        self.content = content
        self.style = style
        self.size = min(content.shape[1:])
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
        """Return J of a picture of any size, enlarged to full size as a user would see it."""
        full = functional.interpolate(picture[None], self.content.shape[1:], mode="bicubic")[0].clamp(0, 1)
        return self.objective(full.to(self.device)).total.item()

    def plain_cost(self, side: int) -> Callable[[Picture], Tensor]:
        """Return J as tutorials write it, in contiguous float32 through autograd, for pictures of `side`."""
        objective = self._objective(side)
        network = self.network.to(self.device)

        def cost(x: Picture) -> Tensor:
            features = {layer: block[0] for layer, block in network(x[None]).items()}
            targets = objective.content_targets
            content = sum((features[layer] - goal).square().sum() / 2 for layer, goal in targets.items())
            style = 0.0
            for layer, (goal,) in objective.style_targets.items():
                rows = features[layer].reshape(len(features[layer]), -1)
                energy = (rows @ rows.T / rows.shape[1] - goal).square().sum() / (4 * len(rows) ** 2)
                style = style + objective.layer_weights[layer] * energy
            return (
                self.settings.alpha * content / objective.content_scale
                + self.settings.beta * style / objective.style_scale
            )

        return cost


def tutorial(judge: Judge, passes: int) -> Iterator[Picture]:
    """Yield the pictures of torch's default L-BFGS, whose 20 evaluations a step are here a step each."""
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


def drafted(judge: Judge, passes: int, small: networks.Network) -> Iterator[Picture]:
    """Yield the pictures of a draft by the small network, then those of the full-size one that goes on from there."""
    for draft in library(judge, DRAFT_PASSES, small):
        yield draft
    settings = Settings(
        size=judge.size, steps=passes - DRAFT_PASSES, scales=1, plateau=0, optimizer="pyramid", learning_rate=DRAFT_RATE
    )
    for step in steps(judge.content, judge.style, settings, judge.network, start=draft):
        yield step.picture


def library(judge: Judge, passes: int, network: networks.Network) -> Iterator[Picture]:
    """Yield the pictures of the library's own run."""
    scales = 1 if judge.size <= ONE_SCALE_SIDE else None
    settings = Settings(size=judge.size, steps=passes, scales=scales, plateau=0, optimizer="pyramid")
    for step in steps(judge.content, judge.style, settings, network):
        yield step.picture


def race(judge: Judge, passes: int, small: networks.Network) -> dict[str, Curve]:
    """Let all loops make their passes in turn; return each one's passes, seconds and judged costs."""
    runs = {
        "tutorial": (passes, tutorial(judge, passes)),
        "strong": (passes, strong(judge.content, judge.size, judge.plain_cost, passes, judge.device)),
        "nstlib": (passes, library(judge, passes, judge.network)),
        "drafted": (passes, drafted(judge, passes, small)),
        "minivgg": (SMALL_PASSES, library(judge, SMALL_PASSES, small)),
    }
    seconds = dict.fromkeys(runs, 0.0)
    longest = max(total for total, _ in runs.values())
    curves: dict[str, Curve] = {name: [] for name in runs}
    with Progress(transient=True) as bar:
        task = bar.add_task("racing", total=longest)
        for done in range(1, longest + 1):
            for name, (total, loop) in runs.items():
                start = time.perf_counter()
                picture = next(loop, None)
                wait()
                if picture is None:
                    continue
                seconds[name] += time.perf_counter() - start
                if done % (1 if total == SMALL_PASSES else JUDGED_EVERY) == 0 or done == total:
                    curves[name].append((done, seconds[name], judge(picture)))
            bar.advance(task)
    return curves


def seconds_to(curve: Curve, goal: float) -> float | None:
    """Return a loop's own seconds until the judge first measured `goal` or less; None if it never did.

    >>> seconds_to([(10, 1.5, 0.9), (20, 3.0, 0.4)], goal=0.5)
    3.0
    """
    return next((seconds for _, seconds, cost in curve if cost <= goal), None)


def results(curves: dict[str, Curve]) -> Table:
    """Return the table: for each goal, the seconds that every loop took, and how many times the tutorial's."""
    baseline = curves["tutorial"]
    length = baseline[-1][0]
    goals = {}
    for share in GOAL_SHARES:
        passes = min((done for done, *_ in baseline), key=lambda done: abs(done - share * length))
        # The lowest so far, since L-BFGS without a line search leaps at times.
        lowest = min(cost for done, _, cost in baseline if done <= passes)
        goals[f"tutorial's lowest in {passes} passes"] = lowest
    goals["minivgg's own end + 10 %"] = 1.1 * curves["minivgg"][-1][2]
    report = Table("goal", "J", *curves, title=machine())
    for name, goal in goals.items():
        plain, *others = (seconds_to(curve, goal) for curve in curves.values())
        cells = _cell(plain, None), *(_cell(seconds, plain) for seconds in others)
        report.add_row(name, f"{goal:.3f}", *cells)
    return report


def _cell(seconds: float | None, plain: float | None) -> str:
    if seconds is None:
        return "never"
    return f"{seconds:.1f} s" + (f", {plain / seconds:.1f} × sooner" if plain else "")


def squared(picture: Picture) -> Picture:
    """Return the middle of a picture, as wide as high.

    >>> squared(torch.zeros(3, 20, 30)).shape
    torch.Size([3, 20, 20])
    """
    size = min(picture.shape[1:])
    top, left = ((length - size) // 2 for length in picture.shape[1:])
    return picture[:, top : top + size, left : left + size].contiguous()


def write(curves: dict[str, Curve], out: Path) -> None:
    """Write all points to a CSV file."""
    with replacing(out) as part, part.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("loop", "passes", "seconds", "J"))
        table.writerows((name, *point) for name, curve in curves.items() for point in curve)


def main(
    size: Annotated[int, typer.Argument(help="Side of the square pictures, in pixels.")] = 256,
    passes: Annotated[int, typer.Option(min=2 * DRAFT_PASSES, help="Passes of all loops but minivgg's.")] = 300,
    network: Annotated[str, typer.Option(help="The full-size network.")] = "vgg16",
    photo: Annotated[str, typer.Option(help="A sample photo.")] = "cat",
    style: Annotated[str, typer.Option(help="A painted style.")] = "night",
    out: Annotated[Path | None, typer.Option(help="Also write all points to this CSV file.")] = None,
) -> None:
    """Race the loops on one pair and print the table."""
    if out:
        out = require_writable(out, overwrite=True)
    content = squared(pictures.sample(photo, size))
    judge = Judge(content, painted.paint(style, (size, size)), networks.load(network))
    curves = race(judge, passes, networks.load("minivgg"))
    Console().print(results(curves))
    if out:
        write(curves, out)


if __name__ == "__main__":
    typer.run(sentences()(main))
