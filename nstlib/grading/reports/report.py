"""The instructor's page: what needs a look, how the class did with each question, and everybody's answers.

A static file without scripts. It holds the logs of hidden tests, so it is for the instructor alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from statistics import mean, median

from nstlib.grading import csv_files
from nstlib.grading.bundle.questions import GradedQuestion
from nstlib.grading.escaping import escaped
from nstlib.grading.records.gradebook import CENT, Row, format_points
from nstlib.grading.reports import report_questions, report_students
from nstlib.grading.reports.attention import GROUPS, Need, needs
from nstlib.grading.reports.items import items
from nstlib.grading.reports.page import listed, marked, page
from nstlib.grading.reports.report_students import anchor, called

__all__ = ["Run", "html", "write"]

NUMBERS = "The numbers in a mistake’s sentence are those of the notebook’s own check."
FIRST = 10  # entries of a group that are not folded away
STYLE = """
main { max-width: 90rem; }
h3 { margin: 0 0 .25rem; }
.inside { position: sticky; left: .75rem; width: min(60rem, calc(100vw - 4rem)); overflow-wrap: anywhere; }
.inside details { margin: .25rem 0; } .inside details details { margin-left: 1rem; }
.who { position: sticky; left: 0; z-index: 1; background: var(--card); min-width: 12rem; max-width: 14rem;
  overflow-wrap: anywhere; }
.who span, .who a { font-weight: 400; }
.total { position: sticky; right: 0; background: var(--card); }
.each { white-space: nowrap; } th.each { white-space: normal; min-width: 5rem; }
tbody > tr:first-child > * { border-bottom: 0; } tbody > tr + tr > td { padding-top: 0; }
tbody + tbody > tr:first-child > * { border-top: 1px solid var(--line); }
tbody > tr:last-child > * { border-bottom: 0; }
tbody:target > tr > * { background: var(--wash); }
.few { width: 12rem; } .number.few { white-space: normal; }
.share { display: flex; flex-wrap: wrap; gap: 0 .75rem; align-items: center; min-width: 9rem; }
.bar { flex: 0 1 12rem; min-width: 4rem; height: .6rem; border-radius: .3rem; background: var(--line);
  overflow: hidden; }
.bar > div { height: 100%; background: var(--bar); }
@media (max-width: 40rem) { .total { position: static; } .who { min-width: 7rem; max-width: 8rem; }
  th, td { padding: .45rem .5rem; } .share { min-width: 5.5rem; } .bar { min-width: 3rem; } .few { width: auto; } }
.run { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; margin: 0; }
.run dt { color: var(--soft); } .run dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
"""


@dataclass(frozen=True)
class Run:
    """What is said of the run itself. layers: of the sandbox. escapes: what its trial found open, at start and end.

    bundle: its digest. notes: sentences, such as those of lms.Filled.
    """

    title: str
    layers: tuple[str, ...]
    weak: bool
    escapes: tuple[str, ...]
    versions: Mapping[str, str]
    bundle: str
    notes: tuple[str, ...] = ()


def write(path: Path, rows: Sequence[Row], asked: Mapping[str, GradedQuestion], run: Run) -> None:
    """Replace the page."""
    csv_files.write(path, html(rows, asked, run))


def html(rows: Sequence[Row], asked: Mapping[str, GradedQuestion], run: Run) -> str:
    """Return the page; the same rows give the same bytes."""
    parts = [
        f'<h1>{escaped(run.title)}</h1><p class="soft">For the instructor alone: this page holds sources, and what was '
        "printed in hidden tests.</p>",
        _banner(run),
        _figures(rows),
        f"<h2>Needs you</h2>{_needs(needs(rows), run.notes)}",
        f'<h2>Questions</h2><p class="soft">{NUMBERS}</p>{report_questions.table(items(rows, asked), asked)}',
        f"<h2>Students</h2>{report_students.table(rows, asked)}",
        f"<h2>This run</h2>{_run(run)}",
    ]
    return page(run.title, "\n".join(part for part in parts if part), style=STYLE)


def _banner(run: Run) -> str:
    if not run.weak and not run.escapes and run.layers:
        return ""
    held = f"What held: {', '.join(map(escaped, run.layers))}." if run.layers else "No layer of it could be had here."
    open_ = f"<p>In a trial, an answer could:</p>{listed(map(escaped, run.escapes))}" if run.escapes else ""
    return (
        f'<section class="card banner"><h2>The sandbox was weak</h2><p>{held}</p>{open_}<p>An answer may have read or '
        "changed what it must not. Rely on these grades only if you trust every submission, or grade them again on a "
        "machine whose sandbox holds.</p></section>"
    )


def _figures(rows: Sequence[Row]) -> str:
    count = {status: sum(row.status == status for row in rows) for status in report_students.STATUS}
    totals = [row.total for row in rows if row.status == "graded"]
    most = max((row.max for row in rows), default=0)
    figures = {
        "Students": len(rows),
        "Graded": count["graded"],
        "Not graded yet": count["ungraded"],
        "Could not be read": count["rejected"],
        "Nothing submitted": count["no_submission"],
        f"Mean, of {most}": _rounded(mean(totals)) if totals else "–",
        f"Median, of {most}": _rounded(median(totals)) if totals else "–",
    }
    if count["left_out"]:
        figures["Left out of this run"] = count["left_out"]
    return '<dl class="facts">' + "".join(f"<div><dt>{k}</dt><dd>{v}</dd></div>" for k, v in figures.items()) + "</dl>"


def _rounded(number: Decimal) -> str:
    return format_points(Decimal(number).quantize(CENT, ROUND_HALF_UP)).replace("-", "−")


def _needs(found: Mapping[str, Sequence[Need]], notes: Iterable[str]) -> str:
    groups = [
        f'<section class="card"><h3>{title} ({len(found[name])})</h3><p class="soft">{marked(what)}</p>'
        f"{_folded([_need(each) for each in found[name]])}</section>"
        for name, (title, what) in GROUPS.items()
        if name in found
    ]
    if lines := [escaped(each) for each in notes]:
        groups.append(f'<section class="card"><h3>Notes of this run ({len(lines)})</h3>{_folded(lines)}</section>')
    return "".join(groups) or '<p class="good">Nothing needs you.</p>'


def _need(need: Need) -> str:
    question = f" <code>{escaped(need.question)}</code>" if need.question else ""
    text = f": {marked(need.text)}" if need.text else ""
    return f'<a href="#{anchor(need.row)}">{called(need.row)}</a>{question}{text}'


def _folded(lines: list[str]) -> str:
    """List the first lines, and fold the others away."""
    if len(lines) <= FIRST + 1:
        return listed(lines)
    more = f"<details><summary>{len(lines) - FIRST} more</summary>{listed(lines[FIRST:])}</details>"
    return listed(lines[:FIRST]) + more


def _run(run: Run) -> str:
    facts = {
        "Sandbox": ", ".join(run.layers) or "none",
        "Bundle": run.bundle,
        **{name: run.versions[name] for name in sorted(run.versions)},
    }
    lines = "".join(f"<dt>{escaped(name)}</dt><dd>{escaped(each)}</dd>" for name, each in facts.items())
    return f'<dl class="card run">{lines}</dl>'
