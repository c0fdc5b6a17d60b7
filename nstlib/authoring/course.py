"""The course as data: what ``course.toml`` says of each lesson, and the texts written from it."""

import re
import tomllib
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from nstlib.checks.places import BOOK
from nstlib.errors import NstError

__all__ = ["CourseError", "Lesson", "footer", "index", "read", "read_book", "read_repository", "table"]

KEYS = {"file": str, "title": str, "goal": str, "minutes": int, "needs": list}
OPTIONAL = {"exercise": str}
REPOSITORY = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+")


class CourseError(NstError):
    """course.toml does not describe a course; the message says what is wrong with which lesson."""


@dataclass(frozen=True)
class Lesson:
    """One lesson.

    file: its notebook's name without the ending. goal: what one does in it. needs: the lessons that come before.
    exercise: the name of its exercise's notebook, empty if there is none.

    >>> lesson = Lesson("02_gram_matrix", "The Gram matrix", "measure style", 40, needs=("01",))
    >>> lesson.id, lesson.link("notebooks/")
    ('02', '[02 · The Gram matrix](notebooks/02_gram_matrix.ipynb)')
    """

    file: str
    title: str
    goal: str
    minutes: int
    needs: tuple[str, ...]
    exercise: str = ""

    @property
    def id(self) -> str:
        """What its file begins with: two digits, and a letter where a lesson has two parts."""
        return self.file.partition("_")[0]

    def link(self, folder: str = "") -> str:
        """Return a markdown link to the notebook from a page beside `folder`."""
        return f"[{self.id} · {self.title}]({folder}{self.file}.ipynb)"


def read(root: Path) -> list[Lesson]:
    """Read ``course.toml``; raise CourseError for a missing key, source or need, a repeated id, a circle of needs.

    >>> read(Path("an/empty/folder"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    nstlib.authoring.course.CourseError: course.toml holds no lessons (...): write a [[lesson]] for each.
    """
    path = Path(root) / "course.toml"
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["lesson"]
    except (OSError, ValueError, KeyError) as fault:
        raise CourseError(f"{path.name} holds no lessons ({fault}): write a [[lesson]] for each.") from None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise CourseError(
            f"Expected a table for each lesson in {path.name}, got {entries!r}: write [[lesson]] above it."
        )
    lessons = [_lesson(entry) for entry in entries]
    ids = [lesson.id for lesson in lessons]
    for lesson in lessons:
        if ids.count(lesson.id) > 1:
            raise CourseError(f"course.toml has two lessons {lesson.id}: give each file a number of its own.")
        if not (Path(root) / "notebooks" / "sources" / f"{lesson.file}.py").is_file():
            raise CourseError(
                f"Lesson {lesson.id} has no notebooks/sources/{lesson.file}.py: write it, or take the lesson out."
            )
        if lesson.exercise and not (Path(root) / "exercises" / "sources" / f"{lesson.exercise}.py").is_file():
            raise CourseError(
                f"Lesson {lesson.id} has no exercises/sources/{lesson.exercise}.py: write it, or name none."
            )
        if missing := set(lesson.needs) - set(ids):
            raise CourseError(f"Lesson {lesson.id} needs {min(missing)}, which course.toml does not hold: add it.")
    try:
        TopologicalSorter({lesson.id: lesson.needs for lesson in lessons}).prepare()
    except CycleError as fault:
        raise CourseError(
            f"These lessons need each other in a circle: {' → '.join(fault.args[1])}. Drop a need."
        ) from None
    for lesson in lessons:
        if late := [need for need in lesson.needs if ids.index(need) > ids.index(lesson.id)]:
            raise CourseError(f"Lesson {lesson.id} needs {late[0]}, which comes after it: order them.")
    return lessons


def read_repository(root: Path) -> str:
    """Return the address of the course's repository, such as https://github.com/owner/name; empty if none is named.

    Colab and Binder open a notebook by this address. Raises CourseError for an address of another form.

    >>> read_repository(Path("an/empty/folder"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    nstlib.authoring.course.CourseError: course.toml could not be read (...): run this in the project's own folder.
    """
    return _address(root, "repository", REPOSITORY, "https://github.com/OWNER/NAME")


def read_book(root: Path) -> str:
    """Return the address at which the course's book is published, such as https://example.org/nst; empty if none is.

    Checks and feedback pages link to it. Raises CourseError for what is no such address.

    >>> read_book(Path("an/empty/folder"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    nstlib.authoring.course.CourseError: course.toml could not be read (...): run this in the project's own folder.
    """
    return _address(root, "book", BOOK, "https://HOST/PATH, without a slash at the end,")


def _address(root: Path, key: str, form: re.Pattern, words: str) -> str:
    path = Path(root) / "course.toml"
    try:
        address = tomllib.loads(path.read_text(encoding="utf-8")).get(key, "")
    except (OSError, ValueError) as fault:
        raise CourseError(f"{path.name} could not be read ({fault}): run this in the project's own folder.") from None
    if address and not (isinstance(address, str) and form.fullmatch(address)):
        raise CourseError(f"Expected {words} as {key} in course.toml, got {address!r}: correct it, or leave it empty.")
    return address


def _lesson(entry: dict) -> Lesson:
    for key, kind in KEYS.items():
        if not isinstance(entry.get(key), kind):
            raise CourseError(
                f"The lesson {entry.get('file', entry)} needs {key!r}, a {kind.__name__}: add it to course.toml."
            )
    if not all(isinstance(need, str) for need in entry["needs"]):
        raise CourseError(f'Expected ids of lessons in needs of {entry["file"]}, got {entry["needs"]}: write ["00"].')
    if unknown := set(entry) - set(KEYS | OPTIONAL):
        known = ", ".join(KEYS | OPTIONAL)
        raise CourseError(f"The lesson {entry['file']} has an unknown key {min(unknown)!r}: use {known}.")
    return Lesson(**{**entry, "needs": tuple(entry["needs"])})


def footer(lessons: list[Lesson], lesson: Lesson) -> str:
    """Return the last cell of a lesson: what comes next, what came before, and the way to all lessons."""
    number = lessons.index(lesson)
    before = lessons[:number][-1:]
    after = lessons[number + 1 :][:1]
    links = [f"**Exercise:** [{lesson.exercise[:4]}](../{_student(lesson)})."] if lesson.exercise else []
    links += [f"**Next:** {other.link()}: {other.goal}." for other in after] or ["**Next:** you have reached the end."]
    links += [f"**Before:** {other.link()}." for other in before]
    return "\n\n".join([*links, "[All lessons](index.ipynb)"])


def table(lessons: list[Lesson], folder: str = "") -> str:
    """Return the lessons as a markdown table with links from a page beside `folder`."""
    up = "" if folder else "../"
    rows = [
        f"| {lesson.link(folder)} | {lesson.goal} | {', '.join(lesson.needs) or '–'} | {lesson.minutes} | "
        f"{f'[{lesson.exercise[:4]}]({up}{_student(lesson)})' if lesson.exercise else '–'} |"
        for lesson in lessons
    ]
    head = ["| lesson | what you do | needs | minutes | exercise |", "|:---|:---|:---|---:|:---|"]
    return "\n".join([*head, *rows])


def _student(lesson: Lesson) -> str:
    return f"exercises/student/{lesson.exercise}.ipynb"


def index(lessons: list[Lesson]) -> str:
    """Return the text of ``notebooks/index.ipynb``."""
    total = sum(lesson.minutes for lesson in lessons)
    return (
        "# Neural style transfer, derived step by step\n\n"
        f"{len(lessons)} lessons, about {total} minutes in all. Begin with the first; *needs* names the lessons that "
        f"one builds on.\n\n{table(lessons)}\n\n"
        "No kernel at hand? [Six flipbooks](gallery/index.html) show what the settings do, in any browser."
    )
