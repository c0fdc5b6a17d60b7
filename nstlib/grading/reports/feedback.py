"""A student's page: the outcome of each question, in the notebook's words, and nothing that was hidden.

Of a hidden test the page says only whether it was passed. No input, expected value, exception message or printed line
of one is ever on it: an answer could pass on what it was given.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nstlib.checks.places import Place
from nstlib.checks.results import points_word
from nstlib.grading.bundle.lateness import Late
from nstlib.grading.bundle.questions import Criterion, GradedQuestion
from nstlib.grading.bundle.rubric import HandMark
from nstlib.grading.escaping import safe_name
from nstlib.grading.records import outcomes
from nstlib.grading.records.gradebook import Answer, Received, Row, format_points, score
from nstlib.grading.reports.page import render, write_pages

__all__ = ["file_name", "html", "sentences", "write"]

NSTLIB = "Your function calls nstlib, which is not there when answers are graded: write here what nstlib does."
WARNED = {
    "after_check": "Your answer stands below its check. Move it above, so that the check sees it.",
    "cell_too_long": "A statement outside your functions took too long and was left out.",
}
MAKER = "nst grade, for a student"
STATUS = {
    "no_submission": "Nothing was submitted.",
    "rejected": "Your file could not be read as a notebook. Open it in JupyterLab, save it, and ask your instructor.",
    "unmarked": "Not all of your answers are marked yet. You will get this page again.",
    "ungraded": "Some of your answers could not be graded yet; that is not your fault. You will get this page again.",
}


@dataclass(frozen=True)
class Section:
    """What the page says of one question, and all that its template gets to see of an answer.

    counted: the points, or those that the instructor gave in their place. word: what they are called. tests: a word
    for each hidden test, none where the answer is right. criteria, mark: of a question that a person marks. hint: ""
    where none is due. reread: words, and the address in the course's book to which they lead, or "".
    """

    question: str
    outcome: str
    points: str
    counted: str
    messages: tuple[str, ...]
    tests: tuple[str, ...]
    hint: str
    reread: tuple[tuple[str, str], ...]
    source: str
    cut: int
    word: str
    criteria: tuple[Criterion, ...] = ()
    mark: HandMark | None = None


def file_name(row: Row) -> str:
    """Return the page's file name, which no two students share."""
    return f"{safe_name(row.student)}.html"


def write(folder: Path, rows: Iterable[Row], questions: Mapping[str, GradedQuestion], title: str) -> None:
    """Write everybody's page into a folder, and remove our pages of students who are no longer there."""
    write_pages(folder, ((file_name(row), html(row, questions, title)) for row in rows), MAKER)


def html(row: Row, questions: Mapping[str, GradedQuestion], title: str) -> str:
    """Return a student's page. Of `questions`, the bundle's questions, only points and public sentences are used."""
    student = f"{row.name} ({row.student})" if row.name else row.student
    earned = score(row) if row.counts else "no points yet"
    share = round(100 * float(row.total) / row.max) if row.max and row.counts else 0
    return render(
        "feedback.html",
        title=f"Feedback for {student}: {earned}",
        maker=MAKER,
        course=title,
        student=student,
        score=earned,
        share=min(100, max(0, share)),
        account=_account(row, questions),
        sections=[
            _section(questions[name], answer, row)
            for name, answer in row.answers.items()
            if name.partition(".")[0] not in _not_handed_in(row)
        ],
    )


def sentences(answer: Answer, question: GradedQuestion) -> list[str]:
    """Say what the answer is, in the notebook's words where these need no number of a hidden call."""
    messages = question.messages
    if question.criteria:
        return [] if answer.mark else [outcomes.of(answer.outcome).text]
    if any(test.get("detail") == "nstlib" for test in answer.tests) or answer.misconception == "calls-nstlib":
        return [NSTLIB]
    if answer.outcome == "correct":
        return [messages["correct"]]
    if answer.misconception in messages:  # asked autograd
        return [messages[answer.misconception]]
    if f"mistake:{answer.misconception}" in messages:
        example = "The notebook’s check knows this mistake. There:"
        return [example, messages["called"], messages[f"mistake:{answer.misconception}"]]
    public = [messages[key] for key in answer.message_keys if key in messages and not key.startswith("mistake:")]
    if public:
        return public
    if answer.outcome == "not attempted":
        return [messages["not attempted"]]
    general = outcomes.of(answer.outcome).text
    if answer.where:
        return [f"{answer.where}.", general]
    if answer.outcome == "not yet":
        check = (
            f"Run `{question.id}.check({question.function})` in the notebook: it shows the numbers of its own calls."
        )
        return [general, check]
    return [general]


def _section(question: GradedQuestion, answer: Answer, row: Row) -> Section:
    is_right = answer.outcome == "correct"
    has_hint = answer.outcome not in ("correct", "ungraded", *outcomes.WAITING) and not question.criteria
    points = f"{format_points(answer.points) or '–'} of {question.points}"
    override = row.overrides.get(question.id)
    extra = " bonus" if question.bonus else ""
    given = f"{format_points(override.points)} of {question.points}{extra}, by your instructor" if override else ""
    warnings = [WARNED[warning] for warning in answer.warnings if warning in WARNED]
    return Section(
        question=question.id,
        outcome=answer.outcome,
        points=points,
        counted=given or points + extra,
        messages=(*sentences(answer, question), *warnings),
        tests=() if is_right else tuple(_test_label(test) for test in answer.tests),
        hint=question.messages["hint"] if has_hint else "",
        reread=_reread(question, answer) if has_hint else (),
        source=answer.source,
        cut=answer.cut,
        word=points_word(question.bonus, question.points),
        criteria=question.criteria,
        mark=answer.mark,
    )


def _reread(question: GradedQuestion, answer: Answer) -> tuple[tuple[str, str], ...]:
    text = question.messages.get(f"reread:{answer.misconception}", question.messages["reread"])
    try:
        return Place.read(text).linked()
    except ValueError:  # another course's bundle may name places in other words
        return ((text, ""),)


def _test_label(test: Mapping[str, object]) -> str:
    return "passed" if test.get("verdict") == "correct" else outcomes.of(test.get("verdict")).label


def _account(row: Row, questions: Mapping[str, GradedQuestion]) -> list[str]:
    """How the points add up."""
    waiting = [name for name, answer in row.answers.items() if answer.points is None and name not in row.overrides]
    status = "unmarked" if row.status == "ungraded" and waiting == row.unmarked else row.status
    account = [STATUS[status]] if status in STATUS else []
    if row.answers:
        account.append(f"{' and '.join(_right(row, questions))} are right.")
    if missing := _not_handed_in(row):
        account.append(f"Not handed in: {', '.join(missing)}.")
    account += _files(row)
    account += _lateness(row)
    for name, override in row.overrides.items():
        asked = questions[name]
        points = f"{format_points(override.points)} of {asked.points} {points_word(asked.bonus, asked.points)}"
        account.append(f"{name} counts {points}: set by your instructor.")
        if override.comment:
            account.append(f"On {name}, your instructor says: {override.comment}")
    return account


def _right(row: Row, questions: Mapping[str, GradedQuestion]) -> list[str]:
    """How many of the questions are right, and how many of the bonus questions."""
    counts = []
    for bonus, words in ((False, "questions"), (True, "bonus questions")):
        tested = [
            answer
            for name, answer in row.answers.items()
            if not questions[name].criteria and questions[name].bonus == bonus
        ]
        right = sum(answer.outcome == "correct" for answer in tested)
        counts += [f"{right} of {len(tested)} {words}"] if tested else []
    return counts or ["0 of 0 questions"]


def _not_handed_in(row: Row) -> list[str]:
    """Return the exercises of which no notebook holds anything."""
    outcomes_of: dict[str, set[str]] = {}
    for name, answer in row.answers.items():
        if name not in row.overrides:
            outcomes_of.setdefault(name.partition(".")[0], set()).add(answer.outcome)
    return [exercise for exercise, known in outcomes_of.items() if known == {"missing"}]


def _files(row: Row) -> list[str]:
    """Which file counts, when it came and was due; exercises that share all of this share a sentence."""
    exercises: dict[Received, list[str]] = {}
    for exercise, received in row.received.items():
        exercises.setdefault(received, []).append(exercise)
    return [
        f"{', '.join(names)}: graded from `{received.file}`"
        + (f", received {_clock(received.time)}" if received.time else "")
        + (f", due {_clock(received.due)}." if received.due else ".")
        for received, names in exercises.items()
    ]


def _clock(time: datetime) -> str:
    return f"{time.day} {time:%B %Y, %H:%M %Z}".strip()


def _lateness(row: Row) -> list[str]:
    """What lateness costs; exercises that are equally late share a sentence."""
    exercises: dict[Late, list[str]] = {}
    for exercise, late in row.late.items():
        if late.days:
            exercises.setdefault(late, []).append(exercise)
    account = []
    for late, names in exercises.items():
        days = "1 day" if late.days == 1 else f"{late.days} days"
        free = f", {late.free} of them free" if late.free else ""
        its = "its" if len(names) == 1 else "their"
        off = f"{format_points(late.percent)} % of {its} points are taken off."
        account.append(f"{', '.join(names)} came {days} late{free}: {off}")
    lost = [f"{format_points(row.penalty)} of your {format_points(row.raw)} points"] if row.penalty else []
    lost += [f"{format_points(row.bonus_penalty)} bonus points"] if row.bonus_penalty else []
    if lost:
        account.append(f"Altogether, lateness costs {' and '.join(lost)}.")
    return account
