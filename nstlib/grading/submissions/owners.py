"""Whose file it is, by its path alone: how Canvas, Moodle, Blackboard, nbgrader and instructors name files.

A student chooses the end of such a name. So the first place where a pattern fits counts, and what fits two is nobody's.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from nstlib.grading.bundle.classroom import Student
from nstlib.grading.escaping import normalized, printable

__all__ = ["Names", "Owner", "when"]

# lastfirst_LATE_12345_67890_ex02.ipynb: Canvas's number of the user, then that of the file.
CANVAS = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?(?P<numbers>(?:_[0-9]+){2,})_.+", re.DOTALL)
ANONYMOUS = re.compile(r"(?P<late>LATE_)?(?P<student>anon_[A-Za-z0-9]+)_[0-9]+_.+", re.DOTALL)
# Anna Archer_1234567_assignsubmission_file_, a folder or the start of a file's name; the number is of this assignment.
MOODLE = re.compile(r"(?P<name>[^_]+)_(?P<number>[0-9]+)_assignsubmission_(?:file|onlinetext)(?:_.*)?", re.DOTALL)
BLACKBOARD = re.compile(r".+?_(?P<student>[^_]+)_attempt_(?P<time>[0-9]{4}(?:-[0-9]{2}){5})(?:[_.].*)?", re.DOTALL)
# anna+ex02+2027-01-31 12:00:00.000000 UTC+a1b2, a folder of nbgrader's exchange
INBOUND = re.compile(r"(?P<student>[^+]+)\+[^+]+\+(?P<time>[0-9]{4}-[0-9-]{5} [0-9:.]{8,15} UTC)(?:\+.*)?", re.DOTALL)
CUT = re.compile(r"(?=[ _(+]|-[0-9]+$)|$")  # where an id may end: not within anna-lena or anna.archer
COPY = re.compile(r" ?\([0-9]{1,3}\)$")  # what a browser adds
MOODLE_DROPS = re.compile(r"[\x00-\x1f&<>\"`|':\\/]")  # from names of files


@dataclass(frozen=True)
class Owner:
    """A student, "" where the path names none or two. how: "pattern", "platform", "folder" or "file"."""

    student: str
    how: str
    flags: frozenset[str] = frozenset()
    time: datetime | None = None


class Names:
    """Finds owners among the paths of one run; `start` is how many parts of each stand above the students."""

    def __init__(
        self, roster: Sequence[Student], pattern: re.Pattern | None, paths: Iterable[tuple[str, ...]], start: int = 0
    ) -> None:
        self.pattern, self._start = pattern, start
        self._ids = {normalized(each.id): each for each in roster}
        self._rows: dict[tuple[str, str], set[str]] = defaultdict(set)
        for each in roster:
            if each.canvas_id:
                self._rows["canvas", each.canvas_id].add(each.id)
            for name in _spellings(each.name):
                self._rows["name", name].add(each.id)
        self._canvas: dict[str, set[str]] = defaultdict(set)  # number -> names
        self._moodle: dict[str, set[str]] = defaultdict(set)  # name -> numbers
        for top in {parts[start] for parts in paths if len(parts) > start}:
            if found := MOODLE.fullmatch(top):
                self._moodle[_plain(found["name"])].add(found["number"])
            elif found := CANVAS.fullmatch(top):
                self._canvas[found["numbers"].split("_")[1]].add(found["name"])

    def owner(self, parts: tuple[str, ...], folder: bool = False) -> Owner:
        """Return whose it is; `folder`: the path is of a folder itself."""
        if self.pattern and (found := self.pattern.search("/".join(parts))):
            return self._timed(found, "pattern")
        top = parts[self._start]
        if found := MOODLE.fullmatch(top):
            return self._of_moodle(found)
        if found := INBOUND.fullmatch(top) or BLACKBOARD.fullmatch(top):
            return self._timed(found, "platform")
        if folder or len(parts) > self._start + 1:
            return self._named(top, "folder")
        if found := ANONYMOUS.fullmatch(top):
            return self._named(found["student"], "platform", _late(found))
        found = CANVAS.fullmatch(top)
        return (found and self._of_canvas(top, found)) or self._of_file(top)

    def _named(self, text: str, how: str, flags: Iterable[str] = (), time: datetime | None = None) -> Owner:
        row = self._ids.get(normalized(text))
        student = row.id if row else printable(text).strip()
        return Owner(student, how, frozenset(flags) | (frozenset() if student else {"no_student"}), time)

    def _timed(self, found: re.Match, how: str) -> Owner:
        text = found.groupdict().get("time")
        time, flags = when(text) if text else (None, ())
        return self._named(found["student"] or "", how, flags, time)

    def _of_moodle(self, found: re.Match) -> Owner:
        """Find the name in the class list; two people of one name are told apart by Moodle's numbers, if at all."""
        rows, numbers = self._rows.get(("name", _plain(found["name"])), ()), self._moodle[_plain(found["name"])]
        if len(rows) > 1 or (rows and len(numbers) > 1):
            return Owner("", "platform", frozenset({"ambiguous", "no_student"}))
        if rows:
            return Owner(*rows, "platform")
        if len(numbers) > 1:  # every file of an anonymous assignment is of “Participant”
            return self._named(f"{found['name']} {found['number']}", "platform", {"ambiguous"})
        return self._named(found["name"], "platform")

    def _of_canvas(self, top: str, found: re.Match) -> Owner | None:
        """Find the user's number; None where this is no name of Canvas's, as in anna_2027_01_ex02.ipynb.

        A name that ends in _101 puts a number in front of the user's: of two that are known, neither is believed.
        """
        numbers = found["numbers"].split("_")[1:-1]
        numbers = numbers[:1] if found["late"] else numbers
        rows = {row for number in numbers for row in self._rows.get(("canvas", number), ())}
        if len(rows) > 1:
            return Owner("", "platform", _late(found) | {"ambiguous", "no_student"})
        if rows:
            return Owner(*rows, "platform", _late(found))
        row = self._at_start(top)
        if len(self._canvas[numbers[0]]) > 1 or (row and not row.canvas_id and len(row.id) >= len(found["name"])):
            return None
        return self._named(numbers[0], "platform", _late(found))

    def _of_file(self, name: str) -> Owner:
        row = self._at_start(name)
        stem = COPY.sub("", name.rpartition(".")[0] or name)
        return Owner(row.id, "file") if row else self._named(stem.partition("_")[0], "file", {"guessed"})

    def _at_start(self, name: str) -> Student | None:
        """Find the longest id with which a file's name begins."""
        stem = COPY.sub("", name.rpartition(".")[0] or name)[:256]
        cuts = reversed([each.start() for each in CUT.finditer(stem)])
        return next((row for cut in cuts if (row := self._ids.get(normalized(stem[:cut])))), None)


def when(text: str) -> tuple[datetime | None, frozenset[str]]:
    """Read a time stamp, and flag one that does not say its time zone: it is taken to be in UTC."""
    text = re.sub(r" (UTC|GMT)$", "+00:00", text.strip())
    text = re.sub(r"^(\d{4}-\d\d-\d\d)-(\d\d)-(\d\d)-(\d\d)$", r"\1 \2:\3:\4", text)
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo:
            return found.astimezone(UTC), frozenset()
        return found.replace(tzinfo=UTC), frozenset({"time_without_zone"})
    except (ValueError, OverflowError):
        return None, frozenset({"bad_timestamp"})


def _late(found: re.Match) -> frozenset[str]:
    return frozenset({"late_on_platform"} if found["late"] else ())


def _plain(name: str) -> str:
    return normalized(" ".join(MOODLE_DROPS.sub("", name.replace("_", " ")).split()))


def _spellings(name: str) -> set[str]:
    """Return a name's spellings, "Archer, Anna" as "Anna Archer" too."""
    last, comma, first = name.partition(",")
    return {_plain(name), *([_plain(f"{first} {last}")] if comma else [])} - {""}
