"""One pass of a trained generator beside the optimisation: ``python -m nstlib.bench.one_pass PAGE``.

Photos that the embedded generator never saw are painted in its style by each method, and scored by the three numbers
of `nstlib.bench.judge`, as the true VGG-16 sees them and as minivgg does, and by the J that the generator was trained
on. PAGE, a Markdown file, receives the tables of means over the photos; beside it a contact sheet, a .jpg of its name.
"""

import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from nstlib import engine, feedforward, networks, painted, pictures
from nstlib.bench.judge import LAYERS, PictureJudge, Score
from nstlib.bench.step import machine
from nstlib.files import replacing, require_writable
from nstlib.networks import Network
from nstlib.style import transforms
from nstlib.terminal import sentences
from nstlib.transfer import Settings, steps
from nstlib.transfer.quality import QUALITIES, Quality, paint
from nstlib.transfer.rebuilding import SETTINGS, rebuild
from nstlib.transfer.shapes import Block, Picture

PHOTOS = (*feedforward.HELD_OUT, "rocket")  # the embedded generator saw none of the samples
PASSES = 5  # of the generator, whose mean time counts
TRANSFORMED = ("relu4_1", "relu3_1", "relu2_1", "relu1_1")  # by AdaIN and WCT, one after the other
TILE = 128  # pixels of a picture on the contact sheet
REBUILDING = {"steps": 40, "total_variation": 1.0}  # as in lesson 09
HEAD = """\
# One pass beside the optimisation

The photos {photos}, painted in the style `{style}` at {size} px. The generator learned from none of them. All numbers
are means over the photos. Compare the seconds with each other only: other programs may have been running. The machine:
{machine}. J is the cost that the generator was trained on (minivgg, β = {beta:g}, chroma smoothness {chroma:g}); *the
same J* is a run that lowers it, while *draft* and *good* lower one with other weights. *AdaIN* and *WCT* set the
features of four layers, the deepest first, and rebuild the picture after each, in 40 steps (lesson 09). Made by
`python -m nstlib.bench.one_pass {page}`.

![Each photo, then as every method painted it]({sheet})
"""


Transform = Callable[[Block, Block], Block]


@dataclass(frozen=True)
class Painted:
    """One method's picture of one photo: the seconds it took, its J, and its scores by each judge's name."""

    method: str
    photo: str
    seconds: float
    cost: float
    scores: dict[str, Score]
    picture: Picture


def methods(trained: feedforward.Trained, size: int) -> dict[str, Callable[[Picture, Picture], Picture]]:
    """Return the methods by name; each takes a photo and a painting: draft, good, the same J, AdaIN, WCT, one pass."""
    small = networks.load("minivgg")
    same = Quality("minivgg", settings_of(trained.about, size))
    painter = feedforward.Painter(trained.generator)
    named = {"draft": QUALITIES["draft"], "good": QUALITIES["good"], "the same J": same}
    return {
        **{
            name: partial(paint, quality=quality.changed(size=size), load=lambda _: small)
            for name, quality in named.items()
        },
        "AdaIN": partial(repainted, transform=transforms.adain, size=size, network=small),
        "WCT": partial(repainted, transform=transforms.wct, size=size, network=small),
        "one pass": lambda photo, _: _painted_often(painter, pictures.resize(photo, size)),
    }


def repainted(photo: Picture, style: Picture, transform: Transform, size: int, network: Network) -> Picture:
    """Set the features of TRANSFORMED by a transform, and rebuild the picture after each: lesson 09's way.

    >>> photo, style = painted.paint("mosaic", 32), painted.paint("night", 32)
    >>> repainted(photo, style, transforms.adain, 32, networks.load()).shape
    torch.Size([3, 32, 32])
    """
    for layer in TRANSFORMED:
        settings = replace(SETTINGS, content_layers=(layer,), style_layers=(layer,), size=size, **REBUILDING)
        photo = rebuild(photo, style, transform, settings, network)
    return photo


def settings_of(about: feedforward.About, size: int) -> Settings:
    """Return the settings of the J that a generator was trained on, for a picture of that size."""
    own = {"alpha": about.alpha, "beta": about.beta, "chroma_smoothness": about.chroma_smoothness}
    return replace(QUALITIES["good"].settings, size=size, **own)


def cost(picture: Picture, photo: Picture, style: Picture, settings: Settings, network: Network) -> float:
    """J of a picture: what a run that begins with it reports at its first step.

    >>> photo, style = painted.paint("mosaic", 32), painted.paint("night", 32)
    >>> settings = Settings(size=32, alpha=1, beta=0)
    >>> round(cost(photo, photo, style, settings, networks.load()), 6)
    0.0
    """
    look = replace(settings, scales=1, steps=1, optimizer="adam")
    return next(steps(photo, style, look, network, start=picture)).total


def compare(
    photos: Mapping[str, Picture], trained: feedforward.Trained, judges: Mapping[str, Network], size: int
) -> Iterable[Painted]:
    """Yield every method's scored picture of every photo; `judges` are float32 networks with LAYERS."""
    style = painted.paint(trained.about.style, size)
    small = networks.load("minivgg")
    for name, photo in photos.items():
        seen_by = {judge: PictureJudge(photo, style, size, network) for judge, network in judges.items()}
        for method, make in methods(trained, size).items():
            began = time.perf_counter()
            picture = make(photo, style)
            seconds = time.perf_counter() - began
            scores = {judge: score(picture) for judge, score in seen_by.items()}
            total = cost(picture, photo, style, settings_of(trained.about, size), small)
            yield Painted(method, name, seconds / (PASSES if method == "one pass" else 1), total, scores, picture)


def table(found: list[Painted], judge: str) -> str:
    """Return one judge's means over the photos as a table in Markdown."""
    lines = ["| method | seconds | J | cut | content | grain |", "|:---|---:|---:|---:|---:|---:|"]
    for method in dict.fromkeys(one.method for one in found):
        row = [one for one in found if one.method == method]
        seconds = statistics.mean(one.seconds for one in row)
        numbers = [statistics.mean(one.cost for one in row)]
        for key in ("cut", "content", "grain"):
            numbers.append(statistics.mean(getattr(one.scores[judge], key) for one in row))
        lines.append(f"| {method} | {seconds:.2f} | {' | '.join(f'{number:.2f}' for number in numbers)} |")
    return "\n".join(lines)


def sheet(found: list[Painted], photos: Mapping[str, Picture], size: int) -> Picture:
    """Return the contact sheet: a row for each photo, which comes first."""
    tiles = {}
    for name, photo in photos.items():
        tiles[name] = pictures.resize(photo, size)
        tiles |= {f"{one.method}, {name}": one.picture for one in found if one.photo == name}
    return pictures.contact_sheet(tiles, len(tiles) // len(photos), TILE)


def _painted_often(painter: feedforward.Painter, photo: Picture) -> Picture:
    for _ in range(PASSES):
        picture = painter(photo)
    return picture


def main(
    page: Annotated[Path, typer.Argument(help="The Markdown file for the tables, such as docs/one_pass.md.")],
    size: Annotated[int, typer.Option(min=64, help="Pixels on the shorter side.")] = 256,
) -> None:
    """Paint the held-out photos by every method; write the tables and a contact sheet."""
    require_writable(page, overwrite=True)
    trained = feedforward.load(feedforward.EMBEDDED[0])
    photos = {name: pictures.sample(name, size) for name in PHOTOS}
    judges = {"VGG-16": networks.load("vgg16", LAYERS), "minivgg": networks.load("minivgg", LAYERS)}
    engine.plan()  # sets the threads
    count = len(photos) * len(methods(trained, size))
    found = list(track(compare(photos, trained, judges, size), "painting", count))
    picture = page.with_suffix(".jpg")
    pictures.write(sheet(found, photos, size), picture, overwrite=True)
    facts = {"photos": ", ".join(photos), "style": trained.about.style, "size": size, "machine": machine()}
    cost_of = {"beta": trained.about.beta, "chroma": trained.about.chroma_smoothness}
    lines = [HEAD.format(**facts, **cost_of, page=page, sheet=picture.name)]
    lines += [f"## As {judge} sees them\n\n{table(found, judge)}\n" for judge in judges]
    with replacing(page) as part:
        part.write_text("\n".join(lines), encoding="utf-8")
    print(table(found, "VGG-16"))


if __name__ == "__main__":
    typer.run(sentences()(main))
