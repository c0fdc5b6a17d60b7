"""Grades for learning platforms: one column of the gradebook that Canvas exports, and a table that Moodle imports.

Only ids, numbers and our own words are written. Students without a grade (nothing submitted, unreadable, not graded
yet) are left as they are, and named: we send no platform a zero that nobody looked at.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nstlib.errors import NstError
from nstlib.grading import csv_files
from nstlib.grading.bundle.bundle import Bundle
from nstlib.grading.bundle.classroom import Student
from nstlib.grading.escaping import normalized, printable
from nstlib.grading.records.gradebook import Row, format_points
from nstlib.terminal import counted

__all__ = ["LmsError", "Upload", "canvas_csv", "moodle_csv", "write"]

IDENTIFIERS = ("ID", "SIS User ID", "SIS Login ID")
NO_ASSIGNMENT = ("student", "id", "sis user id", "sis login id", "integration id", "root account", "section")
NO_STUDENT = ("points possible", "manual posting")  # in place of a name, in rows that are not students
NUMBER = re.compile(r" \(\d+\)\s*$")  # what Canvas adds to an assignment's name
UNGRADED = {
    "ungraded": "Not graded yet",
    "left_out": "Left out of this run",
    "rejected": "Not readable",
    "no_submission": "Nothing submitted",
}


class LmsError(NstError):
    """The platform's file cannot be filled; the message says what is wrong with it."""


@dataclass(frozen=True)
class Upload:
    """data: the file to upload. count: the grades in it. notes: sentences that the instructor should read."""

    data: bytes
    count: int
    notes: tuple[str, ...] = ()


def write(
    out: Path, rows: Sequence[Row], bundle: Bundle, *, canvas: Path | None, column: str, by: str, moodle_by: str
) -> list[str]:
    """Write canvas.csv and moodle.csv, those that are asked for, into a folder; return sentences about them."""
    uploads = {}
    if canvas is not None:
        uploads["canvas.csv"] = canvas_csv(_read(canvas), rows, bundle.roster, column, by)
    if moodle_by:
        uploads["moodle.csv"] = moodle_csv(rows, bundle.roster, bundle.points, moodle_by)
    sentences = []
    for name, upload in uploads.items():
        csv_files.write(out / name, upload.data)
        sentences += [f"{out / name}: grades of {counted(upload.count, 'student')}.", *upload.notes]
    return sentences


def canvas_csv(
    template: bytes, rows: Iterable[Row], roster: Sequence[Student], column: str = "", by: str = "ID"
) -> Upload:
    """Fill one assignment's column in the gradebook that Canvas exported, and leave every other cell as it is.

    column: the assignment, with or without the number that Canvas adds; needed where there are several. by: the column
    in which students are found, by the roster's canvas_id if the column has it, otherwise by the student's id.
    """
    table = _Table.read(template)
    rows = list(rows)
    heading = table.cells[0] if table.cells else []
    if by not in heading or heading[0].strip() != "Student":
        raise LmsError(
            f"The template has no column {by!r}, or does not begin with Student. Export the gradebook in Canvas "
            f"and give that file; students are found by {', '.join(IDENTIFIERS)}."
        )
    index, key = _assignment(heading, column), heading.index(by)
    listed = {normalized(cells[key]) for cells in table.cells[1:] if len(cells) > key}
    canvas_ids = {normalized(student.id): student.canvas_id for student in roster}
    grades, notes = _grades(rows, {id_: other for id_, other in canvas_ids.items() if normalized(other) in listed})
    decimal_comma = False
    seen: set[str] = set()
    for line, cells in enumerate(table.cells[1:], 2):
        if len(cells) <= max(index, key):
            continue
        if "(read only)" in cells[index]:
            raise LmsError(f"Canvas computes {printable(heading[index])!r} itself. Name an assignment with --column.")
        if not _is_student(cells):
            decimal_comma = decimal_comma or "," in cells[index]
            notes += _other_maximum(cells[index], grades)
            continue
        identifier = normalized(cells[key])
        if identifier and identifier in seen:
            raise LmsError(f"The template has {printable(cells[key])!r} twice under {by}, again in line {line}.")
        seen.add(identifier)
        if identifier in grades:
            grade = format_points(grades[identifier].total)
            cells[index] = grade.replace(".", ",") if decimal_comma else grade
    if missing := [grades[identifier].student for identifier in sorted(set(grades) - seen)]:
        notes.append(f"Not in the template under {by}: {_listed(missing)}. Write their canvas_id into roster.csv.")
    known = {normalized(row.student) for row in rows} | {normalized(canvas_id) for canvas_id in canvas_ids.values()}
    students = [cells for cells in table.cells[1:] if len(cells) > key and cells[key] and _is_student(cells)]
    if unknown := [cells[0] for cells in students if normalized(cells[key]) not in known]:
        notes.append(f"In the template but not among your students, so left as they are: {_listed(unknown)}.")
    return Upload(table.data(), len(seen & set(grades)), tuple(notes))


def moodle_csv(rows: Iterable[Row], roster: Sequence[Student], points: Mapping[str, int], by: str = "email") -> Upload:
    """Write a table for Moodle's grade import.

    Grade and comment are in one table: Moodle drops the grades when comments come alone. by: "email", in the case that
    Moodle itself has, or "moodle_id", the ID number. Both are looked up in the roster; a student without a moodle_id
    there is named by their id.
    """
    if by not in ("email", "moodle_id"):
        raise LmsError(f"Moodle finds students by email or moodle_id, not by {by!r}.")
    identifiers = {normalized(student.id): getattr(student, by) for student in roster}
    grades, notes = _grades(rows, {})
    lines = []
    unusable = []
    for row in grades.values():
        identifier = identifiers.get(normalized(row.student), "") or (row.student if by == "moodle_id" else "")
        if not identifier or csv_files.cell(identifier) != identifier:  # changed, it would be somebody else or nobody
            unusable.append(row.student)
            continue
        lines.append((identifier, float(row.total), _comment(row, points)))
    if unusable:
        notes.append(f"Without a usable {by} in roster.csv: {_listed(unusable)}.")
    heading = ("Email address" if by == "email" else "ID number", "Grade", "Feedback comments")
    return Upload(csv_files.text(heading, lines).encode(), len(lines), tuple(notes))


@dataclass(frozen=True)
class _Table:
    """The cells of a CSV file, and what it takes to write all others back as they were."""

    cells: list[list[str]]
    bom: bytes
    delimiter: str
    newline: str
    is_ended: bool

    @classmethod
    def read(cls, template: bytes) -> "_Table":
        bom = b"\xef\xbb\xbf" if template.startswith(b"\xef\xbb\xbf") else b""
        try:
            text = template[len(bom) :].decode()
        except UnicodeDecodeError:
            raise LmsError("The template is not in UTF-8. Give the file as Canvas exports it, unopened.") from None
        first = text.partition("\n")[0]
        delimiter = ";" if first.count(";") > first.count(",") else ","
        try:
            cells = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        except csv.Error as fault:
            raise LmsError(
                f"The template is not a CSV file: {fault}. Give the file as Canvas exports it, unopened."
            ) from None
        return cls(cells, bom, delimiter, "\r\n" if "\r\n" in text else "\n", text.endswith("\n"))

    def data(self) -> bytes:
        out = io.StringIO()
        csv.writer(out, delimiter=self.delimiter, lineterminator=self.newline).writerows(self.cells)
        text = out.getvalue()
        return self.bom + (text if self.is_ended else text.removesuffix(self.newline)).encode()


def _read(template: Path) -> bytes:
    try:
        return template.read_bytes()
    except OSError as fault:
        raise LmsError(f"{template} cannot be read: {fault.strerror}. Give the file that Canvas exported.") from None


def _is_student(cells: Sequence[str]) -> bool:
    return cells[0].strip().lower() not in NO_STUDENT


def _assignment(heading: Sequence[str], wanted: str) -> int:
    """Return the column's index; columns that Canvas computes have no number, and are (read only) further down."""
    numbered = {index: name for index, name in enumerate(heading) if NUMBER.search(name)}
    if wanted:
        for spelling in (str.strip, lambda name: NUMBER.sub("", name).strip()):
            matches = [index for index, name in enumerate(heading) if spelling(name) == wanted.strip()]
            matches = [index for index in matches if heading[index].strip().lower() not in NO_ASSIGNMENT]
            if len(matches) == 1:
                return matches[0]
    elif len(numbered) == 1:
        return next(iter(numbered))
    problem = f"has no single column {wanted!r}" if wanted else "does not have exactly one assignment"
    assignments = _listed(numbered.values()) if numbered else "none"
    raise LmsError(f"The template {problem}. Name one with --column; its assignments: {assignments}.")


def _grades(rows: Iterable[Row], identifiers: Mapping[str, str]) -> tuple[dict[str, Row], list[str]]:
    """Return the rows that have a grade, by the platform's identifier, and notes that name the others."""
    grades: dict[str, Row] = {}
    ungraded: dict[str, list[str]] = {}
    for row in rows:
        if not row.counts:
            ungraded.setdefault(row.status, []).append(row.student)
            continue
        identifier = normalized(identifiers.get(normalized(row.student), "") or row.student)
        if identifier in grades:
            raise LmsError(
                f"{printable(row.student)} and {printable(grades[identifier].student)} have the same id in roster.csv."
            )
        grades[identifier] = row
    notes = [
        f"{label}, so left as they are: {_listed(ungraded[status])}."
        for status, label in UNGRADED.items()
        if status in ungraded
    ]
    if above := [row.student for row in grades.values() if 0 < row.max < row.total]:
        notes.append(f"With their bonus above {max(row.max for row in rows)} points: {_listed(above)}.")
    return grades, notes


def _other_maximum(cell: str, grades: Mapping[str, Row]) -> list[str]:
    try:
        theirs = float(cell.replace(",", "."))
    except ValueError:
        return []
    ours = next((float(row.max or row.bonus_max) for row in grades.values()), theirs)
    if ours == theirs:
        return []
    return [f"Canvas has {theirs:g} points possible for this assignment, but these grades are out of {ours:g}."]


def _comment(row: Row, points: Mapping[str, int]) -> str:
    questions = [name for name in points if name in row.answers or name in row.overrides]
    counted = [row.overrides.get(name) or row.answers[name] for name in questions]
    scores = [
        f"{name} {format_points(item.points)}/{points[name]}" for name, item in zip(questions, counted, strict=True)
    ]
    off = [f"{format_points(row.penalty)} points"] if row.penalty else []
    off += [f"{format_points(row.bonus_penalty)} bonus points"] if row.bonus_penalty else []
    late = f" Late by {row.days_late} d: {' and '.join(off)} off." if off else ""
    return f"{', '.join(scores)}.{late} {_sum(row)}."


def _sum(row: Row) -> str:
    total = f"Total {format_points(row.without_bonus)}/{row.max}"
    bonus = f"bonus {format_points(row.bonus)}/{row.bonus_max}"
    if not row.max:
        return f"Total {bonus}"
    return f"{total}, {bonus}: {format_points(row.total)}" if row.bonus_max else total


def _listed(names: Iterable[str]) -> str:
    readable = [printable(name) for name in names]
    return ", ".join(readable[:20]) + (f" and {len(readable) - 20} more" if len(readable) > 20 else "")
