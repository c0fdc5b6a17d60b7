"""Make docs/findings/, the README's five figures, from what the lessons have stored: python docs/findings.py."""

import base64
from collections.abc import Iterator
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg"}
# Name: lesson, the claim that the figure stands before, and its kind (charts are PNG, pictures JPEG)
FINDINGS = {
    "sum_over_positions": ("02_gram_matrix", "two by two", "image/png"),
    "constants": ("03_style_cost", "beta cannot", "image/png"),
    "one_layer": ("04_layer_weights", "palette", "image/jpeg"),
    "statistics": ("07_other_statistics", "all of them work", "image/jpeg"),
    "coarse_to_fine": ("08_fast_and_large", "coarse to fine", "image/jpeg"),
}


def figures() -> Iterator[tuple[Path, bytes]]:
    """Yield each figure's path and bytes."""
    for name, (lesson, claim, kind) in FINDINGS.items():
        notebook = nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", as_version=4)
        yield ROOT / "docs" / "findings" / f"{name}{SUFFIXES[kind]}", figure_before(notebook, claim, kind)


def figure_before(notebook: nbformat.NotebookNode, claim: str, kind: str) -> bytes:
    """Return the last figure of this kind above the claim."""
    found = None
    for cell in notebook.cells:
        if cell.metadata.get("claim") == claim:
            break
        for output in cell.get("outputs", ()):
            found = output.get("data", {}).get(kind, found)
    if found is None:
        raise ValueError(f"Expected a figure of kind {kind} above the claim {claim!r}, got none: see FINDINGS.")
    return base64.b64decode(found)


if __name__ == "__main__":
    for path, content in figures():
        path.write_bytes(content)
