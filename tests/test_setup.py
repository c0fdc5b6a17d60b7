"""What a fresh clone relies on: the package's metadata, the conda file, the Makefile and CI's script."""

import ast
import itertools
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import nstlib

ROOT = Path(__file__).parents[1]
SYSTEMS = [  # as markers of requirements call them
    {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux", "platform_machine": "x86_64"},
    {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux", "platform_machine": "aarch64"},
    {"sys_platform": "darwin", "os_name": "posix", "platform_system": "Darwin", "platform_machine": "arm64"},
    {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows", "platform_machine": "AMD64"},
]
PYTHONS = ["3.11.7", "3.12.4", "3.13.3", "3.14.0"]
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


def pins():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


@pytest.mark.parametrize("version", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: f"{system['sys_platform']}-{system['platform_machine']}")
def test_the_tested_versions_fit_the_ranges(project, system, version):
    """Fails where a range moved and `make constraints` was not run."""
    here = system | {"python_version": version.rpartition(".")[0], "python_full_version": version}
    chosen = {}
    for pin in pins():
        if pin.marker is None or pin.marker.evaluate(here):
            assert pin.name not in chosen, f"two versions of {pin.name}"
            (chosen[pin.name],) = pin.specifier
    for text in itertools.chain(project["dependencies"], *project["optional-dependencies"].values()):
        requirement = Requirement(text)
        pin = chosen.get(requirement.name)
        assert pin is not None, f"run make constraints: {requirement.name} is missing"
        assert pin.operator == "==" and requirement.specifier.contains(pin.version), f"run make constraints: {text}"


def test_the_tested_versions_name_no_index():
    assert not re.search(r"://|--", (ROOT / "constraints.txt").read_text())
    torch = [line for line in (ROOT / "constraints.in").read_text().splitlines() if not line.startswith("#")]
    assert torch == [str(pin) for pin in pins() if pin.name in ("torch", "torchvision")]


def make(folder, *arguments):
    """What make would run there."""
    for name in ("Makefile", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    done = subprocess.run(["make", "--dry-run", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def test_make_installs_the_tested_versions(tmp_path):
    commands = make(tmp_path, "test")
    installs = re.findall(r"-m pip install .*", commands)
    assert len(installs) == 2 and all("--constraint constraints.txt" in install for install in installs)
    assert "mv .venv .venv-before" in commands


def test_make_takes_the_newest_versions_on_request(tmp_path):
    assert "constraints" not in make(tmp_path, "test", "LATEST=1")


def test_make_takes_torch_from_another_index(tmp_path):
    torch = " ".join(str(pin) for pin in pins() if pin.name in ("torch", "torchvision"))
    assert f"--no-deps {torch} --index-url https://torch.example" in make(
        tmp_path, "lab", "TORCH_INDEX=https://torch.example"
    )


def test_the_matrix_has_every_front_end(tmp_path):
    """Where they are missing, their tests are skipped."""
    installs = re.findall(r"-m pip install .*", make(tmp_path, "matrix"))
    assert all("--constraint constraints.txt" in install for install in installs)
    assert [install.split()[-1] for install in installs[1:]] == ['".[test]"', '".[front-ends]"']


@pytest.mark.parametrize("index", ["", "https://torch.example"])
def test_the_lowest_versions_get_an_environment_of_their_own(tmp_path, index):
    commands = make(tmp_path, "lowest", *([f"TORCH_INDEX={index}"] if index else []))
    assert "--resolution lowest-direct" in commands and ".venv" not in commands and "constraints.txt" not in commands
    torch, everything = re.findall(r"-m pip install (.*)", commands)[-2:]
    assert ("build/lowest/versions.txt) --index-url https://torch.example" in torch) == bool(index)
    assert everything.endswith('--constraint build/lowest/versions.txt --editable ".[test,front-ends]"')


def test_a_new_choice_of_versions_makes_the_environment_anew(tmp_path):
    make(tmp_path, "lab")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "ready").touch()
    assert subprocess.run(["make", "--question", ".venv/ready"], cwd=tmp_path).returncode == 0
    later = (tmp_path / ".venv" / "ready").stat().st_mtime + 5
    os.utime(tmp_path / "constraints.txt", (later, later))
    assert subprocess.run(["make", "--question", ".venv/ready"], cwd=tmp_path).returncode == 1


def test_an_environment_that_cannot_be_made_anew_comes_back(tmp_path):
    for name in ("Makefile", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "mine").write_text("kept")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\n[ "$2" = venv ] && exit 1\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    done = subprocess.run(["make", ".venv/ready", f"PYTHON={python}"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0 and "the old one is back" in done.stdout
    assert (tmp_path / ".venv" / "mine").read_text() == "kept" and not (tmp_path / ".venv-before").exists()


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


def test_the_image_gets_all_that_the_package_is_built_from():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = settings["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {"pyproject.toml", settings["project"]["readme"], *settings["project"]["license-files"]}
    needed |= {*wheel["packages"], *wheel["force-include"]}
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert needed <= {name for line in lines if line.startswith("COPY ") for name in line.split()[1:-1]}
    assert needed <= {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines()}


def test_make_refuses_an_old_python(tmp_path):
    old = tmp_path / "python"
    old.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "import sys; sys.version_info = (3, 9); exec(sys.argv[2])" "$@"\n'
    )
    old.chmod(0o755)
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text("")
    done = subprocess.run(["make", "lab", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0 and "Python 3.11 or newer is needed" in done.stderr
    assert not (tmp_path / ".venv").exists()
