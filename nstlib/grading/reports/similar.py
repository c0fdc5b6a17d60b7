"""A hint for a human eye: answers that are equal but for names and comments. Never a verdict, and no points."""

from collections import defaultdict
from collections.abc import Iterable

from nstlib.grading.records.gradebook import Row

__all__ = ["LEAST", "notes"]

LEAST = 60  # nodes of a syntax tree; shorter answers are alike because there is only one way to write them
MOST = 5  # students; what more of them wrote is what the lesson taught


def notes(rows: Iterable[Row]) -> tuple[str, ...]:
    """Return a sentence for each group of students whose answers to a question are the same but for names."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        for question, answer in row.answers.items():
            if answer.shape and answer.size >= LEAST:
                groups[question, answer.shape].append(row.student)
    return tuple(
        f"{question}: {' and '.join(students)} wrote the same but for names and comments. Read both before you "
        "conclude anything."
        for (question, _), students in sorted(groups.items())
        if 1 < len(students) <= MOST
    )
