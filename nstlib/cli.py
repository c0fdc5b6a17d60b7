"""The command ``nst``. Exit status: 0 done, 1 refused or failed (one sentence on stderr), 2 wrong usage, 130 stopped.

Each command imports what it needs when it runs, so that ``nst --help`` and ``nst doctor`` answer at once.
"""

import csv
import difflib
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from nstlib.authoring import commands as authors
from nstlib.grading import commands as instructors
from nstlib.terminal import console, say, sentences

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Neural style transfer, derived step by step.")


@app.callback()
def _readable_anywhere() -> None:
    """Let redirected output on Windows lose a sign such as ✓ sooner than the whole report."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


@app.command()
def doctor() -> None:
    """Say what this machine has, what was chosen because of it, and what to do about each problem."""
    from nstlib.diagnosis import doctor as examine

    report = examine()
    typer.echo(str(report))
    raise typer.Exit(0 if report.healthy else 1)


@app.command()
def stylize(
    photo: Annotated[Path, typer.Argument(help="The picture whose content is kept.")],
    style: Annotated[str, typer.Argument(help="A picture file, or the name of a painted style (see nst styles).")],
    out: Annotated[Path, typer.Option(help="Where the result goes: .png, .jpg or .webp.")],
    size: Annotated[int, typer.Option(help="Pixels of the shorter side.")] = 256,
    steps: Annotated[int, typer.Option(min=2, help="Forward and backward passes at most, over all scales.")] = 60,
    network: Annotated[str, typer.Option(help="minivgg, vgg19, vgg16, vgg16-hed or random-vgg19.")] = "minivgg",
    alpha: Annotated[float, typer.Option(help="Weight of the content cost.")] = 1.0,
    beta: Annotated[float, typer.Option(help="Weight of the style cost.")] = 10.0,
    preset: Annotated[
        str, typer.Option(help="Layer weights: relative, equal, inverse_n2, geometric, balanced.")
    ] = "relative",
    layer_weights: Annotated[str, typer.Option(help="Layer weights by hand: relu1_1=1,relu3_1=0.5")] = "",
    content_layer: Annotated[str, typer.Option(help="Layer at which content is compared.")] = "relu4_2",
    init: Annotated[str, typer.Option(help="Start from content, style or noise.")] = "content",
    optimizer: Annotated[str, typer.Option(help="adam, lbfgs or pyramid.")] = "adam",
    seed: Annotated[int, typer.Option(help="Decides the noise and the painted style.")] = 0,
    costs: Annotated[Path | None, typer.Option(help="Also write the costs of every step to this CSV file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON on standard output.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
) -> None:
    """Paint PHOTO in the manner of STYLE. Ctrl-C keeps the picture as far as it has come (exit status 130)."""
    with sentences():
        from nstlib import networks, pictures, transfer
        from nstlib.transfer.settings import Settings

        pictures.require_writable(out, overwrite=force)
        if costs:
            _require_new(costs, force)
        settings = Settings(
            size=size,
            steps=steps,
            content_layers=(content_layer,),
            layer_weights=_layer_weights(layer_weights) if layer_weights else preset,
            alpha=alpha,
            beta=beta,
            init=init,
            optimizer=optimizer,
            seed=seed,
        )
        content, painting = pictures.read(photo, size), _style(style, size, seed)
        table, picture, stopped = _run(content, painting, settings, networks.load(network, settings.layers))
        if not table:
            say("nst: stopped before the first step; nothing was written.")
            raise typer.Exit(130)
        pictures.write(transfer.resample_to(picture, content), out, overwrite=force)  # a stopped run may be coarser
        if costs:
            _write_costs(table, costs)
    if as_json:
        typer.echo(json.dumps(_summary(table, out, stopped)))
    first, last = table[0], table[-1]
    say(
        f"{'Stopped: wrote' if stopped else 'Wrote'} {out} after {len(table)} steps in {last['seconds']:.1f} s; "
        f"J went from {first['total']:.3g} to {last['total']:.3g}."
    )
    raise typer.Exit(130 if stopped else 0)


@app.command()
def styles(
    out: Annotated[Path, typer.Option(help="Where the contact sheet goes: .png, .jpg or .webp.")] = Path("styles.png"),
    size: Annotated[int, typer.Option(help="Pixels of each picture's side.")] = 256,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Paint every built-in style on one contact sheet, and list their names."""
    with sentences():
        from nstlib import painted, pictures

        pictures.require_writable(out, overwrite=force)
        sheet = pictures.contact_sheet({name: painted.paint(name, size) for name in painted.STYLES}, size=size)
        pictures.write(sheet, out, overwrite=force)
    typer.echo("\n".join(painted.STYLES))
    say(f"Wrote {out}.")


@app.command()
def gallery(
    folder: Annotated[Path, typer.Argument(help="Where index.html goes.")] = Path("gallery"),
    force: Annotated[bool, typer.Option("--force", help="Replace a page that exists.")] = False,
) -> None:
    """Paint the studio as flipbooks on one web page, for readers without a kernel (two minutes)."""
    with sentences():
        from nstlib import gallery as room
        from nstlib.files import replacing

        path, books = room.page_path(folder, overwrite=force), room.flipbooks()
        try:
            painted = _flipped(books)
        except KeyboardInterrupt:
            say("nst: stopped; no page was written.")
            raise typer.Exit(130) from None
        with replacing(path) as part:
            part.write_text(room.page(books, painted), encoding="utf-8")
    say(f"Wrote {path}: {len(painted)} pictures, {path.stat().st_size / 1e6:.1f} MB. Open it in any browser.")


@app.command()
def bench(
    size: Annotated[list[int], typer.Option(help="Shorter side to time; may be given more than once.")] = [256],  # noqa: B006
    network: Annotated[list[str], typer.Option(help="Network to time; may be given more than once.")] = [  # noqa: B006
        "minivgg",
        "random-vgg19",
    ],
    rounds: Annotated[int, typer.Option(min=1, help="Steps of each variant; their median counts.")] = 9,
    quick: Annotated[bool, typer.Option("--quick", help="Only see whether a step became slow.")] = False,
) -> None:
    """Time one step beside a plain PyTorch loop and the bare forward and backward pass, interleaved in one run."""
    with sentences():
        from nstlib.bench import guard, table

        if quick:
            say(guard())
        else:
            Console().print(table(network, size, rounds))


def _require_new(file: Path, force: bool) -> None:
    if file.exists() and not force:
        raise ValueError(f"{file} exists already. Choose another name, or pass --force to replace it.")
    if not file.parent.is_dir():
        raise ValueError(f"There is no folder {file.parent}. Make it first, or choose another place.")


def _layer_weights(text: str) -> dict[str, float]:
    """Read relu1_1=1,relu2_1=0.5; ValueError shows the part that is not name=number."""
    weights = {}
    for part in filter(None, text.split(",")):
        name, _, number = part.partition("=")
        try:
            weights[name.strip()] = float(number)
        except ValueError:
            raise ValueError(
                f"--layer-weights has {part!r}; expected is layer=number, for example relu1_1=1,relu2_1=0.5."
            ) from None
    return weights


def _style(name: str, size: int, seed: int):
    """Take a file where one has this name, else the painted style."""
    from nstlib import pictures

    if Path(name).is_file() or Path(name).suffix:
        return pictures.read(name, size)
    from nstlib import painted  # half a second that a file does not need

    if name not in painted.STYLES:
        close = difflib.get_close_matches(name.lower(), painted.STYLES, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"The styles are {', '.join(painted.STYLES)}."
        raise ValueError(f"{name!r} is neither a file nor a painted style. {hint}")
    return painted.paint(name, max(size, 16), seed)


def _flipped(books) -> dict[str, object]:
    """Paint the flipbooks' pictures behind a progress bar: the picture to each frame's code."""
    from rich.progress import Progress

    from nstlib import gallery as room

    painted = {}
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("flipbooks", total=sum(len(book.frames) for book in books))
        for frame, picture in room.paint(books):
            painted[frame.code] = picture
            bar.update(task, advance=1, description=frame.caption)
    return painted


def _run(content, style, settings, network) -> tuple[list[dict], object, bool]:
    """Run behind a progress bar with cost and time left: costs of each step, last picture, whether Ctrl-C ended it."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from nstlib import transfer

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    table, picture = [], None
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("J", total=settings.steps)
        try:
            for step in transfer.steps(content, style, settings, network):
                picture = step.picture
                table.append(
                    {
                        "step": step.index,
                        "scale": step.scale,
                        "seconds": round(step.seconds, 4),
                        "total": step.total,
                        "content_cost": step.content_cost,
                        **step.style_costs,
                    }
                )
                bar.update(task, advance=1, description=f"J {step.total:.3g}")
        except KeyboardInterrupt:
            return table, picture, True
    return table, picture, False


def _write_costs(table: list[dict], path: Path) -> None:
    from nstlib.files import replacing

    with replacing(path) as part, part.open("w", newline="") as file:
        writer = csv.DictWriter(file, table[0])
        writer.writeheader()
        writer.writerows(table)


def _summary(table: list[dict], out: Path, stopped: bool) -> dict:
    first, last = table[0], table[-1]
    plain = ("step", "scale", "seconds", "total", "content_cost")
    return {
        "out": str(out),
        "steps": len(table),
        "seconds": last["seconds"],
        "stopped": stopped,
        "total": {"first": first["total"], "last": last["total"]},
        "content_cost": last["content_cost"],
        "style_costs": {layer: cost for layer, cost in last.items() if layer not in plain},
    }


bundles = typer.Typer(no_args_is_help=True, help="An instructor's hidden tests, dates and class list.")
bundles.command("new")(sentences()(instructors.new))
app.command("build")(sentences()(authors.build))
app.command("misconceptions")(sentences()(authors.misconceptions))
app.add_typer(bundles, name="bundle")
app.command("demo-class")(sentences()(instructors.demo_class))
app.command("grade")(sentences()(instructors.grade))


if __name__ == "__main__":
    sys.exit(app())
