"""Find what a class handed in, and read it as bytes: whatever a file holds, here it is only counted and hashed.

Understands one folder for each student, flat files, and what Canvas, Moodle, Blackboard and nbgrader hand out, each of
these also in a zip. Nothing is unpacked, no link is followed, and a bad file gets a line of its own and ends nothing.
"""

import hashlib
import io
import re
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from nstlib.errors import NstError
from nstlib.grading.bundle.classroom import Student
from nstlib.grading.escaping import normalized, printable
from nstlib.grading.sandbox.limits import Limits
from nstlib.grading.submissions import archives
from nstlib.grading.submissions.archives import MEMBERS, Item, Reader, Rejected
from nstlib.grading.submissions.grouping import Group, group_submissions, prefix
from nstlib.grading.submissions.owners import OwnerFinder

__all__ = ["FLAGS", "MEMBERS", "REJECTIONS", "TOTAL", "Submission", "SubmissionsError", "find"]

TOTAL = 100 << 20  # bytes read for one student: archives, and what is in them
LAST = datetime.max.replace(tzinfo=UTC)
FLAGS = {
    "ambiguous": "it could be one of two students",
    "clash": "another file could be of the same student or of another",
    "bad_timestamp": "a time stamp cannot be read, and was not used",
    "guessed": "the student is a part of the file's name, which is in no class list",
    "late_on_platform": "Canvas says that it is late",
    "no_student": "the path names no student",
    "spellings": "two files name the student in two spellings, such as smith and Smith",
    "superseded": "the student handed in the same file before",
    "time_from_file": "the time is that of the file on this disk",
    "time_from_timestamp": "the time is that in timestamp.txt, which a student can write",
    "time_from_zip": "the time is that in the archive, taken to be in UTC",
    "time_without_zone": "the time stamp names no time zone, and was taken to be in UTC",
}
REJECTIONS = {
    "bad_archive": "the archive, or this part of it, is broken or not of a usual kind",
    "bad_name": "the name in the archive leads out of it",
    "encrypted": "it needs a password",
    "nested_archive": "it is an archive within a student's archive",
    "no_notebook": "there is no notebook",
    "not_a_file": "it is a link, a folder, a pipe or a device",
    "too_large": "it is larger than a notebook may be (50 MB), or the student's files are too large together (100 MB)",
    "too_many": "there are too many files",
    "unreadable": "it cannot be read",
}


class SubmissionsError(NstError):
    """There is nothing to grade; the message says what was expected, what was given, and what to do."""


@dataclass(frozen=True)
class Submission:
    """A file that a student handed in, or a line that says that there is none.

    path: as it is shown, with "/" between its parts, unique in a run. time: in UTC. within: of a member of an archive
    that was handed in, its own time, which tells the last of several tries. reject: a key of REJECTIONS; `data` and
    `sha256` are then empty.
    """

    student: str
    path: str
    data: bytes
    sha256: str
    size: int
    time: datetime | None
    flags: tuple[str, ...] = ()
    reject: str | None = None
    within: datetime | None = None


def find(
    folder: Path, roster: Sequence[Student] = (), limits: Limits | None = None, pattern: str = ""
) -> Iterator[Submission]:
    """Return the submissions in a folder or a .zip, sorted by student and path; each is read when its turn comes.

    pattern: a regular expression with a group `student`, and if you like a group `time`, that is searched for in each
    path before anything else is tried. Raises SubmissionsError at once where there is nothing to grade.
    """
    folder = Path(folder)
    compiled = _compile_pattern(pattern)
    items, archive = _list_items(folder)
    above = prefix(items, folder.stem if archive else folder.name, {normalized(student.id) for student in roster})
    start = len(above)
    paths = [item.parts for item in items if item.parts[:start] == above and len(item.parts) > start]
    inside = set(paths)
    kept = [item for item in items if item.parts in inside or item.reject == "bad_name"]
    groups = group_submissions(kept, OwnerFinder(roster, compiled, paths, start), start)
    if not groups:
        raise SubmissionsError(
            f"Expected notebooks (.ipynb), .zip files or students' folders in {printable(folder)}, found none. Give "
            "the folder or the .zip with what the students handed in, such as the one that you download from Canvas or "
            "Moodle."
        )
    return _read_groups(groups, limits or Limits(), archive)


def _list_items(folder: Path) -> tuple[list[Item], zipfile.ZipFile | None]:
    """List a folder, or a .zip, which is then returned open."""
    shown = printable(folder)
    if folder.is_dir():
        items = list(archives.walk(folder))
        if any(not item.parts for item in items):
            raise SubmissionsError(f"The folder {shown} cannot be read. Give yourself the right: chmod u+rx {shown}")
        return items, None
    if not folder.is_file():
        raise SubmissionsError(
            f"There is no folder or .zip {shown}. Give the folder or the .zip with what the students handed in."
        )
    try:
        archive = archives.open_archive(io.FileIO(folder))
    except (Rejected, OSError) as fault:
        reason = REJECTIONS.get(getattr(fault, "reason", ""), "it cannot be read")
        raise SubmissionsError(
            f"{shown} is not a .zip that can be used: {reason}. Give the folder with what the students handed in, or a "
            f".zip of it with at most {MEMBERS} files."
        ) from None
    changed = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    return list(archives.members(archive, printable(folder.name), changed)), archive


def _compile_pattern(pattern: str) -> re.Pattern | None:
    try:
        compiled = re.compile(pattern)
    except re.error as fault:
        raise SubmissionsError(
            f"The pattern {printable(pattern)!r} is not a regular expression: {fault}. Write one such as "
            "'(?P<student>[a-z0-9]+)-ex', or leave it out."
        ) from None
    if pattern and "student" not in compiled.groupindex:
        raise SubmissionsError(
            f"The pattern {printable(pattern)!r} has no group named student. Write (?P<student>…) around the id."
        )
    return compiled if pattern else None


def _read_groups(groups: list[Group], limits: Limits, archive: zipfile.ZipFile | None) -> Iterator[Submission]:
    seen: dict[str, int] = {}
    try:
        for group in groups:
            for submission in _read_group(group, limits):
                path = submission.path
                while path in seen:  # two members of an archive may have one name
                    seen[submission.path] += 1
                    path = f"{submission.path} ({seen[submission.path]})"
                seen[path] = 1
                flags = tuple(sorted(set(submission.flags)))
                yield replace(submission, path=path, student=group.student, flags=flags)
    finally:
        if archive:
            archive.close()


def _read_group(group: Group, limits: Limits) -> Iterator[Submission]:
    """Yield a student's files; the earliest of equal ones counts, so all are read once before the first is given.

    Of equal ones in one archive the one changed last counts: who goes back to an earlier version wants that.
    """
    earliest: dict[str, tuple] = {}  # hash -> time, and how late in its archive
    if group.student and (len(group.items) > 1 or any(item.kind == ".zip" for item in group.items)):
        for number, submission in enumerate(_GroupReader(group, limits).submissions()):
            if not submission.reject:
                within = submission.within.timestamp() if submission.within else 0.0
                place = (submission.time or LAST, -within, number)
                earliest[submission.sha256] = min(place, earliest.get(submission.sha256, place))
    for number, submission in enumerate(_GroupReader(group, limits).submissions()):
        again = earliest.get(submission.sha256, (LAST, 0.0, number))[2] != number
        yield replace(submission, flags=(*submission.flags, "superseded")) if again else submission


class _GroupReader:
    """Reads, once, what one student handed in."""

    def __init__(self, group: Group, limits: Limits) -> None:
        self._group = group
        self._most = limits.notebook
        self._reader = Reader(TOTAL)

    def submissions(self) -> Iterator[Submission]:
        """Yield every file; if there is none, one line that says so."""
        none = True
        for item in self._group.items:
            archive = item.kind == ".zip" and not item.reject
            for submission in self._read_archive(item) if archive else [self._read(item)]:
                none = False
                yield submission
        if none:
            item = self._group.instead
            yield self._rejected(item, item.reject or "no_notebook")

    def _read_archive(self, item: Item) -> Iterator[Submission]:
        """Yield the notebooks of an archive that was handed in, each as late as the archive."""
        with tempfile.TemporaryFile() as copy:
            try:
                self._copy(item, copy)
                archive = archives.open_archive(copy.raw)
            except Rejected as fault:
                yield self._rejected(item, fault.reason, fault.size)
                return
            with archive:
                for member in sorted(archives.members(archive, item.path), key=lambda member: member.path):
                    if member.kind:
                        nested = "nested_archive" if member.kind == ".zip" else None
                        reject = member.reject or nested
                        own = member.time if "time_from_zip" in member.flags else None
                        yield self._read(replace(member, time=item.time, flags=item.flags, reject=reject, within=own))

    def _copy(self, item: Item, to: IO[bytes]) -> None:
        chunks = self._reader.chunks(item, TOTAL)
        try:
            for chunk in chunks:
                to.write(chunk)
            to.flush()
        except OSError as fault:  # of writing alone: one of reading is Rejected
            raise SubmissionsError(
                f"{item.path} could not be copied to {tempfile.gettempdir()}: {fault.strerror}. "
                f"Make room for {TOTAL >> 20} MB there, or set TMPDIR to another folder, and start again."
            ) from None

    def _read(self, item: Item) -> Submission:
        if item.reject:
            return self._rejected(item, item.reject)
        try:
            data = b"".join(self._reader.chunks(item, self._most))
        except Rejected as fault:
            return self._rejected(item, fault.reason, fault.size)
        digest = hashlib.sha256(data).hexdigest()
        found = Submission(self._group.student, item.path, data, digest, len(data), item.time, tuple(item.flags))
        return replace(found, within=item.within)

    def _rejected(self, item: Item, reason: str, size: int = 0) -> Submission:
        return Submission(self._group.student, item.path, b"", "", size, item.time, tuple(item.flags), reason)
