"""The command ``nst``.

Exit status: 0 done, 1 refused or failed (one sentence on stderr), 2 wrong usage, 70 a bug in nstlib (its traceback on
stderr), 130 stopped. ``nst grade`` has its own, see there.

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
from nstlib.errors import NstError
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
@sentences()
def doctor() -> None:
    """Report what this machine has, what nstlib chose because of it, and what to do about each problem."""
    from nstlib import diagnosis

    report = diagnosis.doctor()
    typer.echo(str(report))
    raise typer.Exit(0 if report.healthy else 1)


# Settings decides the defaults of a run. Those shown here, which must not load torch, are compared with it by a test.
@app.command()
@sentences()
def stylize(
    photo: Annotated[Path, typer.Argument(help="The picture whose content is kept.")],
    style: Annotated[str, typer.Argument(help="A picture file, or the name of a style or painting (see nst styles).")],
    out: Annotated[Path, typer.Option(help="Where the result goes: .png, .jpg or .webp.")],
    size: Annotated[int | None, typer.Option(help="Pixels on the shorter side.", show_default="256")] = None,
    steps: Annotated[
        int | None, typer.Option(min=2, help="Most forward and backward passes, over all scales.", show_default="60")
    ] = None,
    network: Annotated[str, typer.Option(help="minivgg, vgg19, vgg16 or random-vgg19.")] = "minivgg",
    alpha: Annotated[float | None, typer.Option(help="Weight of the content cost.", show_default="1.0")] = None,
    beta: Annotated[float | None, typer.Option(help="Weight of the style cost.", show_default="10.0")] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="Layer weights: relative, equal, inverse_n2, geometric or balanced.", show_default="relative"
        ),
    ] = None,
    layer_weights: Annotated[str, typer.Option(help="Layer weights by hand: relu1_1=1,relu3_1=0.5")] = "",
    content_layer: Annotated[
        str | None, typer.Option(help="Layer at which content is compared.", show_default="relu4_2")
    ] = None,
    init: Annotated[
        str | None, typer.Option(help="Start from content, style or noise.", show_default="content")
    ] = None,
    optimizer: Annotated[str | None, typer.Option(help="adam, lbfgs or pyramid.", show_default="adam")] = None,
    seed: Annotated[int | None, typer.Option(help="Decides the noise and the painted style.", show_default="0")] = None,
    costs: Annotated[Path | None, typer.Option(help="Also write the costs of every step to this CSV file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON on standard output.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
) -> None:
    """Paint PHOTO in the manner of STYLE. Ctrl-C keeps the picture as far as it has come (exit status 130)."""
    from nstlib import engine, files, networks, pictures, transfer
    from nstlib.transfer.settings import Settings

    files.require_distinct({"the photo": photo, "the style": style}, {"--out": out, "--costs": costs})
    pictures.require_writable(out, overwrite=force)
    if costs:
        costs = files.require_writable(costs, overwrite=force)
    given = {
        "size": size,
        "steps": steps,
        "content_layers": (content_layer,) if content_layer else None,
        "layer_weights": _layer_weights(layer_weights, preset),
        "alpha": alpha,
        "beta": beta,
        "init": init,
        "optimizer": optimizer,
        "seed": seed,
    }
    engine.plan()  # a device that cannot be had is refused before a network is fetched
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    content = pictures.read(photo, settings.size)
    painting = _style(style, settings.size, settings.seed)
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
@sentences()
def styles(
    out: Annotated[Path, typer.Option(help="Where the contact sheet goes: .png, .jpg or .webp.")] = Path("styles.png"),
    size: Annotated[int, typer.Option(min=32, help="Pixels on each picture's side.")] = 256,
    fetch: Annotated[bool, typer.Option("--paintings", help="Also fetch the paintings that are not here yet.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Lay every painted style, and the paintings that are here, on one contact sheet; list the names of all."""
    from nstlib import painted, paintings, pictures

    pictures.require_writable(out, overwrite=force)
    refused = _refused_paintings() if fetch else []
    shown = {name: painted.paint(name, size) for name in painted.STYLES}
    shown |= {name: paintings.read(name, size) for name in paintings.PAINTINGS if paintings.present(name)}
    pictures.write(pictures.contact_sheet(shown, size=size), out, overwrite=force)
    typer.echo("\n".join(painted.STYLES))
    typer.echo("\nReal paintings, in the public domain:")
    for name, painting in paintings.PAINTINGS.items():
        typer.echo(f"{name:<14} {painting}: {paintings.where(name)}")
    say(f"Wrote {out}.")
    for sentence in refused:
        say(f"nst: {sentence}", style="red")
    raise typer.Exit(bool(refused))


@app.command()
@sentences()
def gallery(
    folder: Annotated[Path, typer.Argument(help="Where index.html goes.")] = Path("gallery"),
    force: Annotated[bool, typer.Option("--force", help="Replace a page that exists.")] = False,
) -> None:
    """Paint the studio as flipbooks on one web page, for readers without a kernel (two minutes)."""
    from nstlib import gallery as room
    from nstlib.files import replacing

    path = room.page_path(folder, overwrite=force)
    books = room.flipbooks()
    try:
        painted = _flipped(books)
    except KeyboardInterrupt:
        say("nst: stopped; no page was written.")
        raise typer.Exit(130) from None
    with replacing(path) as part:
        part.write_text(room.page(books, painted), encoding="utf-8")
    say(f"Wrote {path}: {len(painted)} pictures, {path.stat().st_size / 1e6:.1f} MB. Open it in any browser.")


@app.command()
@sentences()
def bench(
    size: Annotated[
        list[int],
        typer.Option(min=16, help="Shorter side to time; may be given more than once."),
    ] = [256],  # noqa: B006
    network: Annotated[list[str], typer.Option(help="Network to time; may be given more than once.")] = [  # noqa: B006
        "minivgg",
        "random-vgg19",
    ],
    rounds: Annotated[int, typer.Option(min=1, help="Steps of each variant; their median counts.")] = 9,
    quick: Annotated[bool, typer.Option("--quick", help="Only check that a step has not become slow.")] = False,
) -> None:
    """Time one step beside a plain PyTorch loop and the bare forward and backward pass, interleaved in one run."""
    from nstlib.bench import guard, table

    if quick:
        say(guard())
    else:
        Console().print(table(network, size, rounds))


def _layer_weights(text: str, preset: str | None) -> dict[str, float] | str | None:
    """Read relu1_1=1,relu2_1=0.5, or hand on the preset; NstError shows the part that is not layer=number."""
    if not text:
        return preset
    if preset:
        raise NstError("Expected --preset or --layer-weights, got both: leave one of them out.")
    weights = {}
    for part in filter(None, text.split(",")):
        layer, _, number = part.partition("=")
        try:
            weights[layer.strip()] = float(number)
        except ValueError:
            raise NstError(
                f"Expected --layer-weights as layer=number, got {part!r}: write, for example, relu1_1=1,relu2_1=0.5."
            ) from None
    return weights


def _style(name: str, size: int, seed: int):
    """Read the file of this name where there is one, else the painting, else paint the style of this name."""
    from nstlib import pictures

    if Path(name).is_file() or Path(name).suffix or pictures.is_address(name):
        return pictures.read(name, size)
    from nstlib import painted, paintings  # half a second that a file does not need

    if name in paintings.PAINTINGS:
        return paintings.read(name, size)
    if name not in painted.STYLES:
        names = [*painted.STYLES, *paintings.PAINTINGS]
        close = difflib.get_close_matches(name.lower(), names, n=1)
        hint = f"did you mean {close[0]}?" if close else f"the styles are {', '.join(names)}."
        raise NstError(f"Expected a picture file or a style, got {name!r}: {hint}")
    return painted.paint(name, max(size, 16), seed)


def _refused_paintings() -> list[str]:
    """Fetch the paintings that are not here; return the sentences for those that could not be had."""
    from nstlib import paintings

    refused = []
    for name in paintings.PAINTINGS:
        try:
            paintings.fetch(name)
        except NstError as fault:
            refused.append(str(fault))
    return refused


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
    table = []
    picture = None
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
    not_a_layer = ("step", "scale", "seconds", "total", "content_cost")
    return {
        "out": str(out),
        "steps": len(table),
        "seconds": last["seconds"],
        "stopped": stopped,
        "total": {"first": first["total"], "last": last["total"]},
        "content_cost": last["content_cost"],
        "style_costs": {layer: cost for layer, cost in last.items() if layer not in not_a_layer},
    }


bundles = typer.Typer(no_args_is_help=True, help="An instructor's hidden tests, dates and class list.")
bundles.command("new")(sentences()(instructors.new))
app.command("build")(sentences()(authors.build))
app.command("release")(sentences()(authors.release))
app.command("misconceptions")(sentences()(authors.misconceptions))
app.add_typer(bundles, name="bundle")
app.command("demo-class")(sentences()(instructors.demo_class))
app.command("grade")(sentences()(instructors.grade))
grades = typer.Typer(no_args_is_help=True, help="Gradebooks of several runs.")
grades.command("merge")(sentences()(instructors.merge))
app.add_typer(grades, name="grades")


if __name__ == "__main__":
    sys.exit(app())
