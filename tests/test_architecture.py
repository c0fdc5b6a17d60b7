"""The house: no import runs back up, none in a circle, and what learners write goes on working."""

import ast
import importlib
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import nstlib

ROOT = Path(__file__).parents[1]
# Each room may import from those before it
ROOMS = (
    *(
        "style",
        "errors",
        "claims",
        "files",
        "backticks",
        "terminal",
        "websocket",
        "engine",
        "pictures",
        "painted",
        "networks",
    ),
    *("paintings", "transfer", "feedforward", "plots", "gallery", "studio", "bench", "distill", "diagnosis", "checks"),
    *("predictions", "authoring", "grading", "stylizing", "cli"),
)
MODULES = {
    ".".join(("nstlib", *path.relative_to(ROOT / "nstlib").with_suffix("").parts)).removesuffix(".__init__"): path
    for path in (ROOT / "nstlib").rglob("*.py")
}


def imported(source: str, module: str = "", *, package: bool = False) -> set[tuple[str, str]]:
    """Return (module, name) of each import of nstlib's in a source, wherever it stands; name is "" for `import x`."""
    pairs = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            pairs |= {(alias.name, "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module.split(".")[: -node.level + package or None]
                base = ".".join([*parents, base]).rstrip(".")
            pairs |= {(base, alias.name) for alias in node.names}
    return {(base, name) for base, name in pairs if base.split(".")[0] == "nstlib"}


def needed(module: str) -> set[str]:
    """Return the modules of nstlib that one imports, submodules by their own names."""
    path = MODULES[module]
    pairs = imported(path.read_text(encoding="utf-8"), module, package=path.name == "__init__.py")
    return {f"{base}.{name}" if f"{base}.{name}" in MODULES else base for base, name in pairs} - {module}


def room(module: str) -> str:
    return module.split(".")[1]


def test_every_room_has_its_place_in_the_order():
    assert {room(module) for module in MODULES if module != "nstlib"} == set(ROOMS)


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"nstlib"}))
def test_no_import_runs_back_up(module):
    above = ROOMS[ROOMS.index(room(module)) + 1 :]
    assert not [other for other in needed(module) if other != "nstlib" and room(other) in above]


def test_no_import_runs_in_a_circle():
    graph = {module: needed(module) for module in MODULES}
    TopologicalSorter(graph).prepare()
    graph["nstlib.files"] = graph["nstlib.files"] | {"nstlib.cli"}
    with pytest.raises(CycleError):
        TopologicalSorter(graph).prepare()


def test_imports_are_found_wherever_they_stand():
    source = "import os, nstlib.a\ndef f():\n    from nstlib.b import c\n    from .d import e\n    from . import g"
    wanted = {("nstlib.a", ""), ("nstlib.b", "c"), ("nstlib.x.d", "e"), ("nstlib.x", "g")}
    assert imported(source, "nstlib.x.y") == imported(source, "nstlib.x", package=True) == wanted


def snippets() -> list[tuple[str, str]]:
    """Return file and Python text of all that learners read and write: lessons, exercises, scripts, code in pages."""
    scripts = [*ROOT.glob("notebooks/sources/*.py"), *ROOT.glob("exercises/sources/*.py"), *ROOT.glob("docs/*.py")]
    texts = [(path.name, path.read_text(encoding="utf-8")) for path in scripts]
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "notebooks" / "README.md", *ROOT.glob("docs/*.md")]
    for path in pages:
        blocks = re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
        texts += [(path.name, block) for block in blocks]
    return texts


def chains(source: str) -> set[str]:
    """Return what is written after `nstlib.` in a source: "style.gram_matrix" of `nstlib.style.gram_matrix(F)`."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)]
    written = [ast.unparse(node) for node in nodes]
    return {text.removeprefix("nstlib.") for text in written if re.fullmatch(r"nstlib(\.\w+)+", text)}


FORMS = sorted({form for _, text in snippets() for form in imported(text)})
CHAINS = sorted({chain for _, text in snippets() for chain in chains(text)})


@pytest.mark.parametrize(("module", "name"), FORMS, ids=lambda value: value or "-")
def test_what_lessons_exercises_and_pages_import_is_there(module, name):
    owner = importlib.import_module(module)
    assert not name or hasattr(owner, name) or importlib.import_module(f"{module}.{name}")


@pytest.mark.parametrize("chain", CHAINS)
def test_what_lessons_exercises_and_pages_call_is_there(chain):
    value = nstlib
    for name in chain.split("."):
        value = getattr(value, name)


def test_the_forms_that_learners_know_are_among_them():
    assert {("nstlib.transfer", "Settings"), ("nstlib.transfer", "steps"), ("nstlib.checks", "ex02")} <= set(FORMS)
    assert {"style.gram_matrix", "conventions.factor", "pictures.read", "weighting.relative"} <= set(CHAINS)
