"""The README and the pages in docs/: their figures are the lessons' own, and they stay short enough to be read."""

import re
from pathlib import Path

import pytest

from docs import findings

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("path, content", list(findings.figures()), ids=list(findings.FINDINGS))
def test_the_readme_shows_the_lessons_figures(path, content):
    assert path.read_bytes() == content, "run python docs/findings.py"
    assert f"(docs/findings/{path.name})" in (ROOT / "README.md").read_text()


def test_no_finding_is_left_over():
    assert {path.name for path in (ROOT / "docs" / "findings").iterdir()} == {
        path.name for path, _ in findings.figures()
    }


def test_the_readme_fits_a_few_screens():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.mark.parametrize("page", sorted([ROOT / "README.md", *ROOT.glob("docs/*.md")]), ids=lambda page: page.name)
def test_every_picture_is_described(page):
    for alt, target in re.findall(r"!\[(.*?)\]\((.*?)\)", page.read_text(), re.DOTALL):
        assert len(alt) > 20, f"{page.name} shows {target} without a description"
        assert (page.parent / target).is_file()
