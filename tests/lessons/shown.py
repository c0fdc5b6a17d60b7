"""What the built lessons show: the text, the tables and the descriptions of figures among their stored outputs."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NUMBER = r"(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)"
# Numbers in words: digits, but not those of relu4_1 or VGG-16, and fractions and multiples
QUOTED = re.compile(
    r"(?<![\w.-])\d+(?:[.,]\d+)*(?!\w)|\b(?:half|thirds?|quarters?|fifth|eighth|tenth|twentieth|thirtieth|twice|tenfold|"
    r"per cent|(?:two|three|four|five|six|ten|several) times)\b",
    re.IGNORECASE,
)
# What is quoted, where it is shown, with {} for each number, and whether the numbers found there are what is quoted
Tie = tuple[str, str, Callable[..., bool]]


@cache
def shown(lesson: str) -> str:
    """Return all that a lesson's stored outputs say, every gap a single space."""
    (path,) = NOTEBOOKS.glob(f"{lesson}_*.ipynb")
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    return " ".join(" ".join(text for cell in cells for output in cell.outputs for text in _texts(output)).split())


def _texts(output) -> Iterator[str]:
    yield output.get("text", "")
    yield output.get("data", {}).get("text/plain", "")
    yield from (of.get("alt", "") for of in output.get("metadata", {}).values() if isinstance(of, dict))


def numbers(lesson: str, place: str) -> list[float]:
    """Return the numbers that a lesson shows at the {}s of a text; LookupError unless it stands there just once."""
    pattern = NUMBER.join(map(re.escape, place.split("{}")))
    found = set(re.findall(pattern, shown(lesson)))
    if len(found) != 1:
        raise LookupError(f"Lesson {lesson} shows {place!r} {len(found)} times.")
    (one,) = found
    return [float(number) for number in ((one,) if isinstance(one, str) else one)]


def untied(text: str, ties: list[Tie], given: tuple[str, ...]) -> list[str]:
    """Return the numbers of a text that are neither in what is tied nor given; LookupError for words not there."""
    for words in sorted((*(tie[0] for tie in ties), *given), key=len, reverse=True):
        if words not in text:
            raise LookupError(f"No {words!r} in the text, or not beside what is tied already.")
        text = text.replace(words, " … ")
    return QUOTED.findall(text)


def about(number: float, wanted: float) -> bool:
    """Whether "about" may be said: within an eighth."""
    return abs(number - wanted) <= wanted / 8
