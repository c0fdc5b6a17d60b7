"""The pages of the book before Sphinx reads them, the lessons on paper, and what is refused."""

import doctest
import importlib
import re
import shutil
from pathlib import Path

import nbformat
import pypandoc
import pytest

from nstlib.authoring import course
from nstlib.authoring.book import anchors, links, misconceptions, notebooks, paper, questions
from nstlib.authoring.book.__main__ import main
from nstlib.authoring.book.stage import stage
from nstlib.authoring.links import broken
from nstlib.checks import all_questions
from nstlib.errors import NstError

ROOT = Path(__file__).parents[3]
LESSONS = course.read(ROOT)
HOST = "https://github.com/owner/name"
MODULES = ("anchors", "links", "misconceptions", "notebooks", "paper", "questions")


def built(lesson):
    return nbformat.read(ROOT / "notebooks" / f"{lesson.file}.ipynb", as_version=4)


@pytest.fixture
def copy(tmp_path):
    """Copy what the book is made from; its course.toml may be changed."""
    for name in ("notebooks", "exercises", "docs", "site", "nstlib/networks"):
        ignored = shutil.ignore_patterns("*.py[co]", "*.safetensors", "*.gif")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    for name in ("course.toml", "CONTRIBUTING.md", "CHANGELOG.md"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def published(copy):
    text = (copy / "course.toml").read_text(encoding="utf-8")
    (copy / "course.toml").write_text(text.replace('repository = ""', f'repository = "{HOST}"'), encoding="utf-8")
    return copy


@pytest.mark.parametrize("name", [*(f"book.{name}" for name in MODULES), "links", "course"])
def test_examples_run(name):
    module = importlib.import_module(f"nstlib.authoring.{name}")
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert result.attempted and not result.failed


def test_no_two_claims_share_an_anchor():
    names = [
        anchors.claim(lesson.id, cell.metadata.claim)
        for lesson in LESSONS
        for cell in built(lesson).cells
        if "claim" in cell.metadata
    ]
    assert len(names) > 150 and len(set(names)) == len(names)


def test_each_figure_hands_its_description_to_the_renderer():
    for lesson in LESSONS:
        page = notebooks.page(built(lesson), f"notebooks/{lesson.file}.ipynb", "source.py", ())
        for cell in page.cells:
            figures = [output for output in cell.get("outputs", ()) if output.get("metadata")]
            for output in figures:
                (known,) = output.metadata.values()
                assert cell.metadata.mystnb.image.alt == known.alt
            assert len(figures) <= 1, "myst-nb takes one description for all figures of a cell"


def test_a_page_keeps_every_word_cell_and_output():
    lesson = LESSONS[2]
    before, page = built(lesson), notebooks.page(built(lesson), f"notebooks/{lesson.file}.ipynb", "source.py", ())
    code = [(cell.source, cell.outputs) for cell in before.cells if cell.cell_type == "code"]
    assert [(cell.source, cell.outputs) for cell in page.cells if cell.cell_type == "code"] == code
    added = re.compile(r"^\(lesson-02-section-\d+\)=\n", re.MULTILINE)
    words = [added.sub("", cell.source) for cell in page.cells]
    for cell in before.cells[:-1]:
        if cell.cell_type == "markdown" and "](../docs" not in cell.source:
            assert cell.source in words


def test_the_list_of_a_lessons_predictions_leads_to_their_cards():
    cells = [nbformat.v4.new_markdown_cell("# 08 · Title")]
    cells += [nbformat.v4.new_code_cell(source) for source in ('import math\n\npredict("08.cut")', 'progress("08")')]
    listed = {"text/markdown": "**Lesson 08**\\\n○ 08.cut: What share?\\\n✓ 08.kept: Which?", "text/plain": "…"}
    cells[-1].outputs = [nbformat.v4.new_output("display_data", listed)]
    page = notebooks.page(nbformat.v4.new_notebook(cells=cells), "notebooks/08_title.ipynb", "sources/08_title.py", ())
    assert page.cells[2].source.startswith("(prediction-08-cut)=\n")
    shown = page.cells[-1].outputs[0].data["text/markdown"]
    assert shown == "**Lesson 08**\\\n○ [08.cut](#prediction-08-cut): What share?\\\n✓ 08.kept: Which?"


def test_links_to_other_files_need_a_repository():
    text = "[how](../tests/a.py), [page](b.md#part), [all](../notebooks/index.ipynb) and\n```\n[x](../tests/a.py)\n```"
    assert links.rewrite(text, "docs/page.md", {"docs/b.md"}) == (
        "how, [page](b.md#part), [all](../index.md) and\n```\n[x](../tests/a.py)\n```"
    )
    there = links.rewrite(text, "docs/page.md", {"docs/b.md"}, HOST)
    assert f"[how]({HOST}/blob/main/tests/a.py)" in there and "\n[x](../tests/a.py)\n" in there


@pytest.mark.parametrize("row", ["| Why? | 99, `quarter` | So. |", "| Why? | `quarter` | So. |", "| Why? | So. |"])
def test_a_malformed_question_is_refused(row):
    with pytest.raises(NstError, match=r"in notebooks/README.md, got '\| Why"):
        questions.page(row, {"03": "The style cost"})


def test_every_mistake_has_its_message_with_numbers():
    chosen = [question for name, question in all_questions().items() if name.startswith("ex02")]
    text = misconceptions.page("ex02_gram_matrix", "The Gram matrix", chosen)
    assert "Every entry is 3 times too small, and 3 = M" in text and not re.search(r"\{[A-Z]\w*\}", text)
    assert "[section 1](#lesson-02-section-1)" in text


def test_without_a_repository_no_page_offers_colab(copy, tmp_path):
    stage(copy, tmp_path / "out")
    text = (tmp_path / "out" / "notebooks" / "03_style_cost.ipynb").read_text(encoding="utf-8")
    assert "Download this notebook" in text
    assert "colab.research" not in text and "mybinder" not in text and "github.com" not in text


def test_with_a_repository_each_notebook_offers_colab_and_binder_and_a_lesson_its_source(copy, tmp_path):
    stage(published(copy), tmp_path / "out")
    for path in ("notebooks/03_style_cost.ipynb", "exercises/student/ex03_style_cost.ipynb"):
        text = (tmp_path / "out" / path).read_text(encoding="utf-8")
        assert f"[Open in Colab](https://colab.research.google.com/github/owner/name/blob/main/{path})" in text
        assert f"[Open in Binder](https://mybinder.org/v2/gh/owner/name/main?urlpath=lab/tree/{path})" in text
    assert "exercises/sources" not in text, "the source of an exercise holds its answers"
    text = (tmp_path / "out" / "notebooks" / "03_style_cost.ipynb").read_text(encoding="utf-8")
    assert f"[Source]({HOST}/blob/main/notebooks/sources/03_style_cost.py)" in text


def test_pages_of_docs_are_taken_as_they_come(copy, tmp_path):
    for name in ("map", "zebra"):
        (copy / "docs" / f"{name}.md").write_text(f"# {name}\n", encoding="utf-8")
    pages = stage(copy, tmp_path / "out")
    assert pages.index("docs/map") < pages.index("flipbooks") < pages.index("docs/zebra")
    (copy / "docs" / "map.md").unlink()
    assert "docs/map" not in stage(copy, tmp_path / "out") and not (tmp_path / "out" / "docs" / "map.md").exists()


@pytest.mark.parametrize("address", ["https://gitlab.com/o/n", "http://github.com/o/n", "https://github.com/o", 7])
def test_a_repository_of_another_form_is_refused(tmp_path, address):
    (tmp_path / "course.toml").write_text(f"repository = {address!r}\n", encoding="utf-8")
    with pytest.raises(course.CourseError, match=r"Expected https://github\.com/OWNER/NAME"):
        course.read_repository(tmp_path)


@pytest.mark.parametrize("address", ["example.org/nst", "https://example.org/nst/", "https://a b", "file:///nst", 7])
def test_a_book_at_an_address_of_another_form_is_refused(tmp_path, address):
    (tmp_path / "course.toml").write_text(f"book = {address!r}\n", encoding="utf-8")
    with pytest.raises(course.CourseError, match="Expected https://HOST/PATH"):
        course.read_book(tmp_path)


def test_a_missing_notebook_is_named(copy, tmp_path):
    (copy / "notebooks" / "03_style_cost.ipynb").unlink()
    with pytest.raises(NstError, match=r"The book lacks notebooks/03_style_cost.ipynb: run nst build"):
        stage(copy, tmp_path / "out")


def test_a_folder_of_something_else_is_left_alone(copy):
    with pytest.raises(NstError, match="was not written by this command, and is left alone"):
        stage(copy, copy / "docs")
    assert (copy / "docs" / "grading.md").exists()


def test_the_command_says_what_is_wrong(tmp_path, monkeypatch, capsys):
    assert main([]) == 2 and "Expected one folder" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)
    assert main(["out"]) == 1 and "nst: course.toml" in capsys.readouterr().err


def test_the_repositorys_own_links_lead_somewhere():
    assert broken(ROOT) == []


def test_a_broken_link_or_anchor_is_found(tmp_path):
    (tmp_path / "a.md").write_text("# One two\n\n[x](b.md) [y](#one-two) [z](#three) [w](https://example.org)\n")
    assert broken(tmp_path) == [
        "a.md links to b.md, which is not there: correct the link.",
        "a.md links to #three, which is not there: correct the link.",
    ]


def test_the_lessons_become_markdown_for_paper(tmp_path):
    text = paper.markdown(built(LESSONS[6]), ROOT / "notebooks", tmp_path)
    figures = re.findall(r'#image\("(.*?)", width: (\d+)%, alt: "(.+?)"\)', text)
    assert figures and all((tmp_path / name).stat().st_size for name, _, _ in figures)
    assert all(0 < int(width) <= 100 for _, width, _ in figures)
    assert "<details>" not in text and not re.search(r"\]\((?!https?:)", text)


def test_a_formula_that_pandoc_does_not_understand_is_no_silent_text():
    with pytest.raises(RuntimeError, match="Could not convert TeX math"):
        pypandoc.convert_text(r"$\frac{1$", "typst", format=paper.FORMAT, extra_args=paper.PANDOC)


def test_a_pdf_is_made_of_lessons(tmp_path, monkeypatch):
    few = LESSONS[:1] + LESSONS[5:6]
    monkeypatch.setattr(course, "read", lambda root: few)
    target = paper.write(ROOT, tmp_path / "lessons.pdf")
    assert target.read_bytes().startswith(b"%PDF-1.") and b"/StructTreeRoot" in target.read_bytes()
