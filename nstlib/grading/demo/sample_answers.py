"""The source of an answer as a student would have written it: right, or wrong in a way that the catalogue knows.

Taken from the references and the catalogue's own functions, so that a made class is wrong in exactly these ways.
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

RIGHT = re.compile(r"\bright\.(\w+)")  # how the catalogue calls a reference


def source(question: Question, mistake: str | None = None) -> str:
    """Return the definitions of an answer that stands alone. Raises KeyError for a mistake that is not catalogued."""
    known = {each.id: each.function for each in question.misconceptions}
    function = question.reference if mistake is None else known[mistake]
    return _standing_alone(function, question.reference)


def _standing_alone(function: Callable, reference: Callable) -> str:
    module = sys.modules[function.__module__]
    statements = _statements(module)
    text = _written(function, reference, module)
    nodes = list(ast.walk(ast.parse(text)))
    names = {each.id for each in nodes if isinstance(each, ast.Name)} - {
        each.arg for each in nodes if isinstance(each, ast.arg)
    }
    needed: list[Statement] = []
    for name in sorted(names - {reference.__name__, "right"}):
        needed += [each for each in definitions.reached(statements, name) if each not in needed]
    pieces = [each.text for each in sorted(needed, key=statements.index) if "nstlib" not in each.text]
    enclosed = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    pieces += [f"{name} = {cell.cell_contents!r}" for name, cell in enclosed]
    whole = "\n\n".join([*pieces, text])
    for name in sorted(set(RIGHT.findall(whole))):
        whole = f"{_reference(name)}\n\n{whole}"
    return _imports_first(RIGHT.sub(r"right_\1", whole))


def _written(function: Callable, reference: Callable, module) -> str:
    """Return the function under the reference's name; a lambda as a function with one line."""
    name, tree = reference.__name__, ast.parse(inspect.getsource(module))
    line = function.__code__.co_firstlineno
    if function.__name__ == "<lambda>":
        found = next(each for each in ast.walk(tree) if isinstance(each, ast.Lambda) and each.lineno == line)
        return f"def {name}({ast.unparse(found.args)}):\n    return {ast.unparse(found.body)}"
    text = inspect.getsource(function).rstrip()
    return re.sub(rf"\b{function.__name__}\b", name, text)


def _reference(name: str) -> str:
    """Return a reference and what it needs, each under a name that no answer has."""
    taken = definitions.reached(_statements(references), name)
    own = "|".join(sorted(each for statement in taken if not statement.is_import for each in statement.binds))
    text = "\n\n".join(each.text for each in taken)
    return re.sub(rf"\b({own})\b(?!=)", r"right_\1", text)


def _statements(module) -> list[Statement]:
    return cells.read(inspect.getsource(module), 0).statements


def _imports_first(text: str) -> str:
    """Put each import once, before everything else."""
    lines = text.split("\n")
    imports = list(dict.fromkeys(each for each in lines if re.match(r"(?:import|from) ", each)))
    rest = "\n".join(each for each in lines if each not in imports)
    return "\n".join([*imports, "", re.sub(r"\n{3,}", "\n\n", rest).strip()]).strip()
