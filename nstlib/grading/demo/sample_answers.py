"""The source of an answer as a student would write it: right, or wrong in a way that the catalogue knows.

It is taken from the references and the catalogue's own functions, so that a sample class is wrong in just these ways.
"""

import ast
import inspect
import re
import sys
from collections.abc import Callable

from nstlib.checks import references
from nstlib.checks.questions import Question
from nstlib.grading.sandbox import cells, definitions
from nstlib.grading.sandbox.cells import Statement

__all__ = ["source"]

REFERENCE = re.compile(r"\breferences\.(\w+)")  # how the catalogue calls a reference


def source(question: Question, mistake: str | None = None) -> str:
    """Return the source of an answer that needs nothing else. Raises KeyError for a mistake that is not catalogued."""
    functions = {known.id: known.function for known in question.misconceptions}
    function = question.reference if mistake is None else functions[mistake]
    return _standalone_source(function, question.reference)


def _standalone_source(function: Callable, reference: Callable) -> str:
    module = sys.modules[function.__module__]
    statements = _statements(module)
    text = _function_source(function, reference, module)
    nodes = list(ast.walk(ast.parse(text)))
    parameters = {node.arg for node in nodes if isinstance(node, ast.arg)}
    names = {node.id for node in nodes if isinstance(node, ast.Name)} - parameters
    needed: list[Statement] = []
    for name in sorted(names - {reference.__name__, "references"}):
        needed += [statement for statement in definitions.reached(statements, name) if statement not in needed]
    pieces = [statement.text for statement in sorted(needed, key=statements.index) if "nstlib" not in statement.text]
    closure = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    pieces += [f"{name} = {cell.cell_contents!r}" for name, cell in closure]
    answer = "\n\n".join([*pieces, text])
    for name in sorted(set(REFERENCE.findall(answer))):
        answer = f"{_reference_source(name)}\n\n{answer}"
    return _imports_first(REFERENCE.sub(r"right_\1", answer))


def _function_source(function: Callable, reference: Callable, module) -> str:
    """Return the function's source under the reference's name; a lambda becomes a function of one line."""
    name = reference.__name__
    tree = ast.parse(inspect.getsource(module))
    line = function.__code__.co_firstlineno
    if function.__name__ == "<lambda>":
        node = next(node for node in ast.walk(tree) if isinstance(node, ast.Lambda) and node.lineno == line)
        return f"def {name}({ast.unparse(node.args)}):\n    return {ast.unparse(node.body)}"
    text = inspect.getsource(function).rstrip()
    return re.sub(rf"\b{function.__name__}\b", name, text)


def _reference_source(name: str) -> str:
    """Return the source of a reference and of what it needs, under names that no answer has."""
    statements = definitions.reached(_statements(references), name)
    names = {bound for statement in statements if not statement.is_import for bound in statement.binds}
    text = "\n\n".join(statement.text for statement in statements)
    return re.sub(rf"\b({'|'.join(sorted(names))})\b(?!=)", r"right_\1", text)


def _statements(module) -> list[Statement]:
    return cells.read(inspect.getsource(module), 0).statements


def _imports_first(text: str) -> str:
    """Put each import once, before everything else."""
    lines = text.split("\n")
    imports = list(dict.fromkeys(line for line in lines if re.match(r"(?:import|from) ", line)))
    rest = "\n".join(line for line in lines if line not in imports)
    return "\n".join([*imports, "", re.sub(r"\n{3,}", "\n\n", rest).strip()]).strip()
