"""Build the notebooks: ``notebooks/sources/*.py`` (py:percent) -> ``notebooks/*.ipynb``. Edit the sources alone.

A built notebook has one normal form. Cell ids follow from name and position. Only code cells tagged
``nbval-check-output`` keep an output, plain text with execution count 1, since nbval compares nothing else; every other
code cell has none. There is no widget state. So a notebook differs from its last build only where its source does.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from nstlib.files import replacing

try:
    import jupytext
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
except ImportError as fault:
    raise RuntimeError(f"Building needs {fault.name}. Run: python -m pip install -e '.[test]'") from fault

CHECKED = "nbval-check-output"
CELL_SECONDS = 120
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
METADATA = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
Notebook = nbformat.NotebookNode


class BuildError(RuntimeError):
    """A notebook cannot be built; the message says which, why and what to do. The old notebook is as it was."""


def build(root: Path, *, execute: bool = False) -> list[Path]:
    """Write every notebook that is not what its source gives; return the paths written.

    A notebook is executed, under NST_TEST=1, where its checked outputs belong to other code than the source's;
    ``execute=True`` executes all, as after a change of the library. Raises BuildError where a cell fails.
    """
    written = []
    for source, target in _pairs(Path(root)):
        notebook = _from_source(source)
        if execute or not _take_outputs(notebook, _read(target)):
            _execute(notebook, target)
        text = _text(notebook)
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            _write(target, text)
            written.append(target)
    return written


def check(root: Path) -> list[str]:
    """Say, a sentence each, which notebooks are not what a build would write; nothing is executed."""
    pairs = list(_pairs(Path(root)))
    problems = [_problem(source, target) for source, target in pairs]
    orphans = set((Path(root) / "notebooks").glob("*.ipynb")) - {target for _, target in pairs}
    problems += [
        f"{target.name} has no source in notebooks/sources: write {target.stem}.py there, or delete the notebook."
        for target in sorted(orphans)
    ]
    return [problem for problem in problems if problem]


def _pairs(root: Path) -> Iterator[tuple[Path, Path]]:
    """Yield each source and the notebook it gives."""
    sources = sorted((root / "notebooks" / "sources").glob("*.py"))
    if not sources:
        raise BuildError(
            f"There are no sources in {root / 'notebooks' / 'sources'}; build in the project's own folder."
        )
    for source in sources:
        yield source, root / "notebooks" / f"{source.stem}.ipynb"


def _from_source(source: Path) -> Notebook:
    """Return the notebook without outputs."""
    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    notebook.metadata, notebook.nbformat, notebook.nbformat_minor = nbformat.from_dict(METADATA), 4, 5
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"{source.stem.replace('_', '-')}-{number:02d}"
    return notebook


def _read(target: Path) -> Notebook | None:
    """Return the notebook in the file as it is, None where there is none or it is broken."""
    try:
        notebook = nbformat.reads(target.read_text(encoding="utf-8"), as_version=nbformat.NO_CONVERT)
        nbformat.validate(notebook)
        return notebook
    except (OSError, ValueError, AttributeError, nbformat.ValidationError):
        return None


def _checked(cell: Notebook) -> bool:
    return cell.cell_type == "code" and CHECKED in cell.metadata.get("tags", ())


def _code(notebook: Notebook) -> list[Notebook]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _take_outputs(notebook: Notebook, other: Notebook | None) -> bool:
    """Copy the checked cells' outputs from a notebook of the same code; say whether each checked cell has one.

    All code counts, not the cell's own alone: an output also depends on the cells before it.
    """
    if other is not None and [cell.source for cell in _code(notebook)] == [cell.source for cell in _code(other)]:
        for cell, twin in zip(_code(notebook), _code(other), strict=True):
            _store(cell, twin.outputs)
    return all(cell.outputs for cell in notebook.cells if _checked(cell))


def _store(cell: Notebook, outputs: list[Notebook]) -> None:
    """Give the cell the outputs that its normal form keeps."""
    kept = [_plain(output) for output in outputs] if _checked(cell) else []
    cell.outputs = [output for output in kept if output]
    cell.execution_count = 1 if cell.outputs else None


def _plain(output: Notebook) -> Notebook | None:
    """Return the part of an output that nbval can compare: printed text, or the text form of a value."""
    if output.output_type == "stream":
        return nbformat.v4.new_output("stream", name=output.name, text=output.text)
    text = output.get("data", {}).get("text/plain")
    if text is None:
        return None
    counted = {"execution_count": 1} if output.output_type == "execute_result" else {}
    return nbformat.v4.new_output(output.output_type, data={"text/plain": text}, **counted)


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
            raise BuildError(f"{target.name}: cell {cell.id} is tagged {CHECKED} but prints nothing; let it print.")


def _text(notebook: Notebook) -> str:
    return nbformat.writes(notebook).rstrip() + "\n"


def _write(target: Path, text: str) -> None:
    with replacing(target) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def _problem(source: Path, target: Path) -> str:
    """Say how the notebook differs from what its source gives; nothing where it does not."""
    committed, fresh = _read(target), _from_source(source)
    if committed is None:
        return f"{target.name} {'is no valid notebook' if target.exists() else 'is missing'}: run nst build."
    complete = _take_outputs(fresh, committed)
    if complete and target.read_text(encoding="utf-8") == _text(fresh):
        return ""
    return f"{target.name} is stale: {_difference(fresh, committed)}. Edit {source.name} alone, and run nst build."


def _difference(fresh: Notebook, committed: Notebook) -> str:
    """Name the first difference."""
    if "widgets" in committed.metadata:
        return "it holds widget state"
    if len(fresh.cells) != len(committed.cells):
        return f"it has {len(committed.cells)} cells, its source {len(fresh.cells)}"
    for cell, twin in zip(fresh.cells, committed.cells, strict=True):
        if cell.source != twin.source:
            return f"cell {cell.id} reads differently"
        if _checked(cell) and not cell.outputs:
            return f"cell {cell.id} is tagged {CHECKED} but has no stored output"
        if cell != twin:
            return f"cell {cell.id} has another id, tag or output than its source gives it"
    return "its metadata or layout is not the builder's"
