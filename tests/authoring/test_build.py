"""The builder, on a course of one tiny notebook; the last test is about the notebooks that the project carries."""

import json
from pathlib import Path

import nbformat
import pytest

from nstlib.authoring.build import TABLE, BuildError, build, check

PROJECT = Path(__file__).parents[2]
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
COURSE = """\
[[lesson]]
file = "00_tiny_lesson"
title = "A tiny lesson"
goal = "see one number"
minutes = 1
needs = []
"""


@pytest.fixture
def course(tmp_path):
    """A project folder with one source."""
    (tmp_path / "notebooks" / "sources").mkdir(parents=True)
    source_of(tmp_path).write_text(SOURCE, encoding="utf-8")
    (tmp_path / "course.toml").write_text(COURSE, encoding="utf-8")
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
    title, untagged, checked, links = notebook.cells
    assert links.source.startswith("**Next:**")
    assert title.source == "# A tiny lesson"
    assert (untagged.outputs, untagged.execution_count) == ([], None)
    stream, value = checked.outputs
    assert (stream.name, stream.text) == ("stdout", "tested: 1\n")
    assert (value.data, value.execution_count) == ({"text/plain": "42"}, 1)
    assert checked.execution_count == 1


FIGURE = """
# %%
from nstlib import plots
plots.curves({"adam": [4.0, SECOND]}, ylabel="J")
"""


def test_figures_stay_and_are_written_anew_only_where_they_show_something_else(course):
    def stored(second):
        source_of(course).write_text(SOURCE + FIGURE.replace("SECOND", second), encoding="utf-8")
        build(course)
        cell = nbformat.read(notebook_of(course), as_version=4).cells[3]
        assert cell.execution_count == 1  # nbval fails a cell that never ran and has outputs
        (output,) = cell.outputs
        return output

    first = stored("1.0")
    assert first.metadata["image/png"].alt == "J by step: adam from 4 to 1"
    assert check(course) == [] and build(course, execute=True) == []
    assert stored("3.0").data["image/png"] != first.data["image/png"]


def test_only_the_named_notebooks_are_built(course):
    assert [path.name for path in build(course, ["00"])] == ["00_tiny_lesson.ipynb"]
    with pytest.raises(BuildError, match="got '05': choose from 00, index"):
        build(course, ["05"])


def test_ids_follow_from_name_and_position(built):
    ids = [cell.id for cell in nbformat.read(notebook_of(built), as_version=4).cells]
    assert ids == [f"00-tiny-lesson-0{number}" for number in (1, 2, 3, 4)]


def test_is_idempotent(course):
    assert build(course) == [notebook_of(course), course / "notebooks" / "index.ipynb"]
    before = notebook_of(course).read_bytes()
    assert build(course) == []
    assert build(course, execute=True) == []
    assert notebook_of(course).read_bytes() == before
    assert check(course) == []


def test_new_prose_is_built_without_executing(built, monkeypatch):
    monkeypatch.setattr("nstlib.authoring.build._execute", lambda *_: pytest.fail("executed"))
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
    "change, words",
    [
        (lambda notebook: notebook["cells"][0].update(source=["# Mine"]), "00-tiny-lesson-01 reads differently"),
        (lambda notebook: notebook["cells"].pop(), "it has 3 cells, its source 4"),
        (lambda notebook: notebook["cells"][0].update(id="other"), "00-tiny-lesson-01 has another id"),
        (lambda notebook: notebook["cells"][1].update(execution_count=7), "00-tiny-lesson-02 has another"),
        (lambda notebook: notebook["cells"][2].update(outputs=[]), "00-tiny-lesson-03 is tagged"),
        (lambda notebook: notebook["metadata"].update(kernelspec={"name": "r", "display_name": "R"}), "its metadata"),
        (add_output, "00-tiny-lesson-02 has another id, tag or output"),
        (add_picture, "00-tiny-lesson-03 has another id, tag or output"),
        (add_widgets, "it holds widget state"),
    ],
)
def test_check_notices_an_edit_by_hand_and_build_undoes_it(built, change, words):
    before = notebook_of(built).read_bytes()
    edit(built, change)
    (problem,) = check(built)
    assert words in problem and "00_tiny_lesson.py" in problem and "nst build" in problem
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


@pytest.mark.parametrize("fault, words", [("1 / 0", "ZeroDivisionError"), ("x = 1", "prints nothing")])
def test_failure_leaves_the_old_notebook(built, fault, words):
    before = notebook_of(built).read_bytes()
    source_of(built).write_text(f'{SOURCE}\n# %% tags=["nbval-check-output"]\n{fault}\n', encoding="utf-8")
    with pytest.raises(BuildError, match=f"00_tiny_lesson.*{words}"):
        build(built)
    assert notebook_of(built).read_bytes() == before
    assert [path.name for path in sorted((built / "notebooks").glob("0*.ipynb*"))] == ["00_tiny_lesson.ipynb"]


def test_a_disk_that_refuses_leaves_the_old_notebook(built, monkeypatch):
    def refuse(*_):
        raise OSError("disk full")

    before = notebook_of(built).read_bytes()
    source_of(built).write_text(SOURCE.replace("tiny", "small"), encoding="utf-8")
    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        build(built)
    assert notebook_of(built).read_bytes() == before
    assert {path.name for path in (built / "notebooks").iterdir()} == {"sources", "00_tiny_lesson.ipynb", "index.ipynb"}


def test_outside_the_project_says_where_to_build(tmp_path):
    with pytest.raises(BuildError, match=r"course.toml holds no lessons .*own folder"):
        check(tmp_path)


def test_a_source_that_the_course_forgot_is_named(built):
    (built / "notebooks" / "sources" / "01_more.py").write_text(SOURCE, encoding="utf-8")
    with pytest.raises(BuildError, match="does not hold 01_more"):
        build(built)


def test_the_table_of_the_readme_follows_the_course(built):
    readme = built / "README.md"
    readme.write_text(f"before\n{TABLE[0]}\nold\n{TABLE[1]}\nafter\n", encoding="utf-8")
    (problem,) = check(built)
    assert "README.md's table" in problem
    assert build(built) == [readme]
    text = readme.read_text(encoding="utf-8")
    assert "[00 · A tiny lesson](notebooks/00_tiny_lesson.ipynb)" in text and "old" not in text
    assert text.startswith("before\n") and text.endswith("\nafter\n") and check(built) == []
    readme.write_text("no marks", encoding="utf-8")
    with pytest.raises(BuildError, match="lacks the marks"):
        build(built)


def test_a_new_goal_changes_the_index(built):
    path = built / "course.toml"
    path.write_text(COURSE.replace("one number", "two numbers"), encoding="utf-8")
    (problem,) = check(built)
    assert "index.ipynb is stale" in problem and "Edit course.toml" in problem
    assert build(built) == [built / "notebooks" / "index.ipynb"]


def test_the_projects_notebooks_are_fresh():
    assert check(PROJECT) == []
