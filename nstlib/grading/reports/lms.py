"""Grades for learning platforms: one column of a gradebook that Canvas exported, and a table that Moodle imports.

Only ids, numbers and words of ours are written. Students who are not graded (nothing submitted, not readable, not yet
done) are left as they are, and named: no platform gets a zero from us that nobody looked at.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nstlib.grading import csv_files
from nstlib.grading.bundle.bundle import Bundle
from nstlib.grading.bundle.classroom import Student
from nstlib.grading.escaping import normalized, printable
from nstlib.grading.records.gradebook import Row, format_points

__all__ = ["Filled", "LmsError", "filled", "moodle", "write"]

IDENTIFIERS = ("ID", "SIS User ID", "SIS Login ID")
NO_ASSIGNMENT = ("student", "id", "sis user id", "sis login id", "integration id", "root account", "section")
PLACES = ("points possible", "manual posting")  # what stands where a name would, in rows that are no students


class LmsError(ValueError):
    """The platform's file cannot be filled; the message says what is wrong with it."""


@dataclass(frozen=True)
class Filled:
    """data: the file to upload. filled: grades in it. notes: what the instructor should know, in sentences."""

    data: bytes
    filled: int
    notes: tuple[str, ...] = ()


def write(
    out: Path, rows: Sequence[Row], bundle: Bundle, *, canvas: Path | None, column: str, by: str, moodle_by: str
) -> list[str]:
    """Write canvas.csv and moodle.csv into a folder, where they are asked for; return what is to be said of them."""
    files = {}
    if canvas is not None:
        files["canvas.csv"] = filled(_read(canvas), rows, bundle.roster, column, by)
    if moodle_by:
        files["moodle.csv"] = moodle(rows, bundle.roster, bundle.points, moodle_by)
    told = []
    for name, made in files.items():
        csv_files.write(out / name, made.data)
        told += [f"{out / name}: grades of {made.filled} students.", *made.notes]
    return told


def filled(template: bytes, rows: Iterable[Row], roster: Sequence[Student], column: str = "", by: str = "ID") -> Filled:
    """Fill one assignment's column in the gradebook that Canvas exported, and leave every other cell as it is.

    column: the assignment, with or without the number that Canvas adds; needed where there are several. by: the column
    in which students are found: by the roster's canvas_id where it stands there, else by the student's id.
    """
    text, mark = _decoded(template)
    rows = list(rows)
    end = "\r\n" if "\r\n" in text else "\n"
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    try:
        cells = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as fault:
        raise LmsError(f"The template is no CSV file: {fault}. Take what Canvas exports, without opening it.") from None
    heading = cells[0] if cells else []
    if by not in heading or heading[0].strip() != "Student":
        raise LmsError(
            f"The template has no column {by!r}, or does not begin with Student. Export the gradebook in Canvas "
            f"and give that file; students are found by {', '.join(IDENTIFIERS)}."
        )
    place, key = _column(heading, column), heading.index(by)
    there = {normalized(row[key]) for row in cells[1:] if len(row) > key}
    grades, notes = _grades(
        rows, {normalized(each.id): each.canvas_id for each in roster if normalized(each.canvas_id) in there}
    )
    comma, filled, seen = False, 0, set()
    for line, row in enumerate(cells[1:], 2):
        if not row or len(row) <= max(place, key):
            continue
        if "(read only)" in row[place]:
            raise LmsError(f"Canvas computes {printable(heading[place])!r} itself. Name an assignment with --column.")
        if row[0].strip().lower() in PLACES:
            comma = comma or "," in row[place]
            notes += _other_maximum(row, place, grades)
            continue
        found = normalized(row[key])
        if found in seen and found:
            raise LmsError(f"The template has {printable(row[key])!r} twice under {by}, again in line {line}.")
        seen.add(found)
        if found in grades:
            grade = format_points(grades[found].total)
            row[place] = grade.replace(".", ",") if comma else grade
            filled += 1
    if missing := [grades[each].student for each in sorted(set(grades) - seen)]:
        notes.append(f"Not in the template under {by}: {_listed(missing)}. Write their canvas_id into roster.csv.")
    known = {normalized(row.student) for row in rows} | {normalized(each.canvas_id) for each in roster}
    students = [row for row in cells[1:] if len(row) > key and row[key] and row[0].strip().lower() not in PLACES]
    if unknown := [row[0] for row in students if normalized(row[key]) not in known]:
        notes.append(f"In the template and not among your students, left as they are: {_listed(unknown)}.")
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(cells)
    whole = out.getvalue() if text.endswith("\n") else out.getvalue().removesuffix(end)
    return Filled(mark + whole.encode(), filled, tuple(notes))


def moodle(rows: Iterable[Row], roster: Sequence[Student], points: Mapping[str, int], by: str = "email") -> Filled:
    """Write a table for Moodle's grade import; Moodle loses grades where feedback comes without them, so both are here.

    by: "email" (Moodle wants the case that it has itself) or "moodle_id", the ID number; from the roster, and where
    that has none, the student's id for "moodle_id".
    """
    if by not in ("email", "moodle_id"):
        raise LmsError(f"Moodle finds students by email or moodle_id, not by {by!r}.")
    known = {normalized(each.id): getattr(each, by) for each in roster}
    graded, notes = _grades(rows, {})
    lines, lost = [], []
    for row in graded.values():
        identifier = known.get(normalized(row.student), "") or (row.student if by == "moodle_id" else "")
        if not identifier or csv_files.cell(identifier) != identifier:  # changed, it would be somebody else or nobody
            lost.append(row.student)
            continue
        lines.append((identifier, float(row.total), _comment(row, points)))
    if lost:
        notes.append(f"Without a usable {by} in roster.csv: {_listed(lost)}.")
    heading = ("Email address" if by == "email" else "ID number", "Grade", "Feedback comments")
    return Filled(csv_files.text(heading, lines).encode(), len(lines), tuple(notes))


def _read(template: Path) -> bytes:
    try:
        return template.read_bytes()
    except OSError as fault:
        raise LmsError(f"{template} cannot be read: {fault.strerror}. Give the file that Canvas exported.") from None


def _decoded(template: bytes) -> tuple[str, bytes]:
    mark = b"\xef\xbb\xbf" if template.startswith(b"\xef\xbb\xbf") else b""
    try:
        return template[len(mark) :].decode(), mark
    except UnicodeDecodeError:
        raise LmsError("The template is not in UTF-8. Take what Canvas exports, without opening it.") from None


def _column(heading: list[str], wanted: str) -> int:
    """Find the assignment; what Canvas computes itself is marked (read only) below, and has no number."""
    numbered = {place: each for place, each in enumerate(heading) if re.search(r" \(\d+\)\s*$", each)}
    if wanted:
        for what in (str.strip, lambda each: re.sub(r" \(\d+\)\s*$", "", each).strip()):
            found = [place for place, each in enumerate(heading) if what(each) == wanted.strip()]
            found = [place for place in found if heading[place].strip().lower() not in NO_ASSIGNMENT]
            if len(found) == 1:
                return found[0]
    elif len(numbered) == 1:
        return next(iter(numbered))
    told = f"has no one column {wanted!r}" if wanted else "has not exactly one assignment"
    there = _listed(numbered.values()) if numbered else "none"
    raise LmsError(f"The template {told}. Say which to fill; its assignments: {there}.")


def _grades(rows: Iterable[Row], identifiers: Mapping[str, str]) -> tuple[dict[str, Row], list[str]]:
    found: dict[str, Row] = {}
    left: dict[str, list[str]] = {}
    for row in rows:
        if not row.counts:
            left.setdefault(row.status, []).append(row.student)
            continue
        identifier = normalized(identifiers.get(normalized(row.student), "") or row.student)
        if identifier in found:
            raise LmsError(
                f"{printable(row.student)} and {printable(found[identifier].student)} have the same id in roster.csv."
            )
        found[identifier] = row
    told = {
        "ungraded": "Not graded yet",
        "left_out": "Left out of this run",
        "rejected": "Not readable",
        "no_submission": "Nothing submitted",
    }
    return found, [f"{told[each]}, and left as they are: {_listed(left[each])}." for each in told if each in left]


def _other_maximum(row: list[str], place: int, grades: Mapping[str, Row]) -> list[str]:
    most = {float(each.max) for each in grades.values()}
    try:
        there = float(row[place].replace(",", "."))
    except ValueError:
        return []
    ours = next(iter(most), there)
    return (
        [] if ours == there else [f"Canvas has {there:g} points possible for this assignment; these are of {ours:g}."]
    )


def _comment(row: Row, points: Mapping[str, int]) -> str:
    def of(name: str, most: int) -> str:
        given = row.overrides[name].points if name in row.overrides else row.answers[name].points
        return f"{name} {format_points(given)}/{most}"

    each = [of(name, most) for name, most in points.items() if name in row.answers or name in row.overrides]
    late = f" Late by {row.days_late} d: {format_points(row.penalty)} points off." if row.penalty else ""
    return f"{', '.join(each)}.{late} Total {format_points(row.total)}/{row.max}."


def _listed(names: Iterable[str]) -> str:
    every = [printable(each) for each in names]
    return ", ".join(every[:20]) + (f" and {len(every) - 20} more" if len(every) > 20 else "")
