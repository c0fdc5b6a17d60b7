"""Read a notebook: from bytes to cells, and for each question the cell up to which they count, executing nothing.

This runs in a child. A reading consists of the words below; the parent refuses any other.
"""

import ast
import json
import re
from dataclasses import dataclass

from . import cells as python
from . import texts
from .limits import Limits

STATUSES = ("found", "missing", "syntax", "too_long", "by hand", "no cell")  # of an answer; the last two: of a text
WARNINGS = (
    "bom",  # the file begins with a byte order mark
    "upgraded",  # nbformat 3
    "kernel",  # made for another language than Python
    "duplicate_key",  # an object in the file has the same key twice
    "bad_cell",  # something among the cells is no cell, and was skipped
    "metadata",  # the function is not in the cell marked as its answer, but in another
    "no_check",  # the cell that checks the answer is gone: what stands at the notebook's end counts
    "checked_again",  # below the marked check, a cell without a mark calls the check again
    "no_python",  # a cell that names the function cannot be read as Python
    "after_check",  # the answer stands below its check, so what stands at the notebook's end counts
    "not_code",  # the cell marked as the answer is no code cell
    "check_said_right",  # the stored output of the check says so; anyone can write that into a file
    "suspicious",  # the answer names what no answer needs: someone should read it; it costs no points
)
REJECTIONS = (
    "empty",
    "encoding",  # not UTF-8
    "html",  # a web page, such as a saved login form
    "python",  # a renamed script
    "merge",  # the marks of an unfinished merge
    "truncated",
    "not_json",
    "not_notebook",
    "version",  # older than nbformat 3 or newer than 4
    "too_many_cells",
    "too_large",
)
IMPORTED = re.compile(r"\bfrom\s+nstlib\.checks\s+import\s+(.*)")
SAID = re.compile(r"([✓✗○]) (ex\d\d\.\w+) ")  # how a check's result begins
EXERCISE = re.compile(r"\bex\d\d\b")
NUMBER = 18  # digits; a notebook needs no longer whole numbers
HEADING = re.compile(r"\s*#{1,6}\s")  # of a Markdown cell


class Rejected(Exception):
    """The bytes are no notebook; its argument is the reason."""


@dataclass(frozen=True)
class Cell:
    """A code cell: `text` as Python, "" where it is none; `raw` as it stands in the file.

    answers, checks: the questions that it is marked as the answer to, or as the check of. called: those whose check it
    calls. right: those that are right, as its stored output says. clean: it was run, and raised nothing.
    """

    raw: str
    text: str
    tree: ast.Module | None
    answers: frozenset[str]
    checks: frozenset[str]
    called: frozenset[str]
    right: frozenset[str]
    clean: bool


def read(data: bytes, questions: dict[str, str], limits: Limits = Limits()) -> dict:  # noqa: B008, it is frozen
    """Return {"warnings", "reject", "cells", "clean", "found"}; questions: question -> the function's name, or "".

    A question without a function is answered by a text, which a person marks.

    cells: the code cells as Python. clean: the numbers of those that raised nothing when they were run last. found:
    question -> {"status", "stop", "source", "shape", "size", "warnings"}, where `stop` is the last cell that counts,
    `source` what a reader should look at, and `shape` and `size` tell answers apart (``cells.shape``). `digest` and
    `cut` belong to a text (``texts``).
    """
    warnings: set[str] = set()
    try:
        notebook = _notebook(data, warnings, limits)
    except Rejected as why:
        return {"warnings": sorted(warnings), "reject": str(why), "cells": [], "clean": [], "found": {}}
    by_hand = {question for question, name in questions.items() if not name}
    cells = _cells(notebook, warnings, limits, by_hand)
    too_long = sum(len(cell.text.encode()) for cell in cells) > limits.source
    own = _exercises(cells)
    found = {}
    for question, name in questions.items():
        if not name:
            continue
        if own and question.partition(".")[0] not in own:
            found[question] = _nothing("missing")
        else:
            found[question] = _nothing("too_long") if too_long else _answer(question, name, cells)
    here = own or {question.partition(".")[0] for question, answer in found.items() if answer["status"] != "missing"}
    found |= {question: _text_answer(question, notebook, here) for question in sorted(by_hand)}
    codes = [] if too_long else [cell.text for cell in cells]
    clean = [number for number, cell in enumerate(cells) if cell.clean]
    return {"warnings": sorted(warnings), "reject": None, "cells": codes, "clean": clean, "found": found}


def _text_answer(question: str, notebook: list, here: set[str]) -> dict:
    """Return the text of the cells that are marked with a question, and of those below, to a heading or another mark.

    here: the exercises that the notebook answers otherwise.
    """
    marked = []
    inside = False
    for cell in notebook:
        text = _source(cell)
        if text is None:
            continue
        metadata = cell.get("metadata")
        marks = _marks(metadata, "question") | _marks(metadata, "check")
        inside = question in marks if marks else inside and not (cell["cell_type"] != "code" and HEADING.match(text))
        if inside:
            marked.append((text, cell.get("attachments")))
    if found := texts.put_together(marked):
        return _nothing("by hand") | vars(found)
    return _nothing("no cell" if question.partition(".")[0] in here else "missing")


def _nothing(status: str, warnings: set[str] = frozenset()) -> dict:
    empty = {"stop": 0, "source": "", "shape": "", "size": 0, "digest": "", "cut": 0}
    return {"status": status, **empty, "warnings": sorted(warnings)}


def _exercises(cells: list[Cell]) -> set[str]:
    """Return the exercises that the notebook answers, as its checks say, its marks, or its imports; empty for any."""
    checks = {question for cell in cells for question in cell.checks | cell.called}
    marks = {question for cell in cells for question in cell.answers}
    imports = {name for cell in cells for line in IMPORTED.findall(cell.raw) for name in EXERCISE.findall(line)}
    return {question.partition(".")[0] for question in checks or marks} or imports


def _answer(question: str, name: str, cells: list[Cell]) -> dict:
    mentioned = re.compile(rf"\b{re.escape(name)}\b")
    marked = [number for number, cell in enumerate(cells) if question in cell.answers]
    checks, again = _checks(question, cells)
    if not checks and not any(mentioned.search(cell.raw) for cell in cells):
        return _nothing("missing")
    warnings = {"check_said_right"} if any(question in cells[number].right for number in checks) else set()
    warnings |= {"checked_again"} if again else set()
    holders = [number for number, cell in enumerate(cells) if cell.tree is not None and name in python.bound(cell.tree)]
    written = [number for number in holders if not python.is_stub(cells[number].tree, name)]
    stop = checks[-1] if checks else len(cells) - 1
    if not checks:
        warnings.add("no_check")
    elif written and written[0] > stop:
        stop = len(cells) - 1
        warnings.add("after_check")
    broken = [cell for cell in cells if cell.tree is None]
    if not holders and any(question in cell.answers or mentioned.search(cell.raw) for cell in broken):
        warnings.add("no_python")
    before = [number for number in written or holders if number <= stop]
    shown = [number for number in before if number in marked] or before
    if marked and shown and shown[-1] not in marked:
        warnings.add("metadata")
    source = cells[shown[-1]].raw if shown else ""
    if stop in checks and not re.search(rf"\bcheck\(\s*{re.escape(name)}\s*\)", cells[stop].raw):
        source = f"{source}\n\n{cells[stop].raw}".strip()
    trees = [(number, cell.tree) for number, cell in enumerate(cells[: stop + 1]) if cell.tree is not None]
    if any(python.suspicious(tree, grave=number not in shown[-1:]) for number, tree in trees):
        warnings.add("suspicious")
    shape, size = python.shape(cells[shown[-1]].tree, name) if shown else ("", 0)
    found = {"stop": stop, "source": source, "shape": shape, "size": size}
    return _nothing("found", warnings) | found


def _checks(question: str, cells: list[Cell]) -> tuple[list[int], bool]:
    """Return the cells that check a question, and whether one of them, below the marked ones, does not count.

    The last of which the stored output says ✓ counts, or the last that is marked, or the last that calls the check.
    """
    marked = [number for number, cell in enumerate(cells) if question in cell.checks]
    called = [number for number, cell in enumerate(cells) if question in cell.called]
    every = sorted({*marked, *called})
    if right := [number for number in every if question in cells[number].right]:
        return right, False
    return marked or called, bool(marked and called and called[-1] > marked[-1])


def _notebook(data: bytes, warnings: set[str], limits: Limits) -> list:
    """Return what stands where a notebook has its cells."""
    notebook = _json(_text(data, warnings, limits), warnings)
    if not isinstance(notebook, dict):
        raise Rejected("not_notebook")
    version = notebook.get("nbformat")
    if not isinstance(version, int) or isinstance(version, bool):
        raise Rejected("not_notebook")
    if version not in (3, 4):
        raise Rejected("version")
    if version == 3:
        warnings.add("upgraded")
        sheets = notebook.get("worksheets")
        raw = [
            cell
            for sheet in (sheets if isinstance(sheets, list) else [])
            for cell in (sheet.get("cells") if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list) else [])
        ]
    else:
        raw = notebook.get("cells")
    if not isinstance(raw, list):
        raise Rejected("not_notebook")
    if len(raw) > limits.cells:
        raise Rejected("too_many_cells")
    if _language(notebook.get("metadata")) not in ("", "python", "ipython"):
        warnings.add("kernel")
    return raw


def _cells(notebook: list, warnings: set[str], limits: Limits, by_hand: set[str]) -> list[Cell]:
    """Return the code cells; by_hand: the questions that any cell may answer."""
    cells = []
    for cell in notebook:
        text = _source(cell)
        if text is None:
            warnings.add("bad_cell")
        elif cell["cell_type"] == "code":
            cells.append(_cell(text, cell, limits))
        elif _marks(cell.get("metadata"), "question") - by_hand:
            warnings.add("not_code")
    return cells


def _cell(text: str, cell: dict, limits: Limits) -> Cell:
    """Return a code cell; one that is too long is no Python."""
    metadata = cell.get("metadata")
    plain = python.python(text) if len(text) <= limits.source else None
    tree = None if plain is None else python.parsed(plain)
    called = frozenset() if tree is None else python.checked(tree)
    answers, checks = _marks(metadata, "question"), _marks(metadata, "check")
    outputs = [output for output in _list(cell.get("outputs")) if isinstance(output, dict)]
    raised = any(output.get("output_type") == "error" for output in outputs)
    clean = isinstance(cell.get("execution_count"), int) and not raised
    return Cell(text, plain or "", tree, answers, checks, called, _said_right(outputs), clean)


def _list(value) -> list:
    return value if isinstance(value, list) else []


def _said_right(outputs: list[dict]) -> frozenset[str]:
    """Return the questions of which a cell's stored outputs say that they are right."""
    said = {}
    for output in outputs:
        shown = output.get("data")
        text = shown.get("text/plain") if isinstance(shown, dict) else output.get("text")
        text = "".join(line for line in text if isinstance(line, str)) if isinstance(text, list) else text
        said |= {question: sign for sign, question in SAID.findall(text)} if isinstance(text, str) else {}
    return frozenset(question for question, sign in said.items() if sign == "✓")


def _text(data: bytes, warnings: set[str], limits: Limits) -> str:
    if len(data) > limits.notebook:
        raise Rejected("too_large")
    if data.startswith(b"\xef\xbb\xbf"):
        warnings.add("bom")
        data = data[3:]
    if not data.strip():
        raise Rejected("empty")
    try:
        return data.decode()
    except UnicodeDecodeError as fault:
        raise Rejected("truncated" if fault.reason == "unexpected end of data" else "encoding") from None


def _json(text: str, warnings: set[str]):
    def unique(pairs: list) -> dict:
        content = dict(pairs)
        if len(content) < len(pairs):
            warnings.add("duplicate_key")
        return content

    def whole(digits: str) -> int:
        return int(digits) if len(digits) <= NUMBER else 0

    try:
        return json.loads(text, object_pairs_hook=unique, parse_int=whole, parse_constant=lambda word: None)
    except RecursionError:
        raise Rejected("not_json") from None
    except ValueError as fault:
        raise Rejected(_why(text, getattr(fault, "pos", 0))) from None


def _why(text: str, position: int) -> str:
    """Return the reason why this is no JSON; `position` is where reading it failed."""
    if re.search(r"^(?:<{7}|={7}|>{7})(?:\s|$)", text, re.MULTILINE):
        return "merge"
    start = text.lstrip()[:200].lower()
    if start.startswith(("<!doctype", "<html", "<?xml", "<head", "<!--")):
        return "html"
    if re.match(r"(?:#|import |from |def |\"\"\"|'''|@)", start):
        return "python"
    if start.startswith("{") and (position >= len(text.rstrip()) - 1 or not text.rstrip().endswith("}")):
        return "truncated"
    return "not_json"


def _source(cell) -> str | None:
    if not isinstance(cell, dict) or not isinstance(cell.get("cell_type"), str):
        return None
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        return "".join(source)
    return source if isinstance(source, str) else None


def _marks(metadata, kind: str) -> frozenset[str]:
    """Return the questions that a cell is marked with, as the "question" that it answers or the "check" of one."""
    if not isinstance(metadata, dict):
        return frozenset()
    tags, own = metadata.get("tags"), metadata.get("nst")
    if isinstance(own, dict) and ("check" in own or "question" in own):  # the check of an answer has the same tag
        return frozenset({own[kind]} if isinstance(own.get(kind), str) else ())
    if kind == "check" or not isinstance(tags, list):
        return frozenset()
    return frozenset(tag[2:] for tag in tags if isinstance(tag, str) and tag.startswith("q:"))


def _language(metadata) -> str:
    if not isinstance(metadata, dict):
        return ""
    for key, inner in (("language_info", "name"), ("kernelspec", "language")):
        if isinstance(metadata.get(key), dict) and isinstance(metadata[key].get(inner), str):
            return metadata[key][inner].lower()
    return ""
