"""The trust boundary: which modules the code beside a student's may import, read from each file's syntax tree."""

import ast
import sys
from pathlib import Path

import pytest

import nstlib

PACKAGE = Path(nstlib.__file__).parent
SANDBOX = PACKAGE / "grading" / "sandbox"
JUDGING = PACKAGE / "checks" / "judging"
READING = PACKAGE / "checks" / "reading.py"
IMPORTERS = {"import_module", "__import__", "find_spec", "run_module", "resolve_name"}


def imported(source: str, package: str) -> set[str]:
    """Return the full name of every module that a file of `package` imports, wherever the import stands.

    A call such as ``import_module(name)`` counts by its argument, and as "?" where that is no literal.
    """
    modules: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            base = [] if node.level == 0 else parents[: len(parents) - node.level + 1]
            start = ".".join([*base, *filter(None, [node.module])])
            # `from . import jail` imports a module, `from .jail import Jail` the name of one's content
            modules |= {start} if node.module else {f"{start}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and _called(node.func) in IMPORTERS:
            first = node.args[0] if node.args else None
            modules.add(first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else "?")
    return modules


def _called(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def crossings(source: str, package: str, allowed: set[str]) -> set[str]:
    """Return the imports that are neither the standard library's nor below an allowed module."""
    return {
        module
        for module in imported(source, package)
        if module.split(".")[0] not in sys.stdlib_module_names
        and not any(module == name or module.startswith(f"{name}.") for name in allowed)
    }


# In a child the package is called `sandbox`; `reading` and `judging` stand in it, loaded by path.
@pytest.mark.parametrize("file", sorted(SANDBOX.rglob("*.py")), ids=lambda file: file.stem)
def test_the_sandbox_imports_itself_and_no_more_of_nstlib(file):
    assert crossings(file.read_text(), "sandbox", {"sandbox", "numpy", "torch", "IPython"}) == set()


@pytest.mark.parametrize("file", sorted(JUDGING.rglob("*.py")), ids=lambda file: file.stem)
def test_judging_imports_numpy_and_itself(file):
    allowed = {"numpy", "nstlib.checks.judging"}
    assert crossings(file.read_text(), "nstlib.checks.judging", allowed) == set()


def test_reading_imports_torch_numpy_and_judging():
    allowed = {"torch", "numpy", "nstlib.checks.judging"}
    assert crossings(READING.read_text(), "nstlib.checks", allowed) == set()


def test_the_rooms_are_where_this_test_looks():
    assert {"child", "zygote", "jail", "protocol", "answers", "notebook"} <= {file.stem for file in SANDBOX.iterdir()}
    assert {"verdict", "replies"} <= {file.stem for file in JUDGING.iterdir()} and READING.is_file()


@pytest.mark.parametrize(
    "line",
    [
        "import nstlib",
        "import nstlib.checks.judging.verdict",
        "from nstlib.grading.sandbox import limits",
        "from .. import run",
        "from ...checks import reading",
        "import yaml",
        "importlib.import_module('nstlib.style')",
        "import_module('nstlib')",
        "importlib.import_module(name)",
        "__import__('nstlib')",
    ],
)
def test_a_crossing_is_seen_inside_a_function_too(line):
    assert crossings(line, "sandbox", {"sandbox", "numpy", "torch", "IPython"}) != set()
    assert crossings(f"def f():\n    try:\n        {line}\n    finally:\n        pass", "sandbox", {"sandbox"}) != set()


def test_what_the_sandbox_may_import_is_no_crossing():
    source = "import os.path\nfrom . import jail\nfrom .limits import Limits\nfrom sandbox import child\nimport torch"
    assert crossings(source, "sandbox", {"sandbox", "torch"}) == set()


def test_the_zygote_loads_by_path_what_stands_here_and_nothing_else():
    tree = ast.parse((SANDBOX / "zygote.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    loads = [node.args for node in calls if _called(node.func) == "load"]
    paths = {name.value: ast.unparse(path) for name, path in loads}
    assert paths == {
        "sandbox": "HERE / '__init__.py'",
        "sandbox.judging": "checks / 'judging' / '__init__.py'",
        "sandbox.reading": "checks / 'reading.py'",
        "sandbox.notebook": "Path(sys.argv[3])",
    }
    elsewhere = [file for file in SANDBOX.rglob("*.py") if file.name != "zygote.py"]
    assert not any("spec_from" in file.read_text() for file in elsewhere)
