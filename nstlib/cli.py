"""The command ``nst``.

Exit status: 0 done, 1 refused or failed (one sentence on stderr), 2 wrong usage, 70 a bug in nstlib (its traceback on
stderr), 130 stopped. ``nst grade`` has its own, see there.

Each command imports what it needs when it runs, so that ``nst --help`` and ``nst doctor`` answer at once.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from nstlib.authoring import commands as authors
from nstlib.errors import NstError
from nstlib.grading import commands as instructors
from nstlib.stylizing import commands as stylizing
from nstlib.stylizing import training
from nstlib.terminal import add_command, console, say

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Neural style transfer, derived step by step.")


@app.callback()
def _readable_anywhere() -> None:
    """Let redirected output on Windows lose a sign such as ✓ sooner than the whole report."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def doctor() -> None:
    """Say whether the course runs here, what to do where it does not, and what nstlib found and chose.

    Exit status: 0 it runs, 1 there is something to do.
    """
    from nstlib import diagnosis

    report = diagnosis.doctor()
    typer.echo(str(report))
    raise typer.Exit(0 if report.healthy else 1)


def styles(
    out: Annotated[Path, typer.Option(help="Where the contact sheet goes: .png, .jpg, .jpeg or .webp.")] = Path(
        "styles.png"
    ),
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


bundles = typer.Typer(no_args_is_help=True, help="An instructor's hidden tests, dates and class list.")
grades = typer.Typer(no_args_is_help=True, help="Gradebooks of several runs.")
add_command(app, "doctor", doctor)
add_command(app, "stylize", stylizing.stylize, stylizing.PhotosAndStyle)
add_command(app, "train", training.train)
add_command(app, "styles", styles)
add_command(app, "gallery", gallery)
add_command(app, "bench", bench)
add_command(app, "build", authors.build)
add_command(app, "release", authors.release)
add_command(app, "misconceptions", authors.misconceptions)
add_command(app, "demo-class", instructors.demo_class)
add_command(app, "grade", instructors.grade)
add_command(bundles, "new", instructors.new)
add_command(grades, "merge", instructors.merge)
app.add_typer(bundles, name="bundle")
app.add_typer(grades, name="grades")


if __name__ == "__main__":
    sys.exit(app())
