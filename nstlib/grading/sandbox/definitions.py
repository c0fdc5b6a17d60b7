"""Take from a notebook's cells what one function needs: the definitions, constants and imports it reaches by name.

Runs in a child, with the standard library alone. Nothing is executed here, and of what is taken nothing but these
statements is executed later: no training, no ``!pip``, no cell that only prints.
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
    wanted: list[tuple[str, int | None]] = [(name, None)]
    seen, taken, found = set(), set(), set()
    while wanted:
        looked_up = wanted.pop()
        if looked_up in seen:
            continue
        seen.add(looked_up)
        wish, before = looked_up
        for place in _binding(every, wish, before, prefer if looked_up == (name, None) else frozenset()):
            found.add(wish)
            if place not in taken:
                taken.add(place)
                wanted += [(each, place) for each in sorted(every[place].at_once)]
                wanted += [(each, None) for each in sorted(every[place].later)]
    if any(wish not in found and wish not in vars(builtins) for wish, _ in seen):
        taken |= {at for at, each in enumerate(every) if "*" in each.binds}  # it may come from such an import
    taken |= {at for at, each in enumerate(every) if "__future__" in each.binds}
    return sorted((every[at] for at in sorted(taken)), key=lambda each: "__future__" not in each.binds)


def left_out(statements: Iterable[Statement], taken: Iterable[Statement]) -> bool:
    """Return whether a name of what was taken is also changed where nothing is taken: in a loop, by a call."""
    names = {name for each in taken if not each.is_import for name in each.binds}
    return any(names & each.touches for each in statements)


def same(one: Statement, other: Statement) -> bool:
    """Return whether two statements say the same, whatever their spaces and comments."""
    return ast.dump(one.node) == ast.dump(other.node)


def is_stub(statement: Statement) -> bool:
    """Return whether a function was left as it was handed out: it says what it is for, and raises or passes."""
    node = statement.node
    if not isinstance(node, ast.FunctionDef):
        return False
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return all(
        isinstance(each, ast.Pass)
        or (isinstance(each, ast.Raise) and "NotImplemented" in ast.dump(each))
        or (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
        for each in body
    )


def suspicious(statement: Statement) -> bool:
    """Return whether a statement names a part of Python that no answer needs, or looks behind an object."""
    nodes = list(ast.walk(statement.node))
    modules = {alias.name.split(".")[0] for each in nodes if isinstance(each, ast.Import) for alias in each.names}
    modules |= {str(each.module).split(".")[0] for each in nodes if isinstance(each, ast.ImportFrom)}
    behind = any(isinstance(each, ast.Attribute) and each.attr.startswith("_") for each in nodes)
    return behind or bool(NEEDLESS & (statement.at_once | statement.later | modules))


def _binding(every: list[Statement], name: str, before: int | None, prefer: set[int]) -> Iterator[int]:
    """Give the places of the statements that make a name what it is."""
    places = [at for at, each in enumerate(every) if name in each.binds]
    places = [at for at in places if before is not None and at < before] or [at for at in places if at != before]
    places = [at for at in places if not is_stub(every[at])] or places
    places = [at for at in places if every[at].cell in prefer] or places
    if not places:
        return
    last = first = places[-1]
    if every[last].is_import:  # `import torch` and `import torch.nn` together make the name
        yield from (at for at in places if every[at].is_import)
    else:
        yield last
        while (every[first].maybe or name in every[first].at_once) and (earlier := [at for at in places if at < first]):
            first = earlier[-1]
            yield first
    yield from (at for at, each in enumerate(every) if at > first and name in each.changes)
