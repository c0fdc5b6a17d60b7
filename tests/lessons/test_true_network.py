"""The lessons' tables on VGG-16 quote docs/true_network.md, which a long command has measured."""

import re

import pytest

from tests.lessons.cells import SOURCES
from tests.lessons.true_network import PAGE

ROW = re.compile(r"^# \| .* \| ([−\d.]+) \| ([−\d.]+) \|$", re.MULTILINE)


def test_what_lesson_04_says_in_prose_is_measured():
    (path,) = SOURCES.glob("04_*.py")
    (said,) = re.findall(
        r"cost by ([\d.]+); any other.*\n.*factor of ([\d.]+) or more", path.read_text(encoding="utf-8")
    )
    page = PAGE.read_text(encoding="utf-8").split("## Lesson 04")[1].split("\n## ")[0]
    rows = {
        row[0].strip(): row[2].strip() for row in (line.split("|")[1:] for line in page.splitlines() if "|" in line)
    }
    own = "without it its own cost is this many times as high"
    assert said == (rows[own], rows["least for any other layer left out"])


@pytest.mark.parametrize("lesson", ["03", "04", "07", "09", "09b", "09c"])
def test_each_pair_of_numbers_is_a_measured_one(lesson):
    (path,) = SOURCES.glob(f"{lesson}_*.py")
    section = path.read_text(encoding="utf-8").split("Does it hold on the true network?")[1].split("## Recap")[0]
    page = PAGE.read_text(encoding="utf-8").split(f"## Lesson {lesson}")[1].split("\n## ")[0]
    rows = [line.split("|")[2:4] for line in page.splitlines() if line.startswith("| ")][1:]
    measured = [tuple(map(float, row)) for row in rows]
    quoted = ROW.findall(section)
    assert len(quoted) >= 3
    for pair in quoted:
        digits = [len(text.partition(".")[2]) for text in pair]
        numbers = tuple(float(text.replace("−", "-")) for text in pair)
        assert any(tuple(map(round, one, digits)) == numbers for one in measured), pair
