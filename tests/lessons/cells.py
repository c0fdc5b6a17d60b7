"""Run one cell of a lesson's source with only the cells before it that it needs, perhaps with something changed."""

import ast
import dis
import types
from pathlib import Path

import jupytext
import pytest

SIDE = 'int(os.environ.get("NST_SIDE", "128"))'  # as it stands in a lesson
SMALLEST = 64
SIDES = {"01": 96, "02": 96, "04": 128, "08": 96}  # as small as a lesson's claims, and the numbers that it prints, bear
READS, WRITES = {"LOAD_NAME", "LOAD_GLOBAL"}, {"STORE_NAME", "STORE_GLOBAL"}
SOURCES = Path(__file__).parents[2] / "notebooks" / "sources"


def side(lesson: str) -> int:
    """Return the pictures' shorter side in tests: 96 px take half the time of the lesson's 128, 64 px a third."""
    return SIDES.get(lesson, SMALLEST)


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
            and any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(cell.source)))
        ]

    def needed(self, claim: str) -> list[int]:
        """Return the cells that define what the claim's cell uses, and what those use, in order, the claim last."""
        # Not by sandbox/definitions: a claim needs its loops, calls and asserts, which the sandbox must never take.
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

    def run(self, claim: str, *changes: tuple[str, str], side: int | None = None) -> dict:
        """Execute the claim with its needs, each text of `changes` replaced by its other; return all names.

        side: of the pictures, in place of the lesson's own. Raises LookupError where a text to replace is not there.
        """
        sources = [self.sources[index] for index in self.needed(claim)]
        for old, new in changes:
            if not any(old in source for source in sources):
                raise LookupError(f"No cell that {claim!r} needs holds {old!r}.")
            sources = [source.replace(old, new) for source in sources]
        names: dict = {}
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(SOURCES.parent)
            if side:
                patch.setenv("NST_SIDE", str(side))
            for source in sources:
                exec(compile(source, f"<{claim}>", "exec"), names)
        return names


def _loaded(source: str) -> set[str]:
    """Names that a cell takes from cells before it: those it reads before it binds them, as if all branches ran."""
    return _read_first(compile(source, "<cell>", "exec"), set())


def _read_first(code: types.CodeType, bound: set[str]) -> set[str]:
    bound, first = set(bound), set()
    for each in dis.get_instructions(code):
        if each.opname in READS and each.argval not in bound:
            first.add(each.argval)
        elif each.opname in WRITES:
            bound.add(each.argval)
        elif isinstance(each.argval, types.CodeType):  # of a function, class or comprehension
            first |= _read_first(each.argval, bound)
    return first


def _stored(source: str) -> set[str]:
    """Names that a cell binds: by assignment, loop, with, import, def or class, but not inside a comprehension."""
    instructions = dis.get_instructions(compile(source, "<cell>", "exec"))
    return {each.argval for each in instructions if each.opname in WRITES}
