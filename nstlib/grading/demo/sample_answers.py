"""The source of an answer as a student would write it: right, or wrong in a way that the catalogue knows.

It is taken from the references and the catalogue's own functions, so that a sample class is wrong in just these ways.
"""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable
from functools import cache

from nstlib.checks import references
from nstlib.checks.catalogue import shared
from nstlib.checks.questions import Question

__all__ = ["source"]

IMPORTS = (ast.Import, ast.ImportFrom)
REFERENCE = re.compile(r"\breferences\.(\w+)")  # how the catalogue calls a reference


def source(question: Question, mistake: str | None = None) -> str:
    """Return the source of an answer that needs nothing else. Raises KeyError for a mistake that is not catalogued."""
    functions = {known.id: known.function for known in question.misconceptions}
    function = question.reference if mistake is None else functions[mistake]
    answer = _standalone_source(function, question.reference.__name__)
    for name in sorted(set(REFERENCE.findall(answer))):
        answer = f"{_reference_source(name)}\n\n{answer}"
    return _imports_first(REFERENCE.sub(r"right_\1", answer))


def _standalone_source(function: Callable, name: str) -> str:
    """Return the source of a function under this name, after all that it needs but the references."""
    module = sys.modules[function.__module__]
    statements = _statements(module)
    text = _function_source(function, name, module)
    nodes = list(ast.walk(ast.parse(text)))
    parameters = {node.arg for node in nodes if isinstance(node, ast.arg)}
    names = {node.id for node in nodes if isinstance(node, ast.Name)} - parameters
    closure = {
        free: cell.cell_contents
        for free, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    }
    needed = _reached(statements, names - {name, "references", *closure})
    pieces = [piece for piece in map(ast.unparse, needed) if "nstlib" not in piece]
    for free, value in closure.items():
        pieces.append(_standalone_source(value, free) if inspect.isfunction(value) else f"{free} = {value!r}")
    return "\n\n".join([*pieces, text])


def _function_source(function: Callable, name: str, module) -> str:
    """Return the function's source under another name; a lambda becomes a function of one line."""
    line = function.__code__.co_firstlineno
    if function.__name__ == "<lambda>":
        node = _lambdas(module)[line]
        return f"def {name}({ast.unparse(node.args)}):\n    return {ast.unparse(node.body)}"
    text = textwrap.dedent(inspect.getsource(function)).rstrip()
    return re.sub(rf"\b{function.__name__}\b", name, text)


def _reference_source(name: str) -> str:
    """Return the source of a reference and of what it needs, under names that no answer has."""
    statements = _reached(_statements(references), {name})
    names = {bound for statement in statements if not isinstance(statement, IMPORTS) for bound in _bound(statement)}
    text = "\n\n".join(map(ast.unparse, statements))
    return re.sub(rf"\b({'|'.join(sorted(names))})\b(?!=)", r"right_\1", text)


@cache
def _tree(module) -> ast.Module:
    return ast.parse(inspect.getsource(module))


@cache
def _lambdas(module) -> dict[int, ast.Lambda]:
    """Return a module's lambdas by their lines, the outermost where one holds others."""
    inner_first = reversed([*ast.walk(_tree(module))])
    return {node.lineno: node for node in inner_first if isinstance(node, ast.Lambda)}


@cache
def _statements(module) -> list[ast.stmt]:
    """Return a module's definitions, those that the catalogue's modules share, and its imports one name at a time."""
    statements: list[ast.stmt] = []
    for node in _tree(module).body:
        if isinstance(node, ast.Import):
            statements += [ast.Import([alias]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == shared.__name__:
            statements += _statements(shared)
        elif isinstance(node, ast.ImportFrom):
            statements += [ast.ImportFrom(node.module, [alias], node.level) for alias in node.names]
        elif isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign):
            statements.append(node)
    return statements


def _reached(statements: list[ast.stmt], names: set[str]) -> list[ast.stmt]:
    """Return the statements that bind these names, and those whose names they read, in the module's order."""
    wanted, known = set(), set(names)
    while known - wanted:
        wanted |= known
        for statement in statements:
            if _bound(statement) & wanted and not isinstance(statement, IMPORTS):
                known |= _read(statement)
    return [statement for statement in statements if _bound(statement) & wanted]


@cache
def _read(statement: ast.stmt) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}


@cache
def _bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, IMPORTS):
        return {alias.asname or alias.name.partition(".")[0] for alias in statement.names}
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}


def _imports_first(text: str) -> str:
    """Put each import once, before everything else."""
    lines = text.split("\n")
    imports = list(dict.fromkeys(line for line in lines if re.match(r"(?:import|from) ", line)))
    rest = "\n".join(line for line in lines if line not in imports)
    return "\n".join([*imports, "", re.sub(r"\n{3,}", "\n\n", rest).strip()]).strip()
