"""What an instructor has to look at, found in the rows: a pure function, and the closed list of sentences for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nstlib.grading.records import outcomes
from nstlib.grading.records.gradebook import Answer, Row

__all__ = ["FLAGS", "GROUPS", "REJECTED", "Need", "error_ratio", "needs"]

GROUPS: Mapping[str, tuple[str, str]] = {  # group -> its heading, and what to do
    "ungraded": (
        "Not graded yet",
        "The machine failed, not the student. Run the same command again: what is graded already is kept.",
    ),
    "rejected": (
        "Files that could not be read",
        "No points were given for these, and no zero is sent to a learning platform. Ask for the notebook again.",
    ),
    "who": (
        "Whose work is this?",
        "Correct the class list or the name of the file or folder, and run the same command again.",
    ),
    "ended": ("Answers that ended in an unusual way", "The source and the log are in the student’s row."),
    "flagged": ("Flagged", "A flag changes no points. What does is an override: a line in overrides.csv."),
    "near": (
        "Near misses",
        "The error lies between 0.3 and 3 of the tolerance: another machine could decide otherwise. See the source.",
    ),
}
FLAGS: Mapping[str, str] = {
    "no_student": "No student’s id was found in the name of the file or of its folder.",
    "ambiguous": "More than one student fits the name of the file or of its folder.",
    "not_in_roster": "This student is not in roster.csv.",
    "guessed": "The student is the start of the file’s name, which is in no class list.",
    "no_time": "The time of submission is not known, so that nothing is taken off for lateness.",
    "bad_timestamp": "timestamp.txt cannot be read; the file’s own time was used.",
    "late_on_platform": "Canvas says that it was late. What counts is the due date in bundle.toml.",
    "time_without_zone": "The time stamp names no time zone, and was taken to be in UTC.",
    "nondeterministic": "Two runs of one test gave different answers; the worse one counts.",
    "duplicate": "The notebook has this function twice, not the same; the last one counts.",
    "metadata": "The function is not in the cell that is marked as its answer; it was found by its name.",
    "not_code": "The cell marked as the answer is no code cell.",
    "left_out": "A loop, a `with` or a call outside of the function changes what it uses; these are not run.",
    "bad_cell": "A cell of the notebook is damaged, and was passed over.",
    "suspicious": "The source names parts of Python that no answer needs, such as `ctypes` or `gc`: read it.",
}
WHO = ("no_student", "ambiguous", "guessed", "not_in_roster")
QUIET = frozenset(  # said elsewhere, or harmless
    {"late", "superseded", "override", "upgraded", "kernel", "bom", "duplicate_key", "magics", "not_graded"}
    | {"time_from_file", "time_from_timestamp", "time_from_zip"}
)
REJECT = "reject"
REJECTED: Mapping[str, str] = {
    "empty": "It is empty.",
    "encoding": "It is not in UTF-8.",
    "html": "It is a web page, such as a login form, and no notebook.",
    "python": "It is a Python script under a notebook’s name.",
    "merge": "It holds the marks of a merge that was not finished.",
    "truncated": "Its end is missing: it was cut off on its way.",
    "not_json": "It is no notebook: it is not JSON.",
    "not_notebook": "It is JSON, but not what a notebook holds.",
    "version": "Its version of the notebook format is not known.",
    "too_many_cells": "It has more cells than a notebook may have.",
    "too_large": "It is larger than a notebook may be.",
    "not_a_file": "It is a link, a folder or a device, not a file.",
    "no_notebook": "There is no notebook among what was handed in.",
    "bad_archive": "The archive, or this part of it, is broken or not of a usual kind.",
    "bad_name": "Its name in the archive leads out of the archive.",
    "encrypted": "It needs a password.",
    "nested_archive": "It is an archive within an archive.",
    "too_many": "There are too many files.",
    "unreadable": "It cannot be read.",
    "reading_timeout": "Reading it took too long.",
    "reading_memory": "Reading it took more memory than a notebook needs.",
    "reading_output": "Reading it went wrong.",
    "reading_protocol": "Reading it went wrong.",
    "reading_exited": "Reading it went wrong.",
    "reading_killed": "Reading it crashed.",
}
NOTHING = "It holds none of the questions."
NO_ID = "unknown: "  # how the gradebook names those without an id
NEAR = (0.3, 3.0)


@dataclass(frozen=True)
class Need:
    """Something to look at. question: "" for all of a student's work. text: "" where the group says it."""

    group: str
    row: Row
    question: str
    text: str


def needs(rows: Iterable[Row]) -> dict[str, list[Need]]:
    """Return what to look at by group, in the order of GROUPS; groups without anything are left out."""
    found: dict[str, list[Need]] = {group: [] for group in GROUPS}
    for row in rows:
        for group, question, text in [*_of_files(row), *_of_flags(row), *_of_answers(row)]:
            found[group].append(Need(group, row, question, text))
    return {group: each for group, each in found.items() if each}


def error_ratio(test: Mapping[str, object]) -> float | None:
    """A test's error in units of the tolerance; None where there is no such number."""
    try:
        return float(test.get("error_ratio"))
    except (TypeError, ValueError):
        return None


def _of_files(row: Row) -> Iterable[tuple[str, str, str]]:
    words = [flag.partition(":")[2] for flag in row.flags if flag.startswith(f"{REJECT}:")]
    also = " Another file of this student was graded." if row.status != "rejected" else ""
    for word in words:
        yield "rejected", "", REJECTED.get(word, f"The reason is given as “{word}”.") + also
    if row.status == "rejected" and not words:
        yield "rejected", "", NOTHING


def _of_flags(row: Row) -> Iterable[tuple[str, str, str]]:
    alone = [flag for flag in row.flags if flag.partition(":")[0] not in (REJECT, *QUIET)]
    who = [flag for flag in WHO if flag in alone] or (["no_student"] if row.student.startswith(NO_ID) else [])
    if who:
        yield "who", "", FLAGS[who[0]]  # who has no id is not in the class list either
    for flag in alone:
        question, _, word = flag.rpartition(":")
        if question not in row.answers:
            question, word = "", flag
        if word not in WHO and word not in QUIET:
            yield "flagged", question, FLAGS.get(word, word)


def _of_answers(row: Row) -> Iterable[tuple[str, str, str]]:
    for question, answer in row.answers.items():
        if answer.points is None and row.status != "left_out":
            yield "ungraded", question, "The points of the override count." if question in row.overrides else ""
        for text in _asks(answer):
            yield "ended", question, text
        for test in answer.tests:
            ratio = error_ratio(test)
            if ratio is not None and NEAR[0] <= ratio <= NEAR[1]:
                how = "passed" if test.get("verdict") == "correct" else "not passed"
                yield "near", question, f"Test {test.get('id')}: {how}, its error is {ratio:.2g} of the tolerance."


def _asks(answer: Answer) -> list[str]:
    """What the outcomes of the answer and of its tests ask for, each sentence once."""
    words = [answer.outcome, *(test.get("verdict") for test in answer.tests)]
    return list(dict.fromkeys(ask for word in words if word not in outcomes.OURS and (ask := outcomes.of(word).asks)))
