"""Notebooks as tests run them: where no claim and no printed number is about it, smaller than a learner's.

Such as how large a picture is that is shown, or how often something is timed. ``make matrix`` runs them as learners do.
"""

from collections.abc import Collection
from pathlib import Path

import nbformat

# Each text in a notebook's cells, and what replaces it; most lessons take their pictures' side from NST_SIDE instead
SMALLER: dict[str, list[tuple[str, str]]] = {
    "00": [
        (".changed(size=192)", ".changed(size=192, steps=4)"),  # the first picture, which is only shown
        ("size=96", "size=64"),
        ("size=128", "size=64"),
        ("(photo, 96)", "(photo, 64)"),
        ("(photo, 128)", "(photo, 64)"),
    ],
    "06": [('studio = Studio("cat", "night")', 'studio = Studio("cat", "night", size=64)')],
    "08": [("rounds=3", "rounds=1"), ("rounds=5", "rounds=1"), ("rounds=9", "rounds=1")],  # its times are not compared
    "ex01": [('"cat", 128', '"cat", 64')],  # the exercises' last pictures, by the learner's own functions
    "ex02": [('"mosaic", 128', '"mosaic", 64')],
    "ex03": [('"cat", 128', '"cat", 64')],
    "ex04": [('"cat", 128', '"cat", 64')],
    "ex05": [('"cat", 128', '"cat", 64')],
    "ex07": [('"cat", 128', '"cat", 64')],
    "ex09": [('"cat", 128', '"cat", 64')],
}


def replaced(source: str, notebook: str) -> str:
    """Return a cell's source, smaller, of a notebook known by the first part of its name."""
    for old, new in SMALLER.get(notebook, ()):
        source = source.replace(old, new)
    return source


def copied(path: Path, folder: Path, but: Collection[str] = ()) -> Path:
    """Write a notebook, smaller and without the cells of the sources `but`, into a folder; return its new path.

    Raises LookupError where a text to replace is in no cell.
    """
    name, notebook = path.name.partition("_")[0], nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.source not in but]
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for old, _ in SMALLER.get(name, ()):
        if not any(old in cell.source for cell in cells):
            raise LookupError(f"No cell of {path.name} holds {old!r}.")
    for cell in cells:
        cell.source = replaced(cell.source, name)
    nbformat.write(notebook, folder / path.name)
    return folder / path.name
