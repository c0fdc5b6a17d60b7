"""Whether links inside the repository lead somewhere: to a file, and to a heading in it. No other host is asked.

``python -m nstlib.authoring.links`` checks the pages and the built notebooks; ``make lint`` runs it.
"""

import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import nbformat
from markdown_it import MarkdownIt
from markdown_it.token import Token

__all__ = ["broken", "headings"]

PAGES = ("*.md", "docs/*.md", "notebooks/*.md", "nstlib/**/*.md", "tests/**/*.md")
NOTEBOOKS = ("notebooks/*.ipynb", "exercises/student/*.ipynb", "exercises/instructor/*.ipynb")
_PARSER = MarkdownIt("commonmark").enable("table")


def broken(root: Path) -> list[str]:
    """Return a sentence for each link to a file or heading that is not there.

    >>> broken(Path("an/empty/folder"))
    []
    """
    paths = sorted(path for pattern in (*PAGES, *NOTEBOOKS) for path in root.glob(pattern))
    return [
        f"{path.relative_to(root)} links to {address}, which is not there: correct the link."
        for path in paths
        for address in _addresses(_text(path))
        if not _is_there(path, address)
    ]


def headings(text: str) -> set[str]:
    r"""Return the anchors that a code host gives to the headings of a Markdown text.

    >>> sorted(headings("# How fast?\n\n## `nst` on a GPU\n"))
    ['how-fast', 'nst-on-a-gpu']
    """
    tokens = _PARSER.parse(text)
    titles = [inline for token, inline in itertools.pairwise(tokens) if token.type == "heading_open"]
    words = ["".join(part.content for part in title.children) for title in titles]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in words}


def _text(path: Path) -> str:
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def _addresses(text: str) -> Iterator[str]:
    for token in _all(_PARSER.parse(text)):
        address = token.attrGet("href") or token.attrGet("src")
        if address and "://" not in address and not address.startswith("mailto:"):
            yield unquote(str(address))


def _all(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def _is_there(path: Path, address: str) -> bool:
    file, _, anchor = address.partition("#")
    target = path.parent / file if file else path
    if not target.exists():
        return False
    return not anchor or target.suffix not in (".md", ".ipynb") or anchor in headings(_text(target))


if __name__ == "__main__":
    faults = broken(Path.cwd())
    print("\n".join(faults), end="\n" if faults else "")
    sys.exit(bool(faults))
