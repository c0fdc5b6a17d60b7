"""The builder, on a course of one tiny notebook; the last test is about the notebooks that the project carries."""

import json
from pathlib import Path

import nbformat
import pytest

from nstlib.build import BuildError, build, check

PROJECT = Path(__file__).parents[1]
SOURCE = """\
# %% [markdown]
# # A tiny lesson

# %%
import os
print("not kept")

# %% tags=["nbval-check-output"]
print("tested:", os.environ["NST_TEST"])
6 * 7
"""


@pytest.fixture
def course(tmp_path):
    """A project folder with one source."""
    (tmp_path / "notebooks" / "sources").mkdir(parents=True)
    source_of(tmp_path).write_text(SOURCE, encoding="utf-8")
    return tmp_path


@pytest.fixture
def built(course):
    build(course)
    return course


def source_of(course):
    return course / "notebooks" / "sources" / "00_tiny_lesson.py"


def notebook_of(course):
    return course / "notebooks" / "00_tiny_lesson.ipynb"


def edit(course, change):
    """Change the committed notebook as a program other than the builder would."""
    notebook = json.loads(notebook_of(course).read_text(encoding="utf-8"))
    change(notebook)
    notebook_of(course).write_text(json.dumps(notebook, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def test_writes_the_normal_form(built):
    notebook = nbformat.read(notebook_of(built), as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.language == "python"
    title, untagged, checked = notebook.cells
    assert title.source == "# A tiny lesson"
    assert (untagged.outputs, untagged.execution_count) == ([], None)
    stream, value = checked.outputs
    assert (stream.name, stream.text) == ("stdout", "tested: 1\n")
    assert (value.data, value.execution_count) == ({"text/plain": "42"}, 1)
    assert checked.execution_count == 1


def test_ids_follow_from_name_and_position(built):
    ids = [cell.id for cell in nbformat.read(notebook_of(built), as_version=4).cells]
    assert ids == ["00-tiny-lesson-01", "00-tiny-lesson-02", "00-tiny-lesson-03"]


def test_is_idempotent(course):
    assert build(course) == [notebook_of(course)]
    before = notebook_of(course).read_bytes()
    assert build(course) == []
    assert build(course, execute=True) == []
    assert notebook_of(course).read_bytes() == before
    assert check(course) == []


def test_new_prose_is_built_without_executing(built, monkeypatch):
    monkeypatch.setattr("nstlib.build._execute", lambda *_: pytest.fail("executed"))
    source_of(built).write_text(SOURCE.replace("tiny", "small"), encoding="utf-8")
    assert build(built) == [notebook_of(built)]
    assert check(built) == []


def test_new_code_before_a_checked_cell_executes_it_again(built):
    source_of(built).write_text(
        SOURCE.replace("import os", "import os\nos.environ['NST_TEST'] = '2'"), encoding="utf-8"
    )
    build(built)
    assert "tested: 2" in notebook_of(built).read_text(encoding="utf-8")


def add_output(notebook):
    stream = {"name": "stdout", "output_type": "stream", "text": ["by hand\n"]}
    notebook["cells"][1]["outputs"].append(stream)


def add_picture(notebook):
    notebook["cells"][2]["outputs"][1]["data"]["image/png"] = "AAAA"


def add_widgets(notebook):
    notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda notebook: notebook["cells"][0].update(source=["# Mine"]), "00-tiny-lesson-01 reads differently"),
        (lambda notebook: notebook["cells"].pop(), "it has 2 cells, its source 3"),
        (lambda notebook: notebook["cells"][0].update(id="other"), "00-tiny-lesson-01 has another id"),
        (lambda notebook: notebook["cells"][1].update(execution_count=7), "00-tiny-lesson-02 has another"),
        (lambda notebook: notebook["cells"][2].update(outputs=[]), "00-tiny-lesson-03 is tagged"),
        (lambda notebook: notebook["metadata"].update(kernelspec={"name": "r", "display_name": "R"}), "its metadata"),
        (add_output, "00-tiny-lesson-02 has another id, tag or output"),
        (add_picture, "00-tiny-lesson-03 has another id, tag or output"),
        (add_widgets, "it holds widget state"),
    ],
)
def test_check_notices_an_edit_by_hand_and_build_undoes_it(built, change, said):
    before = notebook_of(built).read_bytes()
    edit(built, change)
    (problem,) = check(built)
    assert said in problem and "00_tiny_lesson.py" in problem and "nst build" in problem
    assert build(built) == [notebook_of(built)]
    assert notebook_of(built).read_bytes() == before


def test_check_notices_a_changed_source(built):
    source_of(built).write_text(SOURCE.replace("6 * 7", "6 * 8"), encoding="utf-8")
    (problem,) = check(built)
    assert "00-tiny-lesson-03 reads differently" in problem


def test_check_notices_missing_broken_and_orphaned_notebooks(built):
    stray = built / "notebooks" / "09_stray.ipynb"
    notebook_of(built).rename(stray)
    missing, orphan = check(built)
    assert missing == "00_tiny_lesson.ipynb is missing: run nst build."
    assert "09_stray.ipynb has no source" in orphan
    stray.unlink()
    notebook_of(built).write_text("{", encoding="utf-8")
    assert check(built) == ["00_tiny_lesson.ipynb is no valid notebook: run nst build."]


@pytest.mark.parametrize("fault, said", [("1 / 0", "ZeroDivisionError"), ("x = 1", "prints nothing")])
def test_failure_leaves_the_old_notebook(built, fault, said):
    before = notebook_of(built).read_bytes()
    source_of(built).write_text(f'{SOURCE}\n# %% tags=["nbval-check-output"]\n{fault}\n', encoding="utf-8")
    with pytest.raises(BuildError, match=f"00_tiny_lesson.*{said}"):
        build(built)
    assert notebook_of(built).read_bytes() == before
    assert [path.name for path in (built / "notebooks").glob("*.ipynb*")] == ["00_tiny_lesson.ipynb"]


def test_a_disk_that_refuses_leaves_the_old_notebook(built, monkeypatch):
    def refuse(*_):
        raise OSError("disk full")

    before = notebook_of(built).read_bytes()
    source_of(built).write_text(SOURCE.replace("tiny", "small"), encoding="utf-8")
    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        build(built)
    assert notebook_of(built).read_bytes() == before
    assert {path.name for path in (built / "notebooks").iterdir()} == {"sources", "00_tiny_lesson.ipynb"}


def test_without_sources_says_where_it_looked(tmp_path):
    with pytest.raises(BuildError, match="no sources in"):
        check(tmp_path)


def test_the_projects_notebooks_are_fresh():
    assert check(PROJECT) == []
