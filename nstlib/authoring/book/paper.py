"""The lessons on paper: one PDF of all of them, by pandoc and Typst, which both come as Python packages.

``python -m nstlib.authoring.book.paper build/lessons.pdf`` writes it, tagged: a screen reader finds headings and
descriptions of figures, but no words for formulas (which PDF/UA-1 asks for).
"""

import base64
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat

from nstlib.authoring import course
from nstlib.errors import NstError

__all__ = ["markdown", "write"]

FULL_WIDTH = 912  # of the widest stored figure, in pixels; on paper it is as wide as the text
FORMAT = "markdown+tex_math_dollars-implicit_figures-citations-smart-auto_identifiers"
PANDOC = ["--wrap=preserve", "--fail-if-warnings"]  # a formula that it does not understand is a warning
_DETAILS = re.compile(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>", re.DOTALL)
_IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:)[^)]*\)")


def markdown(notebook: nbformat.NotebookNode, folder: Path, media: Path) -> str:
    """Return a lesson as pandoc's Markdown: prose, code and stored outputs; figures are written into `media`.

    folder: where the notebook lies; its text names pictures from there. Links to other files become their words, since
    on paper there is nothing to follow.

    >>> cell = nbformat.v4.new_markdown_cell("See [lesson 01](01_from_pixels_to_filters.ipynb).")
    >>> markdown(nbformat.v4.new_notebook(cells=[cell]), Path("notebooks"), Path("media"))
    'See lesson 01.'
    """
    return "\n\n".join(part for cell in notebook.cells for part in _parts(cell, folder, media))


def write(root: Path, target: Path) -> Path:
    """Write all lessons of the course in `root` as one PDF; return its path. Nothing is executed.

    Raises NstError where pandoc or Typst is not installed.
    """
    try:
        import pypandoc
        import typst
    except ImportError as fault:
        raise NstError(f"The PDF needs {fault.name}. Run: python -m pip install -e '.[pdf]'") from None
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        chapters = []
        for lesson in course.read(root):
            notebook = nbformat.read(root / "notebooks" / f"{lesson.file}.ipynb", as_version=4)
            notebook.cells.pop()  # where to go next
            text = markdown(notebook, root / "notebooks", Path(folder))
            chapters.append(pypandoc.convert_text(text, "typst", format=FORMAT, extra_args=PANDOC))
        template = (root / "site" / "lessons.typ").read_text(encoding="utf-8")
        Path(folder, "lessons.typ").write_text("\n\n".join([template, *chapters]), encoding="utf-8")
        typst.compile(str(Path(folder, "lessons.typ")), output=str(target), root=folder)
    return target


def _parts(cell: nbformat.NotebookNode, folder: Path, media: Path) -> list[str]:
    if cell.cell_type == "markdown":
        return [_IMAGE.sub(lambda match: _picture(folder / match[2], match[1], media), _plain(cell.source))]
    shown = [f"```python\n{cell.source}\n```"] if cell.source else []
    return [*shown, *(_output(output, f"{cell.id}-{number}", media) for number, output in enumerate(cell.outputs))]


def _output(output: nbformat.NotebookNode, name: str, media: Path) -> str:
    if output.output_type == "stream":
        return f"```\n{output.text.rstrip()}\n```"
    for form, known in output.metadata.items():
        if form.startswith("image/"):
            path = media / f"{name}.{form.removeprefix('image/')}"
            path.write_bytes(base64.b64decode(output.data[form]))
            return _image(path.name, min(100, 100 * known["width"] // FULL_WIDTH), known["alt"])
    if "text/markdown" in output.data:
        return _plain(output.data["text/markdown"])
    return f"```\n{output.data.get('text/plain', '').rstrip()}\n```"


def _picture(path: Path, alt: str, media: Path) -> str:
    """Copy a picture of a cell's text to where Typst finds it."""
    shutil.copy(path, media / path.name)
    return _image(path.name, 100, " ".join(alt.split()))


def _image(name: str, width: int, alt: str) -> str:
    """Return a figure in Typst's own words, since pandoc drops `alt`. width: percent of the text's."""
    quoted = alt.replace("\\", r"\\").replace('"', r"\"")
    return f'```{{=typst}}\n#image("{name}", width: {width}%, alt: "{quoted}")\n```'


def _plain(text: str) -> str:
    text = _DETAILS.sub(lambda match: f"> *{match[1].strip()}.* {match[2].strip()}", text)
    return _LINK.sub(r"\1", text)


def main(arguments: list[str]) -> int:
    """Write the PDF that is named; return the exit status."""
    if len(arguments) != 1:
        print("Expected one file: python -m nstlib.authoring.book.paper build/lessons.pdf", file=sys.stderr)
        return 2
    try:
        print(write(Path.cwd(), Path(arguments[0])))
    except NstError as fault:
        print(f"nst: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
