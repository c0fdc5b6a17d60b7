"""What the instructor writes: bundle.toml, roster.csv, extensions.csv, overrides.csv. Mistakes in it are sentences."""

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

from nstlib.grading import csv_files
from nstlib.grading.bundle.lateness import ANY, Extension, Policy
from nstlib.grading.csv_files import TableError
from nstlib.grading.escaping import normalized, printable

__all__ = ["EMPTY", "Override", "Student", "extensions", "overrides", "policy", "require_known", "roster", "toml"]

EMPTY = {  # the tables of a new bundle
    "roster.csv": "student,name,email,canvas_id,moodle_id\n",
    "extensions.csv": "student,exercise,days,reason\n",
    "overrides.csv": "student,question,points,reason\n",
}
TOML = """\
# The hidden tests of a class. Who has this folder can forge every grade: keep it to yourself.
# Make a new one each term: what students learned of its tests is then worth nothing.
name = "{name}"
created = {created}

[late]
timezone = "UTC"          # of the due dates, such as "Europe/Berlin"
# due = 2027-01-31T23:59:00
grace_minutes = 0
percent_per_day = 0       # taken off an exercise's points for each day begun
free_days = 0             # for each student, over all exercises
cap_percent = 100         # the most that is taken off

[late.due_by_exercise]    # where an exercise has a due date of its own
# ex02 = 2027-02-07T23:59:00

[points]
{points}
"""


@dataclass(frozen=True)
class Student:
    """A row of roster.csv; all but the id may be empty."""

    id: str
    name: str = ""
    email: str = ""
    canvas_id: str = ""
    moodle_id: str = ""


@dataclass(frozen=True)
class Override:
    """The points that a student has for a question, whatever the grader and the calendar say."""

    student: str
    question: str
    points: Decimal
    reason: str = ""


def toml(name: str, created: date, points: Mapping[str, int]) -> str:
    """Write a new bundle.toml."""
    lines = "\n".join(f'"{question}" = {number}' for question, number in points.items())
    return TOML.format(name=name, created=created.isoformat(), points=lines)


def read_toml(path: Path) -> dict:
    """Read bundle.toml as it is."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise TableError(f"{path.name} cannot be read: {fault.strerror}.") from None
    except ValueError as fault:
        raise TableError(f"{path.name} is not TOML: {fault}.") from None


def policy(late: Mapping, granted: Iterable[Extension] = ()) -> Policy:
    """Turn bundle.toml's [late] into a Policy; raises TableError for what it does not know."""
    known = {"timezone", "due", "grace_minutes", "percent_per_day", "free_days", "cap_percent", "due_by_exercise"}
    if unknown := sorted(set(late) - known):
        raise TableError(f"[late] of bundle.toml has no {unknown[0]!r}; it has {', '.join(sorted(known))}.")
    dates = {ANY: late.get("due"), **late.get("due_by_exercise", {})}
    try:
        return Policy(
            due={exercise: _due(value) for exercise, value in dates.items() if value},
            zone=late.get("timezone", "UTC"),
            grace=timedelta(minutes=float(late.get("grace_minutes", 0))),
            per_day=Decimal(str(late.get("percent_per_day", 0))),
            free_days=int(late.get("free_days", 0)),
            cap=Decimal(str(late.get("cap_percent", 100))),
            extensions=tuple(granted),
        )
    except ZoneInfoNotFoundError:
        raise TableError(
            f"timezone = {late['timezone']!r} is not known here; write one such as Europe/Berlin."
        ) from None
    except (ValueError, TypeError, InvalidOperation) as fault:
        raise TableError(f"[late] of bundle.toml: {fault}") from None


def roster(path: Path) -> tuple[Student, ...]:
    """Read the class list; a missing file is an empty one."""
    rows = csv_files.read(path, ("student",), ("name", "email", "canvas_id", "moodle_id")) if path.exists() else []
    _once(path, [(normalized(row["student"]),) for row in rows], rows)
    return tuple(
        Student(row["student"], *(row.get(key, "") for key in Student.__annotations__ if key != "id")) for row in rows
    )


def extensions(path: Path) -> tuple[Extension, ...]:
    """Read who has more time."""
    rows = csv_files.read(path, ("student", "days"), ("exercise", "reason")) if path.exists() else []
    return tuple(
        Extension(row["student"], _number(path, row, "days"), row.get("exercise", ANY), row.get("reason", ""))
        for row in rows
    )


def require_known(exercises: set[str], students: Sequence[Student], late: Policy, given: Sequence[Override]) -> None:
    """Raise TableError for an exercise that is none, and for a student who is not in a class list that there is."""
    named = [(f"[late.due_by_exercise] of bundle.toml names {each!r}", each) for each in late.due if each != ANY]
    named += [
        (f"extensions.csv names the exercise {each.exercise!r}", each.exercise)
        for each in late.extensions
        if each.exercise != ANY
    ]
    for told, exercise in named:
        if exercise not in exercises:
            raise TableError(f"{told}; there are {', '.join(sorted(exercises))}.")
    known = {normalized(each.id) for each in students}
    named = [("extensions.csv", each.student) for each in late.extensions]
    named += [("overrides.csv", each.student) for each in given]
    for table, student in named if known else ():
        if normalized(student) not in known:
            raise TableError(f"{table} names {printable(student)!r}, who is not in roster.csv. Correct one of them.")


def overrides(path: Path, questions: Mapping[str, int]) -> tuple[Override, ...]:
    """Read the points that the instructor gave; each needs a reason, and a question of the bundle: name -> points."""
    rows, known = (
        (csv_files.read(path, ("student", "question", "points", "reason")) if path.exists() else []),
        set(questions),
    )
    for row in rows:
        if row["question"] not in known:
            raise TableError(
                f"{path.name}, line {row['line']}: there is no question {printable(row['question'])!r}; "
                f"there are {', '.join(sorted(known))}."
            )
        if _number(path, row, "points") > questions[row["question"]]:
            raise TableError(
                f"{path.name}, line {row['line']}: {row['question']} has {questions[row['question']]} points, and "
                f"{row['points']} are given. For more, raise its points in bundle.toml."
            )
        if not row["reason"]:
            raise TableError(f"{path.name}, line {row['line']}: write a reason; it is what you will read next term.")
    _once(path, [(normalized(row["student"]), row["question"]) for row in rows], rows)
    return tuple(Override(row["student"], row["question"], _number(path, row, "points"), row["reason"]) for row in rows)


def _due(value) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(23, 59, 59))
    try:
        return value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise TableError(
            f"[late] of bundle.toml: {value!r} is no date. Write one such as 2027-01-31T23:59:00."
        ) from None


def _number(path: Path, row: dict, column: str) -> Decimal:
    said = row[column].replace(",", ".")
    try:
        number = Decimal(said)
    except InvalidOperation:
        number = Decimal("nan")
    if not math.isfinite(number) or number < 0 or number > 10**6:
        raise TableError(
            f"{path.name}, line {row['line']}: {column} is {printable(row[column])!r}; write a number of 0 or more."
        )
    return number


def _once(path: Path, keys: list[tuple], rows: list[dict]) -> None:
    seen: dict[tuple, int] = {}
    for key, row in zip(keys, rows, strict=True):
        if not key[0]:
            raise TableError(f"{path.name}, line {row['line']}: the student is missing.")
        if key in seen:
            raise TableError(f"{path.name}, line {row['line']} says the same student again as line {seen[key]}.")
        seen[key] = row["line"]
