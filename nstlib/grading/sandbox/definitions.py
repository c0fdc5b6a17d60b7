"""Take from a notebook's cells what one function needs: the definitions, constants and imports it reaches by name.

This runs in a child, with the standard library alone. Nothing is executed here, and later only the statements taken
are: no training, no ``!pip``, no cell that only prints.
"""

import ast
import builtins
from collections.abc import Iterable, Iterator

from .cells import Cell, Statement

NEEDLESS = {
    *("atexit", "builtins", "ctypes", "faulthandler", "gc", "importlib", "inspect", "linecache", "marshal", "mmap"),
    *("os", "pathlib", "pickle", "resource", "shutil", "signal", "socket", "subprocess", "sys", "threading"),
    *("traceback", "tracemalloc", "compile", "eval", "exec", "globals", "open", "__import__"),
}


def defines(cell: Cell, name: str) -> bool:
    """Return whether a cell binds the name at its top level."""
    return any(name in statement.binds for statement in cell.statements or ())


def reached(statements: Iterable[Statement], name: str, prefer: set[int] = frozenset()) -> list[Statement]:
    """Return the statements that a function needs, in the notebook's order.

    Of several that bind a name the last counts; for what is looked up when a statement runs, the last before it. For
    `name` itself it is the last in the cells of `prefer`, where one of them binds it.
    """
    every = list(statements)
    waiting: list[tuple[str, int | None]] = [(name, None)]
    seen, taken, bound = set(), set(), set()
    while waiting:
        lookup = waiting.pop()
        if lookup in seen:
            continue
        seen.add(lookup)
        wanted, before = lookup
        for index in _binding(every, wanted, before, prefer if lookup == (name, None) else frozenset()):
            bound.add(wanted)
            if index not in taken:
                taken.add(index)
                waiting += [(inner, index) for inner in sorted(every[index].at_once)]
                waiting += [(inner, None) for inner in sorted(every[index].later)]
    if any(wanted not in bound and wanted not in vars(builtins) for wanted, _ in seen):
        taken |= {index for index, statement in enumerate(every) if "*" in statement.binds}  # the name may come from it
    taken |= {index for index, statement in enumerate(every) if "__future__" in statement.binds}
    return sorted((every[index] for index in sorted(taken)), key=lambda statement: "__future__" not in statement.binds)


def left_out(statements: Iterable[Statement], taken: Iterable[Statement]) -> bool:
    """Return whether a name that was taken is also changed by what is never taken: in a loop, by a call."""
    names = {name for statement in taken if not statement.is_import for name in statement.binds}
    return any(names & statement.touches for statement in statements)


def same(one: Statement, other: Statement) -> bool:
    """Return whether two statements are the same but for spaces and comments."""
    return ast.dump(one.node) == ast.dump(other.node)


def is_stub(statement: Statement) -> bool:
    """Return whether a function is still as it was handed out: a docstring, then it raises or passes."""
    node = statement.node
    if not isinstance(node, ast.FunctionDef):
        return False
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return all(
        isinstance(line, ast.Pass)
        or (isinstance(line, ast.Raise) and "NotImplemented" in ast.dump(line))
        or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
        for line in body
    )


def suspicious(statement: Statement) -> bool:
    """Return whether a statement names a part of Python that no answer needs, or a private attribute."""
    nodes = list(ast.walk(statement.node))
    modules = {alias.name.split(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module).split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)}
    private = any(isinstance(node, ast.Attribute) and node.attr.startswith("_") for node in nodes)
    return private or bool(NEEDLESS & (statement.at_once | statement.later | modules))


def _binding(every: list[Statement], name: str, before: int | None, prefer: set[int]) -> Iterator[int]:
    """Give the indices of the statements that give a name its value."""
    indices = [index for index, statement in enumerate(every) if name in statement.binds]
    earlier = [index for index in indices if before is not None and index < before]
    indices = earlier or [index for index in indices if index != before]
    indices = [index for index in indices if not is_stub(every[index])] or indices
    indices = [index for index in indices if every[index].cell in prefer] or indices
    if not indices:
        return
    first = indices[-1]
    if every[first].is_import:  # `import torch` and `import torch.nn` together make the name
        yield from (index for index in indices if every[index].is_import)
    else:
        yield first
        while every[first].maybe or name in every[first].at_once:
            earlier = [index for index in indices if index < first]
            if not earlier:
                break
            first = earlier[-1]
            yield first
    yield from (index for index, statement in enumerate(every) if index > first and name in statement.changes)
