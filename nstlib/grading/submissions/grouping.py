"""Put what was found in order: what stands above the students, whose each file is, and when it was handed in."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache

from nstlib.grading.escaping import normalized
from nstlib.grading.submissions.archives import MEMBERS, Item, Reader, Rejected
from nstlib.grading.submissions.owners import Names, Owner, when

__all__ = ["Group", "grouped", "prefix"]

STAMP, MOST = "timestamp.txt", 100  # nbgrader's, and bytes of it
TIMES = {"time_from_file", "time_from_zip"}
AROUND = {"submissions", "submission", "students", "class", "handed in", "handins", "hand-ins"}
DEEPEST = 3  # folders around the students
OF_PLATFORMS = re.compile(r"_assignsubmission_|_\d+_\d+_")
NOBODY = Owner("", "file", frozenset({"no_student"}))


@dataclass
class Group:
    """What is one student's; `instead`: what is listed if there is no notebook."""

    student: str
    items: list[Item] = field(default_factory=list)
    instead: Item | None = None


def prefix(items: Iterable[Item], name: str, ids: set[str]) -> tuple[str, ...]:
    """Return what stands above the students: nbgrader's "submitted", or a single folder that is no student's."""
    above: tuple[str, ...] = ()
    items = [each for each in items if each.reject != "bad_name"]
    while True:
        here = [each for each in items if each.parts[: len(above)] == above and len(each.parts) > len(above)]
        tops = {each.parts[len(above)] for each in here}
        files = {each.parts[-1] for each in here if len(each.parts) == len(above) + 1 and not each.folder}
        if "submitted" in tops - files:
            return (*above, "submitted")
        if len(tops) != 1 or files or _names_a_student(*tops, ids) or len(above) == DEEPEST:
            return above
        top = (*above, *tops)
        inner = {each.parts[len(top)] for each in here if len(each.parts) > len(top)}
        around = normalized(*tops) in {normalized(name), *AROUND} if not above else normalized(*tops) in AROUND
        if not around and not any(_names_a_student(each, ids) or normalized(each) in AROUND for each in inner):
            return above
        above = top


def _names_a_student(name: str, ids: set[str]) -> bool:
    start = re.split(r"[\s_.]", normalized(name))[0]
    return normalized(name) in ids or start in ids or OF_PLATFORMS.search(name) is not None


def grouped(items: list[Item], names: Names, start: int) -> list[Group]:
    """Sort what was found by student and path; two spellings of an id are one student."""
    groups: dict[object, Group] = {}
    stamp = _stamps(items)
    for item in sorted(items, key=lambda each: (each.path + "/" * (each.kind == ".zip"), each.parts)):
        unsafe = item.reject == "bad_name"
        owner = NOBODY if unsafe else names.owner(item.parts, item.folder)
        wanted = item.kind or (item.folder and item.reject)
        sure = "guessed" not in owner.flags and (owner.how == "pattern" or not names.pattern)
        if not wanted and not sure:  # it only lies beside what was handed in
            continue
        # Two paths that name nobody are not one student.
        key = normalized(owner.student) or ("", item.path if unsafe else item.parts[start])
        group = groups.setdefault(key, Group(owner.student))
        group.student = min(group.student, owner.student)
        group.instead = group.instead or replace(item, flags=owner.flags | item.flags)
        if wanted:
            time, flags = (owner.time, owner.flags) if owner.time else (item.time, owner.flags | item.flags)
            if owner.how == "folder":
                time, flags = stamp(item.parts[: start + 2], time, flags)
            group.items.append(replace(item, time=time, flags=flags))
    for group in groups.values():
        if len(group.items) > MEMBERS:
            group.items = [replace(group.items[0], reject="too_many")]
    return sorted(groups.values(), key=lambda each: (each.student, (each.items or [each.instead])[0].path))


def _stamps(items: list[Item]) -> Callable:
    """Return what replaces a time by that of the timestamp.txt of a student's assignment, if there is one."""
    stamps = {each.parts[:-1]: each for each in items if each.parts[-1] == STAMP}

    @cache
    def read(parts: tuple[str, ...]) -> tuple[datetime | None, frozenset[str]]:
        item = stamps[parts]
        try:
            return when("" if item.reject else b"".join(Reader(MOST).chunks(item, MOST)).decode("ascii"))
        except (Rejected, UnicodeDecodeError):
            return when("")

    def stamped(parts: tuple[str, ...], time: datetime | None, flags: frozenset[str]):
        if parts not in stamps:
            return time, flags
        found, more = read(parts)
        return (found, flags - TIMES | more | {"time_from_timestamp"}) if found else (time, flags | more)

    return stamped
