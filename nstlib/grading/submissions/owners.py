"""Whose a file is, by its path alone: how Canvas, Moodle, Blackboard, nbgrader and instructors name files.

A student chooses the end of such a name. So only the first match in a path counts, and what fits two students is
nobody's.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import takewhile

from nstlib.grading.bundle.classroom import Student
from nstlib.grading.escaping import normalized, printable

__all__ = ["Owner", "OwnerFinder", "name_part", "parse_time"]

# lastfirst_LATE_12345_67890_ex02.ipynb: Canvas's number of the user, then that of the file.
CANVAS = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?(?P<numbers>(?:_[0-9]+){2,})_.+", re.DOTALL)
ANONYMOUS = re.compile(r"(?P<late>LATE_)?(?P<student>anon_[A-Za-z0-9]+)_[0-9]+_.+", re.DOTALL)
# Anna Archer_1234567_assignsubmission_file_, a folder or the start of a file's name; the number is of this assignment.
MOODLE = re.compile(r"(?P<name>[^_]+)_(?P<number>[0-9]+)_assignsubmission_(?:file|onlinetext)(?:_.*)?", re.DOTALL)
BLACKBOARD = re.compile(r"(?P<before>.+?)_attempt_(?P<time>[0-9]{4}(?:-[0-9]{2}){5})(?:[_.].*)?", re.DOTALL)
# anna+ex02+2027-01-31 12:00:00.000000 UTC+a1b2, a folder of nbgrader's exchange
INBOUND = re.compile(r"(?P<student>[^+]+)\+[^+]+\+(?P<time>[0-9]{4}-[0-9-]{5} [0-9:.]{8,15} UTC)(?:\+.*)?", re.DOTALL)
CUT = re.compile(r"(?=[ _(+]|-[0-9]+$)|$")  # where an id may end: not within anna-lena or anna.archer
SIGNS = " _-+,.()"  # between the words of a file's name
KINDS = "ex|exercise|hw|homework|assignment|sheet|week"
EXERCISE = re.compile(rf"(?<![^\W_])(?:{KINDS})[ _-]?0*([0-9]{{1,2}})(?![0-9])", re.IGNORECASE)
TITLES = (
    "unroll_and_content",
    "gram_matrix",
    "style_cost",
    "layer_weights",
    "optimise",
    "other_statistics",
    "after_the_gram_matrix",
)
TITLE = re.compile(rf"^[ _-]*(?:{'|'.join(TITLES)})(?![^\W_])", re.IGNORECASE)  # after the exercise's number
NO_NAMES = {"final", "new", "old", "copy", "version", "last", "solution", "answers", "submission", "notebook", "try"}
NO_NAMES |= {*KINDS.split("|"), "work", "v"}
COPY = re.compile(r" ?\([0-9]{1,3}\)$")  # what a browser appends to a second download
MOODLE_DROPS = re.compile(r"[\x00-\x1f&<>\"`|':\\/]")  # from names of files


@dataclass(frozen=True)
class Owner:
    """A student, "" where the path names none or two. how: "pattern", "platform", "folder" or "file".

    known: the class list has the student. exercise: what a file's name says, such as "2".
    """

    student: str
    how: str
    flags: frozenset[str] = frozenset()
    time: datetime | None = None
    known: bool = False
    exercise: str = ""


class OwnerFinder:
    """Finds the owner of each path of a run; `start` is how many parts of every path stand above the students."""

    def __init__(
        self, roster: Sequence[Student], pattern: re.Pattern | None, paths: Iterable[tuple[str, ...]], start: int = 0
    ) -> None:
        self.pattern = pattern
        self._start = start
        self._students = {normalized(student.id): student for student in roster}
        self._ids: dict[tuple[str, str], set[str]] = defaultdict(set)  # ("canvas", number) or ("name", name) -> ids
        for student in roster:
            if student.canvas_id:
                self._ids["canvas", student.canvas_id].add(student.id)
            for name in _spellings(student.name):
                self._ids["name", name].add(student.id)
        self._canvas: dict[str, set[str]] = defaultdict(set)  # number -> names
        self._moodle: dict[tuple[str, str], set[str]] = defaultdict(set)  # folder of the exercise, name -> numbers
        self._blackboard: set[str] = set()  # what stands before the attempt
        for folder, top in {self._top(parts) for parts in paths if len(parts) > start}:
            if match := MOODLE.fullmatch(top):
                self._moodle[folder, _plain(self._without_group(match["name"]))].add(match["number"])
            elif match := BLACKBOARD.fullmatch(top):
                self._blackboard.add(match["before"])
            elif match := CANVAS.fullmatch(top):
                self._canvas[match["numbers"].split("_")[1]].add(match["name"])

    def owner(self, parts: tuple[str, ...], folder: bool = False) -> Owner:
        """Return whose the path is; `folder`: it is the path of a folder."""
        if self.pattern and (match := self.pattern.search("/".join(parts))):
            return self._owner_with_time(match, "pattern")
        exercise, top = self._top(parts)
        owner = self._owner_of(exercise, parts[self._start + bool(exercise) :], top, folder)
        number = EXERCISE.fullmatch(exercise)
        return replace(owner, exercise=owner.exercise or number[1]) if number else owner

    def _top(self, parts: tuple[str, ...]) -> tuple[str, str]:
        """Return the folder of the exercise, "" where there is none for each, and the part that names the student."""
        top = parts[self._start]
        if EXERCISE.fullmatch(top) and len(parts) > self._start + 1:
            return top, parts[self._start + 1]
        return "", top

    def _owner_of(self, exercise: str, parts: tuple[str, ...], top: str, folder: bool) -> Owner:
        if match := MOODLE.fullmatch(top):
            return self._moodle_owner(exercise, match)
        if match := INBOUND.fullmatch(top):
            return self._owner_with_time(match, "platform")
        if match := BLACKBOARD.fullmatch(top):
            return self._owner(self._blackboard_user(match["before"]), "platform", *_time_and_flags(match))
        if folder and EXERCISE.fullmatch(top):
            return self._owner("", "folder", {"guessed"})
        if folder or len(parts) > 1:
            return self._owner(top, "folder")
        if match := ANONYMOUS.fullmatch(top):
            return self._owner(match["student"], "platform", _late(match))
        match = CANVAS.fullmatch(top)
        return (match and self._canvas_owner(top, match)) or self._file_owner(top)

    def _owner(
        self, text: str, how: str, flags: Iterable[str] = (), time: datetime | None = None, exercise: str = ""
    ) -> Owner:
        known = self._students.get(normalized(text))
        student = known.id if known else printable(text).strip()
        flags = frozenset(flags) | (frozenset() if student else {"no_student"})
        return Owner(student, how, flags, time, known is not None, exercise)

    def _owner_with_time(self, match: re.Match, how: str) -> Owner:
        return self._owner(match["student"] or "", how, *_time_and_flags(match))

    def _blackboard_user(self, text: str) -> str:
        """Return the user of Assignment_user; both may hold underscores, and everybody has the same assignment."""
        ends = [text[match.end() :] for match in re.finditer("_", text)]
        if known := [end for end in ends if normalized(end) in self._students]:
            return known[0]  # the longest
        last = ends[-1] if ends else text
        alike = [other for other in self._blackboard if normalized(other).endswith(f"_{normalized(last)}")]
        if len(alike) < 2:
            return last
        words = zip(*(other.split("_") for other in alike), strict=False)
        common = takewhile(lambda same: len(set(same)) == 1, words)
        return "_".join(text.split("_")[len(list(common)) :])

    def _without_group(self, name: str) -> str:
        """Return a Moodle name without the group that stands in front of it, as in Group A-Anna Archer."""
        if ("name", _plain(name)) in self._ids:
            return name
        rests = [name[match.end() :] for match in re.finditer("-", name)]
        return next((rest for rest in rests if ("name", _plain(rest)) in self._ids), name)

    def _moodle_owner(self, exercise: str, match: re.Match) -> Owner:
        """Find the name in the class list; Moodle's numbers tell two people of one name apart, if anything does."""
        name = _plain(self._without_group(match["name"]))
        ids = self._ids.get(("name", name), ())
        numbers = self._moodle[exercise, name]
        if len(ids) > 1 or (ids and len(numbers) > 1):
            return Owner("", "platform", frozenset({"ambiguous", "no_student"}))
        if ids:
            return Owner(*ids, "platform", known=True)
        if len(numbers) > 1:  # in an anonymous assignment, every file is from “Participant”
            return self._owner(f"{match['name']} {match['number']}", "platform", {"ambiguous"})
        return self._owner(match["name"], "platform")

    def _canvas_owner(self, top: str, match: re.Match) -> Owner | None:
        """Find the user's number; None where Canvas did not make this name, as in anna_2027_01_ex02.ipynb.

        A name that ends in _101 puts a number in front of the user's: if both numbers are known, neither is believed.
        """
        numbers = match["numbers"].split("_")[1:-1]
        numbers = numbers[:1] if match["late"] else numbers
        ids = {student for number in numbers for student in self._ids.get(("canvas", number), ())}
        if len(ids) > 1:
            return Owner("", "platform", _late(match) | {"ambiguous", "no_student"})
        if ids:
            return Owner(*ids, "platform", _late(match), known=True)
        student = self._student_at_start(top)
        several = len(self._canvas[numbers[0]]) > 1
        if several or (student and not student.canvas_id and len(student.id) >= len(match["name"])):
            return None
        return self._owner(numbers[0], "platform", _late(match))

    def _file_owner(self, name: str) -> Owner:
        """Find the student that a file's name begins with, or take what is left of it without the exercise."""
        stem = (re.sub(r"(\.ipynb)?\.[^.]*$", "", name, flags=re.IGNORECASE) or name)[:256]
        part, exercise = name_part(stem)
        for text in (part, COPY.sub("", stem)):
            ids = {*([self._students[key].id] if (key := normalized(text)) in self._students else [])}
            ids = ids or set().union(*(self._ids.get(("name", name), set()) for name in _spellings(text)))
            if len(ids) == 1:
                return Owner(*ids, "file", known=True, exercise=exercise)
        student = self._student_at_start(name)
        if student and self._ends_the_name(student, part):
            return Owner(student.id, "file", known=True, exercise=exercise)
        return self._owner(part, "file", {"guessed"}, exercise=exercise)

    def _ends_the_name(self, student: Student, part: str) -> bool:
        """Return whether nothing but the student's own names, numbers and words such as "final" follows the id."""
        rest = normalized(part)[len(normalized(student.id)) :]
        words = {word for word in re.split(rf"[{re.escape(SIGNS)}]+", rest) if word}
        rest_words = words - set(_plain(student.name).split())
        return all(word in NO_NAMES or re.fullmatch(r"v?[0-9]+", word) for word in rest_words)

    def _student_at_start(self, name: str) -> Student | None:
        """Find the student with the longest id that a file's name begins with."""
        stem = COPY.sub("", name.rpartition(".")[0] or name)[:256]
        for cut in reversed([match.start() for match in CUT.finditer(stem)]):
            if student := self._students.get(normalized(stem[:cut])):
                return student
        return None


def name_part(stem: str) -> tuple[str, str]:
    """Return the part of a file's name that may name a student, and the number of the exercise, "" without one.

    >>> name_part("john_smith_ex02_final"), name_part("ex02_gram_matrix_anna (1)")
    (('john_smith', '2'), ('anna', '2'))
    """
    text = COPY.sub("", stem)
    match = EXERCISE.search(text)
    if not match:
        return text.strip(" _"), ""
    before, after = text[: match.start()].strip(SIGNS), TITLE.sub("", text[match.end() :]).strip(SIGNS)
    return before or after or text, match[1]


def parse_time(text: str) -> tuple[datetime | None, frozenset[str]]:
    """Read a time stamp; one that does not name its time zone is flagged, and taken to be in UTC."""
    text = re.sub(r" (UTC|GMT)$", "+00:00", text.strip())
    text = re.sub(r"^(\d{4}-\d\d-\d\d)-(\d\d)-(\d\d)-(\d\d)$", r"\1 \2:\3:\4", text)
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo:
            return time.astimezone(UTC), frozenset()
        return time.replace(tzinfo=UTC), frozenset({"time_without_zone"})
    except (ValueError, OverflowError):
        return None, frozenset({"bad_timestamp"})


def _time_and_flags(match: re.Match) -> tuple[frozenset[str], datetime | None]:
    text = match.groupdict().get("time")
    time, flags = parse_time(text) if text else (None, frozenset())
    return flags, time


def _late(match: re.Match) -> frozenset[str]:
    return frozenset({"late_on_platform"} if match["late"] else ())


def _plain(name: str) -> str:
    return normalized(" ".join(MOODLE_DROPS.sub("", name.replace("_", " ")).split()))


def _spellings(name: str) -> set[str]:
    """Return a name's spellings: "Archer, Anna" is "Anna Archer", too."""
    last, comma, first = name.partition(",")
    return {_plain(name), *([_plain(f"{first} {last}")] if comma else [])} - {""}
