"""Whose a file is, by its path alone: how Canvas, Moodle, Blackboard, nbgrader and instructors name files.

A student chooses the end of such a name. So only the first match in a path counts, and what fits two students is
nobody's.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from nstlib.grading.bundle.classroom import Student
from nstlib.grading.escaping import normalized, printable

__all__ = ["Owner", "OwnerFinder", "parse_time"]

# lastfirst_LATE_12345_67890_ex02.ipynb: Canvas's number of the user, then that of the file.
CANVAS = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?(?P<numbers>(?:_[0-9]+){2,})_.+", re.DOTALL)
ANONYMOUS = re.compile(r"(?P<late>LATE_)?(?P<student>anon_[A-Za-z0-9]+)_[0-9]+_.+", re.DOTALL)
# Anna Archer_1234567_assignsubmission_file_, a folder or the start of a file's name; the number is of this assignment.
MOODLE = re.compile(r"(?P<name>[^_]+)_(?P<number>[0-9]+)_assignsubmission_(?:file|onlinetext)(?:_.*)?", re.DOTALL)
BLACKBOARD = re.compile(r".+?_(?P<student>[^_]+)_attempt_(?P<time>[0-9]{4}(?:-[0-9]{2}){5})(?:[_.].*)?", re.DOTALL)
# anna+ex02+2027-01-31 12:00:00.000000 UTC+a1b2, a folder of nbgrader's exchange
INBOUND = re.compile(r"(?P<student>[^+]+)\+[^+]+\+(?P<time>[0-9]{4}-[0-9-]{5} [0-9:.]{8,15} UTC)(?:\+.*)?", re.DOTALL)
CUT = re.compile(r"(?=[ _(+]|-[0-9]+$)|$")  # where an id may end: not within anna-lena or anna.archer
COPY = re.compile(r" ?\([0-9]{1,3}\)$")  # what a browser appends to a second download
MOODLE_DROPS = re.compile(r"[\x00-\x1f&<>\"`|':\\/]")  # from names of files


@dataclass(frozen=True)
class Owner:
    """A student, "" where the path names none or two. how: "pattern", "platform", "folder" or "file"."""

    student: str
    how: str
    flags: frozenset[str] = frozenset()
    time: datetime | None = None


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
        self._moodle: dict[str, set[str]] = defaultdict(set)  # name -> numbers
        for top in {parts[start] for parts in paths if len(parts) > start}:
            if match := MOODLE.fullmatch(top):
                self._moodle[_plain(match["name"])].add(match["number"])
            elif match := CANVAS.fullmatch(top):
                self._canvas[match["numbers"].split("_")[1]].add(match["name"])

    def owner(self, parts: tuple[str, ...], folder: bool = False) -> Owner:
        """Return whose the path is; `folder`: it is the path of a folder."""
        if self.pattern and (match := self.pattern.search("/".join(parts))):
            return self._owner_with_time(match, "pattern")
        top = parts[self._start]
        if match := MOODLE.fullmatch(top):
            return self._moodle_owner(match)
        if match := INBOUND.fullmatch(top) or BLACKBOARD.fullmatch(top):
            return self._owner_with_time(match, "platform")
        if folder or len(parts) > self._start + 1:
            return self._owner(top, "folder")
        if match := ANONYMOUS.fullmatch(top):
            return self._owner(match["student"], "platform", _late(match))
        match = CANVAS.fullmatch(top)
        return (match and self._canvas_owner(top, match)) or self._file_owner(top)

    def _owner(self, text: str, how: str, flags: Iterable[str] = (), time: datetime | None = None) -> Owner:
        known = self._students.get(normalized(text))
        student = known.id if known else printable(text).strip()
        return Owner(student, how, frozenset(flags) | (frozenset() if student else {"no_student"}), time)

    def _owner_with_time(self, match: re.Match, how: str) -> Owner:
        text = match.groupdict().get("time")
        time, flags = parse_time(text) if text else (None, ())
        return self._owner(match["student"] or "", how, flags, time)

    def _moodle_owner(self, match: re.Match) -> Owner:
        """Find the name in the class list; Moodle's numbers tell two people of one name apart, if anything does."""
        name = _plain(match["name"])
        ids = self._ids.get(("name", name), ())
        numbers = self._moodle[name]
        if len(ids) > 1 or (ids and len(numbers) > 1):
            return Owner("", "platform", frozenset({"ambiguous", "no_student"}))
        if ids:
            return Owner(*ids, "platform")
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
            return Owner(*ids, "platform", _late(match))
        student = self._student_at_start(top)
        several = len(self._canvas[numbers[0]]) > 1
        if several or (student and not student.canvas_id and len(student.id) >= len(match["name"])):
            return None
        return self._owner(numbers[0], "platform", _late(match))

    def _file_owner(self, name: str) -> Owner:
        student = self._student_at_start(name)
        stem = COPY.sub("", name.rpartition(".")[0] or name)
        return Owner(student.id, "file") if student else self._owner(stem.partition("_")[0], "file", {"guessed"})

    def _student_at_start(self, name: str) -> Student | None:
        """Find the student with the longest id that a file's name begins with."""
        stem = COPY.sub("", name.rpartition(".")[0] or name)[:256]
        for cut in reversed([match.start() for match in CUT.finditer(stem)]):
            if student := self._students.get(normalized(stem[:cut])):
                return student
        return None


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


def _late(match: re.Match) -> frozenset[str]:
    return frozenset({"late_on_platform"} if match["late"] else ())


def _plain(name: str) -> str:
    return normalized(" ".join(MOODLE_DROPS.sub("", name.replace("_", " ")).split()))


def _spellings(name: str) -> set[str]:
    """Return a name's spellings: "Archer, Anna" is "Anna Archer", too."""
    last, comma, first = name.partition(",")
    return {_plain(name), *([_plain(f"{first} {last}")] if comma else [])} - {""}
