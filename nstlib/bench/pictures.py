"""Quality against seconds over pairs of photo and painting: ``python -m nstlib.bench.pictures FOLDER OUT``.

Every loop paints every pair, and the true VGG-16 scores the pictures (see `nstlib.bench.judge`). FOLDER is what
``python -m nstlib.distill collect`` made; its held-out pairs are ones that minivgg's training never saw. OUT receives
scores.csv, pictures.jpg with a row for each pair, and frontier.png, where the seconds are on a logarithmic axis. They
are a loop's own: importing and loading networks are not counted. The loops:

draft, good, best: the qualities of ``nst stylize`` (see `nstlib.transfer.quality`).
vgg16: the true network alone, 150 evaluations of L-BFGS on the relative costs, every layer alike.
tutorial: what PyTorch's tutorial describes, with the true network (see `nstlib.bench.race`).
strong: coarse to fine with averaged pictures (see `nstlib.bench.strong`), repeated borders, total variation, the W2
distance of Gaussians and the weights 256:64:16:4:1, after crowsonkb's style-transfer-pytorch.
"""

import csv
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from nstlib import engine, networks, pictures
from nstlib.bench import race
from nstlib.bench.held_out import held_out_pairs
from nstlib.bench.judge import LAYERS, PictureJudge, Score
from nstlib.bench.step import machine
from nstlib.bench.strong import strong
from nstlib.errors import NstError
from nstlib.files import replacing, require_folder
from nstlib.networks import Network
from nstlib.plots.card import COLOURS, INK, Plot, card, style_axes
from nstlib.terminal import sentences
from nstlib.transfer import stylize
from nstlib.transfer.objective import Objective, prepare_pair
from nstlib.transfer.quality import QUALITIES, paint
from nstlib.transfer.settings import Settings
from nstlib.transfer.shapes import Picture

ALONE = Settings(steps=150, scales=1, plateau=0, optimizer="lbfgs")
TUTORIAL_PASSES = 300
STRONG_PASSES = 400
STRONG = Settings(statistic="gaussian", layer_weights="relative_geometric", beta=20.0, total_variation=0.3)
TILE = 256  # pixels of a picture on the contact sheet


@dataclass(frozen=True)
class Painted:
    """One loop's picture of one pair."""

    loop: str
    pair: str
    seconds: float
    score: Score
    picture: Picture


def loops(size: int, true: Network) -> dict[str, Callable[[Picture, Picture], Picture]]:
    """Return the loops by name; each takes a photo and a painting, and `true` is the true network in float32."""
    small = networks.load("minivgg")
    loaded = {"minivgg": small, "vgg16": true}
    return {
        **{
            name: partial(paint, quality=quality.changed(size=size), load=loaded.__getitem__)
            for name, quality in QUALITIES.items()
        },
        "vgg16": lambda content, style: stylize(content, style, _sized(ALONE, size), true),
        "tutorial": lambda content, style: _tutorial(content, style, size, true),
        "strong": lambda content, style: _strong(content, style, size, true),
    }


def compare(
    pairs: Mapping[str, tuple[Picture, Picture]],
    contestants: Mapping[str, Callable[[Picture, Picture], Picture]],
    size: int,
    true: Network,
) -> Iterable[Painted]:
    """Yield every contestant's scored picture of every pair, pair by pair."""
    for pair, (content, style) in pairs.items():
        judge = PictureJudge(content, style, size, true)
        for name, loop in contestants.items():
            start = time.perf_counter()
            picture = loop(content, style)
            yield Painted(name, pair, time.perf_counter() - start, judge(picture), picture)


def results(painted: Iterable[Painted], size: int) -> Table:
    """Return the table of means over the pairs."""
    report = Table("loop", "seconds", "cut", "content", "grain", title=f"{size} px; {machine()}")
    for name, mean in _means(painted).items():
        report.add_row(name, f"{mean['seconds']:.1f}", *(f"{mean[key]:.2f}" for key in ("cut", "content", "grain")))
    return report


def write_scores(painted: list[Painted], path: Path) -> None:
    """Write a line for each picture to a CSV file."""
    with replacing(path) as part, part.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("pair", "loop", "seconds", "cut", "content", "grain"))
        for one in painted:
            numbers = (one.seconds, one.score.cut, one.score.content, one.score.grain)
            table.writerow((one.pair, one.loop, *(f"{number:.4f}" for number in numbers)))


def write_pictures(painted: list[Painted], pairs: Mapping[str, tuple[Picture, Picture]], out: Path) -> None:
    """Write pictures.jpg and frontier.png into the folder `out`."""
    tiles = {}
    for pair, (content, style) in pairs.items():
        tiles[f"photo {pair}"], tiles[f"painting {pair}"] = content, style
        tiles |= {f"{one.loop} {pair}": one.picture for one in painted if one.pair == pair}
    columns = len(tiles) // len(pairs)
    pictures.write(pictures.contact_sheet(tiles, columns, TILE), out / "pictures.jpg", overwrite=True)
    with replacing(out / "frontier.png") as part:
        frontier(painted).savefig(part, format="png", dpi=150)


def frontier(painted: Iterable[Painted]) -> Plot:
    """Draw the means of each loop over its seconds: the style cost that is gone, and the content distance.

    A disc is one of `QUALITIES`, a square any other loop.
    """
    means = _means(painted)
    figure = card(9.0, 3.6)
    figure.subplots_adjust(left=0.08, right=0.98, bottom=0.16, top=0.9, wspace=0.25)
    labels = {"cut": "share of the style cost gone (more is better)", "content": "content distance (less is better)"}
    for axes, (key, label) in zip(figure.subplots(1, 2), labels.items(), strict=True):
        highest = max(1.0, *(mean[key] for mean in means.values()))
        axes.set(xscale="log", xlabel="seconds for a picture", ylabel=label, ylim=(0, 1.12 * highest))
        style_axes(axes).margins(x=0.15)
        for name, mean in means.items():
            own = name in QUALITIES
            place = mean["seconds"], mean[key]
            axes.plot(*place, "o" if own else "s", color=COLOURS[0 if own else 1])
            axes.annotate(name, place, (0, 6), textcoords="offset points", ha="center", fontsize=9, color=INK)
    figure.alt = "Style gone and content distance over seconds: " + "; ".join(
        f"{name} {mean['seconds']:.0f} s, {mean['cut']:.2f}, {mean['content']:.2f}" for name, mean in means.items()
    )
    return figure


def _means(painted: Iterable[Painted]) -> dict[str, dict[str, float]]:
    """Return each loop's mean seconds, cut, content and grain over the pairs."""
    by_loop: dict[str, list[dict[str, float]]] = {}
    for one in painted:
        scores = {key: getattr(one.score, key) for key in ("cut", "content", "grain")}
        by_loop.setdefault(one.loop, []).append({"seconds": one.seconds} | scores)
    return {loop: {key: statistics.mean(row[key] for row in rows) for key in rows[0]} for loop, rows in by_loop.items()}


def _sized(settings: Settings, size: int) -> Settings:
    return replace(settings, size=size)


def _tutorial(content: Picture, style: Picture, size: int, network: Network) -> Picture:
    judge = race.Judge(pictures.resize(content, size), style, network)
    *_, last = race.tutorial(judge, TUTORIAL_PASSES)
    return last.cpu()


def _strong(content: Picture, style: Picture, size: int, network: Network) -> Picture:
    device = engine.plan().device
    placed = engine.place(network, engine.Plan(device, torch.float32, 0, "a plain loop"))
    placed.stages["conv1_1"].padding_mode = "replicate"

    def cost_at(side: int) -> Callable[[Picture], torch.Tensor]:
        pair = prepare_pair(content, style, side, placed, device)
        objective = Objective(pair, STRONG, placed, pair.content)
        return lambda x: objective(x).total

    *_, last = strong(content, size, cost_at, STRONG_PASSES, device)
    return last.cpu()


def main(
    folder: Annotated[Path, typer.Argument(help="What python -m nstlib.distill collect made.")],
    out: Annotated[Path, typer.Argument(help="The folder for scores.csv, pictures.jpg and frontier.png.")],
    size: Annotated[int, typer.Option(min=64, help="Pixels on the shorter side.")] = 256,
    only: Annotated[list[str] | None, typer.Option(help="Only this loop; may be given more than once.")] = None,
    first: Annotated[int, typer.Option(min=1, help="Only so many pairs.")] = 8,
) -> None:
    """Let all loops paint the held-out pairs; print the means, and write scores, contact sheet and frontier."""
    pairs = dict(list(held_out_pairs(folder).items())[:first])
    out = require_folder(out)
    out.mkdir(parents=True, exist_ok=True)
    true = networks.load("vgg16", LAYERS)
    contestants = loops(size, true)
    for name in only or ():
        if name not in contestants:
            raise NstError(f"Expected one of the loops {', '.join(contestants)}, got {name!r}: choose one of these.")
    contestants = {name: loop for name, loop in contestants.items() if not only or name in only}
    painted = []
    with Progress(transient=True) as bar:
        task = bar.add_task("painting", total=len(pairs) * len(contestants))
        for one in compare(pairs, contestants, size, true):
            painted.append(one)
            bar.update(task, advance=1, description=f"pair {one.pair}, {one.loop}")
            write_scores(painted, out / "scores.csv")  # each time, so that a stopped comparison keeps its numbers
    Console(width=100).print(results(painted, size))
    write_pictures(painted, pairs, out)


if __name__ == "__main__":
    typer.run(sentences()(main))
