"""A built notebook as a page: places to link to, descriptions of figures, and ways to get the notebook itself."""

import copy
import re
from collections.abc import Collection

import nbformat

from nstlib.authoring.book import anchors, links

__all__ = ["page"]

Notebook = nbformat.NotebookNode
STILL = "Run the cell to bring the controls back to life."  # how a studio that was stored ends
_CARD = re.compile(r'^predict\("([\w.]+)"\)\Z', re.MULTILINE)  # the cell's last line is what it shows
_LIST = re.compile(r'progress\("\w+"\)')
_ASKED = re.compile(r"(?<=○ )(\d\d[a-z]?\.\w+)(?=:)")  # a prediction's name in the list of a lesson's questions
_SECTION = re.compile(r"^## (\d+)\. ", re.MULTILINE)


def page(notebook: Notebook, path: str, source: str, files: Collection[str], repository: str = "") -> Notebook:
    r"""Return the notebook as the book shows it; nothing of its words, code or outputs is left out.

    path: of the notebook, relative to the root; its name begins with the lesson's or exercise's id. source: the file
    that it is built from, see `links.places`. files: what the book holds, see `links.rewrite`.

    >>> cell = nbformat.v4.new_markdown_cell("# 02 · Title")
    >>> made = page(nbformat.v4.new_notebook(cells=[cell]), "notebooks/02_title.ipynb", "sources/02_title.py", ())
    >>> made.cells[1].source
    '::::{container} ways\n{download}`Download this notebook </downloads/02_title.ipynb>`\n::::'
    """
    lesson = path.rpartition("/")[2].partition("_")[0].removesuffix(".ipynb")
    made = copy.deepcopy(notebook)
    cells = []
    for number, cell in enumerate(made.cells):
        if cell.cell_type == "markdown":
            cell.source = links.rewrite(_with_sections(cell.source, lesson), path, files, repository)
        cells += [*_named(cell, lesson), _linked(_described(cell))]
        if number == 0:
            cells.append(_ways(path, source, repository))
        if cell.cell_type == "code" and any(STILL in _words(output) for output in cell.outputs):
            depth = "../" * path.count("/")
            words = f"Without a kernel, the [flipbooks]({depth}flipbooks.md) show what the studio's settings do."
            cells.append(nbformat.v4.new_markdown_cell(words))
    made.cells = cells
    return made


def _with_sections(text: str, lesson: str) -> str:
    return _SECTION.sub(lambda match: f"({anchors.section(lesson, match[1])})=\n{match[0]}", text)


def _named(cell: Notebook, lesson: str) -> list[Notebook]:
    """Return what stands before a cell that others link to: a claim's or prediction's name, or a question's anchor."""
    if card := _CARD.search(cell.source):
        anchor = anchors.prediction(card[1])
        words = f"({anchor})=\n::::{{container}} claim-name\n[Prediction: {card[1]}](#{anchor})\n::::"
        return [nbformat.v4.new_markdown_cell(words)]
    if "claim" in cell.metadata:
        anchor = anchors.claim(lesson, cell.metadata.claim)
        words = f"({anchor})=\n::::{{container}} claim-name\n[Claim: {cell.metadata.claim}](#{anchor})\n::::"
        return [nbformat.v4.new_markdown_cell(words)]
    if "question" in cell.metadata.get("nst", {}):
        words = f"({anchors.question(cell.metadata.nst.question)})=\n::::{{container}} answer\nYour answer:\n::::"
        return [nbformat.v4.new_markdown_cell(words)]
    return []


def _described(cell: Notebook) -> Notebook:
    """Hand the description of a cell's figure to myst-nb, which asks for it in the cell's own metadata."""
    for output in cell.get("outputs", ()):
        for form, known in output.get("metadata", {}).items():
            if form.startswith("image/"):
                cell.metadata["mystnb"] = {"image": {"alt": known["alt"], "width": f"{known['width']}px"}}
    return cell


def _linked(cell: Notebook) -> Notebook:
    """Let each question in a list of predictions lead to its card."""
    if _LIST.fullmatch(cell.source):
        for output in filter(_words, cell.outputs):
            linked = _ASKED.sub(lambda asked: f"[{asked[0]}](#{anchors.prediction(asked[0])})", _words(output))
            output.data["text/markdown"] = linked
    return cell


def _words(output: Notebook) -> str:
    return output.get("data", {}).get("text/markdown", "")


def _ways(path: str, source: str, repository: str) -> Notebook:
    ways = [f"{{download}}`Download this notebook </downloads/{path.rpartition('/')[2]}>`"]
    names = {"Colab": "Open in Colab", "Binder": "Open in Binder", "source": "Source"}
    ways += [f"[{names[name]}]({address})" for name, address in links.places(repository, path, source).items()]
    return nbformat.v4.new_markdown_cell("::::{container} ways\n" + " · ".join(ways) + "\n::::")
