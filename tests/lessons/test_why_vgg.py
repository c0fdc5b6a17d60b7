"""The tables of lesson 09c, section 5, quote docs/why_vgg.md, which a long command has measured."""

import importlib.util
from pathlib import Path

from tests.lessons.cells import SOURCES

PAGE = Path(__file__).parents[2] / "docs" / "why_vgg.md"


def test_the_page_begins_as_its_program_writes_it():
    program = importlib.util.spec_from_file_location("why_vgg", PAGE.with_suffix(".py"))
    module = importlib.util.module_from_spec(program)
    program.loader.exec_module(module)
    assert PAGE.read_text(encoding="utf-8").startswith(module.HEAD.strip())


def test_the_lessons_tables_are_the_measured_ones():
    (path,) = SOURCES.glob("09c_*.py")
    section = path.read_text(encoding="utf-8").split("## 5. The true networks")[1].split("## 6. ")[0]
    quoted = [line.removeprefix("# ") for line in section.splitlines() if line.startswith("# | ")]
    measured = PAGE.read_text(encoding="utf-8").splitlines()
    assert len(quoted) >= 6
    assert [line for line in quoted if line not in measured] == []
