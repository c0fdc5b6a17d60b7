"""Where the course explains something: a lesson and its sections, as a page or a book can link to them."""

import re
from dataclasses import dataclass

__all__ = ["Place"]

WRITTEN = re.compile(r"lesson (?P<lesson>\d\d[a-z]?), sections? (?P<sections>\d+(?:(?:, | and )\d+)*)")


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
