"""Each student for the instructor: a line in the report's table, and a page with every answer, its source and its log.

The pages hold the logs of hidden tests, so they are for the instructor alone.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from nstlib.grading.bundle.lateness import Late
from nstlib.grading.bundle.questions import GradedQuestion
from nstlib.grading.records.gradebook import LOG, SOURCE, Row, file_of, format_points, score
from nstlib.grading.reports.attention import error_ratio
from nstlib.grading.reports.feedback import file_name
from nstlib.grading.reports.page import render, write_pages

__all__ = ["FOLDER", "STATUS", "full_name", "html", "lateness", "status_label", "write"]

FOLDER = "report"  # beside report.html
MAKER = "nst grade, for the instructor"
STATUS = {
    "graded": "graded",
    "ungraded": "not graded yet",
    "left_out": "left out of this run",
    "rejected": "could not be read",
    "no_submission": "nothing submitted",
}


def write(folder: Path, rows: Iterable[Row], questions: Mapping[str, GradedQuestion], title: str) -> None:
    """Write everybody's page into a folder, and remove our pages of students who are no longer there."""
    write_pages(folder, ((file_name(row), html(row, questions, title)) for row in rows), MAKER)


def html(row: Row, questions: Mapping[str, GradedQuestion], title: str) -> str:
    """Return the page of a student; the same row gives the same bytes."""
    return render(
        "student.html",
        title=f"{full_name(row)}, {title}",
        maker=MAKER,
        course=title,
        student=full_name(row),
        row=row,
        score=score(row),
        questions=questions,
        page_name=file_name(row),
        late=lateness(row),
        status=status_label(row),
        error_ratio=error_ratio,
        source_limit=SOURCE,
        file_of=file_of,
        log_limit=LOG,
    )


def full_name(row: Row) -> str:
    """Return a student's name and id."""
    return f"{row.name} ({row.student})" if row.name else row.student


def status_label(row: Row) -> str:
    """Return the words for a status; one on no list stands for itself."""
    return STATUS.get(row.status, row.status)


def lateness(row: Row) -> str:
    """Return how late each exercise came, "" where none was late."""
    return ", ".join(f"{exercise} {_late(late)}" for exercise, late in row.late.items() if late.days)


def _late(late: Late) -> str:
    free = f", {late.free} free" if late.free else ""
    return f"{late.days} d ({format_points(late.percent)} % off{free})"
