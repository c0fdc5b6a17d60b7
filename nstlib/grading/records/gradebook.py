"""From the journal to grades: a pure function of records, class list, dates and overrides, and its two tables.

Nothing is asked of a clock, a disk or the machine, so that the same journal gives the same bytes everywhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from nstlib.grading import csv_files
from nstlib.grading.bundle.classroom import Override, Student
from nstlib.grading.bundle.lateness import Late, Policy, lateness
from nstlib.grading.escaping import normalized
from nstlib.grading.records import outcomes

__all__ = ["Answer", "Row", "build", "format_points", "gradebook_csv", "tests_csv", "write"]

CENT, NONE = Decimal("0.01"), Decimal(0)
SOURCE, LOG = 20_000, 2_000  # characters kept of each answer; all of it is in the journal
LEFT_OUT = "not_graded"  # the flag of a file that this run left out, and of which no run before has marks
KEPT = ("id", "verdict", "detail", "error_ratio")  # of a test; seconds and the like differ from run to run


@dataclass(frozen=True)
class Answer:
    """What became of one question. points: None where it could not be graded, which is our fault."""

    outcome: str
    points: Decimal | None = None
    misconception: str = ""
    said: tuple[str, ...] = ()  # keys of the bundle's sentences, beside that of the misconception
    warnings: tuple[str, ...] = ()
    tests: tuple[Mapping[str, object], ...] = ()
    source: str = ""
    log: str = ""


@dataclass(frozen=True)
class Row:
    """A student. total = raw − penalty + override, the last being what overrides add or take.

    status: "graded", "ungraded" (a question could not be graded), "left_out" (of this run, and in no run before),
    "rejected" (no notebook could be read) or
    "no_submission". late: by exercise. answers: by question, empty without a submission.
    """

    student: str
    name: str
    raw: Decimal
    penalty: Decimal
    override: Decimal
    max: int
    days_late: int
    status: str
    flags: tuple[str, ...] = ()
    answers: Mapping[str, Answer] = field(default_factory=dict)
    late: Mapping[str, Late] = field(default_factory=dict)
    overrides: Mapping[str, Override] = field(default_factory=dict)

    @property
    def counts(self) -> bool:
        """Whether there are points to tell: where nothing was graded, there are none, and no zero either."""
        return self.status == "graded" or bool(self.overrides and self.status != "ungraded")

    @property
    def total(self) -> Decimal:
        """What counts."""
        return self.raw - self.penalty + self.override


def build(
    records: Iterable[Mapping],
    roster: Sequence[Student],
    overrides: Sequence[Override],
    policy: Policy,
    points: Mapping[str, int],
) -> list[Row]:
    """Return a row for everybody in the roster, the records or the overrides, sorted by student.

    A later record of the same file replaces an earlier one. Of several files of a student, each question counts from
    the last in which it was tried, and is as late as that file. `points`: question -> what it is worth.
    """
    files: dict[str, dict[str, Mapping]] = {}
    names = {normalized(each.id): each for each in roster}
    spelled = {key: each.id for key, each in names.items()}
    for record in records:
        student = str(record.get("student") or f"unknown: {record.get('path', '')}")
        files.setdefault(normalized(student), {})[str(record.get("path"))] = _kept(record, points)
        if normalized(student) not in names:  # of two spellings the same one, whichever comes first
            spelled[normalized(student)] = min(student, spelled.get(normalized(student), student))
    given: dict[str, dict[str, Override]] = {}
    for each in overrides:
        given.setdefault(normalized(each.student), {})[each.question] = each
        spelled.setdefault(normalized(each.student), each.student)
    rows = []
    for key in sorted(spelled, key=lambda each: (spelled[each], each)):
        student = names.get(key) or Student(spelled[key])
        found = _row(student, list(files.get(key, {}).values()), given.get(key, {}), policy, points)
        rows.append(found if key in names or not roster else _flagged(found, "not_in_roster"))
    return rows


def gradebook_csv(rows: Iterable[Row], points: Mapping[str, int]) -> str:
    """A row a student, a column a question: its points before lateness and overrides, empty where there are none."""
    after = ("raw", "days_late", "penalty", "override", "total", "max", "status", "flags")

    def line(row: Row) -> list:
        each = [format_points(row.answers[name].points) if name in row.answers else None for name in points]
        override = format_points(row.override) if row.overrides else None
        sums = [format_points(row.raw), row.days_late, format_points(row.penalty), override, format_points(row.total)]
        sums = [*(sums if row.counts else (None, None, None, None, None)), row.max]
        return [row.student, *each, *map(_number, sums), row.status, " ".join(row.flags)]

    return csv_files.text(("student", *points, *after), (line(row) for row in rows))


def tests_csv(rows: Iterable[Row], points: Mapping[str, int]) -> str:
    """A row a test of each submitted question; one without a test where none was run."""
    heading = ("student", "question", "outcome", "misconception", "points", "of", "test", "verdict", "detail")
    lines = []
    for row in rows:
        for question, answer in row.answers.items():
            worth = _number(format_points(answer.points))
            start = [row.student, question, answer.outcome, answer.misconception, worth, points[question]]
            lines += [[*start, *(test.get(key) for key in KEPT)] for test in answer.tests or ({},)]
    return csv_files.text((*heading, "error_ratio"), lines)


def write(folder: Path, rows: Sequence[Row], points: Mapping[str, int]) -> None:
    """Replace gradebook.csv and tests.csv in a folder."""
    csv_files.write(folder / "gradebook.csv", gradebook_csv(rows, points))
    csv_files.write(folder / "tests.csv", tests_csv(rows, points))


def format_points(number: Decimal | None) -> str | None:
    """Write points without needless zeros: 7.5, 8, −1.25 with a hyphen."""
    if number is None:
        return None
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


@dataclass(frozen=True)
class _Number:
    """A number as it is to stand in a cell: what looks like a formula in text is a minus in front of digits here."""

    text: str

    def __str__(self) -> str:
        return self.text


def _number(value: object) -> object:
    return _Number(value) if isinstance(value, str) else value


@dataclass(frozen=True)
class _File:
    """What is needed of a record."""

    path: str
    time: datetime | None
    flags: tuple[str, ...]
    answers: Mapping[str, Answer]


def _kept(record: Mapping, points: Mapping[str, int]) -> _File:
    """Keep of a record what the gradebook and the pages show, so that a thousand fit into memory."""
    flags = [str(each) for each in record.get("flags") or ()]
    if record.get("reject"):
        flags.append(f"reject:{record['reject']}")
    time = datetime.fromisoformat(record["time"]) if record.get("time") else None
    if time is None or time.tzinfo is None:
        time = None
        flags.append("no_time")
    ungraded, found = set(record.get("ungraded") or ()), record.get("questions") or {}
    answers = {
        name: _answer(found.get(name) or {"outcome": "ungraded"}, name in ungraded, points[name])
        for name in points
        if name in found or name in ungraded
    }
    return _File(str(record.get("path")), time, tuple(flags), answers)


def _answer(found: Mapping, ungraded: bool, most: int) -> Answer:
    """Read an answer's entry; points that cannot be are no points, and ask to be graded again."""
    earned = found.get("outcome") == "correct" or found.get("misconception")  # some known mistakes earn a part
    try:
        worth = Decimal(str(found["points"]))
        valid = NONE <= worth <= (most if earned else NONE) and found.get("outcome") not in outcomes.OURS
    except (KeyError, ArithmeticError):
        valid = False
    tests = tuple(found.get("tests") or ())
    log = next((str(test["log"]) for test in tests if test.get("log")), "")
    return Answer(
        outcome="ungraded" if ungraded or not valid else str(found.get("outcome")),
        points=worth if valid and not ungraded else None,
        misconception=str(found.get("misconception") or ""),
        said=tuple(str(each) for each in found.get("said") or ()),
        warnings=tuple(str(each) for each in found.get("warnings") or ()),
        tests=tuple({key: test.get(key) for key in KEPT} for test in tests),
        source=str(found.get("source") or "")[:SOURCE],
        log=log[:LOG],
    )


def _row(
    student: Student, files: list[_File], given: Mapping[str, Override], policy: Policy, points: Mapping[str, int]
) -> Row:
    files = sorted(files, key=lambda each: (each.time is not None, each.time and each.time.timestamp(), each.path))
    counted = [each for each in files if "superseded" not in each.flags]
    chosen: dict[str, _File] = {}
    for file in counted:
        for name, answer in file.answers.items():
            if name not in chosen or answer.outcome not in outcomes.NOT_TRIED:
                chosen[name] = file
    answers = {name: chosen[name].answers[name] for name in points if name in chosen}
    times: dict[str, datetime] = {}
    for name, file in chosen.items():
        if file.time:
            times[_exercise(name)] = max(file.time, times.get(_exercise(name), file.time))
    late = lateness(student.id, times, policy)
    worth = {name: answer.points or NONE for name, answer in answers.items()}
    lost = {name: _lost(number, late.get(_exercise(name), Late())) for name, number in worth.items()}
    added = sum((each.points - worth.get(name, NONE) + lost.get(name, NONE) for name, each in given.items()), NONE)
    flags = {flag for file in files for flag in file.flags} - {"superseded"}
    flags |= {f"{name}:{warning}" for name, answer in answers.items() for warning in answer.warnings}
    flags |= {f"override:{name}" for name in given} | ({"late"} if any(each.days for each in late.values()) else set())
    flags |= {"superseded"} if len(counted) < len(files) else set()
    return Row(
        student=student.id,
        name=student.name,
        raw=sum(worth.values(), NONE),
        penalty=sum(lost.values(), NONE),
        override=added,
        max=sum(points.values()),
        days_late=max((each.days for each in late.values()), default=0),
        status=_status(counted, answers, given),
        flags=tuple(sorted(flags)),
        answers=answers,
        late=late,
        overrides=dict(sorted(given.items())),
    )


def _status(files: list[_File], answers: Mapping[str, Answer], given: Mapping[str, Override]) -> str:
    if not files:
        return "no_submission"
    if any(answer.points is None and name not in given for name, answer in answers.items()):
        return "left_out" if all(LEFT_OUT in file.flags for file in files) else "ungraded"
    return "graded" if answers else "rejected"


def _exercise(question: str) -> str:
    return question.partition(".")[0]


def _lost(points: Decimal, late: Late) -> Decimal:
    return (points * late.percent / 100).quantize(CENT, ROUND_HALF_UP)


def _flagged(row: Row, flag: str) -> Row:
    return replace(row, flags=tuple(sorted({*row.flags, flag})))
