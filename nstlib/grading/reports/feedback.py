"""A student's page: for each question what was found, in the notebook's words, and nothing that was hidden.

A hidden test says no more than whether it was passed. No input, expected value, message of an exception or printed
line of a hidden test is on the page: an answer could hand on what it was given.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from nstlib.grading import csv_files
from nstlib.grading.bundle.questions import GradedQuestion
from nstlib.grading.escaping import escaped, safe_name
from nstlib.grading.records import outcomes
from nstlib.grading.records.gradebook import Answer, Row, format_points
from nstlib.grading.reports.page import details, made_by, marked, page, paragraphs, sign, wide

__all__ = ["file_name", "html", "sentences", "write"]

NSTLIB = (
    "Your function asks nstlib, which is not there when answers are graded. The exercise is to write what nstlib does."
)
WARNED = {"duplicate": "The notebook has this function twice, not the same; the last one counts."}
MAKER = "nst grade, for a student"
STATUS = {
    "no_submission": "Nothing was submitted.",
    "rejected": "Your file could not be read as a notebook. Open it in JupyterLab, save it, and ask your instructor.",
    "ungraded": "Some of your answers could not be graded yet, and not because of you. This page will be made again.",
}
STYLE = """
.scale { height: .6rem; border-radius: .3rem; background: var(--line); overflow: hidden; margin: .75rem 0; }
.scale > div { height: 100%; background: var(--bar); }
"""


def file_name(row: Row) -> str:
    """The page's file name, which two students never share."""
    return f"{safe_name(row.student)}.html"


def write(folder: Path, rows: Iterable[Row], asked: Mapping[str, GradedQuestion], title: str) -> None:
    """Write everybody's page into a folder, and remove pages of ours that are nobody's any more."""
    folder.mkdir(parents=True, exist_ok=True)
    names = set()
    for row in rows:
        names.add(file_name(row))
        csv_files.write(folder / file_name(row), html(row, asked, title))
    for old in folder.glob("*.html"):
        if old.name not in names and _ours(old):
            old.unlink()


def html(row: Row, asked: Mapping[str, GradedQuestion], title: str) -> str:
    """Return a student's page. Of `asked`, the bundle's questions, only points and public sentences are used."""
    name = f"{row.name} ({row.student})" if row.name else row.student
    score = f"{format_points(row.total)} of {row.max} points" if row.counts else "no points yet"
    share = min(100, max(0, round(100 * float(row.total) / row.max))) if row.max else 0
    parts = [
        f'<p class="soft">{escaped(title)}</p><h1>Feedback for {escaped(name)}</h1>',
        f'<div class="card"><p><strong>{score}</strong></p><div class="scale" aria-hidden="true">'
        f'<div style="width: {share}%"></div></div>{paragraphs(_account(row, asked))}</div>',
    ]
    if row.answers:
        parts.append(_overview(row, asked))
        parts += [_question(asked[each], answer, row) for each, answer in row.answers.items()]
        parts.append(
            '<p class="soft">Hidden tests call your function as the notebook does, with other shapes and numbers. '
            "A question’s points need all of them. What they hold is not shown.</p>"
        )
    return page(f"Feedback for {name}: {score}", "\n".join(parts), style=STYLE, narrow=True, maker=MAKER)


def sentences(answer: Answer, asked: GradedQuestion) -> list[str]:
    """Say what was found, in the notebook's words where these need no number of a hidden call."""
    said = asked.said
    if any(test.get("detail") == "nstlib" for test in answer.tests) or answer.misconception == "calls-nstlib":
        return [NSTLIB]
    if answer.outcome == "correct":
        return [said["correct"]]
    if answer.misconception in said:  # asked autograd
        return [said[answer.misconception]]
    if f"mistake:{answer.misconception}" in said:
        example = "It is a mistake that the notebook’s check knows. There:"
        return [example, said["called"], said[f"mistake:{answer.misconception}"]]
    known = [said[each] for each in answer.said if each in said and not each.startswith("mistake:")]
    if known:
        return known
    told = said["not attempted"] if answer.outcome == "not attempted" else outcomes.of(answer.outcome).told
    check = f"Run `{asked.id}.check({asked.function})` in the notebook: on its own calls it shows the numbers."
    return [told, check] if answer.outcome == "not yet" else [told]


def _ours(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    return made_by(MAKER) in path.read_text("utf-8", "replace")[:1000]


def _account(row: Row, asked: Mapping[str, GradedQuestion]) -> list[str]:
    """How the sum came about."""
    told = [STATUS[row.status]] if row.status in STATUS else []
    if row.answers:
        right = sum(answer.outcome == "correct" for answer in row.answers.values())
        told.append(f"{right} of {len(row.answers)} questions are right.")
    for late in dict.fromkeys(each for each in row.late.values() if each.days):
        which = [exercise for exercise, each in row.late.items() if each == late]
        free = f", {late.free} of them free" if late.free else ""
        days, its = "day" if late.days == 1 else "days", "its" if len(which) == 1 else "their"
        off = f"{format_points(late.percent)} % of {its} points are off."
        told.append(f"{', '.join(which)} came {late.days} {days} late{free}: {off}")
    if row.penalty:
        told.append(f"Together, lateness costs {format_points(row.penalty)} of your {format_points(row.raw)} points.")
    for name, each in row.overrides.items():
        told.append(
            f"{name} counts {format_points(each.points)} of {asked[name].points} points: set by your instructor."
        )
    return told


def _overview(row: Row, asked: Mapping[str, GradedQuestion]) -> str:
    lines = "".join(
        f'<tr><th scope="row"><a href="#{escaped(name)}">{escaped(name)}</a></th><td>{sign(answer.outcome)}</td>'
        f'<td class="number">{_counted(answer, asked[name], row)}</td></tr>'
        for name, answer in row.answers.items()
    )
    heading = (
        '<tr><th scope="col">Question</th><th scope="col">Found</th><th scope="col" class="number">Points</th></tr>'
    )
    table = wide("All questions", f"<thead>{heading}</thead><tbody>{lines}</tbody>")
    return f"<h2>All questions</h2>{table}<h2>One by one</h2>"


def _question(asked: GradedQuestion, answer: Answer, row: Row) -> str:
    told = [*sentences(answer, asked), *(WARNED[each] for each in answer.warnings if each in WARNED)]
    body = paragraphs(told)
    if answer.tests and answer.outcome != "correct":
        passed = [f"<li>Hidden test {n}: {_passed(test)}</li>" for n, test in enumerate(answer.tests, 1)]
        body += f'<ul class="tests soft">{"".join(passed)}</ul>'
    if answer.outcome not in ("correct", "ungraded"):
        body += f"<p><strong>Hint:</strong> {marked(asked.said['hint'])}</p>"
        body += f'<p class="soft">Reread {marked(asked.said["reread"])}.</p>'
    if answer.source.strip():
        body += details("What was graded", answer.source)
    heading = f"<h3>{escaped(asked.id)} — {sign(answer.outcome)}</h3>"
    return (
        f'<section class="card" id="{escaped(asked.id)}"><div class="head">{heading}'
        f'<span class="soft">{_worth(answer, asked)} points</span></div>{body}</section>'
    )


def _passed(test: Mapping[str, object]) -> str:
    return "passed" if test.get("verdict") == "correct" else escaped(outcomes.of(test.get("verdict")).label)


def _counted(answer: Answer, asked: GradedQuestion, row: Row) -> str:
    """What a question counts: its points, or those that the instructor gave in their place."""
    given = row.overrides.get(asked.id)
    return (
        _worth(answer, asked)
        if given is None
        else f"{format_points(given.points)} of {asked.points}, by your instructor"
    )


def _worth(answer: Answer, asked: GradedQuestion) -> str:
    return f"{format_points(answer.points) or '–'} of {asked.points}"
