"""What the instructor writes: bundle.toml, roster.csv, extensions.csv, overrides.csv. A slip in them is a sentence."""

import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

from nstlib.grading import csv_files
from nstlib.grading.bundle.lateness import ANY, MOST_DAYS, Extension, Policy
from nstlib.grading.csv_files import TableError
from nstlib.grading.escaping import normalized, printable

__all__ = ["EMPTY", "Override", "Student", "extensions", "overrides", "policy", "require_known", "roster", "toml"]

EMPTY = {  # the tables of a new bundle
    "roster.csv": "student,name,email,canvas_id,moodle_id\n",
    "extensions.csv": "student,exercise,days,reason\n",
    "overrides.csv": "student,question,points,reason,comment\n",
    "rubric.csv": "question,criterion,points,description\n",
}
TOML = """\
# The hidden tests of a class. Whoever has this folder can forge every grade: keep it to yourself.
# Make a new one each term: then nothing that students learned about its tests helps anybody.
name = "{name}"
created = {created}

[late]
timezone = "UTC"          # of the due dates, for example "Europe/Berlin"
# due = 2027-01-31T23:59:00
grace_minutes = 0
percent_per_day = 0       # taken off an exercise's points for each day late that has begun
free_days = 0             # for each student, over all exercises
cap_percent = 100         # the most that is taken off

[late.due_by_exercise]    # due dates of single exercises
# ex02 = 2027-02-07T23:59:00

[points]
{points}
"""


LARGEST = 10**6  # of a number in [late]


@dataclass(frozen=True)
class Student:
    """A row of roster.csv; everything but the id may be empty."""

    id: str
    name: str = ""
    email: str = ""
    canvas_id: str = ""
    moodle_id: str = ""


@dataclass(frozen=True)
class Override:
    """The points that a student gets for a question, whatever the grader and the calendar say.

    reason: for the instructor. comment: for the student. line: where it stands in overrides.csv, for messages.
    """

    student: str
    question: str
    points: Decimal
    reason: str = ""
    comment: str = ""
    line: int = field(default=0, compare=False)


def toml(name: str, created: date, points: Mapping[str, int], bonus: Collection[str] = ()) -> str:
    """Return the text of a new bundle.toml; `bonus`: the questions whose points come on top."""
    note = {question: "  # a bonus, on top of all others" for question in bonus}
    lines = "\n".join(f'"{question}" = {number}{note.get(question, "")}' for question, number in points.items())
    return TOML.format(name=name, created=created.isoformat(), points=lines)


def read_toml(path: Path) -> dict:
    """Read bundle.toml; raises TableError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise TableError(f"{path.name} cannot be read ({fault.strerror}). Check that you may read it.") from None
    except ValueError as fault:
        raise TableError(f"{path.name} is not valid TOML: {fault}. Correct it there.") from None


def policy(late: Mapping, granted: Iterable[Extension] = ()) -> Policy:
    """Turn bundle.toml's [late] into a Policy; raises TableError for a setting that it does not know or understand."""
    known = {"timezone", "due", "grace_minutes", "percent_per_day", "free_days", "cap_percent", "due_by_exercise"}
    if unknown := sorted(set(late) - known):
        raise TableError(
            f"bundle.toml, [late] has no setting {unknown[0]!r}; it has {', '.join(sorted(known))}. Correct the name."
        )
    dates = {ANY: late.get("due"), **late.get("due_by_exercise", {})}
    try:
        return Policy(
            due={exercise: _due(value) for exercise, value in dates.items() if value},
            zone=late.get("timezone", "UTC"),
            grace=timedelta(minutes=float(_setting(late, "grace_minutes", 0))),
            per_day=_setting(late, "percent_per_day", 0),
            free_days=int(_setting(late, "free_days", 0)),
            cap=_setting(late, "cap_percent", 100),
            extensions=tuple(granted),
        )
    except ZoneInfoNotFoundError:
        raise TableError(
            f"bundle.toml, [late]: this computer knows no time zone {late['timezone']!r}. "
            "Write one such as Europe/Berlin."
        ) from None
    except TableError:  # which names file and table already
        raise
    except (ValueError, TypeError, InvalidOperation) as fault:
        raise TableError(f"bundle.toml, [late]: {fault}") from None


def roster(path: Path) -> tuple[Student, ...]:
    """Read the class list; a missing file is an empty list."""
    rows = csv_files.read(path, ("student",), ("name", "email", "canvas_id", "moodle_id")) if path.exists() else []
    csv_files.require_unique(path, [(normalized(row["student"]),) for row in rows], rows)
    return tuple(
        Student(row["student"], *(row.get(key, "") for key in Student.__annotations__ if key != "id")) for row in rows
    )


def extensions(path: Path) -> tuple[Extension, ...]:
    """Read who has more time; a missing file means nobody."""
    rows = csv_files.read(path, ("student", "days"), ("exercise", "reason")) if path.exists() else []
    for row in rows:
        if csv_files.number(path, row, "days") > MOST_DAYS:
            raise TableError(
                f"{path.name}, line {row['line']}: expected 0 to {MOST_DAYS} days, got {row['days']}. Correct it."
            )
    return tuple(
        Extension(
            student=row["student"],
            days=csv_files.number(path, row, "days"),
            exercise=row.get("exercise", ANY),
            reason=row.get("reason", ""),
            line=row["line"],
        )
        for row in rows
    )


def require_known(exercises: set[str], roster: Sequence[Student], late: Policy, overrides: Sequence[Override]) -> None:
    """Raise TableError for an exercise that does not exist, and for a student who is not in the class list, if any."""
    mentions = [("bundle.toml, [late.due_by_exercise]", exercise) for exercise in late.due]
    mentions += [(f"extensions.csv, line {extension.line},", extension.exercise) for extension in late.extensions]
    for where, exercise in mentions:
        if exercise not in (*exercises, ANY):
            raise TableError(
                f"{where} names the exercise {printable(exercise)!r}; the bundle has {', '.join(sorted(exercises))}. "
                "Correct the name."
            )
    ids = {normalized(student.id) for student in roster}
    mentions = [(f"extensions.csv, line {extension.line},", extension.student) for extension in late.extensions]
    mentions += [(f"overrides.csv, line {override.line},", override.student) for override in overrides]
    for where, student in mentions if ids else ():
        if normalized(student) not in ids:
            raise TableError(
                f"{where} names {printable(student)!r}, who is not in roster.csv. Correct the name, or add the student."
            )


def overrides(path: Path, questions: Mapping[str, int]) -> tuple[Override, ...]:
    """Read the points that the instructor gave; `questions`: the bundle's, name -> points.

    Raises TableError for an unknown question, for more points than the question has, and for a missing reason.
    """
    rows = csv_files.read(path, ("student", "question", "points", "reason"), ("comment",)) if path.exists() else []
    for row in rows:
        where = f"{path.name}, line {row['line']}"
        if row["question"] not in questions:
            raise TableError(
                f"{where}: there is no question {printable(row['question'])!r}. Write one of "
                f"{', '.join(sorted(questions))}."
            )
        if csv_files.number(path, row, "points") > questions[row["question"]]:
            raise TableError(
                f"{where}: {row['question']} has {questions[row['question']]} points, and {row['points']} are given. "
                "Give fewer, or raise the points of the question in bundle.toml."
            )
        if not row["reason"]:
            raise TableError(f"{where}: the reason is missing. Write one: next term you will want to read it.")
    csv_files.require_unique(path, [(normalized(row["student"]), row["question"]) for row in rows], rows)
    return tuple(
        Override(
            row["student"],
            row["question"],
            csv_files.number(path, row, "points"),
            row["reason"],
            row.get("comment", ""),
            row["line"],
        )
        for row in rows
    )


def _setting(late: Mapping, name: str, default: int) -> Decimal:
    value = late.get(name, default)
    try:
        number = Decimal(str(value))
        if not number.is_finite() or number > LARGEST:
            raise InvalidOperation
        return number
    except InvalidOperation:
        raise TableError(
            f"bundle.toml, [late]: expected a number up to {LARGEST} for {name}, got {value!r}. "
            f"Write one such as {name} = {default}."
        ) from None


def _due(value) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(23, 59, 59))
    try:
        return value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise TableError(
            f"bundle.toml, [late]: expected a date, got {value!r}: write one such as 2027-01-31T23:59:00."
        ) from None
