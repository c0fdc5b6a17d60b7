"""A course whose repository is named begins each notebook with a cell that installs it in Colab, and only there."""

import shutil
import sys
import types
from pathlib import Path

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

from nstlib.authoring import colab
from nstlib.authoring.build import build, check
from tests.authoring.test_build import COURSE, SOURCE

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
ADDRESS = "https://github.com/somebody/course"


def notebook():
    cells = [nbformat.v4.new_markdown_cell("# A title"), nbformat.v4.new_code_cell("import nstlib")]
    return nbformat.v4.new_notebook(cells=cells)


@pytest.fixture
def cell():
    made = notebook()
    colab.install(made, ADDRESS, PROJECT, "notebooks")
    assert [each.cell_type for each in made.cells] == ["markdown", "code", "code"]
    return made.cells[1].source


def commands(cell, monkeypatch, in_colab):
    """What the cell would run in a shell, in IPython as Colab has it or as anybody else has."""
    shell, ran = InteractiveShell.instance(), []
    if in_colab:
        monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    monkeypatch.setattr(shell, "system", ran.append)
    for magic in ("pip", "cd"):
        monkeypatch.setitem(
            shell.magics_manager.magics["line"], magic, lambda line, magic=magic: ran.append(f"{magic} {line}")
        )
    assert shell.run_cell(cell).success
    return ran


def test_in_colab_it_clones_and_installs(cell, monkeypatch):
    clone, missing, own, folder = commands(cell, monkeypatch, in_colab=True)
    assert clone == f"git clone --quiet --depth 1 {ADDRESS}"
    assert '"anywidget>=0.9"' in missing and '"typer>=0.16"' in missing
    assert not any(f'"{name}' in missing for name in ("torch", "jupyterlab", "ipywidgets", "ipython"))
    assert own == "pip install --quiet --no-deps ./course" and folder == "cd course/notebooks"


def test_elsewhere_it_does_nothing(cell, monkeypatch):
    assert commands(cell, monkeypatch, in_colab=False) == []


def test_without_a_repository_there_is_no_cell():
    made = notebook()
    colab.install(made, "", PROJECT, "notebooks")
    assert len(made.cells) == 2


def test_the_builder_puts_it_into_lessons(tmp_path):
    (tmp_path / "notebooks" / "sources").mkdir(parents=True)
    (tmp_path / "notebooks" / "sources" / "00_tiny_lesson.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "course.toml").write_text(f'repository = "{ADDRESS}"\n\n{COURSE}', encoding="utf-8")
    shutil.copy(PROJECT, tmp_path)
    build(tmp_path)
    built = nbformat.read(tmp_path / "notebooks" / "00_tiny_lesson.ipynb", as_version=4)
    assert built.cells[0].source.startswith("# A tiny") and built.cells[1].source.startswith("# Colab begins")
    assert check(tmp_path) == []
