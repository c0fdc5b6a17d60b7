"""What the built lessons show, among their stored outputs and in their prose, and the numbers quoted from it."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import jupytext
import nbformat

from tests.lessons.cells import SOURCES
from tests.lessons.true_network import PAGE
from tests.prose import FORMULA, LINK

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NUMBER = r"(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)"
# Numbers in words: digits, but not those of relu4_1 or VGG-16, and fractions and multiples
QUOTED = re.compile(
    r"(?<![\w.-])\d+(?:[.,]\d+)*(?!\w)|\b(?:half|thirds?|quarters?|fifth|sixth|seventh|eighth|ninth|tenth|twentieth|thirtieth|"
    r"twice|\w+fold|dozen|per cent|(?:two|three|four|five|six|seven|eight|nine|ten|a hundred|several) times)\b",
    re.IGNORECASE,
)
# What is quoted, where it is shown, with {} for each number, and whether the numbers found there are what is quoted
Tie = tuple[str, str, Callable[..., bool]]
# What is said of a number that no cell shows: of a network's weights, of a page in docs/; and whether it is so
Computed = tuple[str, Callable[[], bool]]
# Words with {small} and {large} for what the claim named beside them measures on minivgg and on ImageNet's VGG-16
Quote = tuple[str, str]
# Words about another pair of pictures, the claim that measures it there, the pair, and whether its numbers are as said
Elsewhere = tuple[str, str, tuple[str, str], Callable[..., bool]]


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


@cache
def told(lesson: str) -> str:
    """Return a lesson's prose without headings, `plain`."""
    (path,) = SOURCES.glob(f"{lesson}_*.py")
    cells = [cell.source for cell in jupytext.read(path).cells if cell.cell_type == "markdown"]
    return plain(re.sub(r"^#+ .*$", "", "\n".join(cells), flags=re.MULTILINE))


def plain(text: str) -> str:
    """Return a text in one line, without what holds no measured number: formulas, addresses, lessons and sections."""
    text = LINK.sub(" ", FORMULA.sub(" ", text))
    return " ".join(
        re.sub(r"\b([Ll]essons?|[Ss]ections?) \d\w*(?:(?:,| and| to) \d\w*\b(?! minutes))*", " ", text).split()
    )


def quoted(lesson: str, words: str) -> tuple[str, dict[str, str]]:
    """Return the place in a lesson's prose where a quote's words stand, and its numbers by name."""
    pattern = re.escape(plain(words))
    for name in ("small", "large"):
        pattern = pattern.replace(re.escape(f"{{{name}}}"), rf"(?P<{name}>[-−]?[\d.]*\d)")
    found = list(re.finditer(pattern, told(lesson)))
    if len(found) != 1:
        raise LookupError(f"Lesson {lesson} says {words!r} {len(found)} times.")
    return found[0][0], found[0].groupdict()


@cache
def on_both(lesson: str) -> dict[str, dict[str, float]]:
    """Return what each claim of a lesson measures on both networks, from the stored table."""
    section = PAGE.read_text(encoding="utf-8").partition(f"## Lesson {lesson}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.*?) \| (\S+) \| (\S+) \|", section, re.MULTILINE)
    return {
        what: {"small": float(small), "large": float(large)} for what, small, large in rows if small[-1] in "0123456789"
    }


def row(page: Path, section: str, name: str) -> list[float]:
    """Return the numbers in the one table row of a page's section that begins with a name."""
    text = page.read_text(encoding="utf-8").partition(f"{section}\n")[2].partition("\n## ")[0]
    (found,) = re.findall(rf"^\| {re.escape(name)} \|(.*)\|$", text, re.MULTILINE)
    return [float(number) for number in found.split("|")]


def untied(text: str, ties: list[Tie], given: tuple[str, ...]) -> list[str]:
    """Return the numbers of a text that are neither in what is tied nor given; LookupError for words not there."""
    text = plain(text)
    for words in sorted(map(plain, (*(tie[0] for tie in ties), *given)), key=len, reverse=True):
        if words not in text:
            raise LookupError(f"No {words!r} in the text, or not beside what is tied already.")
        text = text.replace(words, " … ")
    return QUOTED.findall(text)


def about(number: float, wanted: float) -> bool:
    """Whether "about" may be said: within an eighth."""
    return abs(number - wanted) <= wanted / 8
