"""The page on which the instructor reads what is to be marked by hand: each such question with its answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from nstlib.grading import csv_files
from nstlib.grading.bundle import rubric
from nstlib.grading.bundle.questions import GradedQuestion
from nstlib.grading.records import outcomes
from nstlib.grading.records.gradebook import Answer, Row, file_of, format_points
from nstlib.grading.reports.feedback import file_name
from nstlib.grading.reports.page import render

__all__ = ["PAGE", "Handful", "handfuls", "html", "write"]

PAGE = "by_hand.html"


@dataclass(frozen=True)
class Handful:
    """The answers to a question that a person marks, those that wait first. sheet: where their points go."""

    question: GradedQuestion
    answers: Sequence[tuple[Row, Answer]]
    sheet: str

    @property
    def waiting(self) -> int:
        """How many answers have no points yet."""
        return sum(self.question.id in row.unmarked for row, _ in self.answers)

    @property
    def mean(self) -> str:
        """The mean of the points given, "" where none were."""
        points = [answer.points for _, answer in self.answers if answer.mark]
        return format_points(Decimal(sum(points) / len(points)).quantize(Decimal("0.01"))) if points else ""


def handfuls(rows: Sequence[Row], questions: Mapping[str, GradedQuestion]) -> list[Handful]:
    """Return the answers to each question that a person marks."""
    return [
        Handful(question, _answers(rows, name), str(rubric.sheet(Path(), name)))
        for name, question in questions.items()
        if question.criteria
    ]


def write(path: Path, rows: Sequence[Row], questions: Mapping[str, GradedQuestion], title: str) -> None:
    """Replace the page, or remove it where nothing is marked by hand."""
    if any(question.criteria for question in questions.values()):
        csv_files.write(path, html(rows, questions, title))
    else:
        path.unlink(missing_ok=True)


def html(rows: Sequence[Row], questions: Mapping[str, GradedQuestion], title: str) -> str:
    """Return the page; the same rows give the same bytes."""
    return render(
        "by_hand.html",
        title=f"To be marked by hand, {title}",
        maker="nst grade, to be marked by hand",
        course=title,
        handfuls=handfuls(rows, questions),
        page_name=file_name,
        file_of=file_of,
    )


def _answers(rows: Sequence[Row], name: str) -> list[tuple[Row, Answer]]:
    answers = [(row, row.answers[name]) for row in rows if name in row.answers]
    shown = [pair for pair in answers if pair[1].outcome in outcomes.TEXTS]
    return sorted(shown, key=lambda pair: name not in pair[0].unmarked)
