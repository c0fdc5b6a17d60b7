"""Build the notebooks from py:percent sources and ``course.toml``.

``notebooks/sources`` gives the lessons; ``exercises/sources`` gives each exercise twice, to ``student`` with stubs and
to ``instructor`` with answers.

A built notebook has one normal form. Cell ids follow from the notebook's name and the cell's position. Cells keep their
figures and tables; those tagged ``nbval-check-output``, whose text nbval compares, keep that too. A cell that keeps
something has the execution count 1. There is no widget state. So a notebook differs from its last build only where its
source does, or what it shows.
"""

import copy
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from nstlib.authoring import course, exercises
from nstlib.errors import NstError
from nstlib.files import replacing, require_folder

try:
    import jupytext
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
except ImportError as fault:
    raise NstError(f"Building needs {fault.name}. Run: python -m pip install -e '.[test]'") from fault

from nstlib.authoring import colab, outputs  # they need nbformat, too

CHECKED = "nbval-check-output"
CELL_SECONDS = 120
FOLDERS = ("notebooks", "exercises/student", "exercises/instructor")
TABLE = ("<!-- lessons, written from course.toml -->", "<!-- end of lessons -->")
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
METADATA = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
Notebook = nbformat.NotebookNode


class BuildError(NstError):
    """A notebook cannot be built; the message says which, why, and what to do. The old notebook stays as it was."""


def build(root: Path, names: Collection[str] = (), *, execute: bool = False) -> list[Path]:
    """Write each notebook, and the README's table, that differs from its source; return the paths written.

    `names` chooses notebooks by how they begin, such as 03 or ex02; all without any. A notebook whose code has changed
    is executed first, under NST_TEST=1; ``execute=True`` executes the others too, as needed after a change to the
    library, but never a learner's exercise. Stored outputs stay where new ones tell the same. Raises BuildError if a
    cell fails, a name fits no notebook, or course.toml is wrong.
    """
    for folder in ("", *FOLDERS):
        require_folder(Path(root, folder))
    masks = outputs.read_masks(Path(root) / "notebooks" / "sanitize.cfg")
    written = []
    for target, notebook in _chosen(Path(root), names):
        target.parent.mkdir(exist_ok=True)
        stored = _read(target)
        runs = _code(notebook) and target.parent.name != "student"  # a learner's stubs raise
        if not _take_outputs(notebook, stored) or (execute and runs):
            _execute(notebook, target)
            _leave_alone_what_tells_the_same(notebook, stored, masks)
        written += _write(target, _text(notebook))
    return written + [path for path, text in _tables(Path(root)) for path in _write(path, text)]


def check(root: Path) -> list[str]:
    """Return a sentence for each file that a build would change; nothing is executed.

    >>> check(Path("an/empty/folder"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    nstlib.authoring.build.BuildError: course.toml holds no lessons ... Build in the project's own folder.
    """
    fresh = dict(_notebooks(Path(root)))
    problems = [_problem(notebook, target) for target, notebook in fresh.items()]
    problems += [
        f"{folder}/{target.name} has no source: write {target.stem}.py in sources, or delete the notebook."
        for folder in FOLDERS
        for target in sorted(set((Path(root) / folder).glob("*.ipynb")) - set(fresh))
    ]
    problems += [
        f"{path.name}'s table of lessons is not what course.toml says: run nst build."
        for path, text in _tables(Path(root))
        if path.read_text(encoding="utf-8") != text
    ]
    return [problem for problem in problems if problem]


def nbgrader(root: Path, folder: Path) -> list[Path]:
    """Write nbgrader's ``source/<exercise>/<exercise>.ipynb`` for every exercise; return the paths written.

    From there nbgrader's own commands make the release and grade it. Raises BuildError rather than replace a file.
    """
    require_folder(folder)
    written = []
    for lesson in _read_course(Path(root)):
        if lesson.exercise:
            target = Path(folder) / "source" / lesson.exercise / f"{lesson.exercise}.ipynb"
            if target.exists():
                raise BuildError(f"{target} is there already: give a new folder, or delete it first.")
            target.parent.mkdir(parents=True, exist_ok=True)
            notebook = exercises.for_nbgrader(read_exercise(Path(root), lesson.exercise))
            written += _write(target, _text(_normal(notebook, lesson.exercise)))
    return written


def _read_course(root: Path) -> list[course.Lesson]:
    try:
        lessons = course.read(root)
        course.read_book(root)
    except course.CourseError as fault:
        raise BuildError(f"{fault} Build in the project's own folder.") from fault
    sources = {path.stem for path in (root / "notebooks" / "sources").glob("*.py")}
    if forgotten := sources - {lesson.file for lesson in lessons}:
        raise BuildError(f"course.toml does not hold {min(forgotten)}, which has a source: add the lesson.")
    return lessons


def _notebooks(root: Path) -> Iterator[tuple[Path, Notebook]]:
    """Yield each notebook's path and what its source gives, without outputs: lessons, index, exercises."""
    lessons = _read_course(root)
    for lesson in lessons:
        source = root / "notebooks" / "sources" / f"{lesson.file}.py"
        notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
        _install(root, notebook, "notebooks")
        notebook.cells.append(nbformat.v4.new_markdown_cell(course.footer(lessons, lesson)))
        yield root / "notebooks" / f"{lesson.file}.ipynb", _normal(notebook, lesson.file)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(course.index(lessons))])
    yield root / "notebooks" / "index.ipynb", _normal(notebook, "index")
    for lesson in lessons:
        if lesson.exercise:
            yield from _exercise(root, lesson)


def _exercise(root: Path, lesson: course.Lesson) -> Iterator[tuple[Path, Notebook]]:
    """Yield the learner's and the instructor's notebook of a lesson's exercise."""
    source = read_exercise(root, lesson.exercise)
    for folder, make in (("student", exercises.for_learner), ("instructor", exercises.for_instructor)):
        try:
            notebook = make(copy.deepcopy(source))
        except exercises.ExerciseError as fault:
            raise BuildError(f"exercises/sources/{lesson.exercise}.py: {fault}.") from fault
        _install(root, notebook, f"exercises/{folder}")
        yield root / "exercises" / folder / f"{lesson.exercise}.ipynb", _normal(notebook, lesson.exercise)


def _install(root: Path, notebook: Notebook, folder: str) -> None:
    colab.install(notebook, course.read_repository(root), root / "pyproject.toml", folder)


def read_exercise(root: Path, name: str) -> Notebook:
    """Read an exercise's source; raise BuildError unless it holds the exercise's questions."""
    path = root / "exercises" / "sources" / f"{name}.py"
    notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent")
    try:
        exercises.verify(notebook, name.partition("_")[0])
    except exercises.ExerciseError as fault:
        raise BuildError(f"exercises/sources/{name}.py: {fault}.") from fault
    return notebook


def _normal(notebook: Notebook, name: str) -> Notebook:
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat = 4
    notebook.nbformat_minor = 5
    for number, cell in enumerate(notebook.cells, start=1):
        cell.metadata.pop("lines_to_next_cell", None)  # jupytext's note to itself
        if "nst" not in cell.metadata:
            cell.id = f"{name.replace('_', '-')}-{number:02d}"  # otherwise its question has given it one
    return notebook


def _tables(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield the README, where there is one, and its text with the table between TABLE's two marks."""
    readme = root / "README.md"
    if readme.is_file():
        before, _, rest = readme.read_text(encoding="utf-8").partition(TABLE[0])
        _, _, after = rest.partition(TABLE[1])
        if not after:
            raise BuildError(f"README.md lacks the marks {TABLE[0]} … {TABLE[1]}: put them around the lesson table.")
        yield readme, f"{before}{TABLE[0]}\n\n{course.table(_read_course(root), 'notebooks/')}\n\n{TABLE[1]}{after}"


def _read(target: Path) -> Notebook | None:
    """Return the notebook in the file as it is; None if there is none or it is broken."""
    try:
        notebook = nbformat.reads(target.read_text(encoding="utf-8"), as_version=nbformat.NO_CONVERT)
        nbformat.validate(notebook)
        return notebook
    except (OSError, ValueError, AttributeError, nbformat.ValidationError):
        return None


def _chosen(root: Path, names: Collection[str]) -> list[tuple[Path, Notebook]]:
    """Return the notebooks whose names begin with one of these; all without any."""
    notebooks = list(_notebooks(root))
    for name in names:
        if not any(target.stem.startswith(name) for target, _ in notebooks):
            known = ", ".join(dict.fromkeys(target.stem.partition("_")[0] for target, _ in notebooks))
            raise BuildError(f"Expected how a notebook's name begins, got {name!r}: choose from {known}.")
    return [pair for pair in notebooks if not names or pair[0].stem.startswith(tuple(names))]


def _leave_alone_what_tells_the_same(notebook: Notebook, stored: Notebook | None, masks: list[re.Pattern]) -> None:
    """Take back the stored outputs of each cell whose source is the same, and whose new outputs tell the same."""
    before = {cell.source: cell.outputs for cell in _code(stored)} if stored else {}
    for cell in _code(notebook):
        if cell.source in before and outputs.alike(cell.outputs, before[cell.source], masks):
            cell.outputs = before[cell.source]


def _checked(cell: Notebook) -> bool:
    return cell.cell_type == "code" and CHECKED in cell.metadata.get("tags", ())


def _code(notebook: Notebook) -> list[Notebook]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _take_outputs(notebook: Notebook, other: Notebook | None) -> bool:
    """Copy the checked cells' outputs from a notebook with the same code; return whether each checked cell has one.

    All code must be the same, not only the cell's own: an output also depends on the cells before it.
    """
    if other is not None and [cell.source for cell in _code(notebook)] == [cell.source for cell in _code(other)]:
        for cell, other_cell in zip(_code(notebook), _code(other), strict=True):
            _store(cell, other_cell.outputs)
    return all(cell.outputs for cell in notebook.cells if _checked(cell))


def _store(cell: Notebook, new: list[Notebook]) -> None:
    """Give the cell those outputs that its normal form has."""
    cell.outputs = outputs.keep(new, checked=_checked(cell))
    cell.execution_count = 1 if cell.outputs else None  # else nbval fails the cell: outputs of a cell never run


def _execute(notebook: Notebook, target: Path) -> None:
    """Run all cells and store the checked ones' outputs."""
    run = nbformat.from_dict(notebook)
    client = NotebookClient(
        run, timeout=CELL_SECONDS, coalesce_streams=True, resources={"metadata": {"path": str(target.parent)}}
    )
    try:
        client.execute(env=os.environ | {"NST_TEST": "1"})
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as fault:
        reason = f"{fault.ename}: {fault.evalue}" if isinstance(fault, CellExecutionError) else str(fault)
        raise BuildError(f"{target.name} was left as it was, because a cell failed: {reason}") from fault
    for cell, executed in zip(_code(notebook), _code(run), strict=True):
        _store(cell, executed.outputs)
        if _checked(cell) and not cell.outputs:
            raise BuildError(f"{target.name}: cell {cell.id} is tagged {CHECKED} but prints nothing: let it print.")


def _text(notebook: Notebook) -> str:
    return nbformat.writes(notebook).rstrip() + "\n"


def _write(target: Path, text: str) -> list[Path]:
    """Write the text unless it is there already; return the path if it was written."""
    if target.exists() and target.read_text(encoding="utf-8") == text:
        return []
    with replacing(target) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
    return [target]


def _problem(fresh: Notebook, target: Path) -> str:
    """Return how the notebook differs from what its source gives, empty if it does not."""
    committed = _read(target)
    if committed is None:
        return f"{target.name} {'is no valid notebook' if target.exists() else 'is missing'}: run nst build."
    complete = _take_outputs(fresh, committed)
    if complete and target.read_text(encoding="utf-8") == _text(fresh):
        return ""
    source = "course.toml" if target.stem == "index" else f"{target.stem}.py"
    return f"{target.name} is stale: {_difference(fresh, committed)}. Edit {source} alone, and run nst build."


def _difference(fresh: Notebook, committed: Notebook) -> str:
    """Name the first difference."""
    if "widgets" in committed.metadata:
        return "it holds widget state"
    if len(fresh.cells) != len(committed.cells):
        return f"it has {len(committed.cells)} cells, its source {len(fresh.cells)}"
    for cell, other_cell in zip(fresh.cells, committed.cells, strict=True):
        if cell.source != other_cell.source:
            return f"cell {cell.id} reads differently"
        if _checked(cell) and not cell.outputs:
            return f"cell {cell.id} is tagged {CHECKED} but has no stored output"
        if cell != other_cell:
            return f"cell {cell.id} has another id, tag or output than its source gives it"
    return "its metadata or layout is not the builder's"
