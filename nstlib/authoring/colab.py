"""The cell that installs the course in Colab, for lessons and exercises of a course whose repository is named."""

import re
import tomllib
from pathlib import Path

import nbformat

# Colab brings its own, and its front end needs them as they are
BROUGHT = ("jupyterlab", "ipython", "ipywidgets", "torch", "torchvision")
CELL = """\
# Colab begins with an empty machine, so fetch the course and install it. Elsewhere this does nothing.
import sys

if "google.colab" in sys.modules:
    !git clone --quiet --depth 1 {address}
    %pip install --quiet {requirements}
    %pip install --quiet --no-deps ./{name}
    %cd {name}/{folder}"""


def install(notebook: nbformat.NotebookNode, address: str, project: Path, folder: str) -> None:
    """Put the cell ahead of the notebook's first code; nothing for an empty address or a notebook without code.

    project: pyproject.toml, whose dependencies are installed, but for those that Colab has. folder: where the notebook
    lies in the repository, and where its files are.

    >>> notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    >>> install(notebook, "", Path("pyproject.toml"), "notebooks")
    >>> len(notebook.cells)
    1
    """
    first = next((at for at, cell in enumerate(notebook.cells) if cell.cell_type == "code"), None)
    if not address or first is None:
        return
    source = CELL.format(
        address=address, requirements=" ".join(_missing(project)), name=address.rpartition("/")[2], folder=folder
    )
    notebook.cells.insert(first, nbformat.v4.new_code_cell(source))


def _missing(project: Path) -> list[str]:
    """Return the dependencies that Colab may lack, quoted for the shell."""
    wanted = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    return [f'"{each}"' for each in wanted if re.match(r"[\w-]+", each)[0] not in BROUGHT]
