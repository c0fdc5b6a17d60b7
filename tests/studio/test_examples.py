"""The examples of the studio's own modules run."""

import doctest
import importlib

import pytest

MODULES = ("requests", "mixing", "layer_views")


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name):
    outcome = doctest.testmod(importlib.import_module(f"nstlib.studio.{name}"))
    assert outcome.attempted and not outcome.failed
