"""Run one cell of a lesson's source with only the cells before it that it needs, perhaps with something changed."""

import ast
import dis
import hashlib
import re
import time
import types
from functools import cache
from pathlib import Path

import jupytext
import pytest

from tests import smaller
from tests.lessons.kept import Kept, memory, state

SIDE = 'int(os.environ.get("NST_SIDE", "128"))'  # as it stands in a lesson
SMALLEST = 64
# Claims that need, or print, what is so at the learner's side alone; none of them needs an optimised picture
AT_LEARNERS_SIDE = {
    "01": ("patch",),
    "02": ("pixels",),
    "04": ("two by two",),
    "08": ("FLOPs for each byte",),
}
SLOW = 0.1  # seconds from which on it is worth keeping what a cell has bound
READS, WRITES = {"LOAD_NAME", "LOAD_GLOBAL"}, {"STORE_NAME", "STORE_GLOBAL"}
SOURCES = Path(__file__).parents[2] / "notebooks" / "sources"


def side(lesson: str, claim: str = "") -> int | None:
    """Return the pictures' shorter side in tests; None, the learner's own, for claims that only hold there.

    64 px take a third of the time of the lessons' 128.
    """
    return None if claim in AT_LEARNERS_SIDE.get(lesson, ()) else SMALLEST


class Cells:
    """The code cells of a lesson; a claim is a cell with ``claim="its name"`` in its first line."""

    def __init__(self, lesson: str) -> None:
        self.lesson = lesson
        (path,) = SOURCES.glob(f"{lesson}_*.py")
        cells = [cell for cell in jupytext.read(path).cells if cell.cell_type == "code"]
        self.sources = [cell.source for cell in cells]
        self.kept = Kept()
        self.claims = {cell.metadata["claim"]: index for index, cell in enumerate(cells) if "claim" in cell.metadata}
        self.unnamed = [
            cell.source
            for cell in cells
            if "claim" not in cell.metadata and any(map(_asserts, ast.walk(ast.parse(cell.source))))
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

    def optimises(self, claim: str) -> bool:
        """Return whether the claim measures optimised pictures."""
        return any(re.search(r"\b(stylize|steps|wait|rebuild)\(", self.sources[index]) for index in self.needed(claim))

    def run(self, claim: str, *changes: tuple[str, str], side: int | None = None) -> dict:
        """Execute the claim with its needs, each text of `changes` replaced by its other; return all names.

        side: of the pictures, in place of the lesson's own, and all else as small as tests have it. Raises LookupError
        where a text to replace is not there.
        """
        needed = self.needed(claim)
        sources = [self.sources[index] for index in needed]
        for old, new in changes:
            if not any(old in source for source in sources):
                raise LookupError(f"No cell that {claim!r} needs holds {old!r}.")
            sources = [source.replace(old, new) for source in sources]
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(SOURCES.parent)
            if side:
                patch.setenv("NST_SIDE", str(side))
                sources = [smaller.replaced(source, self.lesson) for source in sources]
            return _executed(sources, f"<{claim}>", self.kept, side)


def _asserts(node: ast.AST) -> bool:
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "claim"
    return called or isinstance(node, ast.Assert)


def _executed(sources: list[str], title: str, kept: Kept, side: int | None) -> dict:
    """Execute cells in order; return all names. What a slow cell bound is kept for the next time, but not the last's.

    A cell is known by its text and the texts of all that it needs; it must have changed nothing that is not its own.
    """
    names: dict = {}
    bound_by: dict[str, int] = {}  # which cell has bound a name last
    needs: list[set[int]] = []  # of each cell, the cells that it needs, and those that these need
    changed: set[int] = set()  # cells of which some value is no longer as they left it
    for index, source in enumerate(sources):
        direct = {bound_by[name] for name in _loaded(source) if name in bound_by}
        needs.append(direct.union(*(needs[each] for each in direct)))
        key = hashlib.sha256(repr((side, [sources[each] for each in sorted(needs[-1])], source)).encode()).hexdigest()
        own, as_known = _stored(source), not needs[-1] & changed and index < len(sources) - 1
        if as_known and (found := kept.get(key)) is not None:
            names |= found
        else:
            before, began = {name: state(value) for name, value in names.items()}, time.perf_counter()
            exec(compile(source, title, "exec"), names)
            slow = time.perf_counter() - began > SLOW
            touched = {name for name, old in before.items() if name not in own and state(names[name]) != old}
            changed |= {bound_by[name] for name in touched if name in bound_by}
            if as_known and slow and not touched:
                result = {name: names[name] for name in own if name in names}
                others = memory({name: value for name, value in names.items() if name not in result})
                if not memory(result) & others:  # copies would no longer share it
                    kept.put(key, result)
        bound_by |= dict.fromkeys(own, index)
    return names


@cache
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


@cache
def _stored(source: str) -> set[str]:
    """Names that a cell binds: by assignment, loop, with, import, def or class, but not inside a comprehension."""
    instructions = dis.get_instructions(compile(source, "<cell>", "exec"))
    return {each.argval for each in instructions if each.opname in WRITES}
