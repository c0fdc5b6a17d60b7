"""Everything that a learner can reach through `nstlib` explains itself with an example, and every example runs."""

import doctest
import importlib
import inspect

import pytest

import nstlib

FURTHER = ("studio.Studio", "studio.Live", "checks.all_questions", "checks.reset")
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def public():
    """By name: what `nstlib` and its modules expose; a module without `__all__` exposes what it defines."""
    objects = {name: getattr(nstlib, name) for name in nstlib.__all__}
    for name in FURTHER:
        module, attribute = name.split(".")
        objects[name] = getattr(importlib.import_module(f"nstlib.{module}"), attribute)
    explained = {}
    while objects:
        name, value = objects.popitem()
        if inspect.ismodule(value):
            own = [key for key, part in vars(value).items() if getattr(part, "__module__", "") == value.__name__]
            exposed = [key for key in getattr(value, "__all__", own) if not key.startswith("_")]
            objects |= {f"{name}.{key}": getattr(value, key) for key in exposed}
        elif callable(value) and value.__module__.startswith("nstlib"):  # not the names of shapes
            explained[f"{value.__module__}.{value.__qualname__}"] = value
    return dict(sorted(explained.items()))


PUBLIC = public()
everything = pytest.mark.parametrize("name", PUBLIC)


def test_the_library_is_walked_to_its_end():
    assert {"nstlib.style.costs.gram_matrix", "nstlib.painted.paint", "nstlib.transfer.run.steps"} <= set(PUBLIC)
    assert "nstlib.style.statistics.moments" in PUBLIC and "nstlib.checks.progress.reset" in PUBLIC


@everything
def test_an_example_is_there(name):
    assert ">>> " in (inspect.getdoc(PUBLIC[name]) or "")


@everything
def test_methods_say_what_they_do(name):
    if inspect.isclass(PUBLIC[name]):
        methods = {key: part for key, part in vars(PUBLIC[name]).items() if inspect.isroutine(part)}
        assert not [key for key, method in methods.items() if key[0] != "_" and not inspect.getdoc(method)]


@everything
def test_the_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    value = inspect.unwrap(PUBLIC[name])
    module = importlib.import_module(PUBLIC[name].__module__)
    wrong = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=OPTIONS)
    for example in doctest.DocTestFinder(recurse=False).find(value, name, module, dict(vars(module))):
        runner.run(example, out=wrong.append)
    assert not wrong, "".join(wrong)
