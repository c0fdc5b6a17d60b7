"""Take from a notebook's cells what one function needs: the definitions, constants and imports it reaches by name.

Runs in a child, with the standard library alone. Nothing is executed here, and of what is taken nothing but these
statements is executed later: no training, no ``!pip``, no cell that only prints.
"""

import ast
import builtins
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

MAGIC = re.compile(r"^(?P<space>[ \t]*)(?:[%!?].*|[\w.]+\s*\?{1,2}\s*)$")
ASSIGNED = re.compile(r"^(?P<start>[ \t]*[\w, \t]+=)[ \t]*[%!].*$")  # files = !ls
BODY_IS_PYTHON = re.compile(r"^%%(?:time|timeit|capture|prun)\b.*$")
PARSING = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)
NEEDLESS = frozenset(
    [
        "atexit",
        "builtins",
        "compile",
        "ctypes",
        "eval",
        "exec",
        "faulthandler",
        "gc",
        "globals",
        "importlib",
        "inspect",
        "linecache",
        "marshal",
        "mmap",
        "open",
        "os",
        "pathlib",
        "pickle",
        "resource",
        "shutil",
        "signal",
        "socket",
        "subprocess",
        "sys",
        "threading",
        "traceback",
        "tracemalloc",
        "__import__",
    ]
)
COMPOUND = (ast.If, ast.Try)  # taken whole where they bind a name: an import that may fail, a device that may be there


@dataclass
class Statement:
    """One statement of a cell, what it binds, and what is looked up where it runs and in the functions it defines.

    changes: names whose value it changes without binding them anew. at_once: names looked up when it runs itself.
    """

    node: ast.stmt
    text: str
    cell: int
    binds: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    at_once: set[str] = field(default_factory=set)

    @property
    def is_import(self) -> bool:
        """Whether it is an import, of which one statement of the notebook makes one for each name."""
        return isinstance(self.node, ast.Import | ast.ImportFrom)


@dataclass
class Cell:
    """A code cell as far as it can be read. statements: None where it is no Python. magics: lines were left out."""

    text: str
    statements: list[Statement] | None = None
    magics: bool = False


def read(text: str, number: int) -> Cell:
    """Read a cell, and once more without its magics where it is no Python as it stands."""
    tree = _parsed(text)
    if tree is not None:
        return Cell(text, list(_statements(tree, text, number)))
    plain = _without_magics(text)
    tree = None if plain == text else _parsed(plain)
    return Cell(text, None if tree is None else list(_statements(tree, plain, number)), magics=plain != text)


def defines(cell: Cell, name: str) -> bool:
    """Return whether a cell binds the name at its top level."""
    return any(name in statement.binds for statement in cell.statements or ())


def reached(statements: Iterable[Statement], name: str, prefer: set[int] = frozenset()) -> list[Statement]:
    """Return the statements that a function needs, in the notebook's order.

    The last that binds a name counts, as it would after the notebook ran; for `name` itself the last in the cells of
    `prefer`, where one of them binds it.
    """
    every = list(statements)
    wanted, seen, taken = [name], set(), set()
    while wanted:
        looked_up = wanted.pop()
        if looked_up in seen:
            continue
        seen.add(looked_up)
        for place in _binding(every, looked_up, prefer if looked_up == name else frozenset()):
            if place not in taken:
                taken.add(place)
                wanted += sorted(every[place].reads - seen)
    if any(each not in vars(builtins) and not any(each in every[at].binds for at in taken) for each in seen):
        taken |= {at for at, each in enumerate(every) if "*" in each.binds}  # it may come from such an import
    taken |= {at for at, each in enumerate(every) if "__future__" in each.binds}
    return sorted((every[at] for at in sorted(taken)), key=lambda each: "__future__" not in each.binds)


def suspicious(statement: Statement) -> bool:
    """Return whether a statement names a part of Python that no answer needs, or looks behind an object."""
    nodes = list(ast.walk(statement.node))
    modules = {alias.name.split(".")[0] for each in nodes if isinstance(each, ast.Import) for alias in each.names}
    modules |= {str(each.module).split(".")[0] for each in nodes if isinstance(each, ast.ImportFrom)}
    behind = any(isinstance(each, ast.Attribute) and each.attr.startswith("_") for each in nodes)
    return behind or bool(NEEDLESS & (statement.reads | modules))


def same(one: Statement, other: Statement) -> bool:
    """Return whether two statements say the same, whatever their spaces and comments."""
    return ast.dump(one.node) == ast.dump(other.node)


def _binding(every: list[Statement], name: str, prefer: set[int]) -> Iterator[int]:
    """Give the places of the statements that make a name what it is."""
    places = [at for at, each in enumerate(every) if name in each.binds]
    places = [at for at in places if every[at].cell in prefer] or places
    if not places:
        return
    last = first = places[-1]
    if every[last].is_import:  # `import torch` and `import torch.nn` together make the name
        yield from (at for at in places if every[at].is_import)
    else:
        yield last
        while name in every[first].at_once and (before := [at for at in places if at < first]):
            first = before[-1]
            yield first
    yield from (at for at, each in enumerate(every) if at > first and name in each.changes)


def _parsed(text: str) -> ast.Module | None:
    try:
        text.encode()  # a lone half of a pair, which nothing could write down later
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            return compile(text, "<cell>", "exec", flags, dont_inherit=True)
    except PARSING:
        return None


def _without_magics(text: str) -> str:
    first, _, rest = text.lstrip().partition("\n")
    if first.startswith("%%"):
        return rest if BODY_IS_PYTHON.match(first.rstrip()) else "pass"
    lines = [ASSIGNED.sub(r"\g<start> None", MAGIC.sub(r"\g<space>pass", line)) for line in text.split("\n")]
    return "\n".join(lines)


def _statements(tree: ast.Module, text: str, cell: int) -> Iterator[Statement]:
    lines = text.splitlines()
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                single = ast.copy_location(_only(node, alias), node)
                yield Statement(single, ast.unparse(single), cell, {_bound(node, alias)})
            continue
        statement = Statement(node, _text(node, tree.body, lines), cell)
        _look(statement)
        if statement.binds or statement.changes:
            yield statement


def _only(node, alias: ast.alias):
    if isinstance(node, ast.Import):
        return ast.Import([alias])
    return ast.ImportFrom(node.module, [alias], node.level)


def _bound(node, alias: ast.alias) -> str:
    if isinstance(node, ast.ImportFrom) and node.module == "__future__":
        return "__future__"
    return alias.asname or (alias.name if isinstance(node, ast.ImportFrom) else alias.name.split(".")[0])


def _text(node: ast.stmt, siblings: list[ast.stmt], lines: list[str]) -> str:
    """Return a statement as it is written, or written anew where it shares a line with another."""
    start = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
    shared = any(
        other is not node and other.lineno <= node.end_lineno and other.end_lineno >= start for other in siblings
    )
    return ast.unparse(node) if shared else "\n".join(lines[start - 1 : node.end_lineno])


def _look(statement: Statement) -> None:
    node = statement.node
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
    statement.reads = names
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        statement.binds = {node.name}
    elif isinstance(node, COMPOUND):
        statement.binds = set(_bindings(node))
        statement.at_once = names
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        statement.binds = {each.id for target in targets for each in _targets(target) if isinstance(each, ast.Name)}
        statement.changes = {_root(each) for target in targets for each in _targets(target)} - statement.binds - {""}
        lazy = isinstance(node.value, ast.Lambda)
        statement.at_once = set() if lazy else names | (statement.binds if isinstance(node, ast.AugAssign) else set())


def _bindings(node: ast.stmt) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield each.name
        elif isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            yield each.id
        elif isinstance(each, ast.Import | ast.ImportFrom):
            yield from (_bound(each, alias) for alias in each.names)


def _targets(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, ast.Tuple | ast.List):
        for each in target.elts:
            yield from _targets(each)
    elif isinstance(target, ast.Starred):
        yield from _targets(target.value)
    else:
        yield target


def _root(target: ast.expr) -> str:
    """Return the name whose value an assignment to an attribute or an item changes."""
    while isinstance(target, ast.Attribute | ast.Subscript):
        target = target.value
    return target.id if isinstance(target, ast.Name) else ""
