"""Run one cell of a lesson's source with only the cells before it that it needs, perhaps with something changed."""

import ast
import os
from pathlib import Path

import jupytext

# What stands in a lesson, and what makes its pictures small: nbval and `make claims` run it as it stands
SIDE, SMALL = 'if os.environ.get("NST_FULL") == "1" else 128', "if False else 96"
SOURCES = Path(__file__).parents[2] / "notebooks" / "sources"


class Cells:
    """The code cells of a lesson; a claim is a cell with ``claim="its name"`` in its first line, ending in asserts."""

    def __init__(self, lesson: str) -> None:
        (path,) = SOURCES.glob(f"{lesson}_*.py")
        cells = [cell for cell in jupytext.read(path).cells if cell.cell_type == "code"]
        self.sources = [cell.source for cell in cells]
        self.claims = {cell.metadata["claim"]: index for index, cell in enumerate(cells) if "claim" in cell.metadata}
        self.unnamed = [
            cell.source
            for cell in cells
            if "claim" not in cell.metadata
            and any(isinstance(node, ast.Assert) for node in ast.walk(_tree(cell.source)))
        ]

    def needed(self, claim: str) -> list[int]:
        """Return the cells that define what the claim's cell uses, and what those use, in order, the claim last."""
        last = self.claims[claim]
        defined = [_stored(source) for source in self.sources]
        wanted, waiting = {last}, [last]
        while waiting:
            index = waiting.pop()
            for name in _loaded(self.sources[index]):
                before = [place for place in range(index) if name in defined[place]]
                if before and before[-1] not in wanted:
                    wanted.add(before[-1])
                    waiting.append(before[-1])
        return sorted(wanted)

    def run(self, claim: str, *changes: tuple[str, str], small: bool = False) -> dict:
        """Execute the claim with its needs, each text of `changes` replaced by its other; return all names.

        `small` pictures, of 96 pixels in place of 128, take half the time. Raises LookupError where a text to replace
        is not there.
        """
        sources = [self.sources[index] for index in self.needed(claim)]
        for old, new in changes:
            if not any(old in source for source in sources):
                raise LookupError(f"No cell that {claim!r} needs holds {old!r}.")
            sources = [source.replace(old, new) for source in sources]
        if small:
            sources = [source.replace(SIDE, SMALL) for source in sources]
        names: dict = {}
        before = os.getcwd()
        os.chdir(SOURCES.parent)
        try:
            for source in sources:
                exec(compile(source, f"<{claim}>", "exec"), names)
        finally:
            os.chdir(before)
        return names


def _tree(source: str) -> ast.AST:
    return ast.parse(source)


def _loaded(source: str) -> set[str]:
    return {
        node.id for node in ast.walk(_tree(source)) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def _stored(source: str) -> set[str]:
    """Names that a cell binds: by assignment, loop, with, import, def or class, but not inside a comprehension."""
    tree, names = _tree(source), set()
    comprehensions = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    inside = {id(node) for each in ast.walk(tree) if isinstance(each, comprehensions) for node in ast.walk(each)}
    for node in ast.walk(tree):
        if id(node) in inside:
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return names
