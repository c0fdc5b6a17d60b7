"""What the built lessons have stored of a card, or of the list of cards, is what it says today."""

import re
from pathlib import Path

import nbformat
import pytest

from nstlib.predictions import progress
from nstlib.predictions.card import Card
from nstlib.predictions.catalogue import find

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
CODE = [
    (path.stem, cell)
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
    for cell in nbformat.read(path, as_version=4).cells
    if cell.cell_type == "code"
]
STORED, LISTS = (
    [(lesson, name[1], cell.outputs) for lesson, cell in CODE if (name := re.fullmatch(pattern, cell.source))]
    for pattern in (r'(?:.*\n)*predict\("([\w.]+)"\)', r'progress\("(\w+)"\)')
)


@pytest.mark.parametrize(("lesson", "name", "outputs"), STORED, ids=[name for _, name, _ in STORED])
def test_a_lesson_has_stored_the_card_as_it_is(lesson, name, outputs):
    (output,) = outputs
    assert output.data["text/markdown"] == Card(find(name))._folded, f"run nst build --execute {lesson[:3]}"


@pytest.mark.parametrize(("lesson", "name", "outputs"), LISTS, ids=[name for _, name, _ in LISTS])
def test_a_lesson_has_stored_the_list_that_its_reader_sees_before_the_first_answer(lesson, name, outputs):
    (output,) = outputs
    assert output.data["text/markdown"] == progress(name)._repr_markdown_(), f"run nst build --execute {lesson[:3]}"


def test_there_are_cards_and_lists():
    assert len(STORED) > 30 and len(LISTS) >= 3
