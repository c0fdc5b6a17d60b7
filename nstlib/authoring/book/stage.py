"""Write the folder that Sphinx reads: it mirrors the repository, and holds the pages that are made from data."""

import shutil
from pathlib import Path

import nbformat

from nstlib.authoring import course
from nstlib.authoring.book import links, misconceptions, notebooks, questions
from nstlib.checks import all_questions
from nstlib.errors import NstError

__all__ = ["stage"]

# The pages of docs/ in their order; one that is not named here comes after them, one that is not there is left out
USE = ("painting", "studio", "grading")
LOOK_UP = ("map", "bibliography")
ABOUT = ("performance", "performance_log", "true_network", "front_ends", "accessibility")
OTHERS = ("nstlib/networks/MODEL_CARD.md", "CONTRIBUTING.md", "CHANGELOG.md")
OWN = ("flipbooks", "glossary")
PICTURES = (".png", ".jpg", ".gif", ".svg")
NOTATION = "<!-- the notation of lesson 00 -->"
LESSONS = "<!-- the lessons, from course.toml -->"
TOCTREES = "<!-- the contents -->"
MARK = ".book-sources"  # stands in a folder that was written here, and may be replaced


def stage(root: Path, folder: Path) -> list[str]:
    """Write the book's sources into the folder, replacing what it holds; return the pages, in their order.

    root: a checkout of the course. Raises NstError where it is none, where a page's data is malformed, or where the
    folder holds something else.
    """
    root, folder = Path(root), Path(folder)
    lessons = course.read(root)
    repository = course.read_repository(root)
    files = _files(root, lessons)
    if folder.exists() and not (folder / MARK).exists():
        raise NstError(f"{folder} was not written by this command, and is left alone: give a folder that is not there.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()
    for path in files:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith(".ipynb"):
            _write_notebook(root, folder, path, files, repository)
        elif path.endswith(".md"):
            text = links.rewrite((root / path).read_text(encoding="utf-8"), path, files, repository)
            target.write_text(text, encoding="utf-8")
        else:
            shutil.copyfile(root / path, target)
    _write_made_pages(root, folder, lessons, files, repository)
    contents = _contents(root, lessons)
    _write_first_page(root, folder, lessons, contents)
    return ["index", *(page for _, pages in contents for page in pages)]


def _files(root: Path, lessons: list[course.Lesson]) -> list[str]:
    """Return the paths of the repository that the book holds as they are, but for links and anchors."""
    found = [f"notebooks/{lesson.file}.ipynb" for lesson in lessons]
    found += [f"exercises/student/{lesson.exercise}.ipynb" for lesson in lessons if lesson.exercise]
    found += [f"docs/{path.name}" for path in sorted((root / "docs").glob("*.md"))]
    pictures = (path for path in sorted((root / "docs").rglob("*")) if path.suffix in PICTURES)
    found += [path.relative_to(root).as_posix() for path in pictures]
    found += OTHERS
    if missing := [path for path in found if not (root / path).is_file()]:
        raise NstError(f"The book lacks {missing[0]}: run nst build, in the project's own folder.")
    return found


def _write_notebook(root: Path, folder: Path, path: str, files: list[str], repository: str) -> None:
    notebook = nbformat.read(root / path, as_version=4)
    name = Path(path).stem
    source = f"notebooks/sources/{name}.py" if path.startswith("notebooks") else ""  # an exercise's holds the answers
    nbformat.write(notebooks.page(notebook, path, source, files, repository), folder / path)
    (folder / "downloads").mkdir(exist_ok=True)
    shutil.copyfile(root / path, folder / "downloads" / f"{name}.ipynb")


def _write_made_pages(root: Path, folder: Path, lessons: list, files: list[str], repository: str) -> None:
    """Write what is no file of the repository: questions, mistakes, glossary, flipbooks."""
    asked = (root / "notebooks" / "README.md").read_text(encoding="utf-8")
    (folder / "questions.md").write_text(
        questions.page(asked, {lesson.id: lesson.title for lesson in lessons}), encoding="utf-8"
    )
    (folder / "misconceptions").mkdir()
    for lesson in lessons:
        if lesson.exercise:
            title = _title(root / "exercises" / "student" / f"{lesson.exercise}.ipynb")
            prefix = lesson.exercise.partition("_")[0]
            chosen = [question for name, question in all_questions().items() if name.startswith(prefix)]
            text = misconceptions.page(lesson.exercise, title, chosen)
            (folder / "misconceptions" / f"{prefix}.md").write_text(text, encoding="utf-8")
    for name in OWN:
        text = (root / "site" / f"{name}.md").read_text(encoding="utf-8").replace(NOTATION, _notation(root))
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    (folder / "extra" / "gallery").mkdir(parents=True)
    shutil.copyfile(root / "notebooks" / "gallery" / "index.html", folder / "extra" / "gallery" / "index.html")


def _title(path: Path) -> str:
    first = nbformat.read(path, as_version=4).cells[0].source.splitlines()[0]
    return first.rpartition("· ")[2]


def _notation(root: Path) -> str:
    """Return lesson 00's table of symbols."""
    text = (root / "notebooks" / "00_start_here.ipynb").read_text(encoding="utf-8")
    cells = nbformat.reads(text, as_version=4).cells
    tables = [cell.source for cell in cells if cell.cell_type == "markdown" and "| symbol |" in cell.source]
    if len(tables) != 1:
        raise NstError(f"Expected one table of symbols in lesson 00, found {len(tables)}: begin it with | symbol |.")
    return "\n".join(line for line in tables[0].splitlines() if line.startswith("|"))


def _contents(root: Path, lessons: list[course.Lesson]) -> list[tuple[str, list[str]]]:
    """Return the parts of the book: each one's heading, and its pages without their endings."""
    exercises = [lesson.exercise for lesson in lessons if lesson.exercise]
    docs = {path.stem for path in (root / "docs").glob("*.md")}
    use, look_up, about = ([f"docs/{name}" for name in names if name in docs] for names in (USE, LOOK_UP, ABOUT))
    others = [f"docs/{name}" for name in sorted(docs - {*USE, *LOOK_UP, *ABOUT})]
    return [
        ("Lessons", [f"notebooks/{lesson.file}" for lesson in lessons]),
        ("Exercises", [f"exercises/student/{name}" for name in exercises]),
        ("Mistakes", [f"misconceptions/{name.partition('_')[0]}" for name in exercises]),
        ("Look up", ["questions", "glossary", *look_up]),
        ("Use it", ["flipbooks", *use]),
        ("About", [*about, *others, *(path.removesuffix(".md") for path in OTHERS)]),
    ]


def _write_first_page(root: Path, folder: Path, lessons: list, contents: list[tuple[str, list[str]]]) -> None:
    text = (root / "site" / "index.md").read_text(encoding="utf-8")
    table = course.table(lessons, "notebooks/")
    trees = "\n\n".join(_toctree(heading, pages) for heading, pages in contents)
    (folder / "index.md").write_text(text.replace(LESSONS, table).replace(TOCTREES, trees), encoding="utf-8")


def _toctree(heading: str, pages: list[str]) -> str:
    return "\n".join([":::{toctree}", ":hidden:", f":caption: {heading}", "", *pages, ":::"])
