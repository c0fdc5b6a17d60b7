"""Find what a class handed in, and read it as bytes: whatever is in a file, here it is only counted and hashed.

Understands a folder a student, flat files, what Canvas, Moodle, Blackboard and nbgrader hand out, and each in a zip.
Nothing is unpacked, no link is followed, and one bad file is a line of its own, not the end of the run.
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

from nstlib.grading.bundle.classroom import Student
from nstlib.grading.escaping import normalized, printable
from nstlib.grading.sandbox.limits import Limits
from nstlib.grading.submissions import archives
from nstlib.grading.submissions.archives import MEMBERS, Item, Reader, Rejected
from nstlib.grading.submissions.grouping import Group, grouped, prefix
from nstlib.grading.submissions.owners import Names

__all__ = ["FLAGS", "MEMBERS", "REJECTIONS", "TOTAL", "Submission", "SubmissionsError", "find"]

TOTAL = 100 << 20  # bytes read for one student, those of archives and of what is in them
LAST = datetime.max.replace(tzinfo=UTC)
FLAGS = {
    "ambiguous": "two students could be meant",
    "bad_timestamp": "a time stamp cannot be read, and was not used",
    "guessed": "the student is the start of the file's name, which is in no class list",
    "late_on_platform": "Canvas says that it was late",
    "no_student": "the path names no student",
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
    "too_large": "it is larger than a notebook may be, or all of the student's files together are",
    "too_many": "there are too many files",
    "unreadable": "it cannot be read",
}


class SubmissionsError(ValueError):
    """There is nothing to grade; the message says what was given, what was expected, and what to do."""


@dataclass(frozen=True)
class Submission:
    """A file that a student handed in, or what stands in its place.

    path: shown, "/" between parts, unique in a run. data and sha256 are empty where `reject` says why; time: in UTC.
    """

    student: str
    path: str
    data: bytes
    sha256: str
    size: int
    time: datetime | None
    flags: tuple[str, ...] = ()
    reject: str | None = None


def find(
    folder: Path, roster: Sequence[Student] = (), limits: Limits | None = None, pattern: str = ""
) -> Iterator[Submission]:
    """Return the submissions in a folder or a .zip, by student and path, reading one after the other.

    pattern: a regular expression with a group `student`, and a group `time` if it likes, looked for in each path before
    anything else. Raises SubmissionsError at once where there is nothing to grade.
    """
    folder, given, archive = Path(folder), printable(folder), None
    compiled = _compiled(pattern)
    if folder.is_dir():
        items = list(archives.walk(folder))
        if any(not each.parts for each in items):
            raise SubmissionsError(
                f"The folder {given} cannot be read. Give yourself the right to read it, and start again."
            )
    elif folder.is_file():
        try:
            archive = archives.archive(io.FileIO(folder))
        except (Rejected, OSError) as why:
            what = REJECTIONS.get(getattr(why, "reason", ""), "it cannot be read")
            raise SubmissionsError(
                f"{given} is no usable .zip: {what}. Give the folder with what the students handed in, or a .zip of it "
                f"with at most {MEMBERS} files."
            ) from None
        changed = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
        items = list(archives.members(archive, printable(folder.name), changed))
    else:
        raise SubmissionsError(
            f"There is no folder or .zip {given}. Give the folder, or the .zip, with what the students handed in."
        )
    above = prefix(items, folder.stem if archive else folder.name, {normalized(each.id) for each in roster})
    start = len(above)
    paths = [each.parts for each in items if each.parts[:start] == above and len(each.parts) > start]
    inside = set(paths)
    kept = [each for each in items if each.parts in inside or each.reject == "bad_name"]
    groups = grouped(kept, Names(roster, compiled, paths, start), start)
    if not groups:
        raise SubmissionsError(
            f"{given} holds no notebook (.ipynb), no .zip and no student's folder. Give the folder or the .zip with "
            "what the students handed in, such as the one that Canvas or Moodle lets you download."
        )
    return _reading(groups, limits or Limits(), archive)


def _compiled(pattern: str) -> re.Pattern | None:
    try:
        found = re.compile(pattern)
    except re.error as fault:
        raise SubmissionsError(
            f"The pattern {printable(pattern)!r} is no regular expression: {fault}. Write one such as "
            "'(?P<student>[a-z0-9]+)-ex', or leave it out."
        ) from None
    if pattern and "student" not in found.groupindex:
        raise SubmissionsError(
            f"The pattern {printable(pattern)!r} has no group named student. Write (?P<student>…) around the id."
        )
    return found if pattern else None


def _reading(groups: list[Group], limits: Limits, archive: zipfile.ZipFile | None) -> Iterator[Submission]:
    seen: dict[str, int] = {}
    try:
        for group in groups:
            for each in _of_student(group, limits):
                path = each.path
                while path in seen:  # such as two members of one name
                    seen[each.path] += 1
                    path = f"{each.path} ({seen[each.path]})"
                seen[path] = 1
                yield replace(each, path=path, student=group.student, flags=tuple(sorted(set(each.flags))))
    finally:
        if archive:
            archive.close()


def _of_student(group: Group, limits: Limits) -> Iterator[Submission]:
    """Yield a student's files; of equal ones that with the earliest time counts, so all are read before the first."""
    first: dict[str, tuple[datetime, int]] = {}
    if group.student and (len(group.items) > 1 or any(each.kind == ".zip" for each in group.items)):
        for number, each in enumerate(_Reading(group, limits).all()):
            if not each.reject:
                first[each.sha256] = min((each.time or LAST, number), first.get(each.sha256, (LAST, number)))
    for number, each in enumerate(_Reading(group, limits).all()):
        again = first.get(each.sha256, (LAST, number))[1] != number
        yield replace(each, flags=(*each.flags, "superseded")) if again else each


class _Reading:
    """One reading of what one student handed in."""

    def __init__(self, group: Group, limits: Limits) -> None:
        self._group, self._most, self._reader = group, limits.notebook, Reader(TOTAL)

    def all(self) -> Iterator[Submission]:
        """Yield every file, and one line that says so if there is none."""
        none = True
        for item in self._group.items:
            for each in self._inside(item) if item.kind == ".zip" and not item.reject else [self._read(item)]:
                none = False
                yield each
        if none:
            item = self._group.instead
            yield self._rejected(item, item.reject or "no_notebook")

    def _inside(self, item: Item) -> Iterator[Submission]:
        """Yield the notebooks of an archive that was handed in, each as late as the archive."""
        with tempfile.TemporaryFile() as copy:
            try:
                self._copy(item, copy)
                archive = archives.archive(copy.raw)
            except Rejected as why:
                yield self._rejected(item, why.reason, why.size)
                return
            with archive:
                for each in sorted(archives.members(archive, item.path), key=lambda each: each.path):
                    if each.kind:
                        nested = "nested_archive" if each.kind == ".zip" else None
                        reject = each.reject or nested
                        yield self._read(replace(each, time=item.time, flags=item.flags, reject=reject))

    def _copy(self, item: Item, to: IO[bytes]) -> None:
        chunks = self._reader.chunks(item, TOTAL)
        try:
            for chunk in chunks:
                to.write(chunk)
            to.flush()
        except OSError as fault:  # ours alone: those of reading are Rejected
            raise SubmissionsError(
                f"{item.path} could not be copied to {tempfile.gettempdir()}: {fault.strerror}. "
                f"Make room for {TOTAL >> 20} MB there, or set TMPDIR to another folder, and start again."
            ) from None

    def _read(self, item: Item) -> Submission:
        if item.reject:
            return self._rejected(item, item.reject)
        try:
            data = b"".join(self._reader.chunks(item, self._most))
        except Rejected as why:
            return self._rejected(item, why.reason, why.size)
        digest = hashlib.sha256(data).hexdigest()
        return Submission(self._group.student, item.path, data, digest, len(data), item.time, tuple(item.flags))

    def _rejected(self, item: Item, reason: str, size: int = 0) -> Submission:
        return Submission(self._group.student, item.path, b"", "", size, item.time, tuple(item.flags), reason)
