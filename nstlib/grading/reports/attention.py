"""What needs the instructor's attention: a pure function of the rows, and the closed list of sentences it can say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from nstlib.grading.records import outcomes
from nstlib.grading.records.gradebook import Answer, Row

__all__ = ["FLAGS", "GROUPS", "REJECTED", "Alert", "alerts", "error_ratio"]

GROUPS: Mapping[str, tuple[str, str]] = {  # group -> its heading, and what to do
    "disagree": (
        "Right in the notebook, not here",
        "The notebook’s own check said ✓ when it was saved, which anybody can write into a file. See what differs with "
        "`nst grade … --rerun STUDENT QUESTION`. To give the points, write an override: a line in overrides.csv.",
    ),
    "waiting": (
        "Not graded here: the machine, not the student",
        "The jail refused something, a cell reads what only the student’s machine has (a file, a command, a widget), a "
        "package is missing, or the cells above the answer take too long. Install the package beside nstlib and grade "
        "again, or write an override.",
    ),
    "ungraded": (
        "Not graded yet",
        "The machine failed, not the student. Run the same command again: what is already graded is kept.",
    ),
    "rejected": (
        "Files that could not be read",
        "These got no points, and no learning platform is sent a zero for them. Ask for the notebook again.",
    ),
    "who": (
        "Whose work is this?",
        "Correct the class list, or the name of the file or folder, and run the same command again.",
    ),
    "names": (
        "A name or package was missing",
        "The notebook was run from the top, in order: cells that were run in another order, or deleted, are not there.",
    ),
    "ended": ("Answers that ended in an unusual way", "The source and the log are in the student’s row."),
    "flagged": ("Flagged", "A flag changes no points. To change them, write an override: a line in overrides.csv."),
    "near": (
        "Near misses",
        "The error is between 0.3 and 3 times the tolerance: another machine could decide otherwise. Read the source.",
    ),
}
FLAGS: Mapping[str, str] = {
    "no_student": "Neither the file’s name nor its folder’s holds a student’s id.",
    "ambiguous": "The name of the file or its folder fits more than one student.",
    "clash": "Another file could be this student’s or somebody else’s, so each was kept apart. Add a line for each "
    "student to roster.csv, such as `smith,Ann Smith`, and begin each file’s name with its student’s id.",
    "spellings": "Two files name this student in two spellings, such as smith and Smith, and the later one counts. If "
    "they are two students’, rename one of the files.",
    "not_in_roster": "This student is not in roster.csv.",
    "guessed": "The student’s id is a guess, the start of the file’s name: it is in no class list.",
    "no_time": "The time of submission is not known, so nothing is taken off for lateness.",
    "bad_timestamp": "timestamp.txt cannot be read; the file’s own time was used.",
    "late_on_platform": "Canvas says that this was late; what counts is the due date in bundle.toml.",
    "time_without_zone": "The time stamp names no time zone; UTC was assumed.",
    "nondeterministic": "Two runs of the same test gave different answers; the worse one counts.",
    "together_exited": "With all its tests in one process, the answer ended Python; the tests one by one count.",
    "together_killed": "With all its tests in one process, the answer crashed; the tests one by one count.",
    "together_protocol": "With all its tests in one process, the answer sent no reply; the tests one by one count.",
    "together_wrong": "With all its tests in one process, the answer was wrong; one by one, which counts, it is right. "
    "It varies by chance, or keeps something from call to call.",
    "metadata": "The function is not in the cell marked as its answer; it was found by its name.",
    "not_code": "A cell marked as an answer is not a code cell.",
    "checked_again": "A cell below calls the check again, but the marked one counts.",
    "after_check": "The answer stands below its check; what stands at the notebook’s end was graded.",
    "cell_too_long": "A statement outside the functions took too long and was left out.",
    "order_from_zip": "Of several tries in one archive, the file that was changed last counts, as the archive says.",
    "bad_cell": "A cell of the notebook is damaged and was skipped.",
    "suspicious": "The source names parts of Python that no answer needs, such as `ctypes` or `gc`: read it.",
}
WHO = ("no_student", "clash", "spellings", "ambiguous", "guessed", "not_in_roster")
QUIET = frozenset(  # shown elsewhere, or harmless
    {"late", "superseded", "override", "upgraded", "kernel", "bom", "duplicate_key", "not_graded", "no_check"}
    | {
        "time_from_file",
        "time_from_timestamp",
        "time_from_zip",
        "check_said_right",
        "cell_raised",
        "no_package",
        "no_python",
    }
)
REJECT = "reject"
REJECTED: Mapping[str, str] = {
    "empty": "It is empty.",
    "encoding": "It is not in UTF-8.",
    "html": "It is a web page, such as a login form, not a notebook.",
    "python": "It is a Python script with a notebook’s name.",
    "merge": "It has the conflict markers of an unfinished merge.",
    "truncated": "Its end is missing: it was cut off, perhaps in the upload.",
    "not_json": "It is not a notebook: it is not JSON.",
    "not_notebook": "It is JSON, but not a notebook.",
    "version": "Its version of the notebook format is unknown.",
    "too_many_cells": "It has more cells than a notebook may have.",
    "too_large": "It is larger than a notebook may be, as pictures in its outputs make it: ask for it without outputs.",
    "not_a_file": "It is a link, a folder or a device, not a file.",
    "no_notebook": "No notebook was handed in.",
    "bad_archive": "The archive, or this part of it, is broken or of an unusual kind.",
    "bad_name": "Its name in the archive points outside the archive.",
    "encrypted": "It needs a password.",
    "nested_archive": "It is an archive within an archive.",
    "too_many": "There are too many files.",
    "unreadable": "It cannot be read.",
    "reading_timeout": "Reading it took too long.",
    "reading_memory": "Reading it took more memory than a notebook needs.",
    "reading_output": "Something went wrong when it was read.",
    "reading_protocol": "Something went wrong when it was read.",
    "reading_exited": "Something went wrong when it was read.",
    "reading_killed": "Python crashed when it was read.",
}
NOTHING = "It contains none of the questions."
NAMES = ("NameError", "ModuleNotFoundError", "ImportError")
NO_ID = "unknown: "  # how the gradebook names those without an id
NEAR = (0.3, 3.0)


@dataclass(frozen=True)
class Alert:
    """Something to look at. question: "" for all of a student's work. text: "" where the group says it all."""

    group: str
    row: Row
    question: str
    text: str


def alerts(rows: Iterable[Row]) -> dict[str, list[Alert]]:
    """Return what to look at by group, in the order of GROUPS; empty groups are left out."""
    groups: dict[str, list[Alert]] = {group: [] for group in GROUPS}
    for row in rows:
        for group, question, text in [*_of_files(row), *_of_flags(row), *_of_answers(row)]:
            groups[group].append(Alert(group, row, question, text))
    groups["flagged"] = _join(groups["flagged"])
    return {group: entries for group, entries in groups.items() if entries}


def error_ratio(test: Mapping[str, object]) -> float | None:
    """A test's error in units of the tolerance; None where there is no such number."""
    try:
        return float(test.get("error_ratio"))
    except (TypeError, ValueError):
        return None


def _join(entries: Iterable[Alert]) -> list[Alert]:
    """Say once what is said of several answers of a student's."""
    joined: dict[tuple[str, str], list[Alert]] = {}
    for alert in entries:
        joined.setdefault((alert.row.student, alert.text), []).append(alert)
    return [
        replace(first, text=f"{first.text} The same holds for {', '.join(alert.question for alert in others)}.")
        if others
        else first
        for first, *others in joined.values()
    ]


def _of_files(row: Row) -> Iterable[tuple[str, str, str]]:
    reasons = [flag.partition(":")[2] for flag in row.flags if flag.startswith(f"{REJECT}:")]
    addition = " Another file of this student was graded." if row.status != "rejected" else ""
    for reason in reasons:
        yield "rejected", "", REJECTED.get(reason, f"The reason is given as “{reason}”.") + addition
    if row.status == "rejected" and not reasons:
        yield "rejected", "", NOTHING


def _of_flags(row: Row) -> Iterable[tuple[str, str, str]]:
    flags = [flag for flag in row.flags if flag.partition(":")[0] not in (REJECT, *QUIET)]
    who = [flag for flag in WHO if flag in flags] or (["no_student"] if row.student.startswith(NO_ID) else [])
    if who:
        yield "who", "", FLAGS[who[0]]  # who has no id is not in the class list either
    for flag in flags:
        question, _, word = flag.rpartition(":")
        if question not in row.answers:
            question, word = "", flag
        if word not in WHO and word not in QUIET:
            yield "flagged", question, FLAGS.get(word, word)


def _of_answers(row: Row) -> Iterable[tuple[str, str, str]]:
    for question, answer in row.answers.items():
        if answer.outcome != "correct" and "check_said_right" in answer.warnings:
            label = outcomes.of(answer.outcome).label
            yield "disagree", question, f"the notebook said ✓, here it is “{label}”{_said(answer)}"
        elif answer.error.startswith(NAMES) and answer.outcome == "raised" and answer.misconception != "calls-nstlib":
            yield "names", question, answer.error.partition("\n")[0]
        if answer.outcome in outcomes.WAITING:
            yield "waiting", question, answer.error.replace("\n", ", ")
        elif answer.points is None and answer.outcome not in outcomes.BY_HAND and row.status != "left_out":
            yield "ungraded", question, "The points of the override count." if question in row.overrides else ""
        if answer.cut and answer.outcome in outcomes.BY_HAND:
            yield (
                "flagged",
                question,
                f"The text is too long for the page: read {answer.cut:,} more characters in the file.",
            )
        for text in _requests(answer):
            yield "ended", question, text
        for test in answer.tests:
            ratio = error_ratio(test)
            if ratio is not None and NEAR[0] <= ratio <= NEAR[1]:
                verdict = "passed" if test.get("verdict") == "correct" else "not passed"
                yield "near", question, f"Test {test.get('id')}: {verdict}, its error is {ratio:.2g} of the tolerance."


def _said(answer: Answer) -> str:
    return f": {answer.error}".replace("\n", ", ") if answer.error else ""


def _requests(answer: Answer) -> list[str]:
    """What the outcomes of the answer and of its tests ask the instructor to do, each sentence once."""
    words = [answer.outcome, *(test.get("verdict") for test in answer.tests)]
    known = [outcomes.of(word) for word in words if word not in outcomes.OURS]
    return list(dict.fromkeys(outcome.asks for outcome in known if outcome.asks))
