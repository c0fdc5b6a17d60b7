"""From the journal to grades: a pure function of records, class list, due dates and overrides, and its two tables.

It asks no clock, no disk and no machine for anything, so that the same journal gives the same bytes everywhere.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from nstlib.grading import csv_files
from nstlib.grading.bundle import rubric
from nstlib.grading.bundle.classroom import Override, Student
from nstlib.grading.bundle.lateness import Late, Policy, lateness
from nstlib.grading.escaping import normalized
from nstlib.grading.records import names, outcomes
from nstlib.grading.sandbox.texts import LONGEST

__all__ = [
    "Answer", "Received", "Row", "build", "file_of", "format_points", "gradebook_csv", "score", "tests_csv", "write",
]  # fmt: skip

CENT = Decimal("0.01")
ZERO = Decimal(0)
SOURCE = 20_000  # characters kept of an answer in Python; the journal has all of them
LOG = 2_000  # and of what it printed
ORDER_FROM_ZIP = "order_from_zip"  # the flag of a student whose tries in one archive were told apart by its times
LEFT_OUT = "not_graded"  # the flag of a file that this run left out, and that no earlier run has marked
TEST_FIELDS = ("id", "verdict", "detail", "error_ratio")  # seconds and the like differ from run to run


@dataclass(frozen=True)
class Answer:
    """What became of a student's answer to one question. points: None where the grader failed to grade it.

    mark: what a person gave for it, with `fingerprint`, by which this answer is told from a later one. cut: how many
    characters `source` has lost. line: the name by which a sheet knows the student, where it is another than today's.
    """

    outcome: str
    points: Decimal | None = None
    misconception: str = ""
    message_keys: tuple[str, ...] = ()  # of the question's messages, beside that of the misconception
    warnings: tuple[str, ...] = ()
    tests: tuple[Mapping[str, object], ...] = ()
    source: str = ""
    log: str = ""
    error: str = ""  # what it raised, for the instructor
    where: str = ""  # the same for the student, without a word that a hidden test could have put into it
    shape: str = ""  # the same for answers that differ in names and comments alone
    size: int = 0  # of its syntax tree, in nodes
    cut: int = 0
    fingerprint: str = ""
    mark: rubric.HandMark | None = None
    line: str = ""


@dataclass(frozen=True)
class Received:
    """The file that an exercise counts from, when it came and when it was due, as clock times in the policy's zone."""

    file: str
    time: datetime | None
    due: datetime | None


@dataclass(frozen=True)
class Row:
    """A student. total = raw − penalty + override + bonus; `override` is what overrides add or take.

    The first three, and `max`, are of the questions that are no bonus. bonus: what the others count after lateness,
    which took `bonus_penalty`, and overrides; at most `bonus_max`, and that is 0 where a course has none.
    status: "graded", "ungraded" (a question could not be graded), "left_out" (this run left the student out, and no
    earlier run had marked what was handed in), "rejected" (no notebook could be read) or "no_submission". late,
    received: by exercise that was tried. answers: by question, empty without a submission.
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
    received: Mapping[str, Received] = field(default_factory=dict)
    bonus: Decimal = ZERO
    bonus_max: int = 0
    bonus_penalty: Decimal = ZERO

    @property
    def counts(self) -> bool:
        """Whether there are points to show: where nothing was graded there are none, and that is not a zero."""
        return self.status == "graded" or bool(self.overrides and self.status != "ungraded")

    @property
    def unmarked(self) -> list[str]:
        """The questions that wait for a person's marks."""
        return [
            name
            for name in self.answers
            if self.answers[name].outcome in outcomes.BY_HAND and name not in self.overrides
        ]

    @property
    def total(self) -> Decimal:
        """The points that count, with the bonus."""
        return self.without_bonus + self.bonus

    @property
    def without_bonus(self) -> Decimal:
        """Those of the points that count which are no bonus: of `max`."""
        return self.raw - self.penalty + self.override


def build(
    records: Iterable[Mapping],
    roster: Sequence[Student],
    overrides: Sequence[Override],
    policy: Policy,
    points: Mapping[str, int],
    marks: rubric.Marks = MappingProxyType({}),
    bonus: Collection[str] = (),
) -> list[Row]:
    """Return a row for everybody in the roster, the records or the overrides, sorted by student.

    A later record of a file replaces an earlier one. If a student handed in several files, each question counts from
    the last one in which it was tried, and is as late as that file. `points`: question -> what it is worth.
    `marks`: of the questions that a person marks. What they say of a text under an earlier name of its file's student
    counts (a record's "known_as"); so does all that was written about a name which was told apart (its "told_apart").
    `bonus`: the questions whose points come on top.
    """
    known = {normalized(student.id): student for student in roster}
    spellings = {key: student.id for key, student in known.items()}
    files: dict[str, dict[str, _File]] = {}  # student -> path -> file
    for record in records:
        student = str(record.get("student") or f"unknown: {record.get('path', '')}")
        key = normalized(student)
        files.setdefault(key, {})[str(record.get("path"))] = _read_record(record, points)
        if key not in known:  # of two spellings take the same one, whichever comes first
            spellings[key] = min(student, spellings.get(key, student))
    claims = _claims({spellings[key]: list(found.values()) for key, found in files.items()}, {*known, *files})
    policy = names.follow_extensions(policy, claims)
    overrides_of: dict[str, dict[str, Override]] = {}  # student -> question -> override
    for override in names.follow_overrides(overrides, claims):
        key = normalized(override.student)
        overrides_of.setdefault(key, {})[override.question] = override
        spellings.setdefault(key, override.student)
    rows = []
    for key in sorted(spellings, key=lambda key: (spellings[key], key)):
        student = known.get(key) or Student(spellings[key])
        own = list(files.get(key, {}).values())
        row = _row(student, own, overrides_of.get(key, {}), policy, points, marks, claims, bonus)
        row = _add_flag(row, "clash") if key in claims else row  # an override that could be either's
        rows.append(row if key in known or not roster else _add_flag(row, "not_in_roster"))
    return rows


def gradebook_csv(rows: Iterable[Row], points: Mapping[str, int]) -> str:
    """Return a row for each student, a column for each question: its points before lateness and overrides, if any.

    Where there are bonus questions, a column says what they count and one what they could.
    """
    rows = list(rows)
    extra = any(row.bonus_max for row in rows)
    before, beside = (("bonus",), ("bonus_max",)) if extra else ((), ())
    after = ("raw", "days_late", "penalty", "override", *before, "total", "max", *beside, "status", "flags")

    def line(row: Row) -> list:
        answers = [format_points(row.answers[name].points) if name in row.answers else None for name in points]
        override = format_points(row.override) if row.overrides else None
        sums = [format_points(row.raw), row.days_late, format_points(row.penalty), override]
        sums += [format_points(row.bonus)] if extra else []
        sums += [format_points(row.total)]
        sums = [*(sums if row.counts else [None] * len(sums)), row.max, *([row.bonus_max] if extra else [])]
        return [row.student, *answers, *map(_number, sums), row.status, " ".join(row.flags)]

    return csv_files.text(("student", *points, *after), (line(row) for row in rows))


def tests_csv(rows: Iterable[Row], points: Mapping[str, int]) -> str:
    """Return a row for each test of each submitted question, or one row without a test where none was run."""
    heading = ("student", "question", "outcome", "misconception", "points", "of", "test", "verdict", "detail")
    lines = []
    for row in rows:
        for question, answer in row.answers.items():
            worth = _number(format_points(answer.points))
            start = [row.student, question, answer.outcome, answer.misconception, worth, points[question]]
            lines += [
                [*start, *(test.get(key) for key in TEST_FIELDS)] for test in answer.tests or (_untested(answer),)
            ]
    return csv_files.text((*heading, "error_ratio"), lines)


def _untested(answer: Answer) -> dict[str, str]:
    """Return what stands in place of a test where none was run."""
    return {"detail": f"{answer.cut} characters cut"} if answer.cut and answer.outcome in outcomes.TEXTS else {}


def write(folder: Path, rows: Sequence[Row], points: Mapping[str, int]) -> None:
    """Replace gradebook.csv and tests.csv in a folder."""
    csv_files.write(folder / "gradebook.csv", gradebook_csv(rows, points))
    csv_files.write(folder / "tests.csv", tests_csv(rows, points))


def file_of(row: Row, question: str) -> str:
    """Return the file in which an answer came, "" where none was tried."""
    received = row.received.get(_exercise(question))
    return received.file if received else ""


def format_points(number: Decimal | None) -> str | None:
    """Write points without needless zeros: 7.5, 8, -1.25."""
    if number is None:
        return None
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def score(row: Row) -> str:
    """Write what a student has of what there is, the bonus apart: 94 of 100 points, bonus 8 of 10: 102 in all."""
    if not row.bonus_max:
        return f"{format_points(row.total)} of {row.max} points"
    bonus = f"{format_points(row.bonus)} of {row.bonus_max}"
    if not row.max:
        return f"{bonus} bonus points"
    whole = f"{format_points(row.without_bonus)} of {row.max} points"
    return f"{whole}, bonus {bonus}: {format_points(row.total)} in all"


@dataclass(frozen=True)
class _Number:
    """A number that is written to a cell as it is: its minus is no start of a formula, as it would be in text."""

    text: str

    def __str__(self) -> str:
        return self.text


def _number(value: object) -> object:
    return _Number(value) if isinstance(value, str) else value


@dataclass(frozen=True)
class _File:
    """What the gradebook needs of a record. within: a member's own time, of an archive that was handed in.

    known_as: other names that its student had. told_apart: the one by which it was not clear whose it is.
    """

    path: str
    time: datetime | None
    within: datetime | None
    flags: tuple[str, ...]
    answers: Mapping[str, Answer]
    known_as: tuple[str, ...] = ()
    told_apart: str = ""


def _read_record(record: Mapping, points: Mapping[str, int]) -> _File:
    """Keep what the gradebook and the pages show of a record, so that a thousand of them fit into memory."""
    flags = [str(flag) for flag in record.get("flags") or ()]
    if record.get("reject"):
        flags.append(f"reject:{record['reject']}")
    time = datetime.fromisoformat(record["time"]) if record.get("time") else None
    if time is None or time.tzinfo is None:
        time = None
        flags.append("no_time")
    ungraded = set(record.get("ungraded") or ())
    entries = record.get("questions") or {}
    answers = {
        name: _read_answer(entries.get(name) or {"outcome": "ungraded"}, name in ungraded, points[name])
        for name in points
        if name in entries or name in ungraded
    }
    within = datetime.fromisoformat(record["within"]) if record.get("within") else None
    known_as = tuple(record.get("known_as") or ())
    told_apart = str(record.get("told_apart") or "")
    return _File(str(record.get("path")), time, within, tuple(flags), answers, known_as, told_apart)


def _read_answer(entry: Mapping, ungraded: bool, most: int) -> Answer:
    """Read an answer's entry; impossible points are no points, and the answer waits to be graded again."""
    waiting = entry.get("outcome") in (*outcomes.WAITING, *outcomes.BY_HAND)
    may_earn = entry.get("outcome") == "correct" or entry.get("misconception")  # some known mistakes earn a part
    try:
        worth = Decimal(str(entry["points"]))
        valid = ZERO <= worth <= (most if may_earn else ZERO) and entry.get("outcome") not in outcomes.OURS
    except (KeyError, ArithmeticError):
        valid = False
    valid = valid and not waiting
    tests = tuple(entry.get("tests") or ())
    log = next((str(test["log"]) for test in tests if test.get("log")), "")
    source = str(entry.get("source") or "")
    digest = entry.get("digest")  # none in a journal of version 0.1.0, or of an answer in Python
    most = LONGEST if entry.get("outcome") in outcomes.BY_HAND else SOURCE
    return Answer(
        outcome="ungraded" if (ungraded or not valid) and not waiting else str(entry.get("outcome")),
        points=worth if valid and not ungraded else None,
        misconception=str(entry.get("misconception") or ""),
        message_keys=tuple(str(key) for key in entry.get("message_keys") or ()),
        warnings=tuple(str(warning) for warning in entry.get("warnings") or ()),
        tests=tuple({key: test.get(key) for key in TEST_FIELDS} for test in tests),
        source=source[:most],
        log=log[:LOG],
        error=str(entry.get("error") or "")[:LOG],
        where=str(entry.get("where") or ""),
        shape=str(entry.get("shape") or ""),
        size=int(entry.get("size") or 0),
        cut=int(entry.get("cut") or 0) + len(source[most:]),
        fingerprint=rubric.shortened(str(digest)) if digest else rubric.fingerprint(source),
    )


def _row(
    student: Student,
    files: list[_File],
    overrides: Mapping[str, Override],
    policy: Policy,
    points: Mapping[str, int],
    marks: rubric.Marks,
    claims: names.Claims,
    bonus: Collection[str],
) -> Row:
    files = sorted(files, key=_order)
    counted = [file for file in files if "superseded" not in file.flags]
    chosen = _choose_files(counted)
    answers = {name: chosen[name].answers[name] for name in points if name in chosen}
    answers = {
        name: _by_hand(answer, name, student.id, chosen[name], marks.get(name, {}), claims)
        for name, answer in answers.items()
    }
    within = _decided_within(counted, chosen)
    times = {exercise: file.time for exercise, file in _latest(chosen).items() if file.time}
    late = lateness(student.id, times, policy)
    worth = {name: answer.points or ZERO for name, answer in answers.items()}
    lost = {name: _lost(number, late.get(_exercise(name), Late())) for name, number in worth.items()}
    counting = {name: worth[name] - lost[name] for name in worth}
    ordinary, on_top = ([name for name in points if (name in bonus) is other] for other in (False, True))
    return Row(
        student=student.id,
        name=student.name,
        raw=sum((worth.get(name, ZERO) for name in ordinary), ZERO),
        penalty=sum((lost.get(name, ZERO) for name in ordinary), ZERO),
        override=_added(overrides, counting, ordinary),
        max=sum(points[name] for name in ordinary),
        bonus=sum((counting.get(name, ZERO) for name in on_top), _added(overrides, counting, on_top)),
        bonus_max=sum(points[name] for name in on_top),
        bonus_penalty=sum((lost.get(name, ZERO) for name in on_top), ZERO),
        days_late=max((cost.days for cost in late.values()), default=0),
        status=_status(counted, answers, overrides),
        flags=(*_flags(files, answers, late, overrides), *([ORDER_FROM_ZIP] if within else [])),
        answers=answers,
        late=late,
        overrides=dict(sorted(overrides.items())),
        received=_received(student.id, chosen, policy),
    )


def _added(overrides: Mapping[str, Override], counting: Mapping[str, Decimal], questions: Iterable[str]) -> Decimal:
    """Return what the overrides of these questions add to what they count, or take from it."""
    return sum((overrides[name].points - counting.get(name, ZERO) for name in questions if name in overrides), ZERO)


def _claims(files: Mapping[str, Sequence[_File]], today: set[str]) -> names.Claims:
    """Return who had a name before it was told apart, and what they tried; a name of `today` stands for itself."""
    claims: dict[str, dict[str, frozenset[str]]] = {}
    for student, own in files.items():
        for file in own:
            name = normalized(file.told_apart)
            if name and name not in today:
                tried = {question for question, answer in file.answers.items() if _is_tried(answer)}
                claimants = claims.setdefault(name, {})
                claimants[student] = claimants.get(student, frozenset()) | tried
    return claims


def _by_hand(answer: Answer, question: str, student: str, file: _File, marks: Mapping, claims: names.Claims) -> Answer:
    """Give an answer the points that a person has written down for it, if it waits for them."""
    if answer.outcome not in outcomes.BY_HAND:
        return answer
    name, line = _find_line(answer, question, student, file, marks, claims)
    if line is None:
        return answer
    answer = replace(answer, line="" if name == student else name)
    mark = marks[line]
    return replace(answer, outcome="marked", points=sum(mark.points.values(), ZERO), mark=mark) if mark else answer


def _find_line(
    answer: Answer, question: str, student: str, file: _File, marks: Mapping, claims: names.Claims
) -> tuple[str, tuple[str, str] | None]:
    """Return the name by which a sheet knows an answer, and the key of its line, or None.

    A line under an earlier name counts for the same text. One for any text counts only if no other student who had the
    name answered the question.
    """
    others = [student for student, tried in claims.get(normalized(file.told_apart), {}).items() if question in tried]
    for name in (student, *file.known_as, file.told_apart):
        alone = name == student or (name == file.told_apart and len(others) == 1)
        line = rubric.find(marks, name, answer.fingerprint, any_text=alone)
        if line:
            return name, line
    return student, None


def _order(file: _File) -> tuple:
    """Return what tells which of a student's files is the last."""
    return (
        *(file.time is not None, file.time.timestamp() if file.time else 0),
        *(file.within.timestamp() if file.within else 0, file.path),
    )


def _decided_within(files: list[_File], chosen: Mapping[str, _File]) -> bool:
    """Return whether a question counts from one of several tries that came at once, by the times in their archive."""
    return any(
        file is not last and file.time == last.time and file.within != last.within and _is_tried(file.answers.get(name))
        for name, last in chosen.items()
        for file in files
    )


def _is_tried(answer: Answer | None) -> bool:
    return answer is not None and answer.outcome not in outcomes.NOT_TRIED


def _choose_files(files: list[_File]) -> dict[str, _File]:
    """Return for each question the last file in which it was tried; `files` are sorted by time."""
    chosen: dict[str, _File] = {}
    for file in files:
        for name, answer in file.answers.items():
            if name not in chosen or _is_tried(answer):
                chosen[name] = file
    return chosen


def _latest(chosen: Mapping[str, _File]) -> dict[str, _File]:
    """Return the latest file that a question of each exercise counts from; an exercise that was not tried has none."""
    latest: dict[str, _File] = {}
    for name, file in chosen.items():
        if _is_tried(file.answers[name]):
            latest[_exercise(name)] = max(file, latest.get(_exercise(name), file), key=_order)
    return latest


def _received(student: str, chosen: Mapping[str, _File], policy: Policy) -> dict[str, Received]:
    zone = ZoneInfo(policy.zone)
    received = {}
    for exercise, file in _latest(chosen).items():
        due = policy.due_for(exercise)
        due = due + policy.extension(student, exercise) if due else None
        received[exercise] = Received(file.path, file.time.astimezone(zone) if file.time else None, due)
    return received


def _flags(
    files: list[_File], answers: Mapping[str, Answer], late: Mapping[str, Late], overrides: Mapping[str, Override]
) -> tuple[str, ...]:
    flags = {flag for file in files for flag in file.flags}
    flags |= {f"{name}:{warning}" for name, answer in answers.items() for warning in answer.warnings}
    flags |= {f"override:{name}" for name in overrides}
    if any(cost.days for cost in late.values()):
        flags.add("late")
    return tuple(sorted(flags))


def _status(files: list[_File], answers: Mapping[str, Answer], overrides: Mapping[str, Override]) -> str:
    if not files:
        return "no_submission"
    if any(answer.points is None and name not in overrides for name, answer in answers.items()):
        return "left_out" if all(LEFT_OUT in file.flags for file in files) else "ungraded"
    return "graded" if answers else "rejected"


def _exercise(question: str) -> str:
    return question.partition(".")[0]


def _lost(points: Decimal, late: Late) -> Decimal:
    return (points * late.percent / 100).quantize(CENT, ROUND_HALF_UP)


def _add_flag(row: Row, flag: str) -> Row:
    return replace(row, flags=tuple(sorted({*row.flags, flag})))
