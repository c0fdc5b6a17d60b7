"""The command ``nst train``. What it needs it imports when it runs, so that ``nst --help`` answers at once."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nstlib.errors import NstError
from nstlib.terminal import console, counted, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nstlib.feedforward import TrainingStep

SHOWN = 100  # steps whose mean J is shown
LINE_EVERY = 500  # steps, where there is no bar


# Those defaults shown here, which must not load torch, are compared by a test.
def train(
    style: Annotated[
        str,
        typer.Argument(metavar="STYLE", help="A picture file, or the name of a style or painting (see nst styles)."),
    ],
    out: Annotated[Path, typer.Option(help="Where the trained network goes: a .safetensors file.")],
    photos: Annotated[
        Path | None,
        typer.Option(help="A folder of photos to learn from, in place of scikit-image's samples."),
    ] = None,
    minutes: Annotated[float | None, typer.Option(min=0.1, help="How long to train, about.", show_default="15")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="How many steps to train, in place of --minutes.")] = None,
    size: Annotated[int, typer.Option(help="Shorter side of photos and style, for which strokes are learned.")] = 256,
    beta: Annotated[float, typer.Option(help="Weight of the style cost.")] = 10.0,
    seed: Annotated[int, typer.Option(help="Decides the first weights, the crops and the painted style.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Train a network that paints any photo in the manner of STYLE in one pass.

    Paint with it by nst stylize PHOTO OUT --out PICTURE, where OUT is the file that this command wrote.

    Ctrl-C keeps the network as far as it has come (exit status 130), and so does anything else that stops the training.
    """
    from dataclasses import replace

    from nstlib import feedforward, files
    from nstlib.feedforward.files import SUFFIX
    from nstlib.stylizing.commands import style_picture

    if minutes and steps:
        raise NstError("Expected --minutes or --steps, got both: leave one of them out.")
    if out.suffix.lower() != SUFFIX:
        raise NstError(f"Expected a name that ends in {SUFFIX}, got --out '{out}': add the ending.")
    files.require_distinct({"the style": style}, {"--out": out})
    out = files.require_writable(out, overwrite=force)
    recipe = feedforward.Recipe()
    settings = replace(recipe.settings, size=size, beta=beta, seed=seed)
    recipe = replace(recipe, settings=settings, steps=steps or recipe.steps, crop=min(recipe.crop, size // 4 * 4))
    painting = style_picture(style, settings)
    if photos:
        shown, complaints = feedforward.folder_photos(photos, size, seed)
        source = f"{counted(len(shown), 'photo')} of the folder {photos.name}"
    else:
        shown, complaints, source = feedforward.sample_photos(size), [], "scikit-image's samples"
    for complaint in complaints:
        say(f"Left out: {complaint}")
    if not steps:
        wanted = feedforward.steps_within(60 * (minutes or 15), shown, painting, recipe)
        recipe = replace(recipe, steps=wanted)
        say(f"{wanted} steps fit into the time; --steps {wanted} trains as many again.")
    last, mean, fault = _follow(feedforward.training_steps(shown, painting, recipe), recipe.steps)
    stopped = isinstance(fault, KeyboardInterrupt)
    if last is None:
        if not stopped:
            raise fault
        say("nst: stopped before the first step; nothing was written.")
        raise typer.Exit(130)
    about = feedforward.About(
        style=style,
        steps=last.index + 1,
        seed=seed,
        size=size,
        crop=recipe.crop,
        alpha=settings.alpha,
        beta=beta,
        chroma_smoothness=settings.chroma_smoothness,
        photos=source,
    )
    feedforward.save(last.generator, about, out)
    say(
        f"{'Stopped: wrote' if fault else 'Wrote'} {out} after {counted(last.index + 1, 'step')} in "
        f"{last.seconds / 60:.1f} minutes; J of the last crops is {mean:.3g} in the mean. It paints by: "
        f"nst stylize PHOTO {out} --out OUT"
    )
    if fault and not stopped:
        raise fault
    raise typer.Exit(130 if stopped else 0)


def _follow(run: "Iterator[TrainingStep]", total: int) -> "tuple[TrainingStep | None, float, BaseException | None]":
    """Run a training to its end, or until something stops it, behind a bar that shows the mean J of the last steps.

    Returns the last step, that mean, and what stopped it: Ctrl-C, a fault, or nothing.
    """
    import statistics
    from collections import deque

    from rich.progress import Progress

    from nstlib.stylizing.painting import COLUMNS

    last, recent, stopper = None, deque(maxlen=SHOWN), None
    with Progress(*COLUMNS, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("J", total=total)
        try:
            for last in run:
                recent.append(last.total)
                told = f"J {statistics.mean(recent):.3g}"
                bar.update(task, completed=last.index + 1, description=told)
                if not console.is_terminal and (last.index + 1) % LINE_EVERY == 0:
                    say(f"{last.index + 1} of {total} steps, {told}")
        except (KeyboardInterrupt, Exception) as fault:
            stopper = fault
    return last, statistics.mean(recent) if recent else 0.0, stopper
