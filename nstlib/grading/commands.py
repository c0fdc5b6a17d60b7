"""The commands for instructors: ``nst grade``, ``nst bundle new``, ``nst demo-class``."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from nstlib.terminal import console, say

Folder = Annotated[Path, typer.Argument(help="A folder that does not exist yet.")]


def new(directory: Folder) -> None:
    """Make a bundle: a secret, hidden tests of every question, dates and points to fill in. Keep it to yourself."""
    from nstlib.grading.bundle.bundle import new as make

    made = make(directory)
    tests, points = sum(map(len, made.tests.values())), sum(made.points.values())
    say(f"{directory} has {tests} hidden tests of {len(made.asked)} questions, worth {points} points.")
    say(f"Write the due dates into {directory / 'bundle.toml'} and the class into {directory / 'roster.csv'}.")


def demo_class(directory: Folder) -> None:
    """Make a class of thirty students to try the grader on: right, wrong in every known way, broken, late."""
    from nstlib.grading.demo.demo import make

    students = make(directory)
    say(
        f"{directory / 'submissions'} has the work of {len(students)} students, {directory / 'roster.csv'} their names."
    )
    say(f"Grade it:  nst bundle new BUNDLE  and  nst grade {directory / 'submissions'} --bundle BUNDLE --out OUT")


def grade(
    submissions: Annotated[Path, typer.Argument(help="A folder or a .zip of what the class handed in.")],
    bundle: Annotated[Path, typer.Option(help="The folder that nst bundle new made.")],
    out: Annotated[Path, typer.Option(help="Where journal, grades, report and feedback go.")],
    only: Annotated[list[str] | None, typer.Option(help="Mark this student alone; may be given again.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Leave this student out; may be given again.")] = None,
    exercise: Annotated[list[str] | None, typer.Option(help="Grade this one alone: ex02; may be given again.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Mark again what the journal has.")] = False,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Submissions at once.")] = min(4, os.cpu_count() or 1),
    pattern: Annotated[str, typer.Option(help="Regular expression with a group named student, for the paths.")] = "",
    weak: Annotated[
        bool, typer.Option("--allow-weak-sandbox", help="Go on where the jail does not hold; the report says so.")
    ] = False,
    canvas: Annotated[Path | None, typer.Option(help="Canvas's exported gradebook: canvas.csv is it, filled.")] = None,
    column: Annotated[str, typer.Option(help="The assignment in Canvas's gradebook, where it has several.")] = "",
    canvas_by: Annotated[str, typer.Option(help="ID, SIS User ID or SIS Login ID.")] = "ID",
    moodle: Annotated[str, typer.Option(help="Write moodle.csv, students named by: email or moodle_id.")] = "",
    executor: Annotated[str, typer.Option(help="local, or dask with --scheduler.")] = "local",
    scheduler: Annotated[str, typer.Option(help="Dask's scheduler: tcp://host:8786.")] = "",
) -> None:
    """Grade a class. Exit status: 0 all graded, 1 something could not be read, 2 run the same command again."""
    from nstlib.grading.bundle.bundle import Bundle
    from nstlib.grading.reports.lms import write
    from nstlib.grading.run import grade as run

    loaded = Bundle.load(bundle)
    loaded = loaded.only(exercise) if exercise else loaded
    with _bar() as told, _stoppable():
        graded = run(
            submissions,
            loaded,
            out,
            only=only or (),
            exclude=exclude or (),
            force=force,
            jobs=jobs,
            weak=weak,
            pattern=pattern,
            marker=_marker(executor, scheduler, weak),
            told=told,
        )
    for sentence in write(out, graded.rows, loaded, canvas=canvas, column=column, by=canvas_by, moodle_by=moodle):
        say(sentence)
    _summary(graded, out)
    raise typer.Exit(graded.exit_status)


def _marker(executor: str, scheduler: str, weak: bool):
    if executor not in ("local", "dask"):
        raise ValueError(f"There is no executor {executor!r}; there are local and dask.")
    if (executor == "dask") != bool(scheduler):
        raise ValueError("--executor dask needs --scheduler tcp://host:port, and nothing else does.")
    if executor == "local":
        return None
    from nstlib.grading.marking.cluster import marker

    return marker(scheduler, weak=weak)


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn("marking"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("marking", total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)


@contextmanager
def _stoppable() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        say("Stopped. What was marked is kept: the same command goes on from there.")
        raise typer.Exit(130) from None


def _summary(graded, out: Path) -> None:
    counts = {each: graded.count(each) for each in ("graded", "ungraded", "left_out", "rejected", "no_submission")}
    words = ("graded", "to be graded again", "left out", "not readable", "handed in nothing")
    told = ", ".join(f"{count} {word}" for count, word in zip(counts.values(), words, strict=True) if count)
    say(f"{graded.marked} files were marked now. Students: {told}.")
    if graded.run.weak or graded.run.escapes:
        say("The sandbox was weak: read the top of the report.", style="yellow")
    if counts["ungraded"]:
        say("Run the same command again: what is graded is kept.", style="yellow")
    say(f"Read {out / 'report.html'} first; grades are in {out / 'gradebook.csv'}.")
