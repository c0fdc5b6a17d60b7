"""Where the course explains something: a lesson and its sections, and where the published book has them."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["BOOK", "Place", "section"]

WRITTEN = re.compile(r"lesson (?P<lesson>\d\d[a-z]?), sections? (?P<sections>\d+(?:(?:, | and )\d+)*)")
BOOK = re.compile(r"https?://[^\s<>\"'#?]*[^\s<>\"'#?/]")  # what course.toml may name as the book's address
COURSE = Path(__file__).parents[1] / "course.toml"  # in an installed package; in a checkout it lies one folder up


@dataclass(frozen=True)
class Place:
    """A lesson's id, as course.toml has it, and the numbers before the headings of its sections.

    >>> place = Place.read("lesson 03, sections 1 and 3")
    >>> place.lesson, place.sections, str(place)
    ('03', (1, 3), 'lesson 03, sections 1 and 3')
    """

    lesson: str
    sections: tuple[int, ...]

    @classmethod
    def read(cls, text: str) -> "Place":
        """Read what ``str`` writes; raises ValueError for anything else."""
        found = WRITTEN.fullmatch(text)
        if not found:
            raise ValueError(f'Expected a place such as "lesson 03, section 2", got {text!r}: write one.')
        return cls(found["lesson"], tuple(map(int, re.findall(r"\d+", found["sections"]))))

    def __str__(self) -> str:
        *most, last = map(str, self.sections)
        numbers = f"{', '.join(most)} and {last}" if most else last
        return f"lesson {self.lesson}, section{'s' * bool(most)} {numbers}"

    def linked(self) -> tuple[tuple[str, str], ...]:
        """Return the place in pieces: words, and the address to which they lead, or "".

        course.toml names the book's address as ``book``; without one, no words lead anywhere.

        >>> Place("03", (1, 3)).linked()
        (('lesson 03, sections 1 and 3', ''),)
        """
        page = _pages().get(self.lesson)
        if not page:
            return ((str(self), ""),)
        pieces = [(f"lesson {self.lesson}, ", "")]
        for number in self.sections:
            if number != self.sections[0]:
                pieces.append((" and " if number == self.sections[-1] else ", ", ""))
            pieces.append((f"section {number}", f"{page}#{section(self.lesson, str(number))}"))
        return tuple(pieces)


def section(lesson: str, number: str) -> str:
    """Return the anchor of a lesson's numbered section in the book.

    >>> section("02", "3")
    'lesson-02-section-3'
    """
    return f"lesson-{lesson}-section-{number}"


@cache
def _pages() -> dict[str, str]:
    """Return the address of each lesson's page, by the lesson's id; none where no book is named."""
    path = COURSE if COURSE.is_file() else COURSE.parents[1] / COURSE.name
    try:
        course = tomllib.loads(path.read_text(encoding="utf-8"))
        if not BOOK.fullmatch(course["book"]):
            return {}
        files = {lesson["file"].partition("_")[0]: lesson["file"] for lesson in course["lesson"]}
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
    ):  # nst build tells its author; a check goes on without
        return {}
    return {lesson: f"{course['book']}/notebooks/{file}.html" for lesson, file in files.items()}
