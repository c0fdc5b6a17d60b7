"""Sort what was found: skip the folders above the students, and tell whose each file is and when it was handed in."""

import itertools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache

from nstlib.grading.escaping import normalized, printable
from nstlib.grading.submissions.archives import MEMBERS, Item, Reader, Rejected
from nstlib.grading.submissions.owners import Owner, OwnerFinder, name_part, parse_time

__all__ = ["Group", "group_submissions", "prefix"]

STAMP = "timestamp.txt"  # nbgrader writes it beside a student's notebooks
STAMP_BYTES = 100  # read of it, at most
FILE_TIMES = {"time_from_file", "time_from_zip"}
CLASS_FOLDERS = {"submissions", "submission", "students", "class", "handed in", "handins", "hand-ins"}
DEEPEST = 3  # folders around the students
OF_PLATFORMS = re.compile(r"_assignsubmission_|_\d+_\d+_")
NOBODY = Owner("", "file", frozenset({"no_student"}))


@dataclass
class Group:
    """What one student handed in; `instead`: what is listed where there is no notebook. file: named by a file alone."""

    student: str
    file: bool = False
    items: list[Item] = field(default_factory=list)
    instead: Item | None = None


def prefix(items: Iterable[Item], name: str, ids: set[str]) -> tuple[str, ...]:
    """Return the folders above the students: nbgrader's "submitted", or a single folder that is no student's."""
    above: tuple[str, ...] = ()
    items = [item for item in items if item.reject != "bad_name"]
    while True:
        depth = len(above)
        below = [item for item in items if item.parts[:depth] == above and len(item.parts) > depth]
        tops = {item.parts[depth] for item in below}
        files = {item.parts[-1] for item in below if len(item.parts) == depth + 1 and not item.folder}
        if "submitted" in tops - files:
            return (*above, "submitted")
        if len(tops) != 1 or files or _names_a_student(*tops, ids) or depth == DEEPEST:
            return above
        inner = {item.parts[depth + 1] for item in below if len(item.parts) > depth + 1}
        of_class = CLASS_FOLDERS if above else {normalized(name), *CLASS_FOLDERS}
        around = normalized(*tops) in of_class
        if not around and not any(_names_a_student(part, ids) or normalized(part) in CLASS_FOLDERS for part in inner):
            return above
        above = (*above, *tops)


def _names_a_student(name: str, ids: set[str]) -> bool:
    start = re.split(r"[\s_.]", normalized(name))[0]
    return normalized(name) in ids or start in ids or OF_PLATFORMS.search(name) is not None


def group_submissions(items: list[Item], owners: OwnerFinder, start: int) -> list[Group]:
    """Group what was found by student, sorted by student and path; two spellings of an id are one student."""
    groups: dict[object, Group] = {}
    handed_in = [item for item in items if item.kind and item.reject != "bad_name"]
    clashing = _clashing(owners.owner(item.parts, item.folder) for item in handed_in)
    stamp = _stamps(items)
    for item in sorted(items, key=lambda item: (item.path + "/" * (item.kind == ".zip"), item.parts)):
        unsafe = item.reject == "bad_name"
        owner = NOBODY if unsafe else owners.owner(item.parts, item.folder)
        wanted = item.kind or (item.folder and item.reject)
        sure = "guessed" not in owner.flags and (owner.how == "pattern" or not owners.pattern)
        if not wanted and not sure:  # it only lies beside what was handed in
            continue
        if not owner.student:  # two paths that name nobody do not belong to one student
            key = ("", item.path if unsafe else item.parts[start])
        elif owner.known or owner.how in ("pattern", "platform"):
            key = normalized(owner.student)
        else:  # nor do two spellings, or two files of one name, where nobody says so
            name = unicodedata.normalize("NFC", owner.student)
            key = (name, item.path if owner.how == "file" and name in clashing else "")
        group = groups.setdefault(key, Group(owner.student, owner.how == "file"))
        group.student = min(group.student, owner.student)
        group.instead = group.instead or replace(item, flags=owner.flags | item.flags)
        if wanted:
            time, flags = (owner.time, owner.flags) if owner.time else (item.time, owner.flags | item.flags)
            if owner.how == "folder":
                time, flags = stamp(item.parts[: start + 2], time, flags)
            group.items.append(replace(item, time=time, flags=flags))
    _tell_apart(list(groups.values()))
    for group in groups.values():
        _flag_other_spellings(group)
    for group in groups.values():
        if len(group.items) > MEMBERS:
            group.items = [replace(group.items[0], reject="too_many")]
    return sorted(groups.values(), key=lambda group: (group.student, (group.items or [group.instead])[0].path))


def _clashing(handed_in: Iterable[Owner]) -> set[str]:
    """Return the names of files, in no class list, that may be two tries of one student or the work of two."""
    exercises: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for owner in handed_in:
        if not owner.known and owner.how in ("file", "folder"):
            exercise = owner.exercise if owner.how == "file" else ""  # a folder may hold any
            exercises[unicodedata.normalize("NFC", owner.student)].append((owner.how, exercise))
    return {name for name, found in exercises.items() if _is_clash(found)}


def _is_clash(found: list[tuple[str, str]]) -> bool:
    """Return whether two files could be of one exercise; all that lies in one folder is one student's."""
    files = [exercise for how, exercise in found if how == "file"]
    if not files:
        return False
    return len(files) < len(found) or len(set(files)) < len(files) or (len(files) > 1 and "" in files)


def _flag_other_spellings(group: Group) -> None:
    """Flag two files of one exercise that name a student of the class list in two spellings: it may be two students."""
    spellings: dict[str, set[str]] = defaultdict(set)
    for item in group.items if group.file else []:
        name, exercise = name_part(item.parts[-1].rpartition(".")[0])
        if normalized(name) == normalized(group.student):
            spellings[exercise].add(unicodedata.normalize("NFC", name))
    if any(len(found) > 1 for found in spellings.values()):
        group.items = [replace(item, flags=item.flags | {"spellings"}) for item in group.items]


def _tell_apart(groups: list[Group]) -> None:
    """Give groups whose names nobody can tell apart names of their own, and flag them."""
    taken = {normalized(group.student) for group in groups}
    alike: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        if group.student:
            alike[normalized(group.student)].append(group)
    for clashing in alike.values():
        if len(clashing) == 1:
            continue
        clashing.sort(key=lambda group: (group.items or [group.instead])[0].path)
        stems = [(group.items or [group.instead])[0].parts[-1].rpartition(".")[0] for group in clashing]
        unique = len({normalized(stem) for stem in stems}) == len(stems) and all(group.file for group in clashing)
        numbers = itertools.count(1)
        for group, stem in zip(clashing, stems, strict=True):
            names = [printable(stem)] if unique else (f"{group.student} ({number})" for number in numbers)
            group.student = next(name for name in names if unique or normalized(name) not in taken)
            taken.add(normalized(group.student))
            group.instead = group.instead and replace(group.instead, flags=group.instead.flags | {"clash"})
            group.items = [replace(item, flags=item.flags | {"clash"}) for item in group.items]


def _stamps(items: list[Item]) -> Callable:
    """Return a function that replaces a time by that in the timestamp.txt of a student's assignment, if it has one."""
    stamps = {item.parts[:-1]: item for item in items if item.parts[-1] == STAMP}

    @cache
    def read(parts: tuple[str, ...]) -> tuple[datetime | None, frozenset[str]]:
        item = stamps[parts]
        try:
            text = "" if item.reject else b"".join(Reader(STAMP_BYTES).chunks(item, STAMP_BYTES)).decode("ascii")
        except (Rejected, UnicodeDecodeError):
            text = ""
        return parse_time(text)

    def stamp(parts: tuple[str, ...], time: datetime | None, flags: frozenset[str]):
        if parts not in stamps:
            return time, flags
        stamped, more = read(parts)
        return (stamped, flags - FILE_TIMES | more | {"time_from_timestamp"}) if stamped else (time, flags | more)

    return stamp
