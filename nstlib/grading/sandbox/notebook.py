"""Read a notebook: from bytes to cells to the definitions that each function in question needs, executing nothing.

This runs in a child. A reading consists of the words below; the parent refuses any other.
"""

import json
import re

from . import cells as python
from . import definitions
from .limits import Limits

STATUSES = ("found", "missing", "syntax", "too_long")  # of an answer
WARNINGS = (
    "bom",  # the file begins with a byte order mark
    "upgraded",  # nbformat 3
    "kernel",  # made for another language than Python
    "duplicate_key",  # an object in the file has the same key twice
    "bad_cell",  # something among the cells is no cell, and was skipped
    "duplicate",  # the function is defined twice, differently: the last counts
    "metadata",  # the function is not in the cell marked as its answer, but in another
    "left_out",  # a loop, a `with` or a call that changes what the answer uses was not taken
    "magics",  # lines that only Jupyter understands were removed from the answer's cell
    "not_code",  # the cell marked as the answer is no code cell
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
NUMBER = 18  # digits; a notebook needs no longer whole numbers


class Rejected(Exception):
    """The bytes are no notebook; its argument is the reason."""


def read(data: bytes, questions: dict[str, str], limits: Limits = Limits()) -> dict:  # noqa: B008, it is frozen
    """Return {"warnings": […], "reject": reason or None, "found": {question: {"status", "source", "warnings"}}}.

    questions: question -> the function's name.
    """
    warnings: set[str] = set()
    try:
        cells = _cells(data, warnings, limits)
    except Rejected as why:
        return {"warnings": sorted(warnings), "reject": str(why), "found": {}}
    read_cells = [
        python.read(text, number) if code and len(text) <= limits.source else python.Cell(text)
        for number, (code, text, _) in enumerate(cells)
    ]
    answers = {
        question: _answer(question, name, cells, read_cells, limits.source) for question, name in questions.items()
    }
    return {"warnings": sorted(warnings), "reject": None, "found": answers}


def _answer(question: str, name: str, cells: list, read_cells: list, most: int) -> dict:
    marked = {index for index, (_, _, marks) in enumerate(cells) if question in marks}
    code = [index for index, (is_code, _, _) in enumerate(cells) if is_code]
    holders = [index for index in code if definitions.defines(read_cells[index], name)]
    warnings = {"not_code"} if marked and not marked & set(code) else set()
    if not holders:
        unreadable = [index for index in code if read_cells[index].statements is None]
        broken = [index for index in unreadable if _names(cells[index][1], name, index in marked)]
        return {"status": "syntax" if broken else "missing", "source": "", "warnings": sorted(warnings)}
    if marked and not marked & set(holders):
        warnings.add("metadata")
    versions = [statement for index in holders for statement in read_cells[index].statements if name in statement.binds]
    versions = [version for version in versions if not definitions.is_stub(version)]
    if any(not definitions.same(versions[-1], version) for version in versions) and not _builds(versions, name):
        warnings.add("duplicate")
    statements = [statement for index in code for statement in read_cells[index].statements or ()]
    taken = definitions.reached(statements, name, marked)
    if definitions.left_out(statements, taken):
        warnings.add("left_out")
    if any(read_cells[statement.cell].magics for statement in taken):
        warnings.add("magics")
    if any(definitions.suspicious(statement) for statement in taken):
        warnings.add("suspicious")
    source = "\n\n".join(statement.text for statement in taken) + "\n"
    if len(source.encode()) > most:
        return {"status": "too_long", "source": "", "warnings": sorted(warnings)}
    return {"status": "found", "source": source, "warnings": sorted(warnings)}


def _builds(versions: list, name: str) -> bool:
    """Return whether the last version builds on the one before, as a wrapper does."""
    return name in versions[-1].at_once


def _names(text: str, name: str, marked: bool) -> bool:
    return marked or re.search(rf"^\s*(?:async\s+)?def\s+{re.escape(name)}\b", text, re.MULTILINE) is not None


def _cells(data: bytes, warnings: set[str], limits: Limits) -> list[tuple[bool, str, set[str]]]:
    """Return whether each cell is code, its text, and the questions that it is marked as the answer to."""
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
    cells = []
    for cell in raw:
        text = _source(cell)
        if text is None:
            warnings.add("bad_cell")
        else:
            cells.append((cell["cell_type"] == "code", text, _marks(cell.get("metadata"))))
    return cells


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


def _marks(metadata) -> set[str]:
    if not isinstance(metadata, dict):
        return set()
    tags, own = metadata.get("tags"), metadata.get("nst")
    if isinstance(own, dict) and "check" in own:  # the cell below an answer has the same tag
        return set()
    if isinstance(own, dict) and isinstance(own.get("question"), str):
        return {own["question"]}
    if not isinstance(tags, list):
        return set()
    return {tag[2:] for tag in tags if isinstance(tag, str) and tag.startswith("q:")}


def _language(metadata) -> str:
    if not isinstance(metadata, dict):
        return ""
    for key, inner in (("language_info", "name"), ("kernelspec", "language")):
        if isinstance(metadata.get(key), dict) and isinstance(metadata[key].get(inner), str):
            return metadata[key][inner].lower()
    return ""
