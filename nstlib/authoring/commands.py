"""The commands for authors: ``nst build``, ``nst release``, ``nst misconceptions``."""

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from nstlib.terminal import say


def build(
    names: Annotated[
        list[str] | None, typer.Argument(help="How notebooks' names begin, such as 03 or ex02; all if you name none.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only say which notebooks differ from their source.")] = False,
    execute: Annotated[
        bool, typer.Option("--execute", help="Run every notebook again, not only changed ones.")
    ] = False,
    nbgrader: Annotated[
        Path | None, typer.Option(help="Only write the exercises into this folder, as a course for nbgrader.")
    ] = None,
) -> None:
    """Build the lessons and exercises from their sources (an author's tool: needs the extra 'test')."""
    from nstlib.authoring import build as builder

    if nbgrader:
        for path in builder.nbgrader(Path.cwd(), nbgrader):
            typer.echo(path)
        say(
            "nbgrader runs these checks in the student's own process, with cases that everybody can read: it has no "
            "hidden tests, and trusts the notebook. Those of a bundle are not put there, since any answer could read "
            "and print them in that process. For hidden tests and a jail, use nst grade."
        )
        raise typer.Exit
    problems = builder.check(Path.cwd()) if check else []
    for problem in problems:
        say(f"nst: {problem}")
    if problems:
        raise typer.Exit(1)
    for path in [] if check else builder.build(Path.cwd(), names or (), execute=execute):
        typer.echo(path)


def release(
    directory: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
    address: Annotated[str, typer.Option(help="The repository from which students install, https://…")] = "",
) -> None:
    """Write what a class is handed: exercises with stubs, lessons, a page that says what to do, and a zip of them."""
    from nstlib.authoring.release import release as write

    files = write(Path.cwd(), directory, address)
    say(f"{directory} and {directory.with_name(directory.name + '.zip')} have {len(files)} files: hand out the zip.")
    if not address:
        say("Write into its README.md from where students install nstlib, or give --address and write it again.")


def misconceptions(
    exercise: Annotated[
        str, typer.Argument(help="An exercise or question, such as ex02 or ex02.gram; all if you name none.")
    ] = "",
    slips: Annotated[bool, typer.Option(help="Also make each slip in the right answers; takes minutes.")] = True,
) -> None:
    """Run every known mistake through its question's check, and print what the check says to it.

    Then make every single slip in the right answer, and count what is said: a known mistake is named, an exact factor
    is written in symbols, a pattern is described, a slip is found by making it, the stage is shown at which a program
    to repair first goes another way, or nothing is known. Errors, of which the learner sees Python's message and the
    line, and slips that change nothing are left out of the share explained; the last table lists the latter.
    """
    from rich.table import Table

    from nstlib.checks import all_questions

    chosen = [question for name, question in all_questions().items() if name.startswith(exercise)]
    if not chosen:
        say(f"nst: There is no exercise or question {exercise!r}: choose from {', '.join(all_questions())}.", "red")
        raise typer.Exit(1)
    table = Table("question", "mistake", "diagnosed as", "points", "message", "reread", "evidence")
    misdiagnosed = 0
    for question in chosen:
        for mistake in question.misconceptions:
            result = question.examine(mistake.function)
            misdiagnosed += result.misconception != mistake.id
            points = f"{result.points} of {result.of}"
            words = (result.lines[-1], str(question.place(mistake.id)), mistake.evidence)
            table.add_row(question.id, mistake.id, result.misconception, points, *words)
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    typer.echo(
        f"{sum(len(question.misconceptions) for question in chosen)} mistakes, {misdiagnosed} not known by their name"
    )
    if slips:
        for shown in _slips(chosen):
            Console(width=None if sys.stdout.isatty() else 200).print(shown)
    raise typer.Exit(1 if misdiagnosed else 0)


def _slips(questions):
    """Return two tables: what the checks say to systematic slips, and the slips that change nothing."""
    from rich.table import Table

    from nstlib.authoring.mutation import COLUMNS, Count, count

    table = Table(
        "question", *COLUMNS, "explained", title="Each single slip in the right answer, and what is said to it"
    )
    equivalent = Table("question", "slip", "times", title="Slips after which the answer is as right as before")
    total = Count("all")
    for question in questions:
        found = count(question)
        total.by_outcome += found.by_outcome
        table.add_row(*_cells(found))
        for change, times in Counter(found.equivalent).items():
            equivalent.add_row(question.id, change, str(times))
    table.add_section()
    table.add_row(*_cells(total))
    return table, equivalent


def _cells(found) -> list[str]:
    from nstlib.authoring.mutation import COLUMNS, EXPLAINED

    return [found.question, *(str(found.by_outcome[name]) for name in COLUMNS), f"{found.share(*EXPLAINED):.0%}"]
