"""The report's table of students: a row for each, and what is known of their answers folded away below it."""

from collections.abc import Iterable, Mapping

from nstlib.grading.bundle.lateness import Late
from nstlib.grading.bundle.questions import GradedQuestion
from nstlib.grading.escaping import escaped, safe_name
from nstlib.grading.records.gradebook import LOG, SOURCE, Answer, Row, format_points
from nstlib.grading.reports import feedback
from nstlib.grading.reports.attention import error_ratio
from nstlib.grading.reports.page import listed, sign, wide
from nstlib.grading.reports.report_questions import broken

__all__ = ["anchor", "called", "table"]

STATUS = {
    "graded": "graded",
    "ungraded": "not graded yet",
    "left_out": "left out of this run",
    "rejected": "could not be read",
    "no_submission": "nothing submitted",
}
SUMS = ("Raw", "Days late", "Penalty", "Override", "Total")
DASH = '<span class="soft">–</span>'


def anchor(row: Row) -> str:
    """The id of a student's row; no two have the same."""
    return f"student-{safe_name(row.student)}"


def called(row: Row) -> str:
    """Return a student's name and id, as HTML."""
    return f"{escaped(row.name)} ({escaped(row.student)})" if row.name else escaped(row.student)


def table(rows: Iterable[Row], asked: Mapping[str, GradedQuestion]) -> str:
    """Return the whole table."""
    names = "".join(f'<th scope="col" class="each">{broken(name)}</th>' for name in asked)
    sums = "".join(f'<th scope="col" class="number{" total" * (each == "Total")}">{each}</th>' for each in SUMS)
    heading = f'<thead><tr><th scope="col" class="who">Student</th>{names}{sums}</tr></thead>'
    return wide("Students", heading + "".join(_body(row, asked) for row in rows))


def _body(row: Row, asked: Mapping[str, GradedQuestion]) -> str:
    link = f'<a href="feedback/{feedback.file_name(row)}">page<span class="away"> of {called(row)}</span></a>'
    status = (
        "" if row.status == "graded" else f'<br><span class="warn">{escaped(STATUS.get(row.status, row.status))}</span>'
    )
    name = f"{escaped(row.name)}<br>" if row.name else ""
    cells = "".join(f'<td class="each">{_cell(row, each)}</td>' for each in asked)
    override = format_points(row.override) if row.overrides else None
    numbers = (
        format_points(row.raw),
        row.days_late or None,
        format_points(row.penalty) if row.penalty else None,
        override,
    )
    sums = "".join(f'<td class="number">{DASH if each is None else _minus(each)}</td>' for each in numbers)
    columns = len(asked) + len(SUMS) + 1
    total = f'<strong>{_minus(format_points(row.total))}</strong> <span class="soft">of {row.max}</span>'
    head = f'{name}<span class="soft">{escaped(row.student)}</span> {link}{status}'
    below = _inside(row, asked)
    if below:
        below = f'<tr><td colspan="{columns}"><div class="inside">{below}</div></td></tr>'
    return (
        f'<tbody id="{anchor(row)}"><tr><th scope="row" class="who">{head}</th>{cells}{sums}'
        f'<td class="number total">{total}</td></tr>{below}</tbody>'
    )


def _cell(row: Row, name: str) -> str:
    answer, given = row.answers.get(name), row.overrides.get(name)
    found = f"{sign(answer.outcome, small=True)} {format_points(answer.points) or ''}" if answer else DASH
    return f'{found} <span class="warn">→ {format_points(given.points)}</span>' if given else found


def _inside(row: Row, asked: Mapping[str, GradedQuestion]) -> str:
    facts = [
        f"{escaped(name)} counts {format_points(each.points)} of {asked[name].points}, set by hand: "
        f"{escaped(each.reason)}"
        for name, each in row.overrides.items()
    ]
    late = [f"{escaped(name)} {_late(each)}" for name, each in row.late.items() if each.days]
    if late:
        facts.append("Late: " + ", ".join(late))
    if row.flags:
        facts.append("Flags: " + " ".join(f"<code>{escaped(each)}</code>" for each in row.flags))
    answers = "".join(_answer(name, answer, asked[name]) for name, answer in row.answers.items())
    if not facts and not answers:
        return ""
    about = f'<span class="away"> of {called(row)}</span>'
    return f"<details><summary>Answers, tests, logs{about}</summary>{listed(facts) if facts else ''}{answers}</details>"


def _late(late: Late) -> str:
    free = f", {late.free} free" if late.free else ""
    return f"{late.days} d ({format_points(late.percent)} % off{free})"


def _answer(name: str, answer: Answer, asked: GradedQuestion) -> str:
    mistake = f", known mistake <code>{escaped(answer.misconception)}</code>" if answer.misconception else ""
    points = f"{format_points(answer.points) or '–'} of {asked.points}"
    parts = [listed(map(_test, answer.tests))] if answer.tests else ['<p class="soft">No hidden test was run.</p>']
    if answer.source.strip():
        parts.append(_quoted("Source", answer.source, SOURCE))
    if answer.log.strip():
        cut = f" (the first {LOG:,} characters)" if len(answer.log) >= LOG else ""
        parts.append(_quoted(f"Printed{cut}", answer.log, LOG))
    summary = f"{escaped(name)}: {sign(answer.outcome)}, {points}{mistake}"
    return f"<details><summary>{summary}</summary>{''.join(parts)}</details>"


def _quoted(label: str, text: str, most: int) -> str:
    return f'<p class="soft">{label}</p><pre><code>{escaped(text, lines=True, most=most)}</code></pre>'


def _test(test: Mapping[str, object]) -> str:
    said = [f"<code>{escaped(test.get('id'))}</code> {sign(test.get('verdict'))}"]
    if test.get("detail"):
        said.append(f"<code>{escaped(test['detail'], most=300)}</code>")
    ratio = error_ratio(test)
    if ratio is not None:
        said.append(f"error {ratio:.2g} of the tolerance")
    return ", ".join(said)


def _minus(number: object) -> str:
    return str(number).replace("-", "−")
