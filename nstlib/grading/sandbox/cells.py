"""Read a notebook's cells as Python: their top-level statements, and the names by which these depend on one another.

This runs in a child, with the standard library alone, and executes nothing.
"""

import ast
import re
import symtable
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

MAGIC = re.compile(r"^(?P<space>[ \t]*)(?:[%!?].*|[\w.]+\s*\?{1,2}\s*|(?:pip|conda|mamba|uv)\s+install\b.*)$")
ASSIGNED = re.compile(r"^(?P<start>[ \t]*[\w, \t]+=)[ \t]*[%!].*$")  # files = !ls
BODY_IS_PYTHON = re.compile(r"^%%(?:time|timeit|capture|prun)\b.*$")
LINE = re.compile(r"\r\n|\r|\n")  # what ends a line for Python; `splitlines` knows more
PARSING = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)
DEFINING = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
ASSIGNING = (ast.Assign, ast.AnnAssign, ast.AugAssign)


@dataclass
class Statement:
    """One statement of a cell, and the names by which it depends on others.

    binds: names that it gives a value. changes: names whose value it changes by an item or attribute. touches: names
    that a loop or call changes; such a statement is not taken. at_once, later: names looked up when it runs, and when
    a function in it is called. maybe: it binds under a condition.
    """

    node: ast.stmt
    text: str
    cell: int
    binds: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    touches: set[str] = field(default_factory=set)
    at_once: set[str] = field(default_factory=set)
    later: set[str] = field(default_factory=set)
    maybe: bool = False

    @property
    def is_import(self) -> bool:
        """Whether it is an import; an import of several names counts as one statement for each."""
        return isinstance(self.node, ast.Import | ast.ImportFrom)


@dataclass
class Cell:
    """A code cell as far as it can be read. statements: None where it is no Python. magics: lines were removed."""

    text: str
    statements: list[Statement] | None = None
    magics: bool = False


def read(text: str, number: int) -> Cell:
    """Read a cell; where it is no Python as it stands, read it again without its magics."""
    tree = _parsed(text)
    if tree is not None:
        return Cell(text, list(_statements(tree, text, number)))
    plain = _without_magics(text)
    tree = None if plain == text else _parsed(plain)
    return Cell(text, None if tree is None else list(_statements(tree, plain, number)), magics=plain != text)


def _parsed(text: str) -> ast.Module | None:
    try:
        text.encode()  # a lone surrogate, which could not be written to a file later
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
            return compile(text, "<cell>", "exec", flags, dont_inherit=True)
    except PARSING:
        return None


def _without_magics(text: str) -> str:
    first, _, rest = text.lstrip().partition("\n")
    if first.startswith("%%"):
        if not BODY_IS_PYTHON.match(first.rstrip()):
            return "pass"
        text = rest
    lines, goes_on = [], False
    for line in text.split("\n"):
        plain = "pass" if goes_on else ASSIGNED.sub(r"\g<start> None", MAGIC.sub(r"\g<space>pass", line))
        goes_on = line.rstrip().endswith("\\") and (goes_on or plain != line)  # `!pip install a \` has a second line
        lines.append(plain)
    return "\n".join(lines)


def _statements(tree: ast.Module, text: str, cell: int) -> Iterator[Statement]:
    lines = LINE.split(text)
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                single = ast.copy_location(_only(node, alias), node)
                yield Statement(single, ast.unparse(single), cell, {_bound(node, alias)})
        elif isinstance(node, ast.If | ast.Try):
            yield from _conditional(node, cell)
        elif isinstance(node, DEFINING + ASSIGNING):
            yield _looked_up(Statement(node, _text(node, tree.body, lines), cell))
        else:
            yield Statement(ast.Pass(), "pass", cell, touches=_touched(node))


def _conditional(node: ast.If | ast.Try, cell: int) -> Iterator[Statement]:
    """Give an `if` or `try` with its definitions alone: an import that may fail, a device that may be there."""
    touched = set().union(*(_touched(inner) for inner in ast.walk(node) if isinstance(inner, ast.stmt)), set())
    yield Statement(ast.Pass(), "pass", cell, touches=touched)
    plain = ast.fix_missing_locations(_OnlyDefinitions().visit(node))
    binds = set(_bindings(plain))
    if binds:
        yield _looked_up(Statement(plain, ast.unparse(plain), cell, binds, maybe=True))


class _OnlyDefinitions(ast.NodeTransformer):
    """Puts `pass` in place of whatever is no definition, but leaves the bodies of functions as they are."""

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, DEFINING + ASSIGNING) or not isinstance(node, ast.stmt | ast.ExceptHandler):
            return node
        if isinstance(node, ast.If | ast.Try | ast.ExceptHandler):
            return self.generic_visit(node)
        return ast.copy_location(ast.Pass(), node)


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
    start = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])
    shared = any(
        other is not node and other.lineno <= node.end_lineno and other.end_lineno >= start for other in siblings
    )
    return ast.unparse(node) if shared else "\n".join(lines[start - 1 : node.end_lineno])


def _looked_up(statement: Statement) -> Statement:
    node = statement.node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        statement.binds = {node.name}
    elif isinstance(node, ASSIGNING):
        targets = [single for target in _assigned(node) for single in _targets(target)]
        statement.binds = {target.id for target in targets if isinstance(target, ast.Name)}
        statement.changes = {_root(target) for target in targets} - statement.binds - {""}
    statement.at_once, statement.later = _names(node)
    if isinstance(node, ast.AugAssign):
        statement.at_once = statement.at_once | statement.binds
    return statement


def _names(node: ast.stmt) -> tuple[set[str], set[str]]:
    """Return the names looked up outside the statement: when it runs, and later in functions that it defines."""
    try:
        table = symtable.symtable(ast.unparse(node), "<cell>", "exec")
    except PARSING:  # `await` outside of a function: every name that is read
        return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}, set()
    at_once = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}
    later: set[str] = set()
    tables = list(table.get_children())
    while tables:
        inner = tables.pop()
        symbols = [symbol for symbol in inner.get_symbols() if symbol.is_referenced() and symbol.is_global()]
        names = {symbol.get_name() for symbol in symbols}
        runs_now = inner.get_type() == "class" or inner.get_name() in ("listcomp", "setcomp", "dictcomp", "genexpr")
        (at_once if runs_now and inner in table.get_children() else later).update(names)
        tables += inner.get_children()
    return at_once, later


def _bindings(node: ast.stmt) -> Iterator[str]:
    """Give the names that the statements in an `if` or `try` bind."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield inner.name
        elif isinstance(inner, ast.Import | ast.ImportFrom):
            yield from (_bound(inner, alias) for alias in inner.names)
        elif isinstance(inner, ASSIGNING):
            targets = [single for target in _assigned(inner) for single in _targets(target)]
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        elif isinstance(inner, ast.If | ast.Try | ast.ExceptHandler):
            yield from _bindings(inner)


def _touched(node: ast.stmt) -> set[str]:
    """Return the names whose value a loop, a `with`, a `del` or a method's call may change."""
    if isinstance(node, ast.Expr):
        call = node.value
        return (
            {_root(call.func)} - {""} if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else set()
        )
    if not isinstance(node, ast.For | ast.While | ast.With | ast.Delete | ast.AsyncFor | ast.AsyncWith):
        return set()
    targets = [inner for inner in ast.walk(node) if isinstance(inner, ast.Name | ast.Attribute | ast.Subscript)]
    changed = {_root(target) for target in targets if not isinstance(target.ctx, ast.Load)}
    expressions = (inner for inner in ast.walk(node) if isinstance(inner, ast.Expr))
    return (changed | set().union(*(_touched(expression) for expression in expressions), set())) - {""}


def _assigned(node) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _targets(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            yield from _targets(element)
    elif isinstance(target, ast.Starred):
        yield from _targets(target.value)
    else:
        yield target


def _root(target: ast.expr) -> str:
    """Return the name at the start of attributes and items."""
    while isinstance(target, ast.Attribute | ast.Subscript):
        target = target.value
    return target.id if isinstance(target, ast.Name) else ""
