"""Smaller notebooks differ from the learner's in the named texts and cells alone."""

from pathlib import Path

import nbformat
import pytest

from tests import smaller

LESSON = Path(__file__).parents[1] / "notebooks" / "08_fast_and_large.ipynb"


def cells(path):
    return nbformat.read(path, as_version=4).cells


def test_nothing_but_the_named_texts_and_cells_differs(tmp_path):
    first = next(cell.source for cell in cells(LESSON) if cell.cell_type == "code")
    copy = cells(smaller.copied(LESSON, tmp_path, [first]))
    rest = [cell for cell in cells(LESSON) if cell.source != first]
    assert len(copy) == len(rest) == len(cells(LESSON)) - 1
    differing = [(old, new) for old, new in zip(rest, copy, strict=True) if old != new]
    assert differing and all(new.source == smaller.replaced(old.source, "08") != old.source for old, new in differing)
    assert all(old | {"source": ""} == new | {"source": ""} for old, new in differing)


def test_a_text_that_is_nowhere_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(smaller.SMALLER, "08", [("no such text", "")])
    with pytest.raises(LookupError, match="holds 'no such text'"):
        smaller.copied(LESSON, tmp_path)
