"""``python -m nstlib.distill``: collect, train, export, measure; each can be stopped and run again."""

import random
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import torch
import typer
from rich.console import Console

from nstlib.errors import NstError
from nstlib.files import require_folder, require_writable
from nstlib.terminal import sentences

if TYPE_CHECKING:
    from nstlib.distill.train import Run
    from nstlib.networks import Network

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Distil minivgg from a VGG-16.")
Folder = Annotated[Path, typer.Argument(help="For pictures, checkpoint, log and tables.")]
Widths = Annotated[str, typer.Option(help="Filters in each block, such as 24-48-96-192-320; minivgg's if left out.")]
Transferring = Annotated[str, typer.Option(help="Which network transfers; minivgg if left out.")]
Trained = Annotated[str, typer.Option(help="Let the student transfer that was trained with these.")]


@app.command()
@sentences()
def collect(folder: Folder) -> None:
    """Fetch the training and the held-out pictures (needs Debian's apt-get; about 600 MB)."""
    from nstlib.distill.collect import collect

    collect(folder)


@app.command()
@sentences()
def train(
    folder: Folder, steps: Annotated[int, typer.Option(help="In all, over every run.")] = 4500, widths: Widths = ""
) -> None:
    """Prune the teacher, then train; go on where an earlier run stopped."""
    from nstlib.distill.train import train

    filters = _filters(widths)
    train(folder / "train", _place(folder, filters), steps, filters)


@app.command()
@sentences()
def export(folder: Folder, out: Annotated[Path, typer.Option(help="The file to write.")], widths: Widths = "") -> None:
    """Write the trained student as a minivgg.safetensors, for the widths that networks/minivgg.py has then."""
    from nstlib.distill.crops import crop, load_pictures
    from nstlib.distill.export import export

    out = require_writable(out, overwrite=True)
    run = _trained(folder, widths)
    pictures = load_pictures(folder / "train")
    rng = random.Random(0)
    export(run, torch.stack([crop(pictures, 160, rng) for _ in range(32)]), out)


@app.command()
@sentences()
def evaluate(folder: Folder, network: Transferring = "", widths: Trained = "") -> None:
    """Transfer styles between held-out pictures, let the teacher measure them, write the table and the pictures."""
    from nstlib.distill.evaluate import evaluate

    name, student = _chosen(folder, network, widths)
    (folder / "results").mkdir(parents=True, exist_ok=True)
    require_folder(folder / "results")
    table = evaluate(name, student, folder / "held_out", folder / "results")
    with (folder / "results" / f"{name}.txt").open("w") as file:
        Console(file=file, width=160).print(table)
    Console(width=160).print(table)


@app.command()
@sentences()
def pulls(folder: Folder, network: Transferring = "", widths: Trained = "") -> None:
    """Show whether a network's style costs pull held-out pictures where the teacher's do."""
    from nstlib.distill.pulls import compare

    name, student = _chosen(folder, network, widths)
    Console(width=160).print(compare(name, student, folder / "held_out"))


@app.command()
@sentences()
def errors(folder: Folder, widths: Widths = "") -> None:
    """Show how far the student's estimates of held-out features and Gram matrices are from the teacher's."""
    from nstlib.distill.evaluate import prediction_errors

    Console(width=160).print(prediction_errors(_trained(folder, widths), folder / "held_out"))


def _filters(widths: str) -> tuple[int, ...]:
    """Return how many filters each block has; NstError says what is wrong with the text."""
    from nstlib.networks import ARCHITECTURES

    if not widths:
        return ARCHITECTURES["minivgg"].widths
    numbers, most = widths.split("-"), ARCHITECTURES["vgg16"].widths
    if len(numbers) != len(most) or not all(number.isdecimal() and int(number) for number in numbers):
        raise NstError(f"Expected five numbers of filters, such as 24-48-96-192-320, got {widths!r}.")
    filters = tuple(map(int, numbers))
    if any(number > limit for number, limit in zip(filters, most, strict=True)):
        raise NstError(f"Expected no more filters than the teacher's {'-'.join(map(str, most))}, got {widths}.")
    return filters


def _place(folder: Path, filters: tuple[int, ...]) -> Path:
    """Return where the run of a student of these widths is kept."""
    return folder / ("run" if filters == _filters("") else "-".join(["run", *map(str, filters)]))


def _chosen(folder: Path, network: str, widths: str) -> tuple[str, "Network"]:
    """Return the network of this name, or the trained student of these widths, with its name; minivgg if neither."""
    from nstlib import networks
    from nstlib.distill.evaluate import SETTINGS

    if network and widths:
        raise NstError("Expected --network or --widths, got both: leave one out.")
    name, layers = widths or network or "minivgg", SETTINGS.layers
    return name, _trained(folder, widths).average.with_layers(layers) if widths else networks.load(name, layers)


def _trained(folder: Path, widths: str) -> "Run":
    """Return the trained student of these widths; NstError says where none is."""
    from nstlib.distill.train import resume

    place = _place(folder, _filters(widths))
    run = resume(place / "checkpoint.pt")
    if run is None:
        raise NstError(f"{place} holds no trained student: run the train command first.")
    return run


if __name__ == "__main__":
    app()
