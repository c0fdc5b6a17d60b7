"""What the report's table of students says of each of them."""

from nstlib.grading.bundle.lateness import Late
from nstlib.grading.escaping import safe_name
from nstlib.grading.records.gradebook import Row, format_points

__all__ = ["STATUS", "anchor", "full_name", "lateness", "status_label"]

STATUS = {
    "graded": "graded",
    "ungraded": "not graded yet",
    "left_out": "left out of this run",
    "rejected": "could not be read",
    "no_submission": "nothing submitted",
}


def anchor(row: Row) -> str:
    """Return the id of a student's row; no two have the same."""
    return f"student-{safe_name(row.student)}"


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
