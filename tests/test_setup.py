"""What a fresh clone relies on: the package's metadata, the conda file, the Makefile and CI's script."""

import ast
import itertools
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import nstlib

ROOT = Path(__file__).parents[1]
CONDA_NAMES = {"torch": "pytorch"}
SEVEN = ["jupyterlab", "ipywidgets", "torch", "torchvision", "matplotlib", "pillow", "nbval"]


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def ranges(requirements):
    split = (re.match(r"([\w-]+)(.*)", requirement).groups() for requirement in requirements)
    return dict(split)


def test_conda_and_pip_ask_for_the_same_versions(project):
    text = (ROOT / "environment.yml").read_text()
    conda = ranges(re.findall(r"^  - ([\w-]+[<>=].*)$", text, re.MULTILINE))
    pip = ranges(project["dependencies"] + project["optional-dependencies"]["test"])
    assert conda == {"python": project["requires-python"]} | {CONDA_NAMES.get(name, name): pip[name] for name in SEVEN}
    assert "      - -e ." in text


def test_no_range_is_a_single_version(project):
    for requirement in itertools.chain(project["dependencies"], *project["optional-dependencies"].values()):
        assert "==" not in requirement


def test_the_licence_is_named(project):
    assert project["license"] == "MIT" and "MIT License" in (ROOT / "LICENSE").read_text()


def test_at_most_fifteen_names_and_each_is_there():
    assert len(nstlib.__all__) <= 15
    for name in nstlib.__all__:
        assert getattr(nstlib, name) is not None
    with pytest.raises(AttributeError, match="nstlib has no 'gram'; it has "):
        nstlib.gram  # noqa: B018


def test_importing_loads_nothing_heavy_and_stops_threads_from_spinning_long():
    script = (
        "import os, sys, nstlib;"
        "print(os.environ['OMP_WAIT_POLICY'], os.environ['GOMP_SPINCOUNT'], 'torch' in sys.modules)"
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("OMP_", "GOMP_"))}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split() == ["PASSIVE", "1000", "False"]
    script, environment["OMP_WAIT_POLICY"] = "import os, nstlib; print('GOMP_SPINCOUNT' in os.environ)", "ACTIVE"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.split() == ["False"]  # whoever has set a policy keeps it


@pytest.mark.parametrize("path", sorted((ROOT / "nstlib" / "style").glob("*.py")), ids=lambda path: path.stem)
def test_the_mathematics_imports_torch_alone(path):
    tree = ast.parse(path.read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    outside = {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names}
    assert all(name in ("torch", "jaxtyping") or name.startswith("nstlib.style") for name in outside)


def test_the_mathematics_stays_readable():
    modules = ("costs", "conventions", "statistics", "weighting")
    trees = [ast.parse((ROOT / "nstlib" / "style" / f"{name}.py").read_text()) for name in modules]
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            node.body[0].value.value = ""  # examples may be long, what they explain may not
    assert sum(len(ast.unparse(tree).splitlines()) for tree in trees) < 260


def test_ci_runs_the_tests_the_readme_names():
    script = (ROOT / ".ci" / "run").read_text()
    assert "set -euo pipefail" in script and "make test" in script and "make lint" in script
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    readme = (ROOT / "README.md").read_text()
    assert "make lab" in readme and "make test" in readme


def test_make_refuses_an_old_python(tmp_path):
    old = tmp_path / "python"
    old.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "import sys; sys.version_info = (3, 9); exec(sys.argv[2])" "$@"\n'
    )
    old.chmod(0o755)
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    (tmp_path / "pyproject.toml").write_text("")
    done = subprocess.run(["make", "lab", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0 and "Python 3.11 or newer is needed" in done.stderr
    assert not (tmp_path / ".venv").exists()
