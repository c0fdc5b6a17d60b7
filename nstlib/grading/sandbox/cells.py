"""Read a notebook's cells as Python, as Jupyter does, and say what stands in them.

This runs in a child, and executes nothing.
"""

import ast
import contextlib
import functools
import hashlib
import io
import re
import tokenize
import warnings
from collections.abc import Iterator

from IPython.core.inputtransformer2 import TransformerManager

AUTOMAGIC = re.compile(r"^([ \t]*)(?:pip|conda|mamba|uv)[ \t]+\w.*$", re.MULTILINE)  # without its %
CHECK = re.compile(r"(?:.*\.)?(ex\d\d\.\w+)\.check")
PARSING = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)
UNSAID = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
FLAGS = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
GRAVE = {  # of the parts of Python that no answer needs, those that no debugging needs either
    *("atexit", "builtins", "ctypes", "faulthandler", "gc", "linecache", "marshal", "mmap", "resource", "signal"),
    *("tracemalloc", "__import__"),
}
NEEDLESS = {
    *("atexit", "builtins", "ctypes", "faulthandler", "gc", "importlib", "inspect", "linecache", "marshal", "mmap"),
    *("os", "pathlib", "pickle", "resource", "shutil", "signal", "socket", "subprocess", "sys", "threading"),
    *("traceback", "tracemalloc", "compile", "eval", "exec", "globals", "open", "__import__"),
}
USUAL = {
    "__init__",
    "__version__",
    "__name__",
    "__doc__",
    "__call__",
    "__len__",
    "__class__",
    "__enter__",
    "__exit__",
}


def python(text: str) -> str | None:
    """Return a cell's Python, its magics as calls of ``get_ipython()``; None where it is no Python."""
    if parsed(text) is not None:
        return text
    try:
        text = TransformerManager().transform_cell(AUTOMAGIC.sub(r"\1pass", text))
    except PARSING:
        return None
    return None if parsed(text) is None else text


def parsed(text: str) -> ast.Module | None:
    """Return a cell's syntax tree, or None."""
    try:
        text.encode()  # a lone surrogate, which could not be written to a file later
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return compile(text, "<cell>", "exec", FLAGS, dont_inherit=True)
    except PARSING:
        return None


def is_quiet(text: str) -> bool:
    """Return whether a cell ends in a semicolon, comments aside, and so shows no value.

    >>> is_quiet("4;  # four"), is_quiet("4  # four;")
    (True, False)
    """
    if ";" not in text:
        return False
    said = ""
    with contextlib.suppress(*PARSING, tokenize.TokenError):
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type not in UNSAID:
                said = token.string
    return said == ";"


@functools.cache
def bound(tree: ast.Module) -> frozenset[str]:
    """Return the names to which a cell gives a value outside of functions, however deep in loops and blocks."""
    return frozenset().union(*map(_bound, _outside_functions(tree)))


def checked(tree: ast.Module) -> frozenset[str]:
    """Return the questions whose check a cell calls, as in ``ex02.gram.check(gram_matrix)``."""
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    names = (ast.unparse(called) for called in calls if isinstance(called, ast.Attribute) and called.attr == "check")
    return frozenset(match[1] for name in names if (match := CHECK.fullmatch(name)))


def is_stub(tree: ast.Module, name: str) -> bool:
    """Return whether a cell defines a function that is still as it was handed out: a docstring, then it raises."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    return bool(functions) and all(_is_stub(node) for node in functions)


def shape(tree: ast.Module, name: str) -> tuple[str, int]:
    """Return a digest of a function that is the same whatever its names and comments are, and how large it is.

    Of a cell that defines the name in another way, or several times, the whole cell is taken.
    """
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    whole = ast.parse(ast.unparse(functions[0] if len(functions) == 1 else tree))
    for node in ast.walk(whole):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    nodes = list(ast.walk(whole))
    names: dict[str, str] = {}
    for node in nodes:
        for field in ("id", "arg", "name"):
            word = getattr(node, field, None)
            if isinstance(word, str) and not isinstance(node, ast.alias | ast.keyword):
                setattr(node, field, names.setdefault(word, f"name{len(names)}"))
    text = ast.dump(whole, annotate_fields=False)
    return hashlib.sha256(text.encode()).hexdigest(), len(nodes)


@functools.cache
def suspicious(tree: ast.Module, grave: bool = False) -> bool:
    """Return whether a cell names a part of Python that no answer needs, or a private attribute of something else.

    grave: only look for what no cell around an answer needs either.
    """
    forbidden = GRAVE if grave else NEEDLESS
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {str(node.module).partition(".")[0]}
        elif isinstance(node, ast.Name):
            names = {node.id}
        elif isinstance(node, ast.Attribute):
            if not grave and node.attr.startswith("_") and node.attr not in USUAL and not _is_self(node.value):
                return True
            continue
        else:
            continue
        if names & forbidden:
            return True
    return False


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def _outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from _outside_functions(node)


def _bound(node: ast.AST) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return {node.id}
    return set()


def _is_stub(node: ast.FunctionDef) -> bool:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return all(
        isinstance(line, ast.Pass)
        or (isinstance(line, ast.Raise) and "NotImplemented" in ast.dump(line))
        or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
        for line in body
    )
