"""The instructor's page: what needs attention, how the class did with each question, and a line for each student."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from statistics import mean, median

from nstlib.grading import csv_files
from nstlib.grading.bundle.questions import GradedQuestion
from nstlib.grading.records.gradebook import CENT, Row, format_points
from nstlib.grading.reports import by_hand, report_students
from nstlib.grading.reports.attention import GROUPS, Alert, alerts
from nstlib.grading.reports.feedback import file_name
from nstlib.grading.reports.items import items
from nstlib.grading.reports.page import render, script

__all__ = ["Run", "html", "write"]


@dataclass(frozen=True)
class Run:
    """What the page says of the run itself.

    layers: those of the sandbox. escapes: what the sandbox's trial found open, at the start or the end. bundle: its
    digest. notes: sentences.
    """

    title: str
    layers: tuple[str, ...]
    weak: bool
    escapes: tuple[str, ...]
    versions: Mapping[str, str]
    bundle: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Alerts of one kind: their heading, and what to do about them."""

    title: str
    advice: str
    alerts: Sequence[Alert]


def write(path: Path, rows: Sequence[Row], questions: Mapping[str, GradedQuestion], run: Run) -> None:
    """Replace the page, and beside it those that it leads to: each student's, and what is marked by hand."""
    report_students.write(path.with_name(report_students.FOLDER), rows, questions, run.title)
    by_hand.write(path.with_name(by_hand.PAGE), rows, questions, run.title)
    csv_files.write(path, html(rows, questions, run))


def html(rows: Sequence[Row], questions: Mapping[str, GradedQuestion], run: Run) -> str:
    """Return the page; the same rows give the same bytes."""
    code, digest = script("report.js")
    bonus = max((row.bonus_max for row in rows), default=0)
    handfuls = by_hand.handfuls(rows, questions)
    return render(
        "report.html",
        script=code,
        script_hash=digest,
        waiting=[handful for handful in handfuls if handful.waiting],
        by_hand={handful.question.id: handful for handful in handfuls},
        maximum=max((row.max for row in rows), default=0),
        bonus=bonus,
        title=run.title,
        maker="nst grade",
        run=run,
        layers=", ".join(run.layers),
        figures=_figures(rows),
        groups=_groups(rows),
        facts=_facts(run),
        questions=questions,
        items=items(rows, questions),
        mistake_sentence=_mistake_sentence,
        rows=rows,
        columns=[*questions, "Raw", "Days late", "Penalty", "Override", *(["Bonus"] if bonus else [])],
        full_name=report_students.full_name,
        status_label=report_students.status_label,
        page_name=file_name,
    )


def _figures(rows: Sequence[Row]) -> dict[str, object]:
    count = {status: sum(row.status == status for row in rows) for status in report_students.STATUS}
    totals = [row.total for row in rows if row.status == "graded"]
    bonus = max((row.bonus_max for row in rows), default=0)
    maximum = f"{max((row.max for row in rows), default=0)}{f' and {bonus} bonus' if bonus else ''}"
    figures = {
        "Students": len(rows),
        "Graded": count["graded"],
        "Not graded yet": count["ungraded"],
        "Could not be read": count["rejected"],
        "Nothing submitted": count["no_submission"],
        f"Mean, of {maximum}": _rounded(mean(totals)) if totals else "–",
        f"Median, of {maximum}": _rounded(median(totals)) if totals else "–",
    }
    if count["left_out"]:
        figures["Left out of this run"] = count["left_out"]
    return figures


def _rounded(number: Decimal) -> str:
    return format_points(Decimal(number).quantize(CENT, ROUND_HALF_UP)).replace("-", "−")


def _groups(rows: Iterable[Row]) -> list[Group]:
    return [Group(*GROUPS[name], alerts=group) for name, group in alerts(rows).items()]


def _mistake_sentence(question: GradedQuestion, mistake: str) -> str:
    """Return the notebook's sentence for a mistake, "" where it has none."""
    return question.messages.get(f"mistake:{mistake}") or question.messages.get(mistake) or ""


def _facts(run: Run) -> dict[str, str]:
    return {
        "Sandbox": ", ".join(run.layers) or "none",
        "Bundle": run.bundle,
        **{name: run.versions[name] for name in sorted(run.versions)},
    }
