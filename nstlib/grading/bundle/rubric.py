"""Questions that a person marks: rubric.csv names their criteria, and marks/QUESTION.csv holds the points given.

The grader adds a line for each answer to these sheets, and never changes one that is there.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from nstlib.grading import csv_files
from nstlib.grading.bundle.questions import Criterion, GradedQuestion
from nstlib.grading.csv_files import TableError
from nstlib.grading.escaping import normalized, printable

__all__ = ["HandMark", "Marks", "add_lines", "fingerprint", "read_marks", "read_rubric", "sheet", "shortened", "text"]

RESERVED = ("student", "answer", "comment", "line")  # a sheet's other columns, and what reading one adds to each row
NAME = "abcdefghijklmnopqrstuvwxyz0123456789_"


@dataclass(frozen=True)
class HandMark:
    """A line of a sheet: the points for each criterion, and a comment for the student."""

    points: Mapping[str, Decimal]
    comment: str = ""


# question -> (student, answer) -> what was given, None where the line is not complete
Marks = Mapping[str, Mapping[tuple[str, str], HandMark | None]]


def sheet(folder: Path, question: str) -> Path:
    """Return where the points of a question stand in the bundle `folder`."""
    return folder / "marks" / f"{question}.csv"


def fingerprint(text: str) -> str:
    """Return a few letters by which a sheet tells an answer from a later one; no spreadsheet takes them for a number.

    >>> fingerprint("Sums forget places.")
    'v4ee4cb20'
    """
    return shortened(hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest())


def shortened(digest: str) -> str:
    """Return the fingerprint of a text of which the SHA-256 is known."""
    return f"v{digest[:8]}"


def read_rubric(path: Path, tested: Mapping[str, GradedQuestion]) -> dict[str, GradedQuestion]:
    """Return the `tested` questions and those of rubric.csv, each after the others of its exercise.

    Raises TableError for a name that is taken or of no exercise, a criterion that occurs twice, and odd points.
    """
    rows = csv_files.read(path, ("question", "criterion", "points"), ("description",)) if path.exists() else []
    exercises = list(dict.fromkeys(_exercise(name) for name in tested))
    criteria: dict[str, list[Criterion]] = {}
    for row in rows:
        where, name, criterion = f"{path.name}, line {row['line']}", row["question"], row["criterion"]
        exercise, _, rest = name.partition(".")
        if exercise not in exercises or not rest or set(rest) - set(NAME) or name in tested:
            raise TableError(
                f"{where}: expected a new name such as {exercises[0]}.essay, of small letters, for a question of "
                f"{', '.join(exercises)}, got {printable(name)!r}. Correct it."
            )
        known = [normalized(other.name) for other in criteria.get(name, ())]
        if not criterion or csv_files.cell(criterion) != criterion or normalized(criterion) in (*RESERVED, *known):
            raise TableError(
                f"{where}: expected a criterion that {name} does not have yet, and none of {', '.join(RESERVED)}, got "
                f"{printable(criterion)!r}. Rename it."
            )
        if set(criterion) & set(",;"):  # by which the columns of a sheet are told apart
            raise TableError(
                f"{where}: expected a criterion without a comma or semicolon, since it becomes a column's heading, got "
                f"{printable(criterion)!r}. Rename it."
            )
        points = csv_files.number(path, row, "points")
        if points != int(points) or not points:
            raise TableError(f"{where}: expected a whole number of points, 1 or more, got {points}. Correct it.")
        criteria.setdefault(name, []).append(Criterion(criterion, int(points), row.get("description", "")))
    questions = [*tested.values(), *(_question(name, found) for name, found in criteria.items())]
    return {question.id: question for question in sorted(questions, key=lambda one: exercises.index(_exercise(one.id)))}


def text(questions: Iterable) -> str:
    """Return rubric.csv for the course's own questions that are marked by hand."""
    heads = ["question", "criterion", "points", "description"]
    rows = [(question.id, one.name, one.points, one.description) for question in questions for one in question.by]
    return csv_files.text(heads, rows)


def read_marks(folder: Path, questions: Iterable[GradedQuestion]) -> Marks:
    """Return what the sheets in a bundle say; an answer is marked once each criterion has its points.

    Raises TableError for a missing column, points that no criterion has, and two lines for one answer.
    """
    return {one.id: _read_sheet(sheet(folder, one.id), one) for one in questions if one.criteria}


def add_lines(path: Path, question: GradedQuestion, answers: Iterable[tuple[str, str]]) -> int:
    """Add a line for each (student, answer) that the sheet does not have; return how many. What is there stays.

    In a sheet without the column "answer" a line is about any answer of its student.
    """
    known = _read_sheet(path, question)
    new = [pair for pair in answers if find(known, *pair) is None]
    if not new:
        return 0
    path.parent.mkdir(exist_ok=True)
    names = ["student", "answer", *(criterion.name for criterion in question.criteria), "comment"]
    before = path.read_bytes() if path.exists() else csv_files.text(names, ()).encode()
    first = before.decode("utf-8-sig").partition("\n")[0]
    delimiter, newline = csv_files.delimiter(first), "\r\n" if first.endswith("\r") else "\n"
    heading = [name.strip().lower() for name in next(csv.reader([first.strip()], delimiter=delimiter))]
    out = io.StringIO()
    writer = csv.DictWriter(
        out, heading, restval="", extrasaction="ignore", delimiter=delimiter, lineterminator=newline
    )
    writer.writerows({"student": csv_files.cell(student), "answer": answer} for student, answer in new)
    joint = b"" if before.endswith(b"\n") else newline.encode()
    csv_files.write(path, before + joint + out.getvalue().encode())
    return len(new)


def find(marks: Mapping, student: str, answer: str, *, any_text: bool = True) -> tuple[str, str] | None:
    """Return the line of a sheet that is about this answer; one without a fingerprint is about any of the student's.

    any_text: whether such a line counts.
    """
    name = normalized(csv_files.cell(student))
    keys = [(name, answer), *([(name, "")] if any_text else [])]
    return next((key for key in keys if key in marks), None)


def _read_sheet(path: Path, question: GradedQuestion) -> dict[tuple[str, str], HandMark | None]:
    names = [criterion.name.lower() for criterion in question.criteria]
    rows = csv_files.read(path, ("student", *names), ("answer", "comment")) if path.exists() else []
    keys = [(normalized(row["student"]), row.get("answer", "")) for row in rows]
    csv_files.require_unique(path, keys, rows, "answer")
    return {key: _mark(path, row, question) for key, row in zip(keys, rows, strict=True)}


def _mark(path: Path, row: dict, question: GradedQuestion) -> HandMark | None:
    points = {}
    for criterion in question.criteria:
        column = criterion.name.lower()
        if not row[column]:
            continue
        points[criterion.name] = csv_files.number(path, row, column)
        if points[criterion.name] > criterion.points:
            raise TableError(
                f"{path.name}, line {row['line']}: {criterion.name} has {criterion.points} points, and {row[column]} "
                "are given. Give fewer, or raise the points in rubric.csv."
            )
    return HandMark(points, row.get("comment", "")) if len(points) == len(question.criteria) else None


def _question(name: str, criteria: Sequence[Criterion]) -> GradedQuestion:
    points = sum(criterion.points for criterion in criteria)
    return GradedQuestion(name, "", "", points, frozenset(), 0.0, False, {}, {}, (), tuple(criteria))


def _exercise(question: str) -> str:
    return question.partition(".")[0]
