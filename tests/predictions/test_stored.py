"""What the built lessons have stored of a card is what the card says today."""

import re
from pathlib import Path

import nbformat
import pytest

from nstlib.predictions.card import Card
from nstlib.predictions.catalogue import find

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
STORED = [
    (path.stem, name[1], cell.outputs)
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
    for cell in nbformat.read(path, as_version=4).cells
    if cell.cell_type == "code" and (name := re.fullmatch(r'predict\("([\w.]+)"\)', cell.source))
]


@pytest.mark.parametrize(("lesson", "name", "outputs"), STORED, ids=[name for _, name, _ in STORED])
def test_a_lesson_has_stored_the_card_as_it_is(lesson, name, outputs):
    (output,) = outputs
    assert output.data["text/markdown"] == Card(find(name))._folded, f"run nst build --execute {lesson[:3]}"


def test_there_are_cards():
    assert len(STORED) > 30
