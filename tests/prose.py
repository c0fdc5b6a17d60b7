"""The prose that readers see, page by page, and the formulas in it."""

import re
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
# Every page that may hold a formula: a new Markdown file or notebook is among them by itself
PAGES = [
    *sorted((ROOT / "notebooks").glob("*.ipynb")),
    *sorted((ROOT / "exercises" / "student").glob("*.ipynb")),
    *sorted(ROOT.glob("*.md")),
    *sorted(path for folder in ("docs", "notebooks", "nstlib", "site") for path in (ROOT / folder).rglob("*.md")),
]
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
FORMULA = re.compile(r"\$\$.+?\$\$|\$[^$\n]+(?:\n[^$\n]+)?\$", re.DOTALL)
LINK = re.compile(r"\]\([^)]*\)|<[^>]*>")
# A letter with an index, or a power: what a page without typesetting would leave as typed
TYPED = re.compile(r"(?<![\w/.])[A-Za-zα-ωΑ-Ω](?:_\w+|[₀-₉]+|\^\w+)|\b\d+[⁰-⁹⁻]+")


def prose(path):
    """Return a page's pieces of prose without code: the cells of a notebook, or the whole of a Markdown file."""
    if path.suffix != ".ipynb":
        return [CODE.sub(" ", path.read_text(encoding="utf-8"))]
    cells = nbformat.read(path, as_version=4).cells
    return [CODE.sub(" ", cell.source) for cell in cells if cell.cell_type == "markdown"]


def formulas(path):
    """Return the formulas of a page's prose, each once."""
    return list(dict.fromkeys(formula for piece in prose(path) for formula in FORMULA.findall(piece)))


def typed(piece):
    """Return the symbols of a piece of prose that are typed where a formula should stand."""
    return TYPED.findall(LINK.sub(" ", FORMULA.sub(" ", CODE.sub(" ", piece))))
