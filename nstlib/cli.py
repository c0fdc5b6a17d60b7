"""The command ``nst``. Exit status: 0 done, 1 refused or failed (one sentence on stderr), 2 wrong usage, 130 stopped.

Each command imports what it needs when it runs, so that ``nst --help`` and ``nst doctor`` answer at once.
"""

import csv
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Neural style transfer, derived step by step.")
console = Console(stderr=True)


@contextmanager
def _sentences() -> Iterator[None]:
    """Show the library's errors as the sentences they are, without a traceback."""
    try:
        yield
    except typer.Exit:
        raise
    except (ValueError, RuntimeError, ArithmeticError, OSError) as fault:
        console.print(f"nst: {fault}", style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


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
    steps: Annotated[int, typer.Option(help="Forward and backward passes at most, over all scales.")] = 150,
    network: Annotated[str, typer.Option(help="minivgg, vgg19, vgg16, vgg16-hed or random-vgg19.")] = "minivgg",
    alpha: Annotated[float, typer.Option(help="Weight of the content cost.")] = 1.0,
    beta: Annotated[float, typer.Option(help="Weight of the style cost.")] = 10.0,
    preset: Annotated[
        str, typer.Option(help="Layer weights: relative, equal, inverse_n2, geometric, balanced.")
    ] = "relative",
    layer_weights: Annotated[str, typer.Option(help="Layer weights by hand: relu1_1=1,relu3_1=0.5")] = "",
    content_layer: Annotated[str, typer.Option(help="Layer at which content is compared.")] = "relu4_2",
    init: Annotated[str, typer.Option(help="Start from content, style or noise.")] = "content",
    optimizer: Annotated[str, typer.Option(help="lbfgs or adam.")] = "lbfgs",
    seed: Annotated[int, typer.Option(help="Decides the noise and the painted style.")] = 0,
    costs: Annotated[Path | None, typer.Option(help="Also write the costs of every step to this CSV file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON on standard output.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
) -> None:
    """Paint PHOTO in the manner of STYLE. Ctrl-C keeps the picture as far as it has come (exit status 130)."""
    with _sentences():
        for file in filter(None, (out, costs)):
            _refuse_overwriting(file, force)
        from nstlib import networks, pictures
        from nstlib.settings import Settings

        settings = Settings(
            size=size,
            steps=steps,
            content_layers=(content_layer,),
            layer_weights=_layer_weights(layer_weights) or preset,
            alpha=alpha,
            beta=beta,
            init=init,
            optimizer=optimizer,
            seed=seed,
        )
        content = pictures.read(photo)
        painting = _style(style, size, seed)
        history, stopped = _run(content, painting, settings, networks.load(network, settings.layers))
        if not history:
            console.print("nst: stopped before the first step; nothing was written.")
            raise typer.Exit(130)
        last = history[-1]
        pictures.write(last.picture, out, overwrite=force)
        if costs:
            _write_costs(history, costs)
    if as_json:
        typer.echo(json.dumps(_summary(history, out, stopped)))
    console.print(
        f"{'Stopped: wrote' if stopped else 'Wrote'} {out} after {last.index + 1} steps in {last.seconds:.1f} s; "
        f"J went from {history[0].total:.3g} to {last.total:.3g}.",
        highlight=False,
        soft_wrap=True,
    )
    raise typer.Exit(130 if stopped else 0)


@app.command()
def styles(
    out: Annotated[Path, typer.Option(help="Where the contact sheet goes: .png, .jpg or .webp.")] = Path("styles.png"),
    size: Annotated[int, typer.Option(help="Pixels of each picture's side.")] = 256,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Paint every built-in style on one contact sheet, and list their names."""
    with _sentences():
        _refuse_overwriting(out, force)
        from nstlib import painted, pictures

        sheet = pictures.contact_sheet({name: painted.paint(name, size) for name in painted.STYLES}, size=size)
        pictures.write(sheet, out, overwrite=force)
    typer.echo("\n".join(painted.STYLES))
    console.print(f"Wrote {out}.", highlight=False)


@app.command()
def bench(
    sizes: Annotated[str, typer.Option(help="Shorter sides to time, separated by commas.")] = "256",
    network: Annotated[str, typer.Option(help="Which networks, separated by commas.")] = "minivgg,random-vgg19",
    rounds: Annotated[int, typer.Option(help="Steps of each variant; their median counts.")] = 9,
) -> None:
    """Time one step beside a plain PyTorch loop and the bare forward and backward pass, interleaved in one run."""
    with _sentences():
        from nstlib.bench import table

        Console().print(table(network.split(","), [int(size) for size in sizes.split(",")], rounds))


@app.command()
def build(
    check: Annotated[
        bool, typer.Option("--check", help="Only say which notebooks are not what their source gives.")
    ] = False,
    execute: Annotated[
        bool, typer.Option("--execute", help="Run every notebook again, not only changed ones.")
    ] = False,
) -> None:
    """Build the notebooks from notebooks/sources/ (an author's tool: needs the extra 'test')."""
    with _sentences():
        from nstlib import build as builder

        problems = builder.check(Path.cwd()) if check else []
        for problem in problems:
            console.print(f"nst: {problem}", markup=False, highlight=False, soft_wrap=True)
        if problems:
            raise typer.Exit(1)
        for path in [] if check else builder.build(Path.cwd(), execute=execute):
            typer.echo(path)


def _refuse_overwriting(file: Path, force: bool) -> None:
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
    from nstlib import painted, pictures

    if Path(name).exists() or (name not in painted.STYLES and Path(name).suffix):
        return pictures.read(name)
    if name not in painted.STYLES:
        raise ValueError(f"{name!r} is neither a file nor a painted style; the styles are {', '.join(painted.STYLES)}.")
    return painted.paint(name, max(size, 256), seed)


def _run(content, style, settings, network) -> tuple[list, bool]:
    """Collect the steps behind a progress bar with cost and time left; say whether Ctrl-C ended it."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from nstlib.transfer import steps

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    history = []
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("J", total=settings.steps)
        try:
            for step in steps(content, style, settings, network):
                history.append(step)
                bar.update(task, advance=1, description=f"J {step.total:.3g}")
        except KeyboardInterrupt:
            return history, True
    return history, False


def _write_costs(history: list, path: Path) -> None:
    layers = list(history[0].style_costs)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with part.open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["step", "scale", "seconds", "total", "content_cost", *layers])
            for step in history:
                row = [step.index, step.scale, f"{step.seconds:.4f}", step.total, step.content_cost]
                table.writerow(row + [step.style_costs[layer] for layer in layers])
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _summary(history: list, out: Path, stopped: bool) -> dict:
    first, last = history[0], history[-1]
    return {
        "out": str(out),
        "steps": last.index + 1,
        "seconds": round(last.seconds, 3),
        "stopped": stopped,
        "total": {"first": first.total, "last": last.total},
        "content_cost": last.content_cost,
        "style_costs": last.style_costs,
    }


if __name__ == "__main__":
    sys.exit(app())
