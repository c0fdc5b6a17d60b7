"""``python -m nstlib.distill``: collect, train, export, evaluate; each can be stopped and run again."""

import random
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from nstlib.files import require_folder, require_writable
from nstlib.terminal import sentences

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Distil minivgg from a VGG-16.")
Folder = Annotated[Path, typer.Argument(help="For pictures, checkpoint, log and tables.")]


@app.command()
@sentences()
def collect(folder: Folder) -> None:
    """Fetch the training and the held-out pictures (needs Debian's apt-get; about 600 MB)."""
    from nstlib.distill.collect import collect

    collect(folder)


@app.command()
@sentences()
def train(folder: Folder, steps: Annotated[int, typer.Option(help="In all, over every run.")] = 4500) -> None:
    """Prune the teacher, then train; go on where an earlier run stopped."""
    from nstlib.distill.train import train

    train(folder / "train", folder / "run", steps)


@app.command()
@sentences()
def export(folder: Folder, out: Annotated[Path, typer.Option(help="The file to write.")]) -> None:
    """Write the trained student as a minivgg.safetensors."""
    from nstlib.distill.crops import crop, load_pictures
    from nstlib.distill.export import export

    out = require_writable(out, overwrite=True)
    pictures = load_pictures(folder / "train")
    rng = random.Random(0)
    export(folder / "run" / "checkpoint.pt", torch.stack([crop(pictures, 160, rng) for _ in range(32)]), out)


@app.command()
@sentences()
def evaluate(
    folder: Folder, network: Annotated[str, typer.Option(help="Which network transfers.")] = "minivgg"
) -> None:
    """Transfer styles between held-out pictures, let the teacher measure them, write the table and the pictures."""
    from nstlib.distill.evaluate import evaluate

    (folder / "results").mkdir(parents=True, exist_ok=True)
    require_folder(folder / "results")
    table = evaluate(network, folder / "held_out", folder / "results")
    with (folder / "results" / f"{network}.txt").open("w") as file:
        Console(file=file, width=160).print(table)
    Console(width=160).print(table)


@app.command()
@sentences()
def errors(folder: Folder) -> None:
    """Show how far the student's estimates of held-out features and Gram matrices are from the teacher's."""
    from nstlib.distill.evaluate import prediction_errors
    from nstlib.distill.train import resume

    run = resume(folder / "run" / "checkpoint.pt")
    if run is None:
        raise typer.BadParameter(f"There is no trained student under {folder}: run the train command first.")
    Console(width=160).print(prediction_errors(run, folder / "held_out"))


app()
