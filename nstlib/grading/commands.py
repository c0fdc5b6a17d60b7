"""The commands for instructors: ``nst grade``, ``nst bundle new``, ``nst demo-class``."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from nstlib.errors import NstError
from nstlib.files import require_distinct
from nstlib.grading.escaping import printable
from nstlib.terminal import console, counted, say

Folder = Annotated[Path, typer.Argument(help="A folder that does not exist yet.")]
TABLES = ("canvas.csv", "moodle.csv", "gradebook.csv", "tests.csv", "report.html", "by_hand.html", "journal.jsonl")
STATUSES = {
    "graded": "graded",
    "ungraded": "to be graded again",
    "left_out": "left out",
    "rejected": "not readable",
    "no_submission": "handed in nothing",
}


def new(
    directory: Folder,
    by_hand: Annotated[bool, typer.Option(help="With the course's question that you mark by hand.")] = True,
) -> None:
    """Make a bundle: a secret, hidden tests for every question, dates and points to fill in. Keep it to yourself."""
    from nstlib.grading.bundle import bundle

    loaded = bundle.new(directory, by_hand=by_hand)
    tests = sum(map(len, loaded.tests.values()))
    bonus = sum(loaded.points[name] for name in loaded.bonus)
    worth = f"{sum(loaded.points.values()) - bonus} points" + (f", and {bonus} bonus points" if bonus else "")
    say(f"{directory} has {tests} hidden tests for {len(loaded.questions)} questions, worth {worth}.")
    say(f"Write the due dates into {directory / 'bundle.toml'} and the class into {directory / 'roster.csv'}.")


def demo_class(directory: Folder) -> None:
    """Make a class of thirty students to try the grader on: right, wrong in every known way, broken, late."""
    from nstlib.grading.demo import demo

    students = demo.make(directory)
    say(
        f"{directory / 'submissions'} has the work of {len(students)} students, {directory / 'roster.csv'} their names."
    )
    say("Make hidden tests:  nst bundle new BUNDLE --no-by-hand")
    say(f"Grade it:  nst grade {directory / 'submissions'} --bundle BUNDLE --out OUT")


def grade(
    submissions: Annotated[Path, typer.Argument(help="A folder or a .zip of what the class handed in.")],
    bundle: Annotated[Path, typer.Option(help="The folder that nst bundle new made.")],
    out: Annotated[
        Path | None, typer.Option(help="Where journal, grades, report and feedback go; needed without --rerun.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Mark only this student; may be given several times.")] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Leave this student out; may be given several times.")
    ] = None,
    exercise: Annotated[
        list[str] | None, typer.Option(help="Grade only this exercise, such as ex02; may be given several times.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Mark again what the journal has already.")] = False,
    again: Annotated[
        tuple[str, str] | None,
        typer.Option("--rerun", metavar="STUDENT QUESTION", help="Run one answer again, print its traceback, stop."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="How many submissions to mark at once.")] = min(
        4, os.cpu_count() or 1
    ),
    pattern: Annotated[str, typer.Option(help="Regular expression for the paths, with a group named student.")] = "",
    weak: Annotated[
        bool, typer.Option("--allow-weak-sandbox", help="Go on even where the jail does not hold; the report says so.")
    ] = False,
    similar: Annotated[
        bool, typer.Option("--similar", help="Note in the report which answers are equal but for names and comments.")
    ] = False,
    canvas: Annotated[
        Path | None, typer.Option(help="The gradebook that you exported from Canvas: it is filled in as canvas.csv.")
    ] = None,
    column: Annotated[str, typer.Option(help="The assignment in Canvas's gradebook, if it has several.")] = "",
    canvas_by: Annotated[
        str, typer.Option(help="Canvas's column that names students: ID, SIS User ID or SIS Login ID.")
    ] = "ID",
    moodle: Annotated[
        str,
        typer.Option(help="Write moodle.csv, which names students by this column of the roster: email or moodle_id."),
    ] = "",
    executor: Annotated[str, typer.Option(help="local, or dask together with --scheduler.")] = "local",
    scheduler: Annotated[str, typer.Option(help="The address of Dask's scheduler, such as tcp://host:8786.")] = "",
) -> None:
    """Grade a class. Exit status: 0 all graded, 1 something needs you, 2 something waits: grade again."""
    from nstlib.grading import run
    from nstlib.grading.bundle.bundle import Bundle
    from nstlib.grading.reports import lms, returns
    from nstlib.grading.rerun import rerun

    loaded = Bundle.load(bundle)
    if again:
        typer.echo(rerun(submissions, loaded, *again, pattern=pattern, weak=weak))
        return
    if out is None:
        raise NstError("Expected a folder for the grades, got none: give --out OUT.")
    # What is read must not be written over: --canvas is to name none of the tables in --out
    require_distinct({f"{name} in --out": out / name for name in TABLES}, {"--canvas": canvas})
    loaded = loaded.only(exercise) if exercise else loaded
    with _progress_bar() as progress, _stop_politely():
        graded = run.grade(
            submissions,
            loaded,
            out,
            only=only or (),
            exclude=exclude or (),
            force=force,
            jobs=jobs,
            weak=weak,
            pattern=pattern,
            similar=similar,
            marker=_marker(executor, scheduler, weak),
            progress=progress,
        )
    for sentence in lms.write(out, graded.rows, loaded, canvas=canvas, column=column, by=canvas_by, moodle_by=moodle):
        say(sentence)
    for sentence in returns.write(out, graded.rows, loaded.questions, loaded.name):
        say(sentence)
    _say_summary(graded, out, bundle)
    raise typer.Exit(graded.exit_status)


def merge(
    out: Annotated[Path, typer.Argument(help="Where the grades of the whole term go.")],
    weeks: Annotated[list[Path], typer.Argument(help="The --out folders of the runs, oldest first.")],
    bundle: Annotated[Path, typer.Option(help="The folder that nst bundle new made.")],
) -> None:
    """Put the gradebooks of several runs together: free days are counted over all of them, and nothing is run again."""
    from nstlib.grading.bundle.bundle import Bundle
    from nstlib.grading.merge import merge as put_together

    graded = put_together(out, weeks, Bundle.load(bundle))
    _say_summary(graded, out, bundle)
    raise typer.Exit(graded.exit_status)


def _marker(executor: str, scheduler: str, weak: bool):
    if executor not in ("local", "dask"):
        raise NstError(f"Expected local or dask for --executor, got {executor!r}: give one of the two.")
    if (executor == "dask") != bool(scheduler):
        raise NstError("--executor dask and --scheduler tcp://host:port need each other: give both, or neither.")
    if executor == "local":
        return None
    from nstlib.grading.marking.cluster import marker

    return marker(scheduler, weak=weak)


@contextmanager
def _progress_bar() -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn("marking"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("marking", total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)


@contextmanager
def _stop_politely() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        say("Stopped. What was marked is kept: run the same command again to go on from there.")
        raise typer.Exit(130) from None


def _say_summary(graded, out: Path, bundle: Path) -> None:
    counts = [f"{count} {text}" for status, text in STATUSES.items() if (count := graded.count(status))]
    say(f"Marked now: {counted(graded.marked_now, 'file')}. Students: {', '.join(counts)}.")
    if graded.run.weak or graded.run.escapes:
        say("The sandbox was weak: read the top of the report.", style="yellow")
    if graded.unmarked:
        say(
            f"{counted(graded.unmarked, 'answer')} to be marked by hand: read {out / 'by_hand.html'}, write the points "
            f"into the sheets in {bundle / 'marks'}, and run the same command again.",
            style="yellow",
        )
    if graded.waits:
        say(
            "Some answers are not graded yet: the report says why. Run the same command again, and what is graded is "
            "kept; or give points in overrides.csv.",
            style="yellow",
        )
    if graded.whose:
        say(
            f"It is not clear whose work this is: {', '.join(map(printable, graded.whose))}. Add a line for each "
            "student to roster.csv, such as smith,Ann Smith, begin each file's name with its student's id, and grade "
            "again.",
            style="yellow",
        )
    say(f"Read {out / 'report.html'} first; the grades are in {out / 'gradebook.csv'}.")
